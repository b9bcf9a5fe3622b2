"""A principal names who asks, by ids and labels; it has no place for a credential."""

import msgspec
import pytest

from lockgate.model.principal import Principal


def test_a_principal_needs_the_id_of_its_key_only() -> None:
    assert Principal("key-1") == Principal(api_key_id="key-1", api_key_name="", team_id="", user_id="", user_name="")


def test_a_principal_is_frozen_and_can_be_a_key() -> None:
    principal = Principal("key-1")
    with pytest.raises(AttributeError):
        principal.user_id = "other"  # type: ignore[misc]
    assert {principal: 1}[Principal("key-1")] == 1


def test_no_field_could_hold_a_credential() -> None:
    fields = {one.name for one in msgspec.structs.fields(Principal)}
    assert not {name for name in fields if name.endswith(("_hash", "_secret", "_value")) or name in ("key", "api_key", "token", "secret")}


def test_labels_that_are_not_set_are_not_written() -> None:
    assert msgspec.json.encode(Principal("key-1")) == b'{"api_key_id":"key-1"}'
