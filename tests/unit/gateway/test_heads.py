"""Header blocks are ready bytes, each line ended, each name once."""

from lockgate.gateway.heads import Heads
from lockgate.model.faults import fault

HEADS = Heads("x-acme-", "Acme/1")


def lines(block: bytes) -> dict[str, str]:
    assert block.endswith(b"\r\n")
    found = [line.partition(": ") for line in block[:-2].decode().split("\r\n")]
    assert len({name for name, _, _ in found}) == len(found)
    return {name: value for name, _, value in found}


def test_answers_name_the_request_and_where_due_the_call() -> None:
    assert lines(HEADS.whole("r-1", True)) == {
        "content-type": "application/json", "server": "Acme/1", "x-acme-request-id": "r-1", "x-acme-call-id": "r-1",
        "x-request-id": "r-1",
    }  # fmt: skip
    assert "x-acme-call-id" not in lines(HEADS.whole("r-1", False))
    stream = lines(HEADS.stream("r-1", False))
    assert (stream["content-type"], stream["cache-control"], stream["x-accel-buffering"]) == ("text/event-stream", "no-cache", "no")
    assert lines(HEADS.text("r-1"))["content-type"] == "text/plain; charset=utf-8"


def test_faults_say_when_to_come_back_and_what_is_allowed() -> None:
    assert lines(HEADS.fault("r-1", fault("upstream_rate_limited", retry_after_s=9, reason="x")))["retry-after"] == "9"
    assert lines(HEADS.fault("r-1", fault("method_not_allowed", param="POST", allow="POST")))["allow"] == "POST"
    assert lines(HEADS.fault("r-1", fault("internal"))).keys() == {
        "content-type", "server", "x-acme-request-id", "x-request-id", "request-id",
    }  # fmt: skip


def test_the_request_s_id_is_where_each_official_sdk_looks_for_it() -> None:
    for block in (HEADS.whole("r-1", False), HEADS.stream("r-1", False), HEADS.fault("r-1", fault("internal"))):
        told = lines(block)
        assert (told["x-request-id"], told["request-id"]) == ("r-1", "r-1")


def test_an_upstream_s_head_ends_with_the_length() -> None:
    assert HEADS.upstream("r-1", 12) == b"x-acme-request-id: r-1\r\ncontent-length: 12\r\n\r\n"
