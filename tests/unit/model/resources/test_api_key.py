"""Caller keys: they deny by default and do not show their hash."""

from lockgate.model.resources.api_key import ApiKey


def test_nothing_is_allowed_by_default() -> None:
    key = ApiKey(key_hash="abcdef", allowed_models=())
    assert [key.allowed_agents, key.allowed_routes] == [None, None]
    assert key.disabled is False
    assert key.expires_at is None


def test_the_hash_is_not_printed() -> None:
    assert repr(ApiKey(id="k1", display_name="search", key_hash="abcdef", allowed_models=())) == "ApiKey(id='k1', display_name='search')"
