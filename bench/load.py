"""
Unary load: wrk posts one chat request over and over, for a fixed time, on a fixed number of connections.

wrk's own ``--latency`` figures are read through its ``done`` hook, as JSON and in microseconds, instead of from its prose.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bench.processes import on_cores

INSTALL = "wrk is not installed (Debian and Ubuntu: apt-get install wrk)"

_DONE = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nJSON {"requests":%d,"microseconds":%d,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d,"timeout":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write, e.timeout))
end
"""


class Shot(msgspec.Struct, frozen=True):
    """What one run of wrk saw. ``refused``: answers with a status above 399; ``broken``: socket errors."""

    requests: int
    microseconds: int
    p50_us: int
    p99_us: int
    refused: int
    broken: int
    timeout: int

    @property
    def errors(self) -> int:
        return self.refused + self.broken + self.timeout

    @property
    def per_second(self) -> float:
        return self.requests / self.microseconds * 1e6 if self.microseconds else 0.0


def program() -> str | None:
    return shutil.which("wrk")


def script(path: Path, headers: Mapping[str, str], body: bytes) -> Path:
    """Writes the Lua script of one target. The long brackets need no escaping: our JSON has no ``]==]`` in it."""
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{body.decode()}]==]"]
    lines += [f"wrk.headers[ [==[{name}]==] ] = [==[{value}]==]" for name, value in headers.items()]
    path.write_text("\n".join(lines) + _DONE)
    return path


def fire(url: str, lua: Path, *, connections: int, seconds: float, cores: Sequence[int]) -> Shot:
    argv = [
        program() or "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "20s",
        "--latency",
        "-s",
        str(lua),
        url,
    ]
    with on_cores(cores):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("JSON "):
            return msgspec.json.decode(line[5:], type=Shot)
    raise RuntimeError(f"wrk failed: {(done.stderr or done.stdout).strip()[-300:]}")
