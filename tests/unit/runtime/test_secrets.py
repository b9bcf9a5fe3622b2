"""Secrets show nothing, and references fail in sentences that name the reference and never the value."""

import copy
import json
import pickle
import traceback
from pathlib import Path

import msgspec
import pytest

from lockgate.runtime.secrets import Secret, SecretError, is_reference, resolve

_VALUE = "canary-4711"


def test_a_secret_hides_itself_wherever_it_is_shown() -> None:
    secret = Secret(_VALUE)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", "%s %r" % (secret, secret), format(secret, "s")]  # noqa: UP031
    shown += [repr([secret]), repr({"key": secret}), traceback.format_exception_only(ValueError(secret))[0]]
    assert not [text for text in shown if "canary" in text]


def test_a_secret_cannot_be_encoded_pickled_hashed_or_compared_by_accident() -> None:
    secret = Secret(_VALUE)
    for attempt in (json.dumps, msgspec.json.encode, msgspec.msgpack.encode, pickle.dumps, hash, vars):
        with pytest.raises(TypeError) as caught:
            attempt(secret)
        assert "canary" not in str(caught.value)
    with pytest.raises(TypeError):
        assert secret == _VALUE


def test_copies_of_a_settings_tree_keep_its_secrets() -> None:
    secret = Secret(_VALUE)
    assert copy.deepcopy({"key": secret})["key"] is secret
    assert copy.copy(secret) is secret


def test_a_secret_is_revealed_and_compared_on_purpose() -> None:
    secret = Secret(_VALUE)
    assert secret.reveal() == _VALUE
    assert secret.same(_VALUE)
    assert secret.same(Secret(_VALUE))
    assert not secret.same(_VALUE + "x")
    assert not secret.same("ä")
    assert secret
    assert not Secret("")


def test_an_environment_variable_is_resolved() -> None:
    assert resolve("env:KEY", {"KEY": _VALUE}).reveal() == _VALUE


@pytest.mark.parametrize(("written", "value"), [(b"a\n", "a"), (b"a\r\n", "a"), (b"a", "a"), (b"a\n\n", "a\n"), (b" a b ", " a b ")])
def test_one_line_end_of_a_file_is_not_part_of_its_secret(tmp_path: Path, written: bytes, value: str) -> None:
    (tmp_path / "key").write_bytes(written)
    assert resolve("file:key", {}, tmp_path).reveal() == value
    assert resolve(f"file:{tmp_path / 'key'}", {}).reveal() == value


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:MISSING", "'env:MISSING': the environment variable is not set."),
        ("env:EMPTY", "'env:EMPTY': the environment variable is empty."),
        ("env:", "'env:' names no environment variable."),
        ("file:missing", "'file:missing': the file cannot be read (No such file or directory)."),
        ("file:empty", "'file:empty': the file is empty."),
        ("file:binary", "'file:binary': the file is not UTF-8 text."),
        ("file:large", "'file:large': the file is larger than 65536 bytes."),
        ("file:", "'file:' names no file."),
    ],
)
def test_a_reference_that_fails_is_named_in_a_sentence(tmp_path: Path, reference: str, says: str) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "binary").write_bytes(_VALUE.encode() + b"\xff")
    (tmp_path / "large").write_bytes(b"x" * 65537)
    with pytest.raises(SecretError) as caught:
        resolve(reference, {"EMPTY": ""}, tmp_path)
    assert str(caught.value) == says
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_value_in_place_of_a_reference_is_not_repeated() -> None:
    with pytest.raises(SecretError) as caught:
        resolve(_VALUE, {})
    assert "canary" not in str(caught.value)
    assert not is_reference(_VALUE)
    assert is_reference("env:A")
    assert is_reference("file:a")
