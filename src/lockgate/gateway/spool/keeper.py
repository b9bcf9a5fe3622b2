"""
The keeper of a spool's segments: numbers them, prepares the next, syncs, closes full ones, deletes old ones.

All slow work is done in its thread. What the writer's thread calls only appends to a deque or sets a flag, but for
``create``, which is the way out when the thread did not keep up.

A segment's header states the oldest segment that may hold an unsettled intent, so that a start reads only from there
on. The statement is written after everything it rests on is on the disk: ids are removed from ``open_ids`` after their
settlement is written, the oldest is determined first, then all that is written is synced, then it is stated.

Segments are only ever added at the end and removed at the beginning. Shipping records needs no more than a position
(sequence, offset) up to which they are acknowledged, asked for where ``_expire`` decides.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from lockgate.gateway.spool.segment import (
    HEADER_BYTES,
    Segment,
    SpoolFull,
    create,
    drop_empty,
    read_oldest_open,
    segments,
    sequence_of,
    sync_folder,
)

_DAY_S = 86_400
_RETRY_S = 1.0
_EXPIRE_EVERY_S = 3600.0


class Keeper:
    """
    See the module. ``open_ids`` (id -> sequence) and ``used`` (length of the active segment) belong to the writer;
    ``hurry`` makes it look for room, and so see ``is_aged``, with its next intent.
    """

    def __init__(
        self,
        folder: Path,
        open_ids: Mapping[bytes, int],
        used: Callable[[], int],
        hurry: Callable[[], None],
        *,
        segment_bytes: int,
        segment_age_s: float,
        mapped: bool,
        interval_s: float,
        retain_days: int,
        report: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._open_ids = open_ids
        self._used = used
        self._hurry = hurry
        self._segment_bytes = segment_bytes
        self._segment_age_s = segment_age_s
        self._mapped = mapped
        self._interval_s = interval_s
        self._retain_s = retain_days * _DAY_S
        self._report = report
        drop_empty(folder)
        old = segments(folder)
        self.inherited = _unsure(old)
        """Segments of earlier processes that may hold unsettled intents."""
        self._next_sequence = sequence_of(old[-1]) + 1 if old else 1
        self._closed_bytes = sum(path.stat().st_size for path in old)
        self._closed_count = len(old)
        self._expired_bytes = 0
        self._expired_count = 0
        self.prepared: deque[Segment] = deque()
        """Made ahead, for the writer's thread to take in this order."""
        self.failures = 0
        self._creating = threading.Lock()
        self._full: deque[tuple[Segment, int]] = deque()
        self._asked = False
        self._refused_until_s = 0.0
        self._trusted = False
        self._stopping = False
        self._synced = (0, 0)
        self._stated = 0
        self._expire_at_s = 0.0
        self._told = ""
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool-keeper", daemon=True)
        self.active = self.create()
        self.is_aged = False
        """The active segment is to be changed although it is not full, or its records would outlive their retention."""
        self._begun_s = time.monotonic()
        self._thread.start()

    @property
    def closed_bytes(self) -> int:
        return self._closed_bytes - self._expired_bytes

    @property
    def closed_count(self) -> int:
        return self._closed_count - self._expired_count

    # Called by the writer's thread ------------------------------------------------------------------------------

    def ask(self) -> None:
        """The next segment will be needed."""
        if not self._asked:
            self._asked = True
            self._wake.set()

    def create(self) -> Segment:
        """A segment now: one that was prepared meanwhile, or a new one. SpoolFull; after that, a second's pause before trying again."""
        with self._creating:
            return self.prepared.popleft() if self.prepared else self._create()

    def change(self, following: Segment, used: int) -> None:
        """The active segment is full at ``used``; ``following`` takes its place."""
        self._closed_bytes += used
        self._closed_count += 1
        self._full.append((self.active, used))
        self.active = following
        self.is_aged = False
        self._begun_s = time.monotonic()
        self._wake.set()

    def trust(self, cut_bytes: int) -> None:
        """All that was inherited is settled (and cut to its length): what is open is what ``open_ids`` says."""
        self.inherited = []
        self._closed_bytes -= cut_bytes
        self._trusted = True
        self._wake.set()

    def stop(self, waiting: deque[Segment]) -> None:
        """Sync and close everything."""
        self._stopping = True
        self._wake.set()
        self._thread.join()
        self._tend()
        for segment in (*waiting, *self.prepared):
            segment.discard()
        if self._used() == HEADER_BYTES:
            self.active.discard()
        else:
            all_settled = self._trusted and not self._open_ids
            self.active.close(self._used(), oldest_open=self.active.sequence + 1 if all_settled else 0)
        sync_folder(self._folder)

    # The thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(self._interval_s)
            self._wake.clear()
            try:
                self._tend()
            except Exception as error:  # A thread that dies of one bad sync would leave all later records unsynced.
                self.failures += 1
                self._trusted = False  # What a statement would rest on may not be on the disk.
                self._tell(f"the record spool {self._folder} could not be synced: {error}")

    def _tell(self, sentence: str) -> None:
        """Once for as long as it stays the same."""
        if sentence != self._told:
            self._told = sentence
            self._report(sentence)

    def _tend(self) -> None:
        used = self._used()
        oldest = self._oldest_open()
        active = self.active
        closed = self._close_full()
        if active not in closed:
            state = self._trusted and oldest != self._stated
            if state or self._synced != (active.sequence, used):
                active.sync()
                self._synced = (active.sequence, used)
            if state:
                active.write_oldest_open(oldest)
                self._stated = oldest
                self._synced = (0, 0)
        if self._asked and not self._stopping:
            self._prepare()
        now_s = time.monotonic()
        if used > HEADER_BYTES and now_s - self._begun_s > self._segment_age_s:
            self.is_aged = True
            self._hurry()
        if self._stated and (closed or now_s >= self._expire_at_s):
            self._expire_at_s = now_s + _EXPIRE_EVERY_S
            self._expire()

    def _oldest_open(self) -> int:
        """Nothing before this segment is unsettled. The copy is made in one step, which no other thread can interrupt."""
        newest = self.active.sequence
        return min(list(self._open_ids.values()), default=newest)

    def _close_full(self) -> list[Segment]:
        closed = []
        while self._full:
            segment, used = self._full.popleft()
            segment.close(used)
            closed.append(segment)
        return closed

    def _prepare(self) -> None:
        try:
            with self._creating:
                self.prepared.append(self._create())
            self._told = ""
        except SpoolFull as error:
            self._tell(str(error))
        finally:
            self._asked = False

    def _create(self) -> Segment:
        if time.monotonic() < self._refused_until_s:
            raise SpoolFull(f"the record spool {self._folder} is full")
        try:
            segment = create(self._folder, self._next_sequence, self._segment_bytes, mapped=self._mapped)
        except SpoolFull:
            self._refused_until_s = time.monotonic() + _RETRY_S
            raise
        self._next_sequence += 1
        return segment

    def _expire(self) -> None:
        """Delete settled segments past their retention, oldest first. The newest closed one stays: numbers never start again."""
        before_s = time.time() - self._retain_s
        for path in segments(self._folder)[:-1]:
            status = path.stat()
            if sequence_of(path) >= self._stated or sequence_of(path) >= self.active.sequence - 1 or status.st_mtime > before_s:
                return
            path.unlink()
            self._expired_bytes += status.st_size
            self._expired_count += 1


def _unsure(old: list[Path]) -> list[Path]:
    """From the oldest segment that may hold an unsettled intent, as the newest header that states one says."""
    for path in reversed(old):
        if oldest := read_oldest_open(path):
            return [path for path in old if sequence_of(path) >= oldest]
    return old
