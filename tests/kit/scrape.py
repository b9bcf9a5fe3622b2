"""
A strict reader of the Prometheus text format 0.0.4, for tests.

Stricter than real scrapers: every family has HELP and TYPE exactly once, before its samples, which stand together; no sample
appears twice; histograms are cumulative and end with +Inf; nothing is escaped that need not be.
"""

import re
from collections.abc import Iterator

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
_SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}

Labels = frozenset[tuple[str, str]]


class Scrape:
    """``value("name", label="x")`` is the one sample with exactly these labels; ``total`` adds up all that have at least them."""

    def __init__(self, body: bytes) -> None:
        self.samples: dict[tuple[str, Labels], float] = {}
        self.types: dict[str, str] = {}
        self.helps: dict[str, str] = {}
        text = body.decode()
        assert text == "" or text.endswith("\n"), "the last line is not ended"
        family = ""
        for line in text.split("\n")[:-1]:
            family = self._line(line, family)
        self._check_histograms()

    def value(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]

    def total(self, name: str, **labels: str) -> float:
        wanted = set(labels.items())
        return sum(value for (one, has), value in self.samples.items() if one == name and wanted <= has)

    def labels(self, name: str) -> list[dict[str, str]]:
        return [dict(has) for one, has in self.samples if one == name]

    def names(self) -> set[str]:
        return set(self.types)

    def _line(self, line: str, family: str) -> str:
        if line.startswith("# HELP "):
            name, _, meaning = line[7:].partition(" ")
            assert name not in self.helps, f"{name}: HELP twice"
            assert re.fullmatch(_NAME, name)
            self.helps[name] = meaning
            return name
        if line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            assert name == family, f"{name}: TYPE does not follow its HELP"
            assert name not in self.types
            assert kind in _SUFFIXES
            self.types[name] = kind
            return name
        match = _SAMPLE.fullmatch(line)
        assert match, f"not a sample: {line!r}"
        name, labels, value = match.groups()
        assert family in self.types, f"{name}: no TYPE"
        assert name.removeprefix(family) in _SUFFIXES[self.types[family]], f"{name} stands among the samples of {family}"
        key = name, frozenset(_labels(labels or ""))
        assert key not in self.samples, f"twice: {line!r}"
        self.samples[key] = float(value)
        return family

    def _check_histograms(self) -> None:
        buckets: dict[tuple[str, Labels], list[tuple[float, float]]] = {}
        for (name, labels), value in self.samples.items():
            if name.endswith("_bucket") and self.types.get(name.removesuffix("_bucket")) == "histogram":
                edge = float(dict(labels)["le"])
                rest = frozenset(pair for pair in labels if pair[0] != "le")
                buckets.setdefault((name.removesuffix("_bucket"), rest), []).append((edge, value))
        for (name, labels), pairs in buckets.items():
            pairs.sort()
            assert pairs[-1][0] == float("inf"), f"{name}: no +Inf bucket"
            assert [value for _, value in pairs] == sorted(value for _, value in pairs), f"{name}: not cumulative"
            assert pairs[-1][1] == self.samples[name + "_count", labels]


def _labels(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    seen: set[str] = set()
    while at < len(text):
        match = _LABEL.match(text, at)
        assert match, f"not labels: {text!r}"
        name, value, comma = match.groups()
        assert name not in seen, f"label {name} twice"
        assert comma == "" or match.end() < len(text), "a comma at the end"
        seen.add(name)
        yield name, re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value)
        at = match.end()
