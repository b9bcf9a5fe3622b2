"""
A provider for journeys: fast, OpenAI-shaped, in a process of its own, and honest. It keeps the truth about every request it
was sent, so that a gateway's records can be compared with what happened.

What it answers is said by the upstream model's name, ``WORDSxPACE_MS`` (``40x5``: forty words, one each 5 ms when streamed), or
``status-CODE``: an error answer of the worst kind, which quotes back everything it was sent; or ``quotes-…``: a good answer that
quotes it where only words and ids belong.
``GET /truth`` gives, by request id, what happened; the token counts are different for every request.

    with mock_provider() as mock:
        mock.url, mock.truth()
"""

import asyncio
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import uvloop
from tests.kit.canaries import session

from lockgate.model.faults import Fault
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request
from lockgate.runtime.http1.server import Server

ROOT = Path(__file__).parents[2]
JSON = b"content-type: application/json\r\n"
SSE = b"content-type: text/event-stream\r\n"
WORD = session().canaries.core("answer")
"""What it says, over and over. A process of its own is told the one of the session that started it."""


class Truth(msgspec.Struct):
    """What happened to one request."""

    input: int
    output: int
    stream: bool
    answered: bool = False
    """The last byte of the answer was written while the other side was there."""
    left: bool = False
    times: int = 1
    """How often a request of this id came."""


class _Asked(msgspec.Struct):
    model: str = ""
    stream: bool = False


class Answer:
    """One answer under way."""

    def __init__(self, truth: Truth, reply: Reply, loop: asyncio.AbstractEventLoop, model: str, pace_s: float, word: str) -> None:
        self.truth, self.reply, self.loop, self.pace_s, self.word = truth, reply, loop, pace_s, word
        self.left = truth.output
        self.start = {"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 1, "model": model}
        reply.listen(self)

    def caller_gone(self) -> None:
        self.truth.left = True

    def caller_paused(self) -> None: ...

    def caller_resumed(self) -> None: ...

    def usage(self) -> dict[str, int]:
        truth = self.truth
        return {"prompt_tokens": truth.input, "completion_tokens": truth.output, "total_tokens": truth.input + truth.output}

    def whole(self) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": self.word * self.truth.output}, "finish_reason": "stop"}
        body = {**self.start, "object": "chat.completion", "choices": [choice], "usage": self.usage()}
        self.truth.answered = not self.reply.done
        self.reply.send(200, JSON, msgspec.json.encode(body))

    def begin(self) -> None:
        self.reply.start(200, SSE)
        self.step()

    def step(self) -> None:
        if self.truth.left:
            return
        if self.left:
            self.left -= 1
            self._chunk([{"index": 0, "delta": {"content": self.word}, "finish_reason": None}])
            if self.pace_s:
                self.loop.call_later(self.pace_s, self.step)
            else:
                self.step()
            return
        self._chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        self._chunk([], usage=self.usage())
        self.truth.answered = not self.reply.done
        self.reply.end(b"data: [DONE]\n\n")

    def _chunk(self, choices: list[Any], **more: Any) -> None:
        self.reply.data(b"data: " + msgspec.json.encode({**self.start, "choices": choices, **more}) + b"\n\n")


class Provider:
    """Implements runtime/http1/shared.Handler."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.loop = asyncio.get_running_loop()
        self.truths: dict[str, Truth] = {}
        self.count = 0

    def head(self, request: Request, reply: Reply) -> None:
        if request.path == b"/truth":
            reply.send(200, JSON, msgspec.json.encode(self.truths))

    def request(self, request: Request, reply: Reply) -> None:
        asked = msgspec.json.decode(request.body, type=_Asked)
        if asked.model.startswith("status-"):
            return self._quote(int(asked.model.removeprefix("status-")), request, reply)
        if asked.model.startswith("quotes-"):
            return self._quote_well(asked.stream, request, reply)
        words, _, pace_ms = asked.model.partition("x")
        self.count += 1
        name = (request.header(b"x-lockgate-request-id") or b"").decode()
        truth = self.truths.get(name)
        if truth is None:
            truth = self.truths[name] = Truth(1000 + self.count, int(words), asked.stream)
        else:
            truth.times += 1
        answer = Answer(truth, reply, self.loop, asked.model, int(pace_ms) / 1000, self.word)
        if asked.stream:
            answer.begin()
        elif answer.pace_s:
            self.loop.call_later(answer.pace_s * truth.output, answer.whole)
        else:
            answer.whole()

    def _quote(self, status: int, request: Request, reply: Reply) -> None:
        """Upstreams exist that put what they were sent, keys included, into their errors and header fields."""
        headers = b" ".join(name + b"=" + value for name, value in request.headers)
        said = f"{request.body.decode(errors='replace')} {headers.decode('latin-1')}"
        error = {"message": said, "type": said, "code": said[:200], "param": said[:200]}
        quoted = b"x-quoted: " + headers[:8000] + b"\r\nx-request-id: " + headers[-200:] + b"\r\n"
        reply.send(status, JSON + quoted, msgspec.json.encode({"error": error}))

    def _quote_well(self, stream: bool, request: Request, reply: Reply) -> None:
        said = request.body.decode(errors="replace")[-300:]
        word = "".join(letter for letter in said if letter.isalnum())[-60:]
        quoted = {"id": said, "object": said, "created": 1, "model": said, "system_fingerprint": said, "service_tier": said, said: said}
        usage = {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11, said: said}
        said_by = {
            "role": said,
            "content": said,
            "refusal": said,
            "tool_calls": [{"index": 0, "id": said, "function": {"name": said, "arguments": said}}],
        }
        choice = {"index": 0, "finish_reason": word, "message" if not stream else "delta": said_by}
        answer = msgspec.json.encode({**quoted, "choices": [choice], "usage": usage})
        if stream:
            reply.start(200, SSE)
            reply.data(b"event: " + word.encode() + b"\nid: " + word.encode() + b"\ndata: " + answer + b"\n\n")
            reply.end(b"data: [DONE]\n\n")
        else:
            reply.send(200, JSON, answer)

    def refuse(self, fault: Fault, request: Request | None) -> tuple[bytes, bytes]:
        return JSON, b"{}"

    def body_refused(self, request: Request, fault: Fault, outcome: str) -> None: ...


async def serve() -> None:
    """Until standard input ends, so that it outlives no test."""
    server = Server(Provider(sys.argv[1]), Limits())
    _, port = await server.listen("127.0.0.1", 0)
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()


class MockProvider(NamedTuple):
    url: str

    def truth(self) -> dict[str, Truth]:
        with urllib.request.urlopen(f"{self.url}/truth", timeout=20) as answer:
            return msgspec.json.decode(answer.read(), type=dict[str, Truth])

    def resources(self, key_hash: str, secret: str = "none") -> str:
        """Models are called as this provider calls them, with ``mock-`` before."""
        return f"""\
_format_version: "1"
provider_keys:
  - {{display_name: mock, provider: openai, api_base: "{self.url}/v1", api_key: "{secret}", allow_private: true}}
models:
  - {{display_name: "mock-*", provider: openai, model_name: "*", provider_key: mock}}
api_keys:
  - {{display_name: tests, key_hash: {key_hash}, allowed_models: ["*"]}}
"""


@contextmanager
def mock_provider() -> Iterator[MockProvider]:
    """A running one, ended at the end."""
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.path[:0] = {[str(ROOT / 'src'), str(ROOT)]}; from tests.kit.mock_provider import main; main()",
    ]
    with subprocess.Popen([*command, WORD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield MockProvider(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()
            process.wait(20)


def main() -> None:
    uvloop.run(serve())
