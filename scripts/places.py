#!/usr/bin/env python3
"""
Check that no file of the repository names a place that only some machine or network knows.

Two kinds of place are refused: the hosts of package indexes (a lock or document that names one breaks for everybody behind
a mirror, and leaks which one we use) and absolute paths of somebody's machine. Files that git ignores are not looked at.
The names looked for are put together from parts, so that this file does not contain them either.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

INDEX_HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("registry.npmjs", "org"),
    ("npmjs", "com"),
    ("yarnpkg", "com"),
    ("deb.debian", "org"),
    ("proxy.golang", "org"),
    ("crates", "io"),
)
INDEX_OPTIONS = ("index" + "-url", "find" + "-links", "trusted" + "-host")
MACHINE_FOLDERS = ("/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "/wo" + "rk/", "/tm" + "p/")

PLACES = re.compile(
    "|".join(
        [
            *(r"\b" + re.escape(".".join(parts)) + r"\b" for parts in INDEX_HOSTS),
            *(rf"--(?:extra-)?{re.escape(option)}\b" for option in INDEX_OPTIONS),
            # A path starts where a word does not go on: "/home/" in "docs/home/" is somebody's folder name, not a machine's.
            *(rf"(?<![\w.~/]){re.escape(folder)}\w" for folder in MACHINE_FOLDERS),
        ]
    )
)


def committed_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], check=True, capture_output=True, text=True
    )
    return [path for name in listed.stdout.split("\0") if name and (path := Path(name)).is_file()]


def mentions(place: str, text: str) -> Iterator[str]:
    """Complaints about one file's text."""
    for number, line in enumerate(text.splitlines(), start=1):
        match = PLACES.search(line)
        if match:
            yield f"{place}:{number}: names '{match.group()}', a place that only some machine or network knows"


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # not a text


def main() -> int:
    found = [mention for path in committed_files() for mention in mentions(path.as_posix(), text_of(path))]
    print("\n".join(found) if found else "places: none named")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
