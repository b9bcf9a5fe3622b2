"""
Sight: what one gateway process lets be seen of itself: the access log and the metrics.

One object per process, told by the driver at the end of each exchange (``finished``, exactly once) and at the first byte of a
stream (``stream_started``). An exchange that was refused for its credential leaves an auth decision and nothing else.
Configuration is told by whoever applies snapshots. Several workers: each dumps, their parent joins and renders.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from lockgate.gateway.sight import series
from lockgate.gateway.sight.cells import UNRESOLVED, Cells
from lockgate.gateway.sight.clients import Clients, Rule
from lockgate.gateway.sight.facts import Attempted, Finished, TargetLabels
from lockgate.gateway.sight.lines import attempt_line, exchange_line, refused_body_line
from lockgate.model.faults import Fault
from lockgate.runtime import metrics
from lockgate.runtime.logs import LogWriter
from lockgate.runtime.metrics import Family, Labels

_NEAR_CLIENTS = 1024
_AGENT_BYTES = 512
"""How many of the texts that callers choose are remembered, and how long ones."""


class Flight:
    """How many exchanges of one endpoint are under way: the driver counts ``n`` up and down."""

    __slots__ = ("n",)

    def __init__(self) -> None:
        self.n = 0


class Sight:
    def __init__(
        self,
        log: LogWriter,
        *,
        access_log: bool = True,
        prefix: str = "lockgate_",
        client_rules: Sequence[Rule] = (),
        e2e_edges: tuple[float, ...] = series.E2E_EDGES,
        ttft_edges: tuple[float, ...] = series.TTFT_EDGES,
    ) -> None:
        self.log = log
        self._access = access_log and log.info
        self._prefix = prefix
        self._cells = Cells(e2e_edges, ttft_edges)
        self._clients = Clients(client_rules)
        self._by_client: dict[tuple[str, str], list[int]] = {}
        self._near_clients: dict[tuple[bytes, str], list[int]] = {}
        self._deployments: dict[TargetLabels, list[int]] = {}
        self._near_deployments: dict[int, tuple[TargetLabels, list[int]]] = {}
        self._flights: dict[tuple[str, str], Flight] = {}
        self._families = {one.name: Family(one) for one in series.DIRECT}
        self._families[series.IN_FLIGHT.name].read = self._in_flight
        self._auth: dict[Labels, int] = {}
        self._families[series.AUTH.name].read = lambda: self._auth
        self._families[series.LOG_DROPPED.name].read = lambda: {(): log.dropped}
        self._families[series.LOG_REFUSED.name].read = lambda: {(): log.refused}

    # Exchanges.

    def flight(self, endpoint: str, inbound_protocol: str) -> Flight:
        """Asked once per endpoint, when the rows are made."""
        return self._flights.setdefault((endpoint, inbound_protocol), Flight())

    def stream_started(self, facts: Finished, now: float) -> None:
        if self._access:
            self.log.write(exchange_line(facts, now, begun=True))

    def finished(self, facts: Finished) -> None:
        status = facts.status
        if status == 401 and facts.principal is None:
            return
        cell = self._cells.of(facts)
        ended = facts.ended
        seconds = ended - facts.started
        cell.requests += 1
        cell.records += facts.records
        cell.seconds.observe(seconds)
        cell.e2e.observe(seconds)
        usage = facts.usage
        if usage is not None:
            prompt, output = usage.prompt, usage.output
            cell.input += prompt
            cell.output += output
            tokens = self._near_clients.get((facts.user_agent, facts.model)) or self._tokens_of(facts.user_agent, facts.model)
            tokens[0] += prompt
            tokens[1] += output
            spend = facts.spend
            if spend:
                cell.spend += spend
        ttft_s = facts.ttft_s
        if ttft_s is not None:
            cell.ttft.observe(ttft_s)
            cell.first.observe(ttft_s)
        for attempt in facts.attempts:
            if attempt.reached:
                self._attempted(attempt)
        if self._access:
            if facts.streamed:
                for index, attempt in enumerate(facts.attempts):
                    self.log.write(attempt_line(facts, index, attempt))
            else:
                self.log.write(exchange_line(facts, ended))

    def _tokens_of(self, user_agent: bytes, model: str) -> list[int]:
        tokens = self._by_client.setdefault((self._clients.type_of(user_agent), model), [0, 0])
        if len(self._near_clients) >= _NEAR_CLIENTS:
            self._near_clients.clear()
        if len(user_agent) <= _AGENT_BYTES:
            self._near_clients[user_agent, model] = tokens
        return tokens

    def _attempted(self, attempt: Attempted) -> None:
        near = self._near_deployments.get(id(attempt.target))
        if near is None:
            target = attempt.target
            near = self._near_deployments[id(target)] = (target, self._deployments.setdefault(target, [0, 0, 0]))
        counts = near[1]
        counts[0] += 1
        fault = attempt.fault
        if fault is None:
            counts[1] += 1
        elif fault.kind != "caller_gone":
            counts[2] += 1

    def body_refused(
        self,
        method: str,
        endpoint: str,
        inbound_protocol: str,
        fault: Fault,
        outcome: str,
        request_id: str,
        client_ip: str,
        latency_s: float,
    ) -> None:
        """A body over the limit, once the rest of it was disposed of."""
        self._families[series.BODY_REFUSED.name].count(endpoint, inbound_protocol, outcome)
        if self._access:
            self.log.write(refused_body_line(method, endpoint, fault, outcome, request_id, client_ip, latency_s))

    def auth_decided(self, method: str, result: str, reason: str = "") -> None:
        """All three are words from closed lists; the reason of a refusal is its fault's kind."""
        samples, key = self._auth, (method, result, reason)
        samples[key] = samples.get(key, 0) + 1

    # Configuration.

    def config_applied(self, revision: int, hash_: str, at_s: float) -> None:
        self._cells.forget()
        self._near_deployments.clear()
        families = self._families
        families[series.CONFIG_RELOADS.name].count()
        families[series.CONFIG_OK.name].set(1)
        families[series.CONFIG_AT.name].set(at_s)
        families[series.CONFIG_REVISION.name].set(revision)
        families[series.CONFIG_HASH.name].clear()
        families[series.CONFIG_HASH.name].set(1, hash_)

    def config_failed(self, reason: str) -> None:
        """``reason`` is a word: unreadable, invalid, ...; never a path or a text of the configuration."""
        self._families[series.CONFIG_RELOADS.name].count()
        self._families[series.CONFIG_FAILURES.name].count(reason)
        self._families[series.CONFIG_OK.name].set(0)

    def config_rows(self, *, rejected: Mapping[str, int], partial: Mapping[str, int], stale: Mapping[str, int]) -> None:
        """How many rows of each kind are not as they were written."""
        for one, counts in ((series.CONFIG_REJECTED, rejected), (series.CONFIG_PARTIAL, partial), (series.CONFIG_STALE, stale)):
            family = self._families[one.name]
            family.clear()
            for kind, count in counts.items():
                family.set(count, kind)

    # Scrapes.

    def render(self) -> bytes:
        """The scrape body (``metrics.CONTENT_TYPE``), at once: 50 ms for a thousand cells."""
        return metrics.render(self._families_now(), self._prefix)

    async def scrape(self) -> bytes:
        """The same, for the serving loop: it goes on serving between steps of a millisecond or two."""
        made = _fresh()
        for _ in self._cells.gather(made):
            await asyncio.sleep(0)
        pieces: list[bytes] = []
        for piece in metrics.rendering(self._completed(made), self._prefix):
            pieces.append(piece)
            await asyncio.sleep(0)
        return b"".join(pieces)

    def dump(self) -> bytes:
        return metrics.dump(self._families_now())

    def _families_now(self) -> list[Family]:
        made = _fresh()
        for _ in self._cells.gather(made):
            pass
        return self._completed(made)

    def _completed(self, made: dict[str, Family]) -> list[Family]:
        for (client, model), (prompt, output) in self._by_client.items():
            family = made[series.BY_CLIENT.name]
            family.count(client, model or UNRESOLVED, "input", by=prompt)
            family.count(client, model or UNRESOLVED, "output", by=output)
        for target, counts in self._deployments.items():
            values = (target.provider, target.model, target.upstream_model, target.provider_key_id)
            for one, count in zip((series.DEPLOYMENT_REQUESTS, series.DEPLOYMENT_SUCCESS, series.DEPLOYMENT_FAILURE), counts, strict=True):
                made[one.name].count(*values, by=count)
        return [*made.values(), *self._families.values()]

    def _in_flight(self) -> dict[Labels, int]:
        return {key: flight.n for key, flight in self._flights.items()}


def _fresh() -> dict[str, Family]:
    return {one.name: Family(one) for one in series.PER_EXCHANGE}


def render_joined(dumps: Iterable[bytes], prefix: str) -> bytes:
    """The scrape body of several workers' dumps: one set of series, as if one process had served everything."""
    return metrics.render(metrics.joined(series.SERIES, dumps), prefix)
