"""
The plan: a snapshot in the form a gateway runs, private to it. Whatever can be done once per snapshot is done here, so that a
request is dictionary look-ups: its key by digest, its route by name, its way by endpoint.

A plan is immutable but for what it remembers of names it has already resolved. Rows that cannot be used are faults their
callers get; they keep nobody else from being served. State that outlives a plan (connections, deadlines) lives in the app.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import NamedTuple, Protocol

import msgspec

from lockgate.core.metering.pricing import Rates, compile_rates
from lockgate.core.policy.access import Caller, compile_callers, compile_networks, refusal_of_address, refusal_of_model
from lockgate.core.policy.glob import Names
from lockgate.core.policy.networks import Networks
from lockgate.core.providers import target as targets
from lockgate.core.providers.target import Target, compile_target
from lockgate.gateway.plan.endpoints import Endpoint
from lockgate.gateway.plan.way import Way, way_of
from lockgate.gateway.sight.facts import TargetLabels
from lockgate.model.faults import Fault, fault
from lockgate.model.resources.model import Model
from lockgate.model.resources.provider_key import ProviderKey
from lockgate.model.snapshot import Snapshot
from lockgate.runtime.deadlines import Deadlines
from lockgate.runtime.http1.pool import Origin

NAMES_REMEMBERED = 1024
"""Names that one wildcard row remembers: callers choose them, so they are bounded."""

_encode = msgspec.json.Encoder().encode


class Timed(Protocol):
    """An attempt, as far as its deadline needs it."""

    def timed_out(self) -> None: ...


class Timing(msgspec.Struct, frozen=True):
    """What a deployment says where a row says nothing (section 3.5); milliseconds, 0 is no deadline."""

    timeout_ms: int
    stream_timeout_ms: int
    deadlines: Callable[[int], Deadlines[Timed] | None]
    """The deadlines of a duration; None for 0. One object per duration, kept over plans."""


class Route:
    """One name callers use, resolved: the row it names, the target it dials."""

    __slots__ = ("_ways", "gap", "labels", "model_id", "networks", "origin", "provider_key_id", "rates", "requested", "row", "tags", "target",
                 "total", "upstream_json", "upstream_model")  # fmt: skip

    def __init__(self, row: Model, key: ProviderKey, target: Target, timing: Timing) -> None:
        self.row, self.target = row, target
        self.requested = row.display_name
        self.model_id, self.provider_key_id = row.id, key.id
        self.networks = compile_networks(row.allowed_cidrs)
        self.rates: Rates | None = compile_rates(row.cost)
        self.labels = TargetLabels(row.display_name, row.model_name or row.display_name, target.provider, key.id, key.display_name)
        self.tags = _tags(key)
        self.origin = Origin(target.scheme, target.host, target.port, tls_name(key), target.allow)
        total_ms = timing.timeout_ms if row.timeout is None else row.timeout
        self.total = timing.deadlines(total_ms)
        self.gap = timing.deadlines(_gap_ms(row, timing))
        self.upstream_model = ""
        self.upstream_json = b""
        self._ways: dict[str, Way | Fault] = {}

    def named(self, requested: str, captured: str) -> "Route | Fault":
        """This route under the name the caller used; ``captured`` is what a wildcard's ``*`` stood for."""
        upstream_model = self.target.upstream_model(captured)
        if isinstance(upstream_model, Fault):
            # In the caller's words: what the upstream calls its models is not told, least of all to keys that may not use them.
            return fault("model_not_found", model=requested)
        route = Route.__new__(Route)
        for slot in Route.__slots__:
            setattr(route, slot, getattr(self, slot))
        route.requested, route.upstream_model, route.upstream_json = requested, upstream_model, _encode(upstream_model)
        route._ways = {}
        return route

    def way(self, endpoint: Endpoint) -> Way | Fault:
        """How a request of this endpoint goes to the target, or why it cannot."""
        way = self._ways.get(endpoint.template)
        if way is None:
            way = self._ways[endpoint.template] = way_of(self.target, endpoint, self.requested, self.upstream_model)
        return way


class Unusable(NamedTuple):
    """A row that cannot be dialled: its callers are told why, those who may use it."""

    name: str
    networks: Networks | None
    fault: Fault


class KeyRow(Caller):
    """A caller key and the routes it was seen to be allowed."""

    __slots__ = ("_allowed",)

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller.principal, caller.models, caller.disabled, caller.expires_ms)
        self._allowed: dict[str, Route] = {}

    def route(self, plan: "Plan", name: str, address: str) -> Route | Fault:
        """In the order of the reference: the name (404), the key's list (403), the model's networks (403), then what is wrong with it."""
        route = self._allowed.get(name)
        if route is None:
            found = plan.find(name)
            if isinstance(found, Fault):
                return found
            refusal = refusal_of_model(self, name)
            if refusal is not None:
                return refusal
            if isinstance(found, Unusable):
                return refusal_of_address(found.networks, address, name) or found.fault
            if name in plan.exact:
                self._allowed[name] = found
            route = found
        if route.networks is not None:
            refusal = refusal_of_address(route.networks, address, name)
            if refusal is not None:
                return refusal
        return route


class Plan:
    """A generation of the configuration, ready to run."""

    __slots__ = ("_remembered", "_wild", "exact", "hash", "keys", "listed", "number", "snapshot")

    def __init__(self, snapshot: Snapshot, timing: Timing, names: targets.Names, reveal: Callable[[ProviderKey], str | Fault]) -> None:
        self.snapshot, self.number, self.hash = snapshot, snapshot.number, snapshot.hash
        self.keys = {digest: KeyRow(caller) for digest, caller in compile_callers(snapshot.api_keys).items()}
        self.exact: dict[str, Route | Unusable] = {}
        self.listed: list[tuple[str, str]] = []
        """(display name, provider) of the rows that can be listed, sorted by name."""
        wild: list[tuple[str, Route | Unusable]] = []
        secrets: dict[str, str | Fault] = {}
        for row in snapshot.models.values():
            found = _route(row, snapshot.provider_keys, timing, names, secrets, reveal)
            if "*" in row.display_name:
                wild.append((row.display_name, _usable(row, found)))
            else:
                self.exact[row.display_name] = _usable(row, found.named(row.display_name, "") if isinstance(found, Route) else found)
                self.listed.append((row.display_name, row.provider or ""))
        self.listed.sort()
        self._wild: Names[Route | Unusable] = Names(wild)
        self._remembered: dict[str, Route] = {}

    def known(self, name: str) -> str:
        """The row a caller's name stands for, as logs and metrics call it; empty when there is none."""
        found = self.exact.get(name)
        if found is None:
            wild = self._wild.find(name)
            found = None if wild is None else wild[0]
        if found is None:
            return ""
        return found.name if isinstance(found, Unusable) else found.row.display_name

    def find(self, name: str) -> Route | Unusable | Fault:
        """The route of a name: an exact row first, then the wildcard with the longest literal part (section 2.2)."""
        route = self.exact.get(name) or self._remembered.get(name)
        if route is not None:
            return route
        found = self._wild.find(name)
        if found is None:
            return fault("model_not_found", model=name)
        wild, captured = found
        if isinstance(wild, Unusable):
            return wild
        made = wild.named(name, captured)
        if isinstance(made, Route):
            if len(self._remembered) >= NAMES_REMEMBERED:
                self._remembered.clear()
            self._remembered[name] = made
        return made


def _route(
    row: Model,
    keys: Mapping[str, ProviderKey],
    timing: Timing,
    names: targets.Names,
    secrets: dict[str, str | Fault],
    reveal: Callable[[ProviderKey], str | Fault],
) -> Route | Fault:
    key = keys.get(row.provider_key_id or "")
    if key is None:
        return fault("upstream_misconfigured", reason="its provider key does not exist")
    if key.id not in secrets:
        secrets[key.id] = reveal(key)
    secret = secrets[key.id]
    if isinstance(secret, Fault):
        return secret
    target = compile_target(key, row, names, secret)
    return target if isinstance(target, Fault) else Route(row, key, target, timing)


def tls_name(key: ProviderKey) -> str:
    """
    Of the TLS context of a provider key's connections; empty is the deployment's. Another one once the key's block is another, so
    that no connection that was trusted by the old rules is used again.
    """
    own = key.tls
    return "" if own is None else f"{key.id} {sha256(f'{own.verify} {own.ca_cert}'.encode()).hexdigest()}"


def _usable(row: Model, found: Route | Fault) -> Route | Unusable:
    return Unusable(row.display_name, compile_networks(row.allowed_cidrs), found) if isinstance(found, Fault) else found


def _gap_ms(row: Model, timing: Timing) -> int:
    """The longest gap between two pieces of a stream (section 3.5): a stream timeout of 0 defers, a timeout of 0 opts out."""
    if row.stream_timeout:
        return row.stream_timeout
    if row.timeout is not None:
        return row.timeout
    return timing.stream_timeout_ms or timing.timeout_ms


def _tags(key: ProviderKey) -> dict[str, str]:
    tags = key.telemetry_tags
    said = {"kind": tags.kind, "branded_provider": tags.branded_provider, "byo_label": tags.byo_label, "pk_label": tags.pk_label}
    return {name: value for name, value in said.items() if value} | ({"featured": "true"} if tags.featured else {})
