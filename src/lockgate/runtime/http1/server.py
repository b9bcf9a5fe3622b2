"""
The listening side: accepts connections, counts what is in flight, drains and closes.

Draining (``drain``) keeps accepting: from then on every answer says ``connection: close``, so that callers and load balancers move
away by themselves; ``wait_idle`` returns when no exchange is left, and ``close`` ends what remains.
"""

import asyncio
import contextlib
import socket
import ssl

from lockgate.runtime.http1.connection import CallerConnection
from lockgate.runtime.http1.limits import UNSENT_BYTES, Limits
from lockgate.runtime.http1.shared import Handler, Shared

_CLOSE_TIMEOUT_S = 2.0
_BACKLOG = 4096


class Server:
    """A handler on one or more listeners. Made inside a running loop."""

    def __init__(self, handler: Handler, limits: Limits) -> None:
        self._loop = asyncio.get_running_loop()
        self._shared = Shared(self._loop, handler, limits)
        self._servers: list[asyncio.AbstractServer] = []

    @property
    def in_flight(self) -> int:
        return self._shared.in_flight

    @property
    def connections(self) -> int:
        return len(self._shared.connections)

    async def listen(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, reuse_port: bool = False, sock: socket.socket | None = None
    ) -> tuple[str, int]:
        """Listens on an address, or on a bound socket; the address that was bound (port 0 takes a free one)."""
        if sock is None:
            sock = await self._bind(host, port, reuse_port)
        with contextlib.suppress(OSError, AttributeError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)  # accepted sockets inherit it
        bound = sock.getsockname()
        timeout_s = self._shared.limits.header_timeout_s if tls is not None and self._shared.limits.header_timeout_s > 0 else None
        server = await self._loop.create_server(
            lambda: CallerConnection(self._shared), sock=sock, ssl=tls, backlog=_BACKLOG, ssl_handshake_timeout=timeout_s
        )
        self._servers.append(server)
        return bound[0], bound[1]

    async def _bind(self, host: str, port: int, reuse_port: bool) -> socket.socket:
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reuse_port:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(address)
        except OSError:
            sock.close()
            raise
        return sock

    def drain(self) -> None:
        """Every answer from now on closes its connection; nothing is cut, and new connections are still accepted."""
        self._shared.draining = True

    async def wait_idle(self) -> None:
        """Returns when no exchange is in flight."""
        await self._shared.wait_idle()

    async def close(self) -> None:
        """Stops accepting and closes every connection; an answer in progress is cut, one that is written is still sent."""
        for server in self._servers:
            server.close()
        for connection in list(self._shared.connections):
            connection.close_now()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._shared.wait_gone()
        except TimeoutError:
            for connection in list(self._shared.connections):
                connection.kill()
            await self._shared.wait_gone()
        self._servers.clear()
        if self._shared in self._shared.outbox.servers:
            self._shared.outbox.servers.remove(self._shared)
