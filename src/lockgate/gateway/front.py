"""
The front: what is known of a request from its head alone. Which endpoint, which id, whose key; refusals and small answers.

It is the handler of the API's server. A request that is for an endpoint and has a good key becomes a driver, which takes over
when the body is complete; everything else ends here. Credentials come before bodies: a bad key is 401 however bad the body.
"""

from typing import NamedTuple

import msgspec

from lockgate.core.policy.access import caller_with, digest_of
from lockgate.core.policy.source import Source
from lockgate.gateway import denied
from lockgate.gateway.plan.endpoints import ENDPOINTS, Endpoint
from lockgate.gateway.plan.plan import KeyRow
from lockgate.gateway.relay.driver import Driver
from lockgate.gateway.relay.roles import House
from lockgate.gateway.served import Served
from lockgate.model.faults import Fault, fault
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request
from lockgate.runtime.ids import request_id as new_request_id

_encode = msgspec.json.Encoder().encode
_VISIBLE = bytes(range(0x21, 0x7F))
_MODELS = b"/v1/models"
_PROBES = (b"/livez", b"/readyz")
_CHAT = ENDPOINTS[b"/v1/chat/completions"]
_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))


class Known(NamedTuple):
    """What the head of a request says, for as long as its connection repeats it."""

    endpoint: Endpoint
    digest: bytes | Fault
    """Of the key it presents."""
    request_id: str
    """The caller's own; empty when a new one is made for each request."""
    address: str
    user_agent: bytes


class Front:
    """Implements runtime/http1/shared.Handler."""

    def __init__(self, house: House, source: Source, id_headers: tuple[bytes, ...]) -> None:
        self._house, self._source, self._id_headers = house, source, id_headers
        self._now_ms, self._ticks = house.clock.now_ms, house.clock.ticks
        self.draining = False

    # The server's calls ---------------------------------------------------------------------------------------------

    def head(self, request: Request, reply: Reply) -> None:
        house, started = self._house, self._ticks()
        known: Known | None = request.kept.value
        if known is None:
            endpoint = ENDPOINTS.get(request.path)
            if endpoint is None or request.method != b"POST":
                return self._without_exchange(request, reply, endpoint, started)
            known = request.kept.value = self._known(request, endpoint)
        endpoint = known.endpoint
        request_id = known.request_id or new_request_id()
        found = caller_with(known.digest, house.plan.keys, self._now_ms())
        if not isinstance(found, KeyRow):
            assert isinstance(found, Fault)
            return self._deny(reply, endpoint, endpoint.template, request_id, known.address, known.digest, found)
        house.sight.auth_decided("api_key", "allowed", "")
        request.context = Driver(house, endpoint, found, request_id, known.address, known.user_agent, started)

    def request(self, request: Request, reply: Reply) -> None:
        driver: Driver = request.context
        self._house.flights[driver.endpoint_row.template].n += 1
        driver.begin(request, reply)

    def _deny(
        self, reply: Reply, endpoint: Endpoint, template: str, request_id: str, address: str, digest: bytes | Fault, refusal: Fault
    ) -> None:
        house = self._house
        house.sight.auth_decided("api_key" if refusal.kind != "credential_missing" else "none", "denied", refusal.kind)
        row = house.plan.keys.get(digest) if isinstance(digest, bytes) else None
        denied.tell(house.log, template, request_id, address, refusal, "" if row is None else row.principal.api_key_id)
        reply.send(refusal.status, house.heads.fault(request_id, refusal), endpoint.dialect.write_fault(refusal))

    def refuse(self, refusal: Fault, request: Request | None) -> tuple[bytes, bytes]:
        endpoint, request_id, key = None, "", None
        if request is not None:
            endpoint, context = ENDPOINTS.get(request.path), request.context
            if isinstance(context, Driver):
                request_id, key = context.request_id, context.key
            else:
                request_id = request.context = self._named(request)[0] or new_request_id()
        request_id = request_id or new_request_id()
        if refusal.kind != "body_too_large":  # That one has a line of its own, once the body is disposed of.
            template = "other" if endpoint is None else endpoint.template
            self._tell(request, template, request_id, self._ticks(), refusal.status, refusal, key)
        return self._house.heads.fault(request_id, refusal), (endpoint or _CHAT).dialect.write_fault(refusal)

    def body_refused(self, request: Request, refusal: Fault, outcome: str) -> None:
        endpoint, context = ENDPOINTS.get(request.path), request.context
        known = isinstance(context, Driver)
        self._house.sight.body_refused(
            _method(request),
            "other" if endpoint is None else endpoint.template,
            "openai" if endpoint is None else endpoint.protocol,
            refusal,
            outcome,
            context.request_id if known else context or "",
            context.client_ip if known else self._source.address(request.peer, request.headers),
            self._ticks() - context.started if known else 0.0,
        )

    def _known(self, request: Request, endpoint: Endpoint) -> "Known":
        request_id, user_agent = self._named(request)
        address = self._source.address(request.peer, request.headers)
        return Known(endpoint, digest_of(request.headers), request_id, address, user_agent)

    # Ids ------------------------------------------------------------------------------------------------------------

    def _named(self, request: Request) -> tuple[str, bytes]:
        """The id the caller gave, when it is usable (section 9.6), and its user agent."""
        user_agent = b""
        given: dict[bytes, bytes] = {}
        names = self._id_headers
        for name, value in request.headers:
            if name in names:
                given.setdefault(name, value)
            elif name == b"user-agent":
                user_agent = value
        if given:
            for name in names:
                value = given.get(name, b"")
                if value and len(value) <= 256 and not value.translate(None, _VISIBLE):
                    return value.decode("ascii"), user_agent
        return "", user_agent

    # Answers without an exchange ------------------------------------------------------------------------------------

    def _without_exchange(self, request: Request, reply: Reply, endpoint: Endpoint | None, started: float) -> None:
        request_id = self._named(request)[0] or new_request_id()
        path, method = request.path, request.method
        if path in _PROBES and method in (b"GET", b"HEAD"):
            return self._probe(request, reply, request_id)
        if path.rstrip(b"/") == _MODELS and method in (b"GET", b"HEAD"):
            return self._models(request, reply, request_id, started)
        if endpoint is None and path.rstrip(b"/") != _MODELS and path not in _PROBES:
            refusal, template = fault("path_unknown"), "other"
        else:
            allow = "GET, HEAD" if endpoint is None else "POST"
            refusal, template = (
                fault("method_not_allowed", param=allow, allow=allow),
                endpoint.template if endpoint else path.decode("ascii"),
            )
        dialect = (endpoint or _CHAT).dialect
        reply.send(
            refusal.status, self._house.heads.fault(request_id, refusal), dialect.write_fault(msgspec.structs.replace(refusal, param=""))
        )
        self._tell(request, template, request_id, started, refusal.status, refusal)

    def _models(self, request: Request, reply: Reply, request_id: str, started: float) -> None:
        house = self._house
        digest = digest_of(request.headers)
        found = caller_with(digest, house.plan.keys, self._now_ms())
        if not isinstance(found, KeyRow):
            assert isinstance(found, Fault)
            address = self._source.address(request.peer, request.headers)
            return self._deny(reply, _CHAT, "/v1/models", request_id, address, digest, found)
        house.sight.auth_decided("api_key", "allowed", "")
        created = self._now_ms() // 1000
        rows = [
            {"id": name, "object": "model", "created": created, "owned_by": provider or "lockgate"}
            for name, provider in house.plan.listed
            if found.models.allows(name)
        ]
        reply.send(200, house.heads.json(request_id), _encode({"object": "list", "data": rows}))
        self._tell(request, "/v1/models", request_id, started, 200, None, found)

    def _tell(
        self,
        request: Request | None,
        template: str,
        request_id: str,
        started: float,
        status: int,
        failure: Fault | None,
        key: KeyRow | None = None,
    ) -> None:
        self._house.sight.finished(
            Served(
                _method(request),
                template,
                "anthropic" if template.startswith("/v1/messages") else "openai",
                None if key is None else key.principal,
                request_id,
                "" if request is None else self._source.address(request.peer, request.headers),
                started,
                self._ticks(),
                status,
                failure,
            )
        )

    def _probe(self, request: Request, reply: Reply, request_id: str) -> None:
        """Section 11.6. Readiness is about having a configuration at all: a stale one still serves."""
        checks = {"draining": not self.draining}
        if request.path == b"/readyz":
            checks["configuration"] = self._house.plan.number > 0
        good = all(checks.values())
        body = "ok" if good else "not ready"
        if b"verbose" in request.query.split(b"&"):
            body = (
                "".join(f"[{'+' if passed else '-'}]{name} {'ok' if passed else 'failed'}\n" for name, passed in checks.items())
                + body
                + "\n"
            )
        reply.send(200 if good else 503, self._house.heads.text(request_id), body.encode())


def _method(request: Request | None) -> str:
    return request.method.decode("ascii") if request is not None and request.method in _METHODS else "other"
