"""
What is to be written, gathered over one turn of the event loop and written at its end.

A write to a socket whose reader sleeps wakes it, and waking is the dearest part of a small write: on a virtual machine a third of
all that a relay costs. A loop that writes after each event wakes the same peer again and again; one that writes at the end of
the turn wakes it once. No data waits longer than the events that were ready with it.

Rule 1: everything written to a transport goes through the outbox of its loop, so that order is kept.
Rule 2: whoever closes a transport, or must know whether it is paused, flushes first.
Rule 3: above ``FULL_BYTES`` nothing more is gathered, so that back-pressure is seen in time.
Rule 4: what has nothing to be gathered with goes out at once, and a turn of the loop is saved: the writes of a single exchange,
and the first write of each millisecond, as with the sparse chunks of slow streams.
"""

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary

from lockgate.runtime.tasks import TaskFailed, places

FULL_BYTES = 16 * 1024

_SPARSE_S = 0.0005
"""Half of the millisecond in which event loops count."""

_outboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, "Outbox"] = WeakKeyDictionary()


class Busy(Protocol):
    """A server, as far as the outbox asks whether there is more than one exchange."""

    in_flight: int


class Outbox:
    """The outbox of one loop; only that loop's thread uses it. ``servers`` are those whose exchanges write to it."""

    __slots__ = ("__weakref__", "_bytes", "_call_soon", "_now", "_pending", "_report", "_wrote_at", "servers")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon
        self._now = loop.time
        self._wrote_at = 0.0
        self._report = loop.call_exception_handler
        self._pending: list[tuple[asyncio.WriteTransport, bytes]] = []
        self._bytes = 0
        self.servers: list[Busy] = []

    def write(self, transport: asyncio.WriteTransport, data: bytes) -> None:
        pending = self._pending
        if not pending:
            now = self._now()
            in_flight = 0
            for server in self.servers:
                in_flight += server.in_flight
            if in_flight == 1 or now - self._wrote_at >= _SPARSE_S:
                self._wrote_at = now
                if not transport.is_closing():
                    transport.write(data)
                return
            self._call_soon(self.flush)
        pending.append((transport, data))
        self._bytes += len(data)
        if self._bytes > FULL_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes everything now. What is meant for a transport that was closed meanwhile is dropped, as its own buffer would be."""
        pending, self._pending = self._pending, []
        self._bytes = 0
        for transport, data in pending:
            if transport.is_closing():
                continue
            try:
                transport.write(data)
            except Exception as error:  # One connection's trouble is not another's.
                self._report({"message": "a write failed", "exception": TaskFailed(places(error))})


def outbox_of(loop: asyncio.AbstractEventLoop) -> Outbox:
    """The one outbox of a loop."""
    found = _outboxes.get(loop)
    if found is None:
        found = _outboxes[loop] = Outbox(loop)
    return found
