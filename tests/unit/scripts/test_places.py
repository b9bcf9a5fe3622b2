"""The check that no file names a machine's or an index's place, on names put together here."""

import pytest
from scripts.places import mentions

INDEX = "py" + "pi.org"
HOME = "/ho" + "me/"


@pytest.mark.parametrize(
    "line",
    [
        f"see https://{INDEX}/simple",
        f"--index{'-'}url somewhere",
        f"--extra{'-'}index{'-'}url=somewhere",
        f"open('{HOME}me/file')",
        f"path: {HOME}me",
    ],
)
def test_a_place_is_found_and_its_line_told(line: str) -> None:
    assert [found.split(": names")[0] for found in mentions("file.md", f"first\n{line}\n")] == ["file.md:2"]


@pytest.mark.parametrize(
    "line", ["--no-emit-index" + "-url", f"docs{HOME}page", f"https://example.org{HOME}page", "~/lockgate", "homepage"]
)
def test_what_only_looks_like_a_place_is_let_be(line: str) -> None:
    assert list(mentions("file.md", line)) == []
