"""Tools as compact text."""

import msgspec
import pytest

from lockgate.core.metering.render import render_tools
from lockgate.model.chat import Tool


def rendered(schema: object) -> str:
    return render_tools((Tool("f", parameters=msgspec.Raw(msgspec.json.encode(schema))),))


def test_a_tool_is_a_declaration() -> None:
    schema = b"""{"type": "object", "required": ["city"], "properties": {
        "city": {"type": "string", "description": "Where"},
        "unit": {"enum": ["c", "f", 1]},
        "days": {"type": "array", "items": {"type": "integer"}}}}"""
    text = render_tools((Tool("weather", "Looks out of the window", msgspec.Raw(schema)), Tool("now")))
    assert text == (
        "// Looks out of the window\n"
        'type weather = ({\n// Where\ncity: string,\nunit?: "c"|"f"|1,\ndays?: number[],\n}) => any;\n'
        "type now = () => any;\n"
    )


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string|null"),
        ({"type": ["string", "null"]}, "string|null"),
        ({"properties": {"b": True}}, "{\nb?: any,\n}"),
        (True, "any"),
        ({"type": "array"}, "any[]"),
    ],
)
def test_types_are_named_shortly(schema: object, text: str) -> None:
    assert rendered({"properties": {"a": schema}}) == f"type f = ({{\na?: {text},\n}}) => any;\n"


def test_a_schema_is_walked_to_a_fixed_depth() -> None:
    schema: object = {"type": "string"}
    for _ in range(50):
        schema = {"properties": {"a": schema}}
    assert rendered(schema).count("a?") == 8


@pytest.mark.parametrize(
    "raw", [b"not json", b"[1]", b'{"properties": {"a": "' + b"x" * 70_000 + b'"}}', b"\xff", b"[" * 5000 + b"]" * 5000]
)
def test_what_cannot_be_walked_counts_as_it_is(raw: bytes) -> None:
    assert raw.decode("utf-8", "replace") in render_tools((Tool("f", parameters=msgspec.Raw(raw)),))
