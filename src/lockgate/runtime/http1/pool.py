"""
Connections to upstreams, kept and reused per origin.

The most recently used idle connection is taken first, so that surplus ones grow old and are closed, least recently used first:
after ``idle_timeout_s``, or at once when more than ``max_idle_per_origin`` are idle. A reused connection that dies before the first
byte of its answer has met the upstream's own idle timeout; then, and only then, the request is sent once more, on a new connection.
"""

import asyncio
import ssl
from functools import partial

import msgspec

from lockgate.model.faults import fault
from lockgate.runtime.address import Allowed
from lockgate.runtime.deadlines import Deadlines
from lockgate.runtime.http1.client import Answering, Call, UpstreamConnection
from lockgate.runtime.http1.dial import DialFailed, Keepalive, dial, server_name
from lockgate.runtime.outbox import outbox_of
from lockgate.runtime.tasks import spawn
from lockgate.runtime.tls import ClientContext

_BUFFER_BYTES = 65_536
_LANES = 1024


class Origin(msgspec.Struct, frozen=True, cache_hash=True):
    """Where a connection leads. ``tls`` names a registered context; ``allow`` are networks that may be dialled though not public."""

    scheme: str
    host: str
    port: int
    tls: str = ""
    allow: tuple[str, ...] = ()


class OriginLane:
    """The connections of one origin; ``idle`` is a stack, the most recently used on top."""

    __slots__ = ("allowed", "buffer", "idle", "origin", "outbox", "pool")

    def __init__(self, pool: "Pool", origin: Origin, allowed: Allowed) -> None:
        self.pool = pool
        self.origin = origin
        self.allowed = allowed
        self.buffer = pool.buffer
        self.outbox = pool.outbox
        self.idle: list[UpstreamConnection] = []

    def release(self, connection: UpstreamConnection) -> None:
        pool = self.pool
        if pool.closed:
            connection.drop()
            return
        if connection.first_use:
            connection.first_use = False
            self._keep_session(connection)
        idle = self.idle
        idle.append(connection)
        pool.idles.arm(connection)
        if pool.max_idle is not None and len(idle) > pool.max_idle:
            oldest = idle.pop(0)
            pool.idles.disarm(oldest)
            oldest.drop()

    def _keep_session(self, connection: UpstreamConnection) -> None:
        tls = connection.transport_info("ssl_object")
        context = tls.context if isinstance(tls, ssl.SSLObject) else None
        if isinstance(context, ClientContext) and isinstance(tls, ssl.SSLObject):
            context.keep(server_name(self.origin.host), tls)

    def lost(self, connection: UpstreamConnection) -> None:
        pool = self.pool
        pool.connections.discard(connection)
        pool.idles.disarm(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        if not pool.connections and pool.closed:
            pool.gone.set()

    def again(self, call: Call) -> None:
        call.reused = False
        self.pool.dial(self, call)


class Pool:
    """Made inside a running loop. ``tls_default`` is the context of https origins that name none."""

    def __init__(
        self,
        *,
        connect_timeout_s: float = 5.0,
        idle_timeout_s: float = 30.0,
        max_idle_per_origin: int | None = None,
        allow_private: bool | tuple[str, ...] = False,
        keepalive: tuple[int, int, int] = (60, 30, 5),
        tls_default: ssl.SSLContext | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.connect_timeout_s = connect_timeout_s
        self.max_idle = max_idle_per_origin
        self.keepalive = Keepalive(*keepalive)
        self.buffer = memoryview(bytearray(_BUFFER_BYTES))
        self.outbox = outbox_of(loop)
        self.connections: set[UpstreamConnection] = set()
        self.dialing: set[Call] = set()
        self.idles: Deadlines[UpstreamConnection] = Deadlines(loop, idle_timeout_s, self._expire)
        self.closed = False
        self.gone = asyncio.Event()
        self._allow_private = allow_private
        self._tls: dict[str, ssl.SSLContext | None] = {"": tls_default}
        self._lanes: dict[Origin, OriginLane] = {}

    def register(self, name: str, context: ssl.SSLContext) -> None:
        """Makes a TLS context known under the name that origins carry; a new one under the same name serves new connections."""
        self._tls[name] = context

    def call(self, origin: Origin, head: bytes, body: bytes, answering: Answering) -> Call:
        """Sends a request: at once on an idle connection, else when one is made. ``head`` includes its blank line."""
        call = Call(head, body, answering)
        lane = self._lanes.get(origin)
        if lane is None:
            lane = self._lane(origin)
        idle = lane.idle
        while idle:
            connection = idle.pop()
            self.idles.disarm(connection)
            if not connection.closed:
                call.reused = True
                connection.send(call)
                return call
        self.dial(lane, call)
        return call

    def dial(self, lane: OriginLane, call: Call) -> None:
        """Sends a request on a new connection."""
        if self.closed:
            call.fail(fault("transport_error", reason="the gateway is closing its connections"))
            return
        self.dialing.add(call)
        task = spawn(self._dial(lane, call), name="dial")
        task.add_done_callback(lambda _: self.dialing.discard(call))
        call.cancel = task.cancel

    async def _dial(self, lane: OriginLane, call: Call) -> None:
        origin = lane.origin
        make = partial(UpstreamConnection, lane)
        try:
            tls = self._context(origin)
            connection = await dial(make, origin.host, origin.port, tls, lane.allowed, self.keepalive, self.connect_timeout_s)
        except DialFailed as failed:
            call.cancel = None
            call.fail(failed.fault)
            return
        call.cancel = None
        if connection.closed:
            call.fail(fault("transport_error", reason="the connection was closed before an answer came"))
            return
        # Not earlier: a connection whose dialling is cancelled is closed without being told.
        self.connections.add(connection)
        if call.done:
            connection.drop()
        else:
            connection.send(call)

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme != "https":
            return None
        context = self._tls.get(origin.tls)
        if context is None:
            raise DialFailed(fault("transport_error", reason="its TLS settings are not known here"))
        return context

    def _lane(self, origin: Origin) -> OriginLane:
        allow = self._allow_private
        allowed = Allowed(True) if allow is True else Allowed((() if allow is False else allow) + origin.allow)
        if len(self._lanes) >= _LANES:  # origins come and go with the configuration
            self._lanes = {known: lane for known, lane in self._lanes.items() if lane.idle}
        lane = self._lanes[origin] = OriginLane(self, origin, allowed)
        return lane

    def _expire(self, connection: UpstreamConnection) -> None:
        connection.drop()

    async def close(self) -> None:
        """Closes every connection; calls in progress fail."""
        self.closed = True
        for call in list(self.dialing):
            if call.cancel is not None:
                call.cancel()
            call.fail(fault("transport_error", reason="the gateway is closing its connections"))
        for connection in list(self.connections):
            connection.abandon()
        if self.connections:
            await self.gone.wait()
        self._lanes.clear()
