"""The bars of DESIGN.md section 11 beside what was measured, judged in words. Nothing fails here: the words are for people."""

from statistics import median

import msgspec

from bench.measure import DIRECT, Outcome
from bench.targets import FLOOR, OURS, YARDSTICK

MIB = 2**20


class Verdict(msgspec.Struct, frozen=True):
    bar: str
    measured: str
    word: str
    """reached and aim too | reached, aim not | reached | not reached | not measured"""


def judge(outcomes: list[Outcome]) -> list[Verdict]:
    by_name = {outcome.name: outcome for outcome in outcomes}
    ours, yardstick, floor = by_name.get(OURS), by_name.get(YARDSTICK), by_name.get(FLOOR)
    peers = [outcome for outcome in outcomes if outcome.peer]
    verdicts = [_ratio(concurrency, ours, yardstick) for concurrency in (8, 32)]
    verdicts += [_below_peers(concurrency, ours, peers) for concurrency in (8, 32)]
    verdicts.append(_added(ours, floor))
    verdicts.append(_chunk(ours, yardstick))
    verdicts += [_sustained(count, ours) for count in (500, 1024)]
    verdicts += [_idle(ours), _ready(ours), _flat(ours)]
    return verdicts


def of_concurrency(outcome: Outcome | None, concurrency: int, field: str) -> float | None:
    """The median over rounds of one field, or None when there is none."""
    values = [getattr(sample, field) for sample in outcome.samples if sample.concurrency == concurrency] if outcome else []
    return float(median(values)) if values else None


def of_streams(outcome: Outcome | None, count: int, field: str) -> float | None:
    values = [getattr(sample.tally, field) for sample in outcome.streams if sample.streams == count] if outcome else []
    return float(median(values)) if values and None not in values else None


def _word(value: float | None, bar: float, aim: float | None = None) -> str:
    if value is None:
        return "not measured"
    if value > bar:
        return "not reached"
    if aim is None:
        return "reached"
    return "reached and aim too" if value <= aim else "reached, aim not"


def _text(value: float | None, unit: str, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}{unit}"


def _ratio(concurrency: int, ours: Outcome | None, yardstick: Outcome | None) -> Verdict:
    mine, its = (of_concurrency(outcome, concurrency, "cpu_us") for outcome in (ours, yardstick))
    ratio = mine / its if mine is not None and its else None
    measured = f"{_text(mine, ' us')} against {_text(its, ' us')}: {_text(ratio, ' x', 2)}"
    return Verdict(f"CPU per governed request, c={concurrency}: at most 3 x nginx proxy_pass, aim 2 x", measured, _word(ratio, 3, 2))


def _below_peers(concurrency: int, ours: Outcome | None, peers: list[Outcome]) -> Verdict:
    mine = of_concurrency(ours, concurrency, "cpu_us")
    figures = [(value, peer.name) for peer in peers if (value := of_concurrency(peer, concurrency, "cpu_us")) is not None]
    bar = f"CPU per governed request, c={concurrency}: below every peer"
    if not figures or mine is None:
        return Verdict(bar, "-" if mine is None else "no peer was measured", "not measured")
    best, name = min(figures)
    return Verdict(bar, f"{mine:.1f} us against {best:.1f} us ({name})", "reached" if mine < best else "not reached")


def _added(ours: Outcome | None, floor: Outcome | None) -> Verdict:
    mine, its = (of_concurrency(outcome, 1, "p50_us") for outcome in (ours, floor))
    added = mine - its if mine is not None and its is not None else None
    return Verdict("added p50 at c=1: at most 200 us, aim 100 us", _text(added, " us", 0), _word(added, 200, 100))


def _chunk(ours: Outcome | None, yardstick: Outcome | None) -> Verdict:
    mine, its = (of_streams(outcome, 64, "cpu_us_per_chunk") for outcome in (ours, yardstick))
    measured = f"{_text(mine, ' us')}; nginx proxy_pass {_text(its, ' us')}"
    return Verdict("CPU per relayed stream chunk, 64 paced streams: at most 30 us, aim 20 us", measured, _word(mine, 30, 20))


def _sustained(count: int, ours: Outcome | None) -> Verdict:
    tallies = [sample.tally for sample in ours.streams if sample.streams == count] if ours else []
    bar = f"{count:,} paced streams: none lost"
    if not tallies:
        return Verdict(bar, "-", "not measured")
    lost = sum(tally.lost for tally in tallies)
    broken = sum(tally.failed + tally.incomplete + tally.out_of_order for tally in tallies)
    measured = f"{lost} of {sum(tally.expected for tally in tallies):,} chunks lost, {broken} streams failed, incomplete or out of order"
    return Verdict(bar, measured, "reached" if not lost and not broken else "not reached")


def _idle(ours: Outcome | None) -> Verdict:
    value = ours.rss_idle / MIB if ours and ours.rss_idle else None
    return Verdict("idle RSS: at most 70 MiB", _text(value, " MiB"), _word(value, 70))


def _ready(ours: Outcome | None) -> Verdict:
    value = float(median(ours.ready_s)) if ours and ours.ready_s else None
    return Verdict("ready (spawn to first 200): at most 1.0 s", _text(value, " s", 2), _word(value, 1.0))


def _flat(ours: Outcome | None) -> Verdict:
    bar = "RSS flat after load: last round within 5 % and 2 MiB of the first"
    if not ours or not ours.rss_end or sum(sample.concurrency == 1 for sample in ours.samples) < 2:
        return Verdict(bar, "-", "not measured")
    first, last = ours.rss_loaded / MIB, ours.rss_end / MIB
    return Verdict(bar, f"{first:.1f} MiB, then {last:.1f} MiB", _word(last, first * 1.05 + 2))


def added_first_us(outcome: Outcome, direct: Outcome | None, count: int) -> float | None:
    """Added time to first chunk: the medians through the target and read directly."""
    through, plain = of_streams(outcome, count, "first_p50_us"), of_streams(direct, count, "first_p50_us")
    return through - plain if through and plain and outcome.name != DIRECT else None
