"""
Tools as compact text, to be counted: about what a provider puts before the model for them. Nothing else reads it.

A schema is walked to a fixed depth and size; what is beyond, or is no schema, counts as the JSON it is.
"""

from collections.abc import Iterator, Sequence

import msgspec

from lockgate.model.chat import Tool

_DEPTH = 8
_SCHEMA_BYTES = 64 * 1024

_decode = msgspec.json.Decoder().decode


def render_tools(tools: Sequence[Tool]) -> str:
    """One declaration per tool: description, name, parameters with their types."""
    return "".join(line for tool in tools for line in _tool(tool))


def _tool(tool: Tool) -> Iterator[str]:
    if tool.description:
        yield f"// {tool.description}\n"
    yield f"type {tool.name} = ("
    yield _parameters(bytes(tool.parameters))
    yield ") => any;\n"


def _parameters(raw: bytes) -> str:
    if len(raw) <= _SCHEMA_BYTES:
        try:
            schema = _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            schema = None
        if isinstance(schema, dict):
            return _type(schema, _DEPTH) if schema.get("properties") else ""
    return raw.decode("utf-8", "replace")


def _type(schema: object, depth: int) -> str:
    """The type a schema describes, in a few words."""
    if not isinstance(schema, dict) or not depth:
        return "any"
    if isinstance(values := schema.get("enum"), list):
        return "|".join(_literal(value) for value in values)
    for word in ("anyOf", "oneOf", "allOf"):
        if isinstance(choices := schema.get(word), list):
            return "|".join(_type(choice, depth - 1) for choice in choices)
    kind = schema.get("type", "any")
    if isinstance(properties := schema.get("properties"), dict):
        return _object(properties, schema.get("required"), depth)
    if kind == "array":
        return f"{_type(schema.get('items'), depth - 1)}[]"
    if isinstance(kind, list):
        return "|".join(str(one) for one in kind)
    return "number" if kind == "integer" else str(kind)


def _object(properties: dict[str, object], required: object, depth: int) -> str:
    lines = ["{\n"]
    needed = required if isinstance(required, list) else []
    for name, schema in properties.items():
        description = schema.get("description") if isinstance(schema, dict) else None
        if description:
            lines.append(f"// {description}\n")
        lines.append(f"{name}{'' if name in needed else '?'}: {_type(schema, depth - 1)},\n")
    lines.append("}")
    return "".join(lines)


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
