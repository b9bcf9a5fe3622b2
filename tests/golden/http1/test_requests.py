"""Every case of this folder against a real server, through a raw socket: whole, byte by byte, and in two halves."""

import asyncio
import contextlib
from typing import NamedTuple

import pytest
from tests.golden.http1.cases import Case, cases
from tests.kit.loop import run
from tests.unit.runtime.http1.conversation import Line, Recorder, line_to, serving

from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request

CASES = cases()
PROBE = b"GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n"
LIMIT_BYTES = 100_000
AT_ONCE = 24


class Outcome(NamedTuple):
    statuses: tuple[int, ...]
    closed: bool
    seen: tuple[tuple[bytes, bytes, bytes, int], ...]


def answer(request: Request, reply: Reply) -> None:
    bodiless = b"x-bodiless: 1\r\n" if request.method == b"HEAD" else b""
    reply.send(200, bodiless, request.target)


def whole(raw: bytes) -> list[bytes]:
    return [raw]


def bytewise(raw: bytes) -> list[bytes]:
    """Single bytes at the beginning, where everything is decided; what is longer goes on in pieces of odd size."""
    return [raw[at : at + 1] for at in range(min(len(raw), 600))] + [raw[at : at + 4099] for at in range(600, len(raw), 4099)]


def halves(raw: bytes) -> list[bytes]:
    """Two pieces that part within the last blank line, if there is one."""
    at = raw.rfind(b"\r\n\r\n")
    at = at + 3 if at >= 0 else len(raw) // 2
    return [raw[:at], raw[at:]]


async def outcome(case: Case, pieces: list[bytes]) -> Outcome:
    recorder = Recorder(answer)
    async with serving(recorder, body_bytes=LIMIT_BYTES) as (_, port), line_to(port) as line:
        talk = asyncio.gather(_say(line, pieces), _listen(line, case, len(case.statuses)))
        _, (statuses, closed) = await talk
    seen = tuple((request.method, request.target, request.body, len(request.headers)) for request in recorder.requests)
    return Outcome(tuple(statuses), closed, seen)


async def _say(line: Line, pieces: list[bytes]) -> None:
    with contextlib.suppress(ConnectionError):  # a refused caller may find the connection closed while it still writes
        for piece in pieces:
            await line.say(piece)
            await asyncio.sleep(0)


async def _listen(line: Line, case: Case, count: int) -> tuple[list[int], bool]:
    """The statuses of the answers, and whether the server closes. A connection that is kept must serve a probe."""
    statuses: list[int] = []
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while len(statuses) < count:
            status = await _answer(line)
            if status >= 200:
                statuses.append(status)
        if case.keeps:
            await line.say(PROBE)
            return [*statuses, await _answer(line)], False
        return statuses, await line.rest() == b""
    return statuses, True


async def _or_silence(case: Case, pieces: list[bytes]) -> Outcome:
    try:
        return await outcome(case, pieces)
    except TimeoutError:
        return Outcome((0,), False, ())


async def _answer(line: Line) -> int:
    async with asyncio.timeout(20):
        head = await line.reader.readuntil(b"\r\n\r\n")
        if b"x-bodiless" not in head and b"content-length: " in head:
            await line.reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        return int(head.split(b" ")[1])


async def outcomes(split: object) -> list[Outcome]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> Outcome:
        async with gate:
            return await _or_silence(case, split(case.raw))  # type: ignore[operator]

    return list(await asyncio.gather(*(one(case) for case in CASES)))


@pytest.mark.parametrize("split", [whole, bytewise, halves], ids=lambda split: split.__name__)
def test_every_case_is_answered_as_written(split: object) -> None:
    wrong = []
    for case, found in zip(CASES, run(outcomes(split)), strict=True):
        expected = len(case.statuses)
        right = len(found.statuses) == expected + case.keeps and all(
            status in allowed for status, allowed in zip(found.statuses, case.statuses, strict=False)
        )
        served = sum(status == 200 for status in found.statuses)
        if not right or found.closed is case.keeps or len(found.seen) != served:
            wrong.append(f"{case.name} [RFC {case.rfc}]: {found.statuses}, closed: {found.closed}, seen: {len(found.seen)}")
        if any(b"smuggled" in target for _, target, _, _ in found.seen):
            wrong.append(f"{case.name}: smuggled")
    assert not wrong, "\n".join(wrong)


def test_the_outcome_does_not_depend_on_how_the_bytes_are_split() -> None:
    different = [
        f"{case.name}: {one.statuses} {other.statuses} {third.statuses}"
        for case, one, other, third in zip(CASES, run(outcomes(whole)), run(outcomes(bytewise)), run(outcomes(halves)), strict=True)
        if not one == other == third
    ]
    assert not different, "\n".join(different)


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) >= 250
    assert len({case.name for case in CASES}) == len(CASES)
