"""
One run: starts the targets, measures them in interleaved rounds, and returns plain results.

Machines are noisy and drift, so a round measures every target once at one concurrency before the next begins (A B C, B C A, ...), all
targets staying up meanwhile, and a figure is the median over rounds. Unary and stream rounds use separate starts, because a target has
one upstream: nginx for the former, the paced server for the latter.
"""

import contextlib
import http.client
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench import load, machine, processes
from bench.streams import Order, Tally
from bench.targets import ROOT, Launch, Place, Target
from bench.upstream import nginx, payload

DIRECT = "direct"
"""The name under which the paced upstream, read without any target, appears among the stream results."""


class Plan(msgspec.Struct, frozen=True):
    concurrencies: tuple[int, ...]
    rounds: int
    seconds: float
    stream_rounds: int
    stream_seconds: float
    stages: tuple[tuple[int, float], ...]
    """(paced streams at once, chunks per second of each). The first stage, which gives CPU per chunk, runs ``stream_rounds`` times."""
    ready_limit_s: float = 60.0


class Sample(msgspec.Struct, frozen=True):
    concurrency: int
    requests: int
    per_second: float
    p50_us: int
    p99_us: int
    cpu_us: float
    cpu_us_by_ticks: float
    errors: int
    load_busy: float
    """The share of the load side's cores that was used: near 1, requests/s is the load generator's limit and not the target's."""


class StreamSample(msgspec.Struct, frozen=True):
    streams: int
    per_second: float
    tally: Tally


class Outcome(msgspec.Struct):
    """All there is about one target. ``reason``: why figures are missing."""

    name: str
    note: str
    peer: bool
    version: str = ""
    reason: str = ""
    ready_s: list[float] = []
    rss_idle: int = 0
    rss_loaded: int = 0
    """After the first round of every concurrency."""
    rss_end: int = 0
    """After the last round."""
    rss_streams: int = 0
    samples: list[Sample] = []
    streams: list[StreamSample] = []


class Running(msgspec.Struct):
    target: Target
    outcome: Outcome
    program: processes.Program
    place: Place
    lua: Path

    def alive(self) -> bool:
        reason = self.program.ended()
        if reason:
            self.outcome.reason = reason
        return reason is None


class Bench:
    """Holds what every step needs: plan, cores, folder and the voice that tells the progress."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self.plan, self.say = plan, say
        self.load_cores, self.target_cores = machine.share_cores()

    def run(self, targets: list[Target], refused: dict[str, str]) -> list[Outcome]:
        outcomes = [Outcome(target.name, target.note, target.peer) for target in targets]
        chosen: list[tuple[Target, Outcome]] = []
        for target, outcome in zip(targets, outcomes, strict=True):
            outcome.reason = refused.get(target.name) or target.missing() or ""
            if outcome.reason:
                self.say(f"{target.name}: {outcome.reason}")
            else:
                outcome.version = target.version()
                chosen.append((target, outcome))
        with TemporaryDirectory(prefix="lockgate-bench-") as folder:
            if self.plan.concurrencies:
                self._unary(chosen, Path(folder, "unary"))
            if self.plan.stages:
                direct = Outcome(DIRECT, "the paced upstream itself", False)
                outcomes.insert(0, direct)
                relaying = [(target, outcome) for target, outcome in chosen if target.relays and not outcome.reason]
                try:
                    self._streams(relaying, direct, Path(folder, "streams"))
                except RuntimeError as problem:
                    # The unary figures are good all the same.
                    direct.reason = str(problem)
                    self.say(str(problem))
        return outcomes

    @contextlib.contextmanager
    def _started(
        self, chosen: list[tuple[Target, Outcome]], folder: Path, mock: list[str], mock_port: int
    ) -> Iterator[tuple[processes.Program, list[Running]]]:
        """Mock and targets up; everything down again whatever happens."""
        with contextlib.ExitStack() as stack:
            upstream = processes.Program(mock, folder, env={"PYTHONPATH": str(ROOT)}, cores=self.load_cores)
            stack.callback(upstream.stop)
            if _first_200(mock_port, {}, payload.request(payload.UPSTREAM_MODEL), 10, upstream) is None:
                raise RuntimeError(f"the mock upstream does not answer: {upstream.last_words()}")
            running = []
            for target, outcome in chosen:
                self.say(f"starting {target.name} {outcome.version}")
                up = self._start(target, outcome, folder, mock_port, stack)
                if up is not None:
                    running.append(up)
                else:
                    self.say(f"  {outcome.reason}")
            yield upstream, running

    def _start(self, target: Target, outcome: Outcome, parent: Path, mock_port: int, stack: contextlib.ExitStack) -> Running | None:
        folder = parent / target.name.replace(" ", "-")
        folder.mkdir()
        place = Place(folder, machine.free_port(), machine.free_port(), mock_port, parent.name == "streams")
        launch: Launch = target.prepare(place)
        body, headers = payload.request(target.model), target.headers(place)
        lua = load.script(folder / "post.lua", headers, body)
        program = processes.Program(launch.argv, folder, env=launch.env, cores=self.target_cores)
        stack.callback(program.stop)
        ready_s = _first_200(place.port, headers, body, self.plan.ready_limit_s, program)
        if ready_s is None:
            outcome.reason = program.ended() or f"no 200 within {self.plan.ready_limit_s:.0f} s: {program.last_words()}"
            return None
        outcome.ready_s.append(round(ready_s, 3))
        time.sleep(1)
        outcome.rss_idle = outcome.rss_idle or processes.rss_bytes(program.pid)
        return Running(target, outcome, program, place, lua)

    def _unary(self, chosen: list[tuple[Target, Outcome]], folder: Path) -> None:
        folder.mkdir()
        mock_port = machine.free_port()
        with self._started(chosen, folder, nginx.answering(folder, mock_port), mock_port) as (mock, running):
            for up in running:
                self._shoot(up, mock, 8, min(2.0, self.plan.seconds))
            for round_ in range(self.plan.rounds):
                for concurrency in self.plan.concurrencies:
                    self.say(f"round {round_ + 1} of {self.plan.rounds}, c={concurrency}")
                    for up in _rotated(running, round_):
                        sample = self._shoot(up, mock, concurrency, self.plan.seconds)
                        if sample is not None:
                            up.outcome.samples.append(sample)
                for up in running:
                    up.outcome.rss_end = processes.rss_bytes(up.program.pid)
                    up.outcome.rss_loaded = up.outcome.rss_loaded or up.outcome.rss_end

    def _shoot(self, up: Running, mock: processes.Program, concurrency: int, seconds: float) -> Sample | None:
        if not up.alive():
            return None
        own0, mock0, before = _children_s(), processes.cpu(mock.pid), processes.cpu(up.program.pid)
        url = f"http://127.0.0.1:{up.place.port}{payload.PATH}"
        shot = load.fire(url, up.lua, connections=concurrency, seconds=seconds, cores=self.load_cores)
        used = processes.cpu(up.program.pid).since(before)
        load_s = _children_s() - own0 + processes.cpu(mock.pid).since(mock0).ns / 1e9
        _settle(up.program)
        if not up.alive() or not shot.requests:
            return None
        return Sample(
            concurrency=concurrency,
            requests=shot.requests,
            per_second=round(shot.per_second, 1),
            p50_us=shot.p50_us,
            p99_us=shot.p99_us,
            cpu_us=round(used.ns / shot.requests / 1000, 2),
            cpu_us_by_ticks=round(used.ticks_ns / shot.requests / 1000, 2),
            errors=shot.errors,
            load_busy=round(load_s / (shot.microseconds / 1e6) / max(1, len(self.load_cores)), 3),
        )

    def _streams(self, chosen: list[tuple[Target, Outcome]], direct: Outcome, folder: Path) -> None:
        folder.mkdir()
        mock_port = machine.free_port()
        argv = [sys.executable, "-m", "bench.upstream.paced", str(mock_port)]
        with self._started(chosen, folder, argv, mock_port) as (mock, running):
            for stage, (count, per_second) in enumerate(self.plan.stages):
                for round_ in range(self.plan.stream_rounds if stage == 0 else 1):
                    self.say(f"{count} paced streams, {per_second:g} chunks/s each, round {round_ + 1}")
                    self._read(direct, mock_port, None, payload.UPSTREAM_MODEL, {}, count, per_second)
                    for up in _rotated(running, round_):
                        if up.alive():
                            headers = up.target.headers(up.place)
                            self._read(up.outcome, up.place.port, up.program.pid, up.target.model, headers, count, per_second)
                            up.outcome.rss_streams = processes.rss_bytes(up.program.pid)
                            _settle(up.program)
                            up.alive()
            if reason := mock.ended():
                raise RuntimeError(f"the paced upstream {reason}")

    def _read(
        self, outcome: Outcome, port: int, pid: int | None, model: str, headers: dict[str, str], count: int, per_second: float
    ) -> None:
        order = Order(port, count, per_second, self.plan.stream_seconds, model, headers, pid, ramp_s=max(1.0, count / 500))
        argv = [sys.executable, "-m", "bench.streams", msgspec.json.encode(order).decode()]
        with processes.on_cores(self.load_cores):
            done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise RuntimeError(f"the stream reader failed: {done.stderr.strip()[-500:]}")
        outcome.streams.append(StreamSample(count, per_second, msgspec.json.decode(done.stdout, type=Tally)))


def _rotated(running: list[Running], by: int) -> list[Running]:
    start = by % len(running) if running else 0
    return running[start:] + running[:start]


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _settle(program: processes.Program, limit_s: float = 15) -> None:
    """Waits until the target is idle: one that still works on requests that nobody waits for would slow the next one down."""
    deadline_s = time.monotonic() + limit_s
    while program.ended() is None and time.monotonic() < deadline_s:
        before = processes.cpu(program.pid)
        time.sleep(0.1)
        if processes.cpu(program.pid).since(before).threads_ns < 10_000_000:
            return


def _first_200(port: int, headers: dict[str, str], body: bytes, limit_s: float, program: processes.Program) -> float | None:
    """Seconds from the program's start to the first chat request that is answered with the mock's answer."""
    began = program.started_s
    while (waited := time.monotonic() - began) < limit_s and program.ended() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=max(1.0, limit_s - waited))
        try:
            connection.request("POST", payload.PATH, body, headers)
            answer = connection.getresponse()
            if answer.status == 200 and b'"assistant"' in answer.read():
                return time.monotonic() - began
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    return None
