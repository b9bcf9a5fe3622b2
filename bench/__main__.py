"""
The command: ``python -m bench`` from the repository root (``make bench``).

Exit code 0 when a report was made, whatever the figures; 2 when the bench itself could not run (no wrk, no nginx, a target unknown).
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import bars, load, machine, report
from bench.measure import Bench, Plan
from bench.peers import PEERS, install
from bench.targets import OWN, ROOT, Target
from bench.upstream import nginx

_EXAMPLES = """examples:
  python -m bench                                     everything that is installed; about 9 minutes with all peers
  python -m bench --quick                             a first impression in about a minute and a half
  python -m bench --peers                             installs the peers first (ferrogw, portkey, litellm)
  python -m bench --targets 'nginx proxy_pass,lockgate' --quick
  python -m bench --seconds 10 --rounds 5 --json bench/results/mine.json
  python -m bench --only streams --targets lockgate
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    every = (*OWN, *PEERS)
    names = [name.strip() for name in options.targets.split(",")] if options.targets else [target.name for target in every]
    unknown = [name for name in names if name not in {target.name for target in every}]
    for problem in _problems(unknown, [target.name for target in every]):
        print(problem, file=sys.stderr)
        return 2
    targets: list[Target] = [target for target in every if target.name in names]
    refused = install(_say) if options.peers else {}
    machine.allow_open_files()
    plan = _plan(options)
    bench = Bench(plan, _say)
    facts = machine.facts(bench.load_cores, bench.target_cores)
    started = datetime.fromtimestamp(time.time(), UTC)
    before_s = machine.busy_s() - machine.our_busy_s()
    try:
        outcomes = bench.run(targets, refused)
    except RuntimeError as problem:
        print(problem, file=sys.stderr)
        return 2
    took_s = time.time() - started.timestamp()
    others_busy = max(0.0, (machine.busy_s() - machine.our_busy_s() - before_s) / took_s)
    print("\n" + report.render(facts, plan, outcomes, others_busy))
    path = options.json or ROOT / "bench" / "results" / f"{started:%Y-%m-%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "began": started,
        "seconds": round(took_s),
        "others_busy_cores": round(others_busy, 3),
        "machine": facts,
        "plan": plan,
        "targets": outcomes,
        "bars": bars.judge(outcomes),
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    print(f"\nwritten: {path}")
    return 0


def _problems(unknown: list[str], known: list[str]) -> list[str]:
    problems = [f"no target is called {name!r}; there are: {', '.join(known)}" for name in unknown]
    if not nginx.program():
        problems.append(nginx.INSTALL)
    if not load.program():
        problems.append(load.INSTALL)
    if not sys.platform.startswith("linux"):
        problems.append("the bench reads /proc and needs Linux")
    return problems


def _plan(options: argparse.Namespace) -> Plan:
    quick = options.quick
    seconds = options.seconds or (1.0 if quick else 3.0)
    return Plan(
        concurrencies=() if options.only == "streams" else (1, 8, 32, 256),
        rounds=options.rounds or (1 if quick else 3),
        seconds=seconds,
        stream_rounds=options.rounds or (1 if quick else 2),
        stream_seconds=max(2.0, seconds),
        stages=() if options.only == "unary" else ((64, 20.0), (500, 10.0), (1024, 5.0)),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures Lockgate beside nginx and its peers on this machine, on loopback.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="one round of one second each: an impression, not a figure to quote")
    parser.add_argument("--targets", metavar="NAME,NAME", help=f"only these of: {', '.join(target.name for target in (*OWN, *PEERS))}")
    parser.add_argument("--peers", action="store_true", help=f"install missing peers into {machine.cache_folder()} first")
    parser.add_argument("--only", choices=("unary", "streams"), help="leave the other half out")
    parser.add_argument("--seconds", type=_positive, metavar="S", help="length of one measurement (default 3; 1 with --quick)")
    parser.add_argument(
        "--rounds", type=int, choices=range(1, 21), metavar="N", help="interleaved rounds, the median counts (default 3; 1 with --quick)"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="where to write the figures (default bench/results/<time>.json)")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 120:
        raise argparse.ArgumentTypeError("between 1 and 120 seconds")
    return value


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
