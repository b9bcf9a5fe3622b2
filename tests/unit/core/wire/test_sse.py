"""The splitter: frames are the same however the bytes come, joined they are the stream, and limits hold."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.wire.sse import FrameTooLong, Splitter, data_of, event_of, is_comment

PIECES = st.sampled_from(
    [b"data: x", b"data:", b"event: e", b": c", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r", "data: é".encode(), b"a"]
)
STREAMS = st.lists(PIECES, max_size=30).map(b"".join)


def split(*pieces: bytes) -> list[bytes]:
    splitter = Splitter()
    return [frame for piece in pieces for frame in splitter.feed(piece)]


@given(STREAMS, st.lists(st.integers(0, 200), max_size=8))
def test_frames_do_not_depend_on_how_the_stream_is_cut(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    pieces = [stream[start:stop] for start, stop in itertools.pairwise(places)]
    assert split(*pieces) == split(*(stream[at : at + 1] for at in range(len(stream))))


@given(STREAMS, STREAMS)
def test_frames_and_rest_are_the_stream(first: bytes, second: bytes) -> None:
    splitter = Splitter()
    frames = splitter.feed(first) + splitter.feed(second)
    assert b"".join(frames) + splitter.rest() == first + second


@given(STREAMS)
def test_frames_are_what_the_standard_calls_events(stream: bytes) -> None:
    """An independent reading, line by line: the data of each event, in order."""
    lines = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    events: list[bytes] = []
    data: list[bytes] = []
    for line in lines[:-1]:
        if not line:
            if data:
                events.append(b"\n".join(data))
            data = []
        elif line == b"data" or line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
    splitter = Splitter()
    frames = splitter.feed(stream) + [frame for frame in splitter.end() if frame.endswith((b"\r\r", b"\n\r")) and stream.endswith(frame)]
    assert [found for frame in frames if (found := data_of(frame)) is not None] == events


def test_one_and_several_whole_frames_in_one_piece_are_taken_at_once() -> None:
    splitter = Splitter()
    splitter.feed(b": first\n\n")
    assert splitter.feed(b"data: 1\n\n") == [b"data: 1\n\n"]
    assert splitter.feed(b"event: a\ndata: 1\n\n") == [b"event: a\ndata: 1\n\n"]
    assert splitter.feed(b"data: 1\n\ndata: 2\n\nda") == [b"data: 1\n\n", b"data: 2\n\n"]
    assert splitter.rest() == b"da"
    assert splitter.feed(b"") == []


def test_a_frame_that_ends_in_cr_waits_for_its_lf() -> None:
    splitter = Splitter()
    assert splitter.feed(b"data: 1\r\n\r") == []
    assert splitter.feed(b"\ndata: 2\r\r") == [b"data: 1\r\n\r\n"]
    assert splitter.feed(b"d") == [b"data: 2\r\r"]


def test_a_byte_order_mark_is_dropped_at_the_start_only() -> None:
    mark = b"\xef\xbb\xbf"
    assert split(mark + b"data: 1\n\n" + mark + b"data: 2\n\n") == [b"data: 1\n\n", mark + b"data: 2\n\n"]
    assert split(mark[:1], mark[1:2], mark[2:], b"data: 1\n\n") == [b"data: 1\n\n"]
    assert split(b"\xef\xbb", b"\n\n") == [b"\xef\xbb\n\n"]


@pytest.mark.parametrize(
    ("stream", "frames", "rest"),
    [
        (b"data: 1\n", [b"data: 1\n\n"], b""),
        (b"data: 1\r\n", [b"data: 1\r\n\r\n"], b""),
        (b"data: 1\r", [b"data: 1\r\r"], b""),
        (b"data: 1\r\r", [b"data: 1\r\r"], b""),
        (b"data: 1\r\n\r", [b"data: 1\r\n\r"], b""),
        (b"data: [DONE]", [b"data: [DONE]\n\n"], b""),
        (b'data: {"a"', [], b'data: {"a"'),
        (b"\xef\xbb\xbfdata: [DONE]", [b"data: [DONE]\n\n"], b""),
        (b"\n", [], b"\n"),
        (b"", [], b""),
    ],
)
def test_the_end_completes_what_lacks_only_its_blank_line(stream: bytes, frames: list[bytes], rest: bytes) -> None:
    splitter = Splitter()
    assert splitter.feed(stream) == []
    assert splitter.end() == frames
    assert splitter.rest() == rest


def test_a_frame_beyond_the_limit_is_refused_whether_whole_or_growing() -> None:
    whole = Splitter(limit_bytes=10)
    with pytest.raises(FrameTooLong):
        whole.feed(b"data: 123456789\n\n")
    growing = Splitter(limit_bytes=10)
    growing.feed(b"data: 1234")
    with pytest.raises(FrameTooLong):
        growing.feed(b"5")
    with pytest.raises(FrameTooLong):
        growing.feed(b"\n\n")
    with pytest.raises(FrameTooLong):
        growing.end()
    assert growing.rest() == b""


def test_frames_before_one_that_is_too_long_are_given_first() -> None:
    splitter = Splitter(limit_bytes=10)
    assert splitter.feed(b"data: 1\n\ndata: 23456789") == [b"data: 1\n\n"]
    with pytest.raises(FrameTooLong):
        splitter.feed(b"0")


def test_many_frames_in_a_piece_longer_than_the_limit_are_fine() -> None:
    splitter = Splitter(limit_bytes=10)
    assert splitter.feed(b"data: 1\n\n" * 5) == [b"data: 1\n\n"] * 5
    assert splitter.feed(b"data: 1\n\n" * 5) == [b"data: 1\n\n"] * 5


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (b"data: x\n\n", b"x"),
        (b"data:x\n\n", b"x"),
        (b"data:  x\n\n", b" x"),
        (b"data\n\n", b""),
        (b"data: x\r\n\r\n", b"x"),
        (b"data: x\rdata: y\r\r", b"x\ny"),
        (b"event: e\ndata: x\nid: 1\ndata: y\n\n", b"x\ny"),
        (b"\ndata: x\n\n", b"x"),
        (b": x\n\n", None),
        (b"database: x\n\n", None),
        (b"\n\n", None),
    ],
)
def test_data_is_the_joined_data_lines(frame: bytes, data: bytes | None) -> None:
    assert data_of(frame) == data


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (b"event: e\ndata: x\n\n", b"e"),
        (b"event:e\r\ndata: x\r\n\r\n", b"e"),
        (b"data: x\nevent: a\nevent: b\n\n", b"b"),
        (b"event: a\nevent\n\n", b""),
        (b"data: event: x\n\n", b""),
        (b"events: x\n\n", b""),
        (b"data: x\n\n", b""),
    ],
)
def test_the_last_event_line_names_the_event(frame: bytes, event: bytes) -> None:
    assert event_of(frame) == event


def test_only_comments_and_blank_lines_make_a_comment() -> None:
    assert is_comment(b": hold on\n\n")
    assert is_comment(b": a\r\n: b\r\n\r\n")
    assert is_comment(b"\n\n")
    assert not is_comment(b": a\ndata: x\n\n")
    assert not is_comment(b"data: x\n\n")
