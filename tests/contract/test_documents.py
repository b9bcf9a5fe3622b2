"""What the documents promise exists: links, files and commands they name."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockgate.cli.check import check

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changes").glob("*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PLACE = re.compile(r"`((?:src|tests|docs|scripts|requirements|bench|changes)/[\w./-]+)`")
COMMAND = re.compile(r"(?:`|    |\$ )make ([a-z][a-z-]*)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def named(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        for found in pattern.findall(document.read_text()):
            yield document.relative_to(ROOT).as_posix(), found


@pytest.mark.parametrize(("document", "link"), sorted(set(named(LINK))))
def test_every_link_leads_somewhere(document: str, link: str) -> None:
    assert ((ROOT / document).parent / link).exists()


@pytest.mark.parametrize(("document", "place"), sorted(set(named(PLACE))))
def test_every_named_file_exists(document: str, place: str) -> None:
    assert (ROOT / place).exists()


@pytest.mark.parametrize(("document", "command"), sorted(set(named(COMMAND))))
def test_every_make_command_exists(document: str, command: str) -> None:
    assert command in TARGET.findall((ROOT / "Makefile").read_text())


def test_the_newcomers_documents_are_looked_at() -> None:
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/guide/getting-started.md"} <= {
        document.relative_to(ROOT).as_posix() for document in DOCUMENTS
    }


def test_the_resources_that_the_guide_shows_pass_the_check(tmp_path: Path) -> None:
    guide = (ROOT / "docs/guide/getting-started.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) == 2
    written = tmp_path / "resources.yaml"
    written.write_text('_format_version: "1"\n' + "".join(blocks).replace("<the 64 hexadecimal digits>", "0a" * 32))
    assert check(written, {"OPENAI_API_KEY": "for-this-test"}) == 0
