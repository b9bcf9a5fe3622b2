"""A secret does not leak by accident."""

import copy
import pickle

import msgspec
import pytest

from lockgate.model.resources.secret import Secret, decode


def test_only_reveal_shows_it() -> None:
    secret = Secret("hush")
    assert secret.reveal() == "hush"
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", f"{[secret]}"):
        assert "hush" not in shown


def test_it_is_not_hashed_pickled_copied_or_encoded() -> None:
    secret = Secret("hush")
    for act in (hash, pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode):
        with pytest.raises(TypeError):
            act(secret)


def test_two_are_told_apart() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert bool(Secret("")) is False
    assert bool(Secret("a")) is True


def test_msgspec_reads_it_with_our_hook() -> None:
    assert msgspec.convert("a", Secret, dec_hook=decode) == Secret("a")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(7, Secret, dec_hook=decode)
    with pytest.raises(TypeError):
        decode(int, "a")
