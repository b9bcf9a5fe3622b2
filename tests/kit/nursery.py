"""
Gateways started quickly: a process that has everything imported and forks one gateway per order, for tests that start many.
What runs is the program itself (gateway/program.run) with its own settings, environment, working folder and files.

    with nursery() as born:
        gateway = born.start(folder, LOCKGATE_WORKERS="2")     # serves resources.yaml of the folder
        gateway.ready()["api"]                                  # its address
        gateway.signal(signal.SIGKILL)
        assert gateway.wait() == -signal.SIGKILL

Orders are lines of JSON on standard input; answers are lines on standard output. Its end is that of its gateways.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.kit.gateway_process import LIMIT_S, listening, search

ROOT = Path(__file__).parents[2]
VARIABLES = {
    "LOCKGATE_RESOURCES_FILE": "resources.yaml",
    "LOCKGATE_PROXY__ADDR": "127.0.0.1:0",
    "LOCKGATE_OBSERVABILITY__METRICS__PROMETHEUS__ADDR": "127.0.0.1:0",
    "LOCKGATE_METERING__SPOOL_DIR": "spool",
    "LOCKGATE_SHUTDOWN__MIN_DRAIN_SECS": "0",
}


class Born(NamedTuple):
    """A gateway of the nursery."""

    pid: int
    folder: Path
    nursery: "Nursery"

    @property
    def log(self) -> str:
        return (self.folder / "gateway.log").read_text()

    def ready(self) -> dict[str, str]:
        """Its addresses (``api``, ``status``), once it listens."""
        give_up = time.monotonic() + LIMIT_S
        while not (found := listening(self.folder / "gateway.log")):
            assert time.monotonic() < give_up, self.log
            time.sleep(0.003)
        return {name: f"http://{address}" for name, address in found.items()}

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit code, once it ends; negative for a signal."""
        code = self.nursery.order({"wait": self.pid})
        search(self.folder)
        return code


class Nursery:
    """The nursery as the test sees it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def start(self, folder: Path, **variables: str) -> Born:
        (folder / "gateway.log").write_bytes(b"")
        return Born(self.order({"folder": str(folder), "environ": VARIABLES | variables}), folder, self)

    def order(self, order: dict[str, object]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    script = f"import sys; sys.path[:0] = {[str(ROOT / 'src'), str(ROOT)]}; from tests.kit.nursery import main; main()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            yield Nursery(process)
        finally:
            process.stdin.close()
            process.wait(30)


def main() -> None:
    import lockgate.gateway.program  # noqa: F401  (what makes the forks quick)

    alive: set[int] = set()
    for line in sys.stdin.buffer:
        order = json.loads(line)
        if "wait" in order:
            pid = order["wait"]
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            alive.discard(pid)
            print(code, flush=True)
        else:
            pid = os.fork()
            if not pid:
                _serve(Path(order["folder"]), order["environ"])
            alive.add(pid)
            print(pid, flush=True)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(folder: Path, environ: dict[str, str]) -> None:
    from lockgate.gateway.program import run
    from lockgate.runtime.settings import load

    os.chdir(folder)
    log = os.open("gateway.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = 99
    try:
        code = run(load(None, environ), environ)
    finally:
        os._exit(code)
