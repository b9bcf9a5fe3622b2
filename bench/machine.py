"""The machine a run is made on: what it is, which cores the two sides get, free ports, open files, and the folder for peers."""

import os
import platform
import resource
import socket
from pathlib import Path

import msgspec


class Facts(msgspec.Struct, frozen=True):
    cpu: str
    cores: int
    memory_mib: int
    kernel: str
    python: str
    load_before: float
    """The one-minute load average before the run: above about 0.5 something else was running too."""
    load_cores: list[int]
    target_cores: list[int]
    siblings: bool
    """The two sides are hardware threads of one core and slow each other down."""


def facts(load_cores: list[int], target_cores: list[int]) -> Facts:
    return Facts(
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        memory_mib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        kernel=platform.release(),
        python=platform.python_version(),
        load_before=round(os.getloadavg()[0], 2),
        load_cores=load_cores,
        target_cores=target_cores,
        siblings=bool(target_cores) and not set(load_cores).isdisjoint(_siblings(target_cores[0])),
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _siblings(core: int) -> set[int]:
    """The hardware threads that share a core with this one, itself included; written as in ``0-1,4``."""
    try:
        text = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list").read_text()
    except OSError:
        return {core}
    spans = [span.partition("-")[::2] for span in text.strip().split(",")]
    return {thread for first, last in spans for thread in range(int(first), int(last or first) + 1)}


def busy_s() -> float:
    """CPU seconds that this machine has spent so far on anything, from all cores (user, nice, system, irq, softirq, steal: proc(5))."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def our_busy_s() -> float:
    """CPU seconds that this process and the children it has waited for have spent."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def share_cores() -> tuple[list[int], list[int]]:
    """(cores of the load generator and the mock, core of the target). The target gets one; with a single core nothing is pinned."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[:-1], cores[-1:]) if len(cores) > 1 else ([], [])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def allow_open_files(wanted: int = 16384) -> None:
    """1,024 streams are 2,048 sockets in a gateway; children inherit this limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def cache_folder() -> Path:
    """Where peers are installed: outside the tree, kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lockgate-bench"
