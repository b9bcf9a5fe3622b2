"""
Streams that go wrong after they began, and streams that are merely odd. A broken one ends with an error event and no terminator, so
that clients see it (section 1.4); an odd one is a good one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.kit.house import house, resources
from tests.kit.loop import run
from tests.kit.surfaces import BEGIN, FINISH, LAST, STREAMS, Surface, asked, texts
from tests.kit.upstream import CLOSE, END, RESET, STALL, Script, chunk, event, head, stream, upstream

DECODE = ("upstream_decode_error", "upstream_decode_error")
BROKEN = ("transport_error", "transport_error")


class Broken(NamedTuple):
    """A stream that goes wrong after it began."""

    name: str
    ending: Callable[[Surface], Script]
    type: str
    kind: str
    status: int = 502
    says: str = ""


def ended(*steps: Any) -> Callable[[Surface], Script]:
    return lambda surface: list(steps)


def ended_by(error: object) -> Callable[[Surface], Script]:
    return lambda s: [
        chunk(event({"error": error}) if s.upstream == "openai" else event({"type": "error", "error": error}, "error")),
        STALL,
    ]


BROKEN_STREAMS = [
    Broken("reset", ended(RESET), *BROKEN),
    Broken("cut", ended(CLOSE), *BROKEN),
    Broken("stalled", ended(STALL), "timeout", "upstream_timeout", 504),
    Broken("ended without an end", ended(END), *DECODE),
    Broken("no chunks any more", ended(b"nonsense\r\n", STALL), *DECODE),
    Broken("an error event", ended_by({"message": "no luck", "type": "api_error"}), "upstream_error", "stream_error"),
    Broken("an error event with a status", ended_by({"message": "no luck", "status": 429}), "upstream_error", "upstream_rate_limited", 429, "no luck"),
    Broken("a frame that is too long", ended(*[chunk(b"data: " + b"x" * 65_536)] * 17, STALL), *DECODE),
    Broken("a frame that is cut", ended(chunk(b'data: {"id":"c1","choi'), END), *DECODE),
]  # fmt: skip


@pytest.mark.parametrize("case", BROKEN_STREAMS, ids=lambda case: case.name)
def test_a_stream_that_breaks_ends_with_an_error_event_and_no_terminator(case: Broken, tmp_path: Path) -> None:
    async def main() -> None:
        limit_ms = 300 if case.status == 504 else 20_000
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url), UPSTREAM__STREAM_TIMEOUT_MS=limit_ms) as home:
            for surface in STREAMS:
                began = [head(), *(chunk(frame) for frame in BEGIN[surface.upstream])]
                # The beginning arrives before the end of it, as it does in real life.
                told = await asked(home, provider, surface, [*began, 0.03, *case.ending(surface)])
                try:
                    assert told.status == 200
                    name, last = told.events[-1]
                    assert name == "error"
                    assert "hello" in "".join(texts(told))
                    assert b"[DONE]" not in told.body
                    assert b"message_stop" not in told.body
                    if surface.inbound == "anthropic":
                        assert last["type"] == "error"
                    assert last["error"]["type"] == case.type
                    assert case.says in last["error"]["message"]
                    assert told.complete
                    settlement = home.records()[-1].settlement
                    assert (settlement.status, settlement.error_class) == (case.status, case.kind)
                    assert settlement.usage.prompt > 0
                    assert settlement.usage.output > 0
                except AssertionError as error:
                    raise AssertionError(f"{surface}: {told.status} {told.body[-500:]!r} {home.records()[-1].settlement}") from error

    run(main())


GOOD_STREAMS: dict[str, Callable[[str], list[bytes]]] = {
    "as it should be": lambda up: [*BEGIN[up], *FINISH[up], LAST[up]],
    "two terminators": lambda up: [*BEGIN[up], *FINISH[up], LAST[up], LAST[up]],
    "frames that mean nothing": lambda up: [b": hi\n\n", b"\n\n", b"id: 1\nretry: 5\n\n", *BEGIN[up], b"event: ping\n\n", b"data:\n\n", b"data: {}\n\n", *FINISH[up], LAST[up]],
    "more after the terminator": lambda up: [*BEGIN[up], *FINISH[up], LAST[up], *BEGIN[up]],
    "lines that end in CRLF": lambda up: [frame.replace(b"\n", b"\r\n") for frame in (*BEGIN[up], *FINISH[up], LAST[up])],
    "a byte order mark": lambda up: [b"\xef\xbb\xbf" + BEGIN[up][0], *BEGIN[up][1:], *FINISH[up], LAST[up]],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD_STREAMS)
def test_a_stream_that_is_merely_odd_is_a_good_one(name: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            for surface in STREAMS:
                told = await asked(home, provider, surface, stream(*GOOD_STREAMS[name](surface.upstream)))
                try:
                    assert told.status == 200
                    assert told.complete
                    assert "hello" in "".join(texts(told))
                    assert not any(kind == "error" for kind, _ in told.events)
                    if surface.inbound == "openai":
                        assert told.body.replace(b"\r", b"").count(b"data: [DONE]\n\n") == 1
                    else:
                        assert told.body.count(b"event: message_stop") == 1
                    settlement = home.records()[-1].settlement
                    assert (settlement.status, settlement.error_class) == (200, "")
                    assert (settlement.usage.prompt, settlement.usage.output) == (5, 2)
                except AssertionError as error:
                    raise AssertionError(f"{surface}: {told.status} {told.body[-900:]!r} {home.records()[-1].settlement}") from error

    run(main())


def test_a_stream_without_its_terminator_is_broken_where_one_is_required(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider:
            for marker in ("required", "optional", "none"):
                folder = tmp_path / marker
                folder.mkdir()
                async with house(folder, resources(provider.url, key={"response": {"stream_done_marker": marker}})) as home:
                    for surface in STREAMS:
                        up = surface.upstream
                        told = await asked(home, provider, surface, stream(*BEGIN[up], *FINISH[up]))
                        broken = told.events[-1][0] == "error"
                        assert broken == (marker == "required")
                        assert home.records()[-1].settlement.error_class == ("upstream_decode_error" if broken else "")
                        assert told.body.count(b"data: [DONE]") == (0 if broken or surface.inbound == "anthropic" else 1)
                        told = await asked(home, provider, surface, stream(*BEGIN[up], LAST[up]))
                        assert told.events[-1][0] != "error"
                        told = await asked(home, provider, surface, stream(*BEGIN[up]))
                        assert told.events[-1][0] == "error"

    run(main())


@pytest.mark.parametrize("ending", [RESET, CLOSE, STALL], ids=lambda act: act.value)
def test_after_its_terminator_a_stream_is_over_for_the_caller_whatever_the_connection_does(ending: Any, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            for surface in STREAMS:
                up = surface.upstream
                script = [head(), *(chunk(frame) for frame in (*BEGIN[up], *FINISH[up], LAST[up])), 0.02, ending]
                told = await asked(home, provider, surface, script)
                assert told.events[-1][0] != "error"
                assert told.complete
                assert home.records()[-1].settlement.status == 200

    run(main())


def test_an_end_that_comes_a_little_later_keeps_the_connection(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            for surface in STREAMS * 2:
                up = surface.upstream
                await asked(home, provider, surface, [head(), *(chunk(f) for f in (*BEGIN[up], *FINISH[up], LAST[up])), 0.02, END])
            assert len(provider.peers) == 1

    run(main())


def test_slow_is_not_silent(tmp_path: Path) -> None:
    """The gap is bounded, never the whole stream (section 3.5)."""

    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url), UPSTREAM__STREAM_TIMEOUT_MS=900) as home:
            for surface in STREAMS:
                up = surface.upstream
                slow: list[Any] = [head()]
                for frame in (*BEGIN[up], *FINISH[up], LAST[up]):
                    slow += [0.18, chunk(frame)]
                told = await asked(home, provider, surface, [*slow, END])
                assert "hello" in "".join(texts(told))
                assert home.records()[-1].settlement.status == 200

    run(main())
