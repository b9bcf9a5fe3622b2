"""Flows: frames in, the caller's bytes out, and what the meter is told."""

from lockgate.core.dialects import anthropic, openai_chat, openai_responses
from lockgate.core.exchange.flow import Bridge, closing_of, ended_cleanly, flow_of
from lockgate.model.content import Purpose
from lockgate.model.dialect import Dialect, Stamp, StreamRelay

CHAT, MESSAGES, RESPONSES = openai_chat.DIALECT, anthropic.DIALECT, openai_responses.DIALECT
STAMP = Stamp("alias", "r-1", 7)
TEXT = 'data: {"id":"c1","model":"up","choices":[{"index":0,"delta":{"content":"hé"}}]}\n\n'.encode()
CALL = b'data: {"id":"c1","model":"up","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]}}]}\n\n'
FINISH = b'data: {"id":"c1","model":"up","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"id":"c1","model":"up","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"
ERROR = b'data: {"error":{"message":"no luck"}}\n\n'


def flow(inbound: Dialect, upstream: Dialect, *, restamps: bool = True, drops_usage: bool = True) -> StreamRelay:
    return flow_of(inbound, upstream, STAMP, restamps=restamps, drops_usage=drops_usage)


def heard(made: StreamRelay) -> str:
    text, _ = made.heard.open(Purpose.METER)
    return text


def test_one_dialect_is_relayed_and_restamped_where_the_endpoint_says_so() -> None:
    assert flow(CHAT, CHAT).feed(TEXT) == TEXT.replace(b'"up"', b'"alias"')
    assert flow(CHAT, CHAT, restamps=False).feed(TEXT) == TEXT
    assert flow(CHAT, CHAT).feed(USAGE) == b""
    assert flow(CHAT, CHAT, drops_usage=False).feed(USAGE) != b""


def test_a_dialect_that_lifts_reasoning_is_still_the_caller_s_own() -> None:
    lifted = flow(CHAT, openai_chat.lifting(("reasoning",))).feed(TEXT.replace(b'"content"', b'"reasoning"'))
    assert b'"reasoning_content"' in lifted


def test_two_dialects_are_bridged() -> None:
    made = flow(MESSAGES, CHAT)
    assert isinstance(made, Bridge)
    out = made.feed(TEXT)
    assert out.startswith(b"event: message_start\n")
    assert "hé".encode() in out
    assert (made.response_id, made.model_version, made.content, heard(made)) == ("c1", "up", True, "hé")


def test_a_bridge_tells_what_the_meter_needs() -> None:
    made = flow(MESSAGES, CHAT)
    for frame in (TEXT, CALL, FINISH, USAGE):
        made.feed(frame)
    assert made.usage is not None
    assert (made.usage.prompt, made.usage.output, made.finish_reason, made.done) == (3, 2, "tool_calls", False), "a call explains the end"
    assert heard(made) == "hé{}"
    made.feed(DONE)
    assert made.done


def test_a_bridge_takes_usage_from_the_beginning_of_a_stream() -> None:
    made = flow(CHAT, MESSAGES)
    made.feed(b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"up","usage":{"input_tokens":4}}}\n\n')
    assert made.usage is not None
    assert (made.usage.prompt, made.response_id) == (4, "m")
    made.feed(
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f"}}\n\n'
    )
    assert made.content


def test_an_error_in_a_stream_is_a_fault_and_no_bytes() -> None:
    for inbound in (CHAT, MESSAGES):
        made = flow(inbound, CHAT)
        assert made.feed(ERROR) == b""
        assert made.fault is not None
        assert made.fault.kind == "stream_error"


def test_a_stream_is_closed_with_what_did_not_pass_through() -> None:
    relay = flow(CHAT, CHAT)
    relay.feed(FINISH)
    assert closing_of(relay, CHAT) == DONE
    relay.feed(DONE)
    assert closing_of(relay, CHAT) == b""
    bridge = flow(MESSAGES, CHAT)
    bridge.feed(FINISH)
    assert closing_of(bridge, MESSAGES).endswith(b'{"type":"message_stop"}\n\n')
    assert closing_of(flow(RESPONSES, RESPONSES), RESPONSES) == b""


def test_a_stream_ended_cleanly_with_its_terminator_or_where_that_may_be_missing_its_finish_reason() -> None:
    for inbound in (CHAT, MESSAGES):
        made = flow(inbound, CHAT)
        made.feed(TEXT)
        assert not any(ended_cleanly(made, marker) for marker in ("required", "optional", "none"))
        made.feed(FINISH)
        assert [ended_cleanly(made, marker) for marker in ("required", "optional", "none")] == [False, True, True]
        made.feed(DONE)
        assert all(ended_cleanly(made, marker) for marker in ("required", "optional", "none"))
