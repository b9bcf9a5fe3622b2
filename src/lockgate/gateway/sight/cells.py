"""
Cells: the integers of all exchanges that share one full set of labels. An ending exchange finds its cell with one dictionary
lookup and adds to it; the twenty families that count exchanges are made from the cells at each scrape.

The lookup key holds the identities of the principal and of the target's labels, objects that a snapshot made once; ``forget``
is called when a snapshot is replaced, so that renamed rows get cells of their own. The number of cells is bounded: beyond it
callers are counted together as ``overflow``.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lockgate.gateway.sight import series
from lockgate.gateway.sight.facts import Finished, Outcome, TargetLabels
from lockgate.model.principal import Principal
from lockgate.model.records import AttemptKind
from lockgate.runtime.metrics import Family, Histogram, Labels, Series, Sketch

UNRESOLVED = "unresolved"
_CELLS_MOST = 20_000
_NEAR_MOST = 8_192
_STEP = 50
_NO_TARGET = TargetLabels("", "", "", "", "")
_NOBODY = Principal("")
_OVERFLOW = Principal("overflow", team_id="overflow", user_id="overflow", user_name="overflow")


class CellLabels(NamedTuple):
    """The order is that of ``series.FULL``; the last field is no label there."""

    endpoint: str
    inbound_protocol: str
    provider: str
    model: str
    upstream_model: str
    provider_key_id: str
    provider_key_name: str
    api_key_id: str
    team_id: str
    user_id: str
    user_name: str
    stream: str
    is_fallback: str
    status: str
    outcome: str
    operation: str


class Cell:
    """``e2e`` and ``first`` are shared with the cells that differ only in labels which the histograms lack."""

    __slots__ = ("e2e", "first", "input", "labels", "output", "records", "requests", "seconds", "spend", "ttft")

    def __init__(self, labels: CellLabels, e2e: Histogram, first: Histogram) -> None:
        self.labels = labels
        self.requests = self.records = self.input = self.output = self.spend = 0
        self.seconds = Sketch()
        self.ttft = Sketch()
        self.e2e, self.first = e2e, first


NearKey = tuple[str, str, int, int, bool, bool, int, Outcome]


class Cells:
    __slots__ = ("_all", "_e2e", "_e2e_edges", "_first", "_first_edges", "_kept", "_most", "_near")

    def __init__(self, e2e_edges: tuple[float, ...], first_edges: tuple[float, ...], most: int = _CELLS_MOST) -> None:
        self._near: dict[NearKey, Cell] = {}
        self._kept: list[tuple[Principal | None, TargetLabels | None]] = []
        self._all: dict[CellLabels, Cell] = {}
        self._e2e: dict[Labels, Histogram] = {}
        self._first: dict[Labels, Histogram] = {}
        self._e2e_edges, self._first_edges = e2e_edges, first_edges
        self._most = most

    def of(self, facts: Finished) -> Cell:
        principal, target, attempts = facts.principal, facts.target, facts.attempts
        fallback = bool(attempts) and attempts[-1].kind is AttemptKind.FALLBACK
        key = (facts.endpoint, facts.model, id(principal), id(target), facts.stream, fallback, facts.status, facts.outcome)
        cell = self._near.get(key)
        if cell is None:
            cell = self._find(facts, fallback=fallback)
            if len(self._near) >= _NEAR_MOST:
                self.forget()
            self._near[key] = cell
            # Kept alive, so that no other object gets an identity that is part of a key.
            self._kept.append((principal, target))
        return cell

    def forget(self) -> None:
        """Drops what depends on identities; no count is lost."""
        self._near.clear()
        self._kept.clear()

    def _find(self, facts: Finished, *, fallback: bool) -> Cell:
        principal = facts.principal or _NOBODY
        if len(self._all) >= self._most:
            principal = _OVERFLOW
        target = facts.target or _NO_TARGET
        asked = facts.operation is not None
        labels = CellLabels(
            facts.endpoint,
            facts.inbound_protocol,
            target.provider,
            facts.model or (UNRESOLVED if asked else ""),
            target.upstream_model,
            target.provider_key_id,
            target.provider_key_name,
            principal.api_key_id,
            principal.team_id,
            principal.user_id,
            principal.user_name,
            "true" if facts.stream else "false",
            "true" if fallback else "false",
            str(facts.status),
            facts.outcome.value,
            "" if facts.operation is None else facts.operation.value,
        )
        cell = self._all.get(labels)
        if cell is None:
            short = (labels.endpoint, labels.model, labels.provider, class_of(labels.status), labels.stream)
            e2e = self._e2e.setdefault(short, Histogram.of(self._e2e_edges))
            first = self._first.setdefault(short, Histogram.of(self._first_edges))
            cell = self._all[labels] = Cell(labels, e2e, first)
        return cell

    def gather(self, made: dict[str, Family]) -> Iterator[None]:
        """Adds all cells to fresh families, in steps; those that count per attempt and per client are not made here."""
        for at, (labels, cell) in enumerate(list(self._all.items()), 1):
            _add(made, labels, cell)
            if at % _STEP == 0:
                yield
        made[series.E2E.name].samples.update(self._e2e)
        made[series.TTFT.name].samples.update((key, h) for key, h in self._first.items() if any(h.counts))


def _add(made: dict[str, Family], labels: CellLabels, cell: Cell) -> None:
    def count(one: Series, values: Labels, by: int | float) -> None:
        if by:
            made[one.name].count(*values, by=by)

    full, tokens = labels[:15], labels[:11]
    provider, model, status = labels.provider, labels.model, labels.status
    count(series.REQUESTS, (provider, model, status, labels.outcome), cell.requests)
    made[series.REQUEST_DURATION.name].sketch((provider, model, status)).add(cell.seconds)
    count(series.PROXY_REQUESTS, full, cell.requests)
    made[series.PROXY_DURATION.name].sketch(full).add(cell.seconds)
    if labels.outcome == Outcome.FAILURE:
        count(series.PROXY_FAILED, full, cell.requests)
    elif labels.outcome == Outcome.CANCELLED:
        count(series.CANCELLED, (labels.endpoint, model, labels.provider_key_id, labels.provider_key_name), cell.requests)
    if not labels.operation:
        return
    count(series.LLM_REQUESTS, full, cell.requests)
    made[series.LLM_DURATION.name].sketch(full).add(cell.seconds)
    count(series.LLM_INPUT, tokens, cell.input)
    count(series.LLM_OUTPUT, tokens, cell.output)
    count(series.LLM_TOTAL, tokens, cell.input + cell.output)
    count(series.LLM_SPEND, tokens, cell.spend / 1000)
    count(series.CONSUMED, (provider, model), cell.input + cell.output)
    if cell.ttft.count:
        made[series.LLM_TTFT.name].sketch(tokens).add(cell.ttft)
    where = (labels.operation, class_of(status), labels.inbound_protocol, model, labels.provider_key_id, labels.provider_key_name)
    count(series.EVENTS, where, cell.records)


def class_of(status: str) -> str:
    return f"{status[:1]}xx"
