"""
Logs: one JSON object a line, on a file descriptor, from types with a closed set of fields.

Rule 1: a line is a value of a ``Line`` subclass; its fields are the only ones it can have, and their names come from ``FIELDS``.
        There is no free text: a fixed message, then ids, counts, words from closed lists. Anything else is refused and counted.
Rule 2: the level is checked before any work; ask ``writer.info`` before even building a line that is written per request.
Rule 3: writing never waits for the reader of the log. Lines are gathered (100 ms or 64 KiB, warnings at once) and handed to a
        thread; when that many bytes are waiting already, lines are dropped, counted, and the count is written when there is room.
Rule 4: before ``start`` and after ``close`` lines are written in place, so that what a starting process says is not lost.

Foreign log records and unhandled errors come in through ``runtime.hooks``.
"""

import inspect
import os
import select
import threading
import time
import types
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from enum import IntEnum, StrEnum
from queue import SimpleQueue
from typing import ClassVar, Union, get_args, get_origin

import msgspec

from lockgate.runtime.clock import Clock, SystemClock

FIELDS = frozenset(
    {
        # An exchange.
        "method", "path", "status", "latency_ms", "provider", "model", "api_key_id", "prompt_tokens", "completion_tokens",
        "total_tokens", "request_id", "provider_request_id", "served_by_model", "routing_attempt_count",
        "routing_fallback_count", "error_kind", "error", "client", "drain_outcome",
        # An attempt.
        "attempt_index", "attempt_kind", "ttft_ms", "finish_reason", "provider_key_id",
        # The process and its configuration.
        "address", "listener", "version", "pid", "workers", "worker", "source", "revision", "hash", "resources", "problems",
        "kind", "entry", "field", "problem", "setting", "reason", "count", "bytes", "in_flight", "connections", "duration_ms",
        "signal", "exit_code", "url", "folder",
        # Foreign records and unhandled errors.
        "logger", "place", "template", "what", "line",
    }
)  # fmt: skip


class Level(IntEnum):
    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    OFF = 100

    @classmethod
    def of(cls, word: str) -> "Level":
        """The level of a setting; raises ValueError with a sentence."""
        found = _WORDS.get(word.strip().lower())
        if found is None:
            raise ValueError(f"'{word}' is not a log level; use one of {', '.join(_WORDS)}")
        return found


_WORDS = {"trace": Level.DEBUG, "debug": Level.DEBUG, "info": Level.INFO, "warn": Level.WARNING, "warning": Level.WARNING}
_WORDS |= {"error": Level.ERROR, "off": Level.OFF}


class Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, tag_field="message", tag="line"):
    """
    A kind of line: ``class Applied(Line, frozen=True, tag="configuration applied"): revision: int``. The tag is the message.
    Fields with defaults are left out when they hold it. Strings, numbers, booleans and words of a StrEnum are the only values.
    """

    level: ClassVar[Level] = Level.INFO

    def __init_subclass__(cls) -> None:
        for name, kind in inspect.get_annotations(cls).items():
            origin: object = get_origin(kind)
            if origin is ClassVar:
                continue
            if name not in FIELDS:
                raise TypeError(f"{cls.__name__}.{name}: not a field of logs.FIELDS")
            if not _is_plain(kind):
                raise TypeError(f"{cls.__name__}.{name}: a log field is a string, a number, a boolean or a word of a StrEnum")


def _is_plain(kind: object) -> bool:
    if get_origin(kind) in (types.UnionType, Union):
        return all(_is_plain(part) for part in get_args(kind))
    return kind in (str, int, float, bool, types.NoneType) or (isinstance(kind, type) and issubclass(kind, StrEnum))


class LinesDropped(Line, frozen=True, tag="log lines dropped"):
    level: ClassVar[Level] = Level.WARNING
    count: int


class LineRefused(Line, frozen=True, tag="log line refused"):
    """A line held a value that no log accepts. Which kind of line says where to look; the value is not shown."""

    level: ClassVar[Level] = Level.ERROR
    line: str


_encode = msgspec.json.Encoder().encode
_MILLISECONDS = tuple(b"%03dZ" % ms for ms in range(1000))
_LEVEL_TEXT = {level: f'","level":"{level.name.lower()}",'.encode() for level in Level}
_LINE_BYTES = 64 * 1024


class LogWriter:
    """
    Writes lines to ``fd``. ``strict`` (tests) raises where production counts and reports: a refused line.
    One thread, the loop's, writes; hooks bring other threads' records over.
    """

    def __init__(
        self,
        fd: int = 1,
        *,
        level: Level = Level.INFO,
        clock: Clock | None = None,
        delay_s: float = 0.1,
        batch_bytes: int = 64 * 1024,
        waiting_bytes: int = 4 * 1024 * 1024,
        strict: bool = False,
        tap: Callable[[bytes], None] | None = None,
    ) -> None:
        self._fd = fd
        self._level = level
        self.debug = level <= Level.DEBUG
        self.info = level <= Level.INFO
        self.refused = 0
        self._now_ms = (clock or SystemClock()).now_ms
        self._delay_s = delay_s
        self._batch_bytes = batch_bytes
        self._waiting_bytes = waiting_bytes
        self._strict = strict
        self._tap = tap
        self._lines: list[bytes] = []
        self._size = 0
        self._second = -1
        self._stem = b""
        self._loop: AbstractEventLoop | None = None
        self._timer: TimerHandle | None = None
        # Handed is counted by the loop's thread and put by the writing thread, so neither needs a lock.
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._handed = 0
        self._put = 0
        self._dropped = 0
        self._lost = 0
        self._reported = 0

    @property
    def dropped(self) -> int:
        """Lines that no reader will see, because the log's reader stalled or its disk is full."""
        return self._dropped + self._lost

    def write(self, line: Line) -> None:
        level = line.level
        if level < self._level:
            return
        try:
            body = _encode(line)
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
            body = b""
        if not 0 < len(body) <= _LINE_BYTES:
            self._refuse(line)
            return
        second, ms = divmod(self._now_ms(), 1000)
        if second != self._second:
            self._second = second
            self._stem = time.strftime('{"time":"%Y-%m-%dT%H:%M:%S.', time.gmtime(second)).encode()
        text = self._stem + _MILLISECONDS[ms] + _LEVEL_TEXT[level] + body[1:]
        self._lines.append(text)
        self._size += len(text)
        if level >= Level.WARNING or self._size >= self._batch_bytes or self._loop is None:
            self.flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(self._delay_s, self.flush)

    def start(self, loop: AbstractEventLoop) -> None:
        """From now on lines are gathered and a thread writes them. Call it in the process that serves, after any fork."""
        if self._thread is None:
            self._loop = loop
            self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
            self._thread.start()

    def flush(self) -> None:
        """Hands over what has been gathered; does not wait until it is written."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines = self._lines[:]
        del self._lines[: len(lines)]
        self._size = 0
        if not lines:
            return
        chunk = b"\n".join(lines) + b"\n"
        if self._tap is not None:
            self._tap(chunk)
        if self._thread is None:
            self._lost += len(lines) - _write(self._fd, chunk)
        elif self._handed - self._put + len(chunk) > self._waiting_bytes:
            self._dropped += len(lines)
        else:
            self._hand(chunk)
            self._report()

    def close(self, wait_s: float = 1.0) -> bool:
        """Writes what is left, for at most ``wait_s``; says whether everything was written. Later lines are written in place."""
        self.flush()
        thread, self._thread, self._loop = self._thread, None, None
        if thread is None:
            return True
        self._queue.put(None)
        thread.join(wait_s)
        return not thread.is_alive()

    def _hand(self, chunk: bytes) -> None:
        self._handed += len(chunk)
        self._queue.put(chunk)

    def _report(self) -> None:
        dropped = self.dropped
        if dropped > self._reported:
            count, self._reported = dropped - self._reported, dropped
            self.write(LinesDropped(count=count))

    def _refuse(self, line: Line) -> None:
        self.refused += 1
        if self._strict:
            raise TypeError(f"{type(line).__name__} holds a value that a log does not accept")
        self.write(LineRefused(line=type(line).__name__))

    def _run(self) -> None:
        queue, open_ = self._queue, True
        while open_:
            # A busy loop lets this thread run every few milliseconds only, so it takes all there is at once.
            taken = [queue.get()]
            while not queue.empty():
                taken.append(queue.get())
            open_ = taken[-1] is not None
            chunk = b"".join(part for part in taken if part is not None)
            self._lost += chunk.count(b"\n") - _write(self._fd, chunk)
            self._put += len(chunk)


def _write(fd: int, chunk: bytes) -> int:
    """Writes it all, waiting as long as it takes; the number of whole lines written before the descriptor failed."""
    at = 0
    while at < len(chunk):
        try:
            at += os.write(fd, chunk[at:] if at else chunk)
        except BlockingIOError:  # somebody else made the descriptor non-blocking: it is shared with them
            poll = select.poll()
            poll.register(fd, select.POLLOUT)
            poll.poll(1000)
        except OSError:  # closed, broken pipe, disk full: there is nobody to tell
            return chunk.count(b"\n", 0, at)
    return chunk.count(b"\n")
