"""The rules of supervision, with real processes and time as an argument."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lockgate.cli.children import FIRST_PAUSE_S, STEADY_S, Child, Command, Ended, tethered

FOREVER = "import time; time.sleep(600)"


def command(folder: Path, program: str) -> Command:
    return Command("child", (sys.executable, "-c", program), folder, folder / "child.log", dict(os.environ))


def wait_for(condition: Callable[[], object]) -> None:
    for _ in range(4000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come true")


def ended(child: Child, now: float) -> Ended:
    """What the child tells once it has ended."""
    for _ in range(4000):
        told = child.watch(now)
        if told:
            return told
        time.sleep(0.005)
    raise AssertionError("the child did not end")


def test_a_child_that_ends_before_it_was_ready_is_not_begun_again(tmp_path: Path) -> None:
    child = Child(command(tmp_path, "raise SystemExit(3)"))
    child.begin(now=0.0)
    assert ended(child, now=1.0) == Ended("child", 3, None)
    assert child.watch(now=1e9) is None
    assert child.pid is None


def test_a_child_that_was_ready_is_begun_again_after_a_pause_that_doubles(tmp_path: Path) -> None:
    child = Child(command(tmp_path, "raise SystemExit(1)"))
    child.begin(now=0.0)
    child.ready()
    assert ended(child, now=1.0).again_in_s == FIRST_PAUSE_S
    assert child.watch(now=1.0 + FIRST_PAUSE_S / 2) is None
    assert child.pid is None
    child.watch(now=1.0 + FIRST_PAUSE_S)
    assert child.pid is not None
    assert ended(child, now=2.0).again_in_s == 2 * FIRST_PAUSE_S


def test_a_child_that_ran_steadily_is_begun_again_after_the_shortest_pause(tmp_path: Path) -> None:
    child = Child(command(tmp_path, "raise SystemExit(1)"))
    child.begin(now=0.0)
    child.ready()
    ended(child, now=1.0)
    child.watch(now=10.0)
    assert ended(child, now=10.0 + STEADY_S).again_in_s == FIRST_PAUSE_S


def test_what_a_child_said_last_can_be_shown(tmp_path: Path) -> None:
    child = Child(command(tmp_path, "print('first'); print('last')"))
    child.begin(now=0.0)
    ended(child, now=0.0)
    assert child.last_lines(1) == ["last"]


def test_a_child_that_said_nothing_has_no_last_lines(tmp_path: Path) -> None:
    assert Child(command(tmp_path, "")).last_lines() == []


def test_a_running_child_ends_when_asked(tmp_path: Path) -> None:
    child = Child(command(tmp_path, FOREVER))
    child.begin(now=0.0)
    process = child.process
    assert process is not None
    assert child.watch(now=1.0) is None
    child.end()
    assert process.returncode == -signal.SIGTERM
    assert child.watch(now=1e9) is None


def test_a_child_that_will_not_end_is_made_to(tmp_path: Path) -> None:
    child = Child(command(tmp_path, f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {FOREVER}"))
    child.begin(now=0.0)
    process = child.process
    assert process is not None
    wait_for(lambda: child.last_lines() == ["deaf"])
    child.end(grace_s=0.01)
    assert process.returncode == -signal.SIGKILL


def test_a_child_is_asked_to_end_once_so_that_it_can_finish(tmp_path: Path) -> None:
    child = Child(command(tmp_path, COUNTS + "time.sleep(0.3); print(asked, flush=True); os._exit(0)"))
    child.begin(now=0.0)
    process = child.process
    assert process is not None
    wait_for(lambda: child.last_lines() == ["ready"])
    child.ask_to_end()
    child.end()
    assert (process.returncode, child.last_lines(1)) == (0, ["1"])


def test_a_child_that_does_not_finish_in_time_is_asked_again_before_it_is_made_to_end(tmp_path: Path) -> None:
    child = Child(command(tmp_path, COUNTS + "wait_until(2); print(asked, flush=True); os._exit(0)"))
    child.begin(now=0.0)
    process = child.process
    assert process is not None
    wait_for(lambda: child.last_lines() == ["ready"])
    child.end(grace_s=0.05)
    assert (process.returncode, child.last_lines(1)) == (0, ["2"])


COUNTS = """
import os, signal, time
asked = 0
def count(*_):
    global asked
    asked += 1
def wait_until(times):
    while asked < times:
        time.sleep(0.001)
signal.signal(signal.SIGTERM, count)
print("ready", flush=True)
wait_until(1)
"""


def test_ending_a_child_that_is_not_running_does_nothing(tmp_path: Path) -> None:
    Child(command(tmp_path, FOREVER)).end()


def test_an_interrupt_at_the_terminal_does_not_reach_children(tmp_path: Path) -> None:
    child = Child(command(tmp_path, FOREVER))
    child.begin(now=0.0)
    assert child.pid is not None
    assert os.getpgid(child.pid) != os.getpgid(0)
    child.end()


def test_a_tethered_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    line = tethered("local-model", "serve", "--model", "none")
    # A parent that starts a tethered command which waits, tells its pid and is then killed as rudely as can be.
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(told), *line], cwd=tmp_path)
    wait_for(lambda: told.exists() and told.read_text().endswith("\n"))
    pid = int(told.read_text())
    os.kill(pid, 0)
    parent.kill()
    parent.wait()
    wait_for(lambda: not is_running(pid))


PARENT = """
import pathlib, subprocess, sys, time
told, line = sys.argv[1], sys.argv[2:]
waiting = [*line[:2], "-c", "import threading, time; from lockgate.cli.tether import end_with_parent;"
           "threading.Thread(target=end_with_parent).start(); time.sleep(600)"]
child = subprocess.Popen(waiting, stdin=subprocess.PIPE)
pathlib.Path(told).write_text(f"{child.pid}\\n")
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    """Alive and not merely unreaped: whoever inherits it may be slow to reap."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
