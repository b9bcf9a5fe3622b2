"""The front: what stays true of a connection while its heads repeat, and what a new head changes."""

from pathlib import Path

from tests.kit.caller import Caller, calling, get, post
from tests.kit.gateway_process import KEY
from tests.kit.house import house, resources
from tests.kit.loop import run
from tests.kit.upstream import answer, upstream

CHAT = {"model": "gpt", "messages": [{"role": "user", "content": "hi"}]}
OK = answer(200, {"id": "c1", "model": "up", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})


async def told(caller: Caller, request: bytes) -> tuple[int, str]:
    caller.send(request)
    found = await caller.answer()
    return found.status, found.header("x-lockgate-request-id") or ""


def test_one_connection_may_carry_many_keys_ids_and_endpoints(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            async with calling(home.port) as caller:
                one = post("/v1/chat/completions", CHAT)
                first, second = await told(caller, one), await told(caller, one)
                assert (first[0], second[0]) == (200, 200)
                assert first[1] != second[1], "an id is made for each request"
                named = post("/v1/chat/completions", CHAT, fields="x-lockgate-request-id: mine\r\n")
                assert await told(caller, named) == (200, "mine")
                assert await told(caller, named) == (200, "mine")
                assert (await told(caller, one))[1] not in ("mine", "")
                assert (await told(caller, post("/v1/chat/completions", CHAT, key="other")))[0] == 401
                assert (await told(caller, one))[0] == 200
                assert (await told(caller, post("/v1/chat/completions", CHAT, key="", fields=f"x-api-key: {KEY}\r\n")))[0] == 200
                assert (await told(caller, post("/v1/chat/completions", CHAT, key="")))[0] == 401
                assert (await told(caller, post("/v1/embeddings", {"model": "gpt", "input": "x"})))[0] == 200
                assert (await told(caller, get("/v1/models")))[0] == 200
                assert (await told(caller, get("/v1/chat/completions")))[0] == 405
                assert (await told(caller, one))[0] == 200
            assert [record.intent.operation for record in home.records()].count("embeddings") == 1

    run(main())


def test_what_the_server_refuses_is_said_in_our_words_with_an_id(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources("http://127.0.0.1:9"), PROXY__LIMITS__LINE_BYTES=1024) as home:
            for head, status in (
                ("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n", 400),
                (f"GET /{'x' * 2000} HTTP/1.1\r\nhost: x\r\n", 414),
                ("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nexpect: miracles\r\ncontent-length: 2\r\n", 417),
            ):
                found = await home.send(f"{head}\r\n{{}}".encode())
                assert found.status == status
                assert found.header("x-lockgate-request-id")
                assert found.header("server")
                assert found.header("connection") == "close"
                assert found.error["type"] == "invalid_request_error"
            assert [line["status"] for line in home.lines()] == [400, 414, 417]
            assert (await home.scrape()).total("lockgate_proxy_requests_total", outcome="failure") == 3

    run(main())


def test_who_called_is_measured_without_being_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([OK]) as provider, house(tmp_path, resources(provider.url)) as home:
            await home.ask("/v1/chat/completions", CHAT, fields="user-agent: OpenAI/Python 2.1\r\n")
            await home.ask("/v1/chat/completions", CHAT)
            labels = {label["client_type"] for label in (await home.scrape()).labels("lockgate_llm_tokens_by_client_total")}
            assert "unknown" in labels
            assert len(labels) == 2

    run(main())


def test_a_body_that_is_refused_is_told_with_the_id_of_its_answer(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources("http://127.0.0.1:9"), PROXY__REQUEST_BODY_LIMIT_BYTES=9) as home:
            ids = []
            for path in ("/v1/messages", "/elsewhere"):
                found = await home.ask(path, {"model": "a name that is long"})
                assert found.status == 413
                ids.append(found.header("x-lockgate-request-id"))
            lines = home.lines()
            assert [(line["path"], line["request_id"]) for line in lines] == [("/v1/messages", ids[0]), ("other", ids[1])]
            assert {line["client"] for line in lines} == {"127.0.0.0"}

    run(main())


def test_a_body_that_breaks_off_in_its_framing_is_told_as_its_caller_s(tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, resources("http://127.0.0.1:9")) as home:
            head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ntransfer-encoding: chunked\r\n\r\n"
            found = await home.send(f"{head}zz\r\n".encode())
            assert (found.status, found.json["type"]) == (400, "error")
            (line,) = home.lines()
            assert (line["path"], line["status"], line["error_kind"]) == ("/v1/messages", 400, "malformed_http")
            assert line["api_key_id"]
            assert line["request_id"] == found.header("x-lockgate-request-id")

    run(main())
