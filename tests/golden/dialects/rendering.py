"""How a golden case is run: one function per kind, from the bytes of ``*.in.*`` to what ``*.out.*`` must say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lockgate.core.providers.dialects import DIALECTS
from lockgate.core.wire.sse import Splitter
from lockgate.model.dialect import Ask, Dialect, Seen, Stamp
from lockgate.model.faults import Fault
from lockgate.model.operations import DialectName, Operation

HERE = Path(__file__).parent
STAMP = Stamp("alias", "id-minted-here", 1_700_000_000, True)

Split = Callable[[bytes], list[bytes]]


def whole(stream: bytes) -> list[bytes]:
    splitter = Splitter()
    return splitter.feed(stream) + splitter.end()


def bytewise(stream: bytes) -> list[bytes]:
    splitter = Splitter()
    frames = [frame for at in range(len(stream)) for frame in splitter.feed(stream[at : at + 1])]
    return frames + splitter.end()


def shown(value: object) -> Any:
    """A fault, an Ask or what was seen, as plain JSON without what says nothing."""
    if isinstance(value, Fault):
        return {"fault": _told(value)}
    if isinstance(value, (Ask, Seen)):
        return _told(value)
    raise AssertionError(value)


def peek(dialect: Dialect, operation: str, body: bytes) -> Any:
    return shown(dialect.peek[Operation(operation)](body))


def observe(dialect: Dialect, body: bytes) -> Any:
    return shown(dialect.observe(body))


def read_fault(dialect: Dialect, case: bytes) -> Any:
    """``body`` of the case is JSON, or text that is sent as it is."""
    said = json.loads(case)
    body = said["body"]
    return shown(dialect.read_fault(said["status"], body.encode() if isinstance(body, str) else json.dumps(body).encode()))


def write_fault(dialect: Dialect, case: bytes) -> Any:
    fault = msgspec.json.decode(case, type=Fault)
    return {"answer": json.loads(dialect.write_fault(fault)), "stream": dialect.write_stream_fault(fault).decode().split("\n")}


def relay(dialect: Dialect, stream: bytes, split: Split, *, model: str | None, drop_usage: bool) -> Any:
    relaying = dialect.relay(model, drop_usage)
    relayed = [relaying.feed(frame) for frame in split(stream)]
    seen = {
        "usage": None if relaying.usage is None else _told(relaying.usage),
        "finish_reason": relaying.finish_reason,
        "response_id": relaying.response_id,
        "model_version": relaying.model_version,
        "fault": None if relaying.fault is None else _told(relaying.fault),
        "done": relaying.done,
        "content": relaying.content,
        "output_bytes": relaying.heard.byte_count,
    }
    if b"".join(relayed) == stream:
        return {"relayed": "unchanged", "seen": seen}
    return {"relayed": [frame.decode() for frame in relayed if frame], "seen": seen}


def bridge_request(source: Dialect, sink: Dialect, body: bytes) -> Any:
    assert source.read_request is not None
    assert sink.write_request is not None
    request = source.read_request(body)
    return shown(request) if isinstance(request, Fault) else json.loads(sink.write_request(request, "upstream-model"))


def bridge_answer(source: Dialect, sink: Dialect, body: bytes) -> Any:
    assert source.read_answer is not None
    assert sink.write_answer is not None
    answer = source.read_answer(body)
    return shown(answer) if isinstance(answer, Fault) else json.loads(sink.write_answer(answer, STAMP))


def bridge_stream(source: Dialect, sink: Dialect, stream: bytes, split: Split) -> str:
    assert source.reader is not None
    assert sink.writer is not None
    reader, writer = source.reader(), sink.writer(STAMP)
    written = b""
    for frame in split(stream):
        events = reader.feed(frame)
        if isinstance(events, Fault):
            return (written + sink.write_stream_fault(events)).decode()
        written += b"".join(writer.feed(event) for event in events)
    return (written + writer.close()).decode()


def run(path: Path, split: Split = whole) -> Any:
    """The outcome of a case, found by where it lies: ``<dialect>/<kind>/`` or ``bridges/<dialect>-<dialect>/<kind>/``."""
    room, kind, _ = path.relative_to(HERE).parts[-3:]
    given = path.read_bytes()
    if "bridges" in path.relative_to(HERE).parts:
        source, sink = (DIALECTS[DialectName(name)] for name in room.split("-"))
        if kind == "streams":
            return bridge_stream(source, sink, given, split)
        return bridge_request(source, sink, given) if kind == "requests" else bridge_answer(source, sink, given)
    dialect = DIALECTS[DialectName(room)]
    if kind.startswith("peek_"):
        return peek(dialect, kind.removeprefix("peek_"), given)
    if kind == "relay":
        return relay(dialect, given, split, model="alias", drop_usage=True)
    if kind == "relay_usage":
        return relay(dialect, given, split, model=None, drop_usage=False)
    return {"observe": observe, "read_fault": read_fault, "write_fault": write_fault}[kind](dialect, given)


def _told(value: msgspec.Struct) -> dict[str, Any]:
    fields = msgspec.structs.asdict(value)
    return {name: _told(said) if isinstance(said, msgspec.Struct) else said for name, said in fields.items() if said not in ("", None)}
