"""
A stream in OpenAI's words passed on in OpenAI's words: chat chunks and legacy completion chunks.

Frames stay as they are but for the top-level ``model``, and but for the frame that holds nothing but usage, which goes
when the caller did not ask for it. On the way the meter learns usage, finish reason, ids and how much output passed.
"""

import msgspec

from lockgate.core.dialects.openai_chat.chunk import Choice, failure_in, read_chunk
from lockgate.core.dialects.openai_chat.reasoning import lift_in_frame
from lockgate.core.wire import json_splice
from lockgate.core.wire.counts import Counts, Said, counts_of, most, to_usage
from lockgate.core.wire.error_object import fault_in_stream, told_of
from lockgate.core.wire.sse import data_of
from lockgate.model.faults import Fault, fault
from lockgate.model.heard import Heard
from lockgate.model.usage import Usage

_DONE = b"[DONE]"
_encode = msgspec.json.Encoder().encode


class Relay:
    """See model.dialect.StreamRelay."""

    __slots__ = (
        "_counts",
        "_drops_usage",
        "_model",
        "_new",
        "_old",
        "_reasoning",
        "content",
        "done",
        "fault",
        "finish_reason",
        "heard",
        "model_version",
        "response_id",
        "usage",
    )  # fmt: skip

    def __init__(self, model: str | None, drop_usage: bool, reasoning: tuple[str, ...] = ()) -> None:
        """``reasoning``: where the upstream tells its reasoning, when that is lifted (see reasoning)."""
        self._model = None if model is None else _encode(model)
        self._drops_usage = drop_usage
        self._reasoning = reasoning
        self._old = self._new = b""
        self._counts: Counts | None = None
        self.usage: Usage | None = None
        self.finish_reason = ""
        self.response_id = ""
        self.model_version = ""
        self.fault: Fault | None = None
        self.done = False
        self.content = False
        self.heard = Heard()

    def feed(self, frame: bytes) -> bytes:
        if self._reasoning:
            frame = lift_in_frame(frame, self._reasoning)
        data = data_of(frame)
        if data is None:
            return frame
        if data == _DONE:
            self.done = True
            return frame
        chunk = read_chunk(data)
        if chunk is None or chunk.error or frame[:5] != b"data:":
            self.fault = failure_in(frame, data, chunk)
            if self.fault is not None:
                return b""
            if chunk is None:
                return frame
        choices = chunk.choices
        if choices:
            self._see_output(choices)
            if self.fault is not None:
                return b""
        if chunk.usage is not None and self._see_usage(chunk.usage) and not choices and self._drops_usage:
            return b""
        if chunk.x_groq is not None and chunk.x_groq.usage is not None:
            self._see_usage(chunk.x_groq.usage)
        if not self.response_id and chunk.id:
            self.response_id = chunk.id
        if not self.model_version and chunk.model:
            self.model_version = chunk.model
        if self._model is None:
            return frame
        if self._old and frame.startswith(self._old):
            return self._new + frame[len(self._old) :]
        return self._restamp(frame, data, chunk.model is not None)

    def _see_output(self, choices: list[Choice]) -> None:
        heard = self.heard
        before = heard.byte_count
        for choice in choices:
            delta = choice.delta
            if delta is not None:
                if delta.content:
                    heard.add(delta.content)
                if delta.reasoning_content or delta.reasoning or delta.refusal:
                    heard.add(delta.reasoning_content or delta.reasoning or delta.refusal or "")
                if delta.tool_calls:
                    for call in delta.tool_calls:
                        if call.function is not None:
                            heard.add(call.function.name or "")
                            heard.add(call.function.arguments or "")
            elif choice.text:
                heard.add(choice.text)
            if choice.finish_reason:
                self.finish_reason = choice.finish_reason
            if choice.usage is not None:
                self._see_usage(choice.usage)
            if choice.error:
                self.fault = fault_in_stream(told_of({"error": choice.error}))
        if heard.byte_count > before:
            self.content = True

    def _see_usage(self, said: Said) -> bool:
        counts = counts_of(said)
        if counts is None:
            return False
        if counts != self._counts:
            self._counts = most(self._counts, counts)
            self.usage = to_usage(self._counts)
        return True

    def _restamp(self, frame: bytes, data: bytes, named: bool) -> bytes:
        """``named``: the chunk is known to have the member. One that has none gets it, since every chunk names the model."""
        model = self._model
        assert model is not None
        try:
            start, stop = json_splice.place(data, "model") if named else json_splice.spans(data).get("model", (0, 0))
        except json_splice.DuplicateMember:
            self.fault = fault("upstream_decode_error", reason="a chunk has two members of the same name")
            return b""
        except UnicodeDecodeError:
            self.fault = fault("upstream_decode_error", reason="a chunk is not valid UTF-8")
            return b""
        changed = data[:start] + model + data[stop:] if stop else json_splice.add(data, b'"model":' + model)
        at = frame.find(data)
        if at < 0:
            return _rewrite(frame, changed)
        if stop and b'"choices"' not in data[:start]:
            # Chunks of one stream begin alike, and what precedes the choices holds no content: next time, one comparison.
            self._old = frame[: at + stop]
            self._new = frame[:at] + data[:start] + model
        return frame[:at] + changed + frame[at + len(data) :]


def _rewrite(frame: bytes, data: bytes) -> bytes:
    """The frame with other data, for data that came on several lines."""
    others = [line for line in frame.splitlines() if line and line[:4] != b"data"]
    lines = [b"data: " + line for line in data.split(b"\n")]
    return b"\n".join([*others, *lines]) + b"\n\n"
