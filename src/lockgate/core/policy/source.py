"""
The caller's address (gateway.md 7.6): the TCP peer, or what trusted proxies say about whom they speak for.

A header is believed only as far as the peer is trusted. Without trusted proxies it is not even looked at.
"""

from lockgate.core.policy.networks import Networks, normal

Headers = list[tuple[bytes, bytes]]


class Source:
    """``header`` is lower-case. Immutable: made once from the settings ``proxy.real_ip``."""

    __slots__ = ("_header", "_recursive", "_trusted")

    def __init__(self, trusted_proxies: tuple[str, ...] = (), recursive: bool = True, header: str = "x-forwarded-for") -> None:
        self._trusted = Networks(trusted_proxies)
        self._recursive = recursive
        self._header = header.lower().encode()

    def address(self, peer: str, headers: Headers) -> str:
        """The address, normalised; the peer's when no header may be believed; "" when there is none."""
        if not self._trusted:
            return peer if "." in peer and ":" not in peer else normal(peer)
        here = normal(peer)
        if here not in self._trusted:
            return here
        for token in reversed(self._tokens(headers)):
            told = normal(_bare(token))
            if not told:
                continue
            here = told
            if not self._recursive or told not in self._trusted:
                break
        return here

    def _tokens(self, headers: Headers) -> list[str]:
        told = b",".join(value for name, value in headers if name == self._header)
        return told.decode("latin-1").split(",") if told else []


def _bare(token: str) -> str:
    """Without port and brackets; of the Forwarded field (RFC 7239) what ``for=`` says."""
    token = token.strip()
    if "=" in token:
        pairs = (pair.partition("=") for pair in token.split(";"))
        token = next((value.strip().strip('"') for name, _, value in pairs if name.strip().lower() == "for"), "")
    if token.startswith("["):
        return token[1:].partition("]")[0]
    if token.count(":") == 1:
        return token.partition(":")[0]
    return token
