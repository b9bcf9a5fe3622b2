"""Log lines are JSON, closed in their fields, gathered, and never wait for a stalled reader."""

import asyncio
import json
import os
import threading
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.kit.until import until

from lockgate.model.content import Content
from lockgate.runtime.clock import ManualClock
from lockgate.runtime.logs import FIELDS, Level, Line, LogWriter


class Applied(Line, frozen=True, tag="configuration applied"):
    revision: int
    hash: str = ""


class Noisy(Line, frozen=True, tag="noise"):
    level: ClassVar[Level] = Level.DEBUG
    count: int


class Worry(Line, frozen=True, tag="a worry"):
    level: ClassVar[Level] = Level.WARNING
    reason: str


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def test_a_line_has_time_level_message_and_its_fields(path: Path) -> None:
    writer = LogWriter(_open(path), clock=ManualClock(now_ms=1_700_000_000_007))
    writer.write(Applied(revision=3, hash="abc"))
    assert path.read_bytes() == (
        b'{"time":"2023-11-14T22:13:20.007Z","level":"info","message":"configuration applied","revision":3,"hash":"abc"}\n'
    )


def test_the_second_and_the_millisecond_follow_the_clock(path: Path) -> None:
    clock = ManualClock(now_ms=1_700_000_000_999)
    writer = LogWriter(_open(path), clock=clock)
    for _ in range(3):
        writer.write(Applied(revision=1))
        clock.pass_s(0.001)
    assert [line["time"][17:] for line in _read(path)] == ["20.999Z", "21.000Z", "21.001Z"]


def test_fields_that_hold_their_default_are_left_out(path: Path) -> None:
    LogWriter(_open(path)).write(Applied(revision=3))
    (line,) = _read(path)
    assert sorted(line) == ["level", "message", "revision", "time"]


def test_lines_below_the_level_are_not_written(path: Path) -> None:
    writer = LogWriter(_open(path), level=Level.INFO)
    assert writer.info
    assert not writer.debug
    writer.write(Noisy(count=1))
    assert path.read_bytes() == b""
    assert not LogWriter(_open(path), level=Level.WARNING).info


def test_control_characters_cannot_break_a_line(path: Path) -> None:
    hostile = 'a\n{"level":"error"}\r\x00\x1b[31m"\\\u2028'
    LogWriter(_open(path)).write(Applied(revision=1, hash=hostile))
    assert path.read_bytes().count(b"\n") == 1
    assert b"\x1b" not in path.read_bytes()
    assert _read(path)[0]["hash"] == hostile


def test_a_line_cannot_have_a_field_outside_the_list() -> None:
    with pytest.raises(TypeError, match=r"Prompted\.prompt: not a field"):

        class Prompted(Line, frozen=True, tag="prompted"):
            prompt: str

    assert not FIELDS & {"prompt", "answer", "body", "messages", "content", "authorization", "key", "headers", "query", "user_agent"}


def test_a_field_cannot_be_of_a_type_that_holds_anything_more() -> None:
    with pytest.raises(TypeError, match="a string, a number"):

        class Raw(Line, frozen=True, tag="raw"):
            reason: bytes

    with pytest.raises(TypeError, match="a string, a number"):

        class Sealed(Line, frozen=True, tag="sealed"):
            reason: Content | None


def test_words_of_a_closed_list_are_fields(path: Path) -> None:
    class Colour(StrEnum):
        RED = "red"

    class Painted(Line, frozen=True, tag="painted"):
        reason: Colour | None = None

    LogWriter(_open(path)).write(Painted(reason=Colour.RED))
    assert _read(path)[0]["reason"] == "red"


def test_an_unknown_argument_is_an_error_where_the_line_is_made() -> None:
    with pytest.raises(TypeError):
        Applied(revision=1, prompt="canary")  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [Content(b"canary"), ValueError("canary"), "\ud800canary", "canary" * 20_000])
def test_a_value_that_no_log_accepts_is_refused_counted_and_not_shown(path: Path, value: Any) -> None:
    writer = LogWriter(_open(path))
    writer.write(Applied(revision=1, hash=value))
    assert writer.refused == 1
    (line,) = _read(path)
    assert (line["message"], line["level"], line["line"]) == ("log line refused", "error", "Applied")
    assert b"canary" not in path.read_bytes()


def test_a_strict_writer_raises_for_a_refused_value(path: Path) -> None:
    with pytest.raises(TypeError, match="Applied holds a value"):
        LogWriter(_open(path), strict=True).write(Applied(revision=1, hash=Content(b"x")))  # type: ignore[arg-type]


def test_lines_are_gathered_until_the_delay_is_over(path: Path) -> None:
    async def main() -> None:
        writer = LogWriter(_open(path), delay_s=0.01)
        writer.start(asyncio.get_running_loop())
        for revision in range(3):
            writer.write(Applied(revision=revision))
        assert _read(path) == []
        await until(lambda: len(_read(path)) == 3)
        assert writer.close()

    asyncio.run(main())
    assert [line["revision"] for line in _read(path)] == [0, 1, 2]


def test_a_full_batch_and_a_warning_do_not_wait_for_the_delay(path: Path) -> None:
    async def main() -> None:
        writer = LogWriter(_open(path), delay_s=3600, batch_bytes=250)
        writer.start(asyncio.get_running_loop())
        for revision in range(3):
            writer.write(Applied(revision=revision))
        await until(lambda: len(_read(path)) == 3)
        writer.write(Worry(reason="now"))
        await until(lambda: len(_read(path)) == 4)
        assert writer.close()

    asyncio.run(main())


def test_closing_writes_the_rest_and_later_lines_are_written_in_place(path: Path) -> None:
    async def main() -> LogWriter:
        writer = LogWriter(_open(path), delay_s=3600)
        writer.start(asyncio.get_running_loop())
        writer.write(Applied(revision=1))
        assert writer.close()
        return writer

    writer = asyncio.run(main())
    writer.write(Applied(revision=2))
    assert [line["revision"] for line in _read(path)] == [1, 2]


def test_a_stalled_reader_costs_lines_but_never_time_and_the_loss_is_reported() -> None:
    read, write = os.pipe()
    got: list[bytes] = []

    def drain() -> None:
        while chunk := os.read(read, 65536):
            got.append(chunk)

    async def main() -> int:
        writer = LogWriter(write, delay_s=3600, batch_bytes=16_384, waiting_bytes=262_144)
        writer.start(asyncio.get_running_loop())
        for revision in range(10_000):  # ten times what pipe and queue hold; would block for ever if anything waited
            writer.write(Applied(revision=revision))
        writer.flush()
        dropped = writer.dropped
        assert dropped > 0
        reader = threading.Thread(target=drain)
        reader.start()

        def reported() -> bool:
            writer.write(Worry(reason="after"))
            return b"log lines dropped" in b"".join(got[-2:])

        await until(reported)
        assert writer.close(10)
        os.close(write)
        reader.join()
        return writer.dropped

    dropped = asyncio.run(main())
    os.close(read)
    lines = [json.loads(line) for line in b"".join(got).splitlines()]
    reported = sum(line["count"] for line in lines if line["message"] == "log lines dropped")
    revisions = [line["revision"] for line in lines if "revision" in line]
    assert reported == dropped
    assert len(revisions) + dropped >= 10_000
    assert revisions == sorted(revisions)


def test_closing_does_not_wait_longer_than_told_for_a_stalled_reader() -> None:
    read, write = os.pipe()

    async def main() -> bool:
        writer = LogWriter(write, batch_bytes=1024)
        writer.start(asyncio.get_running_loop())
        for revision in range(3000):
            writer.write(Applied(revision=revision))
        return writer.close(0.01)

    assert asyncio.run(main()) is False
    os.close(read)  # frees the writing thread: it sees a broken pipe


def test_a_broken_descriptor_loses_lines_and_counts_them() -> None:
    read, write = os.pipe()
    os.close(read)
    writer = LogWriter(write)
    writer.write(Applied(revision=1))
    writer.write(Applied(revision=2))
    os.close(write)
    assert writer.dropped == 2


def test_a_non_blocking_descriptor_is_waited_for() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    writer = LogWriter(write)
    got: list[bytes] = []

    def drain() -> None:
        while chunk := os.read(read, 4096):
            got.append(chunk)

    reader = threading.Thread(target=drain)
    reader.start()
    for revision in range(2000):
        writer.write(Applied(revision=revision))
    os.close(write)
    reader.join()
    os.close(read)
    assert len(b"".join(got).splitlines()) == 2000
    assert writer.dropped == 0


def test_a_tap_sees_every_chunk(path: Path) -> None:
    seen: list[bytes] = []
    LogWriter(_open(path), tap=seen.append).write(Applied(revision=1))
    assert b"".join(seen) == path.read_bytes()


@pytest.mark.parametrize(("word", "level"), [("info", Level.INFO), ("WARN", Level.WARNING), ("trace", Level.DEBUG), ("off", Level.OFF)])
def test_level_words_of_the_settings(word: str, level: Level) -> None:
    assert Level.of(word) is level


def test_an_unknown_level_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="'loud' is not a log level; use one of trace, debug, info, warn, warning, error, off"):
        Level.of("loud")
