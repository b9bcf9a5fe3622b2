"""
Faults: every error a caller can see is a row of the one table below. A fault is a value; dialects render it.

``type`` and ``code`` are the wire words of the OpenAI envelope; the Anthropic envelope derives its own from the status.
The sentence of a row is for the caller and may echo what the caller sent; logs and records carry only ``kind``.
"""

from enum import StrEnum

import msgspec


class Source(StrEnum):
    """Who caused it."""

    CALLER = "caller"
    POLICY = "policy"
    UPSTREAM = "upstream"
    GATEWAY = "gateway"


class Fault(msgspec.Struct, frozen=True):
    """One error. ``retryable``: another attempt may succeed (the machine decides whether there is one)."""

    kind: str
    status: int
    type: str
    source: Source
    retryable: bool
    message: str
    code: str = ""
    param: str = ""
    retry_after_s: int | None = None


class Row(msgspec.Struct, frozen=True):
    """A row of the table: ``sentence`` is a format string, filled by ``fault``."""

    status: int
    type: str
    source: Source
    retryable: bool
    sentence: str
    code: str = ""


_C, _P, _U, _G = Source.CALLER, Source.POLICY, Source.UPSTREAM, Source.GATEWAY

TABLE: dict[str, Row] = {
    # Credentials.
    "credential_missing": Row(401, "invalid_api_key", _C, False, "No API key was given. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'."),
    "credential_malformed": Row(401, "invalid_api_key", _C, False, "The Authorization header is not 'Bearer <key>'."),
    "credential_unknown": Row(401, "invalid_api_key", _C, False, "The API key is not known here."),
    "credential_expired": Row(401, "invalid_api_key", _C, False, "The API key has expired.", "api_key_expired"),
    "credential_disabled": Row(401, "invalid_api_key", _C, False, "The API key is disabled.", "api_key_disabled"),
    # Requests.
    "malformed_http": Row(400, "invalid_request_error", _C, False, "The request is not valid HTTP/1.1: {reason}."),
    "request_timeout": Row(408, "timeout", _C, False, "The request did not arrive in time."),
    "uri_too_long": Row(414, "invalid_request_error", _C, False, "The request line is longer than {limit} bytes."),
    "headers_too_large": Row(431, "invalid_request_error", _C, False, "The request's header fields are larger than {limit} bytes."),
    "body_too_large": Row(413, "invalid_request_error", _C, False, "The request body is larger than the limit of {limit} bytes."),
    "expectation_failed": Row(417, "invalid_request_error", _C, False, "Only 'Expect: 100-continue' is supported."),
    "http_version": Row(505, "invalid_request_error", _C, False, "Only HTTP/1.1 and HTTP/1.0 are supported."),
    "path_unknown": Row(404, "invalid_request_error", _C, False, "There is no such path here."),
    "method_not_allowed": Row(405, "invalid_request_error", _C, False, "This path answers only {allow}."),
    "body_invalid": Row(400, "invalid_request_error", _C, False, "{reason}"),
    "model_not_found": Row(404, "model_not_found", _C, False, "The model '{model}' does not exist."),
    "model_forbidden": Row(403, "permission_denied", _P, False, "This API key may not use the model '{model}'."),
    "ip_restricted": Row(403, "permission_denied", _P, False, "Your address may not use the model '{model}'.", "ip_restricted"),
    "operation_unsupported": Row(501, "not_implemented", _G, False, "The model '{model}' does not offer {operation}."),
    "count_tokens_unsupported": Row(400, "invalid_request_error", _G, False, "The model '{model}' cannot count tokens: its provider does not speak the Anthropic API."),
    "draining": Row(503, "api_error", _G, True, "The gateway is shutting down."),
    # Upstreams.
    "provider_unavailable": Row(503, "provider_unavailable", _G, False, "The model's provider is not available here: {reason}."),
    "upstream_misconfigured": Row(400, "invalid_request_error", _G, False, "The model is misconfigured: {reason}."),
    "upstream_credential": Row(401, "authentication_error", _G, False, "The gateway's credential for this model cannot be used: {reason}."),
    "upstream_timeout": Row(504, "timeout", _U, True, "The model's provider did not answer in time."),
    "transport_error": Row(502, "transport_error", _U, True, "The model's provider could not be reached: {reason}."),
    "upstream_decode_error": Row(502, "upstream_decode_error", _U, True, "The model's provider sent an answer that cannot be read: {reason}."),
    "upstream_refused": Row(400, "upstream_error", _U, False, "{reason}"),
    "upstream_rate_limited": Row(429, "upstream_error", _U, False, "{reason}"),
    "upstream_failed": Row(502, "upstream_error", _U, True, "The model's provider failed."),
    "stream_error": Row(502, "upstream_error", _U, True, "The model's provider reported an error: {reason}"),
    # Ourselves.
    "internal": Row(500, "config_error", _G, False, "The gateway failed to handle the request."),
    "records_unavailable": Row(503, "api_error", _G, False, "The gateway cannot record usage at the moment, and serves nothing unrecorded."),
    "caller_gone": Row(499, "client_disconnected", _C, False, "The caller left."),
}  # fmt: skip


def fault(kind: str, *, retry_after_s: int | None = None, param: str = "", **facts: object) -> Fault:
    """The fault of a row, its sentence filled with ``facts``."""
    row = TABLE[kind]
    sentence = row.sentence.format(**facts) if facts else row.sentence
    return Fault(kind, row.status, row.type, row.source, row.retryable, sentence, row.code, param, retry_after_s)


def upstream_fault(status: int, message: str, *, code: str = "", param: str = "", retry_after_s: int | None = None) -> Fault:
    """An error answer of an upstream: 4xx keeps status and (clipped) message, anything else becomes our own 502."""
    if not 400 <= status < 500:
        return fault("upstream_failed")
    row = TABLE["upstream_rate_limited" if status == 429 else "upstream_refused"]
    kind = "upstream_rate_limited" if status == 429 else "upstream_refused"
    return Fault(kind, status, row.type, row.source, row.retryable, message[:1024], code, param, retry_after_s)
