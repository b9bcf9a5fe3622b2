"""Several workers behind one address: they share the traffic, are counted together, replaced when they die, and leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.kit.gateway_process import KEY, GatewayProcess, gateway

CHAT = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "hello"}]}).encode()


def ask(served: GatewayProcess) -> int:
    request = urllib.request.Request(f"{served.url}/v1/chat/completions", CHAT, {"authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def status(served: GatewayProcess, page: str) -> str:
    with urllib.request.urlopen(served.status_url + page, timeout=10) as answer:
        return str(answer.read().decode())


def workers_of(served: GatewayProcess) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(served.process.pid)], capture_output=True, text=True, check=False).stdout
    return sorted(int(pid) for pid in listed.split())


def wait_for_workers(served: GatewayProcess, number: int) -> None:
    give_up = time.monotonic() + 30
    while json.loads(status(served, "/status/config")).get("workers") != number:
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_workers_share_an_address_and_are_counted_together(tmp_path: Path) -> None:
    with gateway(tmp_path, LOCKGATE_WORKERS="2") as served:
        assert [ask(served) for _ in range(20)] == [200] * 20
        assert 'lockgate_requests_total{provider="echo",model="echo",status="200",outcome="success"} 20' in status(served, "/metrics")
        assert json.loads(status(served, "/status/config"))["state"] == "synced"
        assert status(served, "/status/ready") == "ok\n"
        assert len(workers_of(served)) == 2
    spools = sorted(path.name for path in (tmp_path / "spool").iterdir())
    assert spools == ["worker-0", "worker-1"]
    counted = subprocess.run(
        [sys.executable, "-c", "from lockgate.cli.main import main; main()", "usage", str(tmp_path / "spool"), "--json"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert '"attempts":20' in counted.stdout.replace(" ", "")


def test_a_worker_that_dies_is_replaced_and_its_records_are_settled(tmp_path: Path) -> None:
    with gateway(tmp_path, LOCKGATE_WORKERS="2") as served:
        first = workers_of(served)
        os.kill(first[0], signal.SIGKILL)
        give_up = time.monotonic() + 30
        while len(set(workers_of(served)) - set(first)) != 1:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        wait_for_workers(served, 2)
        assert [ask(served) for _ in range(10)] == [200] * 10
        assert "a worker ended by itself" in served.log


def test_no_worker_outlives_its_parent(tmp_path: Path) -> None:
    with gateway(tmp_path, LOCKGATE_WORKERS="2") as served:
        orphans = workers_of(served)
        assert len(orphans) == 2
    assert not [pid for pid in orphans if Path(f"/proc/{pid}").exists()]
