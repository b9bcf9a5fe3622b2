"""The table of what is not acted on yet."""

from typing import Any

import msgspec
import pytest

from lockgate.core.publishing.pending import PENDING, WHOLE, Pending, refusals
from lockgate.model.resources.kinds import KINDS


def refused(kind: str, row: dict[str, Any]) -> list[str]:
    return [field for field, _ in refusals(kind, row)]


def _plain(node: Any) -> Any:
    while True:
        if isinstance(node, msgspec.inspect.Metadata):
            node = node.type
        elif isinstance(node, msgspec.inspect.UnionType):
            node = next(kind for kind in node.types if not isinstance(kind, msgspec.inspect.NoneType))
        else:
            return node


@pytest.mark.parametrize("row", PENDING, ids=lambda row: f"{row.kind}.{row.path}")
def test_every_row_names_something_that_can_be_written(row: Pending) -> None:
    node: Any = msgspec.inspect.type_info(KINDS[row.kind])
    for step in row.path.split(".") if row.path else ():
        node = _plain({field.encode_name: field.type for field in _plain(node).fields}[step])
    assert row.sentence
    assert not row.sentence.endswith(".")


def test_each_is_listed_once() -> None:
    assert len({(row.kind, row.path) for row in PENDING}) == len(PENDING)


def test_three_kinds_are_acted_on() -> None:
    assert set(KINDS) - set(WHOLE) == {"provider_keys", "models", "api_keys"}


@pytest.mark.parametrize(
    ("kind", "row", "fields"),
    [
        ("provider_keys", {"adapter": "openai"}, []),
        ("provider_keys", {"adapter": "vertex"}, ["adapter"]),
        ("provider_keys", {"adapter": None, "response": None}, []),
        ("provider_keys", {"strip_headers": ["authorization", "cookie", "set-cookie", "x-api-key"]}, []),
        ("provider_keys", {"strip_headers": ["authorization", "cookie"]}, ["strip_headers"]),
        ("provider_keys", {"strip_headers": [["odd"]]}, ["strip_headers"]),
        ("provider_keys", {"response": {"error_envelope": "x", "content_list_to_string": True}}, ["response.error_envelope"]),
        ("models", {"retries": 0, "rate_limit": None}, []),
        ("models", {"retries": False}, ["retries"]),
        ("models", {"retries": 1, "rate_limit": {"rpm": 1}, "timeout": 1}, ["rate_limit", "retries"]),
        ("api_keys", {"allowed_agents": [], "allowed_routes": None}, []),
        ("api_keys", {"allowed_agents": ["x"], "allowed_routes": ["*"]}, ["allowed_agents", "allowed_routes"]),
        ("no_such_kind", {"a": 1}, []),
    ],
)
def test_only_what_says_something_is_refused(kind: str, row: dict[str, Any], fields: list[str]) -> None:
    assert refused(kind, row) == fields
