"""``lockgate usage``: what it prints for a spool of known records."""

import json
from pathlib import Path

import msgspec
import pytest

from lockgate.cli.usage import Misused, since_ms_of, usage
from lockgate.gateway.spool import Spool
from lockgate.model.records import AttemptKind, Intent, Settlement
from lockgate.model.usage import Usage
from lockgate.runtime.clock import ManualClock

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000

RESOURCES = """
_format_version: "1"
provider_keys:
  - {id: pk-1, display_name: main, provider: openai, api_key: "${NOT_SET_HERE}"}
models:
  - id: model-1
    display_name: small
    provider: openai
    model_name: gpt-small
    provider_key: main
    cost: {input_per_1k: 0.1, output_per_1k: 0.2}
  - {id: model-2, display_name: large-now, provider: openai, model_name: gpt-large, provider_key: main}
api_keys:
  - {id: key-1, display_name: ci, key_hash: "0000000000000000000000000000000000000000000000000000000000000000", allowed_models: ["*"]}
"""


def intent(number: int, **changes: object) -> Intent:
    plain = Intent(
        id=number.to_bytes(16, "big"),
        at_ms=NOW_MS - HOUR_MS,
        request_id="r",
        attempt_index=0,
        attempt_kind=AttemptKind.INITIAL,
        operation="chat",
        inbound_protocol="openai",
        stream=False,
        api_key_id="key-1",
        team_id="",
        user_id="",
        requested_model="small",
        model_id="model-1",
        model_name="small",
        provider="openai",
        provider_key_id="pk-1",
        held_input=1,
        held_output=1,
    )
    return msgspec.structs.replace(plain, **changes)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    spool = Spool(folder)
    records = [
        (intent(1), Settlement(intent(1).id, NOW_MS, 200, Usage(input=800, cached=200, output=500, reasoning=100))),
        (intent(2, at_ms=NOW_MS - 50 * HOUR_MS), Settlement(intent(2).id, NOW_MS, 200, Usage(input=1000, estimated=True))),
        (intent(3), Settlement(intent(3).id, NOW_MS, 504, error_class="upstream_timeout")),
        (intent(4, model_id="model-2", model_name="large"), Settlement(intent(4).id, NOW_MS, 200, Usage(input=7, output=9))),
        (intent(5, api_key_id="key-2", requested_model="\x1b[2J"), None),
    ]
    for begun, ended in records:
        spool.intend(begun)
        if ended is not None:
            spool.settle(ended)
    spool.close()
    (tmp_path / "resources.yaml").write_text(RESOURCES, encoding="utf-8")
    return folder


def test_the_table_has_a_line_per_key_and_model_and_a_total(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert usage(folder) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == [
        *["key", "model", "attempts", "ok", "failed", "recovered", "open", "estimated", "input", "cached", "output", "reasoning"]
    ]
    assert rows[2:] == [
        ["key-1", "small", "3", "2", "1", "0", "0", "1", "2,000", "200", "500", "100"],
        ["key-1", "large", "1", "1", "0", "0", "0", "0", "7", "0", "9", "0"],
        ["key-2", "small", "1", "0", "0", "0", "1", "0", "0", "0", "0", "0"],
        ["total", "5", "3", "1", "0", "1", "1", "2,007", "200", "509", "100"],
    ]
    assert err == ""


def test_a_resources_file_gives_names_and_costs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert usage(folder, resources=folder.parent / "resources.yaml", sort="cost") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[:2] + row[-1:] for row in rows[2:5]] == [
        ["ci", "small", "$0.300000"],
        ["ci", "large-now", "unpriced"],
        ["key-2", "small", "$0.000000"],
    ]
    assert rows[5][-1] == "$0.300000+"
    assert "unpriced" in rows[7][0]


def test_json_has_whole_nano_dollars(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert usage(folder, by="model", form="json", resources=folder.parent / "resources.yaml") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["lines"][0]["model"] == "small"
    assert document["lines"][0]["cost_nano_dollars"] == 300_000_000
    assert document["total"]["unpriced"] == 1
    assert document["total"]["attempts"] == 5


def test_csv_has_a_head_and_a_line_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert usage(folder, by="error,day", form="csv", sort="day") == 0
    assert capsys.readouterr().out.splitlines() == [
        "error,day,attempts,ok,failed,recovered,open,estimated,input,cached,output,reasoning",
        ",2023-11-12,1,1,0,0,0,1,1000,0,0,0",
        ",2023-11-14,2,2,0,0,0,0,1007,200,509,100",
        "open,2023-11-14,1,0,0,0,1,0,0,0,0,0",
        "upstream_timeout,2023-11-14,1,0,1,0,0,0,0,0,0,0",
    ]


@pytest.mark.parametrize(
    ("options", "attempts"),
    [
        ({"since": "24h"}, 4),
        ({"key": "key-2"}, 1),
        ({"key": "ci", "resources": "resources.yaml"}, 4),
        ({"key": "c*", "resources": "resources.yaml"}, 4),
        ({"model": "large"}, 1),
        ({"model": "large-*", "resources": "resources.yaml"}, 1),
        ({"model": "model-1"}, 4),
        ({"model": "model-1", "key": "key-1", "since": "2023-11-14"}, 2),
        ({"key": "nobody"}, 0),
    ],
)
def test_options_narrow_what_is_counted(folder: Path, capsys: pytest.CaptureFixture[str], options: dict[str, str], attempts: int) -> None:
    book = options.pop("resources", None)
    status = usage(folder, form="json", clock=ManualClock(NOW_MS), resources=folder.parent / book if book else None, **options)  # type: ignore[arg-type]
    assert status == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["total"]["attempts"] == attempts
    assert ("No usage record" in err) is (attempts == 0)


def test_what_a_caller_named_cannot_steer_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert usage(folder, by="requested_model") == 0
    out = capsys.readouterr().out
    assert "?[2J" in out
    assert "\x1b" not in out


def test_folders_of_several_workers_are_added_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool = Spool(folder.parent / "more")
    spool.intend(intent(9))
    spool.close()
    assert usage(folder.parent, form="json") == 0
    assert json.loads(capsys.readouterr().out)["total"]["attempts"] == 6


def test_an_empty_folder_explains_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert usage(tmp_path) == 1
    assert "no usage records" in capsys.readouterr().err
    assert usage(tmp_path / "nowhere") == 1
    assert "no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"by": "colour"}, "by 'colour'; it can by key, model"),
        ({"sort": "colour"}, "no column 'colour'"),
        ({"sort": "cost"}, "A cost needs --resources"),
        ({"form": "xml"}, "no format 'xml'"),
        ({"since": "yesterday"}, "'yesterday' is no time"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: dict[str, str], sentence: str
) -> None:
    assert usage(folder, **options) == 2  # type: ignore[arg-type]
    out, err = capsys.readouterr()
    assert sentence in err
    assert out == ""


@pytest.mark.parametrize("text", ["not: [closed", "just text", '_format_version: "9"'])
def test_a_resources_file_that_cannot_be_used_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    bad = folder.parent / "bad.yaml"
    assert usage(folder, resources=bad) == 2
    bad.write_text(text, encoding="utf-8")
    assert usage(folder, resources=bad) == 2
    assert str(bad) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("", 0),
        ("30m", NOW_MS - 1_800_000),
        ("2w", NOW_MS - 1_209_600_000),
        ("2023-11-14", 1_699_920_000_000),
        ("2023-11-14T01:00+01:00", 1_699_920_000_000),
    ],
)
def test_times_are_read(text: str, expected_ms: int) -> None:
    assert since_ms_of(text, NOW_MS) == expected_ms


@pytest.mark.parametrize("text", ["h", "-1h", "1y", "tomorrow"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(Misused, match="is no time"):
        since_ms_of(text, NOW_MS)


def test_damage_is_said_and_the_rest_is_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [path] = folder.glob("*.spool")
    data = bytearray(path.read_bytes())
    data[80] ^= 1
    path.write_bytes(data)
    assert usage(folder, form="json") == 0
    out, err = capsys.readouterr()
    assert "Warning" in err
    assert json.loads(out)["total"]["attempts"] == 4
