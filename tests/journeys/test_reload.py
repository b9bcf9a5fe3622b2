"""A changed file takes effect, a bad one changes nothing, and what is under way is not disturbed (sections 11.2, 11.3)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.kit.caller import calling, post
from tests.kit.house import House, house, resources
from tests.kit.loop import run
from tests.kit.until import until
from tests.kit.upstream import answer, upstream

CHAT = {"model": "gpt", "messages": [{"role": "user", "content": "hi"}]}
OK = answer(200, {"id": "c1", "model": "up", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})


def with_model(url: str, name: str) -> dict[str, Any]:
    return resources(url, model={"model_name": name})


async def config(home: House) -> Any:
    return (await home.page("/status/config")).json


def test_a_change_takes_effect_and_the_connection_is_kept(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, with_model(provider.url, "one")) as home:
            await home.ask("/v1/chat/completions", CHAT)
            await home.reload(with_model(provider.url, "two"))
            await home.ask("/v1/chat/completions", CHAT)
            assert [seen.json["model"] for seen in provider.seen] == ["one", "two"]
            assert len(provider.peers) == 1
            page = await config(home)
            assert (page["state"], page["applied"]["generation"]) == ("synced", 2)
            assert (await home.scrape()).value("lockgate_config_applied_revision") == 2

    run(main())


def test_a_key_that_is_removed_or_whose_hash_changes_is_refused_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.send(post("/v1/chat/completions", CHAT))
                assert (await caller.answer()).status == 200
                rows = resources(provider.url)
                rows["api_keys"][0]["key_hash"] = "0" * 64
                await home.reload(rows)
                caller.send(post("/v1/chat/completions", CHAT))
                assert (await caller.answer()).status == 401
                await home.reload(resources(provider.url))
                caller.send(post("/v1/chat/completions", CHAT))
                assert (await caller.answer()).status == 200

    run(main())


def test_what_is_under_way_keeps_what_it_began_with(tmp_path: Path) -> None:
    async def main() -> None:
        gate = asyncio.Event()
        async with upstream([gate, OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                caller.send(post("/v1/chat/completions", CHAT))
                await until(lambda: provider.seen)
                await home.reload(resources(provider.url, models=[], api_keys=[]))
                gate.set()
                told = await caller.answer()
                assert (told.status, told.json["model"]) == (200, "gpt")
            assert (await home.ask("/v1/chat/completions", CHAT)).status == 401
            assert (await config(home))["state"] in ("empty", "synced")
            assert (home.record().intent.model_name, home.record().settlement.status) == ("gpt", 200)

    run(main())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("models: [", "invalid"),
        ("", "invalid"),
        ("_format_version: '1'\nmodels: [{display_name: x, SECRET: 1}]\n", "invalid"),
        (None, "unreadable"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing_and_is_reported(text: str | None, reason: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            if text is None:
                home.resources_file.unlink()
            else:
                home.write(text)
            await until(lambda: home.app.source.failure)
            assert (await home.ask("/v1/chat/completions", CHAT)).status == 200
            page = await config(home)
            assert page["state"] == "out_of_sync"
            assert page["applied"]["generation"] == 1
            assert page["last_failure"]["reason"] == reason
            assert page["last_failure"]["problems"]
            assert (await home.page("/status/ready")).status == 200
            assert (await home.get("/readyz", key="")).status == 200
            scrape = await home.scrape()
            assert scrape.value("lockgate_config_last_reload_successful") == 0
            assert scrape.total("lockgate_config_reload_failures_total", reason=reason) == 1
            assert home.lines("configuration refused, the last good one is served")[0]["reason"] == reason
            home.write(resources(provider.url))
            await until(lambda: home.app.source.failure is None)
            assert (await config(home))["state"] == "synced"
            assert (await config(home))["applied"]["generation"] == 1, "equal content makes no new generation"

    run(main())


def test_a_tolerant_gateway_serves_what_is_sound_and_keeps_what_turned_bad(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url), RESOURCES_TOLERANT="true") as home:
            rows = resources(provider.url)
            rows["models"][0]["timeout"] = "soon"
            rows["models"].append({"display_name": "new", "provider": "openai", "model_name": 7, "provider_key": "openai"})
            rows["models"].append({"display_name": "good", "provider": "openai", "model_name": "g", "provider_key": "openai"})
            await home.reload(rows)
            for model, status in (("gpt", 200), ("good", 200), ("new", 404)):
                assert (await home.ask("/v1/chat/completions", {**CHAT, "model": model})).status == status
            page = await config(home)
            assert page["state"] == "degraded"
            assert {row["entry"] for row in page["rejected"]} == {"gpt", "new"}
            assert len(page["serving_stale"]) == 1
            await home.reload(resources(provider.url))
            assert (await config(home))["state"] == "synced"

    run(main())


def test_a_credential_that_is_a_reference_is_read_again_when_told_to(tmp_path: Path) -> None:
    async def main() -> None:
        secret = tmp_path / "secret.txt"
        secret.write_text("first\n")
        environ = {"UPSTREAM_KEY": "from-env"}
        async with upstream([OK]) as provider:
            rows = resources(provider.url, key={"api_key": f"file:{secret}"})
            rows["provider_keys"][1]["api_key"] = "env:UPSTREAM_KEY"
            async with house(tmp_path, rows, environ=environ) as home:
                await home.ask("/v1/chat/completions", CHAT)
                assert provider.last.header("authorization") == "Bearer first"
                await home.ask("/v1/messages", {**CHAT, "model": "claude", "max_tokens": 1})
                assert provider.last.header("x-api-key") == "from-env"
                secret.write_text("second")
                plan = home.app.plan
                home.app.source.wake()
                await until(lambda: home.app.plan is not plan)
                await home.ask("/v1/chat/completions", CHAT)
                assert provider.last.header("authorization") == "Bearer second"
                assert home.app.plan.number == 1
                secret.unlink()
                plan = home.app.plan
                home.app.source.wake()
                await until(lambda: home.app.plan is not plan)
                told = await home.ask("/v1/chat/completions", CHAT)
                assert (told.status, told.error["type"]) == (401, "authentication_error")
                assert "secret.txt" not in told.body.decode()

    run(main())


def test_many_changes_in_a_row_end_with_the_last_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, with_model(provider.url, "m-0")) as home:
            for number in range(30):
                home.write(with_model(provider.url, f"m-{number}"))
                await home.ask("/v1/chat/completions", CHAT)
            await until(lambda: home.app.plan.exact["gpt"].upstream_model == "m-29")  # type: ignore[union-attr]
            await home.ask("/v1/chat/completions", CHAT)
            assert provider.last.json["model"] == "m-29"
            assert len(provider.peers) == 1

    run(main())
