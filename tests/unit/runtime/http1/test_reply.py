"""An answer is one write per step, framed for its request, and inert once it is over."""

from collections.abc import Callable

import pytest

from lockgate.runtime.http1.reply import STATUS_LINES, Reply, status_line


class Wire:
    """A carrier that keeps what is written."""

    def __init__(self, paused: bool = False) -> None:
        self.written: list[bytes] = []
        self.events: list[str] = []
        self.paused = paused
        self.write: Callable[[bytes], None] = self.written.append

    def fields(self, close: bool) -> bytes:
        return b"connection: close\r\n" if close else b""

    def answered(self) -> None:
        self.events.append("answered")

    def cut(self, reset: bool) -> None:
        self.events.append("reset" if reset else "cut")


def reply_on(wire: Wire, *, bodiless: bool = False, http10: bool = False) -> Reply:
    return Reply(wire, bodiless, http10)


def test_a_whole_answer_is_one_write() -> None:
    wire = Wire()
    reply_on(wire).send(200, b"a: b\r\n", b"body")
    assert wire.written == [b"HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 4\r\n\r\nbody"]
    assert wire.events == ["answered"]


def test_a_large_body_is_not_copied() -> None:
    wire = Wire()
    body = bytes(100_000)
    reply_on(wire).send(200, b"", body)
    assert wire.written == [b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", body]
    assert wire.written[1] is body


@pytest.mark.parametrize("size", [3, 100_000])
def test_an_answer_to_head_has_the_length_and_no_body(size: int) -> None:
    wire = Wire()
    reply_on(wire, bodiless=True).send(200, b"", bytes(size))
    assert wire.written == [b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size]


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_content_has_no_length(status: int) -> None:
    wire = Wire()
    reply_on(wire).send(status, b"", b"ignored")
    assert b"content-length" not in wire.written[0]
    assert wire.written[0].endswith(b"\r\n\r\n")
    streamed = Wire()
    reply = reply_on(streamed)
    reply.start(status, b"", b"ignored")
    reply.data(b"ignored")
    reply.end(b"ignored")
    assert [*streamed.written] == [wire.written[0]]


def test_a_streamed_answer_is_chunked_with_one_write_per_step() -> None:
    wire = Wire()
    reply = reply_on(wire)
    reply.start(200, b"", b"first")
    reply.data(b"0123456789abcdef")
    reply.data(b"")
    reply.end(b"last")
    assert wire.written == [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n",
        b"10\r\n0123456789abcdef\r\n",
        b"4\r\nlast\r\n0\r\n\r\n",
    ]


def test_a_streamed_answer_may_begin_and_end_with_nothing() -> None:
    wire = Wire()
    reply = reply_on(wire)
    reply.start(200, b"")
    reply.end()
    assert wire.written == [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"0\r\n\r\n"]


def test_a_streamed_answer_to_head_is_only_its_head() -> None:
    wire = Wire()
    reply = reply_on(wire, bodiless=True)
    reply.start(200, b"", b"first")
    reply.data(b"more")
    reply.end(b"last")
    assert wire.written == [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]
    assert wire.events == ["answered"]


def test_a_streamed_answer_to_http_1_0_is_ended_by_closing() -> None:
    wire = Wire()
    reply = reply_on(wire, http10=True)
    reply.start(200, b"", b"first")
    reply.data(b"more")
    reply.end(b"last")
    assert b"".join(wire.written) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nfirstmorelast"


def test_an_aborted_answer_is_cut_and_by_reset_only_where_nothing_else_shows_it() -> None:
    for http10, expected in ((False, "cut"), (True, "reset")):
        wire = Wire()
        reply = reply_on(wire, http10=http10)
        reply.start(200, b"")
        reply.abort()
        assert wire.events == [expected]


def test_an_answer_that_is_over_does_nothing_more() -> None:
    for sent in (True, False):
        wire = Wire()
        reply = reply_on(wire)
        if sent:
            reply.send(200, b"", b"")
        else:
            reply.abort()
        before = len(wire.written), len(wire.events)
        reply.send(200, b"", b"x")
        reply.start(200, b"")
        reply.data(b"x")
        reply.end(b"x")
        reply.abort()
        assert (len(wire.written), len(wire.events)) == before


def test_steps_out_of_order_are_errors_of_whoever_writes() -> None:
    reply = reply_on(Wire())
    with pytest.raises(RuntimeError):
        reply.data(b"x")
    with pytest.raises(RuntimeError):
        reply.end()
    reply.start(200, b"")
    with pytest.raises(RuntimeError):
        reply.start(200, b"")
    with pytest.raises(RuntimeError):
        reply.send(200, b"", b"")


def test_a_listener_of_a_paused_answer_is_told_at_once() -> None:
    heard: list[str] = []

    class Ear:
        def caller_gone(self) -> None: ...

        def caller_paused(self) -> None:
            heard.append("paused")

        def caller_resumed(self) -> None: ...

    reply_on(Wire()).listen(Ear())
    assert heard == []
    reply_on(Wire(paused=True)).listen(Ear())
    assert heard == ["paused"]


def test_every_status_has_a_line() -> None:
    assert STATUS_LINES[200] == b"HTTP/1.1 200 OK\r\n"
    assert status_line(429) == b"HTTP/1.1 429 Too Many Requests\r\n"
    assert status_line(499) == b"HTTP/1.1 499 Client Closed Request\r\n"
    assert status_line(599) == b"HTTP/1.1 599 \r\n"
