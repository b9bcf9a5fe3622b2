"""What the HTTP/1.1 server accepts, and for how long it waits. A duration of 0 is no limit; so is ``body_bytes`` 0."""

import msgspec

DRAIN_BYTES = 32 * 1024 * 1024
"""How much of a body that will not be used is read, so that the caller can read the answer before the connection closes."""

AHEAD_BYTES = 64 * 1024
"""How much of later, pipelined requests is kept while an exchange is in progress; beyond it reading stops."""

UNSENT_BYTES = 64 * 1024
"""How much the kernel keeps unsent per connection (TCP_NOTSENT_LOWAT); with the transport's 64 KiB the cost of a stalled reader."""


class Limits(msgspec.Struct, frozen=True):
    """
    ``body_timeout_s`` is the longest gap between two pieces of a body, ``write_timeout_s`` the longest time in which a caller takes
    nothing, ``drain_timeout_s`` how long a body that will not be used is read away; the others are totals.
    """

    line_bytes: int = 16_384
    headers_bytes: int = 65_536
    headers_count: int = 256
    body_bytes: int = 0
    header_timeout_s: float = 30.0
    body_timeout_s: float = 60.0
    idle_timeout_s: float = 0.0
    write_timeout_s: float = 60.0
    drain_timeout_s: float = 5.0
