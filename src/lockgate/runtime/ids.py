"""
Ids: request ids (UUIDv4 text) and record ids (16 bytes, ordered by time).

Randomness is drawn from the kernel a page at a time, which is what makes an id cost half a microsecond. A fork empties the
child's pool, so that two processes never hand out the same bytes. One thread (the event loop's) may call these functions;
other threads make their own ``Ids``.
"""

import os
import time
from binascii import hexlify
from collections.abc import Callable

_POOL_BYTES = 4096
_LAST_COUNT = 0x3FFF_FFFF_FFFF_FFFF  # 62 bits below the version and variant marks of RFC 9562


class Ids:
    """A maker of ids over a source of random bytes; ``random`` and ``now_ns`` are arguments so that tests can name them."""

    __slots__ = ("__weakref__", "_at", "_count", "_last_ms", "_now_ns", "_pool", "_random")

    def __init__(self, random: Callable[[int], bytes] = os.urandom, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._random = random
        self._now_ns = now_ns
        self._pool = ""
        self._at = _POOL_BYTES * 2
        self._last_ms = 0
        self._count = 0

    def forget(self) -> None:
        """Drops everything drawn ahead; called in a forked child."""
        self._pool = ""
        self._at = _POOL_BYTES * 2
        self._last_ms = 0

    def _drawn(self, digits: int) -> str:
        """So many random hexadecimal digits."""
        at = self._at
        end = at + digits
        if end > _POOL_BYTES * 2:
            self._pool = hexlify(self._random(_POOL_BYTES)).decode()
            at, end = 0, digits
        self._at = end
        return self._pool[at:end]

    def request_id(self) -> str:
        """A UUIDv4 in its usual text form: 122 random bits."""
        h = self._drawn(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:]}"

    def record_id(self) -> bytes:
        """
        A UUIDv7 as 16 bytes (RFC 9562, 5.7): milliseconds, then 74 bits that start at random and are counted up within one
        millisecond, so ids of one process grow strictly, also when the wall clock stands still or is set back.
        """
        ms = self._now_ns() // 1_000_000
        if ms > self._last_ms:
            self._last_ms = ms
            # The top bit stays clear: that many ids fit into one millisecond before the counter would run over.
            self._count = int(self._drawn(20), 16) & ((1 << 73) - 1)
        else:
            ms = self._last_ms
            self._count += 1
        count = self._count
        return (ms << 80 | 0x7 << 76 | (count >> 62) << 64 | 0b10 << 62 | (count & _LAST_COUNT)).to_bytes(16, "big")


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}

_process = Ids()
os.register_at_fork(after_in_child=_process.forget)

request_id = _process.request_id
record_id = _process.record_id
