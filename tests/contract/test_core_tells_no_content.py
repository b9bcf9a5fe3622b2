"""
What core raises, and what its values show of themselves, holds nothing of what callers and upstreams sent, however broken it is.
"""

import json
import random
import traceback
from collections.abc import Callable, Iterator

import pytest
from tests.kit.canaries import Canaries, Sweep
from tests.kit.hostile import NAMES, body, spoilt

from lockgate.core.providers.dialects import DIALECTS
from lockgate.core.providers.echo.script import script
from lockgate.core.publishing.document import DocumentError, parse
from lockgate.core.wire import json_splice
from lockgate.core.wire.sse import Splitter
from lockgate.model.dialect import Ask
from lockgate.model.operations import DialectName, Operation


def bodies(canaries: Canaries) -> Iterator[bytes]:
    """Good ones, and the same spoilt at random places."""
    dice = random.Random(7)
    for name in NAMES:
        good = json.dumps(body(canaries, name, "m", stream=True)).encode()
        yield good
        yield from spoilt(canaries, "m")
        for _ in range(60):
            at, to = dice.randrange(len(good)), dice.randrange(40)
            yield good[:at] + dice.choice([b"", b"null", b"[]", b'"', b"{", b"\xff", b"1e9999", b"\\ud800"]) + good[at + to :]


def readers(dialect: DialectName) -> list[Callable[[bytes], object]]:
    one = DIALECTS[dialect]
    found: list[Callable[[bytes], object]] = [*one.peek.values(), one.observe, lambda data: one.read_fault(400, data)]
    found += [reader for reader in (one.read_request, one.read_answer) if reader is not None]
    return found


def tried(sweep: Sweep, act: Callable[[], object]) -> object:
    try:
        return act()
    except Exception as error:
        sweep.collect_exception("exception", error)
        return None


def check(sweep: Sweep) -> None:
    sweep.canaries = sweep.canaries.only(set(sweep.canaries.made.values()) - {"model"})
    sweep.check()


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_neither_what_readers_raise_nor_what_they_make_shows_content(dialect: DialectName) -> None:
    canaries = Canaries(3)
    sweep = Sweep(canaries)
    for data in bodies(canaries):
        for reader in readers(dialect):
            made = tried(sweep, lambda reader=reader, data=data: reader(data))  # type: ignore[misc]
            if not hasattr(made, "message"):  # a fault is for the caller, and may quote the caller
                shown = repr(made)
                for name in (getattr(made, "model", ""), getattr(made, "model_version", "")):  # names are no secret
                    shown = shown.replace(repr(name), "")
                sweep.collect("repr", shown)
    check(sweep)


def test_neither_splicing_splitting_nor_echoing_raises_content() -> None:
    canaries = Canaries(4)
    sweep = Sweep(canaries)
    for data in bodies(canaries):
        if not isinstance(DIALECTS[DialectName.OPENAI_CHAT].peek[Operation.CHAT](data), Ask):
            continue  # what is spliced was looked at before
        tried(sweep, lambda data=data: json_splice.replace(data, "model", b'"x"'))  # type: ignore[misc]
        tried(sweep, lambda data=data: Splitter(100).feed(b"data: " + data))  # type: ignore[misc]
        tried(sweep, lambda data=data: sweep.collect("step", repr(list(script(Operation.CHAT, data))[:20])))  # type: ignore[misc]
    check(sweep)


def test_resources_that_cannot_be_read_are_not_quoted() -> None:
    canaries = Canaries(5)
    sweep = Sweep(canaries)
    for data in bodies(canaries):
        for suffix in (".yaml", ".json", ".toml"):
            try:
                parse(data, suffix)
            except DocumentError as error:  # its context holds the document, which nothing prints
                sweep.collect("exception", f"{error!r} {''.join(traceback.format_exception(error))}")
    check(sweep)
