"""
The snapshot: the compiled, numbered, immutable set of resources a gateway runs, and what was wrong on the way to it.

Values only. ``core/publishing`` makes snapshots; the gateway turns one into its runtime form and swaps a reference.
"""

import msgspec

from lockgate.model.resources.api_key import ApiKey
from lockgate.model.resources.model import Model
from lockgate.model.resources.provider_key import ProviderKey


class Problem(msgspec.Struct, frozen=True):
    """
    One thing wrong in a document, said so that its writer can put it right. Never shows a value that may be a secret.

    ``kind`` is a collection, or empty for the document itself; ``entry`` is the row's name, empty when it has none;
    ``index`` its place in the collection, -1 when there is no row; ``field`` a dotted path inside the row.
    """

    kind: str
    entry: str
    field: str
    sentence: str
    index: int = -1
    id: str = ""


class Partial(msgspec.Struct, frozen=True):
    """Fields that were read over rather than refused: path with ``[]`` for positions, and in how many places."""

    kind: str
    field: str
    count: int


class Resources(msgspec.Struct, frozen=True):
    """What a document says: complete rows with their ids, and what was left out of it (only in tolerant reading)."""

    provider_keys: tuple[ProviderKey, ...] = ()
    models: tuple[Model, ...] = ()
    api_keys: tuple[ApiKey, ...] = ()
    rejected: tuple[Problem, ...] = ()
    partial: tuple[Partial, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    """
    ``number`` orders snapshots of one source; ``hash`` is the same for equal content. Maps are by id.

    References between rows may dangle; they are resolved when used. ``stale`` lists (kind, id) of rows that turned
    bad and are served with their last good value.
    """

    number: int
    hash: str
    provider_keys: dict[str, ProviderKey] = {}
    models: dict[str, Model] = {}
    api_keys: dict[str, ApiKey] = {}
    rejected: tuple[Problem, ...] = ()
    partial: tuple[Partial, ...] = ()
    stale: tuple[tuple[str, str], ...] = ()
