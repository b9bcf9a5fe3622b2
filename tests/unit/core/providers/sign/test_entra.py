"""Entra client credentials: what is asked, how answers are read, and that no secret shows."""

import json

import pytest

from lockgate.core.providers.sign.entra import EntraCredential, Token, read_credential, read_token, token_request
from lockgate.model.faults import Fault

PARTS = {"tenant_id": "t-1", "client_id": "c-1", "client_secret": "s&3cret="}
CREDENTIAL = EntraCredential("t-1", "c-1", "s&3cret=")


def test_a_document_is_a_credential() -> None:
    assert read_credential(json.dumps(PARTS)) == CREDENTIAL
    own = read_credential(json.dumps(PARTS | {"authority": "http://127.0.0.1:9/x", "scope": "api://y", "note": "ignored"}))
    assert own == EntraCredential("t-1", "c-1", "s&3cret=", "http://127.0.0.1:9/x", "api://y")


@pytest.mark.parametrize(
    "document",
    ["{", "{}", "[]", '{"tenant_id":1,"client_id":"c","client_secret":"s"}']
    + [json.dumps(PARTS | {part: ""}) for part in PARTS]
    + [json.dumps(PARTS | {"authority": bad}) for bad in ("login.example", "https://u:p@login.example", "https://login.example?x=1", "")],
)
def test_an_unusable_document_is_a_fault_without_its_text(document: str) -> None:
    found = read_credential(document)
    assert isinstance(found, Fault)
    assert (found.kind, found.status, found.type) == ("upstream_credential", 401, "authentication_error")
    assert "s&3cret" not in found.message


def test_the_grant_is_asked_at_the_tenants_endpoint() -> None:
    asked = token_request(CREDENTIAL, "Lockgate/1")
    assert (asked.scheme, asked.host, asked.port) == ("https", "login.microsoftonline.com", 443)
    assert asked.head.startswith(b"POST /t-1/oauth2/v2.0/token HTTP/1.1\r\nhost: login.microsoftonline.com\r\nuser-agent: Lockgate/1\r\n")
    assert asked.head.endswith(b"content-length: %d\r\n\r\n" % len(asked.body))
    assert asked.body == (
        b"grant_type=client_credentials&client_id=c-1&client_secret=s%263cret%3D&scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default"
    )


def test_a_tenant_cannot_leave_its_place_in_the_path() -> None:
    asked = token_request(EntraCredential("a/../b\r\nx: 1", "c", "s", "http://127.0.0.1:8"))
    assert asked.head.startswith(b"POST /a%2F..%2Fb%0D%0Ax%3A%201/oauth2/v2.0/token HTTP/1.1\r\n")


def test_a_credential_nobody_checked_is_not_asked_for() -> None:
    with pytest.raises(ValueError, match="read_credential"):
        token_request(EntraCredential("t", "c", "s", "no url"))


@pytest.mark.parametrize(("expires", "lifetime_s"), [(3599, 3599), ("3599", 3599), (-5, 0)])
def test_a_token_is_read(expires: object, lifetime_s: int) -> None:
    body = json.dumps({"token_type": "Bearer", "access_token": "eyJ", "expires_in": expires}).encode()
    assert read_token(200, body) == Token("eyJ", lifetime_s)


def test_a_refusal_repeats_only_a_known_word() -> None:
    told = read_token(401, b'{"error":"invalid_client","error_description":"AADSTS7000215: secret s3 of app c-1"}')
    assert isinstance(told, Fault)
    assert told.kind == "upstream_credential"
    assert told.message.endswith("its token endpoint refused it (invalid_client).")
    for body in (b'{"error":"leak s3"}', b"<html>", b"[]"):
        odd = read_token(400, body)
        assert isinstance(odd, Fault)
        assert odd.message.endswith("(400).")


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"{}"), (503, b""), (200, b"<html>"), (200, b"{}"), (200, b'{"access_token":""}'), (200, b'{"access_token":"a\\nb"}'),
                         (200, b'{"access_token":"a","expires_in":"soon"}')],
)  # fmt: skip
def test_an_endpoint_that_fails_is_a_transport_error(status: int, body: bytes) -> None:
    found = read_token(status, body)
    assert isinstance(found, Fault)
    assert (found.kind, found.retryable) == ("transport_error", True)


def test_nothing_shows_a_secret() -> None:
    asked = token_request(CREDENTIAL)
    for shown in (repr(CREDENTIAL), str(CREDENTIAL), f"{asked}", repr(asked), repr(Token("eyJ", 1)), str(Token("eyJ", 1))):
        assert "3cret" not in shown
        assert "eyJ" not in shown
