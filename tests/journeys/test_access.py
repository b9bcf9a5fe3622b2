"""Who may ask for what: credentials before bodies, names before permissions, permissions before addresses (sections 7.1-7.6)."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.kit.caller import Answer, get
from tests.kit.gateway_process import KEY, KEY_HASH
from tests.kit.house import House, house, resources
from tests.kit.loop import run
from tests.kit.upstream import answer, upstream

from lockgate.runtime.clock import SystemClock

CHAT = {"model": "gpt", "messages": [{"role": "user", "content": "hi"}]}
MESSAGES = {"model": "claude", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}
OK = answer(200, {"id": "c1", "model": "up", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})  # fmt: skip


def key(name: str, token: str, **more: Any) -> dict[str, Any]:
    return {"display_name": name, "key_hash": hashlib.sha256(token.encode()).hexdigest(), "allowed_models": ["*"]} | more


KEYS = [
    key("all", KEY),
    key("some", "sk-some", allowed_models=["gpt", "team-*"]),
    key("none", "sk-none", allowed_models=[]),
    key("off", "sk-off", disabled=True),
    key("old", "sk-old", expires_at="2020-01-01T00:00:00Z"),
    key("off and old", "sk-off-old", disabled=True, expires_at="2020-01-01T00:00:00Z"),
    key("fresh", "sk-fresh", expires_at="2100-01-01T00:00:00Z"),
]


def models(url: str) -> dict[str, Any]:
    base = resources(url, api_keys=KEYS)
    rows = [
        {"display_name": "team-*", "provider": "openai", "model_name": "their-*", "provider_key": "openai"},
        {"display_name": "team-long-*", "provider": "openai", "model_name": "fixed", "provider_key": "openai"},
        {"display_name": "here", "provider": "openai", "model_name": "m", "provider_key": "openai", "allowed_cidrs": ["127.0.0.0/8"]},
        {"display_name": "there", "provider": "openai", "model_name": "m", "provider_key": "openai", "allowed_cidrs": ["203.0.113.0/24"]},
        {"display_name": "broken", "provider": "openai", "model_name": "m", "provider_key_id": "00000000-0000-0000-0000-000000000000"},
        {"display_name": "broken there", "provider": "openai", "model_name": "m", "provider_key_id": "00000000-0000-0000-0000-000000000000", "allowed_cidrs": ["203.0.113.0/24"]},
    ]  # fmt: skip
    return base | {"models": base["models"] + rows}


def with_key(fields: str) -> str:
    """The key is another one each time, so it cannot be part of a test's name."""
    return fields.replace("KEY_HASH", KEY_HASH).replace("KEY", KEY)


def refused(told: Answer, status: int, type_: str, code: str | None = None) -> None:
    assert (told.status, told.error["type"], told.error.get("code")) == (status, type_, code)
    assert told.header("x-lockgate-request-id")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("", None),
        ("authorization: Bearer \r\n", None),
        ("authorization: Bearer unknown\r\n", None),
        ("authorization: Bearer  KEY\r\n", None),
        ("authorization: bearer KEY\r\n", None),
        ("authorization: Basic bGdrOng=\r\n", None),
        ("authorization: KEY\r\n", None),
        ("authorization:\r\n", None),
        ("authorization: Bearer caf\xe9\r\n", None),
        ("authorization: Basic x\r\nx-api-key: KEY\r\n", None),
        ("x-api-key: KEY\r\nauthorization: Bearer \r\n", None),
        ("x-api-key: \r\n", None),
        ("x-api-key: unknown\r\n", None),
        ("authorization: Bearer KEY_HASH\r\n", None),
        ("authorization: Bearer sk-off\r\n", "api_key_disabled"),
        ("authorization: Bearer sk-old\r\n", "api_key_expired"),
        ("authorization: Bearer sk-off-old\r\n", "api_key_disabled"),
        ("x-api-key: sk-old\r\n", "api_key_expired"),
    ],
)
def test_a_bad_credential_is_401_before_anything_else_is_looked_at(fields: str, code: str | None, tmp_path: Path) -> None:
    fields = with_key(fields)

    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, models(provider.url)) as home:
            for body in (CHAT, b"{ no json", {**CHAT, "model": "no such"}, b""):
                told = await home.ask("/v1/chat/completions", body, key="", fields=fields)
                refused(told, 401, "invalid_api_key", code)
                told = await home.ask("/v1/messages", body, key="", fields=fields)
                assert (told.status, told.json["type"], told.error["type"]) == (401, "error", "authentication_error")
                assert told.error.keys() == {"type", "message"}
            refused(await home.get("/v1/models", key="", fields=fields), 401, "invalid_api_key", code)
            assert not provider.seen
            assert not home.records()
            assert not home.lines(), "a 401 writes no access line (section 7.2)"
            scrape = await home.scrape()
            assert scrape.total("lockgate_proxy_requests_total") == 0
            assert scrape.total("lockgate_auth_decisions_total", result="denied") == 9

    run(main())


@pytest.mark.parametrize(
    "fields",
    ["authorization: Bearer KEY\r\n", "x-api-key: KEY\r\n", "x-api-key: no\r\nauthorization: Bearer KEY\r\n", "x-api-key: sk-fresh\r\n"],
)
def test_a_good_credential_opens(fields: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, models(provider.url)) as home:
            assert (await home.ask("/v1/chat/completions", CHAT, key="", fields=with_key(fields))).status == 200
            assert provider.last.header("authorization") == "Bearer sk-openai"
            assert provider.last.header("x-api-key") is None
            assert (await home.scrape()).total("lockgate_auth_decisions_total", method="api_key", result="allowed") == 1

    run(main())


class _At(SystemClock):
    """A wall clock that says what it is told."""

    now_ms: Callable[[], int]


def test_a_key_is_valid_to_its_very_instant_and_no_longer(tmp_path: Path) -> None:
    async def main() -> None:
        clock, now = _At(), [1780272000000]
        clock.now_ms = lambda: now[0]
        keys = [key("brief", "sk-brief", expires_at="2026-06-01T00:00:00Z")]
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url, api_keys=keys), clock=clock) as home:
            assert (await home.ask("/v1/chat/completions", CHAT, key="sk-brief")).status == 200
            now[0] += 1
            refused(await home.ask("/v1/chat/completions", CHAT, key="sk-brief"), 401, "invalid_api_key", "api_key_expired")

    run(main())


@pytest.mark.parametrize(
    ("token", "model", "status", "type_", "code"),
    [
        ("ALL", "no such", 404, "model_not_found", None),
        ("sk-some", "no such", 404, "model_not_found", None),
        ("sk-none", "no such", 404, "model_not_found", None),
        ("sk-none", "gpt", 403, "permission_denied", None),
        ("sk-some", "claude", 403, "permission_denied", None),
        ("sk-some", "here", 403, "permission_denied", None),
        ("sk-some", "there", 403, "permission_denied", None),
        ("ALL", "there", 403, "permission_denied", "ip_restricted"),
        ("ALL", "broken", 400, "invalid_request_error", None),
        ("sk-some", "broken", 403, "permission_denied", None),
        ("ALL", "broken there", 403, "permission_denied", "ip_restricted"),
        ("ALL", "GPT", 404, "model_not_found", None),
        ("ALL", "team-*", 200, "", None),
        ("ALL", "here", 200, "", None),
        ("sk-some", "team-a", 200, "", None),
    ],
)
def test_a_name_is_looked_up_before_it_is_allowed(
    token: str, model: str, status: int, type_: str, code: str | None, tmp_path: Path
) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, models(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", {**CHAT, "model": model}, key=KEY if token == "ALL" else token)
            assert told.status == status
            if status == 200:
                return
            refused(told, status, type_, code)
            assert not provider.seen
            if status == 404:
                assert model in told.error["message"]
            assert "203.0.113" not in told.body.decode()
            (line,) = home.lines()
            assert (line["status"], line.get("model", "")) == (status, "" if status == 404 else model)
            labels = (await home.scrape()).labels("lockgate_requests_total")
            assert [label["model"] for label in labels] == ["unresolved" if status == 404 else model]

    run(main())


def test_the_body_is_judged_before_the_name_and_after_the_key(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, models(provider.url)) as home:
            for body in (
                b"{",
                b"[]",
                b"",
                b"{}",
                {"model": "gpt"},
                {"model": "gpt", "messages": []},
                {"model": "", "messages": CHAT["messages"]},
                {"model": 1},
            ):
                refused(await home.ask("/v1/chat/completions", body), 400, "invalid_request_error")
                told = await home.ask("/v1/messages", body)
                assert (told.status, told.error["type"]) == (400, "invalid_request_error")
            assert len(home.lines()) == 16
            assert not home.records()
            assert (await home.scrape()).total("lockgate_proxy_requests_total", status="400") == 16

    run(main())


def test_a_wildcard_answers_to_many_names_and_is_one_row(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, models(provider.url)) as home:
            for name, sent in (("team-a", "their-a"), ("team-a/b", "their-a/b"), ("team-long-x", "fixed")):
                told = await home.ask("/v1/chat/completions", {**CHAT, "model": name})
                assert provider.last.json["model"] == sent
                assert told.json["model"] == name
            first, _, third = home.records()
            assert (first.intent.requested_model, first.intent.model_name) == ("team-a", "team-*")
            assert (third.intent.requested_model, third.intent.model_name) == ("team-long-x", "team-long-*")
            labels = (await home.scrape()).labels("lockgate_llm_requests_total")
            assert {label["model"] for label in labels} == {"team-*", "team-long-*"}
            assert [line["model"] for line in home.lines()] == ["team-*", "team-*", "team-long-*"]

    run(main())


async def _from(home: House, fields: str) -> int:
    return (await home.ask("/v1/chat/completions", {**CHAT, "model": "there"}, fields=fields)).status


@pytest.mark.parametrize(
    ("settings", "fields", "status"),
    [
        ({}, "x-forwarded-for: 203.0.113.9\r\n", 403),
        ({"TRUSTED_PROXIES": "127.0.0.0/8"}, "x-forwarded-for: 203.0.113.9\r\n", 200),
        ({"TRUSTED_PROXIES": "127.0.0.0/8"}, "x-forwarded-for: 203.0.113.9, 198.51.100.1\r\n", 403),
        ({"TRUSTED_PROXIES": "127.0.0.0/8,198.51.100.0/24"}, "x-forwarded-for: 203.0.113.9, 198.51.100.1\r\n", 200),
        ({"TRUSTED_PROXIES": "127.0.0.0/8,198.51.100.0/24", "RECURSIVE": "false"}, "x-forwarded-for: 203.0.113.9, 198.51.100.1\r\n", 403),
        ({"TRUSTED_PROXIES": "127.0.0.0/8"}, "x-forwarded-for: 198.51.100.1\r\nx-forwarded-for: 203.0.113.9:4711\r\n", 200),
        ({"TRUSTED_PROXIES": "127.0.0.0/8"}, "x-forwarded-for: 203.0.113.9, nonsense\r\n", 200),
        ({"TRUSTED_PROXIES": "127.0.0.0/8"}, "", 403),
        ({"TRUSTED_PROXIES": "127.0.0.0/8", "HEADER": "x-real-ip"}, "x-real-ip: 203.0.113.9\r\nx-forwarded-for: 198.51.100.1\r\n", 200),
        ({"TRUSTED_PROXIES": "10.0.0.0/8"}, "x-forwarded-for: 203.0.113.9\r\n", 403),
    ],
)
def test_where_a_caller_is_is_said_by_trusted_proxies_only(settings: dict[str, str], fields: str, status: int, tmp_path: Path) -> None:
    async def main() -> None:
        variables: dict[str, Any] = {f"PROXY__REAL_IP__{name}": value for name, value in settings.items()}
        async with upstream([OK]) as provider, house(tmp_path, models(provider.url), **variables) as home:
            assert await _from(home, fields) == status

    run(main())


def test_a_key_cannot_be_told_from_no_key_by_its_answer(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, models(provider.url)) as home:
            told = await home.send(get("/v1/models", key="").replace(b"GET /v1/models", b"POST /v1/chat/completions"))
            refused(told, 401, "invalid_api_key")
            assert "lgk" not in told.body.decode().lower()

    run(main())


def test_a_refused_credential_is_told_to_the_log_as_loud_as_it_matters(tmp_path: Path) -> None:
    """Section 7.2: unknown ones only when debugging, those of our own keys as a warning with the key's id."""

    async def main() -> None:
        for level, debugging in (("info", False), ("debug", True)):
            folder = tmp_path / level
            folder.mkdir()
            async with house(folder, models("http://127.0.0.1:9"), OBSERVABILITY__LOG_LEVEL=level) as home:
                for token in ("unknown", "", "sk-off", "sk-old"):
                    told = await home.ask("/v1/messages", MESSAGES, key=token, fields="x-lockgate-request-id: r-1\r\n")
                    assert told.status == 401
                await home.get("/v1/models", key="sk-off")
                lines = home.lines("key refused")
                assert [(line["level"], line["path"], line["reason"]) for line in lines] == [
                    ("warning", "/v1/messages", "credential_disabled"),
                    ("warning", "/v1/messages", "credential_expired"),
                    ("warning", "/v1/models", "credential_disabled"),
                ]
                assert (lines[0]["request_id"], lines[0]["client"]) == ("r-1", "127.0.0.0")
                assert lines[0]["api_key_id"] == lines[2]["api_key_id"] != lines[1]["api_key_id"]
                reasons = [line["reason"] for line in home.lines("credential refused")]
                assert reasons == (["credential_unknown", "credential_missing"] if debugging else [])
                assert "sk-off" not in home.log.decode()

    run(main())
