"""``lockgate up`` as a process of its own, for journeys: started on free ports, waited for, interrupted as by Ctrl-C."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LIMIT_S = 60.0


class Running:
    """A started ``lockgate up``: the process, what it printed and what it wrote for scripts."""

    def __init__(self, process: subprocess.Popen[bytes], data: Path, said: Path) -> None:
        self.process, self.data, self._said = process, data, said

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.data / "up.json").read_text())
        return facts

    def post(self, path: str, body: dict[str, Any], key: str = "") -> tuple[int, bytes]:
        facts = self.facts
        headers = {"Authorization": f"Bearer {key or facts['caller_key']}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(urlsplit(facts["gateway_url"]).netloc, timeout=LIMIT_S)
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true"
        time.sleep(0.02)


def start(data: Path, *options: str, **variables: str) -> Running:
    said = data.with_suffix(".said")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
    environment["LOCKGATE_OBSERVABILITY__METRICS__PROMETHEUS__ADDR"] = "127.0.0.1:0"
    line = [sys.executable, "-c", "from lockgate.cli.main import main; main()", "up", "--data", str(data)]
    with said.open("wb") as out:
        process = subprocess.Popen(
            [*line, *(options or ("--gateway-addr", "127.0.0.1:0"))], env=environment | variables, stdout=out, stderr=out
        )
    return Running(process, data, said)


@contextmanager
def started(data: Path, **variables: str) -> Iterator[Running]:
    """Runs until it is ready, and is interrupted at the end as by Ctrl-C."""
    running = start(data, **variables)
    try:
        until(lambda: (data / "up.json").exists() or running.process.poll() is not None, "being ready")
        assert running.process.poll() is None, running.said
        until(lambda: "Ctrl-C ends it." in running.said, "the greeting")
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(LIMIT_S)
