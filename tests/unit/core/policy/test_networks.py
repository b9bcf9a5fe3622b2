"""Networks: what is inside a list, and what of an address may be shown."""

import pytest

from lockgate.core.policy.networks import Networks, mask, normal


@pytest.mark.parametrize(
    ("cidrs", "address", "wanted"),
    [
        (["10.0.0.0/8"], "10.1.2.3", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["10.0.0.7/8"], "10.255.0.1", True),
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1"], "192.0.2.2", False),
        ([" 192.0.2.0/24 "], "192.0.2.9", True),
        (["0.0.0.0/0"], "203.0.113.1", True),
        (["0.0.0.0/0"], "::1", False),
        (["::/0"], "2001:db8::1", True),
        (["::/0"], "10.0.0.1", False),
        (["2001:db8::/32"], "2001:db8:1::1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
        (["::ffff:10.0.0.0/104"], "10.1.2.3", True),
        (["::ffff:10.0.0.0/104"], "11.1.2.3", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["10.0.0.0/8"], "", False),
        (["10.0.0.0/8"], "unknown", False),
        (["10.0.0.0/8"], "10.0.0.1:80", False),
        (["nonsense", "10.0.0.0/33", "10.0.0.0/8"], "10.0.0.1", True),
        (["nonsense"], "10.0.0.1", False),
        ([], "10.0.0.1", False),
    ],
)
def test_an_address_is_inside_what_contains_it(cidrs: list[str], address: str, wanted: bool) -> None:
    assert Networks(cidrs).contains(address) is wanted
    assert (address in Networks(cidrs)) is wanted


def test_a_list_of_nothing_usable_is_empty() -> None:
    assert not Networks([])
    assert not Networks(["nonsense"])
    assert Networks(["::1"])


@pytest.mark.parametrize(
    ("address", "wanted"),
    [("10.0.0.1", "10.0.0.1"), ("::FFFF:10.0.0.1", "10.0.0.1"), ("2001:DB8:0::1", "2001:db8::1"), ("fe80::1%2", "fe80::1"), ("", ""), ("x", ""), ("010.0.0.1", "")],
)  # fmt: skip
def test_an_address_has_one_spelling(address: str, wanted: str) -> None:
    assert normal(address) == wanted


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "2001:db8:aaaa::"),
        ("::1", "::"),
        ("2001:db8::1", "2001:db8::"),
        ("2001::1", "2001::"),
        ("0:0:5::1", "0:0:5::"),
        ("2001:0:10::1", "2001:0:10::"),
        ("", ""),
        ("unknown", ""),
        ("203.0.113.77:80", ""),
        ("1.2.3.4.5", ""),
        ("1.2.3.999", ""),
        ("secret.1.2.3", ""),
    ],
)
def test_logs_show_only_the_network_of_an_address(address: str, wanted: str) -> None:
    assert mask(address) == wanted
    assert mask(wanted) == wanted
