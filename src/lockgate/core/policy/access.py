"""
Access: whose request is it, and may that caller name that model from that address.

Decided from the snapshot's compiled keys, the facts of the request and the time given. A refusal is a fault. Order
(gateway.md 7): credential, key, disabled, expired; then the model's name (404 before 403), the key's list, the
model's networks.
"""

from collections.abc import Mapping
from hashlib import sha256

from lockgate.core.policy.glob import Globs
from lockgate.core.policy.networks import Networks
from lockgate.model.faults import Fault, fault
from lockgate.model.principal import Principal
from lockgate.model.resources.api_key import ApiKey

Headers = list[tuple[bytes, bytes]]

MISSING = fault("credential_missing")
MALFORMED = fault("credential_malformed")
UNKNOWN = fault("credential_unknown")
EXPIRED = fault("credential_expired")
DISABLED = fault("credential_disabled")


class Caller:
    """A caller key, compiled. ``expires_ms``: the last millisecond at which it is valid; None: for ever."""

    __slots__ = ("disabled", "expires_ms", "models", "principal")

    def __init__(self, principal: Principal, models: Globs, disabled: bool, expires_ms: int | None) -> None:
        self.principal = principal
        self.models = models
        self.disabled = disabled
        self.expires_ms = expires_ms

    def __repr__(self) -> str:
        return f"Caller({self.principal.api_key_id!r})"


def compile_caller(key: ApiKey) -> Caller:
    principal = Principal(
        api_key_id=key.id,
        api_key_name=key.display_name or "",
        team_id=key.team_id or "",
        user_id=key.user_id or "",
        user_name=key.user_name or "",
    )
    expires_ms = None
    if key.expires_at is not None:
        # Rounded down, so that a key never outlives its instant; "still valid at the exact instant" holds to the millisecond.
        expires_ms = int(key.expires_at.timestamp() * 1_000_000 + 0.5) // 1000
    return Caller(principal, Globs(key.allowed_models), key.disabled, expires_ms)


def compile_callers(keys: Mapping[str, ApiKey]) -> dict[bytes, Caller]:
    """By SHA-256 digest. A hash that is none opens nothing; a hash two keys share opens nothing either."""
    callers: dict[bytes, Caller] = {}
    shared: set[bytes] = set()
    for key in keys.values():
        digest = _digest(key.key_hash)
        if digest in callers:
            shared.add(digest)
        elif digest:
            callers[digest] = compile_caller(key)
    for digest in shared:
        del callers[digest]
    return callers


def _digest(key_hash: str) -> bytes:
    try:
        digest = bytes.fromhex(key_hash)
    except ValueError:
        return b""
    # Exact look-up of 64 lower-case digits (gateway.md 7.2): no second spelling of a hash.
    return digest if digest.hex() == key_hash and len(digest) == 32 else b""


def credential(headers: Headers) -> bytes | Fault:
    """
    The token a request presents. ``Authorization`` first; when it is there but not ``Bearer <token>`` the request is
    refused, and ``x-api-key`` does not rescue it (gateway.md 7.1). Names arrive in lower case, values without padding.
    """
    token: bytes | None = None
    for name, value in headers:
        if name == b"authorization":
            return value[7:] if value[:7] == b"Bearer " and len(value) > 7 and value.isascii() else MALFORMED
        if name == b"x-api-key" and token is None:
            token = value
    return token or MISSING


def caller_of(headers: Headers, callers: Mapping[bytes, Caller], now_ms: int) -> Caller | Fault:
    """The caller a request runs as."""
    return caller_with(digest_of(headers), callers, now_ms)


def digest_of(headers: Headers) -> bytes | Fault:
    """The SHA-256 digest of the token a request presents. It may be kept; the token is not."""
    token = credential(headers)
    return token if isinstance(token, Fault) else sha256(token).digest()


def caller_with(digest: bytes | Fault, callers: Mapping[bytes, Caller], now_ms: int) -> Caller | Fault:
    """The caller whose key has this digest, if it is good now."""
    if isinstance(digest, Fault):
        return digest
    caller = callers.get(digest)
    if caller is None:
        return UNKNOWN
    if caller.disabled:
        return DISABLED
    if caller.expires_ms is not None and now_ms > caller.expires_ms:
        return EXPIRED
    return caller


def refusal_of_model(caller: Caller, model: str) -> Fault | None:
    """None when the key's list has the name the caller sent; the name is known to exist by now."""
    return None if caller.models.allows(model) else fault("model_forbidden", model=model)


def compile_networks(allowed_cidrs: tuple[str, ...]) -> Networks | None:
    """None when the model may be used from everywhere."""
    return Networks(allowed_cidrs) if allowed_cidrs else None


def refusal_of_address(networks: Networks | None, address: str, model: str) -> Fault | None:
    """None when the address is in the list or there is no list; an unknown address is in no list (gateway.md 7.5)."""
    if networks is None or networks.contains(address):
        return None
    return fault("ip_restricted", model=model)
