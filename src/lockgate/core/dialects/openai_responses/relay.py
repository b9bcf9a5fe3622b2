"""
A stream of the Responses API passed on as it came (the reference's section 1.10); usage comes with its last event.

Hence there is no restamping here; ``model`` and ``drop_usage`` of the dialect's ``relay`` mean nothing to this format.
"""

from typing import Any

import msgspec

from lockgate.core.dialects.openai_responses.observe import Response, seen_in
from lockgate.core.wire.error_object import Told, fault_in_stream, told_of
from lockgate.core.wire.sse import data_of, event_of
from lockgate.core.wire.unshown import Unshown
from lockgate.model.faults import Fault
from lockgate.model.heard import Heard
from lockgate.model.usage import Usage

_LAST = ("response.completed", "response.incomplete", "response.failed")


class _Event(Unshown):
    type: Any = None
    delta: Any = None
    response: Response | None = None
    error: Any = None
    code: Any = None
    message: Any = None
    param: Any = None


_decode = msgspec.json.Decoder(_Event).decode


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
        data = data_of(frame)
        if data is None:
            return frame
        try:
            event = _decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return frame if event_of(frame) != b"error" else self._fail(Told())
        delta = event.delta
        if delta is not None:
            if isinstance(delta, str) and delta:
                self.content = True
                self.heard.add(delta)
        elif event.response is not None:
            self._see(event.response, event.type in _LAST)
        elif event.type == "error" or event.error:
            said = event.error or {"code": event.code, "message": event.message, "param": event.param}
            return self._fail(told_of({"error": said}))
        return frame

    def _see(self, response: Response, last: bool) -> None:
        seen = seen_in(response)
        self.response_id = self.response_id or seen.response_id
        self.model_version = seen.model_version or self.model_version
        if seen.usage is not None:
            self.usage = seen.usage
        if last:
            self.done = True
            self.finish_reason = seen.finish_reason

    def _fail(self, told: Told) -> bytes:
        self.fault = fault_in_stream(told)
        return b""
