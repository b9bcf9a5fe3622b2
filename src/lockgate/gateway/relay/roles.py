"""
Who plays with whom inside the gateway: what an attempt asks of its exchange, and what both ask of the house they live in.

Protocols, so that rooms below never import rooms above: app -> front -> driver -> attempt -> plan.
"""

from typing import Protocol

from lockgate.core.exchange.events import Event
from lockgate.core.providers.sign.entra import EntraCredential
from lockgate.gateway.echo import Echo
from lockgate.gateway.heads import Heads
from lockgate.gateway.plan.endpoints import Endpoint
from lockgate.gateway.plan.plan import KeyRow, Plan
from lockgate.gateway.relay.meter import Meter
from lockgate.gateway.sight import Sight
from lockgate.gateway.sight.facts import Finished
from lockgate.gateway.sight.sight import Flight
from lockgate.gateway.spool import Spool
from lockgate.model.content import Content
from lockgate.model.dialect import Ask
from lockgate.model.faults import Fault
from lockgate.runtime.clock import Clock
from lockgate.runtime.deadlines import Deadlines
from lockgate.runtime.http1.pool import Pool
from lockgate.runtime.logs import LogWriter


class Silent(Protocol):
    """An exchange, as far as the keep-alive of streams needs it."""

    def silent(self) -> None: ...


class House(Protocol):
    """What lives as long as the process."""

    clock: Clock
    log: LogWriter
    sight: Sight
    heads: Heads
    flights: dict[str, Flight]
    meter: Meter
    spool: Spool
    pool: Pool
    echo: Echo
    plan: Plan
    grace: Deadlines[Silent]
    """Streams whose head still waits for their first event."""
    beats: Deadlines[Silent] | None
    """Streams that get a comment when they are silent; None when the setting is 0."""

    def report(self, error: Exception) -> None:
        """A bug: it is logged by its type and places."""

    def observed(self, template: str, facts: Finished) -> None:
        """An exchange is over."""

    def dial_minted(self, attempt: "Minted", credential: EntraCredential, head: bytes, body: bytes) -> None:
        """Dials with a token, which may have to be fetched first."""

    def token_refused(self, credential: EntraCredential, token: bytes) -> None:
        """The upstream answered 401: the next attempt fetches a new token."""


class Minted(Protocol):
    """An attempt whose credential is a token."""

    token: bytes
    ended_at: float

    def send(self, head: bytes, body: bytes) -> None: ...
    def upstream_failed(self, failure: Fault) -> None: ...


class Owner(Protocol):
    """The exchange of an attempt."""

    house: House
    endpoint_row: Endpoint
    key: KeyRow
    ask: Ask
    request_id: str
    headers: list[tuple[bytes, bytes]]
    body: Content
    out: bytes
    """What the caller is to be sent next."""

    def feed(self, event: Event, failure: Fault | None = None) -> None: ...
    def broken(self, error: Exception) -> None: ...
    def silent(self) -> None: ...
