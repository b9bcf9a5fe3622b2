"""
Header fields that a provider key adds to requests: the operator's defaults and what callers may hand through.

Precedence (gateway.md 2.1): the gateway's own fields, then the operator's defaults, then the caller's. All of it is
compiled once per target: defaults whose values are known then become part of the target's head; only the rest is
rendered per request. Values that a header cannot carry are never sent.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter

import msgspec

from lockgate.model.principal import Principal

Headers = list[tuple[bytes, bytes]]

# Framing and hop-by-hop fields: the gateway's own on every request, whatever an operator writes.
OWNED = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# Never taken from a caller, whatever the patterns (gateway.md 2.1): credentials, cookies, transport, content, traces.
_NEVER = frozenset(
    name.encode()
    for name in OWNED
    | {
        "accept",
        "api-key",
        "authorization",
        "cookie",
        "cookie2",
        "forwarded",
        "set-cookie",
        "traceparent",
        "tracestate",
        "user-agent",
        "via",
        "www-authenticate",
        "x-api-key",
        "x-goog-api-key",
        "x-real-ip",
    }
)
_NEVER_PREFIXES = (b"x-stainless-", b"x-forwarded-", b"proxy-", b"sec-", b"access-control-")

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")

# What a variable reads of a request; the model's and the provider key's are known before.
_OF_REQUEST = "request.id"
_OF_PRINCIPAL: dict[str, Callable[[Principal], str]] = {
    "request.api_key.id": attrgetter("api_key_id"),
    "request.api_key.name": attrgetter("api_key_name"),
    "request.api_key.team_id": attrgetter("team_id"),
    "request.api_key.user_id": attrgetter("user_id"),
}
VARIABLES = (_OF_REQUEST, *_OF_PRINCIPAL, "model.id", "model.name", "provider_key.id", "provider_key.name")

_Part = str | Callable[[Principal], str] | None
"""A literal, a reader of the principal, or None for the request id."""


class Renderer:
    """The defaults that depend on the request."""

    __slots__ = ("_lines",)

    def __init__(self, lines: tuple[tuple[str, tuple[_Part, ...]], ...]) -> None:
        self._lines = lines

    def __call__(self, request_id: str, principal: Principal) -> bytes:
        """Ready header lines. A field any variable of which is empty here is left out, not sent half."""
        out = ""
        for name, parts in self._lines:
            value = ""
            for part in parts:
                text = request_id if part is None else part if part.__class__ is str else part(principal)  # type: ignore[operator]
                if not text:
                    break
                value += text
            else:
                if _is_value(value):
                    out += f"{name}: {value}\r\n"
        return out.encode()


class Defaults(msgspec.Struct, frozen=True):
    """The operator's defaults, compiled. ``names`` has all of them, sent or not: a caller may not stand in for one."""

    fixed: tuple[tuple[str, str], ...] = ()
    render: Renderer | None = None
    names: frozenset[str] = frozenset()


def compile_defaults(templates: Mapping[str, str], facts: Mapping[str, str], taken: frozenset[str]) -> Defaults:
    """
    ``facts`` are the variables known now; ``taken`` the names the gateway writes itself, which win.

    A field whose name or literal text is illegal, or one of whose variables does not exist, is dropped: the strict
    reading of a resources file refuses it before it comes here.
    """
    fixed: dict[str, str] = {}
    rendered: list[tuple[str, tuple[_Part, ...]]] = []
    names = set()
    for given, template in templates.items():
        name = given.lower()
        if name in taken or name in OWNED or not name or not _TOKEN.issuperset(name):
            continue
        names.add(name)
        parts = _parts(template, facts)
        if parts is None:
            continue
        if all(part.__class__ is str for part in parts):
            value = "".join(str(part) for part in parts)
            if _is_value(value):
                fixed[name] = value
        else:
            rendered.append((name, parts))
    return Defaults(tuple(fixed.items()), Renderer(tuple(rendered)) if rendered else None, frozenset(names))


def _parts(template: str, facts: Mapping[str, str]) -> tuple[_Part, ...] | None:
    parts: list[_Part] = []
    text, rest = "", template
    while rest:
        literal, dollar, rest = rest.partition("${")
        text += literal
        if not dollar:
            break
        variable, brace, rest = rest.partition("}")
        if not brace:
            return None
        if variable == _OF_REQUEST or variable in _OF_PRINCIPAL:
            parts += [text, _OF_PRINCIPAL.get(variable)] if text else [_OF_PRINCIPAL.get(variable)]
            text = ""
        elif facts.get(variable):
            text += facts[variable]
        else:
            return None
    return (*parts, text) if text else tuple(parts)


def _is_value(value: str) -> bool:
    """Visible ASCII and spaces, something of it: no way to smuggle another line in."""
    return value.isascii() and value.isprintable() and not value.isspace() and value != ""


class Forwarder:
    """Which of a caller's header fields go on to the provider."""

    __slots__ = ("_barred", "_exact", "_globs", "_prefixes")

    def __init__(
        self, exact: frozenset[bytes], globs: tuple[tuple[bytes, bytes], ...], barred: frozenset[bytes], prefixes: tuple[bytes, ...]
    ) -> None:
        self._exact = exact
        self._globs = globs
        self._barred = barred
        self._prefixes = prefixes

    def __call__(self, headers: Headers) -> bytes:
        """Ready header lines; names arrive in lower case."""
        out = b""
        for name, value in headers:
            if (name in self._exact or self._fits(name)) and name not in self._barred and not name.startswith(self._prefixes):
                if _nominated(name, headers) or b"\r" in value or b"\n" in value or b"\0" in value:
                    continue
                out += name + b": " + value + b"\r\n"
        return out

    def _fits(self, name: bytes) -> bool:
        return any(name.startswith(start) and name.endswith(end) and len(name) >= len(start) + len(end) for start, end in self._globs)


def _nominated(name: bytes, headers: Headers) -> bool:
    """Named by the caller's Connection field, and so for this hop only (RFC 9110, 7.6.1)."""
    return any(other == b"connection" and name in [token.strip().lower() for token in value.split(b",")] for other, value in headers)


def compile_forward(patterns: tuple[str, ...], header_prefix: str, taken: frozenset[str]) -> Forwarder | None:
    """None when nothing is forwarded. ``taken``: names that are sent already, by the gateway or as a default."""
    exact, globs = set(), []
    for pattern in patterns:
        text = pattern.lower().encode()
        start, star, end = text.partition(b"*")
        if not star:
            exact.add(text)
        elif b"*" not in end:
            globs.append((start, end))
    if not exact and not globs:
        return None
    barred = _NEVER | {name.encode() for name in taken}
    return Forwarder(frozenset(exact), tuple(globs), barred, (header_prefix.encode(), *_NEVER_PREFIXES))
