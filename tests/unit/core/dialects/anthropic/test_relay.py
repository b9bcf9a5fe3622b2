"""Relaying Anthropic's events: every byte as it came. Single streams are golden files."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.dialects.anthropic.relay import Relay


def frame(kind: str, **members: object) -> bytes:
    said = json.dumps({"type": kind, **members}, ensure_ascii=False).encode()
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), said)


@given(st.lists(st.text(min_size=1, max_size=20)))
def test_bytes_pass_and_are_counted(texts: list[str]) -> None:
    relay = Relay("ignored", True)
    for text in texts:
        given_frame = frame("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
        assert relay.feed(given_frame) is given_frame
    assert relay.heard.byte_count == sum(len(text.encode()) for text in texts)
    assert relay.content is bool(texts)


def test_usage_of_the_start_and_the_end_is_joined() -> None:
    relay = Relay()
    relay.feed(frame("message_start", message={"id": "x", "model": "m", "usage": {"input_tokens": 9, "output_tokens": 1}}))
    relay.feed(frame("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5}))
    assert relay.usage is not None
    assert (relay.usage.input, relay.usage.output, relay.finish_reason) == (9, 5, "end_turn")
    assert (relay.response_id, relay.model_version, relay.done) == ("x", "m", False)
    relay.feed(frame("message_stop"))
    assert relay.done


def test_a_delta_of_nothing_is_no_output() -> None:
    relay = Relay()
    relay.feed(frame("content_block_delta", index=0, delta={"type": "text_delta", "text": ""}))
    relay.feed(frame("content_block_delta", index=0))
    relay.feed(frame("content_block_start", index=0, content_block={"type": "text", "text": ""}))
    assert not relay.content


def test_an_error_is_kept_back() -> None:
    for given_frame in (frame("error", error={"type": "api_error"}), b'data: {"error":{"type":"x"}}\n\n', b"event: error\ndata: x\n\n"):
        relay = Relay()
        assert relay.feed(given_frame) == b""
        assert relay.fault is not None
        assert relay.fault.status == 502


def test_frames_that_say_nothing_pass() -> None:
    relay = Relay()
    for given_frame in (b": ping\n\n", frame("ping"), b"event: x\ndata: y\n\n", b"event: a\r\ndata: {}\r\n\r\n"):
        assert relay.feed(given_frame) == given_frame
    assert (relay.usage, relay.content, relay.done) == (None, False, False)
