"""
A whole gateway inside the test: the App on free ports, with its log tapped, and the proof that nothing was left behind.

    async with house(tmp_path, resources(provider.url)) as home:
        answer = await home.ask("/v1/chat/completions", CHAT)
        home.records(), home.lines(), await home.scrape()

On leaving it is asserted that nothing is in flight, no deadline runs, no task lives, every intent was settled and no error was
reported that the test did not take (``home.errors``).
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tests.kit.caller import Answer, calling, get, post
from tests.kit.canaries import session
from tests.kit.gateway_process import KEY, KEY_HASH
from tests.kit.scrape import Scrape
from tests.kit.until import until

from lockgate.gateway.app import App
from lockgate.gateway.spool import read
from lockgate.model.records import Intent, Settlement
from lockgate.runtime import tasks
from lockgate.runtime.clock import Clock
from lockgate.runtime.logs import Level, LogWriter
from lockgate.runtime.settings import load


class Record(NamedTuple):
    intent: Intent
    settlement: Settlement


class House:
    def __init__(self, app: App, folder: Path, said: list[bytes], errors: list[str]) -> None:
        self.app, self.folder, self._said = app, folder, said
        self.errors = errors
        """What was reported to the loop's exception handler."""

    @property
    def log(self) -> bytes:
        self.app.log.flush()
        return b"".join(self._said)

    @property
    def port(self) -> int:
        return _port(self, "api")

    @property
    def status_port(self) -> int:
        return _port(self, "status")

    @property
    def resources_file(self) -> Path:
        return self.folder / "resources.yaml"

    # Asking -----------------------------------------------------------------------------------------------------

    async def send(self, request: bytes, *, port: int = 0) -> Answer:
        """One request on a connection of its own."""
        async with calling(port or self.port) as caller:
            caller.send(request)
            return await caller.answer()

    async def ask(self, path: str, body: bytes | object, *, key: str = KEY, fields: str = "") -> Answer:
        return await self.send(post(path, body, key=key, fields=fields))

    async def get(self, path: str, *, key: str = KEY, fields: str = "") -> Answer:
        return await self.send(get(path, key=key, fields=fields))

    async def page(self, path: str) -> Answer:
        """A page of the status listener."""
        return await self.send(get(path, key=""), port=self.status_port)

    async def scrape(self) -> Scrape:
        return Scrape((await self.page("/metrics")).body)

    # What is known ------------------------------------------------------------------------------------------------

    def lines(self, message: str = "proxy request completed") -> list[dict[str, Any]]:
        """Lines of the log of one kind."""
        return [line for line in map(json.loads, self.log.splitlines()) if line.get("message") == message]

    def records(self) -> list[Record]:
        """The spool, read back; every attempt must be settled."""
        found = list(read(self.folder / "spool"))
        assert all(settlement is not None for _, settlement in found), "an attempt was not settled"
        return [Record(intent, settlement) for intent, settlement in found if settlement is not None]

    def record(self) -> Record:
        """The one record there is."""
        (only,) = self.records()
        return only

    # Changing -----------------------------------------------------------------------------------------------------

    def write(self, text: object) -> None:
        """Another resources file, in one step."""
        fresh = self.folder / "fresh.yaml"
        fresh.write_text(text if isinstance(text, str) else json.dumps(text))
        fresh.replace(self.resources_file)

    async def reload(self, text: object) -> None:
        """Another resources file, applied."""
        number = self.app.plan.number
        self.write(text)
        await until(lambda: self.app.plan.number > number)

    # Leaving nothing ----------------------------------------------------------------------------------------------

    def busy(self) -> dict[str, int]:
        """What is going on: all must be 0 when no caller waits."""
        app = self.app
        api = app._api
        assert api is not None
        found = {
            "in flight": api.in_flight,
            "exchanges": sum(flight.n for flight in app.flights.values()),
            "deadlines": sum(len(deadlines) for deadlines in app._deadlines.values()),
            "grace": len(app.grace),
            "beats": 0 if app.beats is None else len(app.beats),
            "open intents": app.spool.open_intents,
            "surplus settlements": app.spool.surplus_settlements,
            "dialing": len(app.pool.dialing),
            "tasks beyond the watch": tasks.live() - 1,
        }
        return {name: count for name, count in found.items() if count}

    async def quiet(self) -> None:
        """Nothing is in flight and nothing is left of what was."""
        for _ in range(5000):
            if not self.busy():
                return
            await asyncio.sleep(0.002)
        raise AssertionError(f"left behind: {self.busy()}")


def _port(home: House, listener: str) -> int:
    (line,) = [line for line in home.lines("listening") if line["listener"] == listener]
    return int(line["address"].rpartition(":")[2])


def sockets() -> int:
    """Sockets that this process has open."""
    return sum(1 for fd in os.listdir("/proc/self/fd") if _target(fd).startswith("socket:"))


def _target(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


@asynccontextmanager
async def house(
    folder: Path, resources: object, *, environ: dict[str, str] | None = None, clock: Clock | None = None, **settings: object
) -> AsyncIterator[House]:
    """``resources``: the file's text, or its content. ``settings``: as variables, e.g. ``UPSTREAM__TIMEOUT_MS=300``."""
    loop = asyncio.get_running_loop()
    (folder / "resources.yaml").write_text(resources if isinstance(resources, str) else json.dumps(resources))
    variables = {
        "RESOURCES_FILE": str(folder / "resources.yaml"),
        "PROXY__ADDR": "127.0.0.1:0",
        "OBSERVABILITY__METRICS__PROMETHEUS__ADDR": "127.0.0.1:0",
        "METERING__SPOOL_DIR": str(folder / "spool"),
        "METERING__SEGMENT_BYTES": "262144",  # read back often
        "SHUTDOWN__MIN_DRAIN_SECS": "0",
        "UPSTREAM__ALLOW_PRIVATE": "true",
        **{name: _text(value) for name, value in settings.items()},
    }
    taken = load(None, {f"LOCKGATE_{name}": value for name, value in variables.items()})
    pieces: list[bytes] = []
    null = os.open(os.devnull, os.O_WRONLY)
    log = LogWriter(null, level=Level.of(taken.observability.log_level), tap=pieces.append, strict=True)
    errors: list[str] = []
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: errors.append(f"{context.get('message')}: {context.get('exception')!r}"))
    app = App(taken, environ or {}, log, clock)
    try:
        app.load()
        await app.start()
        home = House(app, folder, pieces, errors)
        yield home
        await home.quiet()
        session().collect(f"log of {folder.name}", home.log)
        session().collect_folder(f"spool of {folder.name}", folder / "spool")
        home.records()
        assert not errors, errors
    finally:
        await app.close()
        log.close()
        os.close(null)
        loop.set_exception_handler(before)


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


# Resources ------------------------------------------------------------------------------------------------------------


def resources(url: str, *, model: dict[str, Any] | None = None, key: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """
    One upstream under the two names ``gpt`` (OpenAI's words) and ``claude`` (Anthropic's). ``model`` and ``key`` are further
    members of each row; ``more`` replaces whole collections.
    """
    model, key = model or {}, key or {}
    return {
        "_format_version": "1",
        "provider_keys": [
            {"display_name": "openai", "provider": "openai", "api_key": "sk-openai", "api_base": f"{url}/v1", **key},
            {"display_name": "anthropic", "provider": "anthropic", "api_key": "sk-anthropic", "api_base": url, **key},
        ],
        "models": [
            {"display_name": "gpt", "provider": "openai", "model_name": "gpt-upstream", "provider_key": "openai", **model},
            {"display_name": "claude", "provider": "anthropic", "model_name": "claude-upstream", "provider_key": "anthropic", **model},
        ],
        "api_keys": [{"display_name": "tests", "key_hash": KEY_HASH, "allowed_models": ["*"]}],
    } | more
