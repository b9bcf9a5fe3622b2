"""Error objects in the shapes that are met, the faults they become, and the envelope written in their place."""

import json

import pytest

from lockgate.core.wire.error_object import CLIP_BYTES, Told, fault_in_stream, openai_envelope, read_told, told_of
from lockgate.model.faults import fault


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"error": {"message": "m", "type": "t", "code": "c", "param": "p"}}, Told("m", "t", "c", "p")),
        ({"error": {"message": "m", "code": 429}}, Told("m", status=429)),
        ({"error": {"message": "m", "code": 1500}}, Told("m", code="1500")),
        ({"error": {"message": "m", "code": True}}, Told("m")),
        ({"error": {"message": "m"}, "status": 404}, Told("m", status=404)),
        ({"error": {"message": "m", "status": "503"}}, Told("m", status=503)),
        ({"error": {"message": "m", "innererror": {"code": "i"}}}, Told("m", inner_code="i")),
        ({"error": "m", "status_code": 400}, Told("m", status=400)),
        ({"error": {"message": {"message": "m"}}}, Told("m")),
        ({"error": {"message": {"detail": "m"}}}, Told("m")),
        ({"message": "m", "type": "t"}, Told("m", "t")),
        ({"detail": "m"}, Told("m")),
        ({"detail": [{"msg": "m", "loc": ["body"]}]}, Told("m")),
        ({"title": "m"}, Told("m")),
        ([{"error": {"message": "m"}}], Told("m")),
        ([], Told()),
        ([["m"], "n"], Told("m")),
        ("m", Told("m")),
        (5, Told()),
        ({}, Told()),
        ({"error": {"message": "m" * 2000, "code": "c" * 2000}}, Told("m" * CLIP_BYTES, code="c" * CLIP_BYTES)),
        ({"error": "é" * 2000}, Told("é" * (CLIP_BYTES // 2))),
        ({"error": "a" + "é" * 2000}, Told("a" + "é" * (CLIP_BYTES // 2 - 1))),
    ],
)
def test_every_shape_is_told(said: object, told: Told) -> None:
    assert told_of(said) == told
    assert read_told(json.dumps(said).encode()) == told


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 200_000 + b"]" * 200_000])
def test_what_is_no_json_tells_nothing(body: bytes) -> None:
    assert read_told(body) is None


@pytest.mark.parametrize(
    ("told", "kind", "status", "message"),
    [
        (Told("No.", status=404), "upstream_refused", 404, "No."),
        (Told(status=404), "upstream_refused", 404, "The model's provider refused the request with status 404."),
        (Told("Slow.", status=429), "upstream_rate_limited", 429, "Slow."),
        (Told("trace", status=500), "stream_error", 502, "The model's provider reported an error: its details are not shown"),
        (Told("Too long."), "stream_error", 502, "The model's provider reported an error: Too long."),
        (Told(), "stream_error", 502, "The model's provider reported an error: it gave no reason"),
    ],
)
def test_an_error_in_an_answer_keeps_a_4xx_and_is_a_502_otherwise(told: Told, kind: str, status: int, message: str) -> None:
    found = fault_in_stream(told)
    assert (found.kind, found.status, found.message) == (kind, status, message)


def test_a_code_of_the_provider_is_shown_unless_it_failed() -> None:
    assert fault_in_stream(Told("m", code="c")).code == "c"
    assert fault_in_stream(Told("m", code="c", status=500)).code == ""


def test_the_envelope_leaves_out_what_is_not_set() -> None:
    assert json.loads(openai_envelope(fault("path_unknown"))) == {
        "error": {"message": "There is no such path here.", "type": "invalid_request_error"}
    }
    shown = json.loads(openai_envelope(fault("body_invalid", param="n", reason="Bad.")))
    assert shown == {"error": {"message": "Bad.", "type": "invalid_request_error", "param": "n"}}
