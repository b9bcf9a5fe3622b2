"""One request as the server hands it over: raw bytes, parsed only as far as framing needs."""

from typing import Any


class Kept:
    """A place for one thing."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = None


class Request:
    """
    ``path`` and ``query`` are raw (still percent-encoded), split at the first '?'; an absolute-form target is reduced to them.
    Header names are lower-cased, in the order sent, values without surrounding white space. ``body`` is complete when the
    handler's ``request`` is called, and empty before. ``context`` is the handler's to use.

    ``kept`` is the handler's too, and is the same for all requests of a connection whose heads are equal but for their
    Content-Length: what a handler found in the head once it need not look for again.
    """

    __slots__ = ("body", "context", "headers", "http10", "kept", "method", "path", "peer", "query", "target")

    method: bytes
    target: bytes
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    peer: str
    http10: bool
    context: Any
    kept: "Kept"

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header; ``name`` in lower case."""
        for known, value in self.headers:
            if known == name:
                return value
        return None
