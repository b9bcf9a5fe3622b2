"""
The address that is dialled: resolved once, checked, and connected to exactly as checked.

A name that an operator or a caller chose must not lead into the gateway's own network, its host or a cloud's metadata service.
Checked is what the resolver returned, never the spelling, so that a second resolution (DNS rebinding), an IPv4 address inside an
IPv6 one, or an octal, hexadecimal or shortened spelling cannot slip through; such spellings are refused on sight besides.
"Public" is our own table and not ``ipaddress.is_global``, whose answers differ between Python versions.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import NoReturn

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
SocketAddress = tuple[int, tuple[str, int] | tuple[str, int, int, int]]
"""The family and the address, as ``socket.connect`` takes it."""

ALL = "*"
"""In a list of allowed networks: every address."""

_NOT_PUBLIC_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches the host itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, also used by clouds for their own services
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",  # reserved, with the broadcast address
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # all that IANA has assigned for global unicast
_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: leads to the IPv4 address inside
        "3fff::/20",
        "2620:4f:8000::/48",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HOST_BYTES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")


class AddressRefused(Exception):
    """Why nothing is dialled; the sentence names no address and no host."""


def embedded(ip: IPAddress) -> IPAddress:
    """The IPv4 address that packets to ``ip`` end at, where it holds one (mapped or NAT64); else ``ip`` itself."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def is_public(ip: IPAddress) -> bool:
    """Whether an address is one of the public internet's hosts."""
    ip = embedded(ip)
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_V4)
    return ip in _PUBLIC_V6 and not any(ip in network for network in _NOT_PUBLIC_V6)


class Allowed:
    """What may be dialled besides public addresses: nothing, everything (True or "*"), or a list of networks."""

    __slots__ = ("all", "networks")

    def __init__(self, allow: bool | Iterable[str]) -> None:
        self.all = allow is True
        networks: list[IPNetwork] = []
        for text in () if isinstance(allow, bool) else allow:
            if text == ALL:
                self.all = True
            else:
                networks.append(ipaddress.ip_network(text, strict=False))
        self.networks = tuple(networks)

    def admits(self, ip: IPAddress) -> bool:
        if self.all or is_public(ip):
            return True
        real = embedded(ip)
        return any(real in network or ip in network for network in self.networks if network.version in (real.version, ip.version))


def literal(host: str) -> IPAddress | None:
    """
    The address that ``host`` spells, or None for a name. Refused: what is neither, and every spelling of an IPv4 address but four
    decimal numbers, which resolvers read in ways that differ (``0x7f.1``, ``017700000001``, ``2130706433``, ``127.1``).
    """
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if ":" in host:
        if "%" in host:
            _refuse("a zone index is not allowed in an address")
        try:
            return ipaddress.IPv6Address(host)
        except ValueError:
            _refuse("its host is not a name or an address")
    if not host or len(host) > 253 or not _HOST_BYTES.issuperset(host) or ".." in host or host.startswith("."):
        _refuse("its host is not a name or an address")
    last = host.removesuffix(".").rpartition(".")[2].lower()
    if last.isdigit() or last.startswith("0x"):
        try:
            return ipaddress.IPv4Address(host)
        except ValueError:
            _refuse("its address is not spelled as four decimal numbers")
    return None


def _refuse(reason: str) -> NoReturn:
    raise AddressRefused(reason)


async def resolve(loop: asyncio.AbstractEventLoop, host: str, port: int, allowed: Allowed) -> list[SocketAddress]:
    """
    The addresses of ``host`` that may be dialled, in the resolver's order, families alternating (RFC 8305 section 4).
    Raises AddressRefused when there is none that may, and OSError when the name does not resolve.
    """
    ip = literal(host)
    if ip is not None:
        if not allowed.admits(ip):
            raise AddressRefused("its address is not public; allow_private can allow it")
        return [_socket_address(ip, port)]
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    admitted: dict[str, IPAddress] = {}
    for family, _, _, _, address in found:
        if family in (socket.AF_INET, socket.AF_INET6):
            text = str(address[0])
            candidate = ipaddress.ip_address(text.partition("%")[0])
            if allowed.admits(candidate) and "%" not in text:
                admitted[text] = candidate
    if not admitted:
        raise AddressRefused("its address is not public; allow_private can allow it")
    return [_socket_address(ip, port) for ip in _alternating(list(admitted.values()))]


def _alternating(ips: list[IPAddress]) -> list[IPAddress]:
    first = [ip for ip in ips if ip.version == ips[0].version]
    second = [ip for ip in ips if ip.version != ips[0].version]
    mixed: list[IPAddress] = []
    for index in range(max(len(first), len(second))):
        mixed += first[index : index + 1] + second[index : index + 1]
    return mixed


def _socket_address(ip: IPAddress, port: int) -> SocketAddress:
    if isinstance(ip, ipaddress.IPv4Address):
        return socket.AF_INET, (str(ip), port)
    return socket.AF_INET6, (str(ip), port, 0, 0)
