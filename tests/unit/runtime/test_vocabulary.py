"""The shipped vocabularies are the published ones, count as published, and are loaded late."""

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from lockgate.core.metering.estimate import CL100K, O200K, Counter, approximate, count
from lockgate.runtime.vocabulary import Vocabularies, load, original

SOURCE = Path(__file__).parents[3] / "src"
PUBLISHED = {
    CL100K: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    O200K: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}

counter_of = cache(load)


@pytest.mark.parametrize("encoding", [CL100K, O200K])
def test_the_shipped_vocabulary_is_the_published_one(encoding: str) -> None:
    data, stated = original(encoding)
    assert hashlib.sha256(data).hexdigest() == stated == PUBLISHED[encoding]


@pytest.mark.parametrize(
    ("encoding", "text", "tokens"),
    [
        (CL100K, "hello world", 2),
        (CL100K, "tiktoken is great!", 6),
        (CL100K, "antidisestablishmentarianism", 6),
        (CL100K, "お誕生日おめでとう", 9),
        (O200K, "hello world", 2),
        (O200K, "antidisestablishmentarianism", 6),
        (O200K, "お誕生日おめでとう", 8),
        (O200K, "<|endoftext|>", 7),
        (O200K, "a\ud800b", 3),
    ],
)
def test_texts_count_as_their_publisher_counts_them(encoding: str, text: str, tokens: int) -> None:
    counter: Counter = counter_of(encoding)
    assert counter(text) == tokens


def test_samples_of_a_long_text_are_near_the_whole() -> None:
    counter: Counter = counter_of(CL100K)
    text = "".join(f"Line {n}: the quick brown fox jumps over {n * 7919 % 1000} lazy dogs.\n" for n in range(5000))
    assert count(text, counter) == pytest.approx(counter(text), rel=0.03)


def test_counts_are_approximate_until_the_vocabulary_is_loaded() -> None:
    vocabularies = Vocabularies()
    assert vocabularies.counter(CL100K) is approximate
    vocabularies.wait()
    assert vocabularies.counter(CL100K)("hello world") == 2


def test_a_vocabulary_that_is_not_there_is_reported_once_and_counts_stay_approximate() -> None:
    told: list[str] = []
    vocabularies = Vocabularies(told.append)
    vocabularies.counter("unheard_of")
    vocabularies.wait()
    assert vocabularies.counter("unheard_of") is approximate
    assert len(told) == 1
    assert "unheard_of" in told[0]


def test_nothing_is_loaded_before_it_is_needed() -> None:
    program = "import sys, lockgate.runtime.vocabulary as v; v.Vocabularies(); sys.exit('tiktoken' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(SOURCE)}, check=False)
    assert done.returncode == 0
