"""
Tasks: background coroutines that are named, kept and never fail in silence.

Rule 1: asyncio holds tasks weakly; a task spawned here lives until it is done, whoever forgets it.
Rule 2: an exception that nobody would see goes to the running loop's exception handler as ``TaskFailed``: type names and code
        places only, because an exception's own text may quote a prompt or a key.
Rule 3: ``live`` says how many are running, so that a test can prove that nothing was left behind.
"""

import asyncio
import traceback
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_kept: set[asyncio.Task[Any]] = set()


class TaskFailed(Exception):
    """What the loop's exception handler is given in place of the exception itself."""


def spawn(coro: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Runs ``coro`` in the current loop. Awaiting the task still gives its result or its real exception."""
    task = asyncio.get_running_loop().create_task(coro, name=name)
    _kept.add(task)
    task.add_done_callback(_done)
    return task


def live(loop: asyncio.AbstractEventLoop | None = None) -> int:
    """How many spawned tasks are not done in ``loop`` (default: the running one)."""
    here = loop or asyncio.get_running_loop()
    return sum(1 for task in tuple(_kept) if not task.done() and task.get_loop() is here)


def places(error: BaseException) -> str:
    """The type and the code places of an exception and of its causes: nothing that its arguments or the source lines hold."""
    parts: list[str] = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen and len(parts) < 8:
        seen.add(id(at))
        where = [f"{_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in _frames(at)[-12:]]
        parts.append(f"{type(at).__module__}.{type(at).__qualname__}" + (f" at {' < '.join(reversed(where))}" if where else ""))
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "; caused by ".join(parts)


def _frames(error: BaseException) -> traceback.StackSummary:
    return traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)


def _module(filename: str) -> str:
    """The tail of a file name: the folders of the machine are nobody's business, and make lines long."""
    parts = filename.replace("\\", "/").rsplit("/", 3)
    return "/".join(parts[-3:])


def _done(task: asyncio.Task[Any]) -> None:
    _kept.discard(task)
    if task.cancelled():
        return
    # Reading the exception also marks it as retrieved, so asyncio will not print it, with its text, when the task is collected.
    error = task.exception()
    if error is None:
        return
    failed = TaskFailed(f"{task.get_name()}: {places(error)}")
    task.get_loop().call_exception_handler({"message": f"task failed: {task.get_name()}", "exception": failed})
