"""
Hooks: where foreign log records and errors that nobody caught enter our log, without anything they quote.

Exceptions, their traceback's source lines, and the formatted text of a foreign record may hold a prompt, an answer or a key.
Written are: the type and the code places of an error, the place of a log call, and its message only where it is proven to be a
literal of the calling code.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar

from lockgate.runtime.logs import Level, Line, LogWriter
from lockgate.runtime.tasks import TaskFailed, places


class UnhandledError(Line, frozen=True, tag="unhandled error"):
    level: ClassVar[Level] = Level.ERROR
    what: str
    error: str = ""


class ForeignError(Line, frozen=True, tag="library error"):
    level: ClassVar[Level] = Level.ERROR
    logger: str
    place: str
    template: str = ""
    error: str = ""


class ForeignWarning(Line, frozen=True, tag="library warning"):
    level: ClassVar[Level] = Level.WARNING
    logger: str
    place: str
    template: str = ""
    error: str = ""


# What event loops say goes on with the repr of a callback and its arguments: only these words of it are kept.
_PHRASES = (
    "Task exception was never retrieved",
    "Future exception was never retrieved",
    "Task was destroyed but it is pending",
    "Exception in callback",
    "Exception in thread",
    "Unhandled exception in",
    "Fatal error",
    "Fatal read error",
    "Fatal write error",
    "socket.accept() out of system resource",
    "Error on transport creation",
    "SSL handshake failed",
    "SSL error in data received",
    "an error occurred during closing of asynchronous generator",
    "task failed",
)


def install(writer: LogWriter, loop: asyncio.AbstractEventLoop | None = None) -> Callable[[], None]:
    """Takes over the root logger, the three hooks of the interpreter and the loop's exception handler. Returns the undoing."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [Bridge(writer, loop)]
    root.setLevel(logging.WARNING)
    old = sys.excepthook, sys.unraisablehook, threading.excepthook
    say = _sayer(writer, loop)
    sys.excepthook = lambda kind, error, trace: say("the main thread", error)
    sys.unraisablehook = lambda unraisable: say("a finalizer", unraisable.exc_value)
    threading.excepthook = lambda args: say("a thread", args.exc_value)
    if loop is not None:
        loop.set_exception_handler(lambda _loop, context: say(*_of_loop(context)))

    def undo() -> None:
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook, sys.unraisablehook, threading.excepthook = old
        if loop is not None and not loop.is_closed():
            loop.set_exception_handler(None)

    return undo


class Bridge(logging.Handler):
    """The root handler: library records of level warning and above become lines."""

    def __init__(self, writer: LogWriter, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__(logging.WARNING)
        self._write = _crossing(writer, loop)

    def emit(self, record: logging.LogRecord) -> None:
        kind = ForeignError if record.levelno >= logging.ERROR else ForeignWarning
        error = record.exc_info[1] if record.exc_info else None
        tail = record.pathname.replace("\\", "/").rsplit("/", 2)
        self._write(
            kind(
                logger=record.name[:100],
                place=f"{'/'.join(tail[-2:])}:{record.lineno} {record.funcName}",
                template=_literal(record),
                error=places(error) if error is not None else "",
            )
        )


def _crossing(writer: LogWriter, loop: asyncio.AbstractEventLoop | None) -> Callable[[Line], None]:
    """A write that may be called from any thread: lines of others are brought over to the loop's."""
    home = threading.get_ident()

    def write(line: Line) -> None:
        if loop is None or threading.get_ident() == home or loop.is_closed():
            writer.write(line)
        else:
            loop.call_soon_threadsafe(writer.write, line)

    return write


def _sayer(writer: LogWriter, loop: asyncio.AbstractEventLoop | None) -> Callable[[str, BaseException | None], None]:
    write = _crossing(writer, loop)

    def say(what: str, error: BaseException | None) -> None:
        # TaskFailed was made from type names and places, so its text is ours.
        text = str(error) if isinstance(error, TaskFailed) else places(error) if error is not None else ""
        write(UnhandledError(what=what, error=text))

    return say


def _of_loop(context: dict[str, Any]) -> tuple[str, BaseException | None]:
    said = str(context.get("message", ""))
    what = next((phrase for phrase in _PHRASES if said.startswith(phrase)), "the event loop")
    error = context.get("exception")
    return what, error if isinstance(error, BaseException) else None


def _literal(record: logging.LogRecord) -> str:
    """The record's message when the code that logged it holds it as a constant; a formatted text could quote anything."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_lineno == record.lineno and frame.f_code.co_filename == record.pathname:
            said = record.msg
            return said[:500] if type(said) is str and said in frame.f_code.co_consts else ""
        frame = frame.f_back
    return ""
