"""Metrics add up, their quantiles are close, and what is rendered is what a strict reader and Prometheus' own accept."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as some
from prometheus_client.parser import text_string_to_metric_families
from tests.kit.scrape import Scrape

from lockgate.runtime.metrics import (
    QUANTILES,
    Family,
    Histogram,
    Join,
    Kind,
    Series,
    Sketch,
    checked_edges,
    dump,
    joined,
    number,
    render,
)

_COUNTER = Series("seen_total", Kind.COUNTER, ("colour",), "Things seen.")
_GAUGE = Series("depth", Kind.GAUGE, (), "How deep.")
_SUMMARY = Series("wait_seconds", Kind.SUMMARY, ("colour",), "Waiting.")
_HISTOGRAM = Series("size", Kind.HISTOGRAM, ("colour",), "Sizes.")


def _one(series: Series, *values: str, sample: int | float | Histogram | Sketch) -> Family:
    family = Family(series)
    family.samples[values] = sample
    return family


def test_a_counter_is_rendered_with_prefix_help_and_type() -> None:
    family = Family(_COUNTER)
    family.count("red")
    family.count("red", by=2)
    assert render([family], "lockgate_") == (
        b'# HELP lockgate_seen_total Things seen.\n# TYPE lockgate_seen_total counter\nlockgate_seen_total{colour="red"} 3\n'
    )


def test_a_family_without_labels_has_no_braces() -> None:
    family = Family(_GAUGE)
    family.set(1.5)
    assert render([family], "p_").endswith(b"\np_depth 1.5\n")


def test_a_family_without_samples_is_left_out() -> None:
    assert render([Family(_COUNTER)], "p_") == b""


def test_a_gauge_can_be_read_when_it_is_scraped() -> None:
    depth = 4
    family = Family(_GAUGE, lambda: {(): depth})
    assert Scrape(render([family], "")).value("depth") == 4
    depth = 5
    assert Scrape(render([family], "")).value("depth") == 5


def test_a_histogram_counts_a_value_on_an_edge_below_it() -> None:
    histogram = Histogram.of((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value)
    scrape = Scrape(render([_one(_HISTOGRAM, "red", sample=histogram)], ""))
    assert [scrape.value("size_bucket", colour="red", le=le) for le in ("0.1", "1.0", "+Inf")] == [2, 3, 4]
    assert scrape.value("size_count", colour="red") == 4
    assert scrape.value("size_sum", colour="red") == pytest.approx(7.65)


def test_a_summary_has_its_quantiles_sum_and_count() -> None:
    sketch = Sketch()
    for value in range(1, 1001):
        sketch.observe(value / 1000)
    scrape = Scrape(render([_one(_SUMMARY, "red", sample=sketch)], ""))
    for q in QUANTILES:
        assert scrape.value("wait_seconds", colour="red", quantile=str(q)) == pytest.approx(q, rel=0.021)
    assert scrape.value("wait_seconds_count", colour="red") == 1000
    assert scrape.value("wait_seconds_sum", colour="red") == pytest.approx(500.5)


def test_an_empty_summary_has_no_quantiles() -> None:
    assert math.isnan(Sketch().quantile(0.5))


@given(some.lists(some.floats(min_value=1e-6, max_value=1e7), min_size=1, max_size=200), some.sampled_from(QUANTILES))
def test_a_quantile_is_within_five_percent_of_the_true_one(values: list[float], q: float) -> None:
    sketch = Sketch()
    for value in values:
        sketch.observe(value)
    true = sorted(values)[max(1, math.ceil(q * len(values))) - 1]
    assert sketch.quantile(q) == pytest.approx(true, rel=0.05)


def test_nothing_and_less_than_nothing_fall_into_the_bucket_of_zero() -> None:
    sketch = Sketch()
    sketch.observe(0.0)
    sketch.observe(-1.0)
    assert sketch.quantile(0.99) == 0.0
    assert sketch.count == 2


@given(some.text(max_size=20))
def test_every_label_value_survives_the_round_trip(value: str) -> None:
    family = Family(_COUNTER)
    family.count(value)
    body = render([family], "")
    (labels,) = Scrape(body).labels("seen_total")
    assert labels["colour"] == value.encode("utf-8", "replace").decode()


def test_prometheus_own_parser_reads_the_same() -> None:
    rolls = random.Random(7)
    sketch, histogram = Sketch(), Histogram.of((0.1, 1.0, 10.0))
    for _ in range(100):
        sketch.observe(rolls.lognormvariate(0, 1))
        histogram.observe(rolls.lognormvariate(0, 1))
    odd = 'a"b\\c\nd\\n,e="f"}'
    families = [
        _one(_COUNTER, odd, sample=3),
        _one(_GAUGE, sample=float("inf")),
        _one(_SUMMARY, "red", sample=sketch),
        _one(_HISTOGRAM, "red", sample=histogram),
    ]
    body = render(families, "lockgate_")
    ours = Scrape(body).samples
    theirs = {}
    for parsed in text_string_to_metric_families(body.decode()):
        assert parsed.documentation
        for sample in parsed.samples:
            theirs[sample.name, frozenset(sample.labels.items())] = sample.value
    assert ours == theirs
    assert len(ours) == 1 + 1 + 7 + 6


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (2**70, str(2**70)), (0.5, "0.5"), (1e22, "1e+22"), (float("-inf"), "-Inf"), (float("nan"), "NaN")]
)
def test_numbers_are_written_as_go_reads_them(value: float, text: str) -> None:
    assert number(value) == text


def test_the_dumps_of_two_processes_join_into_one() -> None:
    def process(colour: str, depth: int, waits: list[float]) -> bytes:
        counter, gauge = Family(_COUNTER), Family(_GAUGE)
        counter.count("red", by=2)
        counter.count(colour)
        gauge.set(depth)
        sketch, histogram = Sketch(), Histogram.of((0.1, 1.0))
        for wait in waits:
            sketch.observe(wait)
            histogram.observe(wait)
        return dump([counter, gauge, _one(_SUMMARY, "red", sample=sketch), _one(_HISTOGRAM, "red", sample=histogram)])

    series = (_COUNTER, _GAUGE, _SUMMARY, _HISTOGRAM)
    dumps = [process("blue", 3, [0.01, 0.5]), process("green", 4, [5.0])]
    scrape = Scrape(render(joined(series, dumps), ""))
    assert [scrape.value("seen_total", colour=colour) for colour in ("red", "blue", "green")] == [4, 1, 1]
    assert scrape.value("depth") == 7
    assert scrape.value("wait_seconds_count", colour="red") == 3
    assert scrape.value("wait_seconds_sum", colour="red") == pytest.approx(5.51)
    assert [scrape.value("size_bucket", colour="red", le=le) for le in ("0.1", "1.0", "+Inf")] == [1, 2, 3]


@pytest.mark.parametrize(("join", "result"), [(Join.SUM, 7), (Join.LEAST, 3), (Join.MOST, 4)])
def test_gauges_join_by_the_rule_of_their_series(join: Join, result: int) -> None:
    series = Series("depth", Kind.GAUGE, (), "How deep.", join)
    dumps = [dump([_one(series, sample=depth)]) for depth in (3, 4)]
    assert Scrape(render(joined([series], dumps), "")).value("depth") == result


def test_a_series_that_the_joining_process_does_not_know_is_ignored() -> None:
    assert render(joined([_GAUGE], [dump([_one(_COUNTER, "red", sample=1)])]), "") == b""


def test_histograms_with_other_edges_do_not_join() -> None:
    with pytest.raises(ValueError, match="different edges"):
        Histogram.of((1.0,)).add(Histogram.of((2.0,)))


@pytest.mark.parametrize(
    ("edges", "says"),
    [
        ([], "buckets.ttft needs 1 to 64 edges"),
        ([float(n) for n in range(1, 66)], "buckets.ttft needs 1 to 64 edges"),
        ([0.0, 1.0], "buckets.ttft: every edge must be a positive, finite number of seconds"),
        ([1.0, math.inf], "buckets.ttft: every edge must be a positive, finite number of seconds"),
        ([1.0, 1.0], "buckets.ttft: edges must be strictly ascending"),
    ],
)
def test_edges_that_cannot_be_used_are_refused_with_a_sentence(edges: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=r"^buckets\.ttft") as caught:
        checked_edges(edges, "buckets.ttft")
    assert str(caught.value) == says


def test_good_edges_are_taken() -> None:
    assert checked_edges([1, 2.5], "buckets.ttft") == (1.0, 2.5)
