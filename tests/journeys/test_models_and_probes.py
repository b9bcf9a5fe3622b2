"""The small answers of the API's listener: models, probes, paths and methods that do not exist (sections 1.1, 1.6, 11.6)."""

import asyncio
from pathlib import Path

import pytest
from tests.journeys.test_access import KEYS, models
from tests.kit.caller import calling, get, post
from tests.kit.gateway_process import KEY
from tests.kit.house import house, resources
from tests.kit.loop import run
from tests.kit.until import until
from tests.kit.upstream import answer, upstream

NOWHERE = "http://127.0.0.1:9"


def test_models_are_those_a_key_may_name_sorted_and_without_wildcards(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, models(NOWHERE)) as home:
            for path in ("/v1/models", "/v1/models/", "/v1/models?limit=2"):
                told = await home.get(path)
                assert told.status == 200
                assert told.json["object"] == "list"
                assert [row["id"] for row in told.json["data"]] == ["broken", "broken there", "claude", "gpt", "here", "there"]
            rows = {row["id"]: row for row in told.json["data"]}
            assert rows["gpt"].keys() == {"id", "object", "created", "owned_by"}
            assert (rows["gpt"]["object"], rows["gpt"]["owned_by"], rows["claude"]["owned_by"]) == ("model", "openai", "anthropic")
            assert rows["gpt"]["created"] > 1_700_000_000
            assert [row["id"] for row in (await home.get("/v1/models", key="sk-some")).json["data"]] == ["gpt"]
            assert (await home.get("/v1/models", key="sk-none")).json["data"] == []
            told = await home.get("/v1/models", key="", fields=f"x-api-key: {KEY}\r\n")
            assert told.status == 200
            assert len(home.lines()) == 6
            assert not home.records()
            assert len(KEYS) == 7

    run(main())


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_need_no_key_and_write_no_line(path: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources(NOWHERE)) as home:
            told = await home.get(path, key="")
            assert (told.status, told.body) == (200, b"ok")
            assert told.header("content-type") == "text/plain; charset=utf-8"
            assert told.header("x-lockgate-request-id")
            verbose = await home.get(path + "?verbose", key="")
            assert verbose.status == 200
            assert b"[+]draining ok\n" in verbose.body
            assert verbose.body.endswith(b"ok\n")
            async with calling(home.port) as caller:
                caller.send(get(path, method="HEAD"))
                head = await caller.head()
                assert (head.status, head.header("content-length")) == (200, "2")
            assert not home.lines()

    run(main())


def test_a_draining_gateway_says_so_at_once_and_still_serves(tmp_path: Path) -> None:
    async def main() -> None:
        done = answer(200, {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})
        gate = asyncio.Event()
        async with upstream([gate, done]) as provider, house(tmp_path, resources(provider.url), SHUTDOWN__MIN_DRAIN_SECS="1") as home:
            async with calling(home.port) as caller:
                caller.send(post("/v1/chat/completions", {"model": "gpt", "messages": [{"role": "user", "content": "x"}]}))
                await until(lambda: provider.seen)
                stopping = asyncio.ensure_future(home.app.stop("SIGTERM"))
                await until(lambda: home.app.front.draining)
                for path in ("/livez", "/readyz"):
                    told = await home.get(path, key="")
                    assert told.status == 503
                    assert told.header("connection") == "close"
                assert b"[-]draining" in (await home.get("/readyz?verbose", key="")).body
                assert (await home.get("/v1/models")).status == 200
                gate.set()
                told = await caller.answer()
                assert (told.status, told.header("connection")) == (200, "close")
                assert await stopping

    run(main())


def test_paths_that_do_not_exist(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources(NOWHERE)) as home:
            for path in (
                "/",
                "/health",
                "/v1",
                "/v1/chat",
                "/v1/chat/completions//",
                "/v1/chat/completions/x",
                "/V1/models",
                "/v1/messages/x",
                "/%2e%2e/v1/models",
            ):
                told = await home.get(path)
                assert (told.status, told.error["type"]) == (404, "invalid_request_error"), path
                told = await home.ask(path, b"{}", key="")
                assert told.status == 404
            assert {line["path"] for line in home.lines()} == {"other"}
            scrape = await home.scrape()
            assert {label["endpoint"] for label in scrape.labels("lockgate_proxy_requests_total")} == {"other"}

    run(main())


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        ("/v1/chat/completions", "GET", "POST"),
        ("/v1/chat/completions", "PUT", "POST"),
        ("/v1/messages", "DELETE", "POST"),
        ("/v1/models", "POST", "GET, HEAD"),
        ("/livez", "POST", "GET, HEAD"),
    ],
)
def test_methods_that_a_path_does_not_know(path: str, method: str, allow: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources(NOWHERE)) as home:
            told = await home.send(post(path, b"{}", method=method))
            assert (told.status, told.header("allow")) == (405, allow)
            if path == "/v1/messages":
                assert (told.json["type"], told.error.keys()) == ("error", {"type", "message"})
            else:
                assert told.error["type"] == "invalid_request_error"
                assert "param" not in told.error

    run(main())


def test_a_body_over_the_limit_is_413_with_nothing_but_the_limit(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources(NOWHERE), PROXY__REQUEST_BODY_LIMIT_BYTES=1000) as home:
            body = b'{"model":"gpt","messages":[{"role":"user","content":"' + b"x" * 2000 + b'"}]}'
            told = await home.ask("/v1/chat/completions", body)
            assert (told.status, told.error["type"]) == (413, "invalid_request_error")
            assert "1000" in told.error["message"]
            told = await home.ask("/v1/messages", body)
            assert (told.status, told.error["type"]) == (413, "request_too_large")
            told = await home.ask("/v1/chat/completions", body, key="nobody")
            assert told.status == 413, "a length that says too much is refused before the key is looked at (section 0.3)"
            lines = home.lines()
            assert [(line["path"], line["status"], line["drain_outcome"]) for line in lines] == [
                ("/v1/chat/completions", 413, "completed"),
                ("/v1/messages", 413, "completed"),
                ("/v1/chat/completions", 413, "completed"),
            ]
            scrape = await home.scrape()
            assert scrape.total("lockgate_proxy_request_body_limit_rejections_total", outcome="completed") == 3
            assert not home.records()

    run(main())
