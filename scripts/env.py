"""
Build or refresh a virtual environment from the hash-pinned locks: ``env.py VENV LIST...``.

Run by ``make`` through ``scripts/env.sh``, which has found a Python that is new enough. Needs the standard library alone.
Each list that is installed leaves a stamp with the hash of its lock, so that an environment which is up to date costs
one start of Python and no network. The checkout itself is linked in, so code changes need no new install.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINKED = {"runtime", "dev"}
SATISFIED_BY = {"runtime": ("dev",), "model": ("dev",)}
COMMAND = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from lockgate.cli.main import main

sys.exit(main())
"""


class Unusable(Exception):
    """The environment cannot be built; the text says what to do."""


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def lock_of(name: str) -> Path:
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    lock = ROOT / "requirements" / f"py{minor}" / f"{name}.txt"
    if not lock.exists():
        raise Unusable(f"There is no lock for Python {minor}: {lock.relative_to(ROOT)} is missing.")
    return lock


def seal(name: str) -> str:
    """What a stamp holds: everything that decides what the list installs."""
    digest = hashlib.sha256(lock_of(name).read_bytes())
    digest.update(f"{sys.version_info[:2]} {ROOT}".encode())
    if name in LINKED:
        digest.update(COMMAND.encode())
    return digest.hexdigest()


def is_installed(venv: Path, name: str) -> bool:
    for holder in (name, *SATISFIED_BY.get(name, ())):
        stamp = venv / "stamps" / holder
        if stamp.exists() and stamp.read_text() == seal(holder):
            return True
    return False


def run(*command: object) -> None:
    finished = subprocess.run([str(part) for part in command], cwd=ROOT, check=False)
    if finished.returncode:
        raise Unusable(
            "The environment could not be built; pip's own words are above.\n"
            "Lockgate needs a package index that pip can reach, once. 'make clean' removes a half-built environment."
        )


def create(venv: Path) -> None:
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        raise Unusable(
            f"{sys.executable} has no ensurepip, so it cannot make an environment. On Debian and Ubuntu: apt-get install python3-venv."
        ) from None
    if venv.exists():
        shutil.rmtree(venv)
    run(getattr(sys, "_base_executable", None) or sys.executable, "-m", "venv", venv)


def link(venv: Path) -> None:
    """
    Make the checkout importable and put its command into the environment.

    Two small files do what an editable install would, without a build backend among the run-time packages. The command is
    a shell line and a Python program at once, because a ``#!`` line can hold neither spaces nor long paths.
    """
    packages = venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (packages / "lockgate.pth").write_text(f"{ROOT / 'src'}\n")
    command = venv / "bin" / "lockgate"
    command.write_text(COMMAND.format(python=python_of(venv)))
    command.chmod(0o755)


def install(venv: Path, name: str) -> None:
    lock = lock_of(name)
    pip = [python_of(venv), "-m", "pip", "--disable-pip-version-check", "--no-input", "-q", "install", "--no-warn-script-location"]
    run(*pip, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", lock)
    if name in LINKED:
        link(venv)
    stamps = venv / "stamps"
    stamps.mkdir(exist_ok=True)
    (stamps / name).write_text(seal(name))


def is_usable(venv: Path) -> bool:
    """Made by this Python's minor version and still able to start."""
    inside = venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return inside.is_dir() and os.access(python_of(venv), os.X_OK)


def main(venv: Path, names: list[str]) -> int:
    started = time.monotonic()
    if is_usable(venv):
        missing = [name for name in names if not is_installed(venv, name)]
    else:
        create(venv)
        missing = names
    for name in missing:
        print(f"Installing {lock_of(name).relative_to(ROOT)} into {os.path.relpath(venv, ROOT)} ...", flush=True)
        install(venv, name)
    if missing:
        print(f"The environment is ready ({time.monotonic() - started:.0f} s).", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main((ROOT / sys.argv[1]).absolute(), sys.argv[2:]))
    except Unusable as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
