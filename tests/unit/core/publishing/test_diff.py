"""What changed between two snapshots."""

from typing import Any

from lockgate.core.publishing.compile import compile
from lockgate.core.publishing.diff import Change, changes
from lockgate.core.publishing.validate import validate
from lockgate.model.snapshot import Snapshot


def snapshot(number: int, *keys: dict[str, Any]) -> Snapshot:
    resources, _ = validate({"_format_version": "1", "provider_keys": list(keys)}, {})
    assert resources is not None
    return compile(resources, number)


def key(id: str, secret: str = "a") -> dict[str, Any]:
    return {"id": id, "display_name": id, "api_key": secret}


def test_everything_is_new_at_first() -> None:
    assert changes(None, snapshot(1, key("b"), key("a"))) == {"provider_keys": Change(added=("a", "b"))}


def test_equal_content_changes_nothing() -> None:
    assert changes(snapshot(1, key("a")), snapshot(2, key("a"))) == {}
    assert changes(None, snapshot(1)) == {}


def test_each_way_of_changing_is_told() -> None:
    found = changes(snapshot(1, key("a"), key("b"), key("c")), snapshot(2, key("b", "new"), key("c"), key("d")))
    assert found == {"provider_keys": Change(added=("d",), removed=("a",), changed=("b",))}
