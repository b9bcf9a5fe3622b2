"""Errors of the Responses API. Single shapes are golden files."""

import json

from lockgate.core.dialects.openai_responses.fault import read_fault, write_fault, write_stream_fault
from lockgate.model.faults import TABLE, fault


def test_every_row_of_the_table_can_be_written() -> None:
    for kind in TABLE:
        shown = fault(kind, reason="r", limit=1, model="m", allow="GET", operation="o")
        assert json.loads(write_fault(shown))["error"]["type"] == shown.type
        frame = write_stream_fault(shown)
        assert frame.startswith(b"event: error\ndata: ")
        assert json.loads(frame[19:]) == {"type": "error", "code": shown.code or shown.type, "message": shown.message}


def test_a_4xx_keeps_its_words_and_a_5xx_none() -> None:
    body = b'{"error":{"message":"secret","code":"c","param":"p"}}'
    assert (read_fault(400, body).message, read_fault(400, body).code, read_fault(400, body).param) == ("secret", "c", "p")
    assert "secret" not in read_fault(500, body).message
    assert read_fault(418, b"").message == "The model's provider refused the request with status 418."
