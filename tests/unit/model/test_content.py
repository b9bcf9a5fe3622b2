"""Content has no accidental way out: whatever prints, encodes, copies, compares or walks it shows nothing or raises."""

import ast
import copy
import dataclasses
import json
import logging
import pickle
import pprint
import string
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import lockgate
from lockgate.model.content import Content, Purpose

_TEXT = "canary-8c1f"
_CONTENT = Content(_TEXT.encode())


@dataclasses.dataclass
class _Holder:
    said: Content


class _Struct(msgspec.Struct):
    said: Content


class _Exchange:
    def __init__(self) -> None:
        self.said = _CONTENT


def _failing(content: Content) -> None:
    raise ValueError(content)


def _traceback_with_locals() -> str:
    try:
        _failing(_CONTENT)
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    raise AssertionError


def _logged() -> str:
    record = logging.LogRecord("name", logging.ERROR, __file__, 1, "it was %s and %r", (_CONTENT, _CONTENT), None)
    return logging.Formatter().format(record)


SHOWING: dict[str, Callable[[], object]] = {
    "repr": lambda: repr(_CONTENT),
    "str": lambda: str(_CONTENT),
    "ascii": lambda: ascii(_CONTENT),
    "format": lambda: format(_CONTENT),
    "format with a spec": lambda: format(_CONTENT, ">80s"),
    "f-string": lambda: f"{_CONTENT} {_CONTENT!r} {_CONTENT!s} {_CONTENT!a} {_CONTENT:x}",
    "str.format": lambda: f"{_CONTENT} {_CONTENT!r} {_CONTENT!s}",
    "attribute in str.format": lambda: "{.said}".format(_Holder(_CONTENT)),  # noqa: UP032
    "percent": lambda: "%s %r %a" % (_CONTENT, _CONTENT, _CONTENT),  # noqa: UP031
    "string.Template": lambda: string.Template("$said").substitute(said=_CONTENT),
    "print": lambda: print(_CONTENT, file=sys.stderr),
    "pprint": lambda: pprint.pformat({"said": [_CONTENT]}),
    "containers": lambda: repr([(_CONTENT,), {"said": _CONTENT}]),
    "dataclass repr": lambda: repr(_Holder(_CONTENT)),
    "struct repr": lambda: repr(_Struct(_CONTENT)),
    "vars of its holder": lambda: repr(vars(_Exchange())),
    "exception args": lambda: repr(ValueError(_CONTENT)) + str(ValueError(_CONTENT)),
    "exception in a group": lambda: repr(ExceptionGroup("several", [ValueError(_CONTENT)])),
    "traceback with locals": _traceback_with_locals,
    "logging": _logged,
    "str.join of str": lambda: " ".join(map(str, [_CONTENT, _CONTENT])),
    "help text": lambda: str(_CONTENT.__doc__),
    "dir": lambda: repr(dir(_CONTENT)),
    "sizes": lambda: repr((len(_CONTENT), sys.getsizeof(_CONTENT))),
    "truth": lambda: repr(bool(_CONTENT)),
    "dataclass replaced": lambda: repr(dataclasses.replace(_Holder(_CONTENT))),
    "struct to builtins of its holder's fields": lambda: repr(msgspec.structs.asdict(_Struct(_CONTENT))),
}

RAISING: dict[str, Callable[[], object]] = {
    "json": lambda: json.dumps({"said": _CONTENT}),
    "json of a holder": lambda: json.dumps(vars(_Exchange())),
    "msgspec json": lambda: msgspec.json.encode(_CONTENT),
    "msgspec msgpack": lambda: msgspec.msgpack.encode({"said": _CONTENT}),
    "msgspec json of a struct": lambda: msgspec.json.encode(_Struct(_CONTENT)),
    "msgspec to builtins": lambda: msgspec.to_builtins(_Struct(_CONTENT)),
    **{f"pickle protocol {n}": lambda n=n: pickle.dumps(_CONTENT, n) for n in range(pickle.HIGHEST_PROTOCOL + 1)},  # type: ignore[misc]
    "pickle of a holder": lambda: pickle.dumps(_Exchange()),
    "copy": lambda: copy.copy(_CONTENT),
    "deepcopy": lambda: copy.deepcopy({"said": _CONTENT}),
    "dataclass to dictionary": lambda: dataclasses.asdict(_Holder(_CONTENT)),
    "hash": lambda: hash(_CONTENT),
    "dictionary key": lambda: {_CONTENT: 1},
    "set member": lambda: {_CONTENT},
    "equal": lambda: Content(_TEXT.encode()) == _CONTENT,
    "unequal": lambda: _TEXT.encode() != _CONTENT,
    "search in a list": lambda: _TEXT in [_CONTENT],
    "less": lambda: _CONTENT < _CONTENT,  # type: ignore[operator]
    "bytes": lambda: bytes(_CONTENT),
    "bytearray": lambda: bytearray(_CONTENT),  # type: ignore[call-overload]
    "memoryview": lambda: memoryview(_CONTENT),  # type: ignore[arg-type]
    "bytes.join": lambda: b"".join([_CONTENT]),  # type: ignore[list-item]
    "addition": lambda: b"x" + _CONTENT,  # type: ignore[operator]
    "percent of bytes": lambda: b"%b" % _CONTENT,  # type: ignore[str-format]
    "iteration": lambda: list(_CONTENT),  # type: ignore[call-overload]
    "unpacking": lambda: [*_CONTENT],  # type: ignore[misc]
    "index": lambda: _CONTENT[0],  # type: ignore[index]
    "slice": lambda: _CONTENT[:],  # type: ignore[index]
    "contains": lambda: 1 in _CONTENT,  # type: ignore[operator]
    "int": lambda: int(_CONTENT),  # type: ignore[call-overload]
    "vars": lambda: vars(_CONTENT),
    "__dict__": lambda: _CONTENT.__dict__,
    "open without a purpose": lambda: _CONTENT.open(),  # type: ignore[call-arg]
    "open for a word": lambda: _CONTENT.open("log"),  # type: ignore[arg-type]
    "open for training": lambda: _CONTENT.open(Purpose("training")),
    "new attribute": lambda: setattr(_CONTENT, "data", _TEXT),
}

OPENERS: dict[str, set[str]] = {
    # Module: the purposes it opens content for. Whoever adds a line here says why in the same change.
    "gateway.relay.driver": {"ROUTE"},  # builds the upstream request from the caller's body
    "gateway.relay.meter": {"METER"},  # counts the tokens of a prompt whose provider reports none
}


def _leaks(shown: object) -> bool:
    text = str(shown)
    return any(form in text for form in (_TEXT, _TEXT.encode().hex(), "Y2FuYXJ5"))


@pytest.mark.parametrize("way", SHOWING)
def test_what_shows_content_shows_a_marker(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not _leaks(SHOWING[way]())
    printed = capsys.readouterr()
    assert not _leaks(printed.out + printed.err)


@pytest.mark.parametrize("way", RAISING)
def test_what_would_take_content_out_raises_without_showing_it(way: str) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        RAISING[way]()
    assert not _leaks(f"{caught.value} {caught.value!r} {caught.value.args}")


def test_content_opens_for_every_purpose_of_the_list_and_the_list_is_closed() -> None:
    for purpose in Purpose:
        assert _CONTENT.open(purpose) == _TEXT.encode()
    assert {*Purpose} == {"route", "meter", "cache", "limit", "guard", "log", "observe", "support"}


def test_the_marker_says_how_long_it_is() -> None:
    assert repr(Content(b"abc")) == "<content, 3 bytes>"
    assert len(Content(b"abc")) == 3


def test_only_listed_modules_open_content_and_only_for_their_purposes() -> None:
    assert _openers(Path(lockgate.__file__).parent) == OPENERS


def test_the_search_for_openers_sees_every_form(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("from lockgate.model.content import Purpose as P\nbody.open(P.LOG)\n")
    (tmp_path / "two.py").write_text("from lockgate.model import content\nx = body.open(content.Purpose.CACHE)\n")
    (tmp_path / "three.py").write_text("from lockgate.model.content import Purpose\nunseal = body.open\nunseal(Purpose.GUARD)\n")
    (tmp_path / "four.py").write_text("x = body._Content__data\n")
    (tmp_path / "five.py").write_text("with path.open('rb') as file:\n    pass\n")
    (tmp_path / "six.py").write_text("from lockgate.model.content import Content\n")
    found = _openers(tmp_path)
    assert found == {"one": {"LOG"}, "two": {"CACHE"}, "three": {"GUARD"}, "four": {"a way around"}}


def _openers(root: Path) -> dict[str, set[str]]:
    """Modules that name a purpose (nothing opens without one) or the private name of the sealed bytes."""
    found: dict[str, set[str]] = {}
    for path in sorted(root.rglob("*.py")):
        if path.parts[-2:] == ("model", "content.py"):
            continue
        purposes = _purposes(ast.parse(path.read_text()))
        if purposes:
            found[".".join(path.relative_to(root).with_suffix("").parts)] = purposes
    return found


def _purposes(tree: ast.Module) -> set[str]:
    names = {"Purpose"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "lockgate.model.content":
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "Purpose"}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "_Content__data":
            found.add("a way around")
        if isinstance(node, ast.Attribute) and node.attr.isupper() and _named(node.value) in names:
            found.add(node.attr)
        if isinstance(node, ast.Call) and _named(node.func) in names:
            found.add("a computed purpose")
    return found


def _named(node: Any) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
