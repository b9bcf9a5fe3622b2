"""
Whatever an upstream does wrong, on whatever surface: the caller gets the row of the fault table in its own dialect, the attempt is
recorded once with what the caller was told, and nothing is left hanging.

Each case is asked on every surface: both dialects, passed on and bridged, streamed and not.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.kit.caller import Answer
from tests.kit.house import house, resources
from tests.kit.loop import LoopbackLoop, run
from tests.kit.surfaces import BEGIN, DONE, FINISH, LAST, STREAMS, SURFACES, WHOLE, WHOLES, Surface, asked, good
from tests.kit.upstream import CLOSE, END, HALF_CLOSE, JSON, RESET, SSE, STALL, Script, answer, chunk, event, head, stream, upstream

ANTHROPIC_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 408: "timeout_error",
    413: "request_too_large", 422: "invalid_request_error", 429: "rate_limit_error", 503: "overloaded_error",
}  # fmt: skip


# Cases -----------------------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    name: str
    script: Callable[[Surface], Script]
    status: int
    type: str = ""
    kind: str = ""
    """What the record says."""
    code: str = ""
    says: str = ""
    """A part of the message."""
    hides: str = "SECRET"
    """What must not be shown."""
    retry_after: str | None = None
    on: list[Surface] = SURFACES


def plain(*steps: Any) -> Callable[[Surface], Script]:
    return lambda surface: list(steps)


def refusal(status: int, openai: object, anthropic: object = None, fields: str = JSON) -> Callable[[Surface], Script]:
    return lambda surface: [answer(status, anthropic if anthropic is not None and surface.upstream == "anthropic" else openai, fields)]


def cut(surface: Surface) -> bytes:
    return answer(200, WHOLE[surface.upstream])[:-9]


def error_event(error: object) -> Callable[[Surface], Script]:
    def script(surface: Surface) -> Script:
        if surface.upstream == "openai":
            return stream(event({"error": error}), DONE)
        return stream(event({"type": "error", "error": error}, "error"))

    return script


DECODE = ("upstream_decode_error", "upstream_decode_error")
BROKEN = ("transport_error", "transport_error")
FAILED = ("upstream_error", "upstream_failed")
REFUSED = ("upstream_error", "upstream_refused")

CASES = [
    Case("the connection is reset when the request came", plain(RESET), 502, *BROKEN),
    Case("the connection is closed when the request came", plain(CLOSE), 502, *BROKEN),
    Case("the connection is half-closed when the request came", plain(HALF_CLOSE, STALL), 502, *BROKEN),
    Case("the upstream is silent", plain(STALL), 504, "timeout", "upstream_timeout"),
    Case("the upstream is silent in its head", plain(b"HTTP/1.1 200 OK\r\n", STALL), 504, "timeout", "upstream_timeout"),
    Case("the upstream is silent after its head", lambda s: [head(200, SSE if s.streams else JSON), STALL], 504, "timeout", "upstream_timeout"),
    Case("the upstream is silent after the head of an error", plain(head(500, JSON), STALL), 504, "timeout", "upstream_timeout"),
    Case("the head is cut", plain(b"HTTP/1.1 200 OK\r\ncontent-", CLOSE), 502, *BROKEN),
    Case("the body is shorter than its length", lambda s: [cut(s), CLOSE], 502, *BROKEN, on=WHOLES),
    Case("the body is reset", lambda s: [cut(s), RESET], 502, *BROKEN, on=WHOLES),
    Case("a chunked body is cut", lambda s: [head(200, JSON), chunk(b'{"id":'), CLOSE], 502, *BROKEN, on=WHOLES),
    Case("the answer is no HTTP", plain(b"SSH-2.0-OpenSSH_9.0\r\n\r\n", STALL), 502, *DECODE),
    Case("the chunks are no chunks", lambda s: [head(200, JSON), b"zz\r\n", STALL], 502, *DECODE, on=WHOLES),
    Case("the head has two lengths", plain(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", STALL), 502, *DECODE),
    Case("the answer is not JSON", refusal(200, b"hello SECRET"), 502, *DECODE),
    Case("the answer is a page", refusal(200, b"<html>SECRET</html>", fields="content-type: text/html\r\n"), 502, *DECODE),
    Case("the answer is empty", refusal(200, b""), 502, *DECODE),
    Case("the answer is a 204", plain(b"HTTP/1.1 204 No Content\r\n\r\n"), 502, *DECODE),
    Case("the answer is an array", refusal(200, [{"id": "SECRET"}]), 502, *DECODE),
    Case("the answer is null", refusal(200, b"null"), 502, *DECODE),
    Case("the answer is half of JSON", refusal(200, b'{"id":"SECRET","choices":[{"ind'), 502, *DECODE),
    Case("the answer is not UTF-8", refusal(200, b'{"id":"SECRET\xff"}'), 502, *DECODE, on=[s for s in WHOLES if s.inbound != s.upstream]),
    Case("the answer is an error object", refusal(200, {"error": {"message": "no luck"}}), 502, "upstream_error", "stream_error"),
    Case("the answer is an error object with a status", refusal(200, {"error": {"message": "no luck", "status": 422}}), 422, *REFUSED, says="no luck"),
    Case("the answer is compressed", lambda s: [answer(200, WHOLE[s.upstream], JSON + "content-encoding: gzip\r\n")], 502, *DECODE),
    Case("a stream comes unasked", lambda s: stream(*BEGIN[s.upstream], *FINISH[s.upstream], LAST[s.upstream]), 502, *DECODE, on=WHOLES),
    Case("a whole answer comes instead of a stream", lambda s: [answer(200, WHOLE[s.upstream])], 502, *DECODE, on=STREAMS),
    Case("a stream says that it is JSON", lambda s: [head(200, JSON), *(chunk(f) for f in (*BEGIN[s.upstream], LAST[s.upstream])), END], 502, *DECODE, on=STREAMS),
    Case("a redirection", refusal(302, b"SECRET", fields="location: http://127.0.0.1:1/elsewhere\r\n"), 502, *FAILED),
    Case("a 304", plain(b"HTTP/1.1 304 Not Modified\r\n\r\n"), 502, *FAILED),
    Case("a 400 in the upstream's words", refusal(400, {"error": {"message": "bad thing", "type": "SECRET", "code": "thing_bad", "param": "x"}}, {"type": "error", "error": {"type": "invalid_request_error", "message": "bad thing"}}), 400, *REFUSED, says="bad thing"),
    Case("a 400 in other words", refusal(400, {"detail": [{"msg": "bad thing"}]}), 400, *REFUSED, says="bad thing"),
    Case("a 400 without words", refusal(400, b"SECRET", fields=""), 400, *REFUSED),
    Case("a 400 that is a page", refusal(400, b"<html>SECRET</html>", fields="content-type: text/html\r\n"), 400, *REFUSED),
    Case("a 400 without a body", plain(b"HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n"), 400, *REFUSED),
    Case("a 418", refusal(418, {"error": "short and stout"}), 418, *REFUSED, says="short and stout"),
    Case("a 401 of the upstream", refusal(401, {"error": {"message": "no such key", "code": "invalid_api_key"}}, {"type": "error", "error": {"type": "authentication_error", "message": "no such key"}}), 401, *REFUSED, code="invalid_api_key", says="no such key"),
    Case("a 404 of the upstream", refusal(404, {"error": {"message": "no model", "code": "model_not_found"}}, {"type": "error", "error": {"type": "not_found_error", "message": "no model"}}), 404, *REFUSED, code="model_not_found", says="no model"),
    Case("a 429 with seconds", refusal(429, {"error": {"message": "slow down"}}, fields=JSON + "retry-after: 7\r\n"), 429, "upstream_error", "upstream_rate_limited", says="slow down", retry_after="7"),
    Case("a 429 with a date", refusal(429, {"error": {"message": "slow down"}}, fields=JSON + "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n"), 429, "upstream_error", "upstream_rate_limited"),
    Case("a 429 with nonsense", refusal(429, {"error": {"message": "slow down"}}, fields=JSON + "retry-after: -7\r\n"), 429, "upstream_error", "upstream_rate_limited"),
    Case("a 500", refusal(500, {"error": {"message": "SECRET"}}), 502, *FAILED),
    Case("a 503 with seconds", refusal(503, {"error": {"message": "SECRET"}}, fields=JSON + "retry-after: 7\r\n"), 502, *FAILED),
    Case("a 529", refusal(529, {"type": "error", "error": {"type": "overloaded_error", "message": "SECRET"}}), 502, *FAILED),
    Case("a 500 that is cut", lambda s: [answer(500, {"error": {"message": "SECRET"}})[:-5], CLOSE], 502, *BROKEN),
    Case("a huge 400", lambda s: [answer(400, b'{"error":{"message":"' + b"y" * 300_000 + b'"}}')], 400, *REFUSED),
    Case("a 400 without end", lambda s: [head(400, JSON), *[chunk(b"z" * 65_536)] * 20, STALL], 400, *REFUSED),
    Case("a long message is clipped", refusal(400, {"error": {"message": "w" * 5000}}), 400, *REFUSED, says="w" * 1000, hides="w" * 1025),
    Case("an error event comes first", error_event({"message": "no luck", "type": "api_error"}), 502, "upstream_error", "stream_error", on=STREAMS),
    Case("an error event with a status comes first", error_event({"message": "no luck", "status": 429, "type": "rate_limit_error"}), 429, "upstream_error", "upstream_rate_limited", says="no luck", on=STREAMS),
    Case("an error event of a failure comes first", error_event({"message": "SECRET", "status": 503, "type": "api_error"}), 502, "upstream_error", "stream_error", on=STREAMS),
    Case("a stream is empty", plain(head(), END), 502, *DECODE, on=STREAMS),
    Case("a stream is cut before its first frame", plain(head(), CLOSE), 502, *BROKEN, on=STREAMS),
    Case("a stream is reset in its first frame", plain(head(), chunk(b"data: {"), RESET), 502, *BROKEN, on=STREAMS),
    Case("a stream ends in its first frame", plain(head(), chunk(b'data: {"id"'), END), 502, *DECODE, on=STREAMS),
    Case("the first frame is too long", lambda s: [head(), *[chunk(b"data: " + b"x" * 65_536)] * 17, STALL], 502, *DECODE, on=STREAMS),
]  # fmt: skip


def check_refusal(told: Answer, case: Case, surface: Surface) -> None:
    assert told.status == case.status
    assert told.header("content-type") == "application/json"
    assert told.header("x-lockgate-request-id")
    assert told.header("x-lockgate-call-id") is None
    assert told.header("retry-after") == case.retry_after
    error = told.error
    assert error["message"]
    if surface.inbound == "anthropic":
        assert told.json.keys() == {"type", "error"}
        assert told.json["type"] == "error"
        assert error.keys() == {"type", "message"}
        assert error["type"] == ANTHROPIC_TYPES.get(case.status, "api_error")
    else:
        assert told.json.keys() == {"error"}
        assert error["type"] == case.type
        if case.code:
            assert error["code"] == case.code
    assert case.says in error["message"]
    assert case.hides not in told.body.decode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_gives_its_row_on_every_surface(case: Case, tmp_path: Path) -> None:
    async def main() -> None:
        limit_ms = 300 if case.status == 504 else 20_000
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url), UPSTREAM__TIMEOUT_MS=limit_ms) as home:
            for surface in case.on:
                told = await asked(home, provider, surface, case.script(surface))
                try:
                    check_refusal(told, case, surface)
                    intent, settlement = home.records()[-1]
                    assert (settlement.status, settlement.error_class) == (case.status, case.kind)
                    assert intent.stream == surface.streams
                    assert settlement.usage.output == 0
                except AssertionError as error:
                    raise AssertionError(f"{surface}: {told.status} {told.body[:500]!r} {home.records()[-1].settlement}") from error
            # The house is as good as before.
            for surface in SURFACES[:2]:
                assert (await asked(home, provider, surface, good(surface))).status == 200
            scrape = await home.scrape()
            assert scrape.total("lockgate_llm_requests_total", status=str(case.status)) == len(case.on)

    run(main())


def test_nobody_listens(tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            provider = await stack.enter_async_context(upstream([STALL]))
            port = provider.port
            await stack.aclose()
            async with house(tmp_path, resources(f"http://127.0.0.1:{port}")) as home:
                for surface in SURFACES:
                    told = await home.ask(surface.path, surface.body)
                    check_refusal(told, Case("", plain(), 502, *BROKEN), surface)
                assert [r.settlement.error_class for r in home.records()] == ["transport_error"] * len(SURFACES)

    run(main())


def test_every_connection_is_reset_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            provider.refuses = True
            for surface in SURFACES:
                told = await home.ask(surface.path, surface.body)
                check_refusal(told, Case("", plain(), 502, *BROKEN), surface)

    run(main())


class _Nameless(LoopbackLoop):
    """A resolver that knows no name, and asks nobody."""

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        if host == "nowhere.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await super().getaddrinfo(host, port, **options)


def test_a_name_that_cannot_be_resolved(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources("http://nowhere.invalid")) as home:
            for surface in SURFACES:
                told = await home.ask(surface.path, surface.body)
                check_refusal(told, Case("", plain(), 502, *BROKEN, hides="nowhere"), surface)

    with asyncio.Runner(loop_factory=_Nameless) as runner:
        runner.run(main())


def test_an_address_that_may_not_be_dialled(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url), UPSTREAM__ALLOW_PRIVATE="false") as home:
            for surface in SURFACES:
                told = await home.ask(surface.path, surface.body)
                check_refusal(told, Case("", plain(), 502, *BROKEN, hides="127.0.0.1"), surface)
            assert not provider.peers

    run(main())


def test_a_huge_answer_passes_and_one_beyond_all_bounds_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            big = msgspec.json.encode({**WHOLE["openai"], "pad": "x" * 20_000_000})
            told = await asked(home, provider, SURFACES[0], [answer(200, big)])
            assert (told.status, len(told.body)) == (200, len(big) - len("up") + len("gpt"))
            endless: list[Any] = [head(200, JSON), *[chunk(b"x" * (1 << 20))] * 70, STALL]
            told = await asked(home, provider, SURFACES[0], endless)
            assert (told.status, told.error["type"]) == (502, "upstream_decode_error")

    run(main())


def test_a_kept_connection_that_died_is_replaced_without_a_second_record(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            surface = SURFACES[0]
            await asked(home, provider, surface, good(surface))
            provider.plays([RESET], good(surface))
            assert (await home.ask(surface.path, surface.body)).status == 200
            assert len(home.records()) == 2
            assert len(provider.peers) == 2

    run(main())


def test_headers_that_come_twice_confuse_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        fields = (
            JSON + "set-cookie: a=1\r\nset-cookie: b=2\r\nserver: nginx\r\nx-lockgate-request-id: theirs\r\nx-request-id: u1\r\n" + JSON
        )
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url)) as home:
            for surface in WHOLES:
                told = await asked(home, provider, surface, [answer(200, WHOLE[surface.upstream], fields)])
                assert told.status == 200
                assert told.header("set-cookie") is None
                assert told.header("server") != "nginx"
                assert told.header("x-lockgate-request-id") != "theirs"
                assert told.header("x-request-id") == told.header("x-lockgate-request-id")

    run(main())


def test_faults_in_parallel_leave_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([STALL]) as provider, house(tmp_path, resources(provider.url), UPSTREAM__TIMEOUT_MS=400) as home:
            surfaces = SURFACES * 8
            ways: list[Script] = [[RESET], [CLOSE], [STALL], [answer(500, b"")], [head(), CLOSE], [head(), STALL], [head(200, JSON), END]]
            provider.plays(*ways * 40)
            answers = await asyncio.gather(*(home.ask(surface.path, surface.body) for surface in surfaces))
            assert {told.status for told in answers} <= {502, 504}
            await home.quiet()
            assert len(home.records()) == len(surfaces)

    run(main())
