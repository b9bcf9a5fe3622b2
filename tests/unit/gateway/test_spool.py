"""The spool's promises, one process: order, rotation, damage, room, locking, retention. Kills are in test_spool_kill.py."""

import os
import resource
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from lockgate.gateway.spool import Damage, Spool, SpoolFull, SpoolLocked, read
from lockgate.gateway.spool.entries import INTENT_BYTES, SETTLEMENT_BYTES, clipped_intent, clipped_settlement, plain
from lockgate.gateway.spool.segment import FRAME_BYTES, HEADER_BYTES, MAGIC, is_mappable, pack_header, read_oldest_open, segments
from lockgate.model.records import AttemptKind, Intent, Settlement
from lockgate.model.usage import Usage

SMALL = 64 * 1024
ROOT = Path(__file__).parents[3]


def an_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def intent(number: int, **changes: object) -> Intent:
    plain = Intent(
        id=an_id(number),
        at_ms=1_700_000_000_000 + number,
        request_id=f"request-{number}",
        attempt_index=0,
        attempt_kind=AttemptKind.INITIAL,
        operation="chat",
        inbound_protocol="openai",
        stream=False,
        api_key_id="key-1",
        team_id="team-1",
        user_id="",
        requested_model="small",
        model_id="model-1",
        model_name="small",
        provider="openai",
        provider_key_id="pk-1",
        held_input=100,
        held_output=200,
    )
    return msgspec.structs.replace(plain, **changes)


def settlement(number: int, **changes: object) -> Settlement:
    plain = Settlement(an_id(number), 1_700_000_001_000 + number, 200, Usage(input=10, output=20), finish_reason="stop")
    return msgspec.structs.replace(plain, **changes)


def write(spool: Spool, numbers: range) -> None:
    for number in numbers:
        spool.intend(intent(number))
        spool.settle(settlement(number))


def left_by_a_killed_process(folder: Path, work: Callable[[Spool], None]) -> None:
    """Copied while it is in use, the files are exactly what ``kill -9`` leaves: nothing closed, nothing cut."""
    alive = folder.with_name(f"{folder.name}-alive")
    if folder.exists():
        shutil.copytree(folder, alive)
    spool = Spool(alive, segment_bytes=SMALL)
    spool.recover(1)
    work(spool)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(alive, folder)
    spool.close()
    shutil.rmtree(alive)


def eventually(is_true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def ids(folder: Path) -> list[tuple[int, bool]]:
    return [(int.from_bytes(i.id, "big"), s is not None) for i, s in read(folder)]


def test_intents_and_settlements_are_read_back_joined(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    first = intent(1, tags={"team": "blue"}, stream=True, attempt_kind=AttemptKind.RETRY)
    spool.intend(first)
    spool.intend(intent(2))
    ended = settlement(2, error_class="upstream_timeout", status=504)
    spool.settle(ended)
    assert list(read(tmp_path)) == [(intent(2), ended), (first, None)]
    assert spool.open_intents == 1
    spool.close()
    assert list(read(tmp_path)) == [(intent(2), ended), (first, None)]


@pytest.mark.parametrize("mapped", [True, False])
def test_a_hundred_thousand_records_over_many_segments_are_read_back(tmp_path: Path, mapped: bool) -> None:
    spool = Spool(tmp_path, segment_bytes=1 << 20, mapped=mapped)
    write(spool, range(50_000))
    assert spool.open_intents == 0
    assert spool.spool_segments > 8
    spool.close()
    assert ids(tmp_path) == [(number, True) for number in range(50_000)]


def test_a_closed_spool_holds_no_unused_space(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    write(spool, range(10))
    size = spool.spool_bytes
    spool.close()
    assert [path.stat().st_size for path in segments(tmp_path)] == [size]


def test_an_unused_spool_leaves_no_segment(tmp_path: Path) -> None:
    Spool(tmp_path).close()
    assert segments(tmp_path) == []


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.close()
    spool.close()


def test_a_second_settlement_of_an_attempt_is_not_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    write(spool, range(1))
    spool.settle(settlement(0, status=500))
    assert spool.surplus_settlements == 1
    spool.close()
    [(_, ended)] = read(tmp_path)
    assert ended is not None
    assert ended.status == 200


def test_two_writers_on_one_folder_are_refused(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    with pytest.raises(SpoolLocked, match=f"in use by another process .{os.getpid()}"):
        Spool(tmp_path)
    write(first, range(3))
    first.close()
    Spool(tmp_path).close()
    assert len(ids(tmp_path)) == 3


def test_reading_goes_on_beside_the_writer(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=SMALL)
    seen = 0
    for number in range(2000):
        spool.intend(intent(number))
        if number % 100 == 0:
            damages: list[Damage] = []
            seen = len(list(read(tmp_path, damages.append)))
            assert seen == number + 1
            assert not damages
        spool.settle(settlement(number))
    spool.close()


# Recovering -------------------------------------------------------------------------------------------------------


def test_what_a_dead_process_left_open_is_settled_with_what_it_held(tmp_path: Path) -> None:
    folder = tmp_path / "spool"

    def work(spool: Spool) -> None:
        write(spool, range(5))
        spool.intend(intent(7, held_input=30, held_output=40))

    left_by_a_killed_process(folder, work)
    spool = Spool(folder)
    assert spool.recover(now_ms=99) == 1
    assert spool.open_intents == 0
    spool.close()
    *_, (open_intent, ended) = read(folder)
    assert open_intent.id == an_id(7)
    assert ended == Settlement(an_id(7), 99, 500, Usage(input=30, output=40, estimated=True), "recovered", recovered=True)


def test_recovering_twice_recovers_once(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    left_by_a_killed_process(folder, lambda spool: spool.intend(intent(1)))
    for expected in (1, 0, 0):
        spool = Spool(folder)
        assert spool.recover(2) == expected
        spool.close()
    assert ids(folder) == [(1, True)]


def test_a_recovery_that_is_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    def work(spool: Spool) -> None:
        for number in range(400):
            spool.intend(intent(number))

    left_by_a_killed_process(tmp_path / "spool", work)
    left_by_a_killed_process(tmp_path / "spool", lambda spool: None)
    *_, last = (path for path in segments(tmp_path / "spool") if path.read_bytes()[HEADER_BYTES:].strip(b"\0"))
    data = last.read_bytes()
    half = data[HEADER_BYTES : len(data.rstrip(b"\0")) // 2]
    last.write_bytes((pack_header(int(last.stem), 0) + half).ljust(SMALL, b"\0"))
    spool = Spool(tmp_path / "spool")
    recovered = spool.recover(3)
    assert 100 < recovered < 300
    spool.close()
    assert sorted(ids(tmp_path / "spool")) == [(number, True) for number in range(400)]


def test_an_intent_many_segments_before_its_settlement_is_joined_and_recovered(tmp_path: Path) -> None:
    folder = tmp_path / "spool"

    def work(spool: Spool) -> None:
        spool.intend(intent(1))
        spool.intend(intent(2))
        write(spool, range(10, 2000))
        spool.settle(settlement(1))

    left_by_a_killed_process(folder, work)
    assert len(segments(folder)) > 4
    spool = Spool(folder, segment_bytes=SMALL)
    assert spool.recover(3) == 1
    spool.close()
    found = ids(folder)
    assert len(found) == 1992
    assert (1, True) in found
    assert (2, True) in found


def test_a_start_reads_only_segments_that_may_hold_something_open(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=SMALL, sync_interval_s=0.01)
    spool.recover(1)
    write(spool, range(1000))
    eventually(lambda: read_oldest_open(segments(tmp_path)[-1]) > 3 or read_oldest_open(segments(tmp_path)[-2]) > 3)
    spool.close()
    again = Spool(tmp_path, segment_bytes=SMALL)
    assert again._keeper.inherited == []
    again.close()


def test_an_unknown_or_damaged_statement_of_the_oldest_open_means_reading_everything(tmp_path: Path) -> None:
    folder = tmp_path / "spool"

    def work(spool: Spool) -> None:
        spool.intend(intent(1))
        write(spool, range(10, 2000))

    left_by_a_killed_process(folder, work)
    for path in segments(folder):
        data = bytearray(path.read_bytes())
        data[16] ^= 0x55
        path.write_bytes(data)
    spool = Spool(folder)
    assert spool.recover(3) == 1
    spool.close()


def test_space_that_was_never_written_to_is_given_back_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    left_by_a_killed_process(folder, lambda spool: write(spool, range(150)))
    spool = Spool(folder)
    spool.recover(3)
    size = spool.spool_bytes
    spool.close()
    sizes = [path.stat().st_size for path in segments(folder)]
    assert sizes == [sizes[0]]
    assert sizes[0] == size - HEADER_BYTES
    assert size < SMALL
    assert len(ids(folder)) == 150


# Damage -----------------------------------------------------------------------------------------------------------


def a_segment(folder: Path, count: int) -> Path:
    spool = Spool(folder)
    write(spool, range(count))
    spool.close()
    [path] = segments(folder)
    return path


def test_a_write_cut_short_at_any_byte_costs_only_itself(tmp_path: Path) -> None:
    path = a_segment(tmp_path / "a", 2)
    whole = path.read_bytes()
    shorter = a_segment(tmp_path / "b", 1)
    before = len(shorter.read_bytes())
    for cut in range(before, len(whole)):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        torn = folder / path.name
        torn.write_bytes(pack_header(1, 0) + whole[HEADER_BYTES:cut] + bytes(5000))
        found = ids(folder)
        assert (0, True) in found
        spool = Spool(folder, segment_bytes=SMALL)
        assert spool.recover(9) == len(found) - 1
        spool.close()
        assert ids(folder) == [(number, True) for number, _ in found]


def test_a_flipped_bit_costs_one_record_and_is_reported(tmp_path: Path) -> None:
    path = a_segment(tmp_path, 20)
    whole = path.read_bytes()
    for bit in range(HEADER_BYTES * 8, len(whole) * 8, 37):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        damages: list[Damage] = []
        found = list(read(tmp_path, damages.append))
        last_is_hit = len(found) == 20 and not damages
        assert len(found) in (19, 20)
        assert len(damages) == 1 or last_is_hit
        assert sum(s is None for _, s in found) == (0 if len(found) == 19 else 1)


def test_damaged_bytes_are_kept_aside_and_reported_by_a_start(tmp_path: Path) -> None:
    path = a_segment(tmp_path, 20)
    data = bytearray(path.read_bytes())
    data[HEADER_BYTES + 40] ^= 1
    data[:HEADER_BYTES] = pack_header(1, 0)
    path.write_bytes(bytes(data) + b"rubbish at the end")
    told: list[str] = []
    spool = Spool(tmp_path, report=told.append)
    assert spool.recover(5) == 0
    spool.close()
    assert len(told) == 2
    assert all(path.name in sentence and ".corrupt" in sentence for sentence in told)
    aside = sorted(tmp_path.glob("*.corrupt"))
    assert [a.read_bytes()[-7:] == b"the end" for a in aside].count(True) == 1
    assert ids(tmp_path) == [(number, True) for number in range(1, 20)]


def test_a_file_that_is_no_segment_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "000000000001.spool").write_bytes(b"x" * 100)
    told: list[str] = []
    spool = Spool(tmp_path, report=told.append)
    assert spool.recover(5) == 0
    spool.close()
    assert len(told) == 1
    assert [path.read_bytes() for path in tmp_path.glob("*.corrupt")] == [b"x" * 100]


def test_a_segment_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    head = MAGIC[:-1] + b"\x02" + bytes(16)
    data = head + zlib.crc32(head).to_bytes(4, "little") + bytes(4) + b"what comes"
    path = tmp_path / "000000000001.spool"
    path.write_bytes(data)
    spool = Spool(tmp_path)
    with pytest.raises(OSError, match="another version of Lockgate"):
        spool.recover(1)
    spool.close()
    assert path.read_bytes() == data


# Room -------------------------------------------------------------------------------------------------------------

FILL = """
import resource, sys
from lockgate.gateway.spool import Spool, SpoolFull
from tests.unit.gateway.test_spool import intent, settlement
spool = Spool(sys.argv[1], segment_bytes=64 * 1024, mapped=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 8, resource.RLIM_INFINITY))
number = 0
try:
    while True:
        spool.intend(intent(number))
        number += 1
except SpoolFull as full:
    assert "full" in str(full), full
for n in range(number):
    spool.settle(settlement(n))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.close()
print(number)
"""


def test_a_full_disk_refuses_intents_but_never_a_settlement(tmp_path: Path) -> None:
    """A file size limit stands for the full disk: no further segment can be allocated."""
    command = [sys.executable, "-c", FILL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{ROOT}/src"}, check=False)
    assert done.returncode == 0, done.stderr
    count = int(done.stdout)
    assert count > 50
    assert ids(tmp_path) == [(number, True) for number in range(count)]


def test_writes_go_on_when_there_is_space_again(tmp_path: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    written = 0

    def is_written() -> bool:
        nonlocal written
        try:
            spool.intend(intent(written))
        except SpoolFull:
            return False
        written += 1
        return True

    spool = Spool(tmp_path, segment_bytes=SMALL, mapped=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL - 1, unlimited[1]))
    try:
        while is_written():
            pass
        with pytest.raises(SpoolFull, match="is full"):
            spool.intend(intent(written))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    eventually(is_written)
    for number in range(written):
        spool.settle(settlement(number))
    spool.close()
    assert ids(tmp_path) == [(number, True) for number in range(written)]


def test_a_plain_write_that_fails_refuses_the_intent(tmp_path: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    spool = Spool(tmp_path, segment_bytes=SMALL, mapped=False)
    write(spool, range(50))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, unlimited[1]))
    try:
        with pytest.raises(SpoolFull, match="cannot be written to"):
            spool.intend(intent(50))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    write(spool, range(50, 60))
    spool.close()
    assert ids(tmp_path) == [(number, True) for number in range(60)]


def test_many_open_attempts_make_room_for_all_their_settlements(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=SMALL)
    for number in range(3000):
        spool.intend(intent(number))
    for number in range(3000):
        spool.settle(settlement(number, provider_request_id="x" * 500))
    assert spool.open_intents == 0
    spool.close()
    assert [settled for _, settled in ids(tmp_path)] == [True] * 3000


def test_no_request_pays_for_the_next_segment(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=SMALL)
    number = 0
    while spool._position < SMALL * 0.8:
        write(spool, range(number, number + 1))
        number += 1
    eventually(lambda: bool(spool._keeper.prepared or spool._waiting))
    spool.close()


def test_the_longest_entries_fit_what_is_kept_for_them(tmp_path: Path) -> None:
    long, huge = "\U0001f600" * 5000, 10**30
    texts = {name: long for name in Intent.__struct_fields__ if isinstance(getattr(intent(1), name), str) and name != "attempt_kind"}
    counts = dict.fromkeys(("at_ms", "attempt_index", "held_input", "held_output"), huge)
    largest = intent(1, **texts, **counts, tags={f"{n}{long}": long for n in range(100)})
    usage = Usage(**{name: huge for name in Usage.__struct_fields__ if name != "estimated"}, estimated=True)
    times = dict.fromkeys(("at_ms", "status", "upstream_latency_ms", "upstream_ttft_ms", "downstream_latency_ms"), huge)
    said = dict.fromkeys(("error_class", "finish_reason", "provider_request_id", "provider_model_version"), long)
    ended = settlement(1, usage=usage, recovered=True, **times, **said)
    encode = msgspec.msgpack.Encoder().encode
    assert len(encode(clipped_intent(largest))) + FRAME_BYTES <= INTENT_BYTES
    assert len(encode(clipped_settlement(ended))) + FRAME_BYTES <= SETTLEMENT_BYTES
    spool = Spool(tmp_path)
    spool.intend(largest)
    spool.settle(ended)
    spool.close()
    assert list(read(tmp_path)) == [(clipped_intent(largest), clipped_settlement(plain(ended)))]


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.intend(intent(1, requested_model="a\ud800b"))
    spool.settle(settlement(1, error_class="\udfff"))
    spool.close()
    [(begun, ended)] = read(tmp_path)
    assert ended is not None
    assert (begun.requested_model, ended.error_class) == ("a?b", "?")


def test_text_that_an_upstream_put_where_ids_belong_is_not_kept(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.intend(intent(1))
    spool.settle(settlement(1, finish_reason="secretWord", provider_request_id='{"a":"b"}', provider_model_version="a prompt"))
    spool.close()
    [(_, ended)] = read(tmp_path)
    assert ended is not None
    assert (ended.finish_reason, ended.provider_request_id, ended.provider_model_version) == ("other", "", "")


# Settings, syncing, retention ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sync", ["grouped", "always"])
def test_both_ways_of_syncing_write_the_same(tmp_path: Path, sync: str) -> None:
    spool = Spool(tmp_path, sync=sync, sync_interval_s=0.01, segment_bytes=SMALL)
    write(spool, range(300))
    spool.close()
    assert ids(tmp_path) == [(number, True) for number in range(300)]


@pytest.mark.parametrize("bad", [{"sync": "never"}, {"sync_interval_s": 0}, {"segment_bytes": 1000}, {"retain_days": 0}])
def test_settings_that_mean_nothing_are_refused_by_name(tmp_path: Path, bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Spool(tmp_path, **bad)  # type: ignore[arg-type]


def test_settled_segments_past_their_retention_are_deleted_oldest_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=SMALL)
    spool.recover(1)
    spool.intend(intent(5000))
    write(spool, range(1500))
    spool.close()
    old = segments(tmp_path)
    for path in old[:3]:
        os.utime(path, (1, 1))
    again = Spool(tmp_path, segment_bytes=SMALL, sync_interval_s=0.01)
    assert len(segments(tmp_path)) == len(old) + 1
    again.recover(2)
    eventually(lambda: again.spool_segments == len(old) - 2)
    assert [path.name for path in segments(tmp_path)][:-1] == [path.name for path in old[3:]]
    again.close()
    assert again.spool_bytes == sum(path.stat().st_size for path in segments(tmp_path))


def test_a_segment_in_use_for_too_long_is_changed_before_it_is_full(tmp_path: Path) -> None:
    spool = Spool(tmp_path, sync_interval_s=0.01, segment_age_s=0.05)
    number = 0

    def has_changed() -> bool:
        nonlocal number
        write(spool, range(number, number + 1))
        number += 1
        return spool.spool_segments > 2

    eventually(has_changed)
    assert number < 10_000
    spool.close()
    assert ids(tmp_path) == [(n, True) for n in range(number)]


def test_numbers_never_start_again(tmp_path: Path) -> None:
    for _ in range(3):
        spool = Spool(tmp_path, sync_interval_s=0.01)
        spool.recover(1)
        write(spool, range(2))
        spool.close()
        for path in segments(tmp_path):
            os.utime(path, (1, 1))
    assert int(segments(tmp_path)[-1].stem) == 3


def test_a_disk_that_cannot_sync_is_reported_once_and_writing_goes_on(tmp_path: Path) -> None:
    told: list[str] = []
    spool = Spool(tmp_path, sync_interval_s=0.01, mapped=True, report=told.append)
    reading, writing = os.pipe()
    kept = os.dup(spool._active.fd)
    os.dup2(writing, spool._active.fd)
    write(spool, range(3))
    eventually(lambda: spool.sync_failures > 2)
    os.dup2(kept, spool._active.fd)
    for fd in (reading, writing, kept):
        os.close(fd)
    write(spool, range(3, 5))
    spool.close()
    assert len(told) == 1
    assert "could not be synced" in told[0]
    assert ids(tmp_path) == [(number, True) for number in range(5)]


def test_a_folder_on_a_file_system_without_promises_is_written_plainly() -> None:
    assert not is_mappable(Path("/proc"))
