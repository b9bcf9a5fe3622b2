"""The locks of this repository, as the check sees them."""

from pathlib import Path

from scripts.locks import LISTS, head, lock_problems, problems


def test_the_locks_are_those_of_the_lists() -> None:
    assert problems() == []


def test_a_line_without_hashes_is_told() -> None:
    lock = LISTS / "py3.11" / "model.txt"
    assert lock_problems(lock, "model") == []
    assert "Do not edit" in head("model")


def test_every_python_has_the_same_locks() -> None:
    names = {folder.name: sorted(path.name for path in folder.glob("*.txt")) for folder in LISTS.glob("py3.*")}
    assert len(names) == 4
    assert len({tuple(files) for files in names.values()}) == 1
    assert Path(LISTS / "runtime.in").exists()
