"""
Lines of usage as a table for people, as JSON or as CSV for programs. Counterpart: usage.py, which makes the lines.

People read dollars; programs get whole nano-dollars, and how many attempts have no price beside them.
"""

import csv
import json
from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO

from lockgate.core.metering.tally import COLUMNS, Tally
from lockgate.model.money import NANO_PER_DOLLAR

_UNPRICED = "unpriced"


class Line(NamedTuple):
    names: tuple[str, ...]
    tally: Tally


Writer = Callable[[Sequence[str], Sequence[Line], bool, TextIO], None]
"""(groups, lines, whether there are prices, where to)."""


def dollars(tally: Tally) -> str:
    """Costs to the micro-dollar, marked with ``+`` where attempts without a price are missing from it."""
    if tally.unpriced and not tally.cost:
        return _UNPRICED
    micros = (tally.cost + 500) // 1000
    whole, part = divmod(micros, NANO_PER_DOLLAR // 1000)
    return f"${whole:,}.{part:06d}{'+' if tally.unpriced else ''}"


def write_table(groups: Sequence[str], lines: Sequence[Line], priced: bool, out: TextIO) -> None:
    head = [*groups, *COLUMNS, *(["cost"] if priced else [])]
    rows = [[*(_shown(name) for name in line.names), *_cells(line.tally, priced)] for line in lines]
    rows.append(["total", *[""] * (len(groups) - 1), *_cells(_total(lines), priced)])
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, ["-" * width for width in widths], *rows):
        cells = (cell.ljust(w) if column < len(groups) else cell.rjust(w) for column, (cell, w) in enumerate(zip(row, widths, strict=True)))
        print("  ".join(cells).rstrip(), file=out)
    if priced and _total(lines).unpriced:
        print(f"\n{_UNPRICED}, +: models without a cost in the resources file; their usage is not in the cost.", file=out)


def write_json(groups: Sequence[str], lines: Sequence[Line], priced: bool, out: TextIO) -> None:
    document = {
        "lines": [dict(zip(groups, line.names, strict=True)) | _facts(line.tally, priced) for line in lines],
        "total": _facts(_total(lines), priced),
    }
    print(json.dumps(document, indent=2, ensure_ascii=False), file=out)


def write_csv(groups: Sequence[str], lines: Sequence[Line], priced: bool, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*groups, *_facts(Tally(), priced)])
    for line in lines:
        writer.writerow([*line.names, *_facts(line.tally, priced).values()])


FORMATS: dict[str, Writer] = {"table": write_table, "json": write_json, "csv": write_csv}


def _shown(name: str) -> str:
    """Names come from callers too: nothing in them may steer the terminal."""
    return "".join(c if c.isprintable() else "?" for c in name) or "-"


def _cells(tally: Tally, priced: bool) -> list[str]:
    return [f"{getattr(tally, name):,}" for name in COLUMNS] + ([dollars(tally)] if priced else [])


def _facts(tally: Tally, priced: bool) -> dict[str, int]:
    facts = {name: getattr(tally, name) for name in COLUMNS}
    return facts | {"cost_nano_dollars": tally.cost, "unpriced": tally.unpriced} if priced else facts


def _total(lines: Sequence[Line]) -> Tally:
    total = Tally()
    for line in lines:
        total.include(line.tally)
    return total
