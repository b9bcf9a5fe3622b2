"""``lockgate check``: the report and the exit status."""

from pathlib import Path

import pytest

from lockgate.cli.check import check
from lockgate.gateway.snapshot_source import FileSource, Refused

SOUND = """
_format_version: "1"
provider_keys: [{display_name: up, provider: openai, api_key: "${KEY}"}]
models: [{display_name: a, provider: openai, model_name: m, provider_key: up}, {display_name: b, provider: openai, model_name: m, provider_key: up}]
"""


def written(folder: Path, text: str, name: str = "resources.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_sound_file_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, SOUND)
    assert check(path, {"KEY": "hush"}) == 0
    said = capsys.readouterr()
    assert said.out == f"{path}: 1 provider key, 2 models, 0 caller keys.\n"
    assert said.err == ""


def test_every_problem_has_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, SOUND.replace("model_name: m,", "modle_name: m,", 1))
    assert check(path, {}) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        'provider_keys[0] "up": api_key: needs the environment variable KEY, which is not set',
        'models[0] "a": modle_name: is not a known field; did you mean model_name?',
        'models[0] "a": model_name: is missing; a model needs provider, model_name and provider_key',
        f"{path}: 3 problems.",
    ]


def test_a_settings_file_is_recognized(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(written(tmp_path, "proxy: {addr: 'a:1'}\n"), {}) == 1
    assert "This is a settings file" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "a: [", "- 1\n"])
def test_what_is_no_resources_file_is_told(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(written(tmp_path, text), {}) == 1
    assert "1 problem.\n" in capsys.readouterr().err


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path / "nowhere.yaml", {}) == 1
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "", "a: [", "- 1\n", '_format_version: "1"\nmodels: [{}]\nmodles: []\n'])
def test_a_gateway_refuses_with_the_same_lines(text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "resources.yaml"
    if text is not None:
        written(tmp_path, text)
    check(path, {})
    *lines, _ = capsys.readouterr().err.splitlines()
    said: list[str] = []
    with pytest.raises(Refused) as refused:
        FileSource(path, {}, tolerant=False, now_ms=lambda: 0).load()
    refused.value.say(said.append)
    assert said == lines
    assert not any(told.startswith(":") for told in said)
