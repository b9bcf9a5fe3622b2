"""
The end of a gateway: told to stop, it says so at once, serves whoever still comes, finishes every stream, and leaves no open
record. A second signal ends it at once.
"""

import asyncio
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.kit.gateway_process import KEY_HASH
from tests.kit.loop import run
from tests.kit.mock_provider import WORD, MockProvider, mock_provider
from tests.kit.nursery import Born, Nursery, nursery
from tests.kit.talk import GONE, Answer, Connection, callers, chat, request

from lockgate.gateway.spool import read
from lockgate.model.records import Settlement

STREAMS = 100


@pytest.fixture(name="mock", scope="module")
def _mock() -> Iterator[MockProvider]:
    with mock_provider() as mock:
        yield mock


@pytest.fixture(name="born", scope="module")
def _born() -> Iterator[Nursery]:
    with nursery() as born:
        yield born


def started(born: Nursery, folder: Path, mock: MockProvider, **variables: str) -> Born:
    (folder / "resources.yaml").write_text(mock.resources(KEY_HASH))
    return born.start(folder, **variables)


def settled(folder: Path) -> list[Settlement]:
    """The settlement of every record: none is missing."""
    found = [settlement for _, settlement in read(folder / "spool")]
    assert None not in found
    return [settlement for settlement in found if settlement is not None]


async def streams(new: Callable[[], Connection], count: int, model: str) -> list[Connection]:
    """So many streams, each of which has begun."""
    connections = [new() for _ in range(count)]
    for connection in connections:
        await connection.send(request(chat(model, stream=True)))
    for connection in connections:
        status, _ = await connection.head()
        assert status == 200
    return connections


async def rest(connection: Connection) -> bytes:
    body = b""
    while chunk := await connection.chunk():
        body += chunk
    return body


async def until_draining(new: Callable[[], Connection], times: int = 1) -> Answer:
    """The first readiness answer that says so, or the last of so many in a row, which reach every worker."""
    row = 0
    while row < times:
        answer = await new().get("/readyz")
        row = row + 1 if answer.status == 503 else 0
    return answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_streams_are_finished_and_new_callers_served_until_the_end(
    number: signal.Signals, mock: MockProvider, born: Nursery, tmp_path: Path
) -> None:
    gateway = started(born, tmp_path, mock, LOCKGATE_SHUTDOWN__MIN_DRAIN_SECS="1")
    url = gateway.ready()["api"]

    async def drained() -> None:
        async with callers(url) as new:
            idle = new()
            assert (await idle.ask(chat("mock-3x0"))).status == 200
            live = await streams(new, STREAMS, "mock-40x50")
            gateway.signal(number)
            ready, alive = await until_draining(new), await new().get("/livez")
            before, after = await idle.ask(chat("mock-3x0")), await new().ask(chat("mock-3x0", stream=True))
            assert [ready.status, alive.status, before.status, after.status] == [503, 503, 200, 200]
            assert {answer.headers.get("connection") for answer in (ready, alive, before, after)} == {"close"}
            for body in await asyncio.gather(*(rest(connection) for connection in live)):
                assert body.endswith(b"data: [DONE]\n\n")
                assert body.count(WORD.encode()) == 40
                assert b'"completion_tokens":40' in body

    run(drained())
    assert gateway.wait() == 0
    records = settled(tmp_path)
    assert [record.status for record in records] == [200] * (STREAMS + 3)
    assert sum(record.usage.output for record in records) == STREAMS * 40 + 9
    last = json.loads(gateway.log.splitlines()[-1])
    assert "error" not in {json.loads(line)["level"] for line in gateway.log.splitlines()}, last
    assert f'"signal":"{number.name}"' in gateway.log


def test_a_gateway_without_work_ends_after_the_time_it_still_accepts(mock: MockProvider, born: Nursery, tmp_path: Path) -> None:
    gateway = started(born, tmp_path, mock)
    gateway.ready()
    gateway.signal(signal.SIGTERM)
    assert gateway.wait() == 0
    assert settled(tmp_path) == []


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_signal_ends_at_once_and_every_record_is_settled(
    second: signal.Signals, workers: str, mock: MockProvider, born: Nursery, tmp_path: Path
) -> None:
    gateway = started(born, tmp_path, mock, LOCKGATE_SHUTDOWN__MIN_DRAIN_SECS="600", LOCKGATE_WORKERS=workers)
    url = gateway.ready()["api"]

    async def cut() -> None:
        async with callers(url) as new:
            live = await streams(new, 8, "mock-2000x500")
            gateway.signal(signal.SIGTERM)
            await until_draining(new, 40)
            gateway.signal(second)
            for connection in live:
                with pytest.raises(GONE):
                    await rest(connection)

    run(cut())
    assert gateway.wait() == 1
    folders = [tmp_path / "spool"] if workers == "1" else sorted((tmp_path / "spool").iterdir())
    records = [settlement for folder in folders for _, settlement in read(folder)]
    assert len(records) == 8
    assert {(record.status, record.error_class) for record in records if record is not None} == {(499, "caller_gone")}
