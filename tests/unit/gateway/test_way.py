"""Ways: which dialect a request goes in, and what body is sent."""

from typing import Any

import msgspec
import pytest
from tests.kit.house import resources
from tests.unit.gateway.test_plan import good, plan_of

from lockgate.gateway.plan.endpoints import ENDPOINTS, Endpoint
from lockgate.gateway.plan.plan import Route
from lockgate.gateway.plan.way import Way, outgoing
from lockgate.model.dialect import Ask
from lockgate.model.faults import Fault
from lockgate.model.operations import DialectName

URL = "http://127.0.0.1:9"
CHAT, MESSAGES, COUNT, RESPONSES, EMBEDDINGS = (
    ENDPOINTS[path]
    for path in (b"/v1/chat/completions", b"/v1/messages", b"/v1/messages/count_tokens", b"/v1/responses", b"/v1/embeddings")
)
BODY = b'{"model":"gpt","messages":[{"role":"user","content":"hi"}],"max_tokens":5}'


def route(name: str = "gpt", **more: Any) -> Route:
    return good(plan_of(resources(URL, **more)), name)


def way(found: Route, endpoint: Endpoint) -> Way:
    made = found.way(endpoint)
    assert isinstance(made, Way), made
    return made


def sent(found: Route, endpoint: Endpoint, body: bytes = BODY) -> bytes | Fault:
    ask = endpoint.dialect.peek[endpoint.operation](body)
    assert isinstance(ask, Ask)
    return outgoing(way(found, endpoint), found, endpoint, ask, body)


@pytest.mark.parametrize(
    ("name", "endpoint", "dialect", "bridged"),
    [
        ("gpt", CHAT, DialectName.OPENAI_CHAT, False),
        ("gpt", MESSAGES, DialectName.OPENAI_CHAT, True),
        ("gpt", RESPONSES, DialectName.OPENAI_RESPONSES, False),
        ("claude", CHAT, DialectName.ANTHROPIC, True),
        ("claude", MESSAGES, DialectName.ANTHROPIC, False),
        ("claude", COUNT, DialectName.ANTHROPIC, False),
    ],
)
def test_the_caller_s_dialect_is_used_where_it_is_spoken(name: str, endpoint: Endpoint, dialect: DialectName, bridged: bool) -> None:
    made = way(route(name), endpoint)
    assert (made.dialect.name, made.bridged) == (dialect, bridged)


@pytest.mark.parametrize(
    ("name", "endpoint", "kind", "status"),
    [
        ("gpt", COUNT, "count_tokens_unsupported", 400),
        ("claude", EMBEDDINGS, "operation_unsupported", 501),
        ("claude", RESPONSES, "operation_unsupported", 501),
    ],
)
def test_what_is_not_offered_is_a_fault(name: str, endpoint: Endpoint, kind: str, status: int) -> None:
    made = route(name).way(endpoint)
    assert isinstance(made, Fault)
    assert (made.kind, made.status) == (kind, status)


def test_a_body_keeps_its_bytes_but_for_the_model() -> None:
    assert sent(route(), CHAT) == BODY.replace(b'"gpt"', b'"gpt-upstream"')


def test_a_stream_is_asked_for_its_usage_unless_the_caller_spoke_of_it() -> None:
    body = BODY[:-1] + b',"stream":true}'
    assert b'"stream_options":{"include_usage":true}' in (sent(route(), CHAT, body) or b"")  # type: ignore[operator]
    told = body[:-1] + b',"stream_options":{}}'
    assert b"include_usage" not in (sent(route(), CHAT, told) or b"")  # type: ignore[operator]


def test_a_bridged_body_is_written_anew_and_then_edited() -> None:
    key = {"request": {"default_body_fields": {"seed": 4}}}
    found = sent(route(key=key), MESSAGES)
    assert isinstance(found, bytes)
    said = msgspec.json.decode(found)
    assert (said["model"], said["seed"], said["messages"][0]["role"]) == ("gpt-upstream", 4, "user")


def test_two_models_in_a_body_are_the_caller_s_mistake() -> None:
    found = route()
    body = b'{"model":"gpt","messages":[],"model":"x"}'
    made = outgoing(way(found, CHAT), found, CHAT, Ask("gpt"), body)
    assert isinstance(made, Fault)
    assert (made.kind, made.status) == ("body_invalid", 400)


def test_reasoning_is_lifted_where_a_provider_key_says_where_it_is() -> None:
    found = route(key={"response": {"reasoning_field": "message.reasoning"}})
    assert way(found, CHAT).reasoning == ("reasoning",)
    assert way(found, MESSAGES).reasoning == (), "the bridge reads it by itself"
    assert way(route(), CHAT).reasoning == ()
    assert way(route(key={"response": {"reasoning_field": "reasoning_content"}}), CHAT).reasoning == ()
