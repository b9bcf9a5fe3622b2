"""Where ``lockgate up`` listens; the rest of it is tested as a whole in tests/journeys/test_up.py."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.cli.first_start import free_port, prepare
from lockgate.cli.up import CannotStart, addresses_for, run, url_of, wait_for_leftovers

STATUS_ANYWHERE = "observability: {metrics: {prometheus: {addr: '127.0.0.1:0'}}}\n"


def nothing(_sentence: str) -> None:
    pass


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (("127.0.0.1", 3000), "http://127.0.0.1:3000"),
        (("0.0.0.0", 3000), "http://127.0.0.1:3000"),
        (("::1", 3000), "http://[::1]:3000"),
        (("::", 3000), "http://[::1]:3000"),
        (("gateway.example", 80), "http://gateway.example:80"),
    ],
)
def test_a_listener_is_reached_on_this_machine(address: tuple[str, int], url: str) -> None:
    assert url_of(address) == url


def test_the_option_wins_over_the_settings(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    folder.settings.write_text(f"proxy: {{addr: '127.0.0.1:1'}}\n{STATUS_ANYWHERE}")
    port = free_port("127.0.0.1")
    assert addresses_for(folder, f"127.0.0.1:{port}", nothing).gateway_url == f"http://127.0.0.1:{port}"


def test_without_the_option_the_settings_say(tmp_path: Path) -> None:
    folder, port = prepare(tmp_path / "data"), free_port("127.0.0.1")
    folder.settings.write_text(f"proxy: {{addr: '127.0.0.1:{port}'}}\n{STATUS_ANYWHERE}")
    assert addresses_for(folder, "", nothing).gateway == ("127.0.0.1", port)


def test_port_0_takes_a_free_one(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    folder.settings.write_text(STATUS_ANYWHERE)
    found = addresses_for(folder, "127.0.0.1:0", nothing)
    assert found.gateway[1] != 0
    assert found.status[1] != 0
    assert set(found.environment.values()) == {f"127.0.0.1:{found.gateway[1]}", f"127.0.0.1:{found.status[1]}"}


def test_a_taken_status_port_is_replaced_and_that_is_said(tmp_path: Path) -> None:
    folder, said = prepare(tmp_path / "data"), list[str]()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        folder.settings.write_text(f"observability: {{metrics: {{prometheus: {{addr: '127.0.0.1:{port}'}}}}}}\n")
        assert addresses_for(folder, "127.0.0.1:0", said.append).status[1] != port
    assert f"127.0.0.1:{port} is taken" in said[0]


@pytest.mark.parametrize("address", ["127.0.0.1", "nowhere:x", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_told_in_a_sentence(tmp_path: Path, address: str) -> None:
    with pytest.raises(CannotStart, match=r"^--gateway-addr must be HOST:PORT"):
        addresses_for(prepare(tmp_path / "data"), address, nothing)


def test_a_data_folder_that_is_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(CannotStart, match="cannot be used as the data folder"):
        run(tmp_path / "data", "", nothing)


def test_the_processes_of_one_that_was_killed_are_waited_for(tmp_path: Path) -> None:
    folder, said = prepare(tmp_path / "data"), list[str]()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as left:
        folder.up_json.write_text(f'{{"pids": {{"gateway": {left.pid}}}}}')

        def say(sentence: str) -> None:
            said.append(sentence)
            left.communicate(b"\n")

        wait_for_leftovers(folder, say)
        assert left.returncode == 0
    assert said == ["The Lockgate before this one was killed; waiting for its processes to end."]
    assert not folder.up_json.exists()


def test_nothing_is_waited_for_when_nothing_is_left(tmp_path: Path) -> None:
    folder, said = prepare(tmp_path / "data"), list[str]()
    wait_for_leftovers(folder, said.append)
    folder.up_json.write_text("half a")
    wait_for_leftovers(folder, said.append)
    assert said == []
