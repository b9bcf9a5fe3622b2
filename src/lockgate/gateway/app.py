"""
The gateway as a whole: what lives as long as the process, put together once. Everything that outlives a configuration is
here: connections, deadlines, counters, the spool. A reload swaps one reference (``plan``).

``main`` is one process: it refuses to start with a sentence, or serves until it is told to end, then drains.
"""

import asyncio
import signal
import ssl
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from lockgate.core.policy.source import Source
from lockgate.core.providers.sign.entra import EntraCredential
from lockgate.core.providers.sign.reference import reference
from lockgate.core.providers.target import Names
from lockgate.gateway.echo import Echo
from lockgate.gateway.fittings import limits_of, listen, listener_tls, pool_of, sight_of, upstream_tls
from lockgate.gateway.front import Front
from lockgate.gateway.heads import Heads
from lockgate.gateway.minting import Minting
from lockgate.gateway.plan.endpoints import ENDPOINTS
from lockgate.gateway.plan.plan import Plan, Timed, Timing, tls_name
from lockgate.gateway.relay.meter import Meter
from lockgate.gateway.relay.roles import Minted, Silent
from lockgate.gateway.sight.facts import Finished
from lockgate.gateway.snapshot_source import Failure, FileSource, Refused
from lockgate.gateway.spool import Spool
from lockgate.gateway.status import Status
from lockgate.model.faults import Fault, fault
from lockgate.model.resources.provider_key import ProviderKey, ProviderKeyTls
from lockgate.model.snapshot import Problem, Snapshot
from lockgate.runtime import hooks, tasks
from lockgate.runtime.clock import Clock, SystemClock
from lockgate.runtime.deadlines import Deadlines
from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.server import Server
from lockgate.runtime.logs import Level, Line, LogWriter
from lockgate.runtime.secrets import SecretError, resolve
from lockgate.runtime.settings import Settings
from lockgate.runtime.vocabulary import Vocabularies

GRACE_S = 1.0
"""A stream's head waits for its first event this long, so that an upstream that fails at once still gets a proper status."""


STATUS_ADDR = "observability.metrics.prometheus.addr"


class Listening(Line, frozen=True, tag="listening"):
    listener: str
    address: str


class Applied(Line, frozen=True, tag="configuration applied"):
    revision: int
    hash: str
    resources: int
    problems: int


class ReloadFailed(Line, frozen=True, tag="configuration refused, the last good one is served"):
    level: ClassVar[Level] = Level.ERROR
    reason: str
    problems: int
    kind: str = ""
    entry: str = ""
    field: str = ""
    problem: str = ""


class Recovered(Line, frozen=True, tag="records of an earlier process settled"):
    count: int


class Draining(Line, frozen=True, tag="draining"):
    signal: str
    in_flight: int


class Cut(Line, frozen=True, tag="ended at once by a second signal"):
    level: ClassVar[Level] = Level.WARNING
    signal: str
    in_flight: int


class MeterTrouble(Line, frozen=True, tag="token counts stay approximate"):
    level: ClassVar[Level] = Level.WARNING
    reason: str


class SpoolTrouble(Line, frozen=True, tag="the record spool is in trouble"):
    level: ClassVar[Level] = Level.ERROR
    reason: str


class Ready(NamedTuple):
    """A snapshot in the form that only has to be swapped in."""

    snapshot: Snapshot
    plan: Plan
    contexts: dict[str, ssl.SSLContext]


class App:
    """One gateway process."""

    plan: Plan

    def __init__(self, settings: Settings, environ: Mapping[str, str], log: LogWriter, clock: Clock | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.settings, self.environ, self.log = settings, environ, log
        self.clock: Clock = clock or SystemClock()
        self.sight = sight_of(settings, log)
        self.heads = Heads(settings.wire.header_prefix, settings.wire.server)
        self.flights = {row.template: self.sight.flight(row.template, row.protocol) for row in ENDPOINTS.values()}
        self.meter = Meter(Vocabularies(lambda sentence: log.write(MeterTrouble(sentence))))
        self.echo = Echo(loop)
        self.pool = pool_of(settings)
        self.minting = Minting(self.pool, self.clock, settings.wire.server)
        self.grace: Deadlines[Silent] = Deadlines(loop, GRACE_S, _silent)
        interval_s = settings.downstream.sse_keepalive_interval_secs
        self.beats: Deadlines[Silent] | None = Deadlines(loop, interval_s, _silent) if interval_s else None
        self._loop = loop
        self._deadlines: dict[int, Deadlines[Timed]] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._timing = Timing(settings.upstream.timeout_ms, settings.upstream.stream_timeout_ms, self._deadlines_of)
        self._names = Names(user_agent=settings.wire.server, header_prefix=settings.wire.header_prefix)
        self.source = FileSource(
            Path(settings.resources_file or ""), environ, tolerant=settings.resources_tolerant, now_ms=self.clock.now_ms
        )
        metering = settings.metering
        self.spool = Spool(
            metering.spool_dir,
            sync=metering.sync,
            sync_interval_s=metering.sync_interval_ms / 1000,
            segment_bytes=metering.segment_bytes,
            retain_days=metering.retain_days,
            report=lambda sentence: log.write(SpoolTrouble(sentence)),
        )
        self.ending: asyncio.Future[str] = loop.create_future()
        """Why the process is to end, once it is."""
        self.hurried: asyncio.Future[str] = loop.create_future()
        """Why it is to end at once, without waiting for callers."""
        self._api: Server | None = None
        self._status: Server | None = None
        self.front = Front(
            self,
            Source(settings.proxy.real_ip.trusted_proxies, settings.proxy.real_ip.recursive, settings.proxy.real_ip.header),
            tuple(name.encode() for name in settings.proxy.request_id.accept_headers),
        )

    # Configuration --------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """The first configuration. Raises Refused."""
        snapshot = self.source.load()
        self.apply(self.ready(snapshot))
        self.source.accept(snapshot)

    def ready(self, snapshot: Snapshot) -> Ready:
        """What takes long of applying a snapshot; runs in a thread but for the first one. Raises Refused."""
        contexts = {tls_name(key): self._context(key, key.tls) for key in snapshot.provider_keys.values() if key.tls is not None}
        return Ready(snapshot, Plan(snapshot, self._timing, self._names, self._reveal), contexts)

    def apply(self, ready: Ready) -> None:
        """Everything from here on is served by this snapshot; exchanges under way keep what they began with."""
        snapshot, self.plan, self._contexts = ready
        for name, context in self._contexts.items():
            self.pool.register(name, context)
        self.sight.config_applied(snapshot.number, snapshot.hash, self.clock.now_s())
        rejected: dict[str, int] = {}
        for problem in snapshot.rejected:
            rejected[problem.kind] = rejected.get(problem.kind, 0) + 1
        stale: dict[str, int] = {}
        for kind, _ in snapshot.stale:
            stale[kind] = stale.get(kind, 0) + 1
        self.sight.config_rows(rejected=rejected, partial={found.kind: found.count for found in snapshot.partial}, stale=stale)
        rows = len(snapshot.provider_keys) + len(snapshot.models) + len(snapshot.api_keys)
        self.log.write(Applied(snapshot.number, snapshot.hash, rows, len(snapshot.rejected)))

    def _context(self, key: ProviderKey, own: ProviderKeyTls) -> ssl.SSLContext:
        """A provider key's TLS, kept while it stays the same: making one reads all certificates of the platform."""
        kept = self._contexts.get(tls_name(key))
        if kept is not None:
            return kept
        try:
            return upstream_tls(self.settings, own)
        except (OSError, ValueError) as error:
            raise Refused("invalid", [Problem("provider_keys", key.display_name, "tls", str(error))]) from None

    def reload_failed(self, failure: Failure) -> None:
        self.sight.config_failed(failure.reason)
        first = failure.problems[0] if failure.problems else Problem("", "", "", "")
        self.log.write(ReloadFailed(failure.reason, len(failure.problems), first.kind, first.entry, first.field, first.sentence))

    def _reveal(self, key: ProviderKey) -> str | Fault:
        """The credential of a provider key, read where it points to. Read at each reload."""
        written = key.api_key.reveal()
        if reference(written) is None:
            return written
        try:
            return resolve(written, self.environ, self.source.path.parent).reveal()
        except SecretError:
            return fault("upstream_credential", reason="what it refers to could not be read")

    def _deadlines_of(self, timeout_ms: int) -> Deadlines[Timed] | None:
        if not timeout_ms:
            return None
        found = self._deadlines.get(timeout_ms)
        if found is None:
            found = self._deadlines[timeout_ms] = Deadlines(self._loop, timeout_ms / 1000, _timed_out)
        return found

    # For the driver -------------------------------------------------------------------------------------------------

    def report(self, error: Exception) -> None:
        """A bug: its type and places go to the log, never its text, which may quote a prompt."""
        self._loop.call_exception_handler({"message": "task failed", "exception": tasks.TaskFailed(tasks.places(error))})

    def observed(self, template: str, facts: Finished) -> None:
        self.flights[template].n -= 1
        self.sight.finished(facts)

    def dial_minted(self, attempt: Minted, credential: EntraCredential, head: bytes, body: bytes) -> None:
        """The token may have to be fetched first, which is what the exchange gets a task for."""
        token = self.minting.ready(credential)
        if token is None:
            tasks.spawn(self._mint_and_dial(attempt, credential, head, body), name="mint and dial")
        else:
            self._dial_with(token, attempt, head, body)

    async def _mint_and_dial(self, attempt: Minted, credential: EntraCredential, head: bytes, body: bytes) -> None:
        token = await self.minting.token(credential)
        if not attempt.ended_at:
            self._dial_with(token, attempt, head, body)

    def _dial_with(self, token: bytes | Fault, attempt: Minted, head: bytes, body: bytes) -> None:
        if isinstance(token, Fault):
            self._loop.call_soon(attempt.upstream_failed, token)
            return
        attempt.token = token
        line, _, rest = head.partition(b"\r\n")
        head = b"%b\r\nauthorization: Bearer %b\r\n%b" % (line, token, rest)
        attempt.send(head, body)

    def token_refused(self, credential: EntraCredential, token: bytes) -> None:
        """The upstream answered 401: the next attempt fetches a new token."""
        self.minting.drop(credential, token)

    # Life -----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listens. Raises OSError when an address cannot be had."""
        settings, proxy = self.settings, self.settings.proxy
        recovered = self.spool.recover(self.clock.now_ms())
        if recovered:
            self.log.write(Recovered(recovered))
        self._api = Server(self.front, limits_of(settings))
        address = await listen(self._api, "proxy.addr", proxy.addr, tls=listener_tls(settings), reuse_port=settings.workers > 1)
        self.log.write(Listening("api", address))
        prometheus = settings.observability.metrics.prometheus
        if prometheus.enabled:
            self._status = Server(Status(self, self.source, prometheus.path), Limits(body_bytes=65536, idle_timeout_s=60))
            address = await listen(self._status, STATUS_ADDR, prometheus.addr)
            self.log.write(Listening("status", address))
        self._watch = tasks.spawn(self.source.watch(self.ready, self.apply, self.reload_failed), name="watch resources")

    def end(self, reason: str) -> None:
        """Asks the process to drain and end; asked again, it ends at once."""
        if not self.ending.done():
            self.ending.set_result(reason)
        elif not self.hurried.done():
            self.hurried.set_result(reason)

    async def stop(self, signal_name: str) -> bool:
        """
        Drains (section 11.1): not ready at once, new connections still served, no deadline on what is under way. False when a
        second signal ended that; closing then cuts what is left, whose records are settled as those of callers who left.
        """
        assert self._api is not None
        self.front.draining = True
        self.log.write(Draining(signal_name, self._api.in_flight))
        self._api.drain()
        drained = tasks.spawn(self._drained(self._api), name="drain")
        await asyncio.wait((drained, self.hurried), return_when=asyncio.FIRST_COMPLETED)
        whole = drained.done()
        if not whole:
            drained.cancel()
            self.log.write(Cut(self.hurried.result(), self._api.in_flight))
        return whole

    async def _drained(self, api: Server) -> None:
        await asyncio.sleep(self.settings.shutdown.min_drain_secs)
        await api.wait_idle()

    async def close(self) -> None:
        """Ends what is left, without waiting for callers."""
        watch = getattr(self, "_watch", None)
        if watch is not None:
            watch.cancel()
        for server in (self._api, self._status):
            if server is not None:
                await server.close()
        await self.pool.close()
        self.spool.close()


async def main(settings: Settings, environ: dict[str, str], beside: Callable[[App], Coroutine[Any, Any, None]] | None = None) -> int:
    """One gateway process, until it is told to end; ``beside`` runs next to it once it serves. 1: it did not start, or was cut short."""
    loop = asyncio.get_running_loop()
    log = LogWriter(level=Level.of(settings.observability.log_level))
    undo = hooks.install(log, loop)
    log.start(loop)
    app: App | None = None
    try:
        app = App(settings, environ, log)
        app.load()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, app.end, number.name)
        loop.add_signal_handler(signal.SIGHUP, app.source.wake)
        await app.start()
        if beside is not None:
            tasks.spawn(beside(app), name="beside the gateway")
        return 0 if await app.stop(await app.ending) else 1
    except Refused as refused:
        refused.say(say)
        return 1
    except (OSError, ValueError) as error:
        say(str(error))
        return 1
    finally:
        if app is not None:
            await app.close()
        log.close()
        undo()


def _silent(exchange: Silent) -> None:
    exchange.silent()


def _timed_out(attempt: Timed) -> None:
    attempt.timed_out()


def say(sentence: str) -> None:
    """A process that cannot start says why."""
    sys.stderr.write(f"lockgate: {sentence}\n")
