"""
The processes that ``lockgate up`` starts: begun, watched, begun again when they die, and ended.

Rules
1. A child that ends before it was ever ready is not begun again: starting it again would fail the same way.
2. A child that was ready is begun again after a pause that doubles while it keeps dying.
3. Children are in process groups of their own, so that Ctrl-C reaches only the parent, which ends them in order.
4. A child ends when its parent does, however the parent ends (see ``tether``).
5. A child is asked to end once, so that a gateway finishes what is under way; after a grace it is asked again, which ends a
   gateway at once with its records settled; and only then made to end.

Time comes in as an argument, so that the rules can be tested without waiting.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S = 0.5, 30.0, 60.0
STOP_GRACE_S, LAST_GRACE_S = 4.0, 2.0


class Command(msgspec.Struct, frozen=True):
    """What to run, in which folder and environment, and the file its output is appended to."""

    name: str
    line: Sequence[str]
    folder: Path
    log: Path
    environment: Mapping[str, str]


def tethered(*arguments: str) -> tuple[str, ...]:
    """The line of a ``lockgate`` command that ends with its parent. ``-P``: a file in the folder never shadows a module."""
    return (sys.executable, "-P", "-m", "lockgate.cli.tether", *arguments)


class Ended(msgspec.Struct, frozen=True):
    """A child has ended by itself. ``again_in_s`` is None when it will not be begun again."""

    name: str
    status: int
    again_in_s: float | None


class Child:
    """One supervised process."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.was_ready = False
        self._pause_s = FIRST_PAUSE_S
        self._begun_at = 0.0
        self._begin_at: float | None = None
        self._asked = False

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def begin(self, now: float) -> None:
        self._begun_at, self._begin_at, self._asked = now, None, False
        with self.command.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command.line,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.command.folder,
                env=dict(self.command.environment),
                process_group=0,
            )

    def ready(self) -> None:
        self.was_ready = True

    def watch(self, now: float) -> Ended | None:
        """Begin again what is due; tell once of a child that has ended."""
        if self.process is None:
            if self._begin_at is not None and now >= self._begin_at:
                self.begin(now)
            return None
        status = self.process.poll()
        if status is None:
            return None
        self._release()
        if not self.was_ready:
            return Ended(self.command.name, status, None)
        if now - self._begun_at >= STEADY_S:
            self._pause_s = FIRST_PAUSE_S
        pause_s, self._pause_s = self._pause_s, min(LONGEST_PAUSE_S, 2 * self._pause_s)
        self._begin_at = now + pause_s
        return Ended(self.command.name, status, pause_s)

    def ask_to_end(self) -> None:
        self._begin_at = None
        if self.process and not self._asked:
            self._asked = True
            self.process.terminate()

    def end(self, grace_s: float = STOP_GRACE_S) -> None:
        """Ask it to end; after a grace ask again, and then make it."""
        self.ask_to_end()
        process = self.process
        if process is None:
            return
        for patience_s, harder in ((grace_s, process.terminate), (LAST_GRACE_S, process.kill), (None, process.kill)):
            try:
                process.wait(patience_s)
                break
            except subprocess.TimeoutExpired:
                harder()
        self._release()

    def last_lines(self, count: int = 8) -> list[str]:
        """What it said last, for a person who must see why it ended."""
        try:
            return self.command.log.read_text(errors="replace").splitlines()[-count:]
        except FileNotFoundError:
            return []

    def _release(self) -> None:
        if self.process and self.process.stdin:
            self.process.stdin.close()
        self.process = None
