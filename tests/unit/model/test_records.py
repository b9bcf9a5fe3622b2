"""
Records on the wire. The golden files are what earlier versions wrote: they are added to, never changed, and every one must
still be read. Fields are only ever appended, with defaults.
"""

from pathlib import Path

import msgspec
import pytest

from lockgate.model.records import AttemptKind, Entry, Intent, Settlement
from lockgate.model.usage import Usage

GOLDEN = Path(__file__).parents[2] / "golden" / "records"

INTENT = Intent(
    id=bytes(range(16)),
    at_ms=1_700_000_000_000,
    request_id="r-1",
    attempt_index=1,
    attempt_kind=AttemptKind.FALLBACK,
    operation="chat",
    inbound_protocol="anthropic",
    stream=True,
    api_key_id="k-1",
    team_id="t-1",
    user_id="u-1",
    requested_model="best",
    model_id="m-1",
    model_name="small",
    provider="openai",
    provider_key_id="pk-1",
    held_input=100,
    held_output=200,
    tags={"env": "test"},
)
SETTLEMENT = Settlement(
    id=bytes(range(16)),
    at_ms=1_700_000_002_000,
    status=504,
    usage=Usage(1, 2, 3, 4, 5, 60, 7, 8, True),
    error_class="upstream_timeout",
    finish_reason="stop",
    provider_request_id="p-1",
    provider_model_version="v-1",
    upstream_latency_ms=9,
    upstream_ttft_ms=10,
    downstream_latency_ms=11,
    recovered=True,
)
EXPECTED: dict[str, Entry] = {"intent-1": INTENT, "settlement-1": SETTLEMENT}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.msgpack")), ids=lambda path: path.stem)
def test_what_earlier_versions_wrote_is_still_read(path: Path) -> None:
    assert msgspec.msgpack.decode(path.read_bytes(), type=Entry) == EXPECTED[path.stem]


def test_every_expected_record_has_its_file() -> None:
    assert {path.stem for path in GOLDEN.glob("*.msgpack")} == EXPECTED.keys()


@pytest.mark.parametrize("entry", [INTENT, SETTLEMENT])
def test_an_entry_survives_its_encoding(entry: Entry) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(entry), type=Entry) == entry


def test_fields_that_a_newer_version_appended_are_passed_over() -> None:
    values = msgspec.msgpack.decode(msgspec.msgpack.encode(SETTLEMENT))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode([*values, "more"]), type=Entry) == SETTLEMENT
