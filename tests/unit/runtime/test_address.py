"""Only public addresses are dialled, however they are spelled, unless allowed."""

import asyncio
import ipaddress
import socket

import pytest
from tests.kit.loop import run

from lockgate.runtime.address import AddressRefused, Allowed, embedded, is_public, literal, resolve

# Words between white space.
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 169.255.0.1
172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.1 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0
223.255.255.255 2001:4860:4860::8888 2606:4700::1111 2a00:1450:4001::1 2400:cb00::1 2001:200::1 2003::1 2c00::1 ::ffff:8.8.8.8
64:ff9b::8.8.8.8
"""

NOT_PUBLIC = """
0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.1 127.0.0.53 127.255.255.255
169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::2
::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254 ::ffff:0.0.0.0
::ffff:192.168.1.1 ::ffff:100.64.0.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 64:ff9b:1::7f00:1 100::1
2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1
2002:a9fe:a9fe:: 3fff::1 4000::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fdff:ffff::1 fe80::1 fe80::a9fe:a9fe febf::1 fec0::1
feff::1 ff00::1 ff02::1 ff05::2 ff0e::1 2620:4f:8000::1
"""

ODD = """
2130706433 017700000001 0x7f000001 0x7f.1 0x7f.0.0.1 127.1 127.0.1 0177.0.0.1 0177.0.0.01 127.0.0.1. 127.000.000.001 1.1.1.01
134744072 0x08080808 010.8.8.8 256.1.1.1 1.1.1.1.1 999 1.2.3 3232235521 0xA9FEA9FE 169.254.43518 localhost.0x7f a.b.1
user@127.0.0.1 user:pass@example.org 127.0.0.1:80 example.org/ example.org?x example.org#x example.org\\x http://example.org [::1
::1] [127.0.0.1 fe80::1%eth0 ::ffff:127.0.0.1%1 ::1:: 12345::1 .example.org example..org exämple.org １２７.0.0.1 127。0。0。1 a%2eb []
"""

ODD_WITH_SPACE = ["", " ", "a b", "a\tb", "a\nb", "a\0b", "x" * 254]

NAMES = "example.org example.org. api.openai.com localhost my_service.local xn--exmple-cua.org 1.example 0x.example a-b.c1"


@pytest.mark.parametrize("text", PUBLIC.split())
def test_an_address_of_the_public_internet_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))
    assert Allowed(False).admits(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC.split())
def test_every_other_address_is_not(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
    assert not Allowed(False).admits(ipaddress.ip_address(text))
    assert Allowed(True).admits(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", [*ODD.split(), *ODD_WITH_SPACE])
def test_an_odd_spelling_is_refused_on_sight(text: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        literal(text)
    assert not text.strip() or text not in str(refused.value)


@pytest.mark.parametrize("text", NAMES.split())
def test_a_name_is_left_to_the_resolver(text: str) -> None:
    assert literal(text) is None


@pytest.mark.parametrize("text", ["127.0.0.1", "8.8.8.8", "::1", "[::1]", "[2001:db8::1]", "::ffff:10.0.0.1"])
def test_a_plain_address_is_read(text: str) -> None:
    assert literal(text) == ipaddress.ip_address(text.strip("[]"))


def test_mapped_and_translated_addresses_are_judged_by_the_address_inside() -> None:
    inside = ipaddress.ip_address("10.1.2.3")
    assert embedded(ipaddress.ip_address("::ffff:10.1.2.3")) == inside
    assert embedded(ipaddress.ip_address("64:ff9b::10.1.2.3")) == inside
    assert embedded(inside) == inside
    ten = Allowed(["10.0.0.0/8"])
    assert ten.admits(ipaddress.ip_address("::ffff:10.1.2.3"))
    assert not ten.admits(ipaddress.ip_address("::ffff:127.0.0.1"))


def test_allowed_networks_admit_their_own_and_no_others() -> None:
    allowed = Allowed(("127.0.0.0/8", "fd00::/8", "10.1.2.3"))
    for text in ("127.0.0.1", "fd00::1", "10.1.2.3", "8.8.8.8"):
        assert allowed.admits(ipaddress.ip_address(text))
    for text in ("10.1.2.4", "::1", "169.254.169.254", "fc00::1"):
        assert not allowed.admits(ipaddress.ip_address(text))
    assert Allowed(("*",)).admits(ipaddress.ip_address("::1"))


def test_a_network_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/33"):
        Allowed(("10.0.0.0/33",))


def test_a_literal_is_resolved_to_itself_without_a_resolver() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert await resolve(loop, "8.8.8.8", 443, Allowed(False)) == [(socket.AF_INET, ("8.8.8.8", 443))]
        assert await resolve(loop, "[::1]", 80, Allowed(True)) == [(socket.AF_INET6, ("::1", 80, 0, 0))]
        with pytest.raises(AddressRefused, match="not public"):
            await resolve(loop, "127.0.0.1", 80, Allowed(False))

    run(main())


class Resolver(asyncio.SelectorEventLoop):
    """A loop whose resolver answers as scripted."""

    answers: tuple[str, ...] = ()

    async def getaddrinfo(self, host: object, port: object, **_: object) -> list[tuple[int, int, int, str, tuple[object, ...]]]:  # type: ignore[override]
        return [
            (socket.AF_INET6, 1, 6, "", (text, port, 0, 0)) if ":" in text else (socket.AF_INET, 1, 6, "", (text, port))
            for text in self.answers
        ]


@pytest.mark.parametrize(
    ("answers", "allow", "expected"),
    [
        (("127.0.0.1",), (), None),
        (("169.254.169.254", "10.0.0.1"), (), None),
        (("10.0.0.1", "8.8.8.8"), (), ["8.8.8.8"]),
        (("2606:4700::1", "2606:4700::2", "1.1.1.1"), (), ["2606:4700::1", "1.1.1.1", "2606:4700::2"]),
        (("1.1.1.1", "1.1.1.1"), (), ["1.1.1.1"]),
        (("::1", "127.0.0.1"), ("127.0.0.0/8",), ["127.0.0.1"]),
        (("fe80::1%lo",), ("*",), None),
    ],
)
def test_of_a_names_addresses_only_the_admitted_ones_are_dialled(
    answers: tuple[str, ...], allow: tuple[str, ...], expected: list[str] | None
) -> None:
    loop = Resolver()
    loop.answers = answers
    try:
        found = resolve(loop, "name.example", 443, Allowed(allow))
        if expected is None:
            with pytest.raises(AddressRefused):
                loop.run_until_complete(found)
        else:
            assert [where[0] for _, where in loop.run_until_complete(found)] == expected
    finally:
        loop.close()


def test_localhost_is_resolved_and_then_checked() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(AddressRefused):
            await resolve(loop, "localhost", 80, Allowed(False))
        found = await resolve(loop, "localhost", 80, Allowed(("127.0.0.0/8", "::1/128")))
        assert all(ipaddress.ip_address(where[0]).is_loopback for _, where in found)

    run(main())
