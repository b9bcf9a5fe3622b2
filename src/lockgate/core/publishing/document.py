"""
A file's bytes to plain values (dict, list, str, int, float, bool, None), for resources and settings alike.

YAML is read by the rules of YAML 1.2's core schema: only true and false are booleans, dates are text, ``010`` is ten.
It is built from the parser's events and not by a loader, so that nothing recurses and nothing can grow without bound:
duplicate keys, aliases that refer to themselves, aliases that multiply, tags and deep nesting are refused.
Messages name a line and never quote the document, which may hold secrets.
"""

import re
from collections.abc import Iterable
from typing import Any

MAX_BYTES = 64 * 1024 * 1024
MAX_NODES = 4_000_000
"""Values after every alias is written out."""
MAX_DEPTH = 64
_TOO_DEEP = f"The file is nested more than {MAX_DEPTH} levels deep."

_INT = re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*|(?=[eE])))([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)


class DocumentError(ValueError):
    """The bytes are no document; the message says where and why."""


def parse(data: bytes, suffix: str = ".yaml") -> object:
    """The document in ``data``, read as its file's suffix says (.json, .toml, anything else is YAML)."""
    if len(data) > MAX_BYTES:
        raise DocumentError(f"The file is larger than {MAX_BYTES} bytes.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentError("The file is not UTF-8 text.") from None
    read = {".json": _json, ".toml": _toml}.get(suffix.lower())
    return _yaml(text) if read is None else _not_too_deep(read(text))


def _not_too_deep(document: object) -> object:
    """What reads the document recurses, and how deep Python lets it differs from version to version."""
    level: list[Any] = [document] if isinstance(document, dict | list) else []
    for _ in range(MAX_DEPTH):
        children = [child for each in level for child in (each.values() if isinstance(each, dict) else each)]
        level = [child for child in children if isinstance(child, dict | list)]
    if level:
        raise DocumentError(_TOO_DEEP)
    return document


def _json(text: str) -> object:
    import json

    def pairs(members: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(members)
        if len(found) != len(members):
            raise DocumentError("A key appears twice in one object.")
        return found

    def constant(name: str) -> object:
        raise DocumentError(f"{name} is not a number in JSON.")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise DocumentError(f"Line {error.lineno}: the file is not JSON: {error.msg}.") from None
    except RecursionError:
        raise DocumentError(_TOO_DEEP) from None


def _toml(text: str) -> object:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise DocumentError("The file is not TOML.") from None
    except RecursionError:
        raise DocumentError(_TOO_DEEP) from None


def _yaml(text: str) -> object:
    import yaml  # type: ignore[import-untyped,unused-ignore]

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder().build(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        line = f"Line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise DocumentError(f"{line}the file is not YAML: {error.problem}.") from None
    except yaml.YAMLError:
        raise DocumentError("The file is not YAML: it holds a character that YAML does not allow.") from None


def _scalar(text: str) -> object:
    """A plain scalar by the core schema. Infinity and not-a-number stay text: no field takes them."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        if _INT.fullmatch(text):
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text


class _Open:
    """A list or map whose end has not been seen."""

    __slots__ = ("anchor", "height", "key", "merges", "merging", "seen", "size", "value")

    def __init__(self, value: dict[str, object] | list[object], anchor: str | None) -> None:
        self.value, self.anchor, self.size, self.height = value, anchor, 1, 1
        self.key: str | None = None
        self.merging = False
        self.seen: dict[str, int] = {}
        """The line of each key."""
        self.merges: list[object] = []


class _Builder:
    """Events to values. Every anchored value remembers its size and height with all aliases written out."""

    def __init__(self) -> None:
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[object, int, int]] = {}
        self.root: object = None
        self.documents = 0

    def build(self, events: Iterable[Any]) -> object:
        for event in events:
            name = event.__class__.__name__
            if name == "ScalarEvent":
                self._on_scalar(event)
            elif name in ("MappingStartEvent", "SequenceStartEvent"):
                self._on_start(event, {} if name == "MappingStartEvent" else [])
            elif name in ("MappingEndEvent", "SequenceEndEvent"):
                self._on_end()
            elif name == "AliasEvent":
                self._on_alias(event)
            elif name == "DocumentStartEvent":
                self.documents += 1
                if self.documents > 1:
                    self._fail(event, "the file holds more than one document")
        return self.root

    def _fail(self, event: Any, why: str) -> None:
        raise DocumentError(f"Line {event.start_mark.line + 1}: {why}.")

    def _on_scalar(self, event: Any) -> None:
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            self._fail(event, "tags are not supported")
        if self._wants_key():
            self._key(event, event.value)
            return
        plain = event.implicit[0] and event.tag is None
        self._put(_scalar(event.value) if plain else event.value, 1, 0, event.anchor)

    def _on_start(self, event: Any, value: dict[str, object] | list[object]) -> None:
        if event.tag is not None:
            self._fail(event, "tags are not supported")
        if self._wants_key():
            self._fail(event, "a key must be text")
        if len(self.stack) >= MAX_DEPTH:
            self._fail(event, f"the file is nested more than {MAX_DEPTH} levels deep")
        self.stack.append(_Open(value, event.anchor))

    def _on_end(self) -> None:
        done = self.stack.pop()
        if isinstance(done.value, dict):
            for merged in done.merges:
                for key, value in merged.items() if isinstance(merged, dict) else ():
                    done.value.setdefault(key, value)
        self._put(done.value, done.size, done.height, done.anchor)

    def _on_alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._fail(event, "an alias refers to itself or to an anchor that does not come before it")
        if self._wants_key():
            self._fail(event, "a key must be written out, not given as an alias")
        value, size, height = self.anchors[event.anchor]
        if len(self.stack) + height > MAX_DEPTH:
            self._fail(event, f"the file is nested more than {MAX_DEPTH} levels deep once its aliases are written out")
        self._put(value, size, height, None)

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def _key(self, event: Any, key: str) -> None:
        frame = self.stack[-1]
        if key in frame.seen:
            self._fail(event, f"a key appears twice in one map, first in line {frame.seen[key]}; what belongs to both stands under one key")
        frame.seen[key] = event.start_mark.line + 1
        frame.key = key
        frame.merging = key == "<<" and event.implicit[0]

    def _put(self, value: object, size: int, height: int, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, size, height)
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if frame.size > MAX_NODES:
            raise DocumentError(f"The file holds more than {MAX_NODES} values once its aliases are written out.")
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if frame.merging:
            self._merge(frame, value)
        else:
            frame.value[str(key)] = value

    def _merge(self, frame: _Open, value: object) -> None:
        """``<<`` adds what the map does not say itself; of several, the earlier wins."""
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise DocumentError("'<<' takes a map or a list of maps.")
        frame.merges.extend(sources)
