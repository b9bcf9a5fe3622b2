"""What changed between two snapshots, by kind and id: what state to keep, and what to tell."""

from typing import Any

import msgspec

from lockgate.core.publishing.compile import SNAPSHOT_KINDS
from lockgate.model.snapshot import Snapshot


class Change(msgspec.Struct, frozen=True):
    """Ids of one kind, each sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def changes(old: Snapshot | None, new: Snapshot) -> dict[str, Change]:
    """Kinds in which anything changed; empty when the content is equal."""
    if old is not None and old.hash == new.hash:
        return {}
    found = {kind: _change(getattr(old, kind, {}), getattr(new, kind)) for kind in SNAPSHOT_KINDS}
    return {kind: change for kind, change in found.items() if change != Change()}


def _change(old: dict[str, Any], new: dict[str, Any]) -> Change:
    return Change(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(id for id in new.keys() & old.keys() if new[id] != old[id])),
    )
