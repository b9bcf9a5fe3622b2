"""
``lockgate usage``: what the usage records of a gateway on this machine add up to, as a table, JSON or CSV.

Reads the record spool without disturbing the gateway that writes it. Records hold ids; display names and prices come from
a resources file when one is given. The result goes to standard output, everything else to standard error.
The wiring of the command is in ``main.py``.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from lockgate.cli.usage_table import FORMATS, Line
from lockgate.core.metering.pricing import Rates, compile_rates
from lockgate.core.metering.tally import COLUMNS, Tally
from lockgate.core.publishing.compile import compile as compile_snapshot
from lockgate.core.publishing.document import DocumentError, parse
from lockgate.core.publishing.validate import validate
from lockgate.gateway.spool import Damage, read
from lockgate.model.records import Intent, Settlement
from lockgate.runtime.clock import Clock, SystemClock

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PROGRESS_AFTER_S = 2.0
_PROGRESS_EVERY = 20_000


class Misused(ValueError):
    """The command line asks for something there is not, in a sentence."""


class Book(NamedTuple):
    """What a resources file adds to the records."""

    key_names: Mapping[str, str] = {}
    model_names: Mapping[str, str] = {}
    rates: Mapping[str, Rates] = {}
    """By model id; models without a cost are missing."""
    priced: bool = False
    """A resources file was given, so that there is a column of costs."""


GROUPS: dict[str, Callable[[Intent, Settlement | None, Book], str]] = {
    "key": lambda intent, _, book: book.key_names.get(intent.api_key_id, intent.api_key_id),
    "model": lambda intent, _, book: book.model_names.get(intent.model_id, intent.model_name),
    "requested_model": lambda intent, _, book: intent.requested_model,
    "provider": lambda intent, _, book: intent.provider,
    "provider_key": lambda intent, _, book: intent.provider_key_id,
    "team": lambda intent, _, book: intent.team_id,
    "user": lambda intent, _, book: intent.user_id,
    "operation": lambda intent, _, book: intent.operation,
    "error": lambda _, settlement, book: settlement.error_class if settlement is not None else "open",
    "day": lambda intent, _, book: _moment(intent.at_ms).strftime("%Y-%m-%d"),
}
"""What lines can be made by, in ``--by``."""


def usage(
    folder: Path,
    *,
    by: str = "key,model",
    since: str = "",
    key: str = "",
    model: str = "",
    sort: str = "",
    form: str = "table",
    resources: Path | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> int:
    """
    Exit status: 0, 1 when something cannot be read, 2 when an argument makes no sense.

    ``by``: names of GROUPS with commas. ``since``: 30m, 24h, 7d, 2w, or a date or time in UTC. ``key``, ``model``: id or
    name, with ``*``. ``sort``: a column. ``form``: table, json or csv.
    """
    clock = clock or SystemClock()
    try:
        groups = _groups(by)
        if form not in FORMATS:
            raise Misused(f"There is no format '{form}'; there are {', '.join(FORMATS)}.")
        since_ms = since_ms_of(since, clock.now_ms())
        book = _book(resources, environ or {})
        _check_sort(sort, groups, book)
        folders = folders_of(folder)
        if not folders:
            print(_nothing_at(folder), file=sys.stderr)
            return 1
        entries = _with_progress(_entries(folders), clock)
        tallies = tally(entries, groups, book, _wanted(since_ms, key, model, book))
    except Misused as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The usage records cannot be read: {error}", file=sys.stderr)
        return 1
    lines = _sorted([Line(names, sums) for names, sums in tallies.items()], sort, groups)
    if not lines:
        print(f"No usage record in {folder} is asked for by these options.", file=sys.stderr)
    FORMATS[form](groups, lines, book.priced, sys.stdout)
    return 0


def tally(
    entries: Iterable[tuple[Intent, Settlement | None]],
    groups: Sequence[str],
    book: Book,
    wanted: Callable[[Intent], bool],
) -> dict[tuple[str, ...], Tally]:
    """Sums per combination of the groups."""
    namers = [GROUPS[group] for group in groups]
    tallies: dict[tuple[str, ...], Tally] = {}
    for intent, settlement in entries:
        if not wanted(intent):
            continue
        names = tuple([namer(intent, settlement, book) for namer in namers])
        sums = tallies.get(names)
        if sums is None:
            sums = tallies[names] = Tally()
        sums.add(settlement, book.rates.get(intent.model_id))
    return tallies


def since_ms_of(text: str, now_ms: int) -> int:
    """The instant that ``--since`` names; 0 for none."""
    if not text:
        return 0
    if text[-1] in _UNITS_S and text[:-1].isdecimal():
        return now_ms - int(text[:-1]) * _UNITS_S[text[-1]] * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Misused(f"'{text}' is no time: write 30m, 24h, 7d, 2w, 2026-01-31 or 2026-01-31T08:00 (UTC).") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def folders_of(folder: Path) -> list[Path]:
    """The folder itself, and those right below it that hold records (a worker's each)."""
    if not folder.is_dir():
        return []
    candidates = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    return [path for path in candidates if any(path.glob("*.spool"))]


def _entries(folders: Sequence[Path]) -> Iterator[tuple[Intent, Settlement | None]]:
    for folder in folders:
        yield from read(folder, lambda damage, folder=folder: _warn(folder, damage))  # type: ignore[misc]


def _warn(folder: Path, damage: Damage) -> None:
    print(f"Warning: {folder}/{damage.sentence()}.", file=sys.stderr)


def _with_progress(entries: Iterator[tuple[Intent, Settlement | None]], clock: Clock) -> Iterator[tuple[Intent, Settlement | None]]:
    """The same, with a count on a terminal's last line when it takes long."""
    if not sys.stderr.isatty():
        yield from entries
        return
    begun_s, shown = clock.ticks(), False
    for number, entry in enumerate(entries, 1):
        if number % _PROGRESS_EVERY == 0 and clock.ticks() - begun_s > _PROGRESS_AFTER_S:
            print(f"\r{number:,} attempts read", end="", file=sys.stderr, flush=True)
            shown = True
        yield entry
    if shown:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _wanted(since_ms: int, key: str, model: str, book: Book) -> Callable[[Intent], bool]:
    def is_wanted(intent: Intent) -> bool:
        if intent.at_ms < since_ms:
            return False
        if key and not _matches(key, intent.api_key_id, book.key_names):
            return False
        return not model or fnmatchcase(intent.model_name, model) or _matches(model, intent.model_id, book.model_names)

    return is_wanted


def _matches(pattern: str, id_: str, names: Mapping[str, str]) -> bool:
    return fnmatchcase(id_, pattern) or fnmatchcase(names.get(id_, id_), pattern)


def _groups(by: str) -> list[str]:
    groups = [group.strip() for group in by.split(",")]
    for group in groups:
        if group not in GROUPS:
            raise Misused(f"Usage cannot be shown by '{group}'; it can by {', '.join(GROUPS)}.")
    return groups


def _check_sort(sort: str, groups: Sequence[str], book: Book) -> None:
    columns = (*groups, *COLUMNS, *(("cost",) if book.priced else ()))
    if sort and sort not in columns:
        needs = " A cost needs --resources." if sort == "cost" else ""
        raise Misused(f"There is no column '{sort}' to sort by; there are {', '.join(columns)}.{needs}")


def _sorted(lines: list[Line], sort: str, groups: Sequence[str]) -> list[Line]:
    """By names from A to Z, by counts from the largest; by attempts when nothing is asked for."""
    lines.sort(key=lambda line: line.names)
    if sort in groups:
        place = groups.index(sort)
        lines.sort(key=lambda line: line.names[place])
    else:
        lines.sort(key=lambda line: getattr(line.tally, sort or "attempts"), reverse=True)
    return lines


def _book(path: Path | None, environ: Mapping[str, str]) -> Book:
    """Names and rates. Rows that cannot be used here (their secrets may be elsewhere) are passed over."""
    if path is None:
        return Book()
    try:
        resources, problems = validate(parse(path.read_bytes(), path.suffix), environ, tolerant=True)
    except OSError as error:
        raise Misused(f"{path} cannot be read: {error.strerror}.") from None
    except DocumentError as error:
        raise Misused(f"{path}: {error}") from None
    if resources is None:
        raise Misused(f"{path}: {problems[0].sentence}.")
    snapshot = compile_snapshot(resources, 1)
    rates = ((id_, compile_rates(row.cost)) for id_, row in snapshot.models.items())
    return Book(
        {id_: row.display_name for id_, row in snapshot.api_keys.items() if row.display_name},
        {id_: row.display_name for id_, row in snapshot.models.items()},
        {id_: rate for id_, rate in rates if rate is not None},
        priced=True,
    )


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _nothing_at(folder: Path) -> str:
    if not folder.is_dir():
        return f"There is no folder {folder}. It is 'metering.spool_dir' of a gateway's settings, and 'spool' in the data folder of lockgate up."
    return f"There are no usage records in {folder} yet: a gateway writes one for every attempt at a provider."
