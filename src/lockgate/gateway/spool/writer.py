"""
Writing the spool: an intent before anything is dialled, its settlement at the end, each exactly once.

1. An intent that ``intend`` returned from survives ``kill -9``; so does a settlement.
2. Room for its settlement is reserved with every intent, so that ``settle`` never finds the spool full.
3. One process per folder, by a lock on the file ``lock``.
4. ``recover`` settles what a dead process left open, with the amounts held. It may itself die and be repeated.
5. No call waits for the disk, except ``intend`` under ``always``: a thread syncs, prepares segments and closes them.

Counterparts: segment.py (files), keeper.py (the thread), reader.py (reading), entries.py (what is cut to fit).
"""

import fcntl
import os
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from zlib import crc32 as _crc32

import msgspec

from lockgate.gateway.spool.entries import INTENT_BYTES, SETTLEMENT_BYTES, clipped_intent, clipped_settlement, plain, recovered
from lockgate.gateway.spool.keeper import Keeper
from lockgate.gateway.spool.reader import Damage, payloads
from lockgate.gateway.spool.segment import FRAME, FRAME_BYTES, HEADER_BYTES, MARK, Segment, SpoolFull, is_mappable, sequence_of
from lockgate.model.records import Intent, Settlement

SEGMENT_BYTES_MIN = 64 * 1024
SEGMENT_BYTES_MAX = 256 * 1024 * 1024

_pack = FRAME.pack


class _IntentId(msgspec.Struct, frozen=True, tag="i", array_like=True):
    """The beginning of an intent: enough to tell whether it is settled."""

    id: bytes


class _SettlementId(msgspec.Struct, frozen=True, tag="s", array_like=True):
    id: bytes


class SpoolLocked(OSError):
    """Another process writes to this folder."""


class Spool:
    """
    The writer of one folder. ``report`` is told of trouble in sentences without content, from any thread.

    ``sync``: ``grouped`` (every ``sync_interval_s``) or ``always`` (each intent before ``intend`` returns).
    ``mapped`` is found out unless given.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        sync: str = "grouped",
        sync_interval_s: float = 1.0,
        segment_bytes: int = 16 * 1024 * 1024,
        segment_age_s: float = 86_400.0,
        retain_days: int = 30,
        report: Callable[[str], None] | None = None,
        mapped: bool | None = None,
    ) -> None:
        _check(sync, sync_interval_s, segment_bytes, retain_days)
        self.folder = Path(folder)
        self._lock_fd = _lock(self.folder)
        self.surplus_settlements = 0
        """Settlements without an unsettled intent: ignored, and a bug."""
        self._always = sync == "always"
        self._report = report or _ignore
        self._encode = msgspec.msgpack.Encoder().encode
        self._open: dict[bytes, int] = {}
        """Id of every unsettled intent -> sequence of the segment it is in."""
        self._waiting: deque[Segment] = deque()
        """Segments to go on with, which ``_spare`` counts on."""
        self._position = HEADER_BYTES
        try:
            self._keeper = Keeper(
                self.folder,
                self._open,
                lambda: self._position,
                self._hurry,
                segment_bytes=segment_bytes,
                segment_age_s=segment_age_s,
                mapped=is_mappable(self.folder) if mapped is None else mapped,
                interval_s=sync_interval_s,
                retain_days=retain_days,
                report=self._report,
            )
        except BaseException:
            os.close(self._lock_fd)
            raise
        self._enter(self._keeper.active)

    @property
    def open_intents(self) -> int:
        return len(self._open)

    @property
    def spool_bytes(self) -> int:
        return self._keeper.closed_bytes + self._position

    @property
    def spool_segments(self) -> int:
        return self._keeper.closed_count + 1

    @property
    def sync_failures(self) -> int:
        return self._keeper.failures

    def intend(self, intent: Intent) -> None:
        """Record that an attempt is about to be dialled. SpoolFull: it must not be."""
        try:
            payload = self._encode(intent)
        except (OverflowError, UnicodeEncodeError):
            payload = self._encode(clipped_intent(intent))
        size = len(payload) + FRAME_BYTES
        if size > INTENT_BYTES:
            payload = self._encode(clipped_intent(intent))
            size = len(payload) + FRAME_BYTES
        if self._spare < self._low_mark:
            self._find_room(size + SETTLEMENT_BYTES)
        start = self._position
        end = start + size
        if end > self._end:
            self._rotate()
            start = self._position
            end = start + size
        try:
            self._store[start:end] = _pack(MARK, size - FRAME_BYTES, _crc32(payload)) + payload
        except OSError as error:  # A mapping does not raise; a plain write does.
            raise SpoolFull(error.errno, f"the record spool {self.folder} cannot be written to: {error.strerror}") from error
        self._position = end
        self._spare -= size + SETTLEMENT_BYTES
        self._open[intent.id] = self._sequence
        if self._always:
            self._active.sync()

    def settle(self, settlement: Settlement) -> None:
        """
        Record how an attempt ended. A second settlement of the same attempt is not written.

        Raises OSError only where space cannot be allocated ahead (and a disk full or broken); the next start recovers it then.
        """
        if settlement.id not in self._open:
            self.surplus_settlements += 1
            return
        settlement = plain(settlement)
        try:
            payload = self._encode(settlement)
        except (OverflowError, UnicodeEncodeError):
            payload = self._encode(clipped_settlement(settlement))
        size = len(payload) + FRAME_BYTES
        if size > SETTLEMENT_BYTES:
            payload = self._encode(clipped_settlement(settlement))
            size = len(payload) + FRAME_BYTES
        start = self._position
        end = start + size
        if end > self._end:
            self._rotate()
            start = self._position
            end = start + size
        self._store[start:end] = _pack(MARK, size - FRAME_BYTES, _crc32(payload)) + payload
        self._position = end
        self._spare += SETTLEMENT_BYTES - size
        del self._open[settlement.id]  # After the write, because the keeper concludes from it.

    def recover(self, now_ms: int) -> int:
        """Settle what earlier processes left unsettled, with the amounts held. Returns how many. Call once, before serving."""
        decode = msgspec.msgpack.Decoder(Intent).decode
        left: dict[bytes, tuple[int, bytes]] = {}
        cut_bytes = sum(self._collect(path, left) for path in self._keeper.inherited)
        for sequence, payload in left.values():
            intent = decode(payload)
            if self._spare < self._low_mark:
                self._find_room(SETTLEMENT_BYTES)
            self._spare -= SETTLEMENT_BYTES
            self._open[intent.id] = sequence
            self.settle(recovered(intent, now_ms))
        self._keeper.trust(cut_bytes)
        return len(left)

    def close(self) -> None:
        """Sync and close. Unsettled intents stay so, for the next start."""
        if self._lock_fd < 0:
            return
        try:
            self._keeper.stop(self._waiting)
        finally:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def _enter(self, segment: Segment) -> None:
        self._active = segment
        self._store = segment.store
        self._sequence = segment.sequence
        self._end = segment.size
        self._position = HEADER_BYTES
        self._spare = self._count_spare()
        """Bytes that may still be promised; below ``_low_mark`` something is to be done about it."""
        self._low_mark = max(segment.size // 4, INTENT_BYTES + SETTLEMENT_BYTES)

    def _hurry(self) -> None:
        """Called by the keeper's thread: the next intent looks for room."""
        self._low_mark = sys.maxsize

    def _count_spare(self) -> int:
        """A segment may lose up to an intent at its end, where one does not fit; so much of each is promised to nobody."""
        left = max(0, self._end - self._position - INTENT_BYTES)
        return left + sum(s.size - HEADER_BYTES - INTENT_BYTES for s in self._waiting) - SETTLEMENT_BYTES * len(self._open)

    def _find_room(self, wanted: int) -> None:
        """Take over what was prepared, ask for more, and wait for it when the promises would not hold without."""
        self._take_prepared()
        if self._keeper.is_aged and self._waiting and self._spare >= self._end:
            self._rotate()  # Only while the promises hold without what is left of the active segment.
        if self._spare < self._low_mark:
            self._keeper.ask()
        while self._spare < wanted:
            self._waiting.append(self._keeper.create())
            self._spare = self._count_spare()

    def _take_prepared(self) -> None:
        prepared = self._keeper.prepared
        while prepared:
            self._waiting.append(prepared.popleft())
        self._spare = self._count_spare()

    def _rotate(self) -> None:
        """On to the next segment. There is one, because only allocated space is promised."""
        following = self._waiting.popleft()
        self._keeper.change(following, self._position)
        self._enter(following)

    def _collect(self, path: Path, left: dict[bytes, tuple[int, bytes]]) -> int:
        """Add a segment's unsettled intents to ``left``; cut it to its used length, keeping damaged bytes aside. Returns bytes cut off."""
        decode = msgspec.msgpack.Decoder(_IntentId | _SettlementId).decode
        damages: list[Damage] = []
        sequence, used = sequence_of(path), HEADER_BYTES
        for offset, payload in payloads(path, damages.append):
            used = offset + FRAME_BYTES + len(payload)
            try:
                entry = decode(payload)
            except msgspec.DecodeError:
                damages.append(Damage(path.name, offset, payload, ends_segment=False))
                continue
            if entry.__class__ is _IntentId:
                left[entry.id] = (sequence, payload)
            else:
                left.pop(entry.id, None)
        for damage in damages:
            aside = path.with_name(f"{path.name}.{damage.offset}.corrupt")
            aside.write_bytes(damage.data)
            self._report(f"{damage.sentence()}; they are kept in {aside.name}")
        size = path.stat().st_size
        if size > used:
            os.truncate(path, used)
        return max(0, size - used)


def _check(sync: str, sync_interval_s: float, segment_bytes: int, retain_days: int) -> None:
    if sync not in ("grouped", "always"):
        raise ValueError(f"sync must be 'grouped' or 'always', not {sync!r}")
    if not 0 < sync_interval_s <= 3600:
        raise ValueError(f"sync_interval_s must be above 0 and at most 3600, not {sync_interval_s}")
    if not SEGMENT_BYTES_MIN <= segment_bytes <= SEGMENT_BYTES_MAX:
        raise ValueError(f"segment_bytes must be from {SEGMENT_BYTES_MIN} to {SEGMENT_BYTES_MAX}, not {segment_bytes}")
    if retain_days < 1:
        raise ValueError(f"retain_days must be at least 1, not {retain_days}")


def _lock(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        why = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise OSError(f"the folder of the record spool, {folder}, cannot be used: {why}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        raise SpoolLocked(
            f"the record spool {folder} is in use by another process ({holder}); each gateway needs its own folder"
        ) from error
    os.ftruncate(fd, 0)
    os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd


def _ignore(sentence: str) -> None:
    pass
