"""
The sending half of a caller's connection: back-pressure, the caller who does not read, refusals and closing.

What is written waits in the transport. Above its high mark (64 KiB) the answer in progress is told to pause; with what the kernel
keeps unsent (TCP_NOTSENT_LOWAT) and one read of the other side that is what a stalled reader costs. A caller who takes nothing
at all for ``write_timeout_s`` is gone; one who is merely slow is not.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from time import time

from lockgate.model.faults import Fault
from lockgate.runtime.http1.reply import Reply, status_line
from lockgate.runtime.http1.request import Request
from lockgate.runtime.http1.shared import Shared, Timed

_RESET = struct.pack("ii", 1, 0)


class Outlet(asyncio.Protocol):
    """The base of ``CallerConnection``, which says what it means that the caller is gone."""

    _transport: asyncio.Transport
    write: Callable[[bytes], None]

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._reply: Reply | None = None
        self._unsent_bytes = 0
        self.paused = False

    def pause_writing(self) -> None:
        self.paused = True
        self._watch(self._unsent())
        reply = self._reply
        if reply is not None and not reply.done:
            reply.paused = True
            if reply.listener is not None:
                reply.listener.caller_paused()

    def resume_writing(self) -> None:
        self.paused = False
        self._shared.writes.disarm(self._timed())
        reply = self._reply
        if reply is not None and not reply.done:
            reply.paused = False
            if reply.listener is not None:
                reply.listener.caller_resumed()

    def write_expired(self) -> None:
        unsent_bytes = self._unsent()
        if 0 < unsent_bytes < self._unsent_bytes:  # slow, but reading
            self._watch(unsent_bytes)
        else:
            self._timed().kill()

    def _watch(self, unsent_bytes: int) -> None:
        self._unsent_bytes = unsent_bytes
        self._shared.writes.arm(self._timed())

    def _unsent(self) -> int:
        try:
            return self._transport.get_write_buffer_size()
        except AttributeError:  # asyncio's own TLS transport forgets its buffer when it is closed
            return 0

    def _timed(self) -> Timed:
        raise NotImplementedError

    def _write_refusal(self, refused: Fault, request: Request | None) -> None:
        """What the server itself refuses is answered in the handler's words; an answer that was due is no more."""
        shared, reply = self._shared, self._reply
        if reply is not None and not reply.done:
            reply.done = True
            shared.settled()
        try:
            headers, body = shared.handler.refuse(refused, request)
        except Exception as error:
            shared.report("the refusal could not be rendered", error)
            headers = body = b""
        shown = b"" if request is not None and request.method == b"HEAD" else body
        head = b"%b%b%bconnection: close\r\ncontent-length: %d\r\n\r\n%b"
        self.write(head % (status_line(refused.status), headers, shared.renew_date(int(time())), len(body), shown))

    def _close(self) -> None:
        """Closes when what was written is sent; gives up on that when nothing moves."""
        self._shared.outbox.flush()
        unsent_bytes = self._unsent()
        self._transport.close()
        if unsent_bytes:
            self._watch(unsent_bytes)

    def _reset(self) -> None:
        """Cuts so that the caller cannot take what it has for the whole: a close-delimited answer has no other sign."""
        self._shared.outbox.flush()
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()
