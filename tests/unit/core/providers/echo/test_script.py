"""Scripts of the echo. Each case is ``tests/golden/providers/echo/<case>.in.json`` and the steps it makes, as text."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.providers.echo.script import Data, End, Fail, Head, Silence, Step, Wait, script
from lockgate.model.operations import Operation

CASES = Path(__file__).parents[4] / "golden/providers/echo"


class Case(msgspec.Struct):
    operation: Operation
    body: msgspec.Raw


def case(name: str) -> tuple[Operation, bytes]:
    read = msgspec.json.decode((CASES / f"{name}.in.json").read_bytes(), type=Case)
    return read.operation, bytes(read.body)


def steps(name: str) -> list[Step]:
    return list(script(*case(name)))


def body_of(played: list[Step]) -> bytes:
    return b"".join(step.data for step in played if isinstance(step, Data))


def shown(played: list[Step]) -> str:
    lines = []
    for step in played:
        if isinstance(step, Head):
            lines.append(f"head {step.status} " + " | ".join(f"{name.decode()}: {value.decode()}" for name, value in step.headers))
        elif isinstance(step, Data):
            text = step.data.decode()
            lines.append("data " + (text if len(text) < 1000 else f"{text[:400]}... ({len(text)})").replace("\n", "\\n"))
        elif isinstance(step, Wait):
            lines.append(f"wait {step.ms}")
        elif isinstance(step, Fail):
            lines.append(f"fail {step.fault.kind}")
        else:
            lines.append("end" if isinstance(step, End) else "silence")
    return "\n".join(lines) + "\n"


NAMES = sorted(path.name.removesuffix(".in.json") for path in CASES.glob("*.in.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_answered_as_its_file_says(name: str) -> None:
    assert shown(steps(name)) == (CASES / f"{name}.out.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_only_the_last_step_ends_it(name: str) -> None:
    *before, last = steps(name)
    assert isinstance(last, End | Fail | Silence)
    assert not any(isinstance(step, End | Fail | Silence) for step in before)
    heads = [number for number, step in enumerate(before) if isinstance(step, Head)]
    data = [number for number, step in enumerate(before) if isinstance(step, Data)]
    assert len(heads) <= 1
    assert not data or heads[0] < data[0]


def test_the_same_request_has_the_same_answer() -> None:
    assert steps("stream_with_usage") == steps("stream_with_usage")


def test_another_request_has_another_id() -> None:
    operation, body = case("plain")
    other = body_of(list(script(operation, body.replace(b"world", b"globe"))))
    assert msgspec.json.decode(other)["id"] != msgspec.json.decode(body_of(steps("plain")))["id"]


def test_streamed_words_join_to_the_whole_answer() -> None:
    text = "  keep \t every\n\nspace  "
    body = {"messages": [{"role": "user", "content": text}], "model": "m"}
    plain = msgspec.json.decode(body_of(list(script(Operation.CHAT, msgspec.json.encode(body)))))
    streamed = body_of(list(script(Operation.CHAT, msgspec.json.encode(body | {"stream": True}))))
    chunks = [msgspec.json.decode(frame.removeprefix(b"data: ")) for frame in streamed.split(b"\n\n") if frame.startswith(b"data: {")]
    assert plain["choices"][0]["message"]["content"] == text
    assert "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]) == text


def test_fragments_of_a_tool_call_join_to_its_arguments() -> None:
    streamed = body_of(steps("tools_stream"))
    chunks = [msgspec.json.decode(frame.removeprefix(b"data: ")) for frame in streamed.split(b"\n\n") if frame.startswith(b"data: {")]
    arguments = {0: "", 1: ""}
    for chunk in chunks:
        for choice in chunk["choices"]:
            for call in choice["delta"].get("tool_calls", []):
                arguments[call["index"]] += call["function"]["arguments"]
    assert arguments == {0: '{"city":"Paris"}', 1: "{}"}


def test_splitting_changes_no_byte() -> None:
    operation, body = case("split_stream")
    whole = body_of(list(script(operation, body)))
    assert all(len(step.data) <= 100 for step in steps("split_stream") if isinstance(step, Data))
    assert whole == body_of(steps("split_stream"))
    assert whole.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("text", ["/repeat 200000\none two", "/repeat 200000\n" + "x" * 100, "/delay 0\n" * 65 + "hi"])
def test_an_answer_beyond_all_bounds_is_refused(text: str) -> None:
    body = msgspec.json.encode({"messages": [{"role": "user", "content": text}]})
    head, *_ = script(Operation.CHAT, body)
    assert head == Head(400, ((b"content-type", b"application/json"),))


def test_long_answers_are_made_as_they_are_read() -> None:
    body = msgspec.json.encode({"messages": [{"role": "user", "content": "/repeat 100000\nx"}], "stream": True})
    answer = script(Operation.CHAT, body)
    assert isinstance(next(answer), Head)
    assert isinstance(next(answer), Data)


def test_steps_show_no_content() -> None:
    assert "hello" not in repr(steps("plain"))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
_LINES = st.lists(
    st.sampled_from(
        [
            "/fail 500",
            "/fail",
            "/delay 1",
            "/slow 2",
            "/stall 1",
            "/cut",
            "/cut 1",
            "/error-in-stream 0",
            "/tool f {}",
            "/usage none",
            "/usage 1 2",
            "/reasoning x y",
            "/repeat 3",
            "/huge 1",
            "/finish x",
            "/no-done",
            "/split 7",
            "/garbage",
            "/empty",
            "text",
            "",
        ]
    ),
    max_size=5,
).map("\n".join)
_BODIES = st.fixed_dictionaries({}, optional={
    "messages": st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "tool", "assistant"])}, optional={"content": _LINES | _JSON}), max_size=3),
    "prompt": _LINES | _JSON, "input": _LINES | _JSON, "stream": _JSON | st.booleans(), "max_tokens": st.integers(-1, 5) | st.none(),
    "stop": _JSON, "dimensions": st.integers(-1, 9) | st.none(), "stream_options": _JSON, "model": st.text(max_size=3),
})  # fmt: skip


@given(
    st.sampled_from([Operation.CHAT, Operation.COMPLETIONS, Operation.EMBEDDINGS]),
    _BODIES.map(msgspec.json.encode) | st.binary(max_size=30),
)
def test_whatever_is_asked_the_steps_are_those_of_a_connection(operation: Operation, body: bytes) -> None:
    *before, last = script(operation, body)
    assert isinstance(last, End | Fail | Silence)
    kinds = [type(step) for step in before]
    assert not {End, Fail, Silence} & set(kinds)
    assert kinds.count(Head) <= 1
    assert Data not in kinds or kinds.index(Head) < kinds.index(Data)
    assert isinstance(last, Fail) or Head in kinds
