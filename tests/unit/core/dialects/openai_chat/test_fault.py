"""Errors in OpenAI's words. Single shapes are golden files."""

import json

from lockgate.core.dialects.openai_chat.fault import read_fault, write_fault, write_stream_fault
from lockgate.model.faults import TABLE, fault


def test_nothing_of_a_servers_failure_is_shown() -> None:
    for status in (500, 502, 503, 529, 302, 199):
        found = read_fault(status, b'{"error":{"message":"secret","code":"secret"}}')
        assert (found.status, found.code) == (502, "")
        assert "secret" not in found.message


def test_azures_words_become_openais() -> None:
    assert read_fault(404, b'{"error":{"code":"DeploymentNotFound","message":"m"}}').code == "model_not_found"


def test_every_row_of_the_table_can_be_written() -> None:
    for kind in TABLE:
        shown = fault(kind, reason="r", limit=1, model="m", allow="GET", operation="o")
        assert json.loads(write_fault(shown))["error"]["type"] == shown.type
        frame = write_stream_fault(shown)
        assert frame.startswith(b"event: error\ndata: {")
        assert frame.endswith(b"}\n\n")
        assert frame.count(b"\n") == 3
