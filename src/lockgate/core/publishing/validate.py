"""
A parsed resources document to resources, with everything that is wrong with it in one report.

Strict (a file, by default): any problem, and there are no resources. Tolerant (the link's rules, ``resources_tolerant``):
a bad row is left out and reported, others go on; unknown fields are read over and counted as partially compatible.
``env`` None reads a document whose texts are final, as they are on the link.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from lockgate.core.providers.sign.reference import reference
from lockgate.core.providers.target import compile_target
from lockgate.core.publishing import pending, rows
from lockgate.core.publishing.identity import id_of, name_of
from lockgate.core.publishing.rows import Context
from lockgate.core.publishing.walk import Report, meant
from lockgate.model.faults import Fault
from lockgate.model.resources.kinds import KINDS
from lockgate.model.snapshot import Partial, Problem, Resources

FORMAT_FIELD, FORMAT = "_format_version", "1"

SERVED = tuple(kind for kind in KINDS if kind not in pending.WHOLE)
"""Kinds whose rows are read; the others are refused as a whole."""


def validate(document: object, env: Mapping[str, str] | None, tolerant: bool = False) -> tuple[Resources | None, list[Problem]]:
    """The resources, or None; and what is wrong, all of it."""
    if not isinstance(document, dict):
        what = "is empty" if document is None else "is not a map of collections"
        return None, [Problem("", "", "", f'The file {what}; it begins with {FORMAT_FIELD}: "{FORMAT}".')]
    if (wrong := _format(document)) is not None:
        return None, [wrong]
    reading = _Reading(document, env, tolerant)
    reading.read()
    if reading.problems and not tolerant:
        return None, reading.problems
    return reading.resources(), reading.problems


def line(problem: Problem) -> str:
    """A problem in one line, as in ``models[2] "gpt-4o": timeout: must be a whole number``."""
    place = f"{problem.kind}[{problem.index}]" if problem.index >= 0 else problem.kind
    name = f' "{problem.entry}"' if problem.entry else ""
    return ": ".join(part for part in (f"{place}{name}", problem.field, problem.sentence) if part)


def _format(document: dict[str, Any]) -> Problem | None:
    version = document.get(FORMAT_FIELD)
    if version == FORMAT:
        return None
    if FORMAT_FIELD not in document:
        sentence = f'is missing; write {FORMAT_FIELD}: "{FORMAT}" at the top'
    elif version == int(FORMAT) and not isinstance(version, bool):
        sentence = f'must be text; write {FORMAT_FIELD}: "{FORMAT}", with the quotes'
    else:
        sentence = f'must be "{FORMAT}", the only format this version reads'
    return Problem("", "", FORMAT_FIELD, sentence)


class _Row:
    """A row on its way: as written with the environment put in, and what has been found."""

    __slots__ = ("id", "index", "kind", "name", "report", "value")

    def __init__(self, kind: str, index: int, value: dict[str, Any], report: Report) -> None:
        self.kind, self.index, self.value, self.report = kind, index, value, report
        self.name, self.id = name_of(kind, value), id_of(kind, value)


class _Reading:
    """One reading of one document."""

    def __init__(self, document: dict[str, Any], env: Mapping[str, str] | None, tolerant: bool) -> None:
        self.document, self.env, self.tolerant = document, env, tolerant
        self.problems: list[Problem] = []
        self.partial: dict[tuple[str, str], int] = {}
        self.done: dict[str, list[Any]] = {}

    def read(self) -> None:
        filled = {kind: self._rows(kind, self.document[kind]) for kind in SERVED if kind in self.document}
        ids = {kind: {row.name: row.id for row in found if row.name} for kind, found in filled.items()}
        context = Context(self.env, self.tolerant, ids)
        for kind in self.document:
            if kind in filled:
                self.done[kind] = self._read_kind(kind, filled[kind], context)
            elif kind in pending.WHOLE:
                self._refuse_kind(kind, self.document[kind])
            elif kind != FORMAT_FIELD:
                self._unknown_kind(kind)
        if not self.problems and not self.tolerant:
            self._dial_all()
        places = {kind: place for place, kind in enumerate(self.document)}
        self.problems.sort(key=lambda problem: (places.get(problem.kind, -1), problem.index))

    def resources(self) -> Resources:
        return Resources(
            provider_keys=tuple(self.done.get("provider_keys", ())),
            models=tuple(self.done.get("models", ())),
            api_keys=tuple(self.done.get("api_keys", ())),
            rejected=tuple(self.problems),
            partial=tuple(Partial(kind, field, count) for (kind, field), count in self.partial.items()),
        )

    def _rows(self, kind: str, collection: object) -> list[_Row]:
        if collection is None or isinstance(collection, list):
            found = []
            for index, value in enumerate(collection or ()):
                report = Report(self.tolerant)
                if isinstance(value, dict):
                    value = rows.fill(kind, value, Context(self.env, self.tolerant), report)
                    found.append(_Row(kind, index, value, report))
                else:
                    self.problems.append(Problem(kind, "", "", "must be a map of fields", index))
            return found
        self.problems.append(Problem(kind, "", "", "must be a list of rows, each beginning with '- '"))
        return []

    def _read_kind(self, kind: str, found: list[_Row], context: Context) -> list[Any]:
        taken: dict[tuple[str, str], _Row] = {}
        done = []
        for row in found:
            value = rows.read(kind, row.value, context, row.report)
            for field, sentence in pending.refusals(kind, row.value):
                row.report.say(field, sentence)
            self._unique(row, taken, getattr(value, "key_hash", ""))
            for field, count in row.report.unknown.items():
                self.partial[kind, field] = self.partial.get((kind, field), 0) + count
            if not row.report.problems:
                done.append(_with_id(value, row.id))
            self.problems.extend(
                Problem(kind, row.name, field, sentence, row.index, row.id) for field, sentence in row.report.problems.items()
            )
        return done

    def _unique(self, row: _Row, taken: dict[tuple[str, str], _Row], key_hash: str) -> None:
        """Names, ids and keys are each used once per kind. Of two rows that share one, the later is wrong."""
        for what, field, mark in (("name", "", row.name), ("id", "id", row.id), ("key", "key_hash", key_hash)):
            first = taken.setdefault((what, mark), row) if mark else row
            if first is not row:
                spot = f"{row.kind}[{first.index}]"
                row.report.say(field or rows.name_field(row.kind), f"is the same {what} as in {spot}; each {what} is used once")
                return

    def _refuse_kind(self, kind: str, collection: object) -> None:
        entries = collection if isinstance(collection, list) else [collection] if collection else []
        for index, value in enumerate(entries if self.tolerant else entries[:1]):
            row = value if isinstance(value, dict) else {}
            name = name_of(kind, row) if self.tolerant else ""
            self.problems.append(Problem(kind, name, "", pending.WHOLE[kind], index if self.tolerant else -1, id_of(kind, row)))

    def _unknown_kind(self, kind: str) -> None:
        if self.tolerant:
            self.partial[kind, ""] = 1
            return
        self.problems.append(Problem(kind, "", "", f"is no collection{meant(kind, KINDS) or '; there are ' + ', '.join(KINDS)}"))

    def _dial_all(self) -> None:
        """A model that could never be dialled is a mistake of the file, not of its first caller."""
        keys = {key.id: key for key in self.done.get("provider_keys", ())}
        for index, model in enumerate(self.done.get("models", ())):
            key = keys.get(model.provider_key_id)
            if key is None:
                continue
            unread = "unread" if reference(key.api_key.reveal()) else None
            target = compile_target(key, model, secret=unread)
            if isinstance(target, Fault):
                field = "provider_key" if model.provider else ""
                sentence = f"makes a model that cannot be dialled. {target.message}"
                self.problems.append(Problem("models", model.display_name, field, sentence, index, model.id))


def _with_id(value: Any, id: str) -> Any:
    return value if value.id == id else msgspec.structs.replace(value, id=id)
