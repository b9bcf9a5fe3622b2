"""
A process to be killed while it writes a spool. Started by test_spool_kill.py.

Reads one folder per line from stdin and forks a writer for it, whose id goes to stdout first. The writer then says on
stdout what was acknowledged: ``r`` after recover, then ``i`` or ``s`` and the id for every intent and settlement that
was returned from. One in three attempts is left unsettled for a while, so that attempts span segments.
"""

import os
import sys
from collections import deque
from pathlib import Path

from lockgate.gateway.spool import Spool
from lockgate.model.records import AttemptKind, Intent, Settlement
from lockgate.model.usage import Usage


def intent(id_: bytes) -> Intent:
    return Intent(id_, 1, "req", 0, AttemptKind.INITIAL, "chat", "openai", False, "key", "", "", "m", "model", "m", "openai", "pk", 7, 9)


def settlement(id_: bytes) -> Settlement:
    return Settlement(id_, 2, 200, Usage(input=3, output=4), finish_reason="stop")


def write(folder: Path) -> None:
    spool = Spool(folder, segment_bytes=64 * 1024, sync_interval_s=0.01)
    spool.recover(3)
    os.write(1, b"r" + bytes(16))
    open_ids: deque[bytes] = deque()
    for number in range(50_000):
        id_ = os.urandom(16)
        spool.intend(intent(id_))
        os.write(1, b"i" + id_)
        open_ids.append(id_)
        if number % 3:
            done = open_ids.popleft() if number % 100 else open_ids.pop()
            spool.settle(settlement(done))
            os.write(1, b"s" + done)
    os.pause() if hasattr(os, "pause") else sys.stdin.read()


def main() -> None:
    for line in iter(sys.stdin.buffer.readline, b""):
        child = os.fork()
        if not child:
            write(Path(os.fsdecode(line.rstrip(b"\n"))))
            os._exit(0)
        os.write(1, b"p" + child.to_bytes(16, "little"))
        os.waitpid(child, 0)
        os.write(1, b"e" + bytes(16))


if __name__ == "__main__":
    main()
