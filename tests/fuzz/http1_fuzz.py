"""
A mutational fuzzer of the HTTP/1.1 server and client, without sockets: thousands of conversations a second.

    python -m tests.fuzz.http1_fuzz --seconds 60 --seed 1     # from the repository's root, with src on the path

Requests begin as cases of tests/golden/http1 or as generated ones and are cut, doubled, spliced and peppered with the bytes that
parsers stumble over. Each input is fed whole, byte by byte and in random pieces, to handlers that answer at once, later, in a
stream, or at the head. The promises:

1. nothing is raised out of the protocol, whatever comes;
2. what the handler sees and whether the caller is refused does not depend on the split, nor on when the handler answers;
3. what is written is valid HTTP/1.1, one answer per request seen and at most one refusal, which is last;
4. after the end of the connection nothing is in flight, counted or armed;
5. a strict reader written from the RFC's grammar (http1_reference.py) accepts what the server accepts, with the same bodies.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httptools
from tests.fuzz.http1_reference import Verdict, read_all
from tests.golden.http1.cases import cases

from lockgate.model.faults import Fault
from lockgate.runtime.http1.client import Call, UpstreamConnection
from lockgate.runtime.http1.connection import CallerConnection
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request
from lockgate.runtime.http1.shared import Shared
from lockgate.runtime.outbox import Outbox

LIMITS = Limits(body_bytes=100_000)
SEEDS = [case.raw for case in cases() if len(case.raw) < 2000]
STUMBLING = [
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n\n",
        b" ",
        b"\t",
        b"\0",
        b"\x0b",
        b"\x7f",
        b"\xff",
        b":",
        b";",
        b",",
        b"0",
        b"00",
        b"5",
        b"-",
        b"+",
    ),
    *(
        b"0x",
        b"#",
        b"?",
        b"/",
        b"*",
        b"@",
        b"\\",
        b'"',
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"HTTP/2.0",
        b"http://a",
        b"chunked",
        b"GET ",
        b"POST / HTTP/1.1\r\n",
    ),
    *(
        b"Host: a\r\n",
        b"Host: b\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
    ),
    *(
        b"Connection: keep-alive\r\n",
        b"Connection: upgrade\r\nUpgrade: h2c\r\n",
        b"Expect: 100-continue\r\n",
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"\r\n0\r\n\r\n",
    ),
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\n\r\n.\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
]


class Line(asyncio.Transport):
    """A transport in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closing = self.paused = self.ended = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.1", 1) if name == "peername" else default

    def write(self, data: Any) -> None:
        assert not self.ended
        if not self.closing:
            self.written.append(bytes(data))

    def write_eof(self) -> None:
        self.ended = True

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    abort = close


class Handler:
    """Answers as ``manner`` says; remembers what it saw."""

    def __init__(self, manner: str) -> None:
        self.manner = manner
        self.seen: list[tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...], bytes]] = []
        self.waiting: list[Reply] = []
        self.refusals = 0
        self.bodiless = False

    def head(self, request: Request, reply: Reply) -> None:
        self.bodiless |= request.method == b"HEAD"
        if self.manner == "head":
            self._see(request)
            reply.send(200, b"", b"early")

    def request(self, request: Request, reply: Reply) -> None:
        self._see(request)
        if self.manner == "later":
            self.waiting.append(reply)
        elif self.manner == "stream":
            reply.start(200, b"", b"first")
            reply.data(b"second")
            reply.end()
        else:
            reply.send(200, b"", b"answer")

    def _see(self, request: Request) -> None:
        self.seen.append((request.method, request.target, tuple(request.headers), request.body))

    def answer_waiting(self) -> None:
        while self.waiting:
            self.waiting.pop().send(200, b"", b"late")

    def refuse(self, fault: Fault, request: Request | None) -> tuple[bytes, bytes]:
        self.refusals += 1
        return b"", b"refused"

    def body_refused(self, request: Request, fault: Fault, outcome: str) -> None:
        assert outcome in ("completed", "client_read_error")


class Outcome(NamedTuple):
    seen: list[tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...], bytes]]
    refused: bool
    ended: bool


class Statuses:
    """Reads what the server wrote, with llhttp as the judge."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.parser = httptools.HttpResponseParser(self)

    def on_message_complete(self) -> None:
        self.statuses.append(self.parser.get_status_code())


def converse(loop: asyncio.AbstractEventLoop, pieces: list[bytes], manner: str) -> Outcome:
    """One connection from its first byte to its end."""
    handler = Handler(manner)
    shared = Shared(loop, handler, LIMITS)
    connection, line = CallerConnection(shared), Line()
    connection.connection_made(line)
    for piece in pieces:
        if line.closing:
            break
        connection.data_received(piece)
        handler.answer_waiting()
    ended = line.closing or line.ended
    if not line.closing:
        connection.eof_received()
    connection.connection_lost(None)
    assert shared.in_flight == 0
    assert not shared.connections
    assert not any(map(len, (shared.heads, shared.bodies, shared.idles, shared.drains, shared.writes)))
    _check_written(b"".join(line.written), handler)
    return Outcome(handler.seen, handler.refusals > 0, ended)


def _check_written(written: bytes, handler: Handler) -> None:
    assert handler.refusals <= 1
    if handler.bodiless:
        return  # without the methods llhttp cannot know where such an answer ends
    statuses = Statuses()
    for part in written.split(b"HTTP/1.1 100 Continue\r\n\r\n"):
        statuses.parser.feed_data(part)
    assert statuses.statuses[: len(handler.seen)] == [200] * len(handler.seen)
    assert len(statuses.statuses) == len(handler.seen) + handler.refusals


def splits(data: bytes, dice: random.Random) -> Iterator[list[bytes]]:
    yield [data[at : at + 1] for at in range(len(data))]
    for _ in range(2):
        cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.randrange(1, 8)))
        yield [piece for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if (piece := data[start:end])]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Some of the things that go wrong with bytes, some of the time."""
    for _ in range(dice.choice((0, 1, 1, 2, 3))):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.randrange(1, 12))
        change = dice.randrange(6)
        if change == 0:
            data = data[:at] + data[end:]
        elif change == 1:
            data = data[:at] + data[at:end] * 2 + data[end:]
        elif change == 2:
            data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        elif change == 3:
            marks = [place for place in range(len(data)) if data.startswith(b"\r\n", place)] or [at]
            at = dice.choice(marks)
            data = data[:at] + dice.choice((b"\r\n", b"\n", b"\r", b"")) + dice.choice(STUMBLING) + data[at + 2 :]
        else:
            data = data[:at] + dice.choice(STUMBLING) + data[at:]
    return data


def requests(dice: random.Random) -> bytes:
    return b"".join(mutated(dice.choice(SEEDS), dice) for _ in range(dice.choice((1, 1, 2, 3))))


def fuzz_server(loop: asyncio.AbstractEventLoop, seed: int) -> None:
    dice = random.Random(seed)
    data = requests(dice)
    whole = converse(loop, [data], "at once")
    for pieces in splits(data, dice):
        assert converse(loop, pieces, "at once") == whole, (seed, data)
    # A stream to HTTP/1.0 ends by closing, so there the manner does make a difference.
    for manner in ("later",) if b"HTTP/1.0" in data else ("later", "stream"):
        for pieces in splits(data, dice):
            assert converse(loop, pieces, manner) == whole, (seed, manner, data)
    if b"100-continue" not in data.lower():  # answered early it closes, unless the body came with the head
        early = converse(loop, [data], "head")
        for pieces in splits(data, dice):
            assert converse(loop, pieces, "head") == early, (seed, "head", data)
    _compare(whole, read_all(data, LIMITS.body_bytes), seed, data)


def _compare(found: Outcome, verdict: Verdict, seed: int, data: bytes) -> None:
    read = [(method, target, body) for method, target, _, body in found.seen]
    assert read == verdict.requests[: len(read)], (seed, data, read, verdict)
    if not verdict.refused:  # llhttp knows fewer methods than there may be tokens: it may refuse more, never less
        assert len(read) == len(verdict.requests) or found.refused, (seed, data, read, verdict)
    else:
        assert len(read) == len(verdict.requests) or found.refused, (seed, data, read, verdict)
        assert found.refused or found.ended, (seed, data, read, verdict)


class Receiver:
    """Receives an answer and insists on its order."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        assert not self.log
        self.log.append((status, tuple(headers)))

    def upstream_data(self, data: bytes) -> None:
        assert self.log
        assert self.log[-1] not in ("end", "failed")
        assert data
        if isinstance(self.log[-1], bytes):
            self.log[-1] += data
        else:
            self.log.append(data)

    def upstream_end(self) -> None:
        assert self.log
        assert self.log[-1] not in ("end", "failed")
        self.log.append("end")

    def upstream_failed(self, fault: Fault) -> None:
        assert not self.log or self.log[-1] not in ("end", "failed")
        self.log.append("failed")


class AtOnce(Outbox):
    """Writes at once: there is no loop whose turn could end."""

    def __init__(self) -> None: ...

    def write(self, transport: asyncio.WriteTransport, data: bytes) -> None:
        transport.write(data)

    def flush(self) -> None: ...


class Lane:
    """A pool of one."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(65_536))
        self.outbox: Outbox = AtOnce()
        self.free = 0

    def release(self, connection: UpstreamConnection) -> None:
        self.free += 1

    def lost(self, connection: UpstreamConnection) -> None: ...

    def again(self, call: Call) -> None:
        raise AssertionError("the connection was new")


def answer(pieces: list[bytes], broken: bool) -> list[Any]:
    """What a receiver got from an upstream that sends ``pieces`` and closes, or breaks."""
    lane = Lane()
    connection, line, receiver = UpstreamConnection(lane), Line(), Receiver()
    connection.connection_made(line)
    connection.send(Call(b"GET / HTTP/1.1\r\n\r\n", b"", receiver))
    for piece in pieces:
        if line.closing:
            break
        connection.get_buffer(-1)[: len(piece)] = piece
        connection.buffer_updated(len(piece))
    if not broken and not line.closing:
        connection.eof_received()
    connection.connection_lost(ConnectionResetError() if broken else None)
    assert receiver.log
    assert receiver.log[-1] in ("end", "failed")
    return receiver.log


def fuzz_client(seed: int) -> None:
    dice = random.Random(seed)
    data = mutated(dice.choice(ANSWERS), dice) + (mutated(dice.choice(ANSWERS), dice) if dice.random() < 0.2 else b"")
    if not data:
        return
    broken = dice.random() < 0.5
    whole = answer([data], broken)
    for pieces in splits(data, dice):
        assert answer(pieces, broken) == whole, (seed, data, whole)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzzes the HTTP/1.1 server and client.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    arguments = parser.parse_args()
    loop = asyncio.new_event_loop()
    until, seed = time.monotonic() + arguments.seconds, arguments.seed
    kinds: list[Callable[[int], None]] = [lambda number: fuzz_server(loop, number), fuzz_client]
    while time.monotonic() < until:
        for fuzz in kinds:
            try:
                fuzz(seed)
            except Exception:
                print(f"seed {seed} fails")
                raise
        seed += 1
    loop.close()
    print(f"seeds {arguments.seed} to {seed - 1}: nothing found")


if __name__ == "__main__":
    main()
