"""
The rules of a request's head that llhttp leaves open, and its framing (RFC 9112 sections 3 and 6).

llhttp refuses bare line feeds, folded lines, white space before a colon, control bytes and malformed or repeated lengths. Here is
what it lets pass: HTTP/0.9 and 2.0, doubled spaces, transfer codings other than chunked, missing or doubled Host, fragments,
CONNECT. The framing found here is compared with what llhttp did: where the two disagree, the request is refused.
"""

from functools import lru_cache

from lockgate.model.faults import Fault, fault
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.request import Request

CHUNKED = -1
"""The length of a chunked body."""

_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"})
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REG_NAME = _LETTERS + b"0123456789-._~%!$&'()*+,;="  # RFC 3986 section 3.2.2, without the colon
_IP_LITERAL = _REG_NAME + b":"

Framing = tuple[int, bool, bool]
"""Length of the body (or CHUNKED), whether the caller wants to keep the connection, whether it waits for 100 (Continue)."""


def malformed(reason: str) -> Fault:
    return fault("malformed_http", reason=reason)


def refuse_line(line: bytes, limits: Limits) -> Fault:
    """Why a request line is refused that is not three words with one space between them and HTTP/1.1 or 1.0 at the end."""
    if len(line) > limits.line_bytes:
        return fault("uri_too_long", limit=limits.line_bytes)
    word = line[line.rfind(b" ") + 1 :]
    digits = word[5:6] + word[7:]
    if (
        len(word) == 8
        and word.startswith(b"HTTP/")
        and word[6:7] == b"."
        and digits.isdigit()
        and digits[:1] != b"0"
        and digits not in (b"10", b"11")
    ):
        return fault("http_version")
    return malformed("the request line is not 'METHOD target HTTP/1.1'")


def check_partial(held: bytearray, checked: int, limits: Limits) -> Fault | None:
    """Refuses the beginning of a head that cannot become one. The first ``checked`` bytes were looked at before."""
    start = 2 if held.startswith(b"\r\n") else 0
    if len(held) > start and not 65 <= held[start] <= 90 and held != b"\r":
        return malformed("it does not begin with a method")
    news = held[max(checked - 1, 0) :]
    if news.startswith(b"\n") and checked:
        del news[0]
    if b"\n" in news.replace(b"\r\n", b""):
        return malformed("a line ends without a carriage return")
    line_end = held.find(b"\r\n", start, start + limits.line_bytes + 2)
    if line_end < 0:
        return fault("uri_too_long", limit=limits.line_bytes) if len(held) - start > limits.line_bytes + 1 else None
    return fault("headers_too_large", limit=limits.headers_bytes) if len(held) - line_end > limits.headers_bytes else None


@lru_cache(maxsize=1024)
def _is_authority(value: bytes) -> bool:
    """Whether a Host value is a host and an optional port (RFC 9110 section 7.2); an empty one names no host and is not."""
    if value[:1] == b"[":
        host, bracket, port = value[1:].partition(b"]")
        if not bracket or (port and port[:1] != b":"):
            return False
        port = port[1:]
        legal = not host.translate(None, _IP_LITERAL) and b":" in host
    else:
        host, _, port = value.partition(b":")
        legal = not host.translate(None, _REG_NAME)
    return legal and bool(host) and (not port or (port.isdigit() and int(port) < 65536 and len(port) < 6))


def is_authority(value: bytes) -> bool:
    """Whether a Host value is a host and an optional port."""
    return len(value) < 300 and _is_authority(value)  # a name has at most 253 bytes; nothing long is kept in the cache


def examine(request: Request) -> Framing | Fault:
    """The framing of a parsed head, or why it is refused. Also splits the target."""
    length = 0
    sized = chunked = expects = False
    host: bytes | None = None
    keep_alive = not request.http10
    for name, value in request.headers:
        if name not in _FRAMING:
            continue
        if name == b"host":
            if host is not None:
                return malformed("more than one Host")
            if len(value) > 300 or not _is_authority(value):
                return malformed("the Host is not a host and port")
            host = value
        elif name == b"content-length":
            if sized or not value.isdigit() or len(value) > 18:
                return malformed("the Content-Length is not one number")
            sized = True
            length = int(value)
        elif name == b"transfer-encoding":
            if chunked or value.lower() != b"chunked":
                return malformed("the only Transfer-Encoding supported is chunked")
            chunked = True
        elif name == b"connection":
            keep_alive = _wants_to_stay(value.lower(), keep_alive)
        elif value.lower() == b"100-continue":
            expects = not request.http10  # RFC 9110 section 10.1.1: not for HTTP/1.0
        else:
            return fault("expectation_failed")
    if chunked:
        if sized:
            return malformed("both Content-Length and Transfer-Encoding")
        if request.http10:
            return malformed("Transfer-Encoding in HTTP/1.0")
        length = CHUNKED
    if host is None and not request.http10:
        return malformed("there is no Host")
    target = request.target
    # As numbers, '/' and '#' are found several times faster than as bytes.
    if target[0] != 47 or 35 in target or request.method == b"CONNECT":
        refused = _reduce_target(request, host)
        if refused is not None:
            return refused
    else:
        request.path, _, request.query = target.partition(b"?")
    return length, keep_alive, expects


def _wants_to_stay(value: bytes, keep_alive: bool) -> bool:
    if value == b"keep-alive":
        return True
    options = [option.strip() for option in value.split(b",")]
    return b"close" not in options and (keep_alive or b"keep-alive" in options)


def _reduce_target(request: Request, host: bytes | None) -> Fault | None:
    """Splits a target that is not a plain path: absolute-form and '*' (RFC 9112 section 3.2)."""
    target = request.target
    if b"#" in target:
        return malformed("the target has a fragment")
    if request.method == b"CONNECT":
        return malformed("CONNECT is not served")
    if target == b"*":
        request.path, request.query = target, b""
        return None if request.method == b"OPTIONS" else malformed("the target '*' is for OPTIONS")
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        return malformed("the target is not a path")
    cut = min((at for at in (rest.find(b"?"), rest.find(b"/")) if at >= 0), default=len(rest))
    authority, target = rest[:cut], rest[cut:]
    if not is_authority(authority):
        return malformed("the target's authority is not a host and port")
    if host is not None and not _same_authority(authority, host, scheme.lower()):
        return malformed("the target and the Host name different hosts")
    path, _, request.query = target.partition(b"?")
    request.path = path or b"/"
    return None


def _same_authority(one: bytes, other: bytes, scheme: bytes) -> bool:
    default = b":443" if scheme == b"https" else b":80"
    return one.lower().removesuffix(default).removesuffix(b":") == other.lower().removesuffix(default).removesuffix(b":")
