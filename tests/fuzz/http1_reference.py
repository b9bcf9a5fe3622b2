"""
A strict and slow reader of requests, written from the grammar of RFC 9110, 9112 and 3986, for comparison with the fast one.

It knows the whole input at once. Where the server is stricter by choice (methods that llhttp does not know, spellings of chunk
extensions), the comparison allows a refusal; nowhere may the server accept what is refused here, or see other bodies.
"""

import re
from typing import NamedTuple

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_LINE = re.compile(rb"([A-Z][A-Z\-]*) ([\x21-\x22\x24-\x7e]+) HTTP/1\.([01])")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*((?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[ \t]*")
_HOST = re.compile(
    rb"(?:\[[0-9A-Za-z._~!$&'()*+,;=:%\-]*:[0-9A-Za-z._~!$&'()*+,;=:%\-]*\]|[0-9A-Za-z._~!$&'()*+,;=%\-]+)(?::([0-9]{0,5}))?"
)
_ABSOLUTE = re.compile(rb"([hH][tT][tT][pP][sS]?)://([^/?]*)(.*)", re.DOTALL)
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
# llhttp also takes an extension without a name, ";=x", or without a value, ";x="; where the chunk ends does not depend on it.
_VALUE = rb"(?:" + _TOKEN + rb"|" + _QUOTED + rb"|(?=[;\r]|$))"
_SIZE = re.compile(rb"([0-9A-Fa-f]+)((?:;(?:" + _TOKEN + rb"|(?==))(?:=" + _VALUE + rb")?)*)")


class Verdict(NamedTuple):
    requests: list[tuple[bytes, bytes, bytes]]
    """Method, target and body of each whole request, until the first that is refused or closes."""
    refused: bool


class _Refused(Exception):
    pass


class _Incomplete(Exception):
    pass


def read_all(data: bytes, body_limit_bytes: int) -> Verdict:
    found: list[tuple[bytes, bytes, bytes]] = []
    at = 0
    try:
        while at < len(data):
            if data.startswith(b"\r\n", at):
                at += 2
            if at == len(data):
                break
            request, at, keeps = _read_one(data, at, body_limit_bytes)
            found.append(request)
            if not keeps:
                break
    except _Incomplete:
        return Verdict(found, False)
    except _Refused:
        return Verdict(found, True)
    return Verdict(found, False)


def _read_one(data: bytes, at: int, body_limit_bytes: int) -> tuple[tuple[bytes, bytes, bytes], int, bool]:
    lines, at = _head(data, at)
    line = _LINE.fullmatch(lines[0])
    if line is None:
        raise _Refused
    fields = [_field(text) for text in lines[1:]]
    http10 = line[3] == b"0"
    _check_target(line[1], line[2], _host(fields, http10))
    for value in _values(fields, b"expect"):
        if value.lower() != b"100-continue":
            raise _Refused
    body, at = _body(data, at, fields, http10, body_limit_bytes)
    options = [option.strip().lower() for value in _values(fields, b"connection") for option in value.split(b",")]
    keeps = b"close" not in options and (not http10 or b"keep-alive" in options)
    return (line[1], line[2], body), at, keeps


def _head(data: bytes, at: int) -> tuple[list[bytes], int]:
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        raise _Incomplete
    return data[at:end].split(b"\r\n"), end + 4


def _field(text: bytes) -> tuple[bytes, bytes]:
    found = _FIELD.fullmatch(text)
    if found is None:
        raise _Refused
    return found[1].lower(), found[2]


def _values(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for known, value in fields if known == name]


def _is_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value)
    return found is not None and int(found[1] or 0) < 65536


def _host(fields: list[tuple[bytes, bytes]], http10: bool) -> bytes | None:
    hosts = _values(fields, b"host")
    if len(hosts) > 1 or not all(map(_is_host, hosts)) or (not hosts and not http10):
        raise _Refused
    return hosts[0] if hosts else None


def _check_target(method: bytes, target: bytes, host: bytes | None) -> None:
    if method == b"CONNECT":
        raise _Refused
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or not _is_host(absolute[2]):
        raise _Refused
    default = {b"http": b"80", b"https": b"443"}[absolute[1].lower()]
    if host is not None and _normal(absolute[2], default) != _normal(host, default):
        raise _Refused


def _normal(authority: bytes, default: bytes) -> bytes:
    host, _, port = (
        authority.lower().rpartition(b":") if authority.count(b":") == 1 or b"]:" in authority else (authority.lower(), b"", b"")
    )
    return host + b":" + (port or default)


def _body(data: bytes, at: int, fields: list[tuple[bytes, bytes]], http10: bool, limit_bytes: int) -> tuple[bytes, int]:
    lengths, codings = _values(fields, b"content-length"), _values(fields, b"transfer-encoding")
    if codings:
        if lengths or http10 or len(codings) > 1 or codings[0].lower() != b"chunked":
            raise _Refused
        return _chunks(data, at, limit_bytes)
    if not lengths:
        return b"", at
    if len(lengths) > 1 or re.fullmatch(rb"[0-9]{1,18}", lengths[0]) is None or int(lengths[0]) > limit_bytes:
        raise _Refused
    end = at + int(lengths[0])
    if end > len(data):
        raise _Incomplete
    return data[at:end], end


def _chunks(data: bytes, at: int, limit_bytes: int) -> tuple[bytes, int]:
    body = b""
    while True:
        end = data.find(b"\r\n", at)
        size = _SIZE.fullmatch(data[at:] if end < 0 else data[at:end])
        if end < 0:
            raise _Incomplete
        if size is None:
            raise _Refused
        length, at = int(size[1], 16), end + 2
        if not length:
            return body, _trailers(data, at)
        body += data[at : at + length]
        if len(body) > limit_bytes:
            raise _Refused
        if at + length + 2 > len(data):
            if not b"\r\n".startswith(data[at + length :]):
                raise _Refused
            raise _Incomplete
        if data[at + length : at + length + 2] != b"\r\n":
            raise _Refused
        at += length + 2


def _trailers(data: bytes, at: int) -> int:
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            raise _Incomplete
        if end == at:
            return end + 2
        name, _ = _field(data[at:end])
        if name in (b"content-length", b"transfer-encoding"):
            raise _Refused
        at = end + 2
