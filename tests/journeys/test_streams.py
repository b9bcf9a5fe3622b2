"""
The shape of streams in time: what comes when, what a silent upstream looks like, and what happens when the caller stops reading or
leaves. Bytes alone would not tell a relay from a buffer.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from tests.kit.caller import calling, post
from tests.kit.house import House, house, resources
from tests.kit.loop import run
from tests.kit.surfaces import BEGIN, FINISH, LAST, STREAMS, WHOLE, Surface
from tests.kit.until import until
from tests.kit.upstream import END, JSON, STALL, Upstream, answer, chunk, head, stream, upstream

CHAT = STREAMS[0]


def frames(surface: Surface) -> list[bytes]:
    return [*BEGIN[surface.upstream], *FINISH[surface.upstream], LAST[surface.upstream]]


@pytest.mark.parametrize("surface", STREAMS, ids=str)
def test_each_frame_arrives_before_the_next_is_made(surface: Surface, tmp_path: Path) -> None:
    async def main() -> None:
        all_frames = frames(surface)
        gates = [asyncio.Event() for _ in all_frames]
        script: list[Any] = [head()]
        for gate, frame in zip(gates, all_frames, strict=True):
            script += [gate, chunk(frame)]
        async with upstream([*script, END]) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.send(post(surface.path, surface.body))
                gates[0].set()
                gates[1].set()
                told = await caller.head()
                assert await caller.piece(told)
                shows = surface.inbound == surface.upstream  # A bridge keeps back what may still change; a relay does not.
                for gate, frame in zip(gates[2:-1], all_frames[2:-1], strict=True):
                    gate.set()
                    if shows and b"prompt_tokens" not in frame:
                        assert await caller.piece(told)
                while b"hel" not in told.body:
                    assert await caller.piece(told)
                assert not told.complete
                gates[-1].set()
                await caller.rest(told)
                assert told.complete

    run(main())


def test_a_silent_stream_is_kept_alive_by_comments(tmp_path: Path) -> None:
    async def main() -> None:
        go_on = asyncio.Event()
        script = [head(), chunk(frames(CHAT)[0]), go_on, *(chunk(frame) for frame in frames(CHAT)[1:]), END]
        async with (
            upstream(script) as provider,
            house(tmp_path, resources(provider.url), DOWNSTREAM__SSE_KEEPALIVE_INTERVAL_SECS=1) as home,
        ):
            async with calling(home.port) as caller:
                caller.send(post(CHAT.path, CHAT.body))
                told = await caller.head()
                assert b"assistant" in await caller.piece(told)
                for _ in range(2):
                    assert (await caller.piece(told)).startswith(b":")
                go_on.set()
                await caller.rest(told)
                assert told.complete
                assert told.comments == 2
                assert told.events[-1][1] == "[DONE]"

    run(main())


@pytest.mark.parametrize("beats", [0, 1])
def test_the_head_is_shown_about_a_second_after_the_upstream_s_whatever_comes_then(beats: int, tmp_path: Path) -> None:
    async def main() -> None:
        go_on = asyncio.Event()
        script = [head(), go_on, *(chunk(frame) for frame in frames(CHAT)), END]
        async with (
            upstream(script) as provider,
            house(tmp_path, resources(provider.url), DOWNSTREAM__SSE_KEEPALIVE_INTERVAL_SECS=beats) as home,
        ):
            async with calling(home.port) as caller:
                caller.send(post(CHAT.path, CHAT.body))
                told = await caller.head()
                assert told.status == 200
                assert not go_on.is_set()
                go_on.set()
                await caller.rest(told)
                assert told.complete
                assert bool(told.comments) == bool(beats)

    run(main())


def test_an_upstream_that_fails_after_the_head_was_shown_ends_the_stream_with_an_error(tmp_path: Path) -> None:
    async def main() -> None:
        go_on = asyncio.Event()
        async with upstream([head(), go_on, END]) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.send(post(CHAT.path, CHAT.body))
                told = await caller.head()
                go_on.set()
                await caller.rest(told)
                ((name, error),) = told.events
                assert (name, error["error"]["type"]) == ("error", "upstream_decode_error")
            assert home.record().settlement.status == 502

    run(main())


def rss_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_caller_who_does_not_read_stops_the_upstream_and_costs_little(tmp_path: Path) -> None:
    async def main() -> None:
        words = BEGIN["openai"][1].replace(b"hel", b"x" * 8000)
        count = 8000  # 64 MB
        script = [
            head(),
            chunk(BEGIN["openai"][0]),
            *[chunk(words)] * count,
            *(chunk(frame) for frame in (*FINISH["openai"], LAST["openai"])),
            END,
        ]
        async with upstream(script) as provider, house(tmp_path, resources(provider.url), UPSTREAM__STREAM_TIMEOUT_MS=700) as home:
            async with calling(home.port) as caller:
                caller.send(post(CHAT.path, CHAT.body))
                told = await caller.head()
                caller.stop_reading()
                await until(lambda: provider.peers and not provider.peers[0].room.is_set())
                before, still = rss_bytes(), 0
                while still < 10:
                    await asyncio.sleep(0.1)
                    still = still + 1 if not provider.peers[0].room.is_set() else 0
                # Longer than the stream's deadline: the upstream is not late while nobody reads it.
                assert rss_bytes() - before < 8_000_000
                assert provider.last.played_at == 0
                caller.read_on()
                await caller.rest(told)
                assert told.complete
                assert len(told.body) > 8000 * count
                assert told.events[-1][1] == "[DONE]"
            assert home.record().settlement.status == 200

    run(main())


async def _left(home: House, provider: Upstream, since: float) -> None:
    """The upstream's connection was closed, soon, and nothing is left."""
    at = await provider.last.left()
    assert at - since < 2.0  # 250 ms, and time for a slow machine
    await home.quiet()
    assert not home.app.pool.connections


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("surface", STREAMS, ids=str)
def test_a_caller_who_leaves_a_stream_ends_the_upstream_and_pays_for_what_came(surface: Surface, reset: bool, tmp_path: Path) -> None:
    async def main() -> None:
        began = [head(), *(chunk(frame) for frame in BEGIN[surface.upstream]), STALL]
        async with upstream(began) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.send(post(surface.path, surface.body))
                told = await caller.head()
                while b"hel" not in told.body:
                    await caller.piece(told)
                caller.leave(reset=reset)
                await _left(home, provider, asyncio.get_running_loop().time())
            settlement = home.record().settlement
            assert (settlement.status, settlement.error_class) == (499, "caller_gone")
            assert settlement.usage.prompt > 0
            assert settlement.usage.output > 0
            (line,) = home.lines()
            assert line["status"] == 200
            (call,) = home.lines("provider call completed")
            assert (call["status"], call["error_kind"]) == (499, "client_disconnected")
            scrape = await home.scrape()
            assert scrape.total("lockgate_proxy_client_cancelled_requests_total") == 1

    run(main())


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("streams", [False, True])
def test_a_caller_who_leaves_before_the_head_is_a_499_in_the_log(streams: bool, reset: bool, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.send(post("/v1/chat/completions", {**CHAT.body, "stream": streams}))
                await until(lambda: provider.seen)
                caller.leave(reset=reset)
                await _left(home, provider, asyncio.get_running_loop().time())
            settlement = home.record().settlement
            assert (settlement.status, settlement.error_class, settlement.usage.total) == (499, "caller_gone", 0)
            (line,) = home.lines()
            assert (line["status"], line["error_kind"]) == (499, "client_disconnected")
            assert (await home.scrape()).total("lockgate_proxy_client_cancelled_requests_total") == 1

    run(main())


def test_a_caller_who_leaves_after_the_upstream_s_head_but_before_any_output_pays_for_its_prompt(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([head(), STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.send(post(CHAT.path, CHAT.body))
                await caller.head()
                caller.leave()
                await _left(home, provider, asyncio.get_running_loop().time())
            settlement = home.record().settlement
            assert (settlement.status, settlement.usage.output) == (499, 0)
            assert settlement.usage.prompt > 0

    run(main())


def test_a_caller_who_leaves_while_the_connection_is_being_made(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources("http://127.0.0.1:9")) as home:
            for _ in range(20):
                async with calling(home.port) as caller:
                    caller.send(post(CHAT.path, CHAT.body))
                    await asyncio.sleep(0)
                    caller.leave(reset=True)
            await home.quiet()
            assert {record.settlement.status for record in home.records()} <= {499, 502}

    run(main())


def test_of_pipelined_requests_the_next_is_not_begun_while_the_caller_does_not_read(tmp_path: Path) -> None:
    async def main() -> None:
        big = {**WHOLE["openai"], "pad": "x" * 9_000_000}
        many = [
            head(),
            *[chunk(BEGIN["openai"][1].replace(b"hel", b"y" * 8000))] * 1000,
            *(chunk(f) for f in (*FINISH["openai"], LAST["openai"])),
            END,
        ]
        async with upstream([answer(200, big)], many) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.stop_reading()
                caller.send(post(CHAT.path, {**CHAT.body, "stream": False}) + post(CHAT.path, CHAT.body))
                await until(lambda: provider.seen and not home.app.spool.open_intents)
                await asyncio.sleep(0.05)
                assert len(provider.seen) == 1
                caller.read_on()
                first = await caller.answer()
                assert len(first.body) > 9_000_000
                second = await caller.answer()
                assert second.complete
                assert len(second.body) > 8_000_000

    run(main())


def test_a_caller_of_http_1_0_gets_a_stream_that_ends_with_the_connection(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*frames(CHAT))) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.send(post(CHAT.path, CHAT.body).replace(b"HTTP/1.1", b"HTTP/1.0"))
                told = await caller.head()
                assert told.header("transfer-encoding") is None
                await until(lambda: caller.gone)
                assert caller.buffer.endswith(b"data: [DONE]\n\n")

    run(main())


def test_many_streams_at_once_are_all_right(tmp_path: Path) -> None:
    async def main() -> None:
        slow: list[Any] = [head()]
        for frame in frames(CHAT):
            slow += [0.01, chunk(frame)]
        async with upstream([*slow, END]) as provider, house(tmp_path, resources(provider.url)) as home:
            answers = await asyncio.gather(*(home.ask(CHAT.path, CHAT.body) for _ in range(200)))
            assert len({told.body for told in answers}) == 1
            assert len({told.header("x-lockgate-request-id") for told in answers}) == 200
            assert {(r.settlement.usage.prompt, r.settlement.usage.output) for r in home.records()} == {(5, 2)}
            assert len(home.records()) == 200

    run(main())


def test_a_body_that_is_answered_in_full_before_it_is_sent_hurts_nobody(tmp_path: Path) -> None:
    """An upstream may refuse a large body early."""

    async def main() -> None:
        async with (
            upstream([answer(413, {"error": {"message": "too much"}}, JSON)]) as provider,
            house(tmp_path, resources(provider.url)) as home,
        ):
            told = await home.ask(CHAT.path, {**CHAT.body, "pad": "x" * 5_000_000})
            assert (told.status, told.error["message"]) == (413, "too much")

    run(main())
