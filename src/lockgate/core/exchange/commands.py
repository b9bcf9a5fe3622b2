"""What to do: the only way the exchange reaches the world. Executed in place, in order. Counterpart: events."""

from enum import IntEnum, auto


class Command(IntEnum):
    HOLD = 0
    """Hold limits and budget for the worst case; answer ADMITTED or REFUSED."""
    DIAL = auto()
    """Write the intent, send the request to the next target; answer UPSTREAM_HEAD or UPSTREAM_FAILED."""
    SEND_HEAD = auto()
    """Show the caller a success: from here on no other target is dialled."""
    SEND_DATA = auto()
    SEND_BEAT = auto()
    """A comment that keeps a silent stream alive."""
    FINISH = auto()
    """Complete the caller's answer: the whole of it, or the end of a stream."""
    SEND_FAULT = auto()
    """An error answer, or the error frame of a stream that already began."""
    ABORT = auto()
    """Drop the upstream connection."""
    RECORD = auto()
    """Write the settlement of the attempt. Exactly one per DIAL."""
    SETTLE = auto()
    """Turn the hold into what was used. Exactly one per ADMITTED."""
    OBSERVE = auto()
    """One access line, one metric observation. Exactly one per exchange."""
