"""The printed report: aligned tables with ratios to nginx proxy_pass, the bars beside the measured values, and what to know about them."""

from bench import bars
from bench.machine import Facts
from bench.measure import DIRECT, Outcome, Plan
from bench.targets import FLOOR, YARDSTICK

_BUSY = 0.95
"""Share of the load side's cores from which on it is called full."""


_OTHERS = 0.1
"""Cores kept busy by others from which on a run is not called quiet."""


def render(facts: Facts, plan: Plan, outcomes: list[Outcome], others_busy: float) -> str:
    """``others_busy``: the cores that everything but this run kept busy on average while it ran."""
    parts = [_machine(facts, others_busy), _targets(outcomes)]
    parts += [_unary(concurrency, outcomes) for concurrency in plan.concurrencies]
    parts += [_streams(count, per_second, outcomes) for count, per_second in plan.stages]
    parts.append(_bars(outcomes))
    return "\n\n".join(part for part in parts if part)


def table(title: str, rows: list[list[str]], words: tuple[int, ...] = (0,)) -> str:
    """Columns of words to the left, figures to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column in words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join([title, *lines])


def _number(value: float | None, digits: int = 0, unit: str = "") -> str:
    return "-" if value is None else f"{value:,.{digits}f}{unit}"


def _machine(facts: Facts, others_busy: float) -> str:
    pinned = (
        f"pinned: load generator and mock on core(s) {_cores(facts.load_cores)}, each target on core {_cores(facts.target_cores)}"
        if facts.target_cores
        else "not pinned: one core only, load generator and target share it"
    )
    if facts.siblings:
        pinned += " (hardware threads of one core)"
    others = f"other processes kept {others_busy:.2f} cores busy during the run"
    if others_busy > _OTHERS:
        others = f"NOT QUIET: {others}; take these figures as indications"
    return (
        f"{facts.cpu}, {facts.cores} cores, {facts.memory_mib:,} MiB, Linux {facts.kernel}, Python {facts.python}\n"
        f"{pinned}\n{others}; load average before it {facts.load_before}"
    )


def _cores(cores: list[int]) -> str:
    return ",".join(str(core) for core in cores)


def _targets(outcomes: list[Outcome]) -> str:
    rows = [["target", "version", "first 200", "RSS idle", "loaded", "at the end", "streams", "what it does, or why it was not measured"]]
    for outcome in outcomes:
        if outcome.name == DIRECT:
            continue
        ready = min(outcome.ready_s) if outcome.ready_s else None
        memory = [
            _number(size / bars.MIB if size else None, 1)
            for size in (outcome.rss_idle, outcome.rss_loaded, outcome.rss_end, outcome.rss_streams)
        ]
        said = f"NOT MEASURED: {outcome.reason}" if outcome.reason else outcome.note
        rows.append([outcome.name, outcome.version or "-", _number(ready, 2, " s"), *memory, said])
    return table("Targets (RSS of the process tree in MiB)", rows, (0, 1, 7))


def _unary(concurrency: int, outcomes: list[Outcome]) -> str:
    rows = [["target", "CPU us/request", "x proxy_pass", "requests/s", "p50 us", "p99 us", "added p50", "errors", "load side"]]
    yardstick, floor = (next((outcome for outcome in outcomes if outcome.name == name), None) for name in (YARDSTICK, FLOOR))
    its, base = bars.of_concurrency(yardstick, concurrency, "cpu_us"), bars.of_concurrency(floor, concurrency, "p50_us")
    for outcome in outcomes:
        figures = {
            field: bars.of_concurrency(outcome, concurrency, field) for field in ("cpu_us", "per_second", "p50_us", "p99_us", "load_busy")
        }
        cpu, p50, busy = figures["cpu_us"], figures["p50_us"], figures["load_busy"]
        if cpu is None or p50 is None or busy is None:
            if outcome.samples:
                rows.append([outcome.name, *["-"] * 7, "none done"])
            continue
        rows.append(
            [
                outcome.name,
                _number(cpu, 1, "~" if _few(outcome, concurrency) else ""),
                _number(cpu / its if its else None, 2),
                _number(figures["per_second"]),
                _number(p50),
                _number(figures["p99_us"]),
                _number(p50 - base if base is not None and outcome is not floor else None),
                str(sum(sample.errors for sample in outcome.samples if sample.concurrency == concurrency)),
                f"{busy:.0%}{' full' if busy > _BUSY else ''}",
            ]
        )
    return table(f"Chat completions, c={concurrency}", rows) if len(rows) > 1 else ""


def _few(outcome: Outcome, concurrency: int) -> bool:
    """So few requests ended that those still open, whose CPU counts and who do not, make CPU per request look higher than it is."""
    return min(sample.requests for sample in outcome.samples if sample.concurrency == concurrency) < 10 * concurrency


def _streams(count: int, per_second: float, outcomes: list[Outcome]) -> str:
    rows = [["target", "CPU us/chunk", "x proxy_pass", "busy", "first us p50", "added", "delay us p50", "p99", "lost", "of", "bad streams"]]
    by_name = {outcome.name: outcome for outcome in outcomes}
    its = bars.of_streams(by_name.get(YARDSTICK), count, "cpu_us_per_chunk")
    for outcome in outcomes:
        tallies = [sample.tally for sample in outcome.streams if sample.streams == count]
        if not tallies:
            continue
        cpu, busy = (bars.of_streams(outcome, count, field) for field in ("cpu_us_per_chunk", "target_busy"))
        rows.append(
            [
                outcome.name,
                _number(cpu, 1),
                _number(cpu / its if cpu is not None and its else None, 2),
                "-" if busy is None else f"{busy:.0%}",
                _number(bars.of_streams(outcome, count, "first_p50_us")),
                _number(bars.added_first_us(outcome, by_name.get(DIRECT), count)),
                _number(bars.of_streams(outcome, count, "delay_p50_us")),
                _number(bars.of_streams(outcome, count, "delay_p99_us")),
                f"{sum(tally.lost for tally in tallies):,}",
                f"{sum(tally.expected for tally in tallies):,}",
                str(sum(tally.failed + tally.incomplete + tally.out_of_order for tally in tallies)),
            ]
        )
    return table(f"{count:,} paced streams, {per_second:g} chunks/s each", rows) if len(rows) > 1 else ""


def _bars(outcomes: list[Outcome]) -> str:
    rows = [["bar", "measured", "word"]]
    rows += [[verdict.bar, verdict.measured, verdict.word] for verdict in bars.judge(outcomes)]
    return table("Bars (DESIGN.md 11)", rows, (0, 1, 2))
