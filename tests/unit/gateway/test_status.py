"""The status pages by themselves: what is answered from a head, and what is refused."""

from collections.abc import Callable

from lockgate.gateway.status import StatusPages
from lockgate.model.faults import fault
from lockgate.runtime.http1.reply import Reply
from lockgate.runtime.http1.request import Request


class Pages(StatusPages):
    def __init__(self) -> None:
        super().__init__("/own/metrics")
        self.asked: list[str] = []

    def answer(self, page: str, reply: Reply) -> None:
        self.asked.append(page)
        reply.send(200, b"", page.encode())


class Wire:
    """Implements runtime/http1/reply.Carrier."""

    paused = False

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.write: Callable[[bytes], None] = self.writes.append

    def fields(self, close: bool) -> bytes:
        return b""

    def answered(self) -> None: ...

    def cut(self, reset: bool) -> None: ...


def ask(method: bytes, path: bytes) -> tuple[Pages, bytes]:
    pages, wire, request = Pages(), Wire(), Request()
    request.method, request.path = method, path
    pages.head(request, Reply(wire, method == b"HEAD", False))
    return pages, b"".join(wire.writes)


def test_each_page_has_its_path_and_metrics_the_one_that_is_set() -> None:
    for path, page in (
        (b"/own/metrics", "metrics"),
        (b"/status/config", "config"),
        (b"/status/ready", "ready"),
        (b"/status/models", "models"),
    ):
        for method in (b"GET", b"HEAD"):
            pages, written = ask(method, path)
            assert pages.asked == [page]
            assert written.startswith(b"HTTP/1.1 200 ")


def test_other_paths_are_told_which_there_are() -> None:
    _, written = ask(b"GET", b"/metrics")
    assert written.startswith(b"HTTP/1.1 404 ")
    assert b"/own/metrics /status/config" in written


def test_nothing_can_be_changed_here() -> None:
    pages, written = ask(b"POST", b"/status/config")
    assert written.startswith(b"HTTP/1.1 405 ")
    assert b"allow: GET, HEAD\r\n" in written
    assert not pages.asked


def test_a_refusal_of_the_server_is_its_sentence() -> None:
    fields, body = Pages().refuse(fault("uri_too_long", limit=9), None)
    assert fields == b"content-type: text/plain; charset=utf-8\r\n"
    assert body == b"The request line is longer than 9 bytes.\n"
