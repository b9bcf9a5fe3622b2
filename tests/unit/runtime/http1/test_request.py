"""A request gives its fields by name."""

from lockgate.runtime.http1.request import Request


def test_a_header_is_found_by_its_first_occurrence() -> None:
    request = Request()
    request.headers = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]
    assert (request.header(b"a"), request.header(b"b"), request.header(b"c")) == (b"1", b"2", None)


def test_a_request_shows_nothing_of_itself() -> None:
    request = Request()
    request.body = b"secret"
    assert "secret" not in repr(request)
