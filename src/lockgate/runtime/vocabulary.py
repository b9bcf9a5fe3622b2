"""
Vocabularies for counting tokens: shipped with the package, loaded on first need and never before, never from a network.

Loading takes a moment and tens of megabytes, so it happens in a thread; until it is done, or when it fails, counts are
approximate (core/metering/estimate.py). Most gateways never need one, because most providers report usage.
"""

import threading
import zlib
from base64 import b64encode
from collections.abc import Callable
from importlib.resources import files
from itertools import accumulate, pairwise

import msgspec

from lockgate.core.metering.estimate import Counter, approximate


class VocabularyHead(msgspec.Struct, frozen=True):
    """First line of a vocabulary file."""

    name: str
    tokens: int
    sha256: str
    """Of the original file, of which ``original`` makes a copy."""
    special: dict[str, int]
    pattern: str


class Vocabularies:
    """Counters by encoding. ``report`` is told when one cannot be loaded."""

    def __init__(self, report: Callable[[str], None] | None = None) -> None:
        self._report = report
        self._counters: dict[str, Counter] = {}
        self._loading: dict[str, threading.Thread] = {}

    def counter(self, encoding: str) -> Counter:
        """The counter of an encoding; an approximate one while it is being loaded, which the first call starts."""
        exact = self._counters.get(encoding)
        if exact is not None:
            return exact
        if encoding not in self._loading:
            thread = threading.Thread(target=self._load, args=(encoding,), name=f"vocabulary-{encoding}", daemon=True)
            self._loading[encoding] = thread
            thread.start()
        return approximate

    def wait(self) -> None:
        """Until everything asked for is loaded, or has failed to."""
        for thread in self._loading.values():
            thread.join()

    def _load(self, encoding: str) -> None:
        try:
            self._counters[encoding] = load(encoding)
        except Exception as error:  # Whatever it is, requests go on with approximate counts.
            self._counters[encoding] = approximate
            if self._report is not None:
                self._report(f"the vocabulary {encoding} cannot be loaded, token counts stay approximate: {error}")


def load(encoding: str) -> Counter:
    """The exact counter of a shipped encoding."""
    import tiktoken  # Here, because most processes never need it.

    head, tokens = _read(encoding)
    ranks = {token: rank for rank, token in enumerate(tokens)}
    del tokens
    vocabulary = tiktoken.Encoding(head.name, pat_str=head.pattern, mergeable_ranks=ranks, special_tokens=head.special)
    ranks.clear()  # It has its own copy; ours would take half of the memory.
    encode = vocabulary.encode_ordinary

    def counter(text: str) -> int:
        return len(encode(text))

    return counter


def original(encoding: str) -> tuple[bytes, str]:
    """The file the vocabulary was made from, and its SHA-256 as its publisher states it."""
    head, tokens = _read(encoding)
    data = b"".join(b"%b %d\n" % (b64encode(token), rank) for rank, token in enumerate(tokens))
    return data, head.sha256


def _read(encoding: str) -> tuple[VocabularyHead, list[bytes]]:
    data = files("lockgate.core.metering").joinpath("data", f"{encoding}.vocabulary").read_bytes()
    line, _, packed = data.partition(b"\n")
    head = msgspec.json.decode(line, type=VocabularyHead)
    unpacked = zlib.decompress(packed)
    ends = accumulate(unpacked[: head.tokens], initial=head.tokens)
    return head, [unpacked[start:end] for start, end in pairwise(ends)]
