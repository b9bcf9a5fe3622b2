"""
One connection to an origin: resolve and check, connect to the checked address, TLS.

Addresses are tried in order; when one has not answered within a quarter of a second the next is tried beside it, and the first to
connect wins (a plain form of RFC 8305). No proxy is taken from the environment. Every failure is a fault with a short reason
that holds nothing the other side sent.
"""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from lockgate.model.faults import Fault, fault
from lockgate.runtime.address import AddressRefused, Allowed, SocketAddress, resolve
from lockgate.runtime.tasks import spawn

P = TypeVar("P", bound=asyncio.BaseProtocol)

_STAGGER_S = 0.25


class Keepalive(msgspec.Struct, frozen=True):
    """TCP keep-alive: after so long idle, probe so often, so many times."""

    idle_s: int = 60
    interval_s: int = 30
    probes: int = 5


class DialFailed(Exception):
    """Carries the fault."""

    def __init__(self, failed: Fault) -> None:
        super().__init__(failed.kind)
        self.fault = failed


def server_name(host: str) -> str:
    """The name that a certificate must carry, and that SNI sends."""
    return host.strip("[]").removesuffix(".")


async def dial(
    make: Callable[[], P], host: str, port: int, tls: ssl.SSLContext | None, allowed: Allowed, keepalive: Keepalive, timeout_s: float
) -> P:
    """A connected protocol. ``timeout_s`` covers name, TCP and TLS together; 0 is no limit. Raises DialFailed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s if timeout_s > 0 else None):
            addresses = await resolve(loop, host, port, allowed)
            sock = await _connect_first(loop, addresses, keepalive)
            inode = os.fstat(sock.fileno()).st_ino
            try:
                name = server_name(host) if tls is not None else None
                _, protocol = await loop.create_connection(make, sock=sock, ssl=tls, server_hostname=name)
            except BaseException:
                _let_go(sock, inode)
                raise
            return protocol
    except TimeoutError:
        raise DialFailed(fault("upstream_timeout")) from None
    except AddressRefused as error:
        raise DialFailed(fault("transport_error", reason=str(error))) from None
    except (OSError, ssl.SSLError, UnicodeError) as error:
        raise DialFailed(fault("transport_error", reason=_reason(error))) from None


def _let_go(sock: socket.socket, inode: int) -> None:
    """
    Closes a socket that a loop may have closed already, behind the back of its object (uvloop does): its number could by now be
    another file's, opened by a resolver's thread.
    """
    try:
        ours = os.fstat(sock.fileno()).st_ino == inode
    except OSError:
        ours = False
    if ours:
        sock.close()
    else:
        sock.detach()


async def _connect_first(loop: asyncio.AbstractEventLoop, addresses: Sequence[SocketAddress], keepalive: Keepalive) -> socket.socket:
    if len(addresses) == 1:
        return await _connect(loop, addresses[0], keepalive)
    waiting = list(addresses)
    running: set[asyncio.Task[socket.socket | OSError]] = set()
    connected: list[socket.socket] = []
    failed = OSError()
    try:
        while not connected and (waiting or running):
            if waiting:
                running.add(spawn(_attempt(loop, waiting.pop(0), keepalive), name="dial one address"))
            done, running = await asyncio.wait(running, timeout=_STAGGER_S if waiting else None, return_when=asyncio.FIRST_COMPLETED)
            for outcome in (task.result() for task in done):
                if isinstance(outcome, OSError):
                    failed = outcome
                else:
                    connected.append(outcome)
        if not connected:
            raise failed
        return connected.pop(0)
    finally:
        for task in running:
            if not task.cancel() and isinstance(sock := task.result(), socket.socket):  # it was done already
                sock.close()
        for sock in connected:
            sock.close()


async def _attempt(loop: asyncio.AbstractEventLoop, address: SocketAddress, keepalive: Keepalive) -> socket.socket | OSError:
    try:
        return await _connect(loop, address, keepalive)
    except OSError as error:
        return error


async def _connect(loop: asyncio.AbstractEventLoop, address: SocketAddress, keepalive: Keepalive) -> socket.socket:
    family, where = address
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(sock, keepalive)
        await loop.sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


def _keep_alive(sock: socket.socket, keepalive: Keepalive) -> None:
    if keepalive.idle_s <= 0:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with contextlib.suppress(OSError, AttributeError):  # the three names differ between systems
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keepalive.idle_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, keepalive.interval_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, keepalive.probes)


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate cannot be verified"
    if isinstance(error, ssl.SSLError):
        return "the TLS handshake failed"
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return "its name cannot be resolved"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionError):
        return "the connection was reset"
    return "the connection failed"
