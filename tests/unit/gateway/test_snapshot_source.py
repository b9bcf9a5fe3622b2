"""The file source: taken whole or not at all, watched for ever, whatever goes wrong with one reload."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.kit.house import resources
from tests.kit.loop import run
from tests.kit.until import until

from lockgate.gateway.snapshot_source import FileSource, Refused
from lockgate.model.snapshot import Problem, Snapshot
from lockgate.runtime import tasks


def rows(name: str = "up") -> dict[str, Any]:
    return resources("http://127.0.0.1:9", model={"model_name": name})


def write(path: Path, text: object) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text if isinstance(text, str) else json.dumps(text))
    fresh.replace(path)


def source(folder: Path, text: object = "", *, tolerant: bool = False) -> FileSource:
    path = folder / "resources.yaml"
    write(path, text or rows())
    return FileSource(path, {}, tolerant=tolerant, now_ms=lambda: 7)


def refusal(made: FileSource) -> Refused:
    with pytest.raises(Refused) as caught:
        made.load()
    return caught.value


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    found = refusal(FileSource(tmp_path / "none.yaml", {}, tolerant=False, now_ms=lambda: 0))
    assert found.reason == "unreadable"
    said: list[str] = []
    found.say(said.append)
    assert "No such file" in said[0]


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    document = rows()
    document["models"][0]["timeout"] = "soon"
    document["provider_keys"][0]["api_base"] = 5
    found = refusal(source(tmp_path, document))
    assert found.reason == "invalid"
    assert {problem.field for problem in found.problems} == {"timeout", "api_base"}


def test_numbers_count_what_was_accepted(tmp_path: Path) -> None:
    made = source(tmp_path)
    first = made.load()
    made.accept(first)
    assert (first.number, made.applied_at_ms) == (1, 7)
    write(made.path, rows("other"))
    assert made.load().number == 2
    assert made.load().number == 2


class Watching:
    """A source that is watched; ``applied`` raises what ``trouble`` says."""

    def __init__(self, made: FileSource) -> None:
        self.made = made
        self.applied: list[Snapshot] = []
        self.failures: list[str] = []
        self.trouble: Exception | None = None

    def apply(self, snapshot: Snapshot) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.applied.append(snapshot)

    def during(self, steps: Callable[["Watching"], Any]) -> None:
        async def main() -> None:
            self.made.accept(self.made.load())
            watch = tasks.spawn(
                self.made.watch(lambda snapshot: snapshot, self.apply, lambda failure: self.failures.append(failure.reason)), name="watch"
            )
            try:
                await steps(self)
            finally:
                watch.cancel()

        run(main())


def test_a_change_is_applied_and_equal_content_is_not(tmp_path: Path) -> None:
    async def steps(seen: Watching) -> None:
        write(seen.made.path, rows("other"))
        await until(lambda: len(seen.applied) == 1)
        write(seen.made.path, json.dumps(rows("other"), indent=1))
        write(seen.made.path, rows("third"))
        await until(lambda: len(seen.applied) == 2)
        assert [snapshot.number for snapshot in seen.applied] == [2, 3]

    Watching(source(tmp_path)).during(steps)


def test_being_woken_applies_what_is_served_once_more(tmp_path: Path) -> None:
    async def steps(seen: Watching) -> None:
        seen.made.wake()
        await until(lambda: seen.applied)
        assert seen.applied == [seen.made.snapshot]
        assert seen.made.snapshot is not None
        assert seen.made.snapshot.number == 1

    Watching(source(tmp_path)).during(steps)


@pytest.mark.parametrize("trouble", [Refused("invalid", [Problem("models", "x", "", "no")]), ValueError("a bug that quotes SECRET")])
def test_what_goes_wrong_in_applying_keeps_the_last_good_one_and_the_watch(trouble: Exception, tmp_path: Path) -> None:
    async def steps(seen: Watching) -> None:
        reported: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(str(context["exception"])))
        seen.trouble = trouble
        write(seen.made.path, rows("other"))
        await until(lambda: seen.failures)
        assert seen.failures == ["invalid" if isinstance(trouble, Refused) else "internal"]
        assert seen.made.failure is not None
        assert seen.made.snapshot is not None
        assert seen.made.snapshot.number == 1
        assert len(reported) == (0 if isinstance(trouble, Refused) else 1)
        assert "SECRET" not in "".join(reported)
        seen.trouble = None
        write(seen.made.path, rows("third"))
        await until(lambda: seen.applied)
        assert seen.made.failure is None

    Watching(source(tmp_path)).during(steps)
