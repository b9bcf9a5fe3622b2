"""What happened: the only way facts enter the exchange. Payloads (bytes, statuses) stay with the driver. Counterpart: commands."""

from enum import IntEnum, auto


class Event(IntEnum):
    ARRIVED = 0
    """The request is read, its model is known and allowed."""
    ADMITTED = auto()
    """The hold was granted."""
    REFUSED = auto()
    """Any refusal before dialling: a bad body, an unknown model, no budget."""
    UPSTREAM_HEAD = auto()
    """A success head. An error answer is UPSTREAM_FAILED, once its body is read."""
    UPSTREAM_CHUNK = auto()
    """There are bytes of a stream for the caller."""
    UPSTREAM_END = auto()
    """The answer is complete and good."""
    UPSTREAM_FAILED = auto()
    """Anything else an upstream can do; comes with a fault."""
    CALLER_GONE = auto()
    TIMED_OUT = auto()
    """The upstream took too long; comes with a fault."""
    SILENCE = auto()
    """A stream that the upstream accepted has been silent for a while."""
