"""
Networks: is an address inside a list of CIDRs, and how is an address shown where it must not identify anybody.

Addresses are texts as sockets and proxies give them; an IPv4 address mapped into IPv6 is the IPv4 address it maps.
"""

import ipaddress
from collections.abc import Iterable

_V4_BITS = 32
_MAPPED = 0xFFFF << _V4_BITS
_OCTETS = {str(number): number for number in range(256)}


class Networks:
    """A compiled list. Malformed CIDRs are skipped (gateway.md 7.5); a list of nothing else contains no address."""

    __slots__ = ("_v4", "_v6")

    def __init__(self, cidrs: Iterable[str]) -> None:
        v4: list[tuple[int, int]] = []
        v6: list[tuple[int, int]] = []
        for cidr in cidrs:
            try:
                network = ipaddress.ip_network(cidr.strip(), strict=False)
            except ValueError:
                continue
            shift = network.max_prefixlen - network.prefixlen
            start = int(network.network_address)
            if network.version == 4:
                v4.append((start >> shift, shift))
            elif start >> _V4_BITS == _MAPPED >> _V4_BITS and shift <= _V4_BITS:
                v4.append(((start & 0xFFFFFFFF) >> shift, shift))
            else:
                v6.append((start >> shift, shift))
        self._v4 = tuple(v4)
        self._v6 = tuple(v6)

    def __bool__(self) -> bool:
        return bool(self._v4 or self._v6)

    def contains(self, address: str) -> bool:
        """Text that is no address is inside nothing."""
        number, networks = _v4(address), self._v4
        if number < 0:
            parsed = parse(address)
            if parsed is None:
                return False
            number = int(parsed)
            networks = self._v4 if parsed.version == 4 else self._v6
        for start, shift in networks:  # noqa: SIM110  # a generator would double the cost
            if number >> shift == start:
                return True
        return False

    __contains__ = contains


def parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of a text, without zone and unmapped; None when it is none."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def _v4(text: str) -> int:
    """The number of a dotted IPv4 address, -1 for anything else: ten times as fast as parsing everything there is."""
    try:
        a, b, c, d = text.split(".")
        return _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
    except (ValueError, KeyError):
        return -1


def normal(address: str) -> str:
    """One spelling per address; "" for text that is none."""
    if _v4(address) >= 0:
        return address
    parsed = parse(address)
    return "" if parsed is None else parsed.compressed


def mask(address: str) -> str:
    """What logs may show: the /24 of an IPv4 and the /48 of an IPv6 address (DESIGN.md 8); "" for text that is none."""
    if _v4(address) >= 0:
        return address[: address.rindex(".")] + ".0"
    parsed = parse(address)
    if parsed is None:
        return ""
    if parsed.version == 4:
        return str(ipaddress.IPv4Address(int(parsed) >> 8 << 8))
    # Written by hand: making another address of it costs as much as reading it did.
    number = int(parsed) >> 80
    shown = f"{number >> 32:x}:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}"
    while shown.endswith(":0"):
        shown = shown[:-2]
    return "::" if shown == "0" else shown + "::"
