"""Header fields both ways: what is sent upstream, what comes back, and what a provider key changes (sections 1.5, 2.1, 9.6)."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.test_relay import UUID
from tests.kit.caller import get, post
from tests.kit.gateway_process import KEY_HASH
from tests.kit.house import House, house, resources
from tests.kit.loop import run
from tests.kit.upstream import Upstream, answer, event, stream, upstream
from tests.unit.runtime.authority import Authority

from lockgate.runtime import tls as runtime_tls

CHAT = {"model": "gpt", "messages": [{"role": "user", "content": "hi"}]}
TOLD: dict[str, Any] = {"id": "c1", "model": "up", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}  # fmt: skip
OK = answer(200, TOLD)

NOISE = "".join(
    f"{name}: secret-{name}\r\n"
    for name in (
        "accept-language",
        "anthropic-beta",
        "openai-organization",
        "x-custom",
        "x-forwarded-for",
        "cookie",
        "x-api-key",
        "api-key",
        "te",
        "traceparent",
        "tracestate",
        "x-stainless-os",
        "x-lockgate-other",
        "user-agent",
        "referer",
        "accept-encoding",
        "forwarded",
        "origin",
    )
)


async def sent(home: House, provider: Upstream, fields: str = "", body: object = CHAT) -> dict[str, str]:
    """The fields that reached the upstream, of which none came twice."""
    assert (await home.ask("/v1/chat/completions", body, fields=fields)).status == 200
    names = [name for name, _ in provider.last.headers]
    assert len(names) == len(set(names)), names
    return dict(provider.last.headers)


def test_nothing_of_a_caller_s_head_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            headers = await sent(home, provider, NOISE)
            assert headers.keys() == {
                "host", "accept-encoding", "content-type", "user-agent", "accept", "authorization", "x-lockgate-request-id", "content-length",
            }  # fmt: skip
            assert "secret" not in str(headers)
            assert headers["host"] == f"127.0.0.1:{provider.port}"
            assert headers["accept-encoding"] == "identity"
            assert headers["authorization"] == "Bearer sk-openai"

    run(main())


def test_what_is_forwarded_is_forwarded_and_no_more(tmp_path: Path) -> None:
    async def main() -> None:
        key = {"request": {"forward_client_headers": ["x-custom", "openai-*", "*"]}}
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url, key=key)) as home:
            headers = await sent(home, provider, NOISE)
            assert headers["x-custom"] == "secret-x-custom"
            assert headers["openai-organization"] == "secret-openai-organization"
            assert headers["anthropic-beta"] == "secret-anthropic-beta"
            for name in (
                "cookie",
                "te",
                "traceparent",
                "tracestate",
                "x-stainless-os",
                "x-lockgate-other",
                "x-api-key",
                "api-key",
                "x-forwarded-for",
                "forwarded",
            ):
                assert name not in headers
            assert headers["authorization"] == "Bearer sk-openai"
            assert headers["accept-encoding"] == "identity"

    run(main())


def test_default_headers_are_filled_in_and_win_over_the_caller_s(tmp_path: Path) -> None:
    async def main() -> None:
        defaults = {
            "X-Ask": "id=${request.id}",
            "x-who": "${request.api_key.name}/${request.api_key.team_id}",
            "x-model": "${model.name}",
            "x-pk": "${provider_key.name}",
            "x-none": "${request.api_key.user_id}",
            "x-fixed": "always",
            "authorization": "Bearer mine",
        }
        key = {"request": {"default_headers": defaults, "forward_client_headers": ["x-*"]}}
        keys = [{"display_name": "tests", "key_hash": KEY_HASH, "allowed_models": ["*"], "team_id": "t1"}]
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url, key=key, api_keys=keys)) as home:
            headers = await sent(home, provider, "x-fixed: theirs\r\nx-none: theirs\r\nx-own: theirs\r\nx-lockgate-request-id: given\r\n")
            assert headers["x-ask"] == "id=given"
            assert headers["x-who"] == "tests/t1"
            assert headers["x-model"] == "gpt"
            assert headers["x-pk"] == "openai"
            assert headers["x-fixed"] == "always"
            assert headers["x-own"] == "theirs"
            assert "x-none" not in headers
            assert headers["authorization"] == "Bearer sk-openai"

    run(main())


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("abc-123", True),
        ("!~", True),
        ("x" * 256, True),
        ("x" * 257, False),
        ("", False),
        ("a b", False),
        ("caf\xe9", False),
        ("a\tb", False),
    ],
)
def test_a_request_id_is_taken_or_made(given: str, taken: bool, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", CHAT, fields=f"x-lockgate-request-id: {given}\r\n")
            named = told.header("x-lockgate-request-id") or ""
            assert (named == given) == taken
            assert taken or UUID.fullmatch(named)
            assert provider.last.header("x-lockgate-request-id") == named
            assert told.header("x-lockgate-call-id") == named
            assert home.record().intent.request_id == named
            (line,) = home.lines()
            assert line["request_id"] == named
            for request in (
                get("/nowhere"),
                get("/v1/models", key=""),
                get("/livez"),
                post("/v1/embeddings", b"{"),
                get("/v1/chat/completions"),
            ):
                other = await home.send(request.replace(b"\r\n\r\n", f"\r\nx-lockgate-request-id: {given}\r\n\r\n".encode("latin-1"), 1))
                assert (other.header("x-lockgate-request-id") == given) == taken

    run(main())


def test_request_ids_come_from_the_headers_that_are_set_in_their_order(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider:
            async with house(tmp_path, resources(provider.url), PROXY__REQUEST_ID__ACCEPT_HEADERS="x-request-id,x-other") as home:
                for fields, named in (
                    ("x-other: b\r\nx-request-id: a\r\n", "a"),
                    ("x-other: b\r\nx-request-id: a b\r\n", "b"),
                    ("x-lockgate-request-id: c\r\n", None),
                ):
                    told = await home.ask("/v1/chat/completions", CHAT, fields=fields)
                    assert named is None or told.header("x-lockgate-request-id") == named
                    assert named is not None or told.header("x-lockgate-request-id") != "c"

    run(main())


def test_names_on_the_wire_are_settings(tmp_path: Path) -> None:
    async def main() -> None:
        settings: dict[str, Any] = {"WIRE__HEADER_PREFIX": "x-acme-", "WIRE__SERVER": "Acme/7", "WIRE__METRIC_PREFIX": "acme_"}
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url), **settings) as home:
            told = await home.ask("/v1/chat/completions", CHAT, fields="x-acme-request-id: r1\r\n")
            assert told.header("x-acme-request-id") == "r1"
            assert told.header("x-acme-call-id") == "r1"
            assert told.header("server") == "Acme/7"
            assert not any("lockgate" in name for name, _ in told.headers)
            assert provider.last.header("x-acme-request-id") == "r1"
            assert provider.last.header("user-agent") == "Acme/7"
            assert (await home.scrape()).total("acme_requests_total") == 1

    run(main())


def test_an_answer_has_the_gateway_s_fields_and_no_others(tmp_path: Path) -> None:
    async def main() -> None:
        frames = [
            event({"id": "c", "model": "up", "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}),
            b"data: [DONE]\n\n",
        ]
        async with upstream([OK], stream(*frames)) as provider, house(tmp_path, resources(provider.url)) as home:
            whole = await home.ask("/v1/chat/completions", CHAT)
            names = {"content-type", "server", "x-lockgate-request-id", "x-lockgate-call-id", "x-request-id", "date", "content-length"}
            assert {name for name, _ in whole.headers} == names
            told = await home.ask("/v1/chat/completions", {**CHAT, "stream": True})
            assert {name for name, _ in told.headers} == names - {"content-length"} | {
                "transfer-encoding",
                "cache-control",
                "x-accel-buffering",
            }
            assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", whole.header("date") or "")

    run(main())


# What a provider key changes in bodies ----------------------------------------------------------------------------------


def test_bodies_are_renamed_then_bounded_then_completed(tmp_path: Path) -> None:
    async def main() -> None:
        key = {
            "request": {
                "param_renames": {"max_tokens": "max_completion_tokens", "heat": "temperature"},
                "param_constraints": {"temperature_min": 0.1, "temperature_max": 0.9},
                "default_body_fields": {"top_p": 0.5, "temperature": 0.3, "store": False},
            }
        }
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url, key=key)) as home:
            await sent(home, provider, body={**CHAT, "max_tokens": 5, "heat": 3, "top_p": 1})
            assert provider.last.json == {
                **CHAT, "model": "gpt-upstream", "max_completion_tokens": 5, "temperature": 0.9, "top_p": 1, "store": False,
            }  # fmt: skip
            await sent(home, provider)
            assert provider.last.json == {**CHAT, "model": "gpt-upstream", "temperature": 0.3, "top_p": 0.5, "store": False}

    run(main())


def test_lists_of_text_become_strings_where_asked(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            upstream([OK]) as provider,
            house(tmp_path, resources(provider.url, key={"response": {"content_list_to_string": True}})) as home,
        ):
            parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
            await sent(home, provider, body={"model": "gpt", "messages": [{"role": "user", "content": parts}]})
            assert provider.last.json["messages"] == [{"role": "user", "content": "a\nb"}]

    run(main())


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("field", ["reasoning", "message.thoughts.text"])
def test_reasoning_is_told_under_its_usual_name(field: str, path: str, tmp_path: Path) -> None:
    async def main() -> None:
        member = {"reasoning": "hm"} if field == "reasoning" else {"thoughts": {"text": "hm"}}
        whole = {**TOLD, "choices": [{"index": 0, "message": {"role": "assistant", "content": "x", **member}, "finish_reason": "stop"}]}
        pieces = stream(
            event({"id": "c1", "model": "up", "choices": [{"index": 0, "delta": {"role": "assistant", **member}, "finish_reason": None}]}),
            event({"id": "c1", "model": "up", "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}),
            b"data: [DONE]\n\n",
        )
        body = {**CHAT, "max_tokens": 9}
        async with (
            upstream([answer(200, whole)], pieces) as provider,
            house(tmp_path, resources(provider.url, key={"response": {"reasoning_field": field}})) as home,
        ):
            told = await home.ask(path, body)
            streamed = await home.ask(path, {**body, "stream": True})
            if path == "/v1/messages":
                assert told.json["content"][0]["thinking"] == "hm"
                assert "hm" in [data["delta"].get("thinking") for _, data in streamed.events if data["type"] == "content_block_delta"]
            else:
                assert told.json["choices"][0]["message"]["reasoning_content"] == "hm"
                assert told.json["model"] == "gpt"
                assert streamed.events[0][1]["choices"][0]["delta"]["reasoning_content"] == "hm"

    run(main())


def test_without_being_asked_reasoning_stays_where_it_was(tmp_path: Path) -> None:
    async def main() -> None:
        whole = {
            **TOLD,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "x", "reasoning": "hm"}, "finish_reason": "stop"}],
        }
        async with upstream([answer(200, whole)]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", CHAT)
            assert told.json["choices"] == whole["choices"]

    run(main())


# TLS --------------------------------------------------------------------------------------------------------------------


def test_a_provider_key_s_own_authority_is_trusted_for_it_alone(tmp_path: Path) -> None:
    async def main() -> None:
        authority = Authority(tmp_path)
        cert_file, key_file = authority.issue("127.0.0.1")
        context = runtime_tls.server_context(cert_file, key_file)
        async with upstream([OK], tls=context) as provider:
            rows = resources(provider.url)
            trusting = {**rows["provider_keys"][0], "display_name": "own", "tls": {"ca_cert": authority.pem}}
            blind = {**rows["provider_keys"][0], "display_name": "blind", "tls": {"verify": False}}
            rows["provider_keys"] += [trusting, blind]
            rows["models"] += [
                {"display_name": name, "provider": "openai", "model_name": "m", "provider_key": name} for name in ("own", "blind")
            ]
            async with house(tmp_path, rows) as home:
                assert (await home.ask("/v1/chat/completions", {**CHAT, "model": "own"})).status == 200
                assert (await home.ask("/v1/chat/completions", {**CHAT, "model": "blind"})).status == 200
                told = await home.ask("/v1/chat/completions", CHAT)
                assert (told.status, told.error["type"]) == (502, "transport_error")
                assert (await home.ask("/v1/chat/completions", {**CHAT, "model": "own"})).status == 200
                assert len(provider.seen) == 3

    run(main())


def test_a_connection_made_by_rules_that_changed_is_not_used_again(tmp_path: Path) -> None:
    async def main() -> None:
        authority = Authority(tmp_path)
        context = runtime_tls.server_context(*authority.issue("127.0.0.1"))
        async with (
            upstream([OK], tls=context) as provider,
            house(tmp_path, resources(provider.url, key={"tls": {"verify": False}})) as home,
        ):
            assert (await home.ask("/v1/chat/completions", CHAT)).status == 200
            await home.reload(resources(provider.url, key={"tls": {"verify": True}}))
            assert (await home.ask("/v1/chat/completions", CHAT)).status == 502
            await home.reload(resources(provider.url, key={"tls": {"ca_cert": authority.pem}}))
            assert (await home.ask("/v1/chat/completions", CHAT)).status == 200
            await home.reload(resources(provider.url))
            assert (await home.ask("/v1/chat/completions", CHAT)).status == 502
            assert len(provider.seen) == 2

    run(main())
