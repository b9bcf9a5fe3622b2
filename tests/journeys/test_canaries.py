"""
Nothing private gets out: canaries in everything that callers, upstreams and operators write, through every endpoint and every
kind of failure, and then a search of everything that the gateway says to anybody else: log, metrics, status pages, other callers'
answers, records, what ``lockgate usage`` prints.

Beside it the plant: a canary where it is shown on purpose is found at every one of these places.
"""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.kit.canaries import Canaries, Sweep
from tests.kit.gateway_process import ECHO
from tests.kit.hostile import DIRECTIVES, NAMES, bad_resources, body, headers, no_http, spoilt
from tests.kit.loop import run
from tests.kit.mock_provider import MockProvider, mock_provider
from tests.kit.nursery import VARIABLES, Born, nursery
from tests.kit.talk import GONE, Answer, Connection, callers, chat, request

from lockgate.cli.usage import GROUPS
from lockgate.gateway.app import App
from lockgate.runtime import hooks
from lockgate.runtime.logs import Level, LogWriter
from lockgate.runtime.settings import load

STATUS_PAGES = ("/metrics", "/status/config", "/status/models", "/status/ready", "/nowhere")
PATIENCE_S = 5.0
OPERATORS = {"provider secret", "provider header", "provider path", "comment", "value", "secret"}
"""Kinds of canaries that the operator wrote."""
LOUD = {"LOCKGATE_OBSERVABILITY__LOG_LEVEL": "debug", "LOCKGATE_OBSERVABILITY__ACCESS_LOG": "true"}

pytestmark = pytest.mark.slow


class Walk:
    """A gateway, callers with canaries, and others who must see none."""

    def __init__(self, folder: Path, mock: MockProvider, shown: str = "echo") -> None:
        self.canaries = Canaries()
        self.sweep, self.own = Sweep(self.canaries), Sweep(self.canaries)
        """What others see, and what the callers of the canaries are answered, which may hold theirs but not the operator's."""
        self.folder, self.mock = folder, mock
        self.key = self.canaries.core("caller key")
        self.other_key = "lgk-another-caller"
        self.answers = 0
        (folder / "resources.yaml").write_text(self.resources(shown))

    def resources(self, shown: str) -> str:
        """``shown`` is the name of a model, which everybody may see."""
        c = self.canaries.core
        hashes = [hashlib.sha256(key.encode()).hexdigest() for key in (self.key, self.other_key)]
        mock = f'provider: openai, api_base: "{self.mock.url}/v1", allow_private: true, api_key: "{c("provider secret")}"'
        extras = f'request: {{default_headers: {{x-extra: "{c("provider header")}"}}, default_body_fields: {{metadata: {{a: "{c("provider body")}"}}}}}}'
        return f"""\
# {c("comment")}
_format_version: "1"
provider_keys:
  - {{display_name: echo, provider: echo, api_key: {c("provider secret")}}} # {c("comment")}
  - {{display_name: mock, {mock}}}
  - {{display_name: extra, {mock}, {extras}}}
  - {{display_name: claude, adapter: anthropic, {mock.replace("provider: openai", "provider: other")}}}
  - {{display_name: dead, provider: openai, api_base: "http://127.0.0.1:1/{c("provider path")}", allow_private: true, api_key: {c("provider secret")}}}
models:
  - {{display_name: {shown}, provider: echo, model_name: echo, provider_key: echo}}
  - {{display_name: slow, provider: openai, model_name: 2000x20, provider_key: mock, timeout: 60}}
  - {{display_name: dead, provider: openai, model_name: x, provider_key: dead}}
  - {{display_name: "mock-*", provider: openai, model_name: "*", provider_key: mock}}
  - {{display_name: "extra-*", provider: openai, model_name: "*", provider_key: extra}}
  - {{display_name: "claude-*", provider: other, model_name: "*", provider_key: claude}}
api_keys:
  - {{display_name: watched, key_hash: {hashes[0]}, allowed_models: ["*"]}}
  - {{display_name: other, key_hash: {hashes[1]}, allowed_models: ["*"]}}
"""

    # What is sent ---------------------------------------------------------------------------------------------------

    async def say(self, connection: Connection, data: bytes) -> None:
        """Sends it and takes what comes, if anything does. The sender's own answer may quote the sender."""
        connection.close()
        with suppress(*GONE, TimeoutError, ValueError, KeyError):
            async with asyncio.timeout(PATIENCE_S):
                await connection.send(data)
                answer = await connection.answer()
                self.own.collect("own answers", repr(answer.headers).encode() + answer.body)
                self.answers += 1

    async def ask(self, connection: Connection, name: str, model: str, *, stream: bool, directive: str = "") -> None:
        content = body(self.canaries, name, model, stream=stream, directive=directive)
        path = f"/v1/{name}?q={self.canaries.core('query')}"
        await self.say(connection, request(json.dumps(content).encode(), path, self.key, headers(self.canaries)))

    async def leave(self, connection: Connection, model: str, directive: str) -> None:
        """Leaves in the middle of a stream."""
        with suppress(*GONE, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await connection.send(
                    request(body(self.canaries, "chat/completions", model, stream=True, directive=directive), key=self.key)
                )
                await connection.head()
                await connection.chunk()
        connection.close()

    async def everything(self, new: Callable[[], Connection], shown: str) -> None:
        one = new()
        for name in NAMES:
            for stream in (False, True):
                for directive in DIRECTIVES:
                    await self.ask(one, name, shown, stream=stream, directive=directive)
                for model in ("mock-5x0", "extra-5x0", "claude-5x0", "mock-quotes-", "claude-quotes-", "dead", self.canaries.core("model"),
                              *(f"{key}-status-{status}" for key in ("mock", "extra", "claude") for status in (400, 401, 404, 429, 500))):  # fmt: skip
                    await self.ask(one, name, model, stream=stream)
            for data in spoilt(self.canaries, shown):
                await self.say(one, request(data, f"/v1/{name}", self.key))
                await self.say(one, request(data.replace(shown.encode(), b"mock-5x0"), f"/v1/{name}", self.key))
        for stream in (False, True):
            await self.ask(one, "chat/completions", "slow", stream=stream)
        for data in no_http(self.canaries, self.key):
            await asyncio.wait_for(self.say(one, data), 2 * PATIENCE_S)
        await self.leave(new(), shown, "/slow 20")
        await self.leave(new(), "mock-500x20", "")
        await self.say(one, request(b'{"model":"' + self.canaries.core("prompt").encode() * 20_000 + b'"}', key=self.key))

    async def reload_badly(self, status: Connection) -> int:
        """Files with something wrong, each until the gateway says what it made of it. How many it refused."""
        good, refused = (self.folder / "resources.yaml").read_text(), 0
        for content in bad_resources(self.canaries, good):
            before = await self._made_of(status)
            (self.folder / "new.yaml").write_bytes(content)
            (self.folder / "new.yaml").rename(self.folder / "resources.yaml")
            async with asyncio.timeout(PATIENCE_S):
                now = await self._made_of(status)
                while now == before:
                    now = await self._made_of(status)
            refused += now[1] is not None
        (self.folder / "resources.yaml").write_text(good)
        return refused

    async def _made_of(self, status: Connection) -> tuple[object, object]:
        answer = await status.get("/status/config")
        self.sweep.collect("/status/config", answer.body)
        page = json.loads(answer.body)
        return page["applied"], page["last_failure"]

    # What comes out -------------------------------------------------------------------------------------------------

    async def see(self, new: Callable[[], Connection], status: Connection, shown: str) -> None:
        """What everybody else sees."""
        for page in STATUS_PAGES:
            self._collect(page, await status.get(page))
        other = new()
        for data in (
            *(request(chat(model, stream=stream), key=self.other_key) for model in (shown, "mock-3x0") for stream in (False, True)),
            request(
                {"model": "mock-3x0", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}, "/v1/messages", self.other_key
            ),
            request(chat("nobody"), key=self.other_key),
            request(b"{", key=self.other_key),
            request(chat(shown), key="nobody"),
            f"GET /v1/models HTTP/1.1\r\nhost: t\r\nx-api-key: {self.other_key}\r\n\r\n".encode(),
            b"GET /readyz?verbose HTTP/1.1\r\nhost: t\r\n\r\n",
            b"nonsense\r\n\r\n",
        ):
            await other.send(data)
            self._collect("answers to others", await other.answer())

    def _collect(self, place: str, answer: Answer) -> None:
        self.sweep.collect(place, answer.body)
        self.sweep.collect(f"{place}, header", repr(answer.headers))

    def after(self, gateway: Born) -> None:
        """What stays behind when it has ended."""
        self.sweep.collect("log", gateway.log)
        self.sweep.collect_folder("spool", self.folder / "spool")
        for by in GROUPS:
            ended = subprocess.run(
                [sys.executable, "-c", "from lockgate.cli.main import main; main()", "usage", "spool", "--by", by, "--json"],
                cwd=self.folder, capture_output=True, timeout=60, check=True,
            )  # fmt: skip
            self.sweep.collect("lockgate usage", ended.stdout + ended.stderr)


async def walk(there: Walk, where: dict[str, str], shown: str) -> None:
    async with callers(where["api"]) as new, callers(where["status"]) as new_status:
        status = new_status()
        await there.everything(new, shown)
        await there.see(new, status, shown)
        assert await there.reload_badly(status) > 15
        await there.see(new, status, shown)


def test_no_canary_gets_out(tmp_path: Path) -> None:
    with mock_provider() as mock, nursery() as born:
        there = Walk(tmp_path, mock)
        gateway = born.start(
            tmp_path, LOCKGATE_PROXY__REQUEST_BODY_LIMIT_BYTES="300000", LOCKGATE_PROXY__LIMITS__BODY_TIMEOUT_SECS="1", **LOUD
        )
        where = gateway.ready()
        run(walk(there, where, "echo"))
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 0
        there.after(gateway)
    print(f"{len(there.canaries.made)} canaries, {there.answers} answers, searched: {there.sweep.sizes}")
    assert {"log", "/metrics", "/status/config", "answers to others", "lockgate usage"} <= there.sweep.sizes.keys()
    there.sweep.check()
    there.own.canaries = there.canaries.only(OPERATORS)
    there.own.check()
    assert "unhandled error" not in gateway.log


def test_no_canary_gets_out_when_records_cannot_be_written(tmp_path: Path) -> None:
    with mock_provider() as mock, nursery() as born:
        there = Walk(tmp_path, mock)
        gateway = born.start(tmp_path, LOCKGATE_METERING__SEGMENT_BYTES="65536", **LOUD)
        where = gateway.ready()
        spool = tmp_path / "spool"
        spool.rename(tmp_path / "taken-away")

        async def until_refused() -> None:
            async with callers(where["api"]) as new:
                one, refused = new(), False
                while not refused:
                    await one.send(request(body(there.canaries, "chat/completions", "echo", stream=False), key=there.key))
                    answer = await one.answer()
                    refused = answer.status == 503
                    assert answer.status in (200, 503)
                assert b"cannot record usage" in answer.body

        run(asyncio.wait_for(until_refused(), 60))
        gateway.signal(signal.SIGTERM)
        gateway.wait()
        there.sweep.collect("log", gateway.log)
        there.sweep.collect_folder("spool", tmp_path / "taken-away")
    there.sweep.check()


def test_what_is_shown_on_purpose_is_found_everywhere(tmp_path: Path) -> None:
    """The instrument: a model's name is shown, so a canary in it is a leak at every place."""
    with mock_provider() as mock, nursery() as born:
        there = Walk(tmp_path, mock)
        shown = there.canaries.core("plant")
        (tmp_path / "resources.yaml").write_text(there.resources(shown))
        gateway = born.start(tmp_path, **LOUD)
        where = gateway.ready()

        async def short() -> None:
            async with callers(where["api"]) as new, callers(where["status"]) as new_status:
                await there.ask(new(), "chat/completions", shown, stream=False)
                await there.see(new, new_status(), shown)

        run(short())
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 0
        there.after(gateway)
    leaks = there.sweep.leaks()
    assert {leak.kind for leak in leaks} == {"plant"}
    assert {leak.place.partition(":")[0] for leak in leaks} == {
        "log",
        "/metrics",
        "/status/models",
        "answers to others",
        "spool",
        "lockgate usage",
    }


class Failing:
    """Stands where a part of the gateway stands, and fails with a text that must not be told."""

    def __init__(self, text: str, *names: str) -> None:
        self.text, self.names, self.count = text, names, 0

    def over(self, part: object) -> "Failing":
        self.part = part
        return self

    def __getattr__(self, name: str) -> object:
        return self._fail if name in self.names else getattr(self.part, name)

    def _fail(self, *_: object) -> None:
        self.count += 1
        raise KeyError(self.text, {"said": self.text.encode()})


@pytest.mark.parametrize(
    ("part", "names"), [("meter", ["used"]), ("echo", ["call"]), ("spool", ["intend"]), ("spool", ["settle"]), ("sight", ["finished"])]
)
def test_an_internal_error_is_told_by_its_places_only(part: str, names: list[str], tmp_path: Path) -> None:
    """Whatever part fails, with whatever text: the caller gets an end, the log a type and places, and the gateway goes on."""
    canaries = Canaries()
    sweep = Sweep(canaries)
    lines: list[bytes] = []
    (tmp_path / "resources.yaml").write_text(ECHO)
    variables = VARIABLES | {
        "LOCKGATE_RESOURCES_FILE": str(tmp_path / "resources.yaml"),
        "LOCKGATE_METERING__SPOOL_DIR": str(tmp_path / "spool"),
    }

    async def failing(app: App) -> None:
        address = next(json.loads(line)["address"] for line in b"".join(lines).splitlines() if b'"api"' in line)
        sound = getattr(app, part)
        async with callers(f"http://{address}") as new:
            broken = Failing(canaries.new("exception"), *names).over(sound)
            setattr(app, part, broken)
            for stream in (False, True):
                content = f"/usage none\n{canaries.new('prompt')}"
                with suppress(*GONE):
                    async with asyncio.timeout(PATIENCE_S):
                        one = new()
                        await one.send(request(chat("echo", stream=stream, content=content)))
                        answer = await one.answer()
                        sweep.collect("answer", answer.body)
            assert broken.count >= 2
            setattr(app, part, sound)
            assert (await new().ask(chat("echo"))).status == 200
        app.end("test")
        async with asyncio.timeout(PATIENCE_S):
            assert await app.stop(await app.ending)

    async def around() -> None:
        loop = asyncio.get_running_loop()
        log = LogWriter(os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT), level=Level.DEBUG, tap=lines.append)
        undo = hooks.install(log, loop)
        app = App(load(None, variables | LOUD), {}, log)
        try:
            app.load()
            await app.start()
            await failing(app)
        finally:
            await app.close()
            log.close()
            undo()

    run(around())
    sweep.collect("log", b"".join(lines))
    sweep.collect_folder("spool", tmp_path / "spool")
    leaks = [leak for leak in sweep.leaks() if leak.place != "answer" or leak.kind != "prompt"]
    assert not leaks
    assert b"KeyError" in b"".join(lines)
