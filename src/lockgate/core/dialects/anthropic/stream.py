"""
Streams: Anthropic's events to neutral events and back.

The writer's events: message_start, then per block content_block_start, content_block_delta..., content_block_stop, and
from ``close`` message_delta and message_stop. The message_delta waits for the end because usage may come after the finish
reason; an upstream that gives neither still gets a stream that closes properly (the reference's section 1.8).
"""

import msgspec

from lockgate.core.dialects.anthropic.answer import neutral_finish, stop_reason
from lockgate.core.dialects.anthropic.event import Block, Delta, Event, read_event
from lockgate.core.dialects.anthropic.fault import read_stream_fault
from lockgate.core.dialects.anthropic.usage import most, read_first_usage, read_usage, write_usage
from lockgate.core.wire.error_object import Told, told_of
from lockgate.core.wire.sse import data_of, event_of
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

_encode = msgspec.json.Encoder().encode


class Reader:
    """See model.dialect.StreamReader."""

    __slots__ = ("_call", "_calls", "_silent", "_usage")

    def __init__(self) -> None:
        self._calls = 0
        self._call = -1
        """Our index of the call whose block is open; -1 when another block is."""
        self._silent = False
        """The open call has not said any arguments."""
        self._usage: Usage | None = None

    def feed(self, frame: bytes) -> list[StreamEvent] | Fault:
        data = data_of(frame)
        if data is None:
            return []
        event = read_event(data)
        if event is None:
            return read_stream_fault(Told()) if event_of(frame) == b"error" else []
        kind = event.type
        if kind == "content_block_delta":
            return [] if event.delta is None else self._read_delta(event.delta)
        if kind == "content_block_start":
            return [] if event.content_block is None else self._read_block(event.content_block)
        if kind == "content_block_stop":
            return self._read_stop()
        if kind == "message_start":
            return self._read_start(event)
        if kind == "message_delta":
            return self._read_end(event)
        if kind == "message_stop":
            return [Ended()]
        if kind == "error" or event.error:
            return read_stream_fault(told_of({"error": event.error}))
        return []

    def _read_start(self, event: Event) -> list[StreamEvent]:
        message = event.message
        if message is None:
            return []
        self._usage = read_first_usage(message.usage)
        return [Began(message.id or "", message.model or "", self._usage)]

    def _read_block(self, block: Block) -> list[StreamEvent]:
        self._call = -1
        if block.type == "tool_use":
            self._call, self._silent = self._calls, True
            self._calls += 1
            events: list[StreamEvent] = [ToolCallBegan(self._call, block.id or "", block.name or "")]
            if bytes(block.input) not in (b"", b"{}", b"null", b'""'):
                self._silent = False
                events.append(ToolCallDelta(self._call, msgspec.json.format(bytes(block.input), indent=-1).decode()))
            return events
        if block.type == "text" and block.text:
            return [TextDelta(block.text)]
        if block.type == "thinking" and block.thinking:
            return [ReasoningDelta(block.thinking)]
        return []

    def _read_delta(self, delta: Delta) -> list[StreamEvent]:
        if delta.text:
            return [TextDelta(delta.text)]
        if delta.partial_json and self._call >= 0:
            self._silent = False
            return [ToolCallDelta(self._call, delta.partial_json)]
        if delta.thinking or delta.signature:
            return [ReasoningDelta(delta.thinking or "", delta.signature or "")]
        return []

    def _read_stop(self) -> list[StreamEvent]:
        """A call without arguments sends none at all here, but elsewhere it is an empty object."""
        call, self._call = self._call, -1
        return [ToolCallDelta(call, "{}")] if call >= 0 and self._silent else []

    def _read_end(self, event: Event) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if event.delta is not None and event.delta.stop_reason:
            events.append(Finished(neutral_finish(event.delta.stop_reason), event.delta.stop_sequence or ""))
        usage = read_usage(event.usage)
        if usage is not None:
            self._usage = most(self._usage, usage)
            events.append(UsageSaid(self._usage))
        return events


class Writer:
    """See model.dialect.StreamWriter."""

    __slots__ = ("_began", "_block", "_blocks", "_call_blocks", "_finished", "_signature", "_stamp", "_usage")

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._began = False
        self._block = ""
        """Kind of the open block: text, thinking, tool_use; empty when none is open."""
        self._blocks = 0
        self._call_blocks: dict[int, int] = {}
        self._signature = ""
        self._finished = Finished("")
        self._usage: Usage | None = None

    def feed(self, event: StreamEvent) -> bytes:
        if isinstance(event, TextDelta):
            return self._text(event.text)
        if isinstance(event, ToolCallDelta):
            return self._arguments(event)
        if isinstance(event, ReasoningDelta):
            return self._reasoning(event)
        if isinstance(event, ToolCallBegan):
            self._call_blocks[event.index] = self._blocks
            if not self._finished.finish:
                self._finished = Finished("tool_calls")
            return self._open("tool_use", _encode({"type": "tool_use", "id": event.id, "name": event.name, "input": {}}))
        if isinstance(event, Began):
            return self._begin(event.id, event.usage)
        if isinstance(event, Finished):
            self._finished = event if event.finish else self._finished
        elif isinstance(event, UsageSaid):
            self._usage = event.usage
        return b""

    def close(self) -> bytes:
        begun = self._begin("", None)
        end = self._finished
        reason = {"stop_reason": stop_reason(end.finish, end.stop_sequence), "stop_sequence": end.stop_sequence or None}
        usage = {"output_tokens": 0} if self._usage is None else write_usage(self._usage)
        said = _encode({"type": "message_delta", "delta": reason, "usage": usage})
        stop = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
        return begun + self._shut() + b"event: message_delta\ndata: %b\n\n" % said + stop

    def _begin(self, response_id: str, usage: Usage | None) -> bytes:
        if self._began:
            return b""
        self._began = True
        self._usage = usage
        message: dict[str, object] = {
            "id": response_id or self._stamp.response_id,
            "type": "message",
            "role": "assistant",
            "model": self._stamp.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": write_usage(usage or NO_USAGE),
        }
        return b"event: message_start\ndata: %b\n\n" % _encode({"type": "message_start", "message": message})

    def _open(self, kind: str, block: bytes) -> bytes:
        """Start a block, after what has to come before it."""
        before = (b"" if self._began else self._begin("", None)) + self._shut()
        self._block = kind
        self._blocks += 1
        said = b'{"type":"content_block_start","index":%d,"content_block":%b}' % (self._blocks - 1, block)
        return before + b"event: content_block_start\ndata: %b\n\n" % said

    def _shut(self) -> bytes:
        """Stop the open block. A thinking block ends with its signature."""
        if not self._block:
            return b""
        index = self._blocks - 1
        signed = b""
        if self._block == "thinking" and self._signature:
            signed = _delta(index, b'{"type":"signature_delta","signature":%b}' % _encode(self._signature))
            self._signature = ""
        self._block = ""
        return signed + b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % index

    def _text(self, text: str) -> bytes:
        opened = b"" if self._block == "text" else self._open("text", b'{"type":"text","text":""}')
        return opened + _delta(self._blocks - 1, b'{"type":"text_delta","text":%b}' % _encode(text))

    def _reasoning(self, event: ReasoningDelta) -> bytes:
        opened = b""
        if self._block != "thinking":
            opened = self._open("thinking", b'{"type":"thinking","thinking":"","signature":""}')
        self._signature += event.signature
        if not event.text:
            return opened
        return opened + _delta(self._blocks - 1, b'{"type":"thinking_delta","thinking":%b}' % _encode(event.text))

    def _arguments(self, event: ToolCallDelta) -> bytes:
        """To the block of its own call, also when another has begun since."""
        index = self._call_blocks.get(event.index)
        if index is None:
            return b""
        return _delta(index, b'{"type":"input_json_delta","partial_json":%b}' % _encode(event.arguments))


def _delta(index: int, delta: bytes) -> bytes:
    return b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":%b}\n\n' % (index, delta)
