"""The command line: help, exit codes, sentences instead of tracebacks, and what a command does not load."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate import __version__

COMMANDS = ("gateway", "up", "check", "usage", "local-model")


def lockgate(*arguments: str, folder: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
    line = [sys.executable, "-c", "from lockgate.cli.main import main; main()", *arguments]
    return subprocess.run(line, cwd=folder, env=environment | variables, capture_output=True, text=True, check=False)


def test_the_version_is_told() -> None:
    assert lockgate("--version").stdout == f"lockgate {__version__}\n"


def test_help_lists_every_command() -> None:
    said = lockgate("--help").stdout
    for command in COMMANDS:
        assert f"  {command} " in said


@pytest.mark.parametrize(
    "command", [*[(name,) for name in COMMANDS if name != "local-model"], ("local-model", "fetch"), ("local-model", "serve")]
)
def test_the_help_of_every_command_has_an_example(command: tuple[str, ...]) -> None:
    done = lockgate(*command, "--help")
    assert done.returncode == 0
    assert f"lockgate {' '.join(command)}" in done.stdout.partition("Example")[2]


def test_no_command_shows_the_help() -> None:
    assert "Commands:" in lockgate().stdout + lockgate().stderr


def test_an_unknown_command_is_a_misuse() -> None:
    done = lockgate("sing")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_settings_that_are_not_there_are_told_in_a_sentence() -> None:
    done = lockgate("gateway", "--config", "nowhere.yaml")
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("proxi: {}\nshutdown: {min_drain_secs: -1}\n")
    done = lockgate("gateway", folder=tmp_path, LOCKGATE_CONFIG="settings.yaml")
    assert done.returncode == 2
    assert "proxi" in done.stderr
    assert "min_drain_secs" in done.stderr


def test_a_gateway_without_resources_says_what_to_set() -> None:
    done = lockgate("gateway")
    assert done.returncode == 1
    assert "resources_file" in done.stderr


def test_check_fails_for_a_file_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "resources.yaml").write_text('_format_version: "1"\nmodels: [{}]\n')
    done = lockgate("check", "resources.yaml", folder=tmp_path)
    assert done.returncode == 1
    assert "display_name" in done.stderr


def test_check_passes_for_a_file_that_is_right(tmp_path: Path) -> None:
    (tmp_path / "resources.yaml").write_text('_format_version: "1"\n')
    assert lockgate("check", "resources.yaml", folder=tmp_path).returncode == 0


def test_a_model_file_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = lockgate("local-model", "serve", folder=tmp_path)
    assert done.returncode == 1
    assert "local-model fetch" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_loads_no_more_than_it_needs() -> None:
    """What starts slowly or belongs to another program is loaded by the command that needs it."""
    program = "import sys; import lockgate.cli.main; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & {
        "rich",
        "asyncio",
        "uvloop",
        "yaml",
        "tiktoken",
        "jsonschema_rs",
        "lockgate.gateway",
        "lockgate.cli.up",
        "xllamacpp",
    }


def test_the_gateway_loads_nothing_of_the_other_programs() -> None:
    program = "import sys; import lockgate.cli.main, lockgate.gateway.app; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())
    assert not [name for name in loaded if name.startswith("lockgate.control")]
    assert not loaded & {"rich", "xllamacpp", "lockgate.cli.up", "lockgate.cli.local_model", "http.client", "requests"}


def test_a_tethered_command_is_the_same_command() -> None:
    program = "from lockgate.cli.tether import main; main(['--version'])"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.read() == f"lockgate {__version__}\n"
    assert child.returncode == 0
