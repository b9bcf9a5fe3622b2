"""
Metrics: plain integers in dictionaries, turned into Prometheus text (format 0.0.4) only when somebody scrapes.

A ``Family`` has a name without prefix, fixed label names, and one sample per tuple of label values. Samples are numbers,
``Histogram`` (fixed edges) or ``Sketch`` (a summary: sum, count, and quantiles within 2 %, from integer counts in
logarithmic buckets). All of them add up, so a parent process can render the sum of its workers.
Label values come from bounded sets: ids of resources, names of rows, words; never from what a caller wrote.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from math import ceil, exp, isfinite, log

import msgspec

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
_GAMMA = 1.04  # the middle of a bucket is within 2 % of whatever fell into it
_SCALE = 1 / log(_GAMMA)
_LEAST = 1e-9
_EDGES_MOST = 64


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


class Join(StrEnum):
    """How the samples of several processes become one."""

    SUM = "sum"
    LEAST = "least"
    MOST = "most"


class Sketch(msgspec.Struct, array_like=True, gc=False, tag="s"):
    """A distribution of non-negative numbers: ``buckets[i]`` counts those in (γ^(i-1), γ^i]."""

    count: int = 0
    sum: float = 0.0
    buckets: dict[int, int] = msgspec.field(default_factory=dict)

    def observe(self, value: float) -> None:
        self.count += 1
        self.sum += value
        at = ceil(log(value) * _SCALE) if value > _LEAST else _ZERO
        buckets = self.buckets
        buckets[at] = buckets.get(at, 0) + 1

    def quantile(self, q: float) -> float:
        """NaN when nothing was observed, as Prometheus clients say it."""
        return self.quantiles((q,))[0]

    def quantiles(self, wanted: Sequence[float]) -> list[float]:
        """For quantiles in ascending order."""
        if not self.count:
            return [float("nan")] * len(wanted)
        found: list[float] = []
        seen, value = 0, 0.0
        buckets = iter(sorted(self.buckets.items()))
        for q in wanted:
            rank = max(1, ceil(q * self.count))
            while seen < rank:
                at, count = next(buckets)
                seen += count
                value = 0.0 if at == _ZERO else _middle(at)
            found.append(value)
        return found

    def add(self, other: "Sketch") -> None:
        self.count += other.count
        self.sum += other.sum
        for at, count in other.buckets.items():
            self.buckets[at] = self.buckets.get(at, 0) + count


_ZERO = ceil(log(_LEAST) * _SCALE)


def _middle(at: int) -> float:
    return 2 * exp(at / _SCALE) / (1 + _GAMMA)


class Histogram(msgspec.Struct, array_like=True, gc=False, tag="h"):
    """Counts per bucket (not cumulated); the last one is for what exceeds the last edge."""

    edges: tuple[float, ...]
    counts: list[int]
    sum: float = 0.0

    @classmethod
    def of(cls, edges: tuple[float, ...]) -> "Histogram":
        return cls(edges, [0] * (len(edges) + 1))

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.edges, value)] += 1
        self.sum += value

    def add(self, other: "Histogram") -> None:
        if other.edges != self.edges:
            raise ValueError("histograms with different edges do not add up")
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum


def checked_edges(edges: Sequence[float], setting: str) -> tuple[float, ...]:
    """The edges of a setting; raises ValueError with a sentence."""
    if not 1 <= len(edges) <= _EDGES_MOST:
        raise ValueError(f"{setting} needs 1 to {_EDGES_MOST} edges")
    if not all(isfinite(edge) and edge > 0 for edge in edges):
        raise ValueError(f"{setting}: every edge must be a positive, finite number of seconds")
    if any(a >= b for a, b in pairwise(edges)):
        raise ValueError(f"{setting}: edges must be strictly ascending")
    return tuple(float(edge) for edge in edges)


Sample = int | float | Histogram | Sketch
Labels = tuple[str, ...]


class Series(msgspec.Struct, frozen=True):
    """What is fixed about a family: its row in the reference. ``name`` has no prefix."""

    name: str
    kind: Kind
    labels: Labels
    meaning: str
    join: Join = Join.SUM


class Family:
    """A series with its samples. ``read`` (gauges) is asked for more samples at each scrape."""

    __slots__ = ("read", "samples", "series")

    def __init__(self, series: Series, read: Callable[[], Mapping[Labels, int | float]] | None = None) -> None:
        self.series = series
        self.samples: dict[Labels, Sample] = {}
        self.read = read

    def count(self, *values: str, by: int | float = 1) -> None:
        """Counters and gauges: adds."""
        at = self.samples.get(values, 0)
        assert isinstance(at, (int, float))
        self.samples[values] = at + by

    def set(self, value: int | float, *values: str) -> None:
        """Gauges: replaces."""
        self.samples[values] = value

    def sketch(self, values: Labels) -> Sketch:
        """Summaries: the sample, made when it is new."""
        found = self.samples.get(values)
        if found is None:
            found = self.samples[values] = Sketch()
        assert isinstance(found, Sketch)
        return found

    def clear(self) -> None:
        self.samples.clear()

    def all(self) -> dict[Labels, Sample]:
        return {**self.samples, **self.read()} if self.read else self.samples

    def join(self, others: Mapping[Labels, Sample]) -> None:
        """Takes in the samples of another process."""
        for values, other in others.items():
            mine = self.samples.get(values)
            if isinstance(other, Histogram):
                self._histogram(values, other).add(other)
            elif isinstance(other, Sketch):
                self.sketch(values).add(other)
            elif mine is None:
                self.samples[values] = other
            else:
                assert isinstance(mine, (int, float))
                self.samples[values] = _JOINS[self.series.join](mine, other)

    def _histogram(self, values: Labels, like: Histogram) -> Histogram:
        found = self.samples.get(values)
        if found is None:
            found = self.samples[values] = Histogram.of(like.edges)
        assert isinstance(found, Histogram)
        return found


def _sum(a: int | float, b: int | float) -> int | float:
    return a + b


_JOINS: dict[Join, Callable[[int | float, int | float], int | float]] = {Join.SUM: _sum, Join.LEAST: min, Join.MOST: max}


def dump(families: Iterable[Family]) -> bytes:
    """All samples, for another process of the same version to join."""
    return msgspec.msgpack.encode([(family.series.name, list(family.all().items())) for family in families])


_read_dump = msgspec.msgpack.Decoder(list[tuple[str, list[tuple[Labels, Sample]]]]).decode


def joined(series: Iterable[Series], dumps: Iterable[bytes]) -> list[Family]:
    """The families of several processes as one; what a dump says of an unknown series is ignored."""
    families = {one.name: Family(one) for one in series}
    for one in dumps:
        for name, samples in _read_dump(one):
            family = families.get(name)
            if family is not None:
                family.join(dict(samples))
    return list(families.values())


def render(families: Iterable[Family], prefix: str) -> bytes:
    """The scrape body. Families without samples are left out."""
    return b"".join(rendering(families, prefix))


def rendering(families: Iterable[Family], prefix: str, most: int = 100) -> Iterator[bytes]:
    """The scrape body in pieces of at most ``most`` samples, for a loop that must not stand still for all of it."""
    for family in families:
        samples = list(family.all().items())
        if not samples:
            continue
        series = family.series
        name = prefix + series.name
        out = [f"# HELP {name} {_help(series.meaning)}\n# TYPE {name} {series.kind}\n"]
        for at, (values, sample) in enumerate(samples, 1):
            _sample(out, name, labels_text(series.labels, values), sample)
            if at % most == 0:
                yield "".join(out).encode()
                out.clear()
        yield "".join(out).encode()


def _sample(out: list[str], name: str, labels: str, sample: Sample) -> None:
    if isinstance(sample, Sketch):
        comma = "," if labels else ""
        for q, value in zip(QUANTILES, sample.quantiles(QUANTILES), strict=True):
            out.append(f'{name}{{{labels}{comma}quantile="{q}"}} {number(value)}\n')
        sum_, count = sample.sum, sample.count
    elif isinstance(sample, Histogram):
        comma = "," if labels else ""
        count = 0
        for edge, here in zip((*sample.edges, float("inf")), sample.counts, strict=True):
            count += here
            out.append(f'{name}_bucket{{{labels}{comma}le="{number(edge)}"}} {count}\n')
        sum_ = sample.sum
    else:
        out.append(f"{name}{{{labels}}} {number(sample)}\n" if labels else f"{name} {number(sample)}\n")
        return
    braces = f"{{{labels}}}" if labels else ""
    out.append(f"{name}_sum{braces} {number(sum_)}\n{name}_count{braces} {count}\n")


def number(value: int | float) -> str:
    """A number as Go's ParseFloat reads it."""
    if value.__class__ is int:
        return str(value)
    if isfinite(value):
        return repr(float(value))
    return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"


@lru_cache(maxsize=16384)
def labels_text(names: Labels, values: Labels) -> str:
    """``a="1",b="2"`` with values escaped."""
    return ",".join(f'{name}="{escaped(value)}"' for name, value in zip(names, values, strict=True))


def escaped(value: str) -> str:
    """A label value: backslash, quote and line feed are escaped, what UTF-8 cannot hold is replaced."""
    if not value.isprintable() or not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _help(meaning: str) -> str:
    return meaning.replace("\\", "\\\\").replace("\n", "\\n")
