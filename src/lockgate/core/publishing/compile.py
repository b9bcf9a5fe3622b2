"""
Resources to a snapshot: by id, numbered, with a hash that is equal for equal content.

A row that turned bad keeps its last good value from the previous snapshot, and is listed as stale.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec

from lockgate.model.resources.secret import Secret
from lockgate.model.snapshot import Resources, Snapshot

SNAPSHOT_KINDS = ("provider_keys", "models", "api_keys")


def compile(resources: Resources, number: int, previous: Snapshot | None = None) -> Snapshot:
    """The snapshot of ``resources``. The hash covers content alone: neither the number nor what was rejected."""
    by_kind: dict[str, dict[str, Any]] = {kind: _by_id(getattr(resources, kind)) for kind in SNAPSHOT_KINDS}
    stale = []
    if previous is not None:
        for problem in resources.rejected:
            old = getattr(previous, problem.kind, {}).get(problem.id) if problem.kind in SNAPSHOT_KINDS else None
            if old is not None and problem.id not in by_kind[problem.kind]:
                by_kind[problem.kind][problem.id] = old
                stale.append((problem.kind, problem.id))
    return Snapshot(
        number=number,
        hash=content_hash(by_kind),
        rejected=resources.rejected,
        partial=resources.partial,
        stale=tuple(stale),
        **by_kind,
    )


def content_hash(by_kind: dict[str, dict[str, Any]]) -> str:
    """SHA-256 over JSON with sorted keys. Secrets count, so that a new one makes a new hash."""
    return sha256(msgspec.json.encode(by_kind, enc_hook=_reveal, order="sorted")).hexdigest()


def _by_id(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.id: row for row in rows}


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} has no canonical form")
