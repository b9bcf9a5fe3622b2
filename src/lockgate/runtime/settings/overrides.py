"""
``LOCKGATE_`` variables over a settings file. Which variables there are, and how each is read, follows from the types.

``LOCKGATE_PROXY__ADDR`` is ``proxy.addr``. Lists are separated by commas; a list of objects is one JSON array.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import inspect

PREFIX = "LOCKGATE_"
OTHERS = ("LOCKGATE_CONFIG",)
"""Variables of ours that are no settings."""

Keys = dict[tuple[str, ...], Any]
"""Path of a leaf to its type's description."""


def leaves(kind: Any) -> Keys:
    """Every key of a settings type that holds a value and not further keys."""
    found: Keys = {}
    _collect(inspect.type_info(kind), (), found)
    return found


def variable(path: tuple[str, ...]) -> str:
    return PREFIX + "__".join(path).upper()


def places(keys: Keys) -> list[tuple[str, ...]]:
    """The keys that name a file or a folder."""
    return [path for path, node in keys.items() if _is_place(node)]


def override(document: dict[str, Any], environ: Mapping[str, str], keys: Keys) -> tuple[dict[tuple[str, ...], str], list[str]]:
    """Puts variables into ``document``. Answers which path came from which variable, and names no key has."""
    by_name = {variable(path): path for path in keys}
    sources, unknown = {}, []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in OTHERS:
            continue
        path = by_name.get(name)
        if path is None:
            unknown.append(name)
            continue
        _put(document, path, _read(environ[name], keys[path]))
        sources[path] = name
    return sources, unknown


def _collect(node: Any, path: tuple[str, ...], found: Keys) -> None:
    plain = _plain(node)
    if isinstance(plain, inspect.StructType):
        for field in plain.fields:
            _collect(field.type, (*path, field.encode_name), found)
    else:
        found[path] = node


def _plain(node: Any) -> Any:
    """Without its trimmings: metadata, and "or null"."""
    while True:
        if isinstance(node, inspect.Metadata):
            node = node.type
        elif (
            isinstance(node, inspect.UnionType)
            and len(kinds := [kind for kind in node.types if not isinstance(kind, inspect.NoneType)]) == 1
        ):
            node = kinds[0]
        else:
            return node


def _is_place(node: Any) -> bool:
    if isinstance(node, inspect.Metadata):
        return bool((node.extra or {}).get("place")) or _is_place(node.type)
    return isinstance(node, inspect.UnionType) and any(map(_is_place, node.types))


def _put(document: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for step in path[:-1]:
        below = document.get(step)
        if not isinstance(below, dict):
            below = document[step] = {}
        document = below
    document[path[-1]] = value


def _read(text: str, node: Any) -> object:
    """The value a variable means. What cannot be read stays text, and the type's check says what is wrong with it."""
    plain = _plain(node)
    if isinstance(plain, inspect.UnionType):
        switch = next((kind for kind in plain.types if isinstance(_plain(kind), inspect.BoolType)), None)
        if switch is not None and text.lower() in ("true", "false"):
            return text.lower() == "true"
        plain = next(kind for kind in map(_plain, plain.types) if isinstance(kind, inspect.VarTupleType))
    if isinstance(plain, inspect.VarTupleType):
        return _list(text, _plain(plain.item_type))
    return _scalar(text, plain)


def _list(text: str, item: Any) -> object:
    if not isinstance(item, inspect.StructType):
        return [_scalar(part.strip(), item) for part in text.split(",")] if text.strip() else []
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text


def _scalar(text: str, node: Any) -> object:
    if isinstance(node, inspect.BoolType):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(node, inspect.IntType | inspect.FloatType) and len(text) <= 40:
        try:
            return int(text) if isinstance(node, inspect.IntType) else float(text)
        except ValueError:
            return text
    return text
