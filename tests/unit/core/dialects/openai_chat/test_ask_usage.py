"""Asking for usage in streams."""

import json

import pytest

from lockgate.core.dialects.openai_chat.ask_usage import ask_usage


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","stream":true}',
        b'{"model":"m","stream":true, "stream_options" : null }',
        b'{"model":"m","stream":true,"stream\\u005foptions":null}',
        b'{"model":"\\u00e9","stream":true,"x":{"stream_options":{}}}\n',
    ],
)
def test_usage_is_asked_for_once(body: bytes) -> None:
    asked = ask_usage(body)
    said = json.loads(asked)
    assert said["stream_options"] == {"include_usage": True}
    assert {**said, "stream_options": None} == {**json.loads(body), "stream_options": None}
    assert ask_usage(asked) == asked


def test_nothing_else_changes() -> None:
    assert ask_usage(b'{ "stream":true }') == b'{ "stream":true,"stream_options":{"include_usage":true} }'
