"""
Scripts: an answer of the echo as the steps in which an upstream connection would show it.

Pure: a request body in, steps out, lazily, so that a long answer is never held whole. ``gateway/echo.py`` plays them
to whoever would otherwise listen to the upstream pool.
"""

from collections.abc import Iterator

import msgspec

from lockgate.core.providers.echo import answer
from lockgate.core.providers.echo.directives import MAX_TEXT_BYTES, MAX_WORDS, Refused
from lockgate.core.providers.echo.request import Asked, understand
from lockgate.core.providers.echo.words import count
from lockgate.model.faults import Fault, fault
from lockgate.model.operations import Operation


class Wait(msgspec.Struct, frozen=True):
    ms: int


class Head(msgspec.Struct, frozen=True):
    status: int
    headers: tuple[tuple[bytes, bytes], ...]


class Data(msgspec.Struct, frozen=True):
    data: bytes

    def __repr__(self) -> str:
        return f"Data({len(self.data)} bytes)"


class End(msgspec.Struct, frozen=True):
    """The answer is complete."""


class Fail(msgspec.Struct, frozen=True):
    """The connection is lost."""

    fault: Fault


class Silence(msgspec.Struct, frozen=True):
    """Nothing more comes, and nothing ends."""


Step = Wait | Head | Data | End | Fail | Silence

_JSON = (b"content-type", b"application/json")
_SSE = (b"content-type", b"text/event-stream; charset=utf-8")
_HTML = (b"content-type", b"text/html; charset=utf-8")
_ELSEWHERE = (b"location", b"https://elsewhere.invalid/v1")
_PAGE = b"<!doctype html><html><head><title>Not an API</title></head><body><h1>Not an API</h1></body></html>\n"
_GARBAGE = b'{"id":"chatcmpl-","choices":[{"index":0,"mess'
_LOST = Fail(fault("transport_error", reason="the echo was told to cut the connection"))


def script(operation: Operation, body: bytes) -> Iterator[Step]:
    """What happens on a request. The last step is End, Fail or Silence, and only the last."""
    asked = understand(operation, body)
    if isinstance(asked, Refused):
        yield from _error(400, asked.reason)
        return
    told = asked.directives
    if told.delay_ms:
        yield Wait(told.delay_ms)
    if told.cut_after == -1:
        yield _LOST
    elif told.fail_status is not None:
        extra = ((b"retry-after", told.retry_after.encode()),) if told.retry_after else ()
        yield from _error(told.fail_status, f"echo: told to fail with {told.fail_status}", told.code, extra)
    elif told.whole:
        yield from _whole(asked)
    elif told.repeat * max(len(asked.texts[0]), told.huge_kib << 10) > MAX_TEXT_BYTES or told.repeat * count(asked.texts[0]) > MAX_WORDS:
        yield from _error(400, f"echo: the answer would be longer than {MAX_WORDS} words or {MAX_TEXT_BYTES} bytes")
    else:
        steps = _stream(asked, body) if asked.stream else _plain(asked, body)
        yield from _split(steps, told.split_bytes) if told.split_bytes else steps


def _error(status: int, message: str, code: str = "", extra: tuple[tuple[bytes, bytes], ...] = ()) -> Iterator[Step]:
    yield Head(status, (_JSON, *extra))
    yield Data(answer.error(message, code))
    yield End()


def _whole(asked: Asked) -> Iterator[Step]:
    told = asked.directives
    content = _SSE if asked.stream else _JSON
    if told.whole == "html":
        yield Head(told.whole_status, (_HTML,))
        yield Data(_PAGE)
    elif told.whole == "redirect":
        yield Head(told.whole_status, (_HTML, _ELSEWHERE))
    elif told.whole == "garbage":
        yield Head(told.whole_status, (content,))
        yield Data(b"data: " + _GARBAGE + b"\n\n" if asked.stream else _GARBAGE)
    else:
        yield Head(told.whole_status, (content,))
    yield End()


def _plain(asked: Asked, body: bytes) -> Iterator[Step]:
    told = asked.directives
    if asked.operation is Operation.EMBEDDINGS:
        whole, identity = answer.embeddings(asked), "embedding"
    else:
        said = answer.say(asked, body)
        whole, identity = answer.whole(asked, said), said.id
        if told.slow_ms:
            yield Wait(told.slow_ms * len(said.words))
    if told.error_after is not None:
        whole = answer.error("echo: told to fail inside the answer", told.code)
    yield Head(200, (_JSON, (b"x-request-id", f"req_{identity}".encode())))
    if told.stall_after is not None or told.cut_after is not None:
        begun = told.stall_after if told.stall_after is not None else told.cut_after
        if begun:
            yield Data(whole[: len(whole) // 2])
        yield Silence() if told.stall_after is not None else _LOST
        return
    yield Data(whole)
    yield End()


def _stream(asked: Asked, body: bytes) -> Iterator[Step]:
    told = asked.directives
    said = answer.say(asked, body)
    chunks = answer.Chunks(asked, said)
    yield Head(200, (_SSE, (b"x-request-id", f"req_{said.id}".encode())))
    opening = chunks.opening()
    turn = _turn(asked, 0)
    if turn:
        # A stall or an error right after the head comes before anything was said.
        yield from turn
        return
    if opening:
        yield Data(opening)
    for number, frame in enumerate(chunks.words(), 1):
        if told.slow_ms and number > 1:
            yield Wait(told.slow_ms)
        yield Data(frame)
        turn = _turn(asked, number)
        if turn:
            yield from turn
            return
    # Fewer words than asked for: what was to happen happens now, rather than never.
    turn = _turn(asked, None)
    if turn:
        yield from turn
        return
    for frame in chunks.closing():
        yield Data(frame)
    yield End()


def _turn(asked: Asked, words: int | None) -> tuple[Step, ...]:
    """What befalls a stream after so many words; None: at the end of them."""
    told = asked.directives
    if told.error_after is not None and words in (told.error_after, None):
        return Data(b"data: " + answer.error("echo: told to fail inside the stream", told.code) + b"\n\n"), End()
    if told.cut_after is not None and words in (told.cut_after, None):
        return (_LOST,)
    if told.stall_after is not None and words in (told.stall_after, None):
        return (Silence(),)
    return ()


def _split(steps: Iterator[Step], size: int) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Data):
            for start in range(0, len(step.data), size):
                yield Data(step.data[start : start + size])
        else:
            yield step
