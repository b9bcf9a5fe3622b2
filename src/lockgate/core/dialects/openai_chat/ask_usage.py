"""Making an upstream count: without ``stream_options`` a stream of OpenAI's tells no usage, and nothing could be metered exactly."""

from lockgate.core.wire import json_splice

_ASKED = b'{"include_usage":true}'


def ask_usage(body: bytes) -> bytes:
    """For streaming chat and completions whose caller set no ``stream_options``, or null (the reference's section 1.7)."""
    if b"stream_options" in body or b"\\u" in body:
        place = json_splice.spans(body).get("stream_options")
        if place is not None:
            return body[: place[0]] + _ASKED + body[place[1] :]
    return json_splice.add(body, b'"stream_options":' + _ASKED)
