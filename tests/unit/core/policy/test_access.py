"""Access: the credential, the key, the model's name and the caller's network."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest

from lockgate.core.policy import access
from lockgate.core.policy.access import Caller, Headers, compile_callers, compile_networks
from lockgate.model.faults import Fault
from lockgate.model.principal import Principal
from lockgate.model.resources.api_key import ApiKey

AT = datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
AT_MS = 1_777_636_800_250


def key(plain: str = "lg-1", **fields: Any) -> ApiKey:
    defaults = {"id": "k1", "display_name": "ci", "allowed_models": ("*",)}
    return ApiKey(**(defaults | {"key_hash": sha256(plain.encode()).hexdigest()} | fields))


def run(headers: Headers, *keys: ApiKey, now_ms: int = AT_MS) -> Caller | Fault:
    return access.caller_of(headers, compile_callers({str(number): each for number, each in enumerate(keys)}), now_ms)


BEARER: Headers = [(b"host", b"h"), (b"authorization", b"Bearer lg-1")]


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ([(b"authorization", b"Bearer tok")], b"tok"),
        ([(b"authorization", b"Bearer a b")], b"a b"),
        ([(b"x-api-key", b"tok")], b"tok"),
        ([(b"x-api-key", b"one"), (b"x-api-key", b"two")], b"one"),
        ([(b"x-api-key", b"other"), (b"authorization", b"Bearer tok")], b"tok"),
        ([], access.MISSING),
        ([(b"x-api-key", b"")], access.MISSING),
        ([(b"cookie", b"Bearer tok")], access.MISSING),
        ([(b"authorization", b"")], access.MALFORMED),
        ([(b"authorization", b"Bearer")], access.MALFORMED),
        ([(b"authorization", b"Bearer ")], access.MALFORMED),
        ([(b"authorization", b"bearer tok")], access.MALFORMED),
        ([(b"authorization", b"Basic dG9r")], access.MALFORMED),
        ([(b"authorization", b"tok")], access.MALFORMED),
        ([(b"authorization", b"Bearer t\xc3\xb6k")], access.MALFORMED),
        ([(b"x-api-key", b"good"), (b"authorization", b"Basic x")], access.MALFORMED),
        ([(b"authorization", b"Token x"), (b"x-api-key", b"good")], access.MALFORMED),
    ],
)
def test_authorization_decides_alone_when_it_is_there(headers: Headers, wanted: bytes | Fault) -> None:
    assert access.credential(headers) == wanted


def test_a_known_key_runs_as_its_principal() -> None:
    caller = run(BEARER, key(team_id="t", user_id="u", user_name="Ann"))
    assert isinstance(caller, Caller)
    assert caller.principal == Principal("k1", "ci", "t", "u", "Ann")
    assert run([(b"x-api-key", b"lg-1")], key(display_name=None)) is not access.UNKNOWN


def test_without_a_usable_credential_nobody_is_looked_up() -> None:
    assert run([], key()) is access.MISSING
    assert run([(b"authorization", b"Basic x"), (b"x-api-key", b"lg-1")], key()) is access.MALFORMED


def test_an_unknown_key_is_refused() -> None:
    assert run([(b"authorization", b"Bearer lg-2")], key()) is access.UNKNOWN
    assert run([(b"authorization", b"Bearer lg-1 ")], key()) is access.UNKNOWN


def test_a_hash_has_one_spelling() -> None:
    digest = sha256(b"lg-1").hexdigest()
    for spelt in (digest.upper(), digest[:-2], digest + "00", " " + digest, "zz" * 32, f"{digest[:32]} {digest[32:]}"):
        assert run(BEARER, key(key_hash=spelt)) is access.UNKNOWN


def test_a_hash_that_two_keys_share_opens_nothing() -> None:
    assert run(BEARER, key(), key(id="k2"), key(id="k3")) is access.UNKNOWN


@pytest.mark.parametrize(("later_ms", "valid"), [(-1, True), (0, True), (1, False), (10**9, False)])
def test_a_key_is_valid_up_to_and_at_its_instant(later_ms: int, valid: bool) -> None:
    caller = run(BEARER, key(expires_at=AT), now_ms=AT_MS + later_ms)
    assert (caller is not access.EXPIRED) is valid
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert (run(BEARER, key(expires_at=elsewhere), now_ms=AT_MS + later_ms) is not access.EXPIRED) is valid


def test_disabled_is_told_before_expired() -> None:
    assert run(BEARER, key(disabled=True, expires_at=AT), now_ms=AT_MS + 1) is access.DISABLED


def test_refusals_have_the_contracts_words() -> None:
    words = [
        (fault.status, fault.type, fault.code)
        for fault in (access.MISSING, access.MALFORMED, access.UNKNOWN, access.EXPIRED, access.DISABLED)
    ]
    assert words == [(401, "invalid_api_key", code) for code in ("", "", "", "api_key_expired", "api_key_disabled")]


def test_a_key_may_use_what_its_list_names() -> None:
    caller = run(BEARER, key(allowed_models=("team/*", "gpt-4o")))
    assert isinstance(caller, Caller)
    assert access.refusal_of_model(caller, "gpt-4o") is None
    assert access.refusal_of_model(caller, "team/x") is None
    refused = access.refusal_of_model(caller, "claude")
    assert refused is not None
    assert (refused.status, refused.type) == (403, "permission_denied")


def test_an_empty_list_of_models_denies_all() -> None:
    caller = run(BEARER, key(allowed_models=()))
    assert isinstance(caller, Caller)
    assert access.refusal_of_model(caller, "gpt-4o") is not None


@pytest.mark.parametrize(
    ("cidrs", "address", "allowed"),
    [
        ((), "", True),
        ((), "203.0.113.1", True),
        (("10.0.0.0/8",), "10.0.0.1", True),
        (("10.0.0.0/8",), "203.0.113.1", False),
        (("10.0.0.0/8",), "", False),
        (("10.0.0.0/8",), "unknown", False),
        (("nonsense",), "10.0.0.1", False),
        (("nonsense", "10.0.0.0/8"), "10.0.0.1", True),
    ],
)
def test_a_models_networks_bound_who_may_use_it(cidrs: tuple[str, ...], address: str, allowed: bool) -> None:
    refused = access.refusal_of_address(compile_networks(cidrs), address, "m")
    assert (refused is None) is allowed
    if refused is not None:
        assert (refused.status, refused.type, refused.code) == (403, "permission_denied", "ip_restricted")
        assert "10." not in refused.message


def test_a_caller_shows_no_key() -> None:
    caller = run(BEARER, key())
    assert "lg-1" not in repr(caller)
    assert sha256(b"lg-1").hexdigest() not in repr(caller)
