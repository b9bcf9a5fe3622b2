"""
Flows: what turns the frames of an upstream's stream into the caller's, and remembers what the meter needs.

Two kinds with one face: the relay of one dialect (dialects/<name>, bytes untouched) and the bridge of two, made of a
reader and a writer. The face is model.dialect.StreamRelay plus ``closing``.
"""

from lockgate.model.chat import Began, Ended, Finished, ReasoningDelta, StreamEvent, TextDelta, ToolCallBegan, ToolCallDelta, UsageSaid
from lockgate.model.dialect import Dialect, Stamp, StreamReader, StreamRelay, StreamWriter
from lockgate.model.faults import Fault
from lockgate.model.heard import Heard
from lockgate.model.usage import Usage

_OUTPUT = (TextDelta, ReasoningDelta, ToolCallBegan, ToolCallDelta)


class Bridge:
    """Reads one dialect's frames, writes another's."""

    __slots__ = ("content", "done", "fault", "finish_reason", "heard", "model_version", "reader", "response_id", "usage", "writer")

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.usage: Usage | None = None
        self.finish_reason = self.response_id = self.model_version = ""
        self.fault: Fault | None = None
        self.done = self.content = False
        self.heard = Heard()

    def feed(self, frame: bytes) -> bytes:
        events = self.reader.feed(frame)
        if isinstance(events, Fault):
            self.fault = events
            return b""
        out = b""
        for event in events:
            self._note(event)
            out += self.writer.feed(event)
        return out

    def _note(self, event: StreamEvent) -> None:
        if isinstance(event, _OUTPUT):
            self.content = True
            if isinstance(event, TextDelta | ReasoningDelta):
                self.heard.add(event.text)
            elif isinstance(event, ToolCallDelta):
                self.heard.add(event.arguments)
        elif isinstance(event, UsageSaid):
            self.usage = event.usage  # All usage so far: a reader has merged what it read.
        elif isinstance(event, Began):
            self.response_id, self.model_version = event.id, event.model
            if event.usage is not None:
                self.usage = event.usage
        elif isinstance(event, Finished):
            self.finish_reason = event.finish
        elif isinstance(event, Ended):
            self.done = True


def flow_of(inbound: Dialect, upstream: Dialect, stamp: Stamp, *, restamps: bool, drops_usage: bool) -> StreamRelay:
    """The flow of one stream. A bridge exists only between dialects that can read and write (the driver refused others)."""
    if inbound.name == upstream.name:
        return upstream.relay(stamp.model if restamps else None, drops_usage)
    assert upstream.reader is not None
    assert inbound.writer is not None
    return Bridge(upstream.reader(), inbound.writer(stamp))


def closing_of(flow: StreamRelay, inbound: Dialect) -> bytes:
    """The bytes that end a clean stream, when they did not already pass through."""
    if isinstance(flow, Bridge):
        return flow.writer.close()
    return b"" if flow.done else inbound.terminator


def ended_cleanly(flow: StreamRelay, marker: str) -> bool:
    """
    Whether a stream whose bytes ended is an answer or a truncation (section 1.4).

    ``marker`` is the provider key's ``stream_done_marker``: with ``required`` only the dialect's terminator counts; else a
    finish reason does too, since some providers send no terminator.
    """
    return flow.done or (marker != "required" and flow.finish_reason != "")
