"""
Base addresses: what an operator wrote as ``api_base`` to the scheme, host, port and root path that are dialled.

The rules are those of gateway.md 2.1. OpenAI family: the base is the versioned root and its path is kept; only a bare
host gets ``/v1`` (on a provider's own host: the path of its default base). Anthropic: the endpoint owns ``/v1``,
which is added even under a path and collapsed when the base already ends in it. A pasted endpoint URL loses its
endpoint. Azure: the classic form under ``/openai/deployments`` or the versioned one under ``/openai/v1``.

What cannot be meant is refused with a sentence, which never repeats the URL: it may carry a secret.
"""

import ipaddress
from urllib.parse import unquote_to_bytes

import msgspec

API_VERSION = "2024-10-21"

_PORTS = {"http": 80, "https": 443}
# Longest first: a suffix that ends in a shorter one must be tried before it.
_OPENAI_ENDPOINTS = (
    "/messages/count_tokens",
    "/audio/transcriptions",
    "/audio/translations",
    "/chat/completions",
    "/images/generations",
    "/audio/speech",
    "/images/edits",
    "/completions",
    "/embeddings",
    "/responses",
    "/messages",
    "/realtime",
    "/rerank",
    "/models",
)
_ANTHROPIC_ENDPOINTS = ("/messages/count_tokens", "/messages", "/models", "/complete")
# RFC 3986 pchar and "/"; "%" is checked by itself.
_PATH_BYTES = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%")
_HOST_BYTES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_HEX = frozenset("0123456789abcdefABCDEF")
# Mapped differently by IDNA 2003 and 2008: two hosts could hide behind one spelling.
_AMBIGUOUS = frozenset("ßς\u200c\u200d")


class Address(msgspec.Struct, frozen=True):
    """Where a base leads. ``path`` has no trailing slash; ``host`` is lower-case ASCII, IPv6 without brackets."""

    scheme: str
    host: str
    port: int
    path: str = ""
    query: str = ""

    @property
    def authority(self) -> str:
        """What the Host header says: the port only when it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Refused(msgspec.Struct, frozen=True):
    """A base that cannot be used, and why, as the end of a sentence."""

    reason: str


def parse(url: str) -> Address | Refused:
    """Scheme, host, port, path and query of an absolute http or https URL; the path is kept as written."""
    scheme, colon, rest = url.strip().partition("://")
    scheme = scheme.lower()
    if not colon or scheme not in _PORTS:
        return Refused("its api_base does not start with http:// or https://")
    if "#" in rest:
        return Refused("its api_base has a fragment (#)")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        return Refused("its api_base carries a user or password; credentials belong in api_key")
    split = _host_and_port(authority, _PORTS[scheme])
    if isinstance(split, Refused):
        return split
    path = (slash + path).rstrip("/")
    wrong = _path_error(path)
    if wrong:
        return Refused(wrong)
    return Address(scheme, split[0], split[1], path, query)


def openai(url: str, default: str = "", aside: str = "") -> Address | Refused:
    """
    The versioned root of an OpenAI-family base. ``default`` is the provider's own base, ``aside`` where the provider
    keeps its Anthropic endpoint (``/anthropic``): a base written for that one is led back.
    """
    address = _without_query(parse(url))
    if isinstance(address, Refused):
        return address
    path = _without_endpoint(address.path, _OPENAI_ENDPOINTS)
    bare = not address.path
    if aside and unversioned(path).endswith(aside):
        path = unversioned(path).removesuffix(aside)
        bare = not path
    if bare:
        # A pasted endpoint directly under the host says where the root is; only a truly bare host is guessed at.
        known = parse(default) if default else None
        path = known.path if isinstance(known, Address) and known.host == address.host else "/v1"
    return msgspec.structs.replace(address, path=path)


def anthropic(url: str) -> Address | Refused:
    """The root above ``/v1`` of an Anthropic base."""
    address = _without_query(parse(url))
    if isinstance(address, Refused):
        return address
    path = _without_endpoint(address.path, _ANTHROPIC_ENDPOINTS)
    return msgspec.structs.replace(address, path=unversioned(path))


def azure(url: str) -> Address | Refused:
    """
    The root of an Azure base. ``path`` ends in ``/openai/v1`` for the versioned form, else in ``/openai`` (with
    ``/deployments/<name>`` when the base pins one), and ``query`` then holds the ``api-version``.
    """
    address = parse(url)
    if isinstance(address, Refused):
        return address
    version = API_VERSION
    if address.query:
        name, _, version = address.query.partition("=")
        if name != "api-version" or not version or not version.replace("-", "").isalnum() or not version.isascii():
            return Refused("its api_base has a query other than api-version")
    path = _without_endpoint(address.path, _OPENAI_ENDPOINTS)
    if path.endswith("/openai/v1"):
        # The versioned form takes api-version only for previews; it is passed on when written.
        query = f"api-version={version}" if address.query else ""
        return msgspec.structs.replace(address, path=path, query=query)
    root, deployments, pinned = path.partition("/openai/deployments")
    if deployments and pinned.count("/") > (1 if pinned else 0):
        return Refused("its api_base goes on after the deployment")
    root = root if deployments else path.removesuffix("/openai")
    return msgspec.structs.replace(
        address, path=f"{root}/openai{deployments.removeprefix('/openai')}{pinned}", query=f"api-version={version}"
    )


def unversioned(path: str) -> str:
    """The path above ``/v1``, however often it was repeated."""
    while path.endswith("/v1"):
        path = path[:-3]
    return path


def _without_query(address: Address | Refused) -> Address | Refused:
    if isinstance(address, Address) and address.query:
        return Refused("its api_base has a query (?)")
    return address


def _without_endpoint(path: str, endpoints: tuple[str, ...]) -> str:
    for endpoint in endpoints:
        if path.endswith(endpoint):
            return path[: -len(endpoint)].rstrip("/")
    return path


def _path_error(path: str) -> str:
    if "//" in path:
        # Servers disagree about what it means, and at the front of a path some read a host; it is always a slip.
        return "its api_base has an empty path segment (//)"
    for index, character in enumerate(path):
        if character not in _PATH_BYTES:
            return "its api_base has a character that must be percent-encoded"
        if character == "%" and not (len(path) > index + 2 and path[index + 1] in _HEX and path[index + 2] in _HEX):
            return "its api_base has a broken percent-encoding"
    if any(unquote_to_bytes(segment) in (b".", b"..") for segment in path.split("/")):
        return "its api_base has a '.' or '..' segment"
    return ""


def _host_and_port(authority: str, default: int) -> tuple[str, int] | Refused:
    if authority.startswith("["):
        literal, bracket, tail = authority[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            return Refused("its api_base has a broken IPv6 address")
        host: str | Refused = _ipv6(literal)
        port_text = tail[1:]
        has_port = bool(tail)
    else:
        host_text, colon, port_text = authority.partition(":")
        host, has_port = _host(host_text), bool(colon)
    if isinstance(host, Refused):
        return host
    if not has_port:
        return host, default
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5 and 1 <= int(port_text) <= 65535):
        return Refused("its api_base has a port that is not between 1 and 65535")
    return host, int(port_text)


def _ipv6(literal: str) -> str | Refused:
    if "%" in literal:
        return Refused("its api_base has an IPv6 zone")
    try:
        return ipaddress.IPv6Address(literal).compressed
    except ValueError:
        return Refused("its api_base has a broken IPv6 address")


def _host(text: str) -> str | Refused:
    if not text.isascii():
        if not _AMBIGUOUS.isdisjoint(text):
            return Refused("its api_base has a host that must be written in its xn-- form")
        try:
            text = text.encode("idna").decode("ascii")
        except UnicodeError:
            return Refused("its api_base has a host that is not a domain name")
    host = text.lower().removesuffix(".")
    if not host:
        return Refused("its api_base has no host")
    labels = host.split(".")
    if len(host) > 253 or not _HOST_BYTES.issuperset(host) or not all(_is_label(label) for label in labels):
        return Refused("its api_base has a host that is not a domain name")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        # Resolvers read 127.1 or 2130706433 as an address; only the four plain numbers are unmistakable.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            return Refused("its api_base has a host that is a number but not an IPv4 address")
    return host


def _is_label(label: str) -> bool:
    return 0 < len(label) <= 63 and label[0] != "-" and label[-1] != "-"
