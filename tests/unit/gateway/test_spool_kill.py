"""kill -9 at random instants: nothing acknowledged is lost, nothing is doubled, every attempt ends settled once."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from lockgate.gateway.spool import Damage, Spool, read
from lockgate.gateway.spool.reader import payloads
from lockgate.gateway.spool.segment import segments
from lockgate.model.records import Entry, Intent

ROUNDS = 200
ROOT = Path(__file__).parents[3]

Victims = subprocess.Popen[bytes]


@pytest.fixture(name="victims")
def _victims() -> Iterator[Victims]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(Path(__file__).with_name("spool_victim.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def killed(victims: Victims, folder: Path, delay_s: float) -> tuple[set[bytes], set[bytes], bool]:
    """Let a writer run on the folder for a while and kill it. What it acknowledged: intents, settlements, recovery."""
    assert victims.stdin is not None
    assert victims.stdout is not None
    victims.stdin.write(os.fsencode(folder) + b"\n")
    pid = int.from_bytes(_message(victims)[1:], "little")
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
    intents: set[bytes] = set()
    settlements: set[bytes] = set()
    is_recovered = False
    while (message := _message(victims))[:1] != b"e":
        if message[:1] == b"r":
            is_recovered = True
        else:
            (intents if message[:1] == b"i" else settlements).add(message[1:])
    return intents, settlements, is_recovered


def _message(victims: Victims) -> bytes:
    assert victims.stdout is not None
    message = b""
    while len(message) < 17:
        part = victims.stdout.read(17 - len(message))
        assert part, "the victims' parent died"
        message += part
    return message


def entry_counts(folder: Path) -> dict[tuple[str, bytes], int]:
    """How often each entry is in the files, without any joining."""
    counts: dict[tuple[str, bytes], int] = {}
    damages: list[Damage] = []
    for path in segments(folder):
        for _, payload in payloads(path, damages.append):
            entry = msgspec.msgpack.decode(payload, type=Entry)
            key = ("i" if isinstance(entry, Intent) else "s", entry.id)
            counts[key] = counts.get(key, 0) + 1
    assert not damages
    return counts


def test_a_killed_writer_loses_and_doubles_nothing(victims: Victims, tmp_path: Path) -> None:
    dice = random.Random(1)
    attempts = recoveries = 0
    for _ in range(ROUNDS // 2):
        folder = tmp_path / "spool"
        intents, settled, _ = killed(victims, folder, dice.expovariate(1 / 0.006))
        more_intents, more_settled, recovered_before = killed(victims, folder, dice.expovariate(1 / 0.004))
        intents, settled = intents | more_intents, settled | more_settled
        spool = Spool(folder)
        recoveries += spool.recover(4)
        spool.close()
        counts = entry_counts(folder)
        assert all(count == 1 for count in counts.values())
        assert {("i", id_) for id_ in intents} | {("s", id_) for id_ in settled} <= counts.keys()
        assert {id_ for kind, id_ in counts if kind == "i"} == {id_ for kind, id_ in counts if kind == "s"}
        for intent, settlement in read(folder):
            assert settlement is not None
            if settlement.recovered:
                assert intent.id not in settled
                assert (settlement.usage.input, settlement.usage.output) == (7, 9)
            else:
                assert (settlement.usage.input, settlement.usage.output) == (3, 4)
        attempts += len(intents)
        shutil.rmtree(folder)
        assert recovered_before in (True, False)
    assert attempts > ROUNDS
    assert recoveries > ROUNDS // 2
