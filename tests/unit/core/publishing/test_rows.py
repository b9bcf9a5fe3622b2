"""One row: spellings, names for ids, and the environment."""

from hashlib import sha256
from typing import Any

from lockgate.core.publishing.identity import derived_id
from lockgate.core.publishing.rows import Context, fill, name_field, read
from lockgate.core.publishing.walk import Report

STRICT = Context(env={"KEY": "secret-value"}, ids={"provider_keys": {"upstream": "id-1"}})


def reading(kind: str, row: dict[str, Any], context: Context = STRICT) -> tuple[Any, dict[str, str]]:
    report = Report(context.tolerant)
    return read(kind, fill(kind, row, context, report), context, report), report.problems


def test_both_spellings_of_a_field_load() -> None:
    for spelling in ("api_key", "secret"):
        key, problems = reading("provider_keys", {"display_name": "a", spelling: "x"})
        assert problems == {}
        assert key.api_key.reveal() == "x"
    agent, problems = reading("a2a_agents", {"display_name": "planner", "url": "https://a.example"})
    assert (agent.name, problems) == ("planner", {})


def test_both_spellings_at_once_must_agree() -> None:
    same, problems = reading("provider_keys", {"display_name": "a", "api_key": "x", "secret": "x"})
    assert problems == {}
    assert same.api_key.reveal() == "x"
    _, problems = reading("provider_keys", {"display_name": "a", "api_key": "x", "secret": "y"})
    assert list(problems) == ["secret"]


def test_problems_use_the_spelling_of_the_file() -> None:
    _, problems = reading("provider_keys", {"display_name": "a", "secret": 7})
    assert list(problems) == ["secret"]


def test_a_key_from_the_environment_is_hashed() -> None:
    key, problems = reading("api_keys", {"display_name": "a", "key_env": "KEY", "allowed_models": []})
    assert problems == {}
    assert key.key_hash == sha256(b"secret-value").hexdigest()


def test_a_name_becomes_an_id() -> None:
    row = {"display_name": "m", "provider": "openai", "model_name": "m", "provider_key": "upstream"}
    assert reading("models", row)[0].provider_key_id == "id-1"
    assert list(reading("models", {**row, "provider_key": "other"})[1]) == ["provider_key"]
    loose = Context(env={}, tolerant=True)
    assert reading("models", row, loose)[0].provider_key_id == derived_id("provider_keys", "upstream")


def test_a_reference_to_the_environment_must_lead_somewhere() -> None:
    assert reading("provider_keys", {"display_name": "a", "api_key": "env:KEY"})[1] == {}
    assert list(reading("provider_keys", {"display_name": "a", "api_key": "env:OTHER"})[1]) == ["api_key"]
    assert reading("provider_keys", {"display_name": "a", "api_key": "env:OTHER"}, Context(env=None))[1] == {}


def test_the_row_itself_is_not_changed() -> None:
    row = {"display_name": "a", "secret": "${KEY}"}
    reading("provider_keys", row)
    assert row == {"display_name": "a", "secret": "${KEY}"}


def test_duplicates_are_reported_at_the_naming_field() -> None:
    assert [name_field(kind) for kind in ("models", "guardrails", "mcp_auth_settings")] == ["display_name", "name", ""]
