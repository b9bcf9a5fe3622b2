"""Operations and dialects are words of closed lists, fit for paths, labels and records."""

import re

import msgspec
import pytest

from lockgate.model.operations import DialectName, Operation


@pytest.mark.parametrize("word", [*Operation, *DialectName])
def test_a_word_is_a_plain_lower_case_name(word: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", word)


def test_no_word_means_both_an_operation_and_a_dialect() -> None:
    assert not {*Operation} & {*DialectName}


@pytest.mark.parametrize("word", [*Operation, *DialectName])
def test_a_word_survives_being_written_and_read(word: Operation | DialectName) -> None:
    assert msgspec.json.decode(msgspec.json.encode(word), type=type(word)) is word


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValueError, match="dance"):
        Operation("dance")
