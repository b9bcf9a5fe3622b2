"""
Prompts, answers and keys are in no log, metric, page, record, error or exception, whatever goes wrong: everything secret is a
canary, everything that comes out is searched, on all surfaces and through all faults.
"""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.kit.caller import Answer, calling, post
from tests.kit.canaries import Canaries, Sweep
from tests.kit.house import House, house, resources
from tests.kit.loop import run
from tests.kit.surfaces import BEGIN, SURFACES, Surface
from tests.kit.until import until
from tests.kit.upstream import CLOSE, END, JSON, RESET, STALL, answer, chunk, event, head, stream, upstream

from lockgate.gateway.relay.attempt import Attempt
from lockgate.gateway.relay.meter import Meter
from lockgate.model.faults import Fault
from lockgate.model.usage import Usage
from lockgate.runtime.vocabulary import Vocabularies


def said(surface: Surface, text: str) -> list[object]:
    """A good answer that says ``text``."""
    if surface.upstream == "openai":
        if surface.streams:
            chunks = [
                event({"id": "c1", "model": "up", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}),
                b"data: [DONE]\n\n",
            ]
            return stream(*chunks)
        return [
            answer(
                200,
                {
                    "id": "c1",
                    "model": "up",
                    "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                },
            )
        ]
    if surface.streams:
        frames = [
            event({"type": "message_start", "message": {"id": "m1", "model": "up"}}),
            BEGIN["anthropic"][1],
            event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}, "content_block_delta"),
        ]
        return stream(*frames, event({"type": "message_stop"}, "message_stop"))
    return [
        answer(
            200,
            {
                "id": "m1",
                "type": "message",
                "role": "assistant",
                "model": "up",
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn",
            },
        )
    ]


def scripts(surface: Surface, text: str) -> list[list[object]]:
    """Everything an upstream may do with an answer, and what it may say in errors."""
    whole = said(surface, text)
    body = answer(200, text.encode())
    return [
        whole,
        [*whole[:-1], CLOSE] if surface.streams else [body[:-5], CLOSE],
        [*whole[:-1], RESET],
        [*whole[:-1], chunk(event({"error": {"message": text, "type": text, "code": text}})), END],
        [body],
        [answer(500, {"error": {"message": text}})],
        [answer(302, text.encode(), f"location: http://127.0.0.1/{'x' * 9}\r\n")],
        [answer(400, {"error": {"message": text, "code": text, "param": text}})],
        [answer(429, text.encode(), JSON + "retry-after: 3\r\n")],
        [text.encode() + b"\r\n\r\n", CLOSE],
        [head(), chunk(b"data: " + text.encode() + b"\n\n"), END],
        [head(200, JSON), chunk(text.encode()), RESET],
    ]


class _BadMeter(Meter):
    """A bug that speaks of what it found."""

    def used(self, attempt: Any, failure: Fault | None) -> Usage | None:
        raise ValueError(f"cannot count {attempt.answer() if isinstance(attempt, Attempt) else attempt!r} {failure}")


async def collect(home: House, sweep: Sweep) -> None:
    sweep.collect("log", home.log)
    for page in ("/metrics", "/status/config", "/status/models", "/status/ready"):
        sweep.collect(page, (await home.page(page)).body)
    sweep.collect_folder("spool", home.folder / "spool")
    for error in home.errors:
        sweep.collect("reported errors", error)


def test_nothing_that_passes_is_left_anywhere(tmp_path: Path) -> None:
    async def main() -> None:
        canaries = Canaries()
        sweep = Sweep(canaries)
        key, upstream_key = canaries.core("caller key"), canaries.core("upstream key")
        prompt, told, tool, name = canaries.new("prompt"), canaries.new("answer"), canaries.core("tool"), canaries.core("unknown name")
        header = canaries.core("header")
        async with (
            upstream([STALL]) as provider,
            house(tmp_path, _rows(provider.url, key, upstream_key), UPSTREAM__TIMEOUT_MS=3000) as home,
        ):
            for surface in SURFACES:
                tools = (
                    [{"name": tool, "input_schema": {}}]
                    if surface.inbound == "anthropic"
                    else [{"type": "function", "function": {"name": tool}}]
                )
                body = {**surface.body, "messages": [{"role": "user", "content": prompt}], "tools": tools}
                for script in scripts(surface, told):
                    provider.plays(script)
                    await _ask(home, surface.path, body, key, f"x-any: {header}\r\nuser-agent: {header}\r\n")
                for wrong in ({**body, "model": name}, {**body, "messages": prompt}, {**body, "temperature": prompt}, prompt.encode()):
                    await _ask(home, surface.path, wrong, key)
                await _ask(home, surface.path, body, name)
                await _ask(home, f"/v1/{name}?q={name}", body, key)
            # A caller who leaves, with an answer under way.
            provider.plays([head(), *(chunk(frame) for frame in BEGIN["openai"]), STALL])
            async with calling(home.port) as caller:
                caller.send(
                    post(
                        "/v1/chat/completions", {"model": "gpt", "stream": True, "messages": [{"role": "user", "content": prompt}]}, key=key
                    )
                )
                await caller.head()
                caller.leave()
            await home.quiet()
            assert len(home.records()) > 90
            await collect(home, sweep)
            sweep.check()
            sweep.collect("plant", f"what was said: {prompt} {told} {key}")
            assert {leak.kind for leak in sweep.leaks()} == {"prompt", "answer", "caller key"}

    run(main())


def test_a_bug_of_ours_tells_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        canaries = Canaries()
        sweep = Sweep(canaries)
        key, upstream_key = canaries.core("caller key"), canaries.core("upstream key")
        prompt, told = canaries.new("prompt"), canaries.new("answer")
        async with upstream([STALL]) as provider, house(tmp_path, _rows(provider.url, key, upstream_key)) as home:
            home.app.meter = _BadMeter(Vocabularies(lambda sentence: None))
            for count, surface in enumerate(SURFACES, 1):
                provider.plays(said(surface, told))
                body = {**surface.body, "messages": [{"role": "user", "content": prompt}]}
                found = await _ask(home, surface.path, body, key)
                assert b"config_error" in found.body or b"api_error" in found.body
                assert found.status == 500 or surface.streams
                if found.status == 500:
                    sweep.collect("error answer", found.body)
                await until(lambda: not home.app.spool.open_intents)
                assert len(home.records()) == count
                assert home.records()[-1].settlement.error_class == "internal"
            assert len(home.errors) >= len(SURFACES)
            assert all("ValueError" in error for error in home.errors)
            await collect(home, sweep)
            sweep.check()
            home.errors.clear()
            scrape = await home.scrape()
            assert scrape.total("lockgate_requests_total") == len(SURFACES)

    run(main())


async def _ask(home: House, path: str, body: object, key: str, fields: str = "") -> Answer:
    async with calling(home.port) as caller:
        caller.send(post(path, body, key=key, fields=fields))
        async with asyncio.timeout(20):
            return await caller.answer()


def _rows(url: str, key: str, upstream_key: str) -> dict[str, Any]:
    keys = [{"display_name": "tests", "key_hash": sha256(key.encode()).hexdigest(), "allowed_models": ["*"]}]
    return resources(url, api_keys=keys, key={"api_key": upstream_key})
