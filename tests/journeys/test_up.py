"""``lockgate up`` as a newcomer meets it: whole, as a program, with the real small model where it can be had."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.kit.up_process import LIMIT_S, start, started, until

from lockgate.cli.first_start import prepare

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
QUESTION = [{"role": "user", "content": "Name three colours."}]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_real_model_answers_in_both_dialects_streamed_and_not(with_model: Path) -> None:
    with started(with_model) as up:
        assert up.facts["models"] == ["smollm2", "echo"]
        body = {"model": "smollm2", "max_tokens": 20, "messages": QUESTION}

        status, answer = up.post("/v1/chat/completions", body)
        assert status == 200
        assert json.loads(answer)["choices"][0]["message"]["content"]

        status, answer = up.post("/v1/chat/completions", body | {"stream": True})
        assert status == 200
        assert answer.count(b"data: {") > 3
        assert answer.rstrip().endswith(b"data: [DONE]")

        status, answer = up.post("/v1/messages", body)
        assert status == 200
        assert json.loads(answer)["content"][0]["text"]

        status, answer = up.post("/v1/messages", body | {"stream": True})
        assert status == 200
        assert answer.count(b"event: content_block_delta") > 3
        assert b"event: message_stop" in answer


def test_the_printed_lines_work_when_pasted(with_model: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    with started(with_model) as up:
        lines = [part.partition("\n\n")[0] for part in up.said.split("\n\n") if part.lstrip().startswith("curl")]
        openai, anthropic = (subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout for line in lines)
        assert json.loads(openai)["choices"]
        assert "content_block_delta" in anthropic


def test_without_a_package_index_echo_answers_and_it_is_said(tmp_path: Path) -> None:
    with started(tmp_path / "data", **OFFLINE) as up:
        assert "The built-in echo provider answers instead." in up.said
        assert up.facts["models"] == ["echo"]
        status, answer = up.post("/v1/chat/completions", {"model": "echo", "messages": QUESTION})
        assert status == 200
        assert "Name three colours." in json.loads(answer)["choices"][0]["message"]["content"]


def test_what_scripts_need_is_in_a_private_file_while_it_runs(tmp_path: Path) -> None:
    with started(tmp_path / "data", **OFFLINE) as up:
        assert (up.data / "up.json").stat().st_mode & 0o777 == 0o600
        assert set(up.facts) == {"gateway_url", "status_url", "caller_key", "models", "pids"}
        assert up.facts["pids"]["up"] == up.process.pid
        assert up.post("/v1/chat/completions", {"model": "echo", "messages": QUESTION}, key="wrong")[0] == 401
    assert not (up.data / "up.json").exists()


def test_an_interrupt_ends_everything(tmp_path: Path) -> None:
    with started(tmp_path / "data", **OFFLINE) as up:
        pids = up.facts["pids"].values()
    assert up.process.returncode == 0
    assert not any(is_running(pid) for pid in pids)


def test_nothing_is_left_running_when_up_is_killed(with_model: Path) -> None:
    with started(with_model) as up:
        pids = up.facts["pids"]
        assert set(pids) == {"up", "gateway", "local_model"}
        up.process.kill()
        until(lambda: not any(is_running(pid) for pid in pids.values()), "the end of every child")


def test_a_gateway_that_dies_is_started_again(tmp_path: Path) -> None:
    with started(tmp_path / "data", **OFFLINE) as up:
        first = up.facts["pids"]["gateway"]
        os.kill(first, signal.SIGKILL)
        until(lambda: up.facts["pids"]["gateway"] not in (first, None), "another gateway")
        assert "The gateway process ended by itself" in up.said
        url = urlsplit(up.facts["gateway_url"])

        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex((url.hostname, url.port)) == 0

        until(answers, "listening again")
        assert up.post("/v1/chat/completions", {"model": "echo", "messages": QUESTION})[0] == 200


def test_a_second_start_keeps_the_key_and_the_resources(tmp_path: Path) -> None:
    with started(tmp_path / "data", **OFFLINE) as up:
        key, resources = up.facts["caller_key"], (up.data / "resources.yaml").read_bytes()
    with started(tmp_path / "data", **OFFLINE) as up:
        assert up.facts["caller_key"] == key
        assert (up.data / "resources.yaml").read_bytes() == resources
        assert up.post("/v1/chat/completions", {"model": "echo", "messages": QUESTION}, key=key)[0] == 200


def test_a_second_one_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with started(tmp_path / "data", **OFFLINE):
        line = [sys.executable, "-c", "from lockgate.cli.main import main; main()", "up", "--data", str(tmp_path / "data")]
        other = subprocess.run(line, capture_output=True, text=True, check=False)
        assert other.returncode == 1
        assert "Another 'lockgate up' is running" in other.stderr


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        running = start(tmp_path / "data", "--gateway-addr", f"127.0.0.1:{listener.getsockname()[1]}", **OFFLINE)
        assert running.process.wait(LIMIT_S) == 1
        assert "cannot be listened on" in running.said
        assert "--gateway-addr" in running.said


def test_resources_that_are_wrong_are_told_and_nothing_runs(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    folder.resources.write_text('_format_version: "1"\nmodels: [{display_name: 5}]\n')
    running = start(folder.path, **OFFLINE)
    assert running.process.wait(LIMIT_S) == 1
    assert "display_name" in running.said
    assert "Traceback" not in running.said


def test_settings_that_are_wrong_are_told_and_nothing_runs(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    folder.settings.write_text("proxi: {}\n")
    running = start(folder.path, **OFFLINE)
    assert running.process.wait(LIMIT_S) == 1
    assert "proxi" in running.said
    assert "Traceback" not in running.said
