"""Data URLs in and out."""

import pytest

from lockgate.core.wire.data_url import join_data_url, split_data_url


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("data:image/png;base64,AAAA", ("image/png", "AAAA")),
        ("data:text/plain;charset=utf-8;base64,AAAA", ("text/plain", "AAAA")),
        ("data:image/png;BASE64,AAAA", ("image/png", "AAAA")),
        ("data:image/png,AAAA", None),
        ("data:;base64,AAAA", None),
        ("data:image/png;base64", None),
    ],
)
def test_only_base64_with_a_media_type_is_split(url: str, parts: tuple[str, str] | None) -> None:
    assert split_data_url(url) == parts


def test_what_was_joined_is_split_again() -> None:
    assert split_data_url(join_data_url("image/png", "AAAA")) == ("image/png", "AAAA")
