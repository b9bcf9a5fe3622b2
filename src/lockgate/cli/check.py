"""
``lockgate check FILE``: everything that is wrong with a resources file, offline, in one report.

Reads the file with this machine's environment, as a gateway would, and dials nobody. Exit 0 and a summary, or 1 and one
line per problem. The wiring of the command is in ``main.py``.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from lockgate.core.publishing.document import DocumentError, parse
from lockgate.core.publishing.validate import FORMAT_FIELD, line, validate
from lockgate.model.snapshot import Problem, Resources
from lockgate.runtime.settings import Settings


def check(path: Path, environ: Mapping[str, str] | None = None) -> int:
    """Exit status. Problems go to standard error, the summary to standard output."""
    problems, resources = problems_of(path, os.environ if environ is None else environ)
    for problem in problems:
        print(problem, file=sys.stderr)
    if resources is None:
        count = len(problems)
        print(f"{path}: {count} problem{'' if count == 1 else 's'}.", file=sys.stderr)
        return 1
    print(f"{path}: {summary(resources)}.")
    return 0


def problems_of(path: Path, environ: Mapping[str, str]) -> tuple[list[str], Resources | None]:
    """What is wrong, a line each, and the resources when nothing is."""
    try:
        document = parse(path.read_bytes(), path.suffix)
    except OSError as error:
        return [line(Problem("", "", "", f"{path} cannot be read: {error.strerror}"))], None
    except DocumentError as error:
        return [str(error)], None
    if isinstance(document, dict) and FORMAT_FIELD not in document and document.keys() & set(Settings.__struct_fields__):
        return [f"This is a settings file, not a resources file. It is checked when it is used: lockgate gateway --config {path}"], None
    resources, problems = validate(document, environ)
    return [line(problem) for problem in problems], resources


def summary(resources: Resources) -> str:
    """Counts per kind, as in "1 provider key, 2 models, 1 caller key"."""
    counts = (("provider key", resources.provider_keys), ("model", resources.models), ("caller key", resources.api_keys))
    return ", ".join(f"{len(rows)} {noun}{'' if len(rows) == 1 else 's'}" for noun, rows in counts)
