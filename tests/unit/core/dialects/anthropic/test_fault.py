"""Errors in Anthropic's words. Single shapes are golden files."""

import json

from lockgate.core.dialects.anthropic.fault import read_fault, read_stream_fault, write_fault, write_stream_fault
from lockgate.core.wire.error_object import Told
from lockgate.model.faults import TABLE, fault

CLOSED = {
    "invalid_request_error", "authentication_error", "permission_error", "not_found_error", "timeout_error", "request_too_large",
    "rate_limit_error", "overloaded_error", "api_error",
}  # fmt: skip


def test_whole_answers_use_only_words_that_official_clients_know() -> None:
    for kind in TABLE:
        body = json.loads(write_fault(fault(kind, reason="r", limit=1, model="m", allow="GET", operation="o")))
        assert body.keys() == {"type", "error"}
        assert body["type"] == "error"
        assert body["error"].keys() == {"type", "message"}
        assert body["error"]["type"] in CLOSED


def test_a_stream_ends_with_the_gateways_word() -> None:
    frame = write_stream_fault(fault("upstream_timeout"))
    assert frame.startswith(b"event: error\ndata: ")
    assert json.loads(frame[19:])["error"]["type"] == "timeout"


def test_in_a_stream_the_type_stands_for_the_status() -> None:
    assert read_stream_fault(Told("m", "rate_limit_error")).status == 429
    assert read_stream_fault(Told("m", "overloaded_error")).status == 502
    assert read_stream_fault(Told("m", "something_else")).status == 502
    assert read_stream_fault(Told("m", "overloaded_error", status=404)).status == 404


def test_nothing_of_a_servers_failure_is_shown() -> None:
    for status in (500, 529, 302):
        found = read_fault(status, b'{"type":"error","error":{"type":"api_error","message":"secret"}}')
        assert (found.status, found.code) == (502, "")
        assert "secret" not in found.message
