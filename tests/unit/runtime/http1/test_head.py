"""The rules that llhttp leaves open, on values alone; the whole table is tests/golden/http1."""

import pytest

from lockgate.model.faults import Fault
from lockgate.runtime.http1.head import CHUNKED, check_partial, examine, is_authority, refuse_line
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.request import Request


def request(target: bytes = b"/", *headers: tuple[bytes, bytes], method: bytes = b"POST", http10: bool = False) -> Request:
    made = Request()
    made.method, made.target, made.http10 = method, target, http10
    made.headers = [(b"host", b"a"), *headers]
    return made


@pytest.mark.parametrize(
    ("headers", "framing"),
    [
        ((), (0, True, False)),
        (((b"content-length", b"7"),), (7, True, False)),
        (((b"transfer-encoding", b"Chunked"),), (CHUNKED, True, False)),
        (((b"connection", b"close"),), (0, False, False)),
        (((b"connection", b"keep-alive"),), (0, True, False)),
        (((b"expect", b"100-Continue"),), (0, True, True)),
    ],
)
def test_a_head_yields_its_framing(headers: tuple[tuple[bytes, bytes], ...], framing: object) -> None:
    assert examine(request(b"/", *headers)) == framing


def test_http_1_0_keeps_only_when_asked_and_expects_nothing() -> None:
    assert examine(request(http10=True)) == (0, False, False)
    assert examine(request(b"/", (b"connection", b"keep-alive"), (b"expect", b"100-continue"), http10=True)) == (0, True, False)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a?b=c", b"/a", b"b=c"),
        (b"/a?b?c", b"/a", b"b?c"),
        (b"/a", b"/a", b""),
        (b"/a?", b"/a", b""),
        (b"http://a/b?c", b"/b", b"c"),
        (b"http://a", b"/", b""),
        (b"http://a?b/c", b"/", b"b/c"),
        (b"HTTPS://A:443/b", b"/b", b""),
    ],
)
def test_a_target_is_split_and_an_absolute_one_reduced(target: bytes, path: bytes, query: bytes) -> None:
    made = request(target)
    assert not isinstance(examine(made), Fault)
    assert (made.path, made.query, made.target) == (path, query, target)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"GET / HTTP/2.0", "http_version"),
        (b"GET / HTTP/1.2", "http_version"),
        (b"GET / HTTP/0.9", "malformed_http"),
        (b"GET  / HTTP/1.1", "malformed_http"),
        (b"GET /", "malformed_http"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1", "uri_too_long"),
    ],
)
def test_a_refused_line_has_its_reason(line: bytes, kind: str) -> None:
    assert refuse_line(line, Limits()).kind == kind


@pytest.mark.parametrize("value", [b"a", b"a:1", b"a:", b"[::1]", b"[::1]:65535", b"1.2.3.4:80", b"a_b-c.d~"])
def test_an_authority_is_a_host_and_perhaps_a_port(value: bytes) -> None:
    assert is_authority(value)


@pytest.mark.parametrize("value", [b"", b":1", b"a:b", b"a:65536", b"a:000001", b"a b", b"u@a", b"[::1", b"[]", b"[a]", b"::1", b"x" * 400])
def test_anything_else_is_none(value: bytes) -> None:
    assert not is_authority(value)


@pytest.mark.parametrize(
    "text",
    [b"", b"\r", b"\r\n", b"\r\nG", b"GET", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r"],
)
def test_the_beginning_of_a_good_head_is_waited_for(text: bytes) -> None:
    for checked in range(len(text) + 1):
        assert check_partial(bytearray(text), checked, Limits()) is None


@pytest.mark.parametrize("text", [b"\n", b"\r\r", b"\r\n\r", b" ", b"g", b"\x16\x03", b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\r\nHost: a\n"])
def test_the_beginning_of_none_is_refused(text: bytes) -> None:
    assert check_partial(bytearray(text), 0, Limits()) is not None
    assert check_partial(bytearray(text), len(text) - 1, Limits()) is not None
