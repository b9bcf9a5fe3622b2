"""
Targets. What a pair of rows compiles to is tests/golden/providers/targets: ``<case>.in.json`` holds the provider key and
the model, ``<case>.out.txt`` the address and every head, or the fault of the callers.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from lockgate.core.providers.catalog import PROVIDERS
from lockgate.core.providers.sign.entra import EntraCredential
from lockgate.core.providers.target import Names, Target, compile_target
from lockgate.model.faults import Fault, upstream_fault
from lockgate.model.operations import DialectName, Operation
from lockgate.model.principal import Principal
from lockgate.model.resources.model import Model
from lockgate.model.resources.provider_key import ProviderKey
from lockgate.model.resources.secret import Secret, decode

CASES = Path(__file__).parents[3] / "golden/providers/targets"
OPENAI, ANTHROPIC, RESPONSES = DialectName.OPENAI_CHAT, DialectName.ANTHROPIC, DialectName.OPENAI_RESPONSES


class Case(msgspec.Struct):
    key: ProviderKey
    model: Model


def compiled(name: str, secret: str | None = None) -> Target | Fault:
    case = msgspec.json.decode((CASES / f"{name}.in.json").read_bytes(), type=Case, dec_hook=decode)
    return compile_target(case.key, case.model, Names("Lockgate/9", "x-lockgate-"), secret)


def target(key: dict[str, Any] | None = None, model: dict[str, Any] | None = None) -> Target:
    made = compile_target(
        msgspec.convert({"display_name": "k", "provider": "openai", "api_key": "sk"} | (key or {}), ProviderKey, dec_hook=decode),
        msgspec.convert({"display_name": "m", "provider": "openai", "model_name": "gpt"} | (model or {}), Model),
    )
    assert isinstance(made, Target)
    return made


def shown(made: Target | Fault) -> str:
    if isinstance(made, Fault):
        return f"fault {made.kind} {made.status} {made.type}\n{made.message}\n"
    lines = [f"provider {made.provider}", f"origin {made.scheme}://{made.host}:{made.port}", f"model {made.model_name!r}"]
    lines += [f"allow {' '.join(made.allow)}", f"tls {made.tls}", f"minted {isinstance(made.credential, EntraCredential)}"]
    for operation, dialect in sorted(made.speaks):
        head = made.head(operation, dialect, "captured/name")
        lines += ["", f"[{operation} in {dialect}]", head.decode().replace("\r\n", "\n")]
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


@pytest.mark.parametrize("name", sorted(path.name.removesuffix(".in.json") for path in CASES.glob("*.in.json")))
def test_a_pair_of_rows_compiles_to_what_its_file_says(name: str) -> None:
    assert shown(compiled(name)) == (CASES / f"{name}.out.txt").read_text()


def test_a_target_says_where_it_leads() -> None:
    assert target({"api_base": "http://127.0.0.1:8080"}).origin_parts == ("http", "127.0.0.1", 8080)


def test_heads_are_ready_lines() -> None:
    for name in ("openai", "azure_wildcard", "default_headers"):
        made = compiled(name)
        assert isinstance(made, Target)
        for operation, dialect in made.speaks:
            head = made.head(operation, dialect, "x\r\ny")
            assert head.endswith(b"\r\n")
            assert b"\r\n\r\n" not in head
            assert head.count(b"\n") == head.count(b"\r\n") == len(head.split(b"\r\n")) - 1
            names = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:-1]]
            assert len(names) == len(set(names))


def test_a_head_that_does_not_name_the_model_is_made_once() -> None:
    made = target()
    assert made.head(Operation.CHAT, OPENAI, "a") is made.head(Operation.CHAT, OPENAI, "b")


def test_a_resolved_reference_is_the_credential() -> None:
    made = compiled("key_unread", "sk-from-env")
    assert isinstance(made, Target)
    assert b"authorization: Bearer sk-from-env\r\n" in made.head(Operation.CHAT, OPENAI, "")
    empty = compiled("key_unread", "")
    assert isinstance(empty, Fault)
    assert empty.kind == "upstream_credential"


def test_a_local_server_needs_no_key() -> None:
    made = compiled("llama_cpp", "")
    assert isinstance(made, Target)
    assert b"authorization" not in made.head(Operation.CHAT, OPENAI, "")


@pytest.mark.parametrize(
    ("case", "operation", "inbound", "wanted"),
    [
        ("openai", Operation.CHAT, OPENAI, OPENAI),
        ("openai", Operation.CHAT, RESPONSES, RESPONSES),
        ("openai", Operation.CHAT, ANTHROPIC, OPENAI),
        ("openai", Operation.EMBEDDINGS, OPENAI, OPENAI),
        ("openai", Operation.COUNT_TOKENS, ANTHROPIC, None),
        ("anthropic", Operation.CHAT, OPENAI, ANTHROPIC),
        ("anthropic", Operation.CHAT, RESPONSES, ANTHROPIC),
        ("anthropic", Operation.CHAT, ANTHROPIC, ANTHROPIC),
        ("anthropic", Operation.COUNT_TOKENS, ANTHROPIC, ANTHROPIC),
        ("anthropic", Operation.EMBEDDINGS, OPENAI, None),
        ("anthropic", Operation.COMPLETIONS, OPENAI, None),
        ("deepseek", Operation.CHAT, ANTHROPIC, ANTHROPIC),
        ("deepseek", Operation.CHAT, RESPONSES, OPENAI),
        ("deepseek", Operation.COUNT_TOKENS, ANTHROPIC, None),
        ("llama_cpp", Operation.CHAT, RESPONSES, RESPONSES),
        ("azure_classic", Operation.CHAT, RESPONSES, OPENAI),
        ("azure_v1", Operation.CHAT, RESPONSES, RESPONSES),
        ("echo", Operation.CHAT, ANTHROPIC, OPENAI),
        ("echo", Operation.EMBEDDINGS, OPENAI, OPENAI),
    ],
)
def test_the_callers_dialect_is_kept_where_it_is_spoken(
    case: str, operation: Operation, inbound: DialectName, wanted: DialectName | None
) -> None:
    made = compiled(case)
    assert isinstance(made, Target)
    assert made.dialect_for(operation, inbound) is wanted


@pytest.mark.parametrize(
    ("alias", "name", "captured", "wanted"),
    [("m", "gpt", "", "gpt"), ("az/*", "dep-*", "x", "dep-x"), ("az/*", "fixed", "x", "fixed"), ("az/*", "*", "a*b", "a*b")],
)
def test_what_the_star_stood_for_becomes_the_upstreams_name(alias: str, name: str, captured: str, wanted: str) -> None:
    assert target(model={"display_name": alias, "model_name": name}).upstream_model(captured) == wanted


@pytest.mark.parametrize("captured", [".", "..", "", "good/../bad", "good\\..\\bad", "./a", "a/..", "a//b"])
def test_a_name_that_would_be_another_path_is_no_model(captured: str) -> None:
    found = target(model={"display_name": "*", "model_name": "*"}).upstream_model(captured)
    assert isinstance(found, Fault)
    assert found.kind == "model_not_found"


@pytest.mark.parametrize("captured", ["a/b", "a\\b", "%2e%2e", "a?x=y", "a#b", "a;b", "a\r\nx: y", "a\0"])
def test_where_the_path_names_the_model_a_name_is_one_segment(captured: str) -> None:
    azure = {"provider": "azure-openai", "api_base": "https://a.example", "api_key": "sk"}
    named = target(azure, {"display_name": "*", "model_name": "*", "provider": "azure-openai"})
    found = named.upstream_model(captured)
    assert isinstance(found, Fault)
    assert found.kind == "model_not_found"
    assert named.upstream_model("gpt-5.mini_x") == "gpt-5.mini_x"
    assert target(model={"display_name": "*", "model_name": "*"}).upstream_model(captured) == captured


def test_lines_of_a_request_are_rendered_and_forwarded() -> None:
    made = target({"request": {"default_headers": {"x-who": "${request.api_key.id}/${request.id}"}, "forward_client_headers": ["x-*"]}})
    headers = [(b"x-tenant", b"acme"), (b"x-who", b"spoofed"), (b"x-api-key", b"k")]
    assert made.lines("r1", Principal(api_key_id="k1"), headers) == b"x-who: k1/r1\r\nx-tenant: acme\r\n"
    assert b"x-who" not in made.head(Operation.CHAT, OPENAI, "")
    assert target().lines("r1", Principal(api_key_id="k1"), headers) == b""


def test_a_default_a_caller_could_fake_stays_barred_when_it_is_dropped() -> None:
    made = target({"request": {"default_headers": {"x-team": "${request.api_key.team_id}"}, "forward_client_headers": ["*"]}})
    assert made.lines("r1", Principal(api_key_id="k1"), [(b"x-team", b"spoofed"), (b"authorization", b"Bearer k")]) == b""


def test_a_minted_token_leaves_no_room_for_another() -> None:
    made = compiled("azure_entra")
    assert isinstance(made, Target)
    assert b"authorization" not in made.head(Operation.CHAT, OPENAI, "")
    key = {"provider": "azure-openai", "api_base": "https://r.example", "request": {"default_headers": {"authorization": "Basic x"}}}
    entra = target(key | {"api_key": '{"tenant_id":"t","client_id":"c","client_secret":"s"}'})
    assert b"Basic" not in entra.head(Operation.CHAT, OPENAI, "x")


def test_the_keys_word_on_answers_beats_the_rows() -> None:
    plain = target({"provider": "deepseek"})
    assert (plain.done_marker, plain.reasoning_field) == ("required", "reasoning_content")
    own = target({"provider": "deepseek", "response": {"stream_done_marker": "none", "reasoning_field": "thoughts.text"}})
    assert (own.done_marker, own.reasoning_field) == ("none", "thoughts.text")


def test_body_edits_exist_only_where_they_are_asked_for() -> None:
    assert target().edit is None
    edit = target({"request": {"default_body_fields": {"service_tier": "flex"}}}).edit
    assert edit is not None
    assert edit(b"{}") == b'{"service_tier":"flex"}'
    bridged = target().bridged_edit
    assert bridged is not None
    assert bridged(b'{"max_tokens":1}') == b'{"max_completion_tokens":1}'


def test_azures_codes_get_their_usual_names() -> None:
    made = compiled("azure_classic")
    assert isinstance(made, Target)
    assert made.named(upstream_fault(404, "m", code="DeploymentNotFound")).code == "model_not_found"
    assert made.named(upstream_fault(400, "m", code="content_filter")).code == "content_policy_violation"
    assert made.named(upstream_fault(400, "m", code="other")).code == "other"
    assert made.named(upstream_fault(400, "m")).code == ""


def test_what_an_upstream_quotes_of_our_credential_and_headers_is_not_shown() -> None:
    headers = {"default_headers": {"x-tenant-token": "another secret", "x-short": "abc"}}
    made = target({"api_key": "sk-very-secret", "request": headers})
    shown = made.named(upstream_fault(401, "Bearer sk-very-secret, another secret, abc", code="sk-very-secret", param="another secret"))
    assert (shown.message, shown.code, shown.param) == ("Bearer ***, ***, abc", "***", "***")
    assert target({"api_key": "sk"}).named(upstream_fault(400, "asked")).message == "asked"


def test_a_target_never_shows_its_credential() -> None:
    made = target({"api_key": "sk-hidden"})
    assert b"sk-hidden" in made.head(Operation.CHAT, OPENAI, "")
    assert "hidden" not in f"{made!r} {made} {[made]}"
    assert "hidden" not in repr(Secret("sk-hidden"))


def test_every_row_with_a_base_makes_a_target() -> None:
    for name, row in PROVIDERS.items():
        base = {} if row.base or name == "echo" else {"api_base": "https://h.example"}
        made = target({"provider": name, **base}, {"provider": name})
        assert made.speaks <= row.speaks
        assert made.in_process == (name == "echo")
