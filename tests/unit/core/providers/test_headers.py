"""Header fields a provider key adds: whose value wins, what is dropped, what a caller may hand through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.providers.headers import VARIABLES, Defaults, Headers, compile_defaults, compile_forward
from lockgate.model.principal import Principal

FACTS = {"model.id": "m1", "model.name": "fast", "provider_key.id": "p1", "provider_key.name": "main key"}
WHO = Principal(api_key_id="k1", api_key_name="ci", team_id="t1", user_id="u1")
NOBODY = Principal(api_key_id="k1")


def sent(templates: dict[str, str], who: Principal = WHO, taken: frozenset[str] = frozenset()) -> str:
    defaults = compile_defaults(templates, FACTS, taken)
    fixed = "".join(f"{name}: {value}\r\n" for name, value in defaults.fixed)
    return fixed + (defaults.render("req-1", who).decode() if defaults.render else "")


def test_a_plain_default_is_fixed_when_compiled() -> None:
    assert compile_defaults({"X-Team": "blue"}, FACTS, frozenset()) == Defaults((("x-team", "blue"),), None, frozenset({"x-team"}))


def test_what_the_row_knows_is_fixed_when_compiled() -> None:
    defaults = compile_defaults({"x-at": "${model.name}/${model.id} by ${provider_key.name}:${provider_key.id}"}, FACTS, frozenset())
    assert defaults.fixed == (("x-at", "fast/m1 by main key:p1"),)
    assert defaults.render is None


def test_what_the_request_knows_is_rendered() -> None:
    template = (
        "${request.id}-${request.api_key.id}-${request.api_key.name}-${request.api_key.team_id}-${request.api_key.user_id}.${model.id}"
    )
    assert sent({"x-who": template}) == "x-who: req-1-k1-ci-t1-u1.m1\r\n"


def test_the_vocabulary_is_closed() -> None:
    assert len(VARIABLES) == 9
    for name in ("request.ip", "env.HOME", "", "request.api_key", "REQUEST.ID", "model", "request.id "):
        assert sent({"x-a": f"v-${{{name}}}", "x-b": "kept"}) == "x-b: kept\r\n"


def test_an_empty_variable_drops_the_whole_field() -> None:
    assert sent({"x-team": "team-${request.api_key.team_id}", "x-id": "${request.id}"}, NOBODY) == "x-id: req-1\r\n"
    assert compile_defaults({"x": "a${model.id}"}, {"model.id": ""}, frozenset()).fixed == ()


def test_an_open_brace_is_not_guessed_at() -> None:
    assert sent({"x-a": "v ${request.id"}) == ""
    assert sent({"x-a": "costs $5 or {x}"}) == "x-a: costs $5 or {x}\r\n"


@pytest.mark.parametrize("name", ["", "x y", "x:", "x\r\ny", "ü", "x\0"])
def test_an_illegal_name_is_dropped(name: str) -> None:
    assert sent({name: "v"}) == ""


@pytest.mark.parametrize("value", ["", " ", "a\r\nx-evil: 1", "a\nb", "a\0b", "naïve", "a\tb", "a\x7fb"])
def test_an_illegal_value_is_dropped(value: str) -> None:
    assert sent({"x-a": value}) == ""
    assert sent({"x-a": "${request.api_key.name}"}, Principal(api_key_id="k", api_key_name=value)) == ""


@pytest.mark.parametrize("name", ["Host", "content-length", "Content-Type", "transfer-encoding", "connection", "accept-encoding", "TE"])
def test_framing_is_never_an_operators(name: str) -> None:
    assert sent({name: "v"}) == ""


def test_the_gateways_own_fields_win() -> None:
    assert sent({"authorization": "Basic x", "x-extra": "1"}, taken=frozenset({"authorization"})) == "x-extra: 1\r\n"
    assert sent({"authorization": "Basic x"}) == "authorization: Basic x\r\n"


CALLERS: Headers = [
    (b"x-trace-me", b"1"),
    (b"x-tenant", b"acme"),
    (b"x-lockgate-model", b"spoof"),
    (b"x-stainless-lang", b"python"),
    (b"authorization", b"Bearer k"),
    (b"x-api-key", b"k"),
    (b"cookie", b"s=1"),
    (b"traceparent", b"00-1"),
    (b"x-forwarded-for", b"203.0.113.9"),
    (b"content-type", b"text/plain"),
    (b"accept", b"text/html"),
    (b"te", b"trailers"),
    (b"openai-beta", b"assistants=v2"),
    (b"anthropic-beta", b"b1"),
    (b"anthropic-beta", b"b2"),
]


def forwarded(*patterns: str, headers: Headers = CALLERS, taken: frozenset[str] = frozenset()) -> str:
    forward = compile_forward(patterns, "x-lockgate-", taken)
    return forward(headers).decode() if forward else ""


def test_without_patterns_there_is_nothing_to_run() -> None:
    assert compile_forward((), "x-lockgate-", frozenset()) is None
    assert compile_forward(("a*b*c",), "x-lockgate-", frozenset()) is None


def test_names_and_globs_are_forwarded_with_every_value() -> None:
    assert forwarded("X-Tenant") == "x-tenant: acme\r\n"
    assert forwarded("*-beta") == "openai-beta: assistants=v2\r\nanthropic-beta: b1\r\nanthropic-beta: b2\r\n"
    assert forwarded("x-*-me") == "x-trace-me: 1\r\n"
    assert forwarded("x-tenantx*") == ""


def test_a_star_forwards_nothing_that_is_barred() -> None:
    assert forwarded("*") == "".join(
        ["x-trace-me: 1\r\n", "x-tenant: acme\r\n", "openai-beta: assistants=v2\r\n", "anthropic-beta: b1\r\n", "anthropic-beta: b2\r\n"]
    )


def test_naming_a_barred_field_does_not_help() -> None:
    assert forwarded("authorization", "cookie", "traceparent", "x-lockgate-model", "x-stainless-*", "te", "content-type") == ""


def test_a_field_sent_already_is_not_doubled() -> None:
    assert forwarded("x-*", taken=frozenset({"x-tenant"})) == "x-trace-me: 1\r\n"


def test_fields_named_by_connection_stay_here() -> None:
    assert forwarded("x-*", headers=[(b"connection", b"keep-alive, X-Hop"), (b"x-hop", b"1"), (b"x-on", b"2")]) == "x-on: 2\r\n"


def test_a_value_cannot_smuggle_a_line() -> None:
    assert forwarded("x-*", headers=[(b"x-a", b"1\r\nx-evil: 1"), (b"x-b", b"2\0"), (b"x-c", b"3")]) == "x-c: 3\r\n"


_TEMPLATES = st.builds(
    "".join, st.lists(st.one_of(st.text(max_size=5), st.sampled_from([f"${{{name}}}" for name in VARIABLES])), max_size=5)
)


@given(st.dictionaries(st.text(max_size=8), _TEMPLATES, max_size=4), st.text(max_size=8), st.text(max_size=8))
def test_whatever_is_written_only_whole_lines_are_sent(templates: dict[str, str], name: str, model: str) -> None:
    defaults = compile_defaults(templates, {"model.name": model}, frozenset())
    lines = "".join(f"{name}: {value}\r\n" for name, value in defaults.fixed).encode()
    if defaults.render is not None:
        lines += defaults.render("r1", Principal(api_key_id="k", api_key_name=name))
    *whole, rest = lines.split(b"\r\n")
    assert rest == b""
    for line in whole:
        before, colon, value = line.partition(b": ")
        assert colon
        assert before.lower() == before
        assert value.strip()
        assert line.isascii()
        assert b"\r" not in line
        assert b"\n" not in line
