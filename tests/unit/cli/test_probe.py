"""Probes, against a real listener of the standard library's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from lockgate.cli.first_start import free_port
from lockgate.cli.probe import first_answer, is_ok


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_listener_that_answers_200_is_ok() -> None:
    with answering(200, b"ok") as url:
        assert is_ok(url + "/status/ready")


def test_a_listener_that_is_not_ready_is_not_ok() -> None:
    with answering(503, b"") as url:
        assert not is_ok(url)


def test_nothing_listening_is_not_ok() -> None:
    assert not is_ok(f"http://127.0.0.1:{free_port('127.0.0.1')}")


def test_a_first_answer_has_nothing_to_complain_about() -> None:
    with answering(200, b'{"choices": [{"message": {"content": "Hello."}}]}') as url:
        assert first_answer(url, "key", "smollm2") == ""


def test_a_refusal_is_told_in_the_gateways_words() -> None:
    with answering(404, b'{"error": {"message": "The model does not exist."}}') as url:
        assert first_answer(url, "key", "gone") == "status 404: The model does not exist."


def test_an_answer_of_another_kind_is_told() -> None:
    for status, body in ((200, b"{}"), (200, b"<html>"), (500, b"[]"), (502, b"")):
        with answering(status, body) as url:
            assert "not what the OpenAI dialect says" in first_answer(url, "key", "smollm2")


def test_a_gateway_that_cannot_be_asked_is_told() -> None:
    assert "could not be asked" in first_answer(f"http://127.0.0.1:{free_port('127.0.0.1')}", "key", "smollm2")
