"""
Every golden case of the dialects. A new case is two files beside the others, ``<name>.in.json`` or ``<name>.in.sse`` and
``<name>.out.json`` or ``<name>.out.sse``; nothing is added here.
"""

import json
from pathlib import Path

import pytest
from tests.golden.dialects.rendering import HERE, bytewise, run, whole

CASES = sorted(HERE.rglob("*.in.json"))
STREAMS = sorted(HERE.rglob("*.in.sse"))


def _expected(path: Path) -> object:
    stem = str(path).partition(".in.")[0]
    json_path, sse_path = Path(f"{stem}.out.json"), Path(f"{stem}.out.sse")
    return json.loads(json_path.read_text()) if json_path.exists() else sse_path.read_bytes().decode()


def _name(path: Path) -> str:
    return str(path.relative_to(HERE)).partition(".in.")[0]


@pytest.mark.parametrize("path", CASES, ids=_name)
def test_a_body_is_read_and_written_as_its_case_says(path: Path) -> None:
    assert run(path) == _expected(path)


@pytest.mark.parametrize("path", STREAMS, ids=_name)
def test_a_stream_is_passed_on_as_its_case_says(path: Path) -> None:
    assert run(path, whole) == _expected(path)


@pytest.mark.parametrize("path", STREAMS, ids=_name)
def test_a_stream_in_pieces_of_one_byte_is_the_same_stream(path: Path) -> None:
    assert run(path, bytewise) == _expected(path)


def test_no_file_is_without_its_counterpart() -> None:
    stems = [str(path).rpartition(".out.")[0] for path in HERE.rglob("*.out.*")]
    assert sorted(stems) == sorted(str(path).rpartition(".in.")[0] for path in HERE.rglob("*.in.*"))
