"""
What callers send when every position that can hold something private holds a canary: bodies for every endpoint, header
fields, keys, and bytes that are no HTTP. For the walk that looks for canaries where they must not be.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.kit.canaries import Canaries

DIRECTIVES = (
    "", "/fail 400", "/fail 401", "/fail 404", "/fail 422", "/fail 429 retry-after=3", "/fail 503", "/cut", "/cut 2", "/error-in-stream 2",
    "/error-in-stream 0", "/garbage", "/garbage 400", "/html", "/html 502", "/empty", "/empty 403", "/redirect", "/usage none",
    "/usage 7 9", "/no-done", "/split 3", "/huge 64", "/fail nonsense",
)  # fmt: skip
"""How the echo is told to behave; the last one is refused."""

NAMES = ("chat/completions", "completions", "embeddings", "responses", "messages", "messages/count_tokens")


def body(canaries: Canaries, name: str, model: str, *, stream: bool, directive: str = "") -> dict[str, Any]:
    """A valid request of the endpoint ``/v1/NAME``."""
    new, word = canaries.new, canaries.core
    said = f"{directive}\n{new('prompt')}" if directive else new("prompt")
    tool_lines = f"/tool {word('tool name')} {json.dumps({word('tool argument'): new('tool argument')})}\n/reasoning {new('reasoning')}\n"
    if not directive:
        said = tool_lines + said
    schema = {"type": "object", "description": new("schema"), "properties": {word("schema"): {"type": "string", "enum": [new("schema")]}}}
    shared: dict[str, Any] = {"model": model, "stream": stream} | ({"user": new("user")} if not name.startswith("messages") else {})
    if name == "completions":
        return shared | {"prompt": said, "suffix": new("suffix"), "stop": [new("stop")]}
    if name == "embeddings":
        return {"model": model, "input": [new("prompt"), new("prompt")], "user": new("user")}
    if name == "responses":
        return shared | {
            "instructions": new("system"),
            "metadata": {word("metadata"): new("metadata")},
            "input": [{"role": "user", "content": [{"type": "input_text", "text": said}]}],
            "tools": [{"type": "function", "name": word("tool name"), "description": new("tool"), "parameters": schema}],
        }
    if name.startswith("messages"):
        return _messages(canaries, said, schema) | (
            {"model": model, "max_tokens": 100, "stream": stream} if name == "messages" else {"model": model}
        )
    return shared | _chat(canaries, said, schema)


def _chat(canaries: Canaries, said: str, schema: dict[str, Any]) -> dict[str, Any]:
    new, word = canaries.new, canaries.core
    call = {
        "id": word("call id"),
        "type": "function",
        "function": {"name": word("tool name"), "arguments": json.dumps({"a": new("tool argument")})},
    }
    image = base64.b64encode(new("image").encode()).decode()
    return {
        "messages": [
            {"role": "system", "name": word("name"), "content": new("system")},
            {"role": "developer", "content": new("system")},
            {"role": "user", "name": word("name"), "content": [
                {"type": "text", "text": new("prompt")},
                {"type": "image_url", "image_url": {"url": f"https://{word('image url')}.example/{word('image url')}?{word('image url')}"}},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
            ]},
            {"role": "assistant", "content": new("answer"), "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": new("tool result")},
            {"role": "user", "content": said},
        ],
        "tools": [{"type": "function", "function": {"name": word("tool name"), "description": new("tool"), "parameters": schema}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": word("schema"), "schema": schema}},
        "metadata": {word("metadata"): new("metadata")},
        "stop": [new("stop")],
        "logit_bias": {word("bias"): 1},
        word("unknown member"): new("unknown member"),
    }  # fmt: skip


def _messages(canaries: Canaries, said: str, schema: dict[str, Any]) -> dict[str, Any]:
    new, word = canaries.new, canaries.core
    call = word("call id")
    return {
        "system": [{"type": "text", "text": new("system")}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": new("prompt")},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(new("image").encode()).decode()}},
                {"type": "image", "source": {"type": "url", "url": f"https://{word('image url')}.example/"}},
            ]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": call, "name": word("tool name"), "input": {"a": new("tool argument")}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": new("tool result")}, {"type": "text", "text": said}]},
        ],
        "tools": [{"name": word("tool name"), "description": new("tool"), "input_schema": schema}],
        "metadata": {"user_id": new("user")},
        "stop_sequences": [new("stop")],
    }  # fmt: skip


def headers(canaries: Canaries) -> str:
    """Header lines that a caller sends beside what is needed."""
    names = ("x-title", "cookie", "user-agent", "x-forwarded-for", "x-real-ip", "traceparent", "forwarded", "openai-organization", "referer",
             "anthropic-beta", "accept", "idempotency-key", canaries.core("header name"))  # fmt: skip
    return "".join(f"{name}: {canaries.core('header')}\r\n" for name in names)


def spoilt(canaries: Canaries, model: str) -> Iterator[bytes]:
    """Bodies that are refused."""
    new = canaries.new
    good = json.dumps({"model": model, "messages": [{"role": "user", "content": new("prompt")}]}).encode()
    yield good[:-20]
    yield good + good
    yield good.replace(b"{", b"[", 1)
    yield good[:-1] + b',"model":"' + canaries.core("model").encode() + b'"}'
    yield good.replace(b"user", b"\xff\xfe" + canaries.core("role").encode())
    yield canaries.core("body").encode()
    yield json.dumps(new("body")).encode()
    yield json.dumps([new("body")]).encode()
    yield json.dumps({"model": [new("model")], "messages": []}).encode()
    yield json.dumps({"model": model, "messages": new("prompt")}).encode()
    yield json.dumps({"model": model, "messages": [new("prompt")]}).encode()
    yield json.dumps({"model": model, "messages": [{"role": new("role"), "content": {"a": new("prompt")}}]}).encode()
    yield json.dumps({"model": model, "messages": [{"role": "user", "content": [{"type": new("type"), "x": new("prompt")}]}]}).encode()
    yield json.dumps({"model": model, "stream": new("stream"), "messages": [{"role": "user", "content": new("prompt")}]}).encode()
    yield json.dumps({"model": model, "max_tokens": new("maximum"), "messages": [{"role": "user", "content": new("prompt")}]}).encode()
    yield json.dumps({"model": model, "tools": new("tool"), "messages": [{"role": "user", "content": new("prompt")}]}).encode()
    yield json.dumps({"model": model, "messages": [{"role": "user", "content": "\ud800" + new("prompt")}]}).encode()
    yield json.dumps({"model": canaries.core("model"), "messages": [{"role": "user", "content": new("prompt")}]}).encode()
    yield (
        b'{"model":"'
        + model.encode()
        + b'","n":1e999999,"messages":[{"role":"user","content":"'
        + canaries.core("prompt").encode()
        + b'"}]}'
    )
    yield b'{"model":"' + model.encode() + b'","messages":' + b"[" * 3000 + canaries.core("prompt").encode()


def no_http(canaries: Canaries, key: str) -> Iterator[bytes]:
    """Requests that the server itself refuses, or that never become one."""

    def c(kind: str = "header") -> bytes:
        return canaries.core(kind).encode()

    start = b"POST /v1/chat/completions HTTP/1.1\r\nhost: t\r\nauthorization: Bearer " + key.encode() + b"\r\n"
    yield c("line") + b"\r\n\r\n"
    yield b"GET /" + c("path") + b" HTTP/9.9\r\nhost: t\r\n\r\n"
    yield c("method").upper() + b" /v1/chat/completions HTTP/1.1\r\nhost: t\r\n\r\n"
    yield b"GET http://" + c() + b":" + c("secret") + b"@h/" + c("path") + b"?" + c("query") + b" HTTP/1.1\r\nhost: h\r\n\r\n"
    yield b"GET /v1/models?key=" + c("query") + b" HTTP/1.1\r\nhost: t\r\n\r\n"
    yield b"GET /" + b"a" * 20_000 + c("path") + b" HTTP/1.1\r\nhost: t\r\n\r\n"
    yield start + b"content-length: 5\r\ncontent-length: 6\r\nx: " + c() + b"\r\n\r\n" + c("prompt")
    yield start + b"content-length: " + c() + b"\r\n\r\n"
    yield start + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n" + c("prompt")
    yield start + b"transfer-encoding: " + c() + b"\r\n\r\n" + c("prompt")
    yield start + b"transfer-encoding: chunked\r\n\r\n" + c("prompt") + b"\r\n"
    yield start + b"transfer-encoding: chunked\r\n\r\n20\r\n" + c("prompt")
    yield start + b"expect: " + c() + b"\r\ncontent-length: 3\r\n\r\n"
    yield start + b"x: " + c() + b"\n folded " + c() + b"\r\n\r\n"
    yield start + b"x y: " + c() + b"\r\n\r\n"
    yield start + b"x: \0" + c() + b"\r\n\r\n"
    yield start + b"".join(b"%b: %b\r\n" % (c(), c()) for _ in range(300)) + b"\r\n"
    yield start + b"x: " + b"y" * 70_000 + c() + b"\r\n\r\n"
    yield start + b"content-length: 10000\r\n\r\n" + c("prompt")
    yield start + b"content-length: 99999999\r\n\r\n" + c("prompt")
    yield b"\x16\x03\x01\x02\x00\x01" + c("tls")
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + c("http2")
    for credential in (b"Basic ", b"Bearer ", b"bearer\t", b"", b"Bearer  x "):
        yield b"POST /v1/messages HTTP/1.1\r\nhost: t\r\nauthorization: " + credential + c("key") + b"\r\ncontent-length: 0\r\n\r\n"
    yield (
        b"POST /v1/messages HTTP/1.1\r\nhost: t\r\nx-api-key: "
        + c("key")
        + b"\r\nauthorization: Bearer "
        + c("key")
        + b"\r\ncontent-length: 0\r\n\r\n"
    )
    yield b"GET /v1/models HTTP/1.1\r\nhost: t\r\nx-api-key: " + c("key") + b"\r\n\r\n"


def bad_resources(canaries: Canaries, good: str) -> Iterator[bytes]:
    """Resources that are refused, with something private beside what is wrong or in it."""
    c = canaries.core
    row = "  - {display_name: other, provider: openai, api_key: x"
    for spoilt_row in (
        f"{row}, api_base: {c('value')}}}", f"{row}, api_base: 'https://{c('value')}:{c('secret')}@h.example/'}}", f"{row}, request: {c('value')}}}",
        f"{row}, tls: {{ca_cert: {c('value')}}}}}", f"{row}, adapter: {c('value')}}}", f"{row}, allow_private: [{c('value')}]}}",
        f"{row}, request: {{default_headers: {{x-a: 'ä{c('secret')}'}}}}}}", f"{row}, response: {{stream_done_marker: {c('value')}}}}}",
        f"  - {{display_name: other, provider: openai, api_key: [{c('secret')}]}}", f"  - {{display_name: other, provider: openai, api_key: {{a: {c('secret')}}}}}",
        f"  - {{display_name: other, provider: openai, api_key: 'file:/nowhere/{c('path')}'}}", f"  - {{display_name: [{c('value')}], api_key: {c('secret')}}}",
        f"  - {c('secret')}", f"  - *{c('secret')}", f"  - !!python/object:{c('secret')} {c('secret')}", f"  - {{api_key: {c('secret')}", f"\t{c('secret')}: {c('secret')}",
    ):  # fmt: skip
        yield good.replace("provider_keys:\n", f"provider_keys:\n{spoilt_row}\n").encode()
    yield good.replace("api_keys:\n", f"api_keys:\n  - {{display_name: other, key_hash: {c('key')}}}\n").encode()
    yield good.replace(
        "models:\n", f"models:\n  - {{display_name: m, provider: echo, model_name: m, provider_key: echo, timeout: {c('value')}}}\n"
    ).encode()
    yield good.replace('_format_version: "1"', f"_format_version: {c('value')}").encode()
    yield good.encode() + b"\xff" + c("secret").encode()
    yield c("secret").encode()
