"""Foreign records and unhandled errors enter the log with types and places, and without anything they quote."""

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.kit.until import until

from lockgate.runtime.hooks import install
from lockgate.runtime.logs import LogWriter
from lockgate.runtime.tasks import live, spawn

_foreign = logging.getLogger("some.library")


class _Log:
    def __init__(self) -> None:
        self.text = b""
        # The lines are read from the tap; the descriptor is of no file.
        self.writer = LogWriter(-1, tap=self._take)

    def _take(self, chunk: bytes) -> None:
        self.text += chunk

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[_Log]:
    log = _Log()
    undo = install(log.writer)
    yield log
    undo()
    assert b"canary" not in log.text


def test_a_literal_message_is_kept_and_its_arguments_are_not(log: _Log) -> None:
    _foreign.warning("connection to %s was lost", "canary")
    (line,) = log.lines
    assert (line["level"], line["message"], line["logger"]) == ("warning", "library warning", "some.library")
    assert line["template"] == "connection to %s was lost"
    assert line["place"].startswith("runtime/test_hooks.py:")
    assert line["place"].endswith(" test_a_literal_message_is_kept_and_its_arguments_are_not")


def test_a_message_that_was_put_together_is_left_out(log: _Log) -> None:
    secret = "canary"
    _foreign.error(f"the prompt was {secret}")
    _foreign.error("the prompt was " + secret)
    first, second = log.lines
    assert first["level"] == "error"
    assert "template" not in first
    assert "template" not in second


def test_an_exception_of_a_record_leaves_type_and_places(log: _Log) -> None:
    try:
        raise ValueError("canary")
    except ValueError:
        _foreign.exception("it failed")
    (line,) = log.lines
    assert line["error"].startswith("builtins.ValueError at unit/runtime/test_hooks.py:")


def test_records_below_warning_are_not_written(log: _Log) -> None:
    _foreign.info("canary")
    assert log.lines == []


def test_what_a_finalizer_raises_is_written_without_its_text(log: _Log) -> None:
    class Fails:
        def __del__(self) -> None:
            raise ValueError("canary")

    hook = sys.unraisablehook
    assert hook is not sys.__unraisablehook__
    Fails()
    (line,) = log.lines
    assert (line["message"], line["what"]) == ("unhandled error", "a finalizer")
    assert line["error"].startswith("builtins.ValueError at")


def test_what_a_thread_raises_is_written_without_its_text(log: _Log) -> None:
    def fails() -> None:
        raise ValueError("canary")

    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    assert [line["what"] for line in log.lines] == ["a thread"]


def test_what_ends_the_process_is_written_without_its_text(log: _Log) -> None:
    error = ValueError("canary")
    sys.excepthook(ValueError, error, None)
    assert [(line["what"], line["error"]) for line in log.lines] == [("the main thread", "builtins.ValueError")]


def test_the_loop_reports_failed_tasks_and_callbacks_without_their_text() -> None:
    log = _Log()

    async def fails() -> None:
        raise ValueError("canary")

    def callback(argument: str) -> None:
        raise KeyError(argument)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        undo = install(log.writer, loop)
        spawn(fails(), name="fails")
        loop.call_soon(callback, "canary")
        await until(lambda: not live())
        await asyncio.sleep(0)
        undo()

    asyncio.run(main())
    lines = {line["what"]: line["error"] for line in log.lines}
    assert lines["task failed"].startswith("fails: builtins.ValueError at")
    assert lines["Exception in callback"].startswith("builtins.KeyError at")
    assert b"canary" not in log.text


def test_records_of_other_threads_are_written_by_the_loops() -> None:
    log = _Log()

    async def main() -> None:
        undo = install(log.writer, asyncio.get_running_loop())
        await asyncio.get_running_loop().run_in_executor(None, _foreign.warning, "from a thread")
        await until(lambda: log.lines)
        undo()

    asyncio.run(main())
    assert log.lines[0]["logger"] == "some.library"


def test_undoing_gives_everything_back() -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook, sys.unraisablehook, threading.excepthook
    install(_Log().writer)()
    assert (root.handlers[:], root.level, sys.excepthook, sys.unraisablehook, threading.excepthook) == before
