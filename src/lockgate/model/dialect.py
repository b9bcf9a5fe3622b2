"""
A dialect as a value: the functions that read and write one wire format. Its counterparts are core/dialects/<name>/.

There is a reader and a writer per dialect and no translator per pair: whatever is bridged goes through the neutral
words of model/chat.py. Readers answer with a value or a Fault, never an exception.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from lockgate.model.chat import ChatAnswer, ChatRequest, StreamEvent
from lockgate.model.faults import Fault
from lockgate.model.heard import Heard
from lockgate.model.operations import DialectName, Operation
from lockgate.model.usage import Usage


class Ask(msgspec.Struct, frozen=True):
    """What routing, limits and metering must know of a request; the rest of the body stays bytes."""

    model: str
    stream: bool = False
    max_output: int | None = None
    """Output tokens the caller allows, all choices together; None when the caller set no bound."""
    wants_usage: bool = False
    """The caller asked for usage in the stream."""
    sets_stream_options: bool = False


class Seen(msgspec.Struct, frozen=True):
    """What one whole answer, or one frame of a stream, tells the meter. None and "" mean: not said here."""

    usage: Usage | None = None
    finish_reason: str = ""
    response_id: str = ""
    model_version: str = ""


class Stamp(msgspec.Struct, frozen=True):
    """What an answer written by us carries: the name the caller used, an id and a time for dialects that lack them."""

    model: str
    response_id: str
    created_s: int
    include_usage: bool = False
    """Write the usage into the stream (the caller asked, or the dialect always has it)."""


class StreamReader(Protocol):
    """Frames of one stream to neutral events. A Fault is an error the upstream sent inside its stream."""

    def feed(self, frame: bytes) -> "list[StreamEvent] | Fault": ...


class StreamWriter(Protocol):
    """Neutral events to bytes of one stream. ``close`` ends a clean stream, and only a clean one."""

    def feed(self, event: StreamEvent) -> bytes: ...

    def close(self) -> bytes: ...


class StreamRelay(Protocol):
    """Frames of one stream to the same dialect: bytes untouched but for ``model`` and what the caller did not ask for."""

    usage: Usage | None
    """Field-wise maximum over the frames so far; None when none told."""
    finish_reason: str
    response_id: str
    model_version: str
    fault: Fault | None
    """Set when the upstream sent an error inside its stream; ``feed`` then returned nothing."""
    done: bool
    """The dialect's own terminator (or final event) was seen."""
    content: bool
    """At least one frame that carries output was seen."""

    @property
    def heard(self) -> Heard:
        """The output so far: what is counted when no usage comes."""

    def feed(self, frame: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    One wire format. ``peek`` validates as far as it reads: any 400 a caller deserves comes from there, naming the field.

    ``frame`` is always one complete SSE frame, raw, with its terminating blank line, as wire/sse splits them.
    """

    name: DialectName
    peek: Mapping[Operation, Callable[[bytes], Ask | Fault]]
    read_request: Callable[[bytes], ChatRequest | Fault] | None
    write_request: Callable[[ChatRequest, str], bytes] | None
    """(request, upstream model name) -> body."""
    read_answer: Callable[[bytes], ChatAnswer | Fault] | None
    write_answer: Callable[[ChatAnswer, Stamp], bytes] | None
    reader: Callable[[], StreamReader] | None
    writer: Callable[[Stamp], StreamWriter] | None
    relay: Callable[[str | None, bool], StreamRelay]
    """(model name to restamp or None, drop the usage-only frame) -> relay."""
    observe: Callable[[bytes], Seen | Fault]
    """A whole 2xx answer. A Fault when the body is no answer of this dialect (not JSON, not an object, an error object)."""
    ask_usage: Callable[[bytes], bytes] | None
    """Add to a streaming request what makes the upstream report usage; None where it always does."""
    read_fault: Callable[[int, bytes], Fault]
    """(status, at most 64 KiB of body) -> the fault to show (the table for upstream errors in the reference)."""
    write_fault: Callable[[Fault], bytes]
    """The whole body of an error answer."""
    write_stream_fault: Callable[[Fault], bytes]
    """The frame(s) that end a stream which already began; empty where the dialect has none."""
    terminator: bytes = b""
    """The frame that ends a clean stream in this dialect, where it has one of its own (OpenAI's ``[DONE]``)."""
