"""
A stream in Anthropic's words passed on in Anthropic's words: every byte as it came (the reference's section 1.8).

Hence there is no restamping here; ``model`` and ``drop_usage`` of the dialect's ``relay`` mean nothing to this format.
On the way the meter learns usage, stop reason, ids and how much output passed.
"""

from lockgate.core.dialects.anthropic.event import Delta, Event, read_event
from lockgate.core.dialects.anthropic.fault import read_stream_fault
from lockgate.core.dialects.anthropic.usage import most, read_first_usage, read_usage
from lockgate.core.wire.error_object import Told, told_of
from lockgate.core.wire.sse import data_of, event_of
from lockgate.model.faults import Fault
from lockgate.model.heard import Heard
from lockgate.model.usage import Usage


class Relay:
    """See model.dialect.StreamRelay."""

    __slots__ = ("content", "done", "fault", "finish_reason", "heard", "model_version", "response_id", "usage")

    def __init__(self, model: str | None = None, drop_usage: bool = False) -> None:
        self.usage: Usage | None = None
        self.finish_reason = ""
        self.response_id = ""
        self.model_version = ""
        self.fault: Fault | None = None
        self.done = False
        self.content = False
        self.heard = Heard()

    def feed(self, frame: bytes) -> bytes:
        # The data line follows a short event line and holds the rest of the frame: the same bytes as data_of, found sooner.
        at = frame.find(b"\ndata: ", 0, 64)
        stop = len(frame) - 2
        if at > 0 and frame[:6] == b"event:" and frame.find(b"\n", at + 7) == stop and b"\r" not in frame:
            data: bytes | None = frame[at + 7 : stop]
        else:
            data = data_of(frame)
        if data is None:
            return frame
        event = read_event(data)
        if event is None:
            if event_of(frame) == b"error":
                self.fault = read_stream_fault(Told())
                return b""
            return frame
        kind = event.type
        if kind == "content_block_delta":
            if event.delta is not None:
                self._see_output(event.delta)
        elif kind == "message_stop":
            self.done = True
        elif event.error or kind == "error":
            self.fault = read_stream_fault(told_of({"error": event.error}))
            return b""
        else:
            self._see(event)
        return frame

    def _see_output(self, delta: Delta) -> None:
        text = delta.text or delta.partial_json or delta.thinking
        if text:
            self.content = True
            self.heard.add(text)

    def _see(self, event: Event) -> None:
        if event.message is not None:
            self.response_id = event.message.id or ""
            self.model_version = event.message.model or ""
            self._see_usage(read_first_usage(event.message.usage))
        elif event.content_block is not None and event.content_block.name:
            self.content = True
            self.heard.add(event.content_block.name)
        if event.delta is not None and event.delta.stop_reason:
            self.finish_reason = event.delta.stop_reason
        self._see_usage(read_usage(event.usage))

    def _see_usage(self, usage: Usage | None) -> None:
        if usage is not None:
            self.usage = most(self.usage, usage)
