"""
The status listener: metrics, which configuration is applied, readiness, models (sections 9.2 and 11.5 of the reference).

It has no credentials and therefore shows none: hashes, counts, names of rows. Problems of a configuration are sentences that
quote no values.
"""

import msgspec

from lockgate.gateway.relay.roles import House
from lockgate.gateway.snapshot_source import FileSource
from lockgate.model.faults import Fault
from lockgate.runtime import tasks
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request
from lockgate.runtime.metrics import CONTENT_TYPE

_encode = msgspec.json.Encoder(order="deterministic").encode
JSON = b"content-type: application/json\r\n"
TEXT = b"content-type: text/plain; charset=utf-8\r\n"
METRICS = b"content-type: " + CONTENT_TYPE + b"\r\n"


class StatusPages:
    """Which pages there are. Implements runtime/http1/shared.Handler but for ``answer``."""

    def __init__(self, metrics_path: str) -> None:
        self._pages = {
            metrics_path.encode(): "metrics",
            b"/status/config": "config",
            b"/status/ready": "ready",
            b"/status/models": "models",
        }

    def answer(self, page: str, reply: Reply) -> None:
        raise NotImplementedError

    def head(self, request: Request, reply: Reply) -> None:
        page = self._pages.get(request.path)
        if page is None:
            reply.send(404, TEXT, b"There is no such page. There are: " + b" ".join(self._pages) + b"\n")
        elif request.method not in (b"GET", b"HEAD"):
            reply.send(405, TEXT + b"allow: GET, HEAD\r\n", b"Only GET and HEAD.\n")
        else:
            self.answer(page, reply)

    def request(self, request: Request, reply: Reply) -> None:
        """Every request is answered from its head."""

    def refuse(self, fault: Fault, request: Request | None) -> tuple[bytes, bytes]:
        return TEXT, fault.message.encode() + b"\n"

    def body_refused(self, request: Request, fault: Fault, outcome: str) -> None: ...


class Status(StatusPages):
    """The status listener of one process."""

    def __init__(self, house: House, source: FileSource, metrics_path: str) -> None:
        super().__init__(metrics_path)
        self._house, self._source = house, source

    def answer(self, page: str, reply: Reply) -> None:
        house = self._house
        if page == "metrics":
            tasks.spawn(self._scrape(reply), name="scrape")
        elif page == "config":
            reply.send(200, JSON, config_page(house, self._source))
        elif page == "models":
            reply.send(200, JSON, models_page(house))
        else:
            ready = house.plan.number > 0
            reply.send(200 if ready else 503, TEXT, b"ok\n" if ready else b"no configuration was applied yet\n")

    async def _scrape(self, reply: Reply) -> None:
        """In small steps, so that a scrape of many series holds up no exchange."""
        reply.send(200, METRICS, await self._house.sight.scrape())


def config_page(house: House, source: FileSource) -> bytes:
    snapshot, failure = source.snapshot, source.failure
    if snapshot is None:
        state = "never_loaded" if failure is None else "out_of_sync"
    elif failure is not None:
        state = "out_of_sync"
    elif snapshot.rejected or snapshot.stale:
        state = "degraded"
    else:
        state = "synced" if snapshot.models or snapshot.api_keys else "empty"
    page: dict[str, object] = {
        "state": state,
        "source": {"kind": "file", "path": source.path.name},
        "applied": None,
        "last_reload_at_ms": source.reloaded_at_ms,
        "last_failure": failure,
    }
    if snapshot is not None:
        page |= {
            "applied": {"generation": house.plan.number, "hash": snapshot.hash, "at_ms": source.applied_at_ms},
            "rejected": snapshot.rejected,
            "partially_compatible": snapshot.partial,
            "serving_stale": [{"kind": kind, "id": row_id} for kind, row_id in snapshot.stale],
            "resources": {
                "provider_keys": len(snapshot.provider_keys),
                "models": len(snapshot.models),
                "api_keys": len(snapshot.api_keys),
            },
        }
    return _encode(page)


def models_page(house: House) -> bytes:
    """Nothing watches a model's health yet, so nothing is claimed of it."""
    rows = [
        {"model": row.display_name, "provider": row.provider, "status": "not_applicable"}
        for row in sorted(house.plan.snapshot.models.values(), key=lambda row: row.display_name)
    ]
    return _encode({"models": rows})
