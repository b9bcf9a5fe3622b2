"""The caller's address: who is believed, and how far."""

import pytest

from lockgate.core.policy.source import Source

LB = ("10.0.0.0/8", "fd00::/8")


def address(peer: str, *values: str, trusted: tuple[str, ...] = LB, recursive: bool = True, header: str = "X-Forwarded-For") -> str:
    headers = [(b"host", b"h"), *((header.lower().encode(), value.encode()) for value in values)]
    return Source(trusted, recursive, header).address(peer, headers)


@pytest.mark.parametrize(
    ("peer", "wanted"), [("203.0.113.1", "203.0.113.1"), ("::ffff:203.0.113.1", "203.0.113.1"), ("::1", "::1"), ("", "")]
)
def test_without_trusted_proxies_the_peer_is_the_caller(peer: str, wanted: str) -> None:
    assert address(peer, "198.51.100.9", trusted=()) == wanted
    assert address(peer, "198.51.100.9", trusted=("nonsense",)) == wanted


def test_an_untrusted_peer_is_not_believed() -> None:
    assert address("203.0.113.1", "198.51.100.9") == "203.0.113.1"


def test_a_trusted_peer_without_the_header_is_the_caller() -> None:
    assert address("10.0.0.1") == "10.0.0.1"
    assert address("10.0.0.1", "", "unknown") == "10.0.0.1"


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["198.51.100.9"], "198.51.100.9"),
        (["1.1.1.1, 198.51.100.9"], "198.51.100.9"),
        (["1.1.1.1, 198.51.100.9, 10.0.0.2"], "198.51.100.9"),
        (["1.1.1.1", "198.51.100.9, 10.0.0.2", "10.0.0.3"], "198.51.100.9"),
        (["10.9.9.9, 10.0.0.2"], "10.9.9.9"),
        (["198.51.100.9, unknown, _hidden, , 10.0.0.2"], "198.51.100.9"),
        (["198.51.100.9:4711"], "198.51.100.9"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["198.51.100.9, fd00::5"], "198.51.100.9"),
        (["::ffff:198.51.100.9"], "198.51.100.9"),
        (["évil, 198.51.100.9"], "198.51.100.9"),
    ],
)
def test_the_header_is_walked_from_the_right_past_trusted_addresses(values: list[str], wanted: str) -> None:
    assert address("10.0.0.1", *values) == wanted
    assert address("::ffff:10.0.0.1", *values) == wanted


def test_not_recursive_believes_only_the_last_hop() -> None:
    assert address("10.0.0.1", "198.51.100.9, 10.0.0.2", recursive=False) == "10.0.0.2"
    assert address("10.0.0.1", "198.51.100.9, nonsense", recursive=False) == "198.51.100.9"


def test_another_header_can_be_the_one() -> None:
    assert address("10.0.0.1", "198.51.100.9", header="X-Real-IP") == "198.51.100.9"
    assert address("10.0.0.1", 'for="[2001:db8::1]:80";proto=https, For=10.0.0.2', header="Forwarded") == "2001:db8::1"
    assert address("10.0.0.1", "proto=https;by=10.0.0.2", header="Forwarded") == "10.0.0.1"
