"""The data folder: what the first start makes and later starts keep."""

import hashlib
import os
import socket
from pathlib import Path

from lockgate.cli import first_start
from lockgate.cli.check import check
from lockgate.cli.first_start import DataFolder, LocalServer, caller_key, free_port, is_taken, local_server, prepare, write_private
from lockgate.runtime.settings import load


def test_the_first_start_makes_resources_that_pass_the_check(tmp_path: Path) -> None:
    assert check(prepare(tmp_path / "data").resources, {}) == 0


def test_the_first_start_makes_settings_that_load(tmp_path: Path) -> None:
    settings = load(prepare(tmp_path / "data").settings, {})
    assert settings.proxy.addr == "127.0.0.1:3000"
    assert settings.shutdown.min_drain_secs == 0


def test_only_the_hash_of_the_caller_key_is_in_the_resources(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    resources = folder.resources.read_text()
    assert hashlib.sha256(caller_key(folder).encode()).hexdigest() in resources
    assert caller_key(folder) not in resources


def test_what_holds_secrets_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    for path in (folder.caller_key, folder.resources, folder.settings):
        assert path.stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_later_start_changes_nothing(tmp_path: Path) -> None:
    first = prepare(tmp_path / "data")
    first.settings.write_text("shutdown: {min_drain_secs: 5}\n")
    before = {path.name: path.read_bytes() for path in first.path.iterdir() if path.is_file()}
    prepare(tmp_path / "data")
    assert {path.name: path.read_bytes() for path in first.path.iterdir() if path.is_file()} == before


def test_two_folders_have_different_keys(tmp_path: Path) -> None:
    assert caller_key(prepare(tmp_path / "one")) != caller_key(prepare(tmp_path / "two"))


def test_the_local_server_is_where_the_resources_say(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    server = local_server(folder)
    assert server is not None
    assert f"http://127.0.0.1:{server.port}/v1" in folder.resources.read_text()
    assert server.key in folder.resources.read_text()


def resources_with(tmp_path: Path, text: str) -> DataFolder:
    folder = prepare(tmp_path / "data")
    folder.resources.write_text(text)
    return folder


def test_a_port_that_a_person_changed_is_followed(tmp_path: Path) -> None:
    entry = "{display_name: local-model, provider: llama.cpp, api_base: 'http://127.0.0.1:4711/v1', api_key: abc}"
    folder = resources_with(tmp_path, f"provider_keys: [{entry}]")
    assert local_server(folder) == LocalServer(4711, "abc")


def test_no_local_server_is_wanted_once_its_entry_is_gone(tmp_path: Path) -> None:
    assert local_server(resources_with(tmp_path, "provider_keys: []")) is None


def test_no_local_server_is_wanted_when_its_entry_points_elsewhere(tmp_path: Path) -> None:
    entry = "{display_name: local-model, api_base: 'https://models.example/v1', api_key: abc}"
    assert local_server(resources_with(tmp_path, f"provider_keys: [{entry}]")) is None


def test_resources_that_cannot_be_read_are_left_to_the_gateway(tmp_path: Path) -> None:
    for text in ("{", "[]", "provider_keys: 3", "provider_keys: [{display_name: local-model, api_base: 'http://127.0.0.1:x/'}]", ""):
        assert local_server(resources_with(tmp_path, text)) is None


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("old")
    place.chmod(0o644)
    write_private(place, "new")
    assert place.read_text() == "new"
    assert place.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["file"]


def test_a_port_that_is_listened_on_is_taken(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert is_taken("127.0.0.1", listener.getsockname()[1])
    assert not is_taken("127.0.0.1", free_port("127.0.0.1"))


def test_an_address_of_another_machine_is_taken() -> None:
    assert is_taken("192.0.2.1", 3000)


def test_the_models_of_the_first_start_are_the_local_one_and_echo(tmp_path: Path) -> None:
    text = prepare(tmp_path / "data").resources.read_text()
    for model in (first_start.LOCAL_MODEL, first_start.ECHO_MODEL):
        assert f"- display_name: {model}\n" in text
