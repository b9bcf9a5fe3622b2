"""
Reading a spool: frames of a segment, and intents joined with their settlements over all segments.

Works without the lock and beside a running writer, on whole copies of one segment at a time (a mapping would
end the reader by SIGBUS when the writer cuts the segment). A damaged stretch is reported, never skipped silently;
reading goes on at the next frame whose mark and CRC are right.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32 as _crc32

import msgspec

from lockgate.gateway.spool.segment import FRAME, FRAME_BYTES, HEADER_BYTES, MAGIC, MARK, is_other_version, segments
from lockgate.model.records import Entry, Intent, Settlement

_unpack = FRAME.unpack_from
_MARK_BYTES = MARK.to_bytes(4, "little")


class Damage(msgspec.Struct, frozen=True):
    """A stretch of a segment that holds no readable frame."""

    segment: str
    offset: int
    data: bytes
    ends_segment: bool
    """Nothing readable follows: as a write cut short leaves it, or a record that is lost."""

    def sentence(self) -> str:
        return f"{self.segment} is damaged: {len(self.data)} bytes at offset {self.offset} hold no readable record"


Report = Callable[[Damage], None]


def read(folder: str | Path, report: Report | None = None) -> Iterator[tuple[Intent, Settlement | None]]:
    """
    Each attempt once: when its settlement is met, or at the end when it has none (yet).

    Memory is bounded by one segment and the attempts open at one time. Settlements whose intents were in segments
    deleted since are passed over.
    """
    tell = report or _ignore
    decode = msgspec.msgpack.Decoder(Entry).decode
    unsettled: dict[bytes, Intent] = {}
    paths = segments(Path(folder))
    for path in paths:
        live = path is paths[-1]
        for offset, payload in payloads(path, tell, live=live):
            try:
                entry = decode(payload)
            except msgspec.DecodeError:
                tell(Damage(path.name, offset, payload, ends_segment=False))
                continue
            if entry.__class__ is Intent:
                unsettled[entry.id] = entry
            elif intent := unsettled.pop(entry.id, None):
                yield intent, entry
    for intent in unsettled.values():
        yield intent, None


def payloads(path: Path, report: Report, *, live: bool = False) -> Iterator[tuple[int, bytes]]:
    """(offset, payload) of every readable frame. ``live``: it may be being written, so an unreadable end is no damage."""
    data = _load(path)
    if not data.startswith(MAGIC):
        if is_other_version(data):
            raise OSError(f"{path} was written by another version of Lockgate, in a format that this one cannot read")
        if data.strip(b"\0"):
            report(Damage(path.name, 0, data, ends_segment=True))
        return
    at, reread_at = HEADER_BYTES, -1
    while at < len(data):
        if payload := _payload(data, at):
            yield at, payload
            at += FRAME_BYTES + len(payload)
        elif reread_at != at and (live or any(data[at : at + FRAME_BYTES])):
            # A reader's copy may hold stale bytes before fresh ones. Whatever was followed by a complete frame in
            # the first copy is complete in a second one, because the writer goes from left to right.
            data, reread_at = _load(path), at
        else:
            following = _next_frame(data, at + 1)
            stretch = data[at:following] if following else data[at:].rstrip(b"\0")
            if stretch and not (live and not following):
                report(Damage(path.name, at, stretch, ends_segment=not following))
            at = following or len(data)


def _payload(data: bytes, at: int) -> bytes:
    """The payload of the good frame at ``at``; empty when there is none."""
    body = at + FRAME_BYTES
    if body > len(data):
        return b""
    mark, length, crc = _unpack(data, at)
    if mark != MARK or length > len(data) - body:
        return b""
    payload = data[body : body + length]
    return payload if _crc32(payload) == crc else b""


def _next_frame(data: bytes, at: int) -> int:
    """Where the next good frame starts; 0 when there is none."""
    while (at := data.find(_MARK_BYTES, at)) >= 0:
        if _payload(data, at):
            return at
        at += 1
    return 0


def _load(path: Path) -> bytes:
    """The whole file; empty when it was deleted meanwhile (it outlived its retention)."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _ignore(damage: Damage) -> None:
    pass
