"""Ids have the shape of their RFC, are unique, ordered where promised, and not shared with a forked child."""

import os
import uuid

import pytest

from lockgate.runtime import ids
from lockgate.runtime.ids import Ids


def test_a_request_id_is_a_uuid_of_version_4() -> None:
    for text in [ids.request_id() for _ in range(1000)]:
        parsed = uuid.UUID(text)
        assert str(parsed) == text
        assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)


def test_request_ids_do_not_repeat_across_refills() -> None:
    assert len({ids.request_id() for _ in range(20_000)}) == 20_000


def test_every_random_bit_of_a_request_id_comes_from_the_source() -> None:
    ones = Ids(random=lambda n: b"\xff" * n).request_id()
    zeros = Ids(random=lambda n: b"\x00" * n).request_id()
    assert ones == "ffffffff-ffff-4fff-bfff-ffffffffffff"
    assert zeros == "00000000-0000-4000-8000-000000000000"


def test_a_record_id_is_a_uuid_of_version_7_with_its_time() -> None:
    made = Ids(now_ns=lambda: 1_700_000_000_123_456_789).record_id()
    parsed = uuid.UUID(bytes=made)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert int.from_bytes(made[:6], "big") == 1_700_000_000_123


def test_record_ids_grow_strictly_within_one_millisecond() -> None:
    still = Ids(now_ns=lambda: 1_700_000_000_000_000_000)
    made = [still.record_id() for _ in range(5000)]
    assert made == sorted(set(made))


@pytest.mark.parametrize("start", [b"\x00", b"\xff"])
def test_the_count_carries_over_the_mark_in_its_middle(start: bytes) -> None:
    made = Ids(random=lambda n: start * n, now_ns=lambda: 10**18)
    first, second = made.record_id(), made.record_id()
    assert first < second
    assert {uuid.UUID(bytes=one).version for one in (first, second)} == {7}
    assert {uuid.UUID(bytes=one).variant for one in (first, second)} == {uuid.RFC_4122}


def test_record_ids_grow_when_the_wall_clock_is_set_back() -> None:
    times = iter([10**18, 10**18 - 10**15, 10**18 + 10**6])
    source = Ids(now_ns=lambda: next(times))
    made = [source.record_id() for _ in range(3)]
    assert made == sorted(set(made))


def test_a_forked_child_makes_other_ids_than_its_parent() -> None:
    ids.request_id()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        os.write(write, ids.request_id().encode() + ids.record_id())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        theirs = file.read()
    assert theirs[:36].decode() != ids.request_id()
    assert theirs[36:] != ids.record_id()
