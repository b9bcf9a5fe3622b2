"""
Embeddings of the echo: each word has a fixed pseudo-random direction, a text is the sum of its words, of length one.

So equal texts have equal vectors and texts that share words are near each other, which is enough to try out what is
built on embeddings, and nothing is learnt or stored.
"""

import struct
from base64 import b64encode
from hashlib import shake_128
from math import sqrt
from operator import add


def vector(text: str, dimensions: int) -> list[float]:
    """The vector of a text, rounded so that it looks the same everywhere."""
    totals = [0] * dimensions
    shape = f"<{dimensions}h"
    for word in text.lower().split() or [""]:
        direction = struct.unpack(shape, shake_128(word.encode("utf-8", "replace")).digest(2 * dimensions))
        totals = list(map(add, totals, direction))
    length = sqrt(sum(total * total for total in totals)) or 1.0
    return [round(total / length, 6) for total in totals]


def packed(values: list[float]) -> str:
    """The ``base64`` form: little-endian 32-bit floats."""
    return b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
