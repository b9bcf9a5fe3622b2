"""Requests out of bytes: complete, in pieces, and never a byte too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.runtime.http1.intake import Intake
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.request import Request

HEAD = b"POST /p HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n"
SIZED = HEAD % b"Content-Length: 5"
CHUNKED = HEAD % b"Transfer-Encoding: chunked"


def head(intake: Intake, raw: bytes) -> Request:
    request = intake.head(raw, 0, len(raw))
    assert request is not None
    return request


def body(intake: Intake, data: bytes) -> int:
    """Feeds until the message or the data ends; where that was."""
    at = 0
    while at < len(data) and not intake.complete:
        at = intake.body(data, at)
        if not at:
            return 0
    return at


def test_a_head_is_read_with_its_fields_in_order() -> None:
    intake = Intake(Limits())
    request = head(intake, HEAD % b"X-A: 1 \r\nx-a:2\r\nB:")
    assert request.headers == [(b"host", b"a"), (b"x-a", b"1"), (b"x-a", b"2"), (b"b", b"")]
    assert (request.method, request.target, request.path, request.http10) == (b"POST", b"/p", b"/p", False)
    assert (intake.length, intake.complete) == (0, True)


def test_a_sized_body_ends_at_its_length_and_not_before() -> None:
    intake = Intake(Limits())
    for _ in range(2):
        head(intake, SIZED)
        assert intake.body(b"hel", 0) == 3
        assert not intake.complete
        assert intake.body(b"loGET /", 0) == 2
        assert intake.complete
        assert intake.take_body() == b"hello"


def test_a_large_piece_of_a_body_is_read_in_place() -> None:
    intake = Intake(Limits())
    head(intake, HEAD % b"Content-Length: 100000")
    assert intake.body(b"junk" + bytes(100_000) + b"junk", 4) == 100_004
    assert intake.take_body() == bytes(100_000)


@given(
    st.lists(st.binary(max_size=40) | st.sampled_from([b"\r\n\r\n", b"0\r\n\r\n", b"\r\n0\r\n\r\n"]), max_size=6),
    st.lists(st.integers(1, 30), max_size=40),
    st.booleans(),
)
def test_a_chunked_body_ends_where_it_ends_however_it_is_split(chunks: list[bytes], sizes: list[int], trailer: bool) -> None:
    message = b"".join(b"%x;e=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
    message += b"0\r\nX: y\r\n\r\n" if trailer else b"0\r\n\r\n"
    data = message + b"GET /next HTTP/1.1\r\n\r\n"
    intake = Intake(Limits())
    head(intake, CHUNKED)
    at = 0
    for size in [*sizes, len(data)]:
        if intake.complete:
            break
        at += body(intake, data[at : at + size])
    assert intake.complete
    assert at == len(message)
    assert intake.take_body() == b"".join(chunks)
    assert head(intake, SIZED).path == b"/p"


@pytest.mark.parametrize("raw", [b"z\r\n", b"5\r\nhelloX", b"0\r\nContent-Length: 1\r\n\r\n"])
def test_a_malformed_chunk_is_a_fault(raw: bytes) -> None:
    intake = Intake(Limits())
    head(intake, CHUNKED)
    assert body(intake, raw) == 0
    assert intake.fault is not None
    assert intake.fault.kind == "malformed_http"


def test_a_dropped_body_is_counted_and_forgotten() -> None:
    intake = Intake(Limits())
    head(intake, SIZED)
    intake.drop = True
    body(intake, b"hello")
    assert (intake.complete, intake.size, intake.take_body()) == (True, 5, b"")


@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"X: y"])
def test_an_upgrade_leaves_the_framing_as_it_is(framing: bytes) -> None:
    intake = Intake(Limits())
    for _ in range(2):
        request = head(intake, HEAD % (b"Connection: upgrade\r\nUpgrade: h2c\r\n" + framing))
        assert len(request.headers) == 4
        if b"X" not in framing:
            assert body(intake, b"hello" if b"Length" in framing else b"5\r\nhello\r\n0\r\n\r\n")
            assert intake.take_body() == b"hello"
        assert intake.complete


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "malformed_http"),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "http_version"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", "expectation_failed"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 300 + b"\r\n", "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", "headers_too_large"),
    ],
)
def test_a_refused_head_is_a_fault(raw: bytes, kind: str) -> None:
    intake = Intake(Limits())
    assert intake.head(raw, 0, len(raw)) is None
    assert intake.fault is not None
    assert intake.fault.kind == kind


def test_a_refused_call_is_glimpsed_by_its_line_alone() -> None:
    intake = Intake(Limits())
    head = b"POST /v1/messages?x=1 HTTP/1.1\r\nhost: a\r\ncontent-length: +5\r\n\r\n"
    assert intake.head(head, 0, len(head)) is None
    assert intake.glimpse is not None
    assert (intake.glimpse.method, intake.glimpse.path, intake.glimpse.query) == (b"POST", b"/v1/messages", b"x=1")
    assert intake.glimpse.headers == []


def test_a_repeated_head_is_the_same_request_with_another_length() -> None:
    intake = Intake(Limits())
    first = b"POST /v1/x?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length:  2\r\nx-one: 1\r\n\r\n"
    one = intake.head(first, 0, len(first))
    assert one is not None
    assert intake.body(b"ab", 0) == 2
    assert intake.take_body() == b"ab"
    second = first.replace(b"  2\r\n", b"  11\r\n")
    two = intake.head(second, 0, len(second))
    assert two is not None
    assert two is not one
    assert (two.method, two.path, two.query, two.kept) == (one.method, one.path, one.query, one.kept)
    assert two.headers == [(b"host", b"a"), (b"content-length", b"11"), (b"x-one", b"1")]
    assert one.header(b"content-length") == b"2"
    assert (intake.length, intake.complete) == (11, False)


def test_a_head_that_differs_in_more_than_its_length_is_parsed_anew() -> None:
    for changed in (
        (b"x-one: 1", b"x-one: 2"),
        (b"POST", b"PUT"),
        (b"/v1/x", b"/v1/y"),
        (b"Content-Length: 2", b"Content-Length: 2\r\nTransfer-Encoding: chunked"),
        (b"Content-Length: 2", b"Content-Length: +2"),
        (b"Content-Length: 2", b"Content-Length: 2 2"),
        (b"Content-Length: 2", b"Content-Length: 2\r\n 2"),
        (b"Content-Length: 2", b"Content-Length: "),
        (b"Content-Length: 2", b"Content-Length: 1234567890123456789"),
    ):
        intake, fresh = Intake(Limits()), Intake(Limits())
        first = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nx-one: 1\r\n\r\n"
        assert intake.head(first, 0, len(first)) is not None
        intake.body(b"ab", 0)
        intake.take_body()
        second = first.replace(*changed)
        again, expected = intake.head(second, 0, len(second)), fresh.head(second, 0, len(second))
        assert (again is None) == (expected is None)
        if again is not None and expected is not None:
            assert (again.method, again.path, again.headers) == (expected.method, expected.path, expected.headers)
            assert again.kept.value is None
