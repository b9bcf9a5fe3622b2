"""Callers are told apart by kind of program and network, never by what they wrote or where exactly they are."""

import importlib
from importlib.util import find_spec
from typing import Any

import pytest

from lockgate.gateway.sight.clients import Clients, Rule, masked


@pytest.mark.parametrize(
    ("user_agent", "client"),
    [
        (b"", "unknown"),
        (b"something nobody knows", "other"),
        (b"OpenAI/Python 2.1.0", "openai-python"),
        (b"AsyncOpenAI/Python 2.1.0", "openai-python"),
        (b"OpenAI/JS 6.0", "openai-node"),
        (b"Anthropic/Python 0.80", "anthropic-python"),
        (b"claude-cli/2.0.14 (external, cli)", "claude-code"),
        (b"codex_cli_rs/0.50 (Ubuntu)", "codex"),
        (b"curl/8.5.0", "curl"),
        (b"Mozilla/5.0 (X11; Linux x86_64)", "browser"),
        (b"Mozilla/5.0 Cursor/1.0", "cursor"),
        (b"\xff\xfe", "other"),
    ],
)
def test_the_user_agent_gives_a_word_of_a_bounded_set(user_agent: bytes, client: str) -> None:
    clients = Clients()
    assert clients.type_of(user_agent) == client
    assert clients.type_of(user_agent) == client


def test_callers_cannot_fill_the_memory_with_user_agents() -> None:
    clients = Clients()
    for n in range(5000):
        clients.type_of(b"curl/%d" % n)
    clients.type_of(b"x" * 100_000)
    assert len(clients._known) <= 1024


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::1", "::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("not an address", ""),
        ("a:b:c", ""),
        ("canary", ""),
    ],
)
def test_an_address_is_masked_to_its_network(address: str, network: str) -> None:
    assert masked(address) == network


def test_rules_without_re2_are_refused_with_a_sentence() -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    with pytest.raises(ValueError, match=r"client_type_rules needs RE2, which is not installed: add the package google-re2"):
        Clients([Rule("acme", "acme")], load=absent)


def test_re2_is_not_loaded_when_there_are_no_rules() -> None:
    def never(name: str) -> Any:
        raise AssertionError(name)

    assert Clients([], load=never).type_of(b"curl/8") == "curl"


needs_re2 = pytest.mark.skipif(find_spec("re2") is None, reason="google-re2 is an optional dependency")


@needs_re2
def test_operators_rules_come_before_the_table_whatever_the_case() -> None:
    clients = Clients([Rule(r"acme-(bot|app)/\d+", "acme"), Rule("curl", "shell")], load=importlib.import_module)
    assert clients.type_of(b"Mozilla/5.0 ACME-Bot/7") == "acme"
    assert clients.type_of(b"curl/8.5.0") == "shell"
    assert clients.type_of(b"OpenAI/Python 2") == "openai-python"
    assert clients.type_of(b"\xff curl") == "shell"


@needs_re2
@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([Rule("a", "A")], r"client_type_rules\[0\].client must be"),
        ([Rule("a", "a"), Rule("(", "b")], r"client_type_rules\[1\].pattern is not a regular expression"),
        ([Rule("(?=a)", "b")], r"client_type_rules\[0\].pattern is not a regular expression"),
        ([Rule("", "b")], r"client_type_rules\[0\].pattern must have"),
        ([Rule("a" * 513, "b")], r"client_type_rules\[0\].pattern must have"),
        ([Rule("a", "b")] * 65, "has 65 rules; at most 64"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_a_sentence(rules: list[Rule], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Clients(rules)
