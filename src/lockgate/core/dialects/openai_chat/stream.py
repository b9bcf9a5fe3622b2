"""
Streams: OpenAI's chunks to neutral events and back.

Reader: the first choice only; a bridge asks for no more. Writer: nothing but ``close`` writes ``[DONE]``, so that a stream
which ends in any other way is seen to be cut (the reference's section 1.4).
"""

import msgspec

from lockgate.core.dialects.openai_chat.answer import neutral_finish, write_usage
from lockgate.core.dialects.openai_chat.chunk import Call, Choice, failure_in, read_chunk
from lockgate.core.dialects.openai_chat.reasoning import lift_in_frame
from lockgate.core.wire.counts import Counts, counts_of, most, to_usage
from lockgate.core.wire.error_object import fault_in_stream, told_of
from lockgate.core.wire.sse import data_of
from lockgate.model.chat import (
    Began,
    Ended,
    Finished,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
    ToolCallDelta,
    UsageSaid,
)
from lockgate.model.dialect import Stamp
from lockgate.model.faults import Fault
from lockgate.model.usage import NO_USAGE, Usage

DONE = b"data: [DONE]\n\n"

_encode = msgspec.json.Encoder().encode


class Reader:
    """See model.dialect.StreamReader."""

    __slots__ = ("_began", "_calls", "_counts", "_reasoning", "_seen_calls")

    def __init__(self, reasoning: tuple[str, ...] = ()) -> None:
        """``reasoning``: where the upstream tells its reasoning, when that is lifted (see reasoning)."""
        self._reasoning = reasoning
        self._began = False
        self._calls: dict[int, tuple[int, str]] = {}
        """By the upstream's index: our index and the call's id."""
        self._seen_calls = 0
        self._counts: Counts | None = None

    def feed(self, frame: bytes) -> list[StreamEvent] | Fault:
        if self._reasoning:
            frame = lift_in_frame(frame, self._reasoning)
        data = data_of(frame)
        if data is None:
            return []
        if data == b"[DONE]":
            return [Ended()]
        chunk = read_chunk(data)
        failure = failure_in(frame, data, chunk)
        if failure is not None:
            return failure
        if chunk is None:
            return []
        events: list[StreamEvent] = []
        if not self._began:
            self._began = True
            events.append(Began(chunk.id or "", chunk.model or ""))
        said = chunk.usage if chunk.usage is not None or chunk.x_groq is None else chunk.x_groq.usage
        for choice in chunk.choices or ():
            if choice.error:
                return fault_in_stream(told_of({"error": choice.error}))
            if not choice.index:
                self._read_choice(choice, events)
                said = said or choice.usage
        counts = counts_of(said)
        if counts is not None and counts != self._counts:
            self._counts = most(self._counts, counts)
            events.append(UsageSaid(to_usage(self._counts)))
        return events

    def _read_choice(self, choice: Choice, events: list[StreamEvent]) -> None:
        delta = choice.delta
        if delta is not None:
            reasoning = delta.reasoning_content or delta.reasoning
            if reasoning:
                events.append(ReasoningDelta(reasoning))
            text = delta.content or delta.refusal
            if text:
                told = choice.logprobs
                events.append(TextDelta(text, None if bytes(told) in (b"", b"null") else told))
            for call in delta.tool_calls or ():
                self._read_call(call, events)
        if choice.finish_reason:
            events.append(Finished(neutral_finish(choice.finish_reason, self._seen_calls > 0)))

    def _read_call(self, call: Call, events: list[StreamEvent]) -> None:
        """A new index is a new call, and so is a new id under an index that some servers never change."""
        key = call.index or 0
        known = self._calls.get(key)
        function = call.function
        if known is None or (call.id and known[1] and call.id != known[1]):
            known = (self._seen_calls, call.id or f"call_{self._seen_calls}")
            self._calls[key] = known
            self._seen_calls += 1
            events.append(ToolCallBegan(known[0], known[1], (function.name if function else None) or ""))
        if function is not None and function.arguments:
            events.append(ToolCallDelta(known[0], function.arguments))


class Writer:
    """See model.dialect.StreamWriter."""

    __slots__ = ("_finish", "_head", "_stamp", "_usage")

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._head = b""
        self._finish = ""
        self._usage: Usage | None = None

    def feed(self, event: StreamEvent) -> bytes:
        if isinstance(event, TextDelta):
            return self._chunk(b'{"content":%b}' % _encode(event.text), event.logprobs)
        if isinstance(event, ToolCallDelta):
            told = _encode(event.arguments)
            return self._chunk(b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}' % (event.index, told))
        if isinstance(event, ReasoningDelta):
            return self._chunk(b'{"reasoning_content":%b}' % _encode(event.text)) if event.text else b""
        if isinstance(event, ToolCallBegan):
            self._finish = self._finish or "tool_calls"
            call = {"index": event.index, "id": event.id, "type": "function", "function": {"name": event.name, "arguments": ""}}
            return self._chunk(_encode({"tool_calls": [call]}))
        if isinstance(event, Began):
            self._usage = event.usage
            return self._begin(event.id)
        if isinstance(event, Finished):
            self._finish = event.finish or self._finish
        elif isinstance(event, UsageSaid):
            self._usage = event.usage
        return b""

    def close(self) -> bytes:
        """The finish chunk waits until here, because one must be there even when the upstream gave none."""
        begun = b"" if self._head else self._begin("")
        last = b'%b{},"finish_reason":%b}]}\n\n' % (self._head, _encode(self._finish or "stop"))
        if not self._stamp.include_usage:
            return begun + last + DONE
        at = self._head.index(b'"choices":')
        told = b'%b"choices":[],"usage":%b}\n\n' % (self._head[:at], _encode(write_usage(self._usage or NO_USAGE)))
        return begun + last + told + DONE

    def _begin(self, response_id: str) -> bytes:
        if self._head:
            return b""
        stamp = self._stamp
        head = {
            "id": response_id or stamp.response_id,
            "object": "chat.completion.chunk",
            "created": stamp.created_s,
            "model": stamp.model,
        }
        self._head = b'data: %b,"choices":[{"index":0,"delta":' % _encode(head)[:-1]
        return self._chunk(b'{"role":"assistant","content":""}')

    def _chunk(self, delta: bytes, logprobs: msgspec.Raw | None = None) -> bytes:
        begun = b"" if self._head else self._begin("")
        # Compact, because a line end inside would end the data line.
        told = b"" if logprobs is None else b',"logprobs":' + msgspec.json.format(bytes(logprobs), indent=-1)
        return b'%b%b%b%b,"finish_reason":null}]}\n\n' % (begun, self._head, delta, told)
