"""Snapshots are values."""

import msgspec
import pytest

from lockgate.model.resources.api_key import ApiKey
from lockgate.model.resources.provider_key import ProviderKey
from lockgate.model.resources.secret import Secret
from lockgate.model.snapshot import Problem, Resources, Snapshot


def test_a_snapshot_cannot_be_changed() -> None:
    snapshot = Snapshot(1, "hash")
    with pytest.raises(AttributeError):
        snapshot.number = 2  # type: ignore[misc]


def test_an_empty_snapshot_and_empty_resources_are_the_defaults() -> None:
    assert Snapshot(1, "h") == Snapshot(1, "h", {}, {}, {}, (), (), ())
    assert Resources() == Resources((), (), (), (), ())


def test_printing_a_snapshot_shows_no_secret_and_no_hash() -> None:
    key = ProviderKey(id="k", display_name="k", api_key=Secret("hush"))
    caller = ApiKey(id="c", display_name="c", key_hash="abcdef", allowed_models=())
    text = repr(Snapshot(1, "h", {"k": key}, {}, {"c": caller}))
    assert "hush" not in text
    assert "abcdef" not in text


def test_a_snapshot_is_not_encoded_with_its_secrets_by_accident() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(Snapshot(1, "h", {"k": ProviderKey(display_name="k", api_key=Secret("hush"))}))


def test_a_problem_needs_no_row() -> None:
    assert Problem("", "", "_format_version", "is missing").index == -1
