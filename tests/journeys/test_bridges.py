"""One dialect in, another out, and back: what callers of one family send to providers of the other, and what they get (section 1.8)."""

import json
from pathlib import Path
from typing import Any

from tests.kit.house import House, house, resources
from tests.kit.loop import run
from tests.kit.upstream import Upstream, answer, event, stream, upstream

PIXEL = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

OPENAI: dict[str, Any] = {
    "model": "claude",
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}, {"type": "image_url", "image_url": {"url": "https://pictures.example/cat.png"}}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}},
            {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}},
        ]},
        {"role": "tool", "tool_call_id": "call_1", "content": "warm"},
        {"role": "tool", "tool_call_id": "call_2", "content": "cold"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "description": "tells", "parameters": SCHEMA}}],
    "tool_choice": "auto",
    "temperature": 0.5,
    "stop": ["END"],
    "user": "u-1",
}  # fmt: skip

ANTHROPIC: dict[str, Any] = {
    "model": "gpt",
    "max_tokens": 77,
    "system": [{"type": "text", "text": "be brief"}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}, {"type": "image", "source": {"type": "url", "url": "https://pictures.example/cat.png"}}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rome"}},
            {"type": "tool_use", "id": "call_2", "name": "weather", "input": {"city": "Oslo"}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "call_1", "content": "warm"},
            {"type": "tool_result", "tool_use_id": "call_2", "content": [{"type": "text", "text": "cold"}]},
        ]},
    ],
    "tools": [{"name": "weather", "description": "tells", "input_schema": SCHEMA}],
    "stop_sequences": ["END"],
    "metadata": {"user_id": "u-1"},
    "top_k": 5,
}  # fmt: skip

ANTHROPIC_TOLD = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-up", "stop_reason": "tool_use", "stop_sequence": None,
    "content": [{"type": "text", "text": "so"}, {"type": "tool_use", "id": "tu_1", "name": "weather", "input": {"city": "Rome"}}],
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3, "output_tokens": 6},
}  # fmt: skip
OPENAI_TOLD = {
    "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-up",
    "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "so", "tool_calls": [{"id": "call_9", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}]}}],
    "usage": {"prompt_tokens": 17, "completion_tokens": 6, "total_tokens": 23, "prompt_tokens_details": {"cached_tokens": 4}},
}  # fmt: skip


def test_a_chat_request_becomes_messages_and_its_answer_a_chat_answer(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, ANTHROPIC_TOLD)]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", OPENAI)
            assert provider.last.line == "POST /v1/messages HTTP/1.1"
            assert provider.last.header("x-api-key") == "sk-anthropic"
            sent = provider.last.json
            assert sent["model"] == "claude-upstream"
            assert sent["max_tokens"] == 4096
            assert sent["system"] in ("be brief", [{"type": "text", "text": "be brief"}])
            look, calls, results = sent["messages"]
            assert [part["type"] for part in look["content"]] == ["text", "image", "image"]
            assert look["content"][1]["source"] == {"type": "base64", "media_type": "image/png", "data": PIXEL}
            assert look["content"][2]["source"] == {"type": "url", "url": "https://pictures.example/cat.png"}
            assert [(part["id"], part["input"]) for part in calls["content"]] == [
                ("call_1", {"city": "Rome"}),
                ("call_2", {"city": "Oslo"}),
            ]
            assert [(part["type"], part["tool_use_id"]) for part in results["content"]] == [
                ("tool_result", "call_1"),
                ("tool_result", "call_2"),
            ]
            assert sent["tools"] == [{"name": "weather", "description": "tells", "input_schema": SCHEMA}]
            assert sent["stop_sequences"] == ["END"]
            assert sent["temperature"] == 0.5
            assert told.json["object"] == "chat.completion"
            assert told.json["model"] == "claude"
            (choice,) = told.json["choices"]
            assert choice["finish_reason"] == "tool_calls"
            assert choice["message"]["content"] == "so"
            (call,) = choice["message"]["tool_calls"]
            assert (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) == (
                "tu_1",
                "weather",
                {"city": "Rome"},
            )
            usage = told.json["usage"]
            assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (17, 6, 23)
            assert usage["prompt_tokens_details"]["cached_tokens"] == 4
            assert told.header("x-lockgate-call-id")
            intent, settlement = home.record()
            assert (intent.inbound_protocol, intent.provider) == ("openai", "anthropic")
            assert (settlement.provider_request_id, settlement.provider_model_version) == ("msg_1", "claude-up")
            assert (settlement.usage.input, settlement.usage.cached, settlement.usage.cache_write_5m) == (10, 4, 3)

    run(main())


def test_messages_become_a_chat_request_and_its_answer_a_message(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, OPENAI_TOLD)]) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/messages", ANTHROPIC)
            assert provider.last.line == "POST /v1/chat/completions HTTP/1.1"
            assert provider.last.header("anthropic-version") is None
            sent = provider.last.json
            assert sent["model"] == "gpt-upstream"
            assert 77 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))
            system, look, calls, warm, cold = sent["messages"]
            assert system["role"] in ("system", "developer")
            assert [part["type"] for part in look["content"]] == ["text", "image_url", "image_url"]
            assert look["content"][1]["image_url"]["url"] == f"data:image/png;base64,{PIXEL}"
            assert [call["id"] for call in calls["tool_calls"]] == ["call_1", "call_2"]
            assert json.loads(calls["tool_calls"][1]["function"]["arguments"]) == {"city": "Oslo"}
            assert [(message["role"], message["tool_call_id"]) for message in (warm, cold)] == [("tool", "call_1"), ("tool", "call_2")]
            assert sent["tools"][0]["function"]["parameters"] == SCHEMA
            assert sent["stop"] == ["END"]
            assert sent["user"] == "u-1"
            assert "top_k" not in sent
            assert "hm" not in provider.last.body.decode()
            assert (told.json["type"], told.json["role"], told.json["model"]) == ("message", "assistant", "gpt")
            assert told.json["stop_reason"] == "tool_use"
            text, use = told.json["content"]
            assert text == {"type": "text", "text": "so"}
            assert (use["type"], use["id"], use["name"], use["input"]) == ("tool_use", "call_9", "weather", {"city": "Rome"})
            usage = told.json["usage"]
            assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == (13, 4, 6)

    run(main())


def _delta(delta: object, finish: str | None = None) -> bytes:
    return event(
        {
            "id": "c1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "gpt-up",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
    )


def _call(index: int, **more: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, **more}]}


OPENAI_STREAM = [
    _delta({"role": "assistant", "content": ""}),
    _delta({"content": "so"}),
    _delta(_call(0, id="call_1", type="function", function={"name": "weather", "arguments": ""})),
    _delta(_call(0, function={"arguments": '{"ci'})),
    _delta(_call(0, function={"arguments": 'ty":"Rome"}'})),
    _delta(_call(1, id="call_2", type="function", function={"name": "weather", "arguments": '{"city":'})),
    _delta(_call(1, function={"arguments": '"Oslo"}'})),
    _delta({}, "tool_calls"),
    event({"id": "c1", "model": "gpt-up", "choices": [], "usage": {"prompt_tokens": 17, "completion_tokens": 6, "total_tokens": 23}}),
    b"data: [DONE]\n\n",
]


def _said(kind: str, **more: Any) -> bytes:
    return event({"type": kind, **more}, kind)


def _json(index: int, text: str) -> bytes:
    return _said("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": text})


ANTHROPIC_STREAM = [
    _said(
        "message_start",
        message={"id": "msg_1", "model": "claude-up", "role": "assistant", "usage": {"input_tokens": 17, "output_tokens": 1}},
    ),
    _said("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    _said("ping"),
    _said("content_block_delta", index=0, delta={"type": "text_delta", "text": "so"}),
    _said("content_block_stop", index=0),
    _said("content_block_start", index=1, content_block={"type": "tool_use", "id": "call_1", "name": "weather", "input": {}}),
    _json(1, '{"ci'),
    _json(1, 'ty":"Rome"}'),
    _said("content_block_stop", index=1),
    _said("content_block_start", index=2, content_block={"type": "tool_use", "id": "call_2", "name": "weather", "input": {}}),
    _json(2, '{"city":"Oslo"}'),
    _said("content_block_stop", index=2),
    _said("message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None}, usage={"output_tokens": 6}),
    _said("message_stop"),
]


async def _recorded(home: House, provider: Upstream, request_id: str) -> None:
    settlement = home.record().settlement
    assert (settlement.status, settlement.usage.prompt, settlement.usage.output) == (200, 17, 6)
    assert settlement.provider_request_id == request_id


def test_a_chat_stream_with_parallel_calls_becomes_a_messages_stream(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*OPENAI_STREAM)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/messages", {**ANTHROPIC, "stream": True})
            assert provider.last.json["stream_options"] == {"include_usage": True}
            kinds = [name for name, _ in told.events]
            assert kinds[0] == "message_start"
            assert kinds[-2:] == ["message_delta", "message_stop"]
            assert all(name == data["type"] for name, data in told.events)
            assert told.events[0][1]["message"]["model"] == "gpt"
            blocks = [data["content_block"] for name, data in told.events if name == "content_block_start"]
            assert [block["type"] for block in blocks] == ["text", "tool_use", "tool_use"]
            assert [block.get("id") for block in blocks] == [None, "call_1", "call_2"]
            arguments = ["", "", ""]
            for name, data in told.events:
                if name == "content_block_delta":
                    arguments[data["index"]] += data["delta"].get("partial_json", "")
            assert [json.loads(text) for text in arguments[1:]] == [{"city": "Rome"}, {"city": "Oslo"}]
            assert kinds.count("content_block_stop") == 3
            delta = told.events[-2][1]
            assert delta["delta"]["stop_reason"] == "tool_use"
            assert delta["usage"]["output_tokens"] == 6
            await _recorded(home, provider, "c1")

    run(main())


def test_a_messages_stream_with_parallel_calls_becomes_a_chat_stream(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*ANTHROPIC_STREAM)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", {**OPENAI, "stream": True, "stream_options": {"include_usage": True}})
            assert "stream_options" not in provider.last.json
            *chunks, last = [data for _, data in told.events]
            assert last == "[DONE]"
            assert {chunk["model"] for chunk in chunks} == {"claude"}
            assert len({chunk["id"] for chunk in chunks}) == 1
            usage = chunks.pop()
            assert (usage["choices"], usage["usage"]["prompt_tokens"], usage["usage"]["total_tokens"]) == ([], 17, 23)
            deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
            assert deltas[0]["role"] == "assistant"
            assert "".join(delta.get("content") or "" for delta in deltas) == "so"
            calls: dict[int, list[str]] = {}
            for delta in deltas:
                for call in delta.get("tool_calls", ()):
                    one = calls.setdefault(call["index"], ["", ""])
                    one[0] += call.get("id") or ""
                    one[1] += call["function"].get("arguments", "")
            assert {index: (call[0], json.loads(call[1])) for index, call in calls.items()} == {
                0: ("call_1", {"city": "Rome"}),
                1: ("call_2", {"city": "Oslo"}),
            }
            assert [chunk["choices"][0]["finish_reason"] for chunk in chunks][-1] == "tool_calls"
            await _recorded(home, provider, "msg_1")

    run(main())


def test_usage_is_not_shown_in_a_bridged_chat_stream_that_did_not_ask_for_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*ANTHROPIC_STREAM)) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/chat/completions", {**OPENAI, "stream": True})
            assert b'"usage"' not in told.body
            await _recorded(home, provider, "msg_1")

    run(main())


def test_a_stream_without_usage_still_closes_properly(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream(stream(*OPENAI_STREAM[:-2], OPENAI_STREAM[-1])) as provider, house(tmp_path, resources(provider.url)) as home:
            told = await home.ask("/v1/messages", {**ANTHROPIC, "stream": True})
            assert [name for name, _ in told.events][-2:] == ["message_delta", "message_stop"]
            assert home.record().settlement.usage.estimated

    run(main())


def test_automatic_caching_marks_what_crosses_the_bridge_and_nothing_else(tmp_path: Path) -> None:
    async def main() -> None:
        model = {"auto_prompt_caching": {"enabled": True}}
        rows = resources("http://x")["models"]
        async with upstream([answer(200, ANTHROPIC_TOLD)]) as provider:
            found = resources(provider.url)
            found["models"] = [{**row, **(model if row["display_name"] == "claude" else {})} for row in rows]
            async with house(tmp_path, found) as home:
                await home.ask("/v1/chat/completions", OPENAI)
                assert b"cache_control" in provider.last.body
                await home.ask("/v1/messages", {**ANTHROPIC, "model": "claude"})
                assert b"cache_control" not in provider.last.body

    run(main())


def test_what_cannot_be_said_in_the_other_dialect_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    async def main() -> None:
        async with upstream([answer(200, ANTHROPIC_TOLD)]) as provider, house(tmp_path, resources(provider.url)) as home:
            calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "not json"}}]
            body = {
                "model": "claude",
                "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": None, "tool_calls": calls}],
            }
            told = await home.ask("/v1/chat/completions", body)
            if told.status != 200:
                assert (told.status, told.error["type"]) == (400, "invalid_request_error")
                assert not provider.seen

    run(main())
