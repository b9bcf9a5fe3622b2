"""Relaying the events of the Responses API: every byte as it came. Single streams are golden files."""

import json

from lockgate.core.dialects.openai_responses.relay import Relay
from lockgate.model.usage import Usage


def frame(kind: str, **members: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind, **members}, ensure_ascii=False).encode())


def test_bytes_pass_and_are_counted() -> None:
    relay = Relay("ignored", True)
    for text in ("a", "é", ""):
        given_frame = frame("response.output_text.delta", delta=text)
        assert relay.feed(given_frame) is given_frame
    assert (relay.heard.byte_count, relay.content) == (3, True)
    relay.feed(frame("response.audio.delta", delta={"odd": 1}))
    assert relay.heard.byte_count == 3


def test_the_last_event_tells_usage_and_reason() -> None:
    for kind, status in (("completed", "completed"), ("incomplete", "incomplete"), ("failed", "failed")):
        relay = Relay()
        relay.feed(frame("response.created", response={"id": "r", "model": "m", "status": "in_progress"}))
        assert (relay.done, relay.finish_reason, relay.response_id) == (False, "", "r")
        relay.feed(frame(f"response.{kind}", response={"id": "r", "status": status, "usage": {"input_tokens": 2, "output_tokens": 1}}))
        assert (relay.done, relay.finish_reason, relay.usage, relay.model_version) == (True, status, Usage(input=2, output=1), "m")


def test_an_error_is_kept_back() -> None:
    frames = (frame("error", code="c", message="m"), frame("x", error={"message": "m"}), b"event: error\ndata: x\n\n")
    for given_frame in frames:
        relay = Relay()
        assert relay.feed(given_frame) == b""
        assert relay.fault is not None
        assert relay.fault.status == 502


def test_frames_that_say_nothing_pass() -> None:
    relay = Relay()
    for given_frame in (b": ping\n\n", frame("response.output_item.added"), b"data: x\n\n", b'data: {"response":5}\n\n'):
        assert relay.feed(given_frame) == given_frame
    assert (relay.usage, relay.content, relay.done, relay.fault) == (None, False, False, None)
