"""Reads the cases of this folder; README.md describes the format."""

import re
from pathlib import Path
from typing import NamedTuple

_REPEATED = re.compile(r"\{([^{}]*)\*(\d+)\}")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([rnt\\]))")
_PLAIN = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


class Case(NamedTuple):
    name: str
    rfc: str
    statuses: tuple[frozenset[int], ...]
    """For each answer, the statuses that are right."""
    keeps: bool
    raw: bytes


def cases(folder: Path = Path(__file__).parent) -> list[Case]:
    return [case for file in sorted(folder.glob("*.txt")) for case in _read(file)]


def _read(file: Path) -> list[Case]:
    _, *blocks = re.split(r"^== ", file.read_text("utf-8"), flags=re.MULTILINE)
    return [_case(file.stem, block) for block in blocks]


def _case(stem: str, block: str) -> Case:
    first, *lines = block.split("\n")
    name, rfc, expectation = (part.strip() for part in first.split("|"))
    *answers, end = expectation.split()
    if end not in ("keep", "close") or not answers:
        raise ValueError(f"{stem}: {name}: no expectation")
    statuses = tuple(frozenset(int(status) for status in answer.split("/")) for answer in answers)
    return Case(f"{stem}: {name}", rfc, statuses, end == "keep", _bytes("".join(lines)))


def _bytes(text: str) -> bytes:
    text = _REPEATED.sub(lambda found: found[1] * int(found[2]), text)
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _PLAIN[found[2]], text).encode("latin-1")
