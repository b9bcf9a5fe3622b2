"""
``kill -9`` of a gateway under load, at random instants, again and again on one spool: no record is lost, none is doubled, and
what callers were told is what the records say. The provider, which is not killed, knows what happened.

``KILL_ROUNDS`` sets how often (50 unless said).
"""

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from tests.kit.gateway_process import KEY_HASH
from tests.kit.loop import run
from tests.kit.mock_provider import MockProvider, Truth, mock_provider
from tests.kit.nursery import Born, Nursery, nursery
from tests.kit.talk import GONE, Connection, callers, chat, request

from lockgate.gateway.spool import Damage, read
from lockgate.gateway.spool.reader import payloads
from lockgate.gateway.spool.segment import segments
from lockgate.model.records import Entry, Intent, Settlement

ROUNDS = int(os.environ.get("KILL_ROUNDS", "50"))
CALLERS = 6

pytestmark = pytest.mark.slow


class Siege:
    """The gateway that is killed, its callers, and what they were told."""

    def __init__(self, folder: Path, mock: MockProvider, born: Nursery, dice: random.Random) -> None:
        self.folder, self.born, self.dice = folder, born, dice
        self.told: dict[str, tuple[int, int]] = {}
        """Request id -> token counts, of answers that reached their caller whole."""
        self.starts = 0
        (folder / "resources.yaml").write_text(mock.resources(KEY_HASH))

    def start(self) -> Born:
        self.starts += 1
        return self.born.start(self.folder, LOCKGATE_OBSERVABILITY__ACCESS_LOG="false", LOCKGATE_METERING__SEGMENT_BYTES="65536")

    async def round(self) -> None:
        """One life: load, and death at a random instant, which may also be before it is up."""
        dice = self.dice
        gateway = self.start()
        if dice.random() < 0.15:
            await asyncio.sleep(dice.random() * 0.15)
            gateway.signal(signal.SIGKILL)
        else:
            url = gateway.ready()["api"]
            assert_settled(self.folder / "spool")
            callers = [asyncio.ensure_future(self.call(url, n)) for n in range(CALLERS)]
            await asyncio.sleep(0.02 + dice.expovariate(1 / 0.12))
            gateway.signal(signal.SIGKILL)
            await asyncio.gather(*callers)
        assert gateway.wait() == -signal.SIGKILL

    async def call(self, url: str, number: int) -> None:
        """A caller who asks until the gateway is gone. One is impatient and leaves in the middle of each stream."""
        dice = random.Random(self.dice.random())
        async with callers(url) as new:
            connection = new()
            with suppress(*GONE):
                while True:
                    await self.ask(connection, dice, leaves=number == 0)

    async def ask(self, connection: Connection, dice: random.Random, *, leaves: bool) -> None:
        stream = dice.random() < 0.6
        body = chat(f"mock-{dice.randint(1, 30)}x{dice.choice((0, 0, 1, 4))}", stream=stream)
        if leaves and stream:
            await connection.send(request(body))
            await connection.head()
            await connection.chunk()
            connection.close()
            return
        answer = await connection.ask(body)
        assert answer.status == 200, answer
        assert answer.usage is not None
        self.told[answer.request_id] = answer.usage

    def end(self) -> None:
        gateway = self.start()
        gateway.ready()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 0, gateway.log


def entries(folder: Path) -> list[Intent | Settlement]:
    """Everything in the files, without any joining, none of it damaged."""
    found: list[Intent | Settlement] = []
    damages: list[Damage] = []
    for path in segments(folder):
        for _, payload in payloads(path, damages.append):
            found.append(msgspec.msgpack.decode(payload, type=Entry))
    assert not damages
    return found


def assert_settled(folder: Path) -> None:
    counts = Counter((entry.__class__, entry.id) for entry in entries(folder))
    assert set(counts.values()) <= {1}
    assert {id_ for kind, id_ in counts if kind is Intent} == {id_ for kind, id_ in counts if kind is Settlement}


def assert_true(spool: Path, told: dict[str, tuple[int, int]], truth: dict[str, Truth]) -> Counter[str]:
    """The records against what the provider did and what callers were told. How many there are of which sort."""
    records: dict[str, tuple[Intent, Settlement]] = {}
    for intent, settlement in read(spool):
        assert settlement is not None
        assert intent.request_id not in records, "two records of one request"
        records[intent.request_id] = (intent, settlement)
    assert truth.keys() <= records.keys(), "a request reached the provider that no record tells of"
    sorts: Counter[str] = Counter()
    for name, (intent, settlement) in records.items():
        used = (settlement.usage.input, settlement.usage.output)
        if name in told:
            assert not settlement.recovered
            assert told[name] == (truth[name].input, truth[name].output)
        if settlement.recovered:
            assert used == (intent.held_input, intent.held_output)
            assert (settlement.status, settlement.error_class, settlement.usage.estimated) == (500, "recovered", True)
            sorts["recovered"] += 1
        elif settlement.status == 200:
            assert used == (truth[name].input, truth[name].output)
            assert not settlement.usage.estimated
            sorts["whole"] += 1
        else:
            assert settlement.status == 499
            sorts["left"] += 1
    assert told.keys() <= records.keys()
    return sorts


def test_a_killed_gateway_loses_and_doubles_no_record(tmp_path: Path) -> None:
    with mock_provider() as mock, nursery() as born:
        siege = Siege(tmp_path, mock, born, random.Random())

        async def all_rounds() -> None:
            for _ in range(ROUNDS):
                await siege.round()
            siege.end()

        run(all_rounds())
        assert_settled(tmp_path / "spool")
        sorts = assert_true(tmp_path / "spool", siege.told, mock.truth())
    print(f"{siege.starts} starts, {len(siege.told)} answers told, records: {dict(sorts)}")
    assert sorts["whole"] > ROUNDS
    assert sorts["recovered"] > ROUNDS // 5
    assert sorts["left"] > 0
