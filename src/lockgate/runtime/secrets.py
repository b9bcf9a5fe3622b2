"""
Secrets: values that hide themselves, and references to where they are kept.

A ``Secret`` shows nothing when it is printed, formatted, logged, encoded or pickled; ``reveal`` is the one way out.
A reference is ``env:NAME`` or ``file:PATH``: what operators write in place of a value, so that it is in no file they share.
Every error names the reference and never what was found there.
"""

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

_FILE_BYTES = 64 * 1024
_HIDDEN = "<secret>"


class Secret:
    """``same`` compares in constant time; ``==`` raises, because it would not."""

    __slots__ = ("__value",)
    __hash__ = None  # type: ignore[assignment]  # a secret is never a key

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        return self.__value

    def same(self, other: "str | Secret") -> bool:
        """Whether both are equal, in a time that does not depend on where they differ."""
        said = other.__value if isinstance(other, Secret) else other
        return hmac.compare_digest(self.__value.encode("utf-8", "surrogatepass"), said.encode("utf-8", "surrogatepass"))

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __repr__(self) -> str:
        return _HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _HIDDEN

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("secrets are compared with same()")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self


class SecretError(ValueError):
    """A reference that cannot be resolved; the text is a sentence for an operator."""


def is_reference(text: str) -> bool:
    return text.startswith(("env:", "file:"))


def resolve(reference: str, environ: Mapping[str, str], folder: Path | None = None) -> Secret:
    """
    What a reference points at. Relative paths start at ``folder``. One line end at the end of a file is not part of the value.
    Raises SecretError when it is not there, is empty, or is no reference: a value in its place is not repeated.
    """
    if reference.startswith("env:"):
        return Secret(_of_environment(reference, environ))
    if reference.startswith("file:"):
        return Secret(_of_file(reference, folder))
    raise SecretError("A secret must be given as 'env:NAME' or 'file:PATH'; what is given is neither, and is not shown here.")


def _of_environment(reference: str, environ: Mapping[str, str]) -> str:
    name = reference[4:]
    if not name:
        raise SecretError("'env:' names no environment variable.")
    value = environ.get(name)
    if value is None:
        raise SecretError(f"'{reference}': the environment variable is not set.")
    if not value:
        raise SecretError(f"'{reference}': the environment variable is empty.")
    return value


def _of_file(reference: str, folder: Path | None) -> str:
    name = reference[5:]
    if not name or "\0" in name:
        raise SecretError("'file:' names no file.")
    path = (folder or Path()) / name
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
    except OSError as error:
        raise SecretError(f"'{reference}': the file cannot be read ({error.strerror}).") from None
    if len(data) > _FILE_BYTES:
        raise SecretError(f"'{reference}': the file is larger than {_FILE_BYTES} bytes.")
    try:
        value = data.decode()
    except UnicodeDecodeError:
        # Not chained: the exception holds the bytes.
        raise SecretError(f"'{reference}': the file is not UTF-8 text.") from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SecretError(f"'{reference}': the file is empty.")
    return value
