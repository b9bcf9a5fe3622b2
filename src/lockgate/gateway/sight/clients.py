"""
Clients: what kind of program calls, from its User-Agent, as one word of a bounded set; and where from, masked.

A User-Agent is free text of the caller, so only the word is kept. Operators' rules come first; their patterns are untrusted,
so they run on RE2, which is loaded only when there are rules. Then the ordered table of substrings below.
"""

import re
import socket
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import msgspec

UNKNOWN = "unknown"
OTHER = "other"

# Tools before the libraries they are built with, libraries before the plain HTTP clients beneath.
_TABLE: tuple[tuple[bytes, str], ...] = (
    (b"claude-cli", "claude-code"),
    (b"claude-code", "claude-code"),
    (b"claudecode", "claude-code"),
    (b"codex", "codex"),
    (b"gemini-cli", "gemini-cli"),
    (b"geminicli", "gemini-cli"),
    (b"githubcopilot", "copilot"),
    (b"copilot", "copilot"),
    (b"opencode", "opencode"),
    (b"roo-code", "roo-code"),
    (b"roocode", "roo-code"),
    (b"cline", "cline"),
    (b"cursor", "cursor"),
    (b"windsurf", "windsurf"),
    (b"continue/", "continue"),
    (b"aider", "aider"),
    (b"zed/", "zed"),
    (b"open-webui", "open-webui"),
    (b"librechat", "librechat"),
    (b"langchain", "langchain"),
    (b"llama-index", "llama-index"),
    (b"llamaindex", "llama-index"),
    (b"litellm", "litellm"),
    (b"pydantic-ai", "pydantic-ai"),
    (b"ai-sdk/", "ai-sdk"),
    (b"openai/python", "openai-python"),
    (b"openai/js", "openai-node"),
    (b"openai/go", "openai-go"),
    (b"openai/java", "openai-java"),
    (b"anthropic/python", "anthropic-python"),
    (b"anthropic/js", "anthropic-node"),
    (b"anthropic/go", "anthropic-go"),
    (b"anthropic/java", "anthropic-java"),
    (b"curl/", "curl"),
    (b"httpie", "httpie"),
    (b"postman", "postman"),
    (b"python-httpx", "python-httpx"),
    (b"python-requests", "python-requests"),
    (b"aiohttp", "aiohttp"),
    (b"axios", "axios"),
    (b"node-fetch", "node-fetch"),
    (b"undici", "node-fetch"),
    (b"okhttp", "okhttp"),
    (b"go-http-client", "go-http-client"),
    (b"mozilla/", "browser"),
)
_RULES_MOST = 64
_PATTERN_BYTES = 512
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_READ_BYTES = 512
_REMEMBERED = 1024
_SETTING = "observability.metrics.client_type_rules"


class Rule(msgspec.Struct, frozen=True):
    """``pattern`` is searched in the User-Agent, whatever its case; ``client`` is the label."""

    pattern: str
    client: str


class Clients:
    """User-Agent to label. Raises ValueError with a sentence for rules that cannot be used."""

    __slots__ = ("_known", "_rules")

    def __init__(self, rules: Sequence[Rule] = (), load: Callable[[str], Any] = import_module) -> None:
        self._rules = _compiled(rules, load) if rules else []
        self._known: dict[bytes, str] = {b"": UNKNOWN}

    def type_of(self, user_agent: bytes) -> str:
        found = self._known.get(user_agent)
        if found is None:
            found = self._look(user_agent[:_READ_BYTES])
            if len(self._known) >= _REMEMBERED:  # callers may send as many different texts as they like
                self._known = {b"": UNKNOWN}
            if len(user_agent) <= _READ_BYTES:
                self._known[user_agent] = found
        return found

    def _look(self, user_agent: bytes) -> str:
        for search, client in self._rules:
            if search(user_agent):
                return client
        low = user_agent.lower()
        return next((client for part, client in _TABLE if part in low), OTHER)


def _compiled(rules: Sequence[Rule], load: Callable[[str], Any]) -> list[tuple[Callable[[bytes], object], str]]:
    if len(rules) > _RULES_MOST:
        raise ValueError(f"{_SETTING} has {len(rules)} rules; at most {_RULES_MOST} are allowed")
    try:
        re2 = load("re2")
    except ImportError:
        raise ValueError(f"{_SETTING} needs RE2, which is not installed: add the package google-re2, or remove the rules") from None
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    compiled = []
    for at, rule in enumerate(rules):
        where = f"{_SETTING}[{at}]"
        if not _LABEL.fullmatch(rule.client):
            raise ValueError(f"{where}.client must be 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit")
        if not 0 < len(rule.pattern.encode()) <= _PATTERN_BYTES:
            raise ValueError(f"{where}.pattern must have 1 to {_PATTERN_BYTES} bytes")
        try:
            compiled.append((re2.compile(rule.pattern.encode(), options).search, rule.client))
        except re2.error:
            raise ValueError(f"{where}.pattern is not a regular expression that RE2 accepts") from None
    return compiled


_NO_HOST_V6 = b"\0" * 10
_MAPPED = b"\0" * 10 + b"\xff\xff"


def masked(address: str) -> str:
    """The network of an address, /24 or /48 (privacy policy, section 2.3); empty for what is not an address."""
    if ":" not in address:
        network, _, last = address.rpartition(".")
        return network + ".0" if network.count(".") == 2 and last.isdigit() else ""
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return ""
    if packed.startswith(_MAPPED):
        return f"{packed[12]}.{packed[13]}.{packed[14]}.0"
    return socket.inet_ntop(socket.AF_INET6, packed[:6] + _NO_HOST_V6)
