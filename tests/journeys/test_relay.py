"""One dialect, passed on: the upstream gets the caller's bytes with only the model replaced, the caller gets the upstream's."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.kit.caller import Answer
from tests.kit.house import House, house, resources
from tests.kit.loop import run
from tests.kit.upstream import CLOSE, JSON, Upstream, answer, event, stream, upstream

from lockgate import __version__

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# Odd on purpose: spaces, escapes, an unknown member, numbers in unusual forms. All of it must survive.
CHAT = b'{ "messages" : [{"role":"user","content":"h\\u00e9 \xc3\xa9"}],  "model":"gpt", "temperature":1.0e0,"vendor_extra":{"model":"untouched"} }'
CHAT_SENT = CHAT.replace(b'"model":"gpt"', b'"model":"gpt-upstream"')
USAGE = b'"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}'
CHAT_ANSWER = (
    b'{"id":"chatcmpl-1", "object":"chat.completion","created":1,"model":"gpt-upstream-2026","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"\\u00e9","x":1.50},"finish_reason":"stop"}],' + USAGE + b',"system_fingerprint":"fp"}'
)
MESSAGES = b'{"model" :"claude","max_tokens":64,"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}],"new":[1]}'
MESSAGES_ANSWER = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-upstream-2026","content":[{"type":"thinking","thinking":"x",'
    b'"signature":"s"},{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,'
    b'"usage":{"input_tokens":5,"cache_read_input_tokens":3,"cache_creation_input_tokens":2,"output_tokens":4}}'
)


def chunk_of(delta: str, finish: str = "null", more: str = "") -> bytes:
    return (
        f'data: {{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-upstream-2026","choices":'
        f'[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]{more}}}\n\n'
    ).encode()


CHUNKS = [chunk_of('{"role":"assistant","content":""}'), chunk_of('{"content":"h\\u00e9"}'), chunk_of("{}", '"stop"')]
USAGE_CHUNK = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-upstream-2026","choices":[],' + USAGE + b"}\n\n"
)
DONE = b"data: [DONE]\n\n"


def restamped(frame: bytes) -> bytes:
    return frame.replace(b'"model":"gpt-upstream-2026"', b'"model":"gpt"')


def asked(home: House, told: Answer, provider: Upstream) -> None:
    """What every answer carries (section 1.5)."""
    named = told.header("x-lockgate-request-id")
    assert named is not None
    assert UUID.fullmatch(named)
    assert provider.last.header("x-lockgate-request-id") == named
    assert told.header("server") == f"Lockgate/{__version__}"


def test_a_chat_request_goes_on_with_only_the_model_replaced_and_comes_back_the_same_way(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, CHAT_ANSWER)]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", CHAT)
            assert provider.last.body == CHAT_SENT
            assert provider.last.line == "POST /v1/chat/completions HTTP/1.1"
            assert told.status == 200
            assert told.body == CHAT_ANSWER.replace(b"gpt-upstream-2026", b"gpt")
            assert told.header("content-type") == "application/json"
            asked(home, told, provider)
            assert told.header("x-lockgate-call-id") == told.header("x-lockgate-request-id")
            intent, settlement = home.record()
            assert (intent.request_id, intent.requested_model, intent.stream) == (told.header("x-lockgate-request-id"), "gpt", False)
            assert (settlement.status, settlement.usage.prompt, settlement.usage.output, settlement.usage.estimated) == (200, 11, 7, False)
            assert (settlement.provider_request_id, settlement.provider_model_version) == ("chatcmpl-1", "gpt-upstream-2026")
            assert settlement.finish_reason == "stop"

    run(main())


def test_a_path_with_a_trailing_slash_is_the_same_endpoint(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, CHAT_ANSWER)]) as provider, house(tmp_path, resources(provider.url)) as home:
            assert (await home.ask("/v1/chat/completions/?x=1", CHAT)).status == 200
            assert provider.last.line == "POST /v1/chat/completions HTTP/1.1"

    run(main())


def test_a_stream_goes_on_frame_by_frame_and_the_gateway_asks_for_its_usage(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*CHUNKS, USAGE_CHUNK, DONE)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", CHAT[:-2] + b',"stream":true}')
            assert provider.last.body == CHAT_SENT[:-2] + b',"stream":true,"stream_options":{"include_usage":true}}'
            assert told.header("content-type") == "text/event-stream"
            assert told.header("cache-control") == "no-cache"
            asked(home, told, provider)
            assert told.header("x-lockgate-call-id") == told.header("x-lockgate-request-id")
            assert told.body == b"".join(restamped(chunk) for chunk in CHUNKS) + DONE
            assert told.complete
            intent, settlement = home.record()
            assert intent.stream
            assert (settlement.usage.prompt, settlement.usage.output) == (11, 7)
            assert settlement.finish_reason == "stop"

    run(main())


@pytest.mark.parametrize(("asks", "told_usage"), [(b'{"include_usage":true}', True), (b'{"include_usage":false}', False), (b"{}", False)])
def test_a_caller_who_sets_stream_options_is_taken_at_its_word(asks: bytes, told_usage: bool, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*CHUNKS, USAGE_CHUNK, DONE)) as provider, house(tmp_path, resources(provider.url)) as home:
            body = CHAT[:-2] + b',"stream":true,"stream_options":%b}' % asks
            told = await home.ask("/v1/chat/completions", body)
            assert provider.last.body == body.replace(b'"model":"gpt"', b'"model":"gpt-upstream"')
            assert told.body == b"".join(restamped(chunk) for chunk in CHUNKS) + (restamped(USAGE_CHUNK) if told_usage else b"") + DONE

    run(main())


def test_a_stream_without_usage_is_estimated_in_the_record_and_nowhere_else(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*CHUNKS, DONE)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", CHAT[:-2] + b',"stream":true}')
            assert b"usage" not in told.body
            usage = home.record().settlement.usage
            assert usage.estimated
            assert usage.prompt > 0
            assert usage.output > 0

    run(main())


def test_messages_pass_byte_for_byte_both_ways(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, MESSAGES_ANSWER)]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/messages", MESSAGES, fields="anthropic-version: 2020-01-01\r\nanthropic-beta: x\r\n")
            assert provider.last.body == MESSAGES.replace(b'"claude"', b'"claude-upstream"')
            assert provider.last.line == "POST /v1/messages HTTP/1.1"
            assert provider.last.header("x-api-key") == "sk-anthropic"
            assert provider.last.header("anthropic-version") == "2023-06-01"
            assert provider.last.header("anthropic-beta") is None
            assert told.body == MESSAGES_ANSWER
            asked(home, told, provider)
            assert told.header("x-lockgate-call-id") is None
            usage = home.record().settlement.usage
            assert (usage.input, usage.cached, usage.cache_write_5m, usage.output) == (5, 3, 2, 4)

    run(main())


MESSAGES_FRAMES = [
    event({"type": "message_start", "message": {"id": "msg_1", "model": "claude-upstream-2026", "usage": {"input_tokens": 5, "output_tokens": 1}}}, "message_start"),
    b": a comment\n\n",
    event({"type": "ping"}, "ping"),
    event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, "content_block_start"),
    event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}, "content_block_delta"),
    event({"type": "content_block_stop", "index": 0}, "content_block_stop"),
    event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}, "message_delta"),
    event({"type": "message_stop"}, "message_stop"),
]  # fmt: skip


def test_a_messages_stream_passes_byte_for_byte(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*MESSAGES_FRAMES)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/messages", MESSAGES[:-1] + b',"stream":true}')
            assert provider.last.body == (MESSAGES[:-1] + b',"stream":true}').replace(b'"claude"', b'"claude-upstream"')
            assert told.body == b"".join(MESSAGES_FRAMES)
            assert told.complete
            settlement = home.record().settlement
            assert (settlement.usage.input, settlement.usage.output, settlement.finish_reason) == (5, 9, "end_turn")

    run(main())


def test_frames_cut_anywhere_come_out_whole(tmp_path: Path) -> None:
    async def main() -> None:
        whole = b"".join([*CHUNKS, USAGE_CHUNK, DONE])
        async with upstream(stream(*(whole[at : at + 1] for at in range(len(whole))))) as provider:
            async with house(tmp_path, resources(provider.url)) as home:
                told = await home.ask("/v1/chat/completions", CHAT[:-2] + b',"stream":true}')
                assert told.body == b"".join(restamped(chunk) for chunk in CHUNKS) + DONE

    run(main())


def test_completions_whole_and_streamed(tmp_path: Path) -> None:
    async def main() -> None:
        whole = (
            b'{"id":"cmpl-1","object":"text_completion","model":"up","choices":[{"text":"a","index":0,"finish_reason":"stop"}],'
            + USAGE
            + b"}"
        )
        piece = (
            b'data: {"id":"cmpl-1","object":"text_completion","model":"up","choices":[{"text":"ab","index":0,"finish_reason":"stop"}]}\n\n'
        )
        usage = b'data: {"id":"cmpl-1","model":"up","choices":[],' + USAGE + b"}\n\n"
        async with upstream([answer(200, whole)], stream(piece, usage, DONE)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/completions", b'{"model":"gpt","prompt":["a","b"]}')
            assert provider.last.line == "POST /v1/completions HTTP/1.1"
            assert provider.last.body == b'{"model":"gpt-upstream","prompt":["a","b"]}'
            assert told.body == whole.replace(b'"up"', b'"gpt"')
            assert told.header("x-lockgate-call-id") is None
            told = await home.ask("/v1/completions", b'{"model":"gpt","prompt":[[1,2]],"stream":true}')
            assert provider.last.body == b'{"model":"gpt-upstream","prompt":[[1,2]],"stream":true,"stream_options":{"include_usage":true}}'
            assert told.body == piece.replace(b'"up"', b'"gpt"') + DONE
            assert [(r.settlement.usage.prompt, r.settlement.usage.output) for r in home.records()] == [(11, 7)] * 2
            assert [r.intent.operation for r in home.records()] == ["completions"] * 2

    run(main())


def test_embeddings_pass_in_the_shape_they_were_asked_in(tmp_path: Path) -> None:
    async def main() -> None:
        whole = b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPw=="}],"model":"up","usage":{"prompt_tokens":3,"total_tokens":3}}'
        silent = b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0]}],"model":"up"}'
        async with upstream([answer(200, whole)], [answer(200, silent)]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/embeddings", b'{"model":"gpt","input":["a"],"encoding_format":"base64"}')
            assert provider.last.line == "POST /v1/embeddings HTTP/1.1"
            assert provider.last.body == b'{"model":"gpt-upstream","input":["a"],"encoding_format":"base64"}'
            assert told.body == whole.replace(b'"up"', b'"gpt"')
            told = await home.ask("/v1/embeddings", b'{"model":"gpt","input":"some words to count"}')
            assert told.body == silent.replace(b'"up"', b'"gpt"')
            first, second = (record.settlement.usage for record in home.records())
            assert (first.prompt, first.output, first.estimated) == (3, 0, False)
            assert second.prompt > 0
            assert (second.output, second.estimated) == (0, True)

    run(main())


def test_tokens_are_counted_only_by_those_who_speak_anthropic(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, b'{"input_tokens":14}')]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/messages/count_tokens", b'{"model":"claude","messages":[{"role":"user","content":"hi"}]}')
            assert provider.last.line == "POST /v1/messages/count_tokens HTTP/1.1"
            assert (told.status, told.body) == (200, b'{"input_tokens":14}')
            told = await home.ask("/v1/messages/count_tokens", b'{"model":"gpt","messages":[{"role":"user","content":"hi"}]}')
            assert told.status == 400
            assert told.json["type"] == "error"
            assert told.error["type"] == "invalid_request_error"
            assert len(provider.seen) == 1
            assert home.record().settlement.usage.total == 0

    run(main())


def test_responses_pass_where_they_are_spoken_and_are_501_elsewhere(tmp_path: Path) -> None:
    async def main() -> None:
        whole = b'{"id":"resp_1","object":"response","status":"completed","model":"up","output":[],"usage":{"input_tokens":8,"output_tokens":2}}'
        frames = [
            event({"type": "response.created", "response": {"id": "resp_1", "model": "up", "status": "in_progress"}}, "response.created"),
            event({"type": "response.output_text.delta", "delta": "hi"}, "response.output_text.delta"),
            event({"type": "response.completed", "response": {"id": "resp_1", "model": "up", "status": "completed", "usage": {"input_tokens": 8, "output_tokens": 2}}}, "response.completed"),
        ]  # fmt: skip
        async with upstream([answer(200, whole)], stream(*frames)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/responses", b'{"model":"gpt","input":"hi","store":false}')
            assert provider.last.line == "POST /v1/responses HTTP/1.1"
            assert provider.last.body == b'{"model":"gpt-upstream","input":"hi","store":false}'
            assert told.body == whole
            told = await home.ask("/v1/responses", b'{"model":"gpt","input":"hi","stream":true}')
            assert provider.last.body == b'{"model":"gpt-upstream","input":"hi","stream":true}'
            assert told.body == b"".join(frames)
            for record in home.records():
                assert (record.settlement.usage.prompt, record.settlement.usage.output, record.settlement.provider_request_id) == (
                    8,
                    2,
                    "resp_1",
                )
            told = await home.ask("/v1/responses", b'{"model":"claude","input":"hi"}')
            assert (told.status, told.error["type"]) == (501, "not_implemented")
            assert len(provider.seen) == 2

    run(main())


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/embeddings"])
def test_what_a_provider_does_not_offer_is_501(path: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, b"{}")]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask(path, b'{"model":"claude","prompt":"x","input":"x"}')
            assert (told.status, told.error["type"]) == (501, "not_implemented")
            assert not provider.seen

    run(main())


@pytest.mark.parametrize("fields", ["content-type: application/JSON; charset=utf-8\r\n", "content-type: text/plain\r\n", ""])
def test_what_an_upstream_calls_its_json_does_not_matter(fields: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, CHAT_ANSWER, fields)]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", CHAT)
            assert (told.status, told.header("content-type")) == (200, "application/json")

    run(main())


def test_two_requests_share_one_connection_on_both_sides(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, CHAT_ANSWER)]) as provider, house(tmp_path, resources(provider.url)) as home:
            for _ in range(3):
                assert (await home.ask("/v1/chat/completions", CHAT)).status == 200
            assert [seen.connection for seen in provider.seen] == [1, 1, 1]

    run(main())


def test_an_answer_that_is_ended_by_closing_is_whole(tmp_path: Path) -> None:
    async def main() -> None:
        plain: Any = [f"HTTP/1.1 200 OK\r\n{JSON}\r\n".encode() + CHAT_ANSWER, CLOSE]
        async with upstream(plain) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", CHAT)
            assert (told.status, told.complete) == (200, True)

    run(main())
