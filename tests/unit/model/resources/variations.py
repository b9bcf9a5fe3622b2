"""
Variations of a document, made from its JSON Schema: each differs from a sound document in one place.

Knows as much of JSON Schema as the resource schemas use. What a variation is worth, valid or not, a validator decides.
"""

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
Variation = tuple[Path, str, Any]
"""Where, what was done, and the document."""

WRONG_TYPES: tuple[Any, ...] = (None, "text", 7, -7, 1.5, True, [], {}, [7], ["text"], {"text": 7})


def variations(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[Variation]:
    """Every single change at every place of ``document`` that ``schema`` describes."""
    for path, found in _places(schema, schema, document, ()):
        for what, value in _values(found):
            yield path, what, _put(document, path, value)
        at = _get(document, path)
        if isinstance(at, dict):
            yield (*path, "no_such_field"), "unknown", _put(document, (*path, "no_such_field"), "text")
            for key in at:
                yield (*path, key), "removed", _drop(document, (*path, key))


def with_parts_of(small: dict[str, Any], large: dict[str, Any]) -> Iterator[Variation]:
    """A small document with each single field of a large one."""
    for key, value in large.items():
        yield (key,), "alone", {**small, key: value}


def _places(root: dict[str, Any], schema: dict[str, Any], value: Any, path: Path) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """Places of ``value``, each with all the schemas that speak about it."""
    found = list(_flat(root, schema))
    yield path, found
    if isinstance(value, dict):
        for key, inner in value.items():
            below = [part["properties"][key] for part in found if key in part.get("properties", {})]
            if not below:
                extra = [part["additionalProperties"] for part in found if isinstance(part.get("additionalProperties"), dict)]
                below = extra
            if below:
                yield from _places(root, {"allOf": below}, inner, (*path, key))
    if isinstance(value, list):
        items = [part["items"] for part in found if "items" in part]
        for index, inner in enumerate(value):
            if items:
                yield from _places(root, {"allOf": items}, inner, (*path, index))


def _flat(root: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and everything it is combined from."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    yield schema
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()):
            yield from _flat(root, part)
    for word in ("then", "else"):
        if word in schema:
            yield from _flat(root, schema[word])


def _values(found: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for value in WRONG_TYPES:
        yield "type", copy.deepcopy(value)
    for part in found:
        for word in part.get("enum", ()):
            yield "enum", word
        if "enum" in part:
            yield "enum", "no-such-word"
        if "const" in part:
            yield "const", part["const"]
        for word, beyond in (("minimum", -1), ("maximum", 1)):
            if word in part:
                edge = part[word]
                edge = int(edge) if part.get("type") == "integer" or edge == int(edge) else edge
                yield "edge", edge
                yield "edge", edge + beyond
        if "minLength" in part:
            yield "length", ""
        if "maxLength" in part:
            yield "length", "x" * part["maxLength"]
            yield "length", "x" * (part["maxLength"] + 1)
        if "pattern" in part:
            for text in ("a/b", "a__b", "https://a.example/x", "http://a.example", "X-Y", "25:00", "24:00", "/v1", "/v1x", "line\n", "*.a"):
                yield "pattern", text


def _get(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def _put(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    _get(changed, path[:-1])[path[-1]] = value
    return changed


def _drop(document: Any, path: Path) -> Any:
    changed = copy.deepcopy(document)
    del _get(changed, path[:-1])[path[-1]]
    return changed
