"""
Every pair of dialects: what is written in the one and bridged to the other says in the end what was said at first, but for
the losses of either. ``losses.json`` is the table of them, exact in both directions: a loss that heals fails the test too.
"""

import itertools
import json
from typing import Any

import msgspec
import pytest
from tests.golden.dialects.rendering import HERE
from tests.golden.dialects.samples import ANSWERS, REQUESTS, STREAMS

from lockgate.core.providers.dialects import DIALECTS
from lockgate.core.wire.sse import Splitter
from lockgate.model.chat import (
    Began,
    ChatAnswer,
    ChatRequest,
    Finished,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
    ToolCallDelta,
    UsageSaid,
)
from lockgate.model.dialect import Dialect, Stamp
from lockgate.model.usage import NO_USAGE

LOSSES: dict[str, dict[str, dict[str, str]]] = json.loads((HERE / "losses.json").read_text())
SPOKEN = [dialect for dialect in DIALECTS.values() if dialect.read_request is not None]
PAIRS = list(itertools.product(SPOKEN, repeat=2))
STAMP = Stamp("alias", "x", 7, True)


def _is_lost(kind: str, sample: str, *dialects: Dialect) -> bool:
    return any(sample in LOSSES[dialect.name][kind] for dialect in dialects)


def _plain(value: object) -> Any:
    """For comparison: neutral words as plain JSON. Neighbouring messages of one speaker are one message."""
    said = json.loads(msgspec.json.encode(value))
    if not isinstance(said, dict):
        return said
    said.pop("extras", None)
    messages: list[dict[str, Any]] = []
    for message in said.get("messages", ()):
        if messages and (messages[-1]["role"], messages[-1]["name"]) == (message["role"], message["name"]):
            messages[-1]["parts"] += message["parts"]
        else:
            messages.append(message)
    return {**said, "messages": messages}


def _request(dialect: Dialect, request: ChatRequest) -> ChatRequest:
    assert dialect.write_request is not None
    assert dialect.read_request is not None
    read = dialect.read_request(dialect.write_request(request, "up"))
    assert isinstance(read, ChatRequest), read
    return read


def _answer(dialect: Dialect, answer: ChatAnswer) -> ChatAnswer:
    assert dialect.write_answer is not None
    assert dialect.read_answer is not None
    read = dialect.read_answer(dialect.write_answer(answer, STAMP))
    assert isinstance(read, ChatAnswer), read
    # Not every dialect tells the time of an answer; the stamp stands in.
    return msgspec.structs.replace(read, created_s=7)


def _stream(dialect: Dialect, events: list[StreamEvent]) -> list[StreamEvent]:
    assert dialect.writer is not None
    assert dialect.reader is not None
    writer, reader = dialect.writer(STAMP), dialect.reader()
    out = b"".join(writer.feed(event) for event in events) + writer.close()
    read: list[StreamEvent] = []
    for frame in Splitter().feed(out):
        found = reader.feed(frame)
        assert isinstance(found, list), found
        read += found
    return read


def _story(events: list[StreamEvent]) -> dict[str, Any]:
    """What a stream tells, however it is cut into events: the order of texts and calls, the last usage, the finish."""
    told: list[list[Any]] = []
    last: dict[str, Any] = {}
    for event in events:
        if isinstance(event, Began):
            last["began"] = (event.id, event.model)
            last["usage"] = event.usage or last.get("usage")
        elif isinstance(event, Finished):
            last["finish"] = (event.finish, event.stop_sequence)
        elif isinstance(event, UsageSaid):
            last["usage"] = event.usage
        elif isinstance(event, TextDelta | ReasoningDelta):
            extra = event.logprobs and bytes(event.logprobs) if isinstance(event, TextDelta) else event.signature
            if told and told[-1][0] == type(event).__name__:
                told[-1][1] += event.text
                told[-1][2] = told[-1][2] or extra
            else:
                told.append([type(event).__name__, event.text, extra])
        elif isinstance(event, ToolCallDelta) and told and told[-1][:2] == ["ToolCallDelta", event.index]:
            told[-1][2] += event.arguments
        elif isinstance(event, ToolCallDelta):
            told.append(["ToolCallDelta", event.index, event.arguments])
        elif isinstance(event, ToolCallBegan):
            told.append(["ToolCallBegan", event.index, event.id, event.name])
    # A usage of nothing but zeros is as good as none.
    usage = last.pop("usage", None) or NO_USAGE
    return {**last, "usage": usage, "told": told}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
@pytest.mark.parametrize("sample", REQUESTS)
def test_a_request_survives_but_for_the_losses(pair: tuple[Dialect, Dialect], sample: str) -> None:
    came = _plain(_request(pair[1], _request(pair[0], REQUESTS[sample])))
    assert (came != _plain(REQUESTS[sample])) is _is_lost("request", sample, *pair)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
@pytest.mark.parametrize("sample", ANSWERS)
def test_an_answer_survives_but_for_the_losses(pair: tuple[Dialect, Dialect], sample: str) -> None:
    came = _plain(_answer(pair[1], _answer(pair[0], ANSWERS[sample])))
    assert (came != _plain(ANSWERS[sample])) is _is_lost("answer", sample, *pair)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
@pytest.mark.parametrize("sample", STREAMS)
def test_a_stream_survives_but_for_the_losses(pair: tuple[Dialect, Dialect], sample: str) -> None:
    came = _story(_stream(pair[1], _stream(pair[0], STREAMS[sample])))
    assert (came != _story(STREAMS[sample])) is _is_lost("stream", sample, *pair)


def test_the_table_of_losses_names_only_samples_and_says_why() -> None:
    for losses in LOSSES.values():
        for kind, samples in (("request", REQUESTS), ("answer", ANSWERS), ("stream", STREAMS)):
            assert set(losses[kind]) <= set(samples)
            assert all(losses[kind].values())
