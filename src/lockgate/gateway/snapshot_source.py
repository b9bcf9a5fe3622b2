"""
Where a gateway's resources come from: one YAML file, read at boot, on SIGHUP and when it changes.

A file is taken whole or not at all (``resources_tolerant`` gives it the link's rules: a bad row is dropped, or keeps its last
good value). Whatever goes wrong with a reload keeps what is served and is reported. Equal content makes no new generation.
Reading happens in a thread; only the swap is done by the event loop.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from lockgate.core.publishing.compile import compile as compile_snapshot
from lockgate.core.publishing.document import DocumentError, parse
from lockgate.core.publishing.validate import line, validate
from lockgate.model.snapshot import Problem, Snapshot
from lockgate.runtime.tasks import TaskFailed, places

POLL_S = 0.04
"""How often the file's identity is looked at: a stat costs microseconds, and a change must take effect within 100 ms."""


P = TypeVar("P")
"""A snapshot made ready to run."""


class Refused(Exception):
    """The file cannot be used; ``problems`` says why."""

    def __init__(self, reason: str, problems: list[Problem]) -> None:
        super().__init__(reason)
        self.reason, self.problems = reason, problems

    def say(self, say: Callable[[str], None]) -> None:
        for problem in self.problems:
            say(line(problem))


class Failure(msgspec.Struct, frozen=True):
    """The last reload that failed."""

    reason: str
    at_ms: int
    problems: list[Problem]


class FileSource:
    """``apply`` is given each new snapshot, in the event loop; ``failed`` each reload that was refused."""

    def __init__(self, path: Path, environ: Mapping[str, str], *, tolerant: bool, now_ms: Callable[[], int]) -> None:
        self.path, self._environ, self._tolerant, self._now_ms = path, environ, tolerant, now_ms
        self.snapshot: Snapshot | None = None
        self.applied_at_ms = self.reloaded_at_ms = 0
        self.failure: Failure | None = None
        self._seen: tuple[int, ...] = ()
        self._woken = False

    def load(self) -> Snapshot:
        """Reads the file now. Raises Refused."""
        self._seen = self._identity()
        try:
            text = self.path.read_bytes()
        except OSError as error:
            raise Refused("unreadable", [Problem("", "", "", f"{self.path} cannot be read: {error.strerror}")]) from None
        try:
            document = parse(text, self.path.suffix)
        except DocumentError as error:
            raise Refused("invalid", [Problem("", "", "", str(error))]) from None
        resources, problems = validate(document, self._environ, self._tolerant)
        if resources is None:
            raise Refused("invalid", problems)
        previous = self.snapshot
        return compile_snapshot(resources, 1 if previous is None else previous.number + 1, previous)

    def accept(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.applied_at_ms = self.reloaded_at_ms = self._now_ms()
        self.failure = None

    def wake(self) -> None:
        """Reload now, changed or not (SIGHUP)."""
        self._woken = True

    async def watch(self, ready: Callable[[Snapshot], P], apply: Callable[[P], None], failed: Callable[[Failure], None]) -> None:
        """``ready`` does in a thread, as reading does, what takes long; ``apply`` only swaps. Either may raise Refused."""
        while True:
            await asyncio.sleep(POLL_S)
            woken = self._woken
            if woken or self._identity() != self._seen:
                self._woken = False
                await self._reload(ready, apply, failed, woken)

    async def _reload(
        self, ready: Callable[[Snapshot], P], apply: Callable[[P], None], failed: Callable[[Failure], None], woken: bool
    ) -> None:
        try:
            snapshot = await asyncio.to_thread(self.load)
            previous = self.snapshot
            if previous is not None and previous.hash == snapshot.hash and previous.rejected == snapshot.rejected:
                if woken:  # What rows refer to (env:, file:) may have changed though no row did.
                    apply(await asyncio.to_thread(ready, previous))
                self.reloaded_at_ms, self.failure = self._now_ms(), None
                return
            apply(await asyncio.to_thread(ready, snapshot))
        except Refused as refused:
            self._refuse(failed, refused.reason, refused.problems)
        except Exception as error:  # A bug of ours keeps the last good configuration too, and does not end the watch.
            sentence = "The configuration could not be put to use; the gateway's log says where it failed."
            self._refuse(failed, "internal", [Problem("", "", "", sentence)])
            asyncio.get_running_loop().call_exception_handler({"message": "reload failed", "exception": TaskFailed(places(error))})
        else:
            self.accept(snapshot)

    def _refuse(self, failed: Callable[[Failure], None], reason: str, problems: list[Problem]) -> None:
        self.failure = Failure(reason, self._now_ms(), problems)
        failed(self.failure)

    def _identity(self) -> tuple[int, ...]:
        try:
            found = os.stat(self.path)
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev)
