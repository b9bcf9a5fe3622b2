"""Base addresses: the table is tests/golden/providers/addresses.txt; here are only the loop and what a table cannot say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.providers import address
from lockgate.core.providers.address import Address, Refused
from lockgate.core.providers.catalog import Family, find
from lockgate.model.operations import DialectName, Operation

TABLE = Path(__file__).parents[3] / "golden/providers/addresses.txt"


def rows() -> list[tuple[str, str, str]]:
    found = []
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            family, base, wanted = line.split(" | ")
            found.append((family, base, wanted))
    return found


def read(family: str, base: str) -> Address | Refused:
    row = find(family)
    assert row is not None
    if row.family is Family.AZURE:
        return address.azure(base)
    if row.family is Family.ANTHROPIC:
        return address.anthropic(base)
    aside = row.paths.get((Operation.CHAT, DialectName.ANTHROPIC), "").removesuffix("/v1/messages")
    return address.openai(base, row.base, aside)


def shown(result: Address | Refused) -> str:
    if isinstance(result, Refused):
        return f"refused: {result.reason}"
    host = f"[{result.host}]" if ":" in result.host else result.host
    return f"{result.scheme}://{host}:{result.port} {result.path}" + (f" ?{result.query}" if result.query else "")


@pytest.mark.parametrize(("family", "base", "wanted"), rows())
def test_a_base_leads_where_the_table_says(family: str, base: str, wanted: str) -> None:
    assert shown(read(family, base)).strip() == wanted.strip()


def test_the_table_is_not_accidentally_empty() -> None:
    assert len(rows()) >= 60


@pytest.mark.parametrize(("family", "base", "wanted"), [row for row in rows() if row[2].startswith("refused")])
def test_a_refusal_never_repeats_the_base(family: str, base: str, wanted: str) -> None:
    result = read(family, base)
    assert isinstance(result, Refused)
    for secret in ("pass@", "user", "secret", "key=1", "gw"):
        assert not (secret in base and secret in result.reason.replace("user or password", ""))


@pytest.mark.parametrize(
    ("base", "authority"),
    [
        ("https://h.example", "h.example"),
        ("https://h.example:443", "h.example"),
        ("https://h.example:80", "h.example:80"),
        ("http://h.example:80", "h.example"),
        ("http://[::1]", "[::1]"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_the_host_header_names_only_an_unusual_port(base: str, authority: str) -> None:
    result = address.parse(base)
    assert isinstance(result, Address)
    assert result.authority == authority


def test_a_long_host_is_refused() -> None:
    assert isinstance(address.parse("https://" + "a" * 64 + ".example"), Refused)
    assert isinstance(address.parse("https://" + "a." * 126 + "ab"), Refused)


_URLS = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            [
                "http://",
                "https://",
                "h.example",
                "[::1]",
                "1.2.3.4",
                ":",
                "80",
                "/",
                "v1",
                "openai",
                "%41",
                "?",
                "#",
                "@",
                ".",
                "..",
                "ü",
                " ",
                "chat/completions",
                "messages",
                "api-version=1",
                "\r\n",
                "{}",
            ]
        ),
        max_size=8,
    ),
)


@given(st.one_of(st.text(max_size=40), _URLS, _URLS.map("https://h.example/".__add__)))
def test_whatever_is_written_is_an_address_or_refused(base: str) -> None:
    for read_it in (address.openai, address.anthropic, address.azure):
        result = read_it(base)
        if isinstance(result, Address):
            line = f"{result.authority}{result.path}{result.query}"
            assert line.isascii()
            assert not any(character in line for character in ' \r\n\t{}\\"<>')
            assert not result.path.endswith("/")
            again = read_it(
                f"{result.scheme}://{result.authority}{result.path or '/v1/messages'}" + (f"?{result.query}" if result.query else "")
            )
            assert isinstance(again, Address)
            assert (again.scheme, again.host, again.port) == (result.scheme, result.host, result.port)
