"""
TLS contexts, in and out: at least TLS 1.2, HTTP/1.1 by ALPN, sessions resumed.

Whatever is wrong with a file or a PEM text is a ValueError whose sentence names the setting's file, so that a program can refuse to
start with it. Passphrases are never asked for on a terminal: an encrypted key is refused.

asyncio offers no way to resume a session as a client, but it makes every TLS object through the context's ``wrap_bio``: there
``ClientContext`` passes the session that was kept for the same server name. A session holds keys; it lives in memory only.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

_KEPT_SESSIONS = 1024
_ALPN = ["http/1.1"]


class ClientContext(ssl.SSLContext):
    """A client's context that offers the last session of a server name when it connects there again."""

    _sessions: dict[str, ssl.SSLSession]

    def keep(self, server_name: str, tls: ssl.SSLObject) -> None:
        """Keeps the session of an established connection; with TLS 1.3 it exists once something was read."""
        session = tls.session
        if session is not None and session.has_ticket:
            sessions = self.__dict__.setdefault("_sessions", {})
            sessions.pop(server_name, None)
            sessions[server_name] = session
            if len(sessions) > _KEPT_SESSIONS:
                del sessions[next(iter(sessions))]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        if session is None and isinstance(server_hostname, str):
            session = self.__dict__.get("_sessions", {}).get(server_hostname)
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def server_context(cert_file: Path, key_file: Path) -> ssl.SSLContext:
    """For a listener: the certificate with its chain, and its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_ALPN)
    _load_chain(context, cert_file, key_file)
    return context


def client_context(
    *,
    ca_file: Path | None = None,
    ca_pem: str | None = None,
    cert_file: Path | None = None,
    key_file: Path | None = None,
    verify: bool = True,
) -> ClientContext:
    """
    For upstreams: the platform's roots and those of SSL_CERT_FILE (which OpenSSL reads itself), with ``ca_file`` and ``ca_pem``
    in addition; ``cert_file`` and ``key_file`` identify us. ``verify=False`` accepts any certificate.
    """
    context = ClientContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_ALPN)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_platform_roots(context)
    if ca_file is not None:
        _explained(f"The CA file {ca_file} cannot be used", lambda: context.load_verify_locations(cafile=str(ca_file)))
    if ca_pem is not None:
        _explained("The CA certificate given as PEM cannot be used", lambda: context.load_verify_locations(cadata=ca_pem))
    if cert_file is not None:
        _load_chain(context, cert_file, key_file)
    elif key_file is not None:
        raise ValueError(f"The key file {key_file} was given without a certificate file.")
    return context


def _load_platform_roots(context: ssl.SSLContext) -> None:
    context.load_default_certs()
    # SSL_CERT_FILE takes the place of the platform's file; that one is to count as well.
    platform = Path(ssl.get_default_verify_paths().openssl_cafile)
    if platform.is_file():
        _explained(f"The platform's CA file {platform} cannot be used", lambda: context.load_verify_locations(cafile=str(platform)))


def _load_chain(context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
    def encrypted() -> str:
        raise ValueError(f"The key file {key_file or cert_file} is encrypted; only a key without a passphrase can be used.")

    _explained(
        f"The certificate file {cert_file} and the key file {key_file or cert_file} cannot be used",
        lambda: context.load_cert_chain(str(cert_file), str(key_file) if key_file is not None else None, encrypted),
    )


def _explained(what: str, load: Callable[[], Any]) -> None:
    try:
        load()
    except ssl.SSLError as error:
        raise ValueError(f"{what}: {_REASONS.get(error.reason or '', 'it is not a valid PEM file')}.") from None
    except OSError as error:
        raise ValueError(f"{what}: {(error.strerror or 'it cannot be read').lower()}.") from None


_REASONS = {"KEY_VALUES_MISMATCH": "the key does not belong to the certificate", "NO_START_LINE": "it holds no certificate in PEM form"}
