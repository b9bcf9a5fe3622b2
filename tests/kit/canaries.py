"""
The sweep: proof that nothing of a prompt, an answer or a key leaks into what is kept, logged, measured or told to others.

Make canaries for everything secret that a test sends, collect everything that comes out at places where it must not be, and
search the one in the other in every form that software turns strings into: raw, JSON-escaped, URL-encoded, hex, base64 at all
three alignments. Beside each search goes a plant: a sweep that cannot find what was hidden on purpose proves nothing.

    canaries = Canaries(seed)                      # one per test session; a seed gives the same strings again
    prompt = canaries.new("prompt")                # a string to send, remembered with its kind
    sweep = Sweep(canaries)
    sweep.collect("log", line)                     # str or bytes; call it from LogWriter(tap=...), response readers, ...
    sweep.collect_folder("spool", folder)          # every file in it
    sweep.collect_exception("exception", error)    # text, args, notes and traceback with source lines, causes included
    leaks = sweep.leaks()                          # list[Leak(kind, place, form, around)]; empty is the promise
    sweep.check()                                  # raises AssertionError that names every leak, and when nothing was collected

A whole session: ``session()`` returns the process's one sweep; ``conftest.py`` calls ``session().check()`` at the end.
"""

import json
import random
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

_MARK = "cnry7q"
_DIGITS = "abcdefghijkmnpqrstuvwxyz0123456789"
_ENOUGH = 14
"""So many characters of a canary are one."""


class Leak(NamedTuple):
    kind: str
    """What the canary stood for: prompt, answer, key, ..."""
    place: str
    form: str
    around: str
    """What stands beside it, for whoever must find the hole; the canary itself is shown as ``***``."""


class Canaries:
    """
    Strings that occur nowhere by chance. Each holds a quote, a backslash, an umlaut, a space and a slash, so that escaping
    changes it, and a core of letters and digits, so that a part of it is found when the rest was cut away or replaced.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self.made: dict[str, str] = {}
        """Core of the canary -> kind."""
        self.texts: dict[str, str] = {}
        """Core -> whole text."""

    def new(self, kind: str) -> str:
        core = self.core(kind)
        text = f'"ä {core}\\/ö'
        self.texts[core] = text
        return text

    def core(self, kind: str) -> str:
        """A canary of letters and digits only: for header values, keys, model names and paths."""
        core = _MARK + "".join(self._random.choice(_DIGITS) for _ in range(18))
        self.made[core] = kind
        self.texts[core] = core
        return core

    def only(self, kinds: Container[str]) -> "Canaries":
        """Those of some kinds, to search where others may be."""
        chosen = Canaries()
        chosen.made = {core: kind for core, kind in self.made.items() if kind in kinds}
        chosen.texts = {core: self.texts[core] for core in chosen.made}
        return chosen


class Sweep:
    def __init__(self, canaries: Canaries) -> None:
        self.canaries = canaries
        self._suspect: list[tuple[str, bytes]] = []
        self.sizes: dict[str, int] = {}
        """Place -> how many bytes were collected there."""

    def collect(self, place: str, data: str | bytes) -> None:
        """Takes what came out at ``place``; keeps it only when it holds the beginning of a canary in some form."""
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogatepass")
        self.sizes[place] = self.sizes.get(place, 0) + len(data)
        if _suspicious(_views(data)):
            self._suspect.append((place, data))

    def collect_folder(self, place: str, folder: Path) -> None:
        for path in sorted(folder.rglob("*")):
            self.collect(f"{place}: name of {path.name}", str(path.relative_to(folder)))
            if path.is_file():
                self.collect(f"{place}: {path.name}", path.read_bytes())

    def collect_exception(self, place: str, error: BaseException) -> None:
        self.collect(place, "".join(traceback.format_exception(error)))
        seen: list[BaseException] = [error]
        for one in seen:
            self.collect(place, f"{one.args!r} {one.args} {one!r} {getattr(one, '__notes__', '')} {vars(one)}")
            others = [*one.exceptions] if isinstance(one, BaseExceptionGroup) else []
            seen += [other for other in (one.__cause__, one.__context__, *others) if other is not None and other not in seen]

    def leaks(self) -> list[Leak]:
        """Every canary in every form at every place, once each."""
        found: dict[tuple[str, str, str], Leak] = {}
        for place, data in self._suspect:
            for core, form, around in _hits(data, frozenset(self.canaries.made)):
                leak = Leak(self.canaries.made[core], place, form, repr(around.decode("latin-1")))
                found.setdefault((core, place, form), leak)
        return list(found.values())

    def check(self) -> None:
        assert any(self.sizes.values()), "the sweep collected nothing, so it proves nothing"
        leaks = self.leaks()
        assert not leaks, "\n".join(
            ["content or secrets leaked:", *(f"  {leak.kind} in {leak.place} as {leak.form}: {leak.around}" for leak in leaks)]
        )


@cache
def session() -> Sweep:
    """The sweep of the whole test session (each xdist worker has its own)."""
    return Sweep(Canaries())


def _base64_parts(raw: bytes) -> list[bytes]:
    """The digits of each alignment that do not depend on what stands before and after."""
    return [b64encode(b"\0" * shift + raw)[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6] for shift in range(3)]


@cache
def _needles(text: str) -> tuple[tuple[str, int, bytes], ...]:
    """(form, which view of the data, what to search) for a text of lower-case letters and digits."""
    raw = text.encode()
    return (
        ("raw", _LOWER, raw),
        ("hex", _LOWER, raw.hex().encode()),
        ("percent-encoded", _LOWER, "".join(f"%{byte:02x}" for byte in raw).encode()),
        ("JSON escapes", _LOWER, "".join(f"u{byte:04x}" for byte in raw).encode()),
        ("byte escapes", _LOWER, "".join(f"x{byte:02x}" for byte in raw).encode()),
        ("UTF-16", _AS_IS, text.encode("utf-16-le")[:-1]),
        *(("base64", _BASE64, part) for part in _base64_parts(raw)),
    )


_AS_IS, _LOWER, _BASE64 = 0, 1, 2
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def _views(data: bytes) -> tuple[bytes, bytes, bytes]:
    """
    The data as it is; without white space and backslashes (lines wrap, escapes get escaped) in lower case; and the same in its
    own case with the digits of base64 for URLs as those of plain base64.
    """
    squeezed = data.translate(None, b" \t\r\n\\")
    return data, squeezed.lower(), squeezed.translate(_FROM_URL)


def _suspicious(views: tuple[bytes, bytes, bytes]) -> set[str]:
    """The forms in which the beginning that all canaries share is there: mostly none, which makes the sweep cheap."""
    return {form for form, view, needle in _needles(_MARK) if needle in views[view]}


def _hits(data: bytes, cores: frozenset[str]) -> Iterator[tuple[str, str, bytes]]:
    """(core, form, what stands around)"""
    views = _views(data)
    suspect = _suspicious(views)
    for core in cores:
        for form, view, needle in _needles(core):
            if form not in suspect:
                continue
            at, whole = views[view].find(needle), len(needle)
            if at < 0:  # cut off, as what is clipped to a length is; half of a canary still is no chance
                whole = len(needle) * _ENOUGH // len(core)
                at, form = views[view].find(needle[:whole]), f"{form}, cut"
            if at >= 0:
                around = views[view]
                yield core, form, around[max(0, at - 40) : at] + b"***" + around[at + whole : at + whole + 40]


def planted(text: str) -> dict[str, bytes]:
    """The ways in which real software lets a string out: for tests of the sweep, and for plants beside real searches."""
    raw = text.encode()
    ways = {
        "raw": raw,
        "in the middle": b"x" * 1000 + raw + b"y" * 1000,
        "json": json.dumps({"said": text}).encode(),
        "json in utf-8": json.dumps({"said": text}, ensure_ascii=False).encode(),
        "json in json": json.dumps({"inner": json.dumps({"said": text})}).encode(),
        "every character escaped": "".join(f"\\u{ord(letter):04x}" for letter in text).encode(),
        "repr": repr(text).encode(),
        "repr of bytes": repr(raw).encode(),
        "url": quote(text, safe="").encode(),
        "form": quote_plus(text).encode(),
        "every byte percent-encoded": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "every byte percent-encoded, lower": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "hex": raw.hex().encode(),
        "hex, upper": raw.hex().upper().encode(),
        "spaced hex": raw.hex(" ").encode(),
        "bytes, escaped": "".join(f"\\x{byte:02x}" for byte in raw).encode(),
        "utf-16": text.encode("utf-16"),
        "utf-16, big-endian": text.encode("utf-16-be"),
        "upper case": text.upper().encode(),
        "cut": raw[: len(raw) - 8],
    }
    for before in range(4):
        for after in range(3):
            framed = b"a" * before + raw + b"z" * after
            ways[f"base64 {before} {after}"] = b64encode(framed)
            ways[f"base64 for urls {before} {after}"] = urlsafe_b64encode(framed).rstrip(b"=")
    wrapped = b64encode(b"some header " + raw + b" and a tail that goes on")
    ways["base64 in lines"] = b"\n".join(wrapped[at : at + 20] for at in range(0, len(wrapped), 20))
    return ways
