"""
Make the hash-pinned locks of ``requirements/``, or check that they are those of the lists (``--check``).

``requirements/*.in`` say what is wanted; ``requirements/py3.*/`` say exactly what is installed: one file per list and
Python version, every line with the hashes of the published files, wheels only, and no address of any package index.
``dev`` is resolved first and holds everything; ``runtime`` and ``model`` are cut from it, so one environment can hold all.
Making them needs ``uv`` and an index; checking needs neither.
"""

import hashlib
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTS = ROOT / "requirements"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Wheels must exist for both; the resolutions must be one and the same.
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")
SOURCES = {"dev": ("runtime", "model", "dev"), "runtime": ("runtime",), "model": ("model",), "sdk": ("sdk",)}
BOUND_BY_DEV = {"runtime", "model"}


def source_seal(name: str) -> str:
    """The hash of what a lock was made from."""
    digest = hashlib.sha256()
    for source in SOURCES[name]:
        digest.update((LISTS / f"{source}.in").read_bytes())
    return digest.hexdigest()[:16]


def head(name: str) -> str:
    sources = " ".join(f"{source}.in" for source in SOURCES[name])
    return f"# Made by `make locks` from {sources} ({source_seal(name)}). Do not edit.\n"


def compiled(name: str, python: str, platform: str) -> str:
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--generate-hashes", "--only-binary", ":all:"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--python-version", python, "--python-platform", platform]
    if name in BOUND_BY_DEV:
        command += ["--constraints", str(LISTS / f"py{python}" / "dev.txt")]
    command += ["--no-annotate", *(str(LISTS / f"{source}.in") for source in SOURCES[name])]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    return finished.stdout


def make_for(python: str) -> list[str]:
    """Make one Python's locks; what is wrong with the lists, if anything."""
    folder = LISTS / f"py{python}"
    folder.mkdir(exist_ok=True)
    for name in SOURCES:
        texts = {compiled(name, python, platform) for platform in PLATFORMS}
        if len(texts) != 1:
            return [f"{name} resolves differently on {' and '.join(PLATFORMS)} for Python {python}; the lists must hold for both."]
        (folder / f"{name}.txt").write_text(head(name) + texts.pop())
    return []


def make() -> int:
    with ThreadPoolExecutor() as pool:
        found = [problem for problems_found in pool.map(make_for, PYTHONS) for problem in problems_found]
    print("\n".join(found) if found else "locks: made")
    return bool(found)


def problems() -> list[str]:
    found: list[str] = []
    declared = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    listed = {line.strip() for line in (LISTS / "runtime.in").read_text().splitlines() if line.strip() and not line.startswith("#")}
    for missing in sorted(declared - listed):
        found.append(f"pyproject.toml depends on {missing}, which requirements/runtime.in does not list.")
    for python in PYTHONS:
        for name in SOURCES:
            lock = LISTS / f"py{python}" / f"{name}.txt"
            if not lock.exists():
                found.append(f"{lock.relative_to(ROOT)} is missing: run 'make locks'.")
            else:
                found.extend(lock_problems(lock, name))
    return found


def lock_problems(lock: Path, name: str) -> list[str]:
    text, place = lock.read_text(), lock.relative_to(ROOT)
    found = []
    if not text.startswith(head(name)):
        found.append(f"{place} was made from other lists than those in requirements/: run 'make locks'.")
    entries = re.split(r"\n(?=\S)", text.split("\n", 1)[1].strip())
    for entry in entries:
        if "==" not in entry or "--hash=sha256:" not in entry:
            found.append(f"{place}: '{entry.splitlines()[0]}' is not pinned to a version and its hashes.")
    return found


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        return make()
    found = problems()
    print("\n".join(found) if found else "locks: made from the lists, pinned and hashed")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
