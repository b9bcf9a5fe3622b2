"""
A started program as a tree of processes: its CPU time and resident memory from /proc, and its orderly end.

CPU time is the sum over all threads of /proc/PID/task/TID/schedstat (nanoseconds on a CPU). Threads that ended take their share with
them, and children that ended too, so the clock ticks of /proc/PID/stat (which keep both) are read beside it and win when they say
clearly more. A program runs in its own session and is ended through it, so nothing it started outlives it.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class Cpu(msgspec.Struct, frozen=True):
    """CPU time used up to now, by the two ways of counting."""

    threads_ns: int
    ticks_ns: int

    def since(self, before: "Cpu") -> "Cpu":
        return Cpu(self.threads_ns - before.threads_ns, self.ticks_ns - before.ticks_ns)

    @property
    def ns(self) -> int:
        """Threads to the nanosecond, unless ticks show that threads or children with a share of it have ended."""
        slack = 4 * _TICK_NS + self.ticks_ns // 20
        return self.ticks_ns if self.ticks_ns - self.threads_ns > slack else self.threads_ns


def tree(pid: int) -> list[int]:
    """The process and everything below it that is alive."""
    found = [pid]
    for parent in found:
        for task in _listing(_PROC / str(parent) / "task"):
            with contextlib.suppress(OSError):
                found.extend(int(child) for child in (task / "children").read_text().split())
    return found


def cpu(pid: int) -> Cpu:
    threads_ns = ticks = 0
    for process in tree(pid):
        with contextlib.suppress(OSError):
            # After the name in parentheses: state is field 3; utime, stime, cutime, cstime are fields 14 to 17 (proc(5)).
            fields = (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
        for task in _listing(_PROC / str(process) / "task"):
            with contextlib.suppress(OSError):
                threads_ns += int((task / "schedstat").read_text().split()[0])
    return Cpu(threads_ns, ticks * _TICK_NS)


def rss_bytes(pid: int) -> int:
    """Resident memory of the tree; pages shared by its processes count once per process."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(OSError):
            total += int((_PROC / str(process) / "statm").read_text().split()[1])
    return total * os.sysconf("SC_PAGE_SIZE")


def _listing(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


@contextlib.contextmanager
def on_cores(cores: Sequence[int]) -> Iterator[None]:
    """What is started inside may use these cores only; empty leaves it to the kernel. A child inherits its parent's affinity."""
    before = os.sched_getaffinity(0)
    if cores:
        os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours, without what would steer a target behind the bench's back: proxies, providers' addresses and our own settings."""
    steering = ("LOCKGATE_", "OPENAI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering) and not name.lower().endswith("_proxy")}
    return kept | dict(more)


class Program:
    """A program that was started and will be ended."""

    def __init__(self, argv: Sequence[str], folder: Path, *, env: Mapping[str, str] | None = None, cores: Sequence[int] = ()) -> None:
        self.log = folder / "output.log"
        self.started_s = time.monotonic()
        with on_cores(cores), self.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(argv),
                cwd=folder,
                env=_environment(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def ended(self) -> str | None:
        """Why it is no longer running, in words, or None."""
        code = self._process.poll()
        return None if code is None else f"ended with code {code}: {self.last_words()}"

    def last_words(self) -> str:
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it printed nothing"

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
        # The session is ours alone: this ends a drain that takes its time, and children that their parent left behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
