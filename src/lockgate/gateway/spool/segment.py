"""
One segment file of the spool: its header, its allocation ahead of use, and how bytes get into it.

A segment has its full size from the start (allocated, reading as zeros) and is cut to its used length when it is
closed. Bytes get in through a shared mapping where the file system is known to back an allocated page for certain,
else by plain writes: a mapping whose page cannot be backed kills the process (SIGBUS) instead of raising.

File:    header, frame, frame, ..., zeros up to the end while the segment is in use.
Header:  magic and version, sequence, oldest sequence that may hold an unsettled intent (0: unknown), CRC-32.
Frame:   mark, length of the payload, CRC-32 of the payload; payload (one msgpack entry).
"""

import contextlib
import errno
import mmap
import os
import struct
import zlib
from pathlib import Path
from typing import Protocol

MAGIC = b"LGSPOOL\x01"
HEADER = struct.Struct("<8sQQII")
HEADER_BYTES = HEADER.size
FRAME = struct.Struct("<III")
FRAME_BYTES = FRAME.size
MARK = 0x9E5A17C3
"""Starts every frame, so that frames behind a damaged one are found again."""

_SUFFIX = ".spool"
_sync_data = getattr(os, "fdatasync", os.fsync)
_MAPPABLE = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs"})
"""File systems on which allocated means backed. Copy-on-write, network and stacked ones promise no such thing."""


class SpoolFull(OSError):
    """There is no room for another record: nothing may be dialled until there is."""


class Store(Protocol):
    """Where frames are put: ``store[start:end] = frame``."""

    def __setitem__(self, where: slice, frame: bytes, /) -> None: ...


class PlainStore:
    """The same assignment as a mapping's, by ``pwrite``."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __setitem__(self, where: slice, frame: bytes, /) -> None:
        at = where.start
        while frame:
            written = os.pwrite(self._fd, frame, at)
            frame = frame[written:]
            at += written


class Segment:
    """A segment being written. Made by ``create``, ended by ``close``."""

    __slots__ = ("_mapping", "fd", "path", "sequence", "size", "store")

    def __init__(self, path: Path, sequence: int, size: int, fd: int, mapping: mmap.mmap | None) -> None:
        self.path = path
        self.sequence = sequence
        self.size = size
        self.fd = fd
        self._mapping = mapping
        self.store: Store = PlainStore(fd) if mapping is None else mapping

    def write_oldest_open(self, sequence: int) -> None:
        """State that no segment before ``sequence`` holds an unsettled intent. True only once all of it is synced."""
        os.pwrite(self.fd, pack_header(self.sequence, sequence), 0)

    def sync(self) -> None:
        """
        To the disk; covers what went through the mapping. Releases the interpreter while it waits.

        Lets go of the mapped pages too (the data stays in the page cache), so that they do not count as our memory.
        """
        _sync_data(self.fd)
        if self._mapping is not None:
            self._mapping.madvise(mmap.MADV_DONTNEED)

    def close(self, used: int, oldest_open: int = 0) -> None:
        """Cut to the used length, sync, close."""
        try:
            if self._mapping is not None:
                self._mapping.close()
            os.ftruncate(self.fd, used)
            os.fsync(self.fd)
            if oldest_open:
                self.write_oldest_open(oldest_open)
                os.fsync(self.fd)
        finally:
            os.close(self.fd)

    def discard(self) -> None:
        """End a segment that was never written to."""
        if self._mapping is not None:
            self._mapping.close()
        os.close(self.fd)
        self.path.unlink()


def create(folder: Path, sequence: int, size: int, *, mapped: bool) -> Segment:
    """A new segment, all of its space allocated and its name on the disk. SpoolFull when there is no space."""
    path = folder / f"{sequence:012d}{_SUFFIX}"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _allocate(fd, size)
        os.pwrite(fd, pack_header(sequence, 0), 0)
        mapping = _map(fd, size) if mapped else None
        os.fsync(fd)
        sync_folder(folder)
    except BaseException as error:
        os.close(fd)
        path.unlink()
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise SpoolFull(error.errno, f"the record spool {folder} is full: no room for another segment of {size} bytes") from error
        raise
    return Segment(path, sequence, size, fd, mapping)


def segments(folder: Path) -> list[Path]:
    """The segment files of a folder, oldest first."""
    return sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX and path.stem.isdigit())


def sequence_of(path: Path) -> int:
    return int(path.stem)


def pack_header(sequence: int, oldest_open: int) -> bytes:
    bare = HEADER.pack(MAGIC, sequence, oldest_open, 0, 0)
    return HEADER.pack(MAGIC, sequence, oldest_open, zlib.crc32(bare[:24]), 0)


def read_oldest_open(path: Path) -> int:
    """What the header says; 0 when it is unknown, damaged or missing."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return 0
    magic, _, oldest_open, crc, _ = HEADER.unpack(header)
    return int(oldest_open) if magic == MAGIC and crc == zlib.crc32(header[:24]) else 0


def is_other_version(data: bytes) -> bool:
    """Whether this is an undamaged header, but not one of ours. Its CRC stays where it is in every version."""
    return data.startswith(MAGIC[:-1]) and len(data) >= HEADER_BYTES and HEADER.unpack_from(data)[3] == zlib.crc32(data[:24])


def drop_empty(folder: Path) -> None:
    """Delete segments that were prepared and never written to."""
    for path in segments(folder):
        with path.open("rb") as file:
            file.seek(HEADER_BYTES)
            if file.read(FRAME_BYTES).strip(b"\0"):
                continue
            rest = file.read()
        if rest.count(0) == len(rest):
            path.unlink()


def is_mappable(folder: Path) -> bool:
    """Whether an allocated page of a file in ``folder`` is certain to be backed (docs/decisions/0010)."""
    status = os.stat(folder)
    device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        before, _, after = line.partition(" - ")
        if before.split(" ", 3)[2] == device:
            return after.split(" ", 1)[0] in _MAPPABLE
    return False


def sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _allocate(fd: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(fd, 0, size)
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
    zeros = bytes(1 << 16)
    for at in range(0, size, len(zeros)):
        PlainStore(fd)[at : at + len(zeros)] = zeros[: size - at]


def _map(fd: int, size: int) -> mmap.mmap | None:
    with contextlib.suppress(OSError):
        return mmap.mmap(fd, size)
    return None
