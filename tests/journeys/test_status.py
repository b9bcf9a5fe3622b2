"""The status listener: what is applied, what is ready, and metrics that move with real traffic (sections 9.1, 9.2, 11.5, 13.6)."""

import json
from pathlib import Path
from typing import Any

from tests.kit.caller import get
from tests.kit.gateway_process import KEY, KEY_HASH
from tests.kit.house import house, resources
from tests.kit.loop import run
from tests.kit.surfaces import SURFACES, WHOLE, good
from tests.kit.upstream import STALL, answer, upstream

CHAT: dict[str, Any] = {"model": "gpt", "messages": [{"role": "user", "content": "hi"}]}
OK = answer(200, WHOLE["openai"])


def test_the_pages_are_there_and_show_no_secret(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            await home.ask("/v1/chat/completions", CHAT)
            pages = {path: await home.page(path) for path in ("/status/config", "/status/ready", "/status/models", "/metrics")}
            assert {told.status for told in pages.values()} == {200}
            everything = b"".join(told.body for told in pages.values()).decode() + home.log.decode()
            for secret in (KEY, KEY_HASH, "sk-openai", "sk-anthropic"):
                assert secret not in everything
            config = pages["/status/config"].json
            assert config["state"] == "synced"
            assert config["source"] == {"kind": "file", "path": "resources.yaml"}
            assert config["applied"]["generation"] == 1
            assert len(config["applied"]["hash"]) == 64
            assert config["resources"] == {"provider_keys": 2, "models": 2, "api_keys": 1}
            assert [row["model"] for row in pages["/status/models"].json["models"]] == ["claude", "gpt"]
            assert pages["/metrics"].header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
            assert (await home.page("/")).status == 404
            told = await home.send(get("/metrics", key="", method="POST"), port=home.status_port)
            assert (told.status, told.header("allow")) == (405, "GET, HEAD")

    run(main())


def test_an_empty_configuration_is_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, '_format_version: "1"\n') as home:
            assert (await home.page("/status/config")).json["state"] == "empty"
            assert (await home.page("/status/ready")).status == 200
            assert (await home.get("/readyz", key="")).status == 200

    run(main())


def test_every_surface_moves_its_families(tmp_path: Path) -> None:
    async def main() -> None:
        price = {"cost": {"input_per_1k": 1.0, "output_per_1k": 2.0}}
        keys = [
            {"display_name": "tests", "key_hash": KEY_HASH, "allowed_models": ["*"], "team_id": "t1", "user_id": "u1", "user_name": "Ann"}
        ]
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url, model=price, api_keys=keys)) as home:
            for surface in SURFACES:
                provider.plays(good(surface))
                told = await home.ask(surface.path, surface.body, fields="user-agent: OpenAI/Python 2.1\r\n")
                assert told.status == 200
            await home.quiet()
            scrape = await home.scrape()
            for surface in SURFACES:
                labels = {
                    "endpoint": surface.path,
                    "inbound_protocol": surface.inbound,
                    "provider": surface.upstream,
                    "model": surface.model,
                }
                stream = "true" if surface.streams else "false"
                assert scrape.total("lockgate_llm_requests_total", **labels, stream=stream, status="200", outcome="success") == 1
                assert scrape.total("lockgate_proxy_requests_total", **labels, stream=stream, team_id="t1", user_name="Ann") == 1
            assert scrape.total("lockgate_requests_total") == len(SURFACES)
            assert scrape.total("lockgate_llm_input_tokens_total") == 5 * len(SURFACES)
            assert scrape.total("lockgate_llm_output_tokens_total") == 2 * len(SURFACES)
            assert scrape.total("lockgate_llm_total_tokens_total") == 7 * len(SURFACES)
            assert scrape.total("lockgate_tokens_consumed_total") == 7 * len(SURFACES)
            assert scrape.total("lockgate_llm_spend_micro_usd_total") == 9000 * len(SURFACES)
            assert scrape.total("lockgate_llm_tokens_by_client_total", token_type="output") == 2 * len(SURFACES)
            assert scrape.total("lockgate_request_e2e_latency_seconds_count") == len(SURFACES)
            assert scrape.total("lockgate_request_ttft_seconds_count") == len(SURFACES) / 2
            assert scrape.total("lockgate_deployment_requests_total") == len(SURFACES)
            assert scrape.total("lockgate_deployment_success_responses_total") == len(SURFACES)
            assert scrape.total("lockgate_deployment_failure_responses_total") == 0
            assert scrape.total("lockgate_proxy_in_flight_requests") == 0
            assert scrape.total("lockgate_usage_events_emitted_total") == len(SURFACES)
            assert scrape.total("lockgate_auth_decisions_total", result="allowed") == len(SURFACES)
            assert not any("request_id" in labels for labels in scrape.labels("lockgate_llm_requests_total"))

    run(main())


def test_failures_are_counted_where_successes_are(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(500, b"")]) as provider, house(tmp_path, resources(provider.url)) as home:
            await home.ask("/v1/chat/completions", CHAT)
            await home.ask("/v1/chat/completions", {**CHAT, "model": "who"})
            scrape = await home.scrape()
            assert scrape.total("lockgate_requests_total", status="502", outcome="failure") == 1
            assert scrape.total("lockgate_requests_total", status="404", model="unresolved") == 1
            assert scrape.total("lockgate_proxy_failed_requests_total") == 2
            assert scrape.total("lockgate_deployment_failure_responses_total") == 1
            assert scrape.total("lockgate_request_e2e_latency_seconds_count") == 2

    run(main())


def test_a_whole_answer_is_one_line_with_its_tokens(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", CHAT)
            (line,) = home.lines()
            intent = home.record().intent
            expected = {
                "method": "POST", "path": "/v1/chat/completions", "status": 200, "provider": "openai", "model": "gpt",
                "api_key_id": intent.api_key_id, "prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7,
                "request_id": told.header("x-lockgate-request-id"), "provider_request_id": "c1", "served_by_model": "gpt",
                "routing_attempt_count": 1, "level": "info",
            }  # fmt: skip
            assert {name: line[name] for name in expected} == expected
            assert line["latency_ms"] >= 0
            assert not home.lines("provider call completed")
            assert "127.0.0.1" not in json.dumps(line)

    run(main())


def test_a_stream_is_one_line_at_its_start_and_one_per_attempt_at_its_end(tmp_path: Path) -> None:
    async def main() -> None:
        surface = SURFACES[4]
        async with upstream(good(surface)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask(surface.path, surface.body)
            await home.quiet()
            (line,) = home.lines()
            assert (line["status"], line["path"]) == (200, surface.path)
            assert "prompt_tokens" not in line
            assert "provider_request_id" not in line
            (call,) = home.lines("provider call completed")
            assert call["request_id"] == line["request_id"] == told.header("x-lockgate-request-id")
            assert (call["prompt_tokens"], call["completion_tokens"], call["total_tokens"]) == (5, 2, 7)
            assert (call["finish_reason"], call["provider_request_id"], call["attempt_kind"]) == ("stop", "c1", "initial")

    run(main())


def test_a_refusal_before_any_attempt_is_one_line_and_no_record(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources("http://127.0.0.1:9")) as home:
            await home.ask("/v1/chat/completions", b"{")
            await home.ask("/v1/chat/completions", {**CHAT, "model": "who"})
            assert [(line["status"], line["error_kind"]) for line in home.lines()] == [(400, "body_invalid"), (404, "model_not_found")]
            assert not home.records()

    run(main())


def test_the_access_log_can_be_switched_off(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url), OBSERVABILITY__ACCESS_LOG="false") as home:
            await home.ask("/v1/chat/completions", CHAT)
            assert not home.lines()
            assert (await home.scrape()).total("lockgate_requests_total") == 1

    run(main())
