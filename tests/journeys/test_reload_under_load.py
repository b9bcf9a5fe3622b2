"""
Reloads under load: the resources file is replaced again and again, one time in ten by something that cannot be used. No request
fails, what cannot be used is refused whole and the last good configuration goes on being served.

``RELOADS`` sets how often (1,000 unless said). How long it took from the rename to /status/config is printed, not asserted.
"""

import asyncio
import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tests.kit.gateway_process import KEY_HASH, LIMIT_S
from tests.kit.loop import run
from tests.kit.mock_provider import MockProvider, mock_provider
from tests.kit.nursery import nursery
from tests.kit.talk import Connection, callers, chat

RELOADS = int(os.environ.get("RELOADS", "1000"))
CALLERS = 4
PEM = "-----BEGIN CERTIFICATE-----\\nbm9uc2Vuc2U=\\n-----END CERTIFICATE-----\\n"

pytestmark = pytest.mark.slow


def good(mock: MockProvider, number: int) -> str:
    """A configuration that nobody else serves: it has a model of its own."""
    model = f"  - {{display_name: gen-{number}, provider: openai, model_name: 2x0, provider_key: mock}}\n"
    return mock.resources(KEY_HASH).replace("models:\n", f"models:\n{model}")


def bad(text: str, number: int) -> bytes:
    """A good configuration spoilt in one of many ways."""
    ways = [
        text[: len(text) // 2].encode(),
        b"",
        text.encode() + b"\xff\xfe",
        text.replace("provider_key: mock", "provider_key: none").encode(),
        text.replace("model_name: 2x0", "model_name: 2x0, nonsense: 1").encode(),
        text.replace("api_key:", "api_kez:").encode(),
        text.replace('_format_version: "1"', '_format_version: "9"').encode(),
        text.replace("api_key: ", f'tls: {{ca_cert: "{PEM}"}}, api_key: ').encode(),
        text.replace('"none"', '"${LOCKGATE_TEST_NONE}"').encode(),
        b"- a list\n",
        b"[" * 20_000,
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c]\n" % ((98 + n, 98 + n) + (97 + n,) * 6) for n in range(12)),
        text.replace("display_name: mock,", "display_name: mock, display_name: other,").encode(),
    ]
    return ways[number % len(ways)]


class Writer:
    """Replaces the file, and waits until the gateway says what it made of it."""

    def __init__(self, folder: Path, mock: MockProvider, status: Connection, api: Connection) -> None:
        self.folder, self.mock, self.status, self.api = folder, mock, status, api
        self.times_s: list[float] = []
        self.served = 0

    def replace(self, content: bytes) -> float:
        new = self.folder / "new.yaml"
        new.write_bytes(content)
        new.rename(self.folder / "resources.yaml")
        return time.perf_counter()

    async def page(self) -> dict[str, Any]:
        answer = await self.status.get("/status/config")
        page: dict[str, Any] = json.loads(answer.body)
        return page

    async def put_good(self, number: int) -> None:
        before = (await self.page())["applied"]["generation"]
        at = self.replace(good(self.mock, number).encode())
        async with asyncio.timeout(LIMIT_S):
            page = await self.page()
            while page["applied"]["generation"] == before:
                page = await self.page()
        self.times_s.append(time.perf_counter() - at)
        assert page["applied"]["generation"] == before + 1
        assert (page["state"], page["last_failure"]) == ("synced", None)
        self.served = number
        await self.check()

    async def put_bad(self, number: int, way: int) -> None:
        before = await self.page()
        self.replace(bad(good(self.mock, number), way))
        async with asyncio.timeout(LIMIT_S):
            page = await self.page()
            while page["last_failure"] == before["last_failure"]:
                page = await self.page()
        assert page["state"] == "out_of_sync"
        assert page["applied"] == before["applied"]
        assert page["last_failure"]["problems"]
        await self.check()

    async def check(self) -> None:
        """What is served is the last good one, and only that."""
        answer = await self.api.ask(chat(f"gen-{self.served}"))
        assert answer.status == 200, answer
        answer = await self.api.ask(chat(f"gen-{self.served + 1}"))
        assert answer.status == 404, answer


async def ask_on(connection: Connection, dice: random.Random, over: asyncio.Event) -> int:
    """Whole answers and streams, which last through some reloads, until it is over. How many there were."""
    count = 0
    while not over.is_set():
        stream = dice.random() < 0.5
        words = dice.randint(1, 40)
        answer = await connection.ask(chat(f"mock-{words}x{dice.choice((0, 2, 10))}", stream=stream))
        assert answer.status == 200, answer
        assert answer.usage is not None
        assert answer.usage[1] == words
        count += 1
    return count


def test_no_request_fails_and_only_good_configurations_are_served(tmp_path: Path) -> None:
    dice = random.Random()
    with mock_provider() as mock, nursery() as born:
        (tmp_path / "resources.yaml").write_text(good(mock, 0))
        gateway = born.start(tmp_path, LOCKGATE_OBSERVABILITY__ACCESS_LOG="false")
        where = gateway.ready()

        async def reloads() -> tuple[int, list[float]]:
            over = asyncio.Event()
            async with callers(where["api"]) as new, callers(where["status"]) as new_status:
                writer = Writer(tmp_path, mock, new_status(), new())
                load = [asyncio.ensure_future(ask_on(new(), random.Random(dice.random()), over)) for _ in range(CALLERS)]
                for number in range(1, RELOADS + 1):
                    await (writer.put_bad(number, number // 10) if number % 10 == 0 else writer.put_good(number))
                    assert not any(one.done() for one in load), [one.exception() for one in load if one.done()]
                over.set()
                return sum(await asyncio.gather(*load)), writer.times_s

        answers, times_s = run(reloads())
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 0
    times_s.sort()
    p50, p99 = (times_s[int(len(times_s) * part)] * 1000 for part in (0.5, 0.99))
    print(
        f"{RELOADS} reloads, {answers} answers; rename to /status/config: p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {times_s[-1] * 1000:.0f} ms"
    )
    assert answers > RELOADS // 2
    assert "unhandled" not in gateway.log
