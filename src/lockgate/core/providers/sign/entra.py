"""
Entra ID client credentials: how an Azure credential document asks for a bearer token and how the answer is read.

Pure: the request is bytes, the answer is a value. ``gateway/minting.py`` sends the one and keeps the other.
"""

from urllib.parse import quote, urlencode

import msgspec

from lockgate.core.providers.address import Address, Refused, parse
from lockgate.model.faults import Fault, fault

AUTHORITY = "https://login.microsoftonline.com"
SCOPE = "https://cognitiveservices.azure.com/.default"


class EntraCredential(msgspec.Struct, frozen=True):
    """The document an operator writes as ``api_key``. It never shows its secret."""

    tenant_id: str
    client_id: str
    client_secret: str
    authority: str = AUTHORITY
    scope: str = SCOPE

    def __repr__(self) -> str:
        return f"EntraCredential(tenant_id={self.tenant_id!r}, client_id={self.client_id!r})"

    __str__ = __repr__


class TokenRequest(msgspec.Struct, frozen=True):
    """Where to ask, and with which bytes. ``body`` holds the client secret."""

    scheme: str
    host: str
    port: int
    head: bytes
    body: bytes

    def __repr__(self) -> str:
        return f"TokenRequest(host={self.host!r})"

    __str__ = __repr__


class Token(msgspec.Struct, frozen=True):
    """A bearer token and for how long it holds from now on."""

    text: str
    lifetime_s: int

    def __repr__(self) -> str:
        return f"Token(lifetime_s={self.lifetime_s})"

    __str__ = __repr__


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: int | str = 0


class _Refusal(msgspec.Struct):
    error: str = ""


# Words of RFC 6749 5.2: the only part of a refusal that is repeated, because its prose may quote the request.
_KNOWN_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
)


def read_credential(document: str) -> EntraCredential | Fault:
    """The credential of a JSON document, its parts not empty and its authority usable."""
    try:
        credential = msgspec.json.decode(document, type=EntraCredential)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return fault("upstream_credential", reason="it is not a JSON document with tenant_id, client_id and client_secret")
    if not (credential.tenant_id and credential.client_id and credential.client_secret and credential.scope):
        return fault("upstream_credential", reason="a part of its document is empty")
    if isinstance(_authority(credential), Refused):
        return fault("upstream_credential", reason="the authority of its document is not a plain http or https URL")
    return credential


def token_request(credential: EntraCredential, user_agent: str = "Lockgate") -> TokenRequest:
    """The client-credentials grant (RFC 6749 4.4) at the tenant's v2 token endpoint."""
    address = _authority(credential)
    if isinstance(address, Refused):
        raise ValueError("read_credential refuses such an authority")
    body = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": credential.client_id,
            "client_secret": credential.client_secret,
            "scope": credential.scope,
        }
    ).encode()
    head = (
        f"POST {address.path}/{quote(credential.tenant_id, safe='')}/oauth2/v2.0/token HTTP/1.1\r\n"
        f"host: {address.authority}\r\n"
        f"user-agent: {user_agent}\r\n"
        "accept: application/json\r\n"
        "accept-encoding: identity\r\n"
        "content-type: application/x-www-form-urlencoded\r\n"
        f"content-length: {len(body)}\r\n"
        "\r\n"
    )
    return TokenRequest(address.scheme, address.host, address.port, head.encode(), body)


def read_token(status: int, body: bytes) -> Token | Fault:
    """The token of an answer. A refusal names Entra's own error word when it is a known one, and nothing else of it."""
    if status >= 500:
        return fault("transport_error", reason="its token endpoint failed")
    if status != 200:
        return fault("upstream_credential", reason=f"its token endpoint refused it ({_error_word(body) or status})")
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        lifetime_s = int(answer.expires_in)
    except (msgspec.DecodeError, ValueError):
        return fault("transport_error", reason="its token endpoint sent an answer that cannot be read")
    if not answer.access_token or not answer.access_token.isascii() or not answer.access_token.isprintable():
        return fault("transport_error", reason="its token endpoint sent no usable token")
    return Token(answer.access_token, max(lifetime_s, 0))


def _authority(credential: EntraCredential) -> Address | Refused:
    address = parse(credential.authority)
    return Refused("its authority has a query") if isinstance(address, Address) and address.query else address


def _error_word(body: bytes) -> str:
    try:
        word = msgspec.json.decode(body, type=_Refusal).error
    except msgspec.DecodeError:
        return ""
    return word if word in _KNOWN_ERRORS else ""
