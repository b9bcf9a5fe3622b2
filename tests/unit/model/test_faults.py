"""The fault table holds together: every row is a whole sentence, a legal status and an answer to whether a retry may help."""

import string
from typing import Any

import pytest

from lockgate.model.faults import TABLE, Fault, Row, Source, fault, upstream_fault

_ROWS = sorted(TABLE.items())


def _blanks(sentence: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None]


@pytest.mark.parametrize(("kind", "row"), _ROWS, ids=[kind for kind, _ in _ROWS])
def test_a_row_is_complete(kind: str, row: Row) -> None:
    assert kind.replace("_", "").isalpha()
    assert kind.islower()
    assert 400 <= row.status <= 599
    assert row.type.replace("_", "").isalpha()
    sentence = row.sentence
    assert sentence == "{reason}" or sentence.endswith((".", "{reason}"))
    assert sentence[0].isupper() or sentence == "{reason}"
    assert all(name.isidentifier() for name in _blanks(sentence)), "a blank has a name and no format"


@pytest.mark.parametrize(("kind", "row"), _ROWS, ids=[kind for kind, _ in _ROWS])
def test_a_fault_is_its_row_with_the_blanks_filled(kind: str, row: Row) -> None:
    facts: dict[str, Any] = {}
    for name in _blanks(row.sentence):
        facts[name] = "FACT"
    made = fault(kind, **facts)
    assert (made.kind, made.status, made.type, made.source, made.retryable, made.code) == (
        kind,
        row.status,
        row.type,
        row.source,
        row.retryable,
        row.code,
    )
    assert "{" not in made.message
    assert made.message.count("FACT") == len(_blanks(row.sentence))


def test_a_fact_that_looks_like_a_blank_is_not_filled_again() -> None:
    assert fault("model_not_found", model="{0.__class__} {model}").message == "The model '{0.__class__} {model}' does not exist."


def test_a_fact_that_is_missing_is_a_bug_that_shows() -> None:
    with pytest.raises(KeyError):
        fault("model_not_found", modell="x")
    with pytest.raises(KeyError):
        fault("no_such_kind")


def test_what_only_the_caller_can_mend_is_not_retried() -> None:
    wrong = [kind for kind, row in TABLE.items() if row.retryable and row.source in (Source.CALLER, Source.POLICY)]
    assert wrong == []


def test_the_words_that_sdks_act_on() -> None:
    for kind, status, type_, code in [
        ("credential_missing", 401, "invalid_api_key", ""),
        ("credential_expired", 401, "invalid_api_key", "api_key_expired"),
        ("credential_disabled", 401, "invalid_api_key", "api_key_disabled"),
        ("model_not_found", 404, "model_not_found", ""),
        ("model_forbidden", 403, "permission_denied", ""),
        ("ip_restricted", 403, "permission_denied", "ip_restricted"),
        ("upstream_timeout", 504, "timeout", ""),
        ("transport_error", 502, "transport_error", ""),
        ("upstream_decode_error", 502, "upstream_decode_error", ""),
        ("upstream_credential", 401, "authentication_error", ""),
    ]:
        row = TABLE[kind]
        assert (row.status, row.type, row.code) == (status, type_, code), kind


def test_retry_after_and_param_ride_on_a_fault() -> None:
    made = fault("draining", retry_after_s=3, param="model")
    assert (made.retry_after_s, made.param) == (3, "model")


def test_a_fault_is_frozen() -> None:
    made = fault("internal")
    with pytest.raises(AttributeError):
        made.status = 200  # type: ignore[misc]


@pytest.mark.parametrize(("status", "kind"), [(400, "upstream_refused"), (404, "upstream_refused"), (429, "upstream_rate_limited")])
def test_an_upstreams_refusal_keeps_status_and_clipped_message(status: int, kind: str) -> None:
    made = upstream_fault(status, "x" * 5000, code="c", param="p", retry_after_s=7)
    assert (made.kind, made.status, made.source, made.type) == (kind, status, Source.UPSTREAM, "upstream_error")
    assert (made.message, made.code, made.param, made.retry_after_s) == ("x" * 1024, "c", "p", 7)


@pytest.mark.parametrize("status", [500, 502, 503, 529, 302, 101])
def test_an_upstreams_failure_becomes_our_own_without_its_words(status: int) -> None:
    made = upstream_fault(status, "canary")
    assert isinstance(made, Fault)
    assert (made.kind, made.status, made.retryable) == ("upstream_failed", 502, True)
    assert "canary" not in made.message
