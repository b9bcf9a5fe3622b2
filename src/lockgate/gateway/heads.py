"""
Header blocks of answers and the gateway's own lines of upstream requests, as ready bytes: made once from the ``wire``
settings, so that their names cost nothing per request (section 1.5 of the reference). The request's id is also told where the
official SDKs look for it: OpenAI's under ``x-request-id``, Anthropic's under ``request-id``.
"""

from lockgate.model.faults import Fault


class Heads:
    """``server`` is the product of the Server header, ``prefix`` that of every header of ours."""

    __slots__ = ("_call_id", "_json", "_request_id", "_stream", "_text", "request_id_name")

    def __init__(self, prefix: str, server: str) -> None:
        self.request_id_name = f"{prefix}request-id".encode()
        line = f"server: {server}\r\n{prefix}request-id: ".encode()
        self._json = b"content-type: application/json\r\n" + line
        self._text = b"content-type: text/plain; charset=utf-8\r\n" + line
        # Proxies that buffer by default are told not to.
        self._stream = b"content-type: text/event-stream\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n" + line
        self._call_id = f"\r\n{prefix}call-id: ".encode()
        self._request_id = self.request_id_name + b": "

    def whole(self, request_id: str, names_call: bool) -> bytes:
        name = request_id.encode()
        if names_call:
            return b"%b%b%b%b\r\nx-request-id: %b\r\n" % (self._json, name, self._call_id, name, name)
        return b"%b%b\r\nx-request-id: %b\r\nrequest-id: %b\r\n" % (self._json, name, name, name)

    def stream(self, request_id: str, names_call: bool) -> bytes:
        name = request_id.encode()
        if names_call:
            return b"%b%b%b%b\r\nx-request-id: %b\r\n" % (self._stream, name, self._call_id, name, name)
        return b"%b%b\r\nx-request-id: %b\r\nrequest-id: %b\r\n" % (self._stream, name, name, name)

    def json(self, request_id: str) -> bytes:
        name = request_id.encode()
        return b"%b%b\r\nx-request-id: %b\r\nrequest-id: %b\r\n" % (self._json, name, name, name)

    def text(self, request_id: str) -> bytes:
        return b"%b%b\r\n" % (self._text, request_id.encode())

    def fault(self, request_id: str, failure: Fault) -> bytes:
        block = self.json(request_id)
        if failure.retry_after_s is not None:
            block += b"retry-after: %d\r\n" % failure.retry_after_s
        if failure.kind == "method_not_allowed":
            block += b"allow: %b\r\n" % failure.param.encode()
        return block

    def upstream(self, request_id: str, body_bytes: int) -> bytes:
        """The last lines of an upstream request's head."""
        return b"%b%b\r\ncontent-length: %d\r\n\r\n" % (self._request_id, request_id.encode(), body_bytes)
