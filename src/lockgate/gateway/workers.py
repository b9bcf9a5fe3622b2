"""
Several processes behind one address (``workers: N``): each a whole gateway on the same port (SO_REUSEPORT), with a spool folder of
its own; this parent starts them, replaces one that dies, passes signals on, and answers for all of them on the status listener.

A worker is a new interpreter, not a fork. It is told its settings over a socket pair, and asked for its metrics over it later;
when that socket ends, so does the worker, so that none outlives its parent.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import uvloop

from lockgate.gateway.app import STATUS_ADDR, App, Listening, main, say
from lockgate.gateway.fittings import listen, not_listening
from lockgate.gateway.sight.sight import render_joined
from lockgate.gateway.snapshot_source import FileSource, Refused
from lockgate.gateway.spool import Spool
from lockgate.gateway.status import JSON, METRICS, TEXT, StatusPages, config_page, models_page
from lockgate.runtime import hooks, tasks
from lockgate.runtime.clock import SystemClock
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.server import Server
from lockgate.runtime.logs import Level, Line, LogWriter
from lockgate.runtime.settings import Settings, listen_address

START_TIMEOUT_S = 30.0
RESPAWN_AFTER_S = 1.0
ASK_TIMEOUT_S = 10.0
_LENGTH = 4


class WorkerGone(Line, frozen=True, tag="a worker ended by itself and is replaced"):
    level: ClassVar[Level] = Level.ERROR
    worker: int
    exit_code: int


class Order(msgspec.Struct, frozen=True):
    """What a worker is told."""

    settings: Settings
    index: int


def folder_of(spool_dir: str, index: int) -> str:
    return str(Path(spool_dir) / f"worker-{index}")


# The worker ---------------------------------------------------------------------------------------------------------


def work() -> None:
    """The program of a worker; its one argument is the descriptor of its end of the socket pair."""
    line = socket.socket(fileno=int(sys.argv[1]))
    order = msgspec.msgpack.decode(_receive(line), type=Order)
    sys.exit(uvloop.run(main(order.settings, dict(os.environ), lambda app: _answer(app, line))))


def _receive(line: socket.socket) -> bytes:
    data = b""
    while len(data) < _LENGTH or len(data) - _LENGTH < int.from_bytes(data[:_LENGTH], "big"):
        piece = line.recv(65536)
        if not piece:
            sys.exit(1)
        data += piece
    return data[_LENGTH:]


async def _answer(app: App, line: socket.socket) -> None:
    """Answers the parent until it is gone."""
    reader, writer = await asyncio.open_connection(sock=line)
    _send(writer, b"ready")
    while question := await reader.readline():
        if question == b"metrics\n":
            _send(writer, app.sight.dump())
        elif question == b"config\n":
            _send(writer, config_page(app, app.source))
        else:
            _send(writer, models_page(app))
        await writer.drain()
    if not app.ending.done():
        app.end("parent gone")


def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(len(data).to_bytes(_LENGTH, "big") + data)


# The parent ---------------------------------------------------------------------------------------------------------


class Worker:
    """One worker as the parent sees it."""

    def __init__(self, index: int) -> None:
        self.index = index
        self._lock = asyncio.Lock()

    async def start(self, settings: Settings, environ: Mapping[str, str]) -> None:
        """Returns when it serves. Raises OSError when it does not come to that."""
        async with self._lock:  # Nothing is asked before the order is read.
            await self._start(_own(settings, self.index), environ)

    async def _start(self, settings: Settings, environ: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        program = "from lockgate.gateway.workers import work; work()"
        with theirs:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, str(theirs.fileno()), pass_fds=(theirs.fileno(),), env=dict(environ),
                start_new_session=True,  # Ctrl-C reaches only the parent, which passes signals on.
            )  # fmt: skip
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        _send(self._writer, msgspec.msgpack.encode(Order(settings, self.index)))
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._next()
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            self.signal(signal.SIGKILL)
            raise OSError(f"worker {self.index} did not start") from None

    async def ask(self, question: bytes) -> bytes:
        """Raises OSError when the worker is gone or does not answer."""
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S), self._lock:
                self._writer.write(question)
                return await self._next()
        except (asyncio.IncompleteReadError, TimeoutError):
            raise OSError(f"worker {self.index} does not answer") from None

    async def _next(self) -> bytes:
        size = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
        return await self._reader.readexactly(size)

    def signal(self, number: int) -> None:
        if self.process.returncode is None:
            self.process.send_signal(number)


def _own(settings: Settings, index: int) -> Settings:
    """The settings of one worker: no status listener, a spool of its own."""
    replace = msgspec.structs.replace
    observability = settings.observability
    prometheus = replace(observability.metrics.prometheus, enabled=False)
    return replace(
        settings,
        observability=replace(observability, metrics=replace(observability.metrics, prometheus=prometheus)),
        metering=replace(settings.metering, spool_dir=folder_of(settings.metering.spool_dir, index)),
    )


class JoinedStatus(StatusPages):
    """The status listener of all workers together. A worker that is being replaced is missing from the answers."""

    def __init__(self, workers: Sequence[Worker], metrics_path: str, prefix: str) -> None:
        super().__init__(metrics_path)
        self._workers, self._prefix = workers, prefix

    def answer(self, page: str, reply: Reply) -> None:
        tasks.spawn(self._answer(page, reply), name="status of all workers")

    async def _answer(self, page: str, reply: Reply) -> None:
        if page == "metrics":
            reply.send(200, METRICS, render_joined(await self._ask(b"metrics\n"), self._prefix))
        elif page == "ready":
            ready = bool(await self._ask(b"config\n"))
            reply.send(200 if ready else 503, TEXT, b"ok\n" if ready else b"no worker is serving\n")
        elif page == "config":
            reply.send(200, JSON, _slowest(await self._ask(b"config\n")))
        else:
            answers = await self._ask(b"models\n")
            reply.send(200, JSON, answers[0] if answers else b'{"models":[]}')

    async def _ask(self, question: bytes) -> list[bytes]:
        answers = await asyncio.gather(*(worker.ask(question) for worker in self._workers), return_exceptions=True)
        return [answer for answer in answers if isinstance(answer, bytes)]


def _slowest(answers: Sequence[bytes]) -> bytes:
    """The state of the worker that is furthest behind: what all of them have applied. Generations count per worker."""

    def behind(page: dict[str, Any]) -> tuple[bool, int]:
        applied = page["applied"]
        return page["state"] == "synced", applied["at_ms"] if applied else 0

    pages = [msgspec.json.decode(answer) for answer in answers]
    slowest: dict[str, Any] = min(pages, key=behind) if pages else {"state": "never_loaded", "applied": None}
    return msgspec.json.encode({**slowest, "workers": len(pages)})


def supervise(settings: Settings, environ: Mapping[str, str]) -> int:
    return uvloop.run(_supervise(settings, dict(environ)))


async def _supervise(settings: Settings, environ: dict[str, str]) -> int:
    loop = asyncio.get_running_loop()
    log = LogWriter(level=Level.of(settings.observability.log_level))
    undo = hooks.install(log, loop)
    stopped = asyncio.Event()
    workers = [Worker(index) for index in range(settings.workers)]
    place: socket.socket | None = None
    try:
        # Read once here, so that a file that cannot be used is told once.
        FileSource(Path(settings.resources_file or ""), environ, tolerant=settings.resources_tolerant, now_ms=SystemClock.now_ms).load()
        try:
            place = _place(settings.proxy.addr)
        except OSError as error:
            raise not_listening("proxy.addr", settings.proxy.addr, error) from None
        host, port = place.getsockname()[:2]
        settings = msgspec.structs.replace(
            settings, proxy=msgspec.structs.replace(settings.proxy, addr=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        )
        for worker in workers:
            await worker.start(settings, environ)
        status = await _status(settings, workers, log)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, workers, stopped)
        loop.add_signal_handler(signal.SIGHUP, _signal_all, workers, signal.SIGHUP)
        keepers = [tasks.spawn(_keep(worker, settings, environ, log, stopped), name="keep a worker") for worker in workers]
        await stopped.wait()
        codes = await asyncio.gather(*(worker.process.wait() for worker in workers))
        for keeper in keepers:
            keeper.cancel()
        if status is not None:
            await status.close()
        return 1 if 1 in codes else 0
    except Refused as refused:
        refused.say(say)
        return 1
    except (OSError, ValueError) as error:
        say(str(error))
        for worker in workers:
            if hasattr(worker, "process"):
                worker.signal(signal.SIGTERM)
        return 1
    finally:
        if place is not None:
            place.close()
        log.close()
        undo()


def _stop(workers: Sequence[Worker], stopped: asyncio.Event) -> None:
    """The first time they drain, the second time they end at once."""
    stopped.set()
    _signal_all(workers, signal.SIGTERM)


def _signal_all(workers: Sequence[Worker], number: int) -> None:
    for worker in workers:
        worker.signal(number)


def _place(addr: str) -> socket.socket:
    """Takes the address without listening, so that the workers, and nobody else, can listen there."""
    host, port = listen_address(addr)
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    if port:
        # SO_REUSEPORT lets two gateways of one user share a port unseen: look without it first.
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    place = socket.socket(family, kind, protocol)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    place.bind(address)
    return place


def recover_others(settings: Settings) -> None:
    """Settles what processes of another number of workers left in folders that nobody takes over today."""
    root = Path(settings.metering.spool_dir)
    mine = {folder_of(str(root), index) for index in range(settings.workers)} if settings.workers > 1 else {str(root)}
    for folder in (root, *root.glob("worker-*")):
        if str(folder) not in mine and any(folder.glob("*.spool")):
            spool = Spool(folder)
            spool.recover(SystemClock.now_ms())
            spool.close()


async def _status(settings: Settings, workers: Sequence[Worker], log: LogWriter) -> Server | None:
    prometheus = settings.observability.metrics.prometheus
    if not prometheus.enabled:
        return None
    server = Server(JoinedStatus(workers, prometheus.path, settings.wire.metric_prefix), Limits(body_bytes=65536, idle_timeout_s=60))
    log.write(Listening("status", await listen(server, STATUS_ADDR, prometheus.addr)))
    return server


async def _keep(worker: Worker, settings: Settings, environ: Mapping[str, str], log: LogWriter, stopped: asyncio.Event) -> None:
    while True:
        exit_code = await worker.process.wait()
        if stopped.is_set():
            return
        log.write(WorkerGone(worker.index, exit_code))
        await asyncio.sleep(RESPAWN_AFTER_S)
        if stopped.is_set():
            return
        with contextlib.suppress(OSError):  # Then its process has ended too, and the next turn tries again.
            await worker.start(settings, environ)
