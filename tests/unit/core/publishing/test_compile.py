"""Resources to snapshots."""

from typing import Any

import pytest

from lockgate.core.publishing.compile import compile, content_hash
from lockgate.core.publishing.validate import validate
from lockgate.model.snapshot import Resources

KEY = {"display_name": "upstream", "provider": "openai", "api_key": "sk-1"}
MODEL = {"display_name": "small", "provider": "openai", "model_name": "m", "provider_key": "upstream"}


def resources(tolerant: bool = False, **collections: Any) -> Resources:
    found, _ = validate({"_format_version": "1", **collections}, {}, tolerant)
    assert found is not None
    return found


def test_rows_are_found_by_id() -> None:
    snapshot = compile(resources(provider_keys=[KEY], models=[{**MODEL, "id": "m1"}]), 7)
    assert snapshot.number == 7
    assert snapshot.models["m1"].display_name == "small"
    assert snapshot.provider_keys[snapshot.models["m1"].provider_key_id or ""].display_name == "upstream"


def test_equal_content_has_an_equal_hash_whatever_the_order_and_the_number() -> None:
    a = {**KEY, "display_name": "a"}
    one = compile(resources(provider_keys=[KEY, a]), 1)
    other = compile(resources(provider_keys=[a, dict(reversed(KEY.items()))]), 2)
    assert one.hash == other.hash
    assert len(one.hash) == 64


@pytest.mark.parametrize(
    "change", [{"api_key": "sk-2"}, {"allow_private": True}, {"id": "k1"}, {"request": {"default_headers": {"a": "b"}}}]
)
def test_any_change_makes_another_hash(change: dict[str, Any]) -> None:
    assert compile(resources(provider_keys=[KEY]), 1).hash != compile(resources(provider_keys=[{**KEY, **change}]), 1).hash


def test_what_was_rejected_does_not_change_the_hash() -> None:
    clean = compile(resources(provider_keys=[KEY]), 1)
    with_bad = compile(resources(tolerant=True, provider_keys=[KEY], models=[{"display_name": "x"}]), 1)
    assert with_bad.rejected
    assert with_bad.hash == clean.hash


def test_a_row_that_turned_bad_keeps_its_last_good_value() -> None:
    before = compile(resources(provider_keys=[KEY], models=[MODEL]), 1)
    bad = [{**KEY, "api_base": "ftp://x"}]
    after = compile(resources(tolerant=True, provider_keys=bad, models=[MODEL]), 2, before)
    key_id = next(iter(before.provider_keys))
    assert after.provider_keys == before.provider_keys
    assert after.stale == (("provider_keys", key_id),)
    assert after.hash == before.hash


def test_the_last_good_value_survives_further_bad_ones_and_one_report_names_it_once() -> None:
    first = compile(resources(provider_keys=[KEY]), 1)
    bad = resources(tolerant=True, provider_keys=[{**KEY, "api_base": "ftp://x", "adapter": "none"}])
    third = compile(bad, 3, compile(bad, 2, first))
    assert third.provider_keys == first.provider_keys
    assert len(third.rejected) == 2
    assert len(third.stale) == 1


def test_a_new_bad_row_serves_nothing_and_a_deleted_row_is_gone() -> None:
    before = compile(resources(provider_keys=[KEY], models=[MODEL]), 1)
    after = compile(resources(tolerant=True, provider_keys=[{**KEY, "display_name": "new", "api_base": "ftp://x"}]), 2, before)
    assert after.provider_keys == {}
    assert after.models == {}
    assert after.stale == ()


def test_of_two_rows_with_one_name_the_sound_one_is_not_replaced() -> None:
    before = compile(resources(provider_keys=[{**KEY, "api_key": "old"}]), 1)
    after = compile(resources(tolerant=True, provider_keys=[KEY, {**KEY, "api_key": "second"}]), 2, before)
    assert [key.api_key.reveal() for key in after.provider_keys.values()] == ["sk-1"]
    assert after.stale == ()


def test_only_known_types_have_a_canonical_form() -> None:
    with pytest.raises(TypeError):
        content_hash({"models": {"x": object()}})
