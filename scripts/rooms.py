#!/usr/bin/env python3
"""
Check the shape of the source tree: what import-linter, ruff and mypy cannot see.

Size of modules, functions and rooms; a docstring on every door; names that name a thing; no ``global``; nothing impure in
``model`` and ``core``; a test beside every module of ``core``, ``model`` and ``runtime``. The limits make a second look
happen: an exception is one line in EXEMPT with its reason, and one that is no longer needed fails the check too.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE, MIRROR = Path("src/lockgate"), Path("tests/unit")
MODULE_LINES, FUNCTION_LINES, ROOM_MODULES = 400, 60, 12
NAMELESS = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "handler"})
PURE = frozenset({"model", "core"})
MIRRORED = frozenset({"model", "core", "runtime"})
IMPURE_CALLS = frozenset({"open", "print", "input", "breakpoint", "exec", "eval", "compile", "__import__"})
ASYNC_WORDS = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)

# (place under src/lockgate, rule): the reason.
EXEMPT: dict[tuple[str, str], str] = {}


class Complaint(NamedTuple):
    place: str
    rule: str
    text: str


def complaints_about(path: Path, root: Path) -> Iterator[Complaint]:
    """Everything there is to say about one module."""
    inside = path.relative_to(root / SOURCE)
    room = inside.parts[0]
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, filename=str(path))

    def complaint(rule: str, sentence: str, line: int = 1) -> Complaint:
        return Complaint(inside.as_posix(), rule, f"{path.relative_to(root)}:{line}: {sentence}")

    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield complaint("size", f"the module has {lines} lines; at most {MODULE_LINES}")
    if not ast.get_docstring(tree):
        yield complaint("docstring", "no docstring says what the module is for")
    if path.stem in NAMELESS:
        yield complaint("name", f"'{path.stem}' names no thing")
    if room in MIRRORED and path.name != "__init__.py":
        test = MIRROR / inside.parent / f"test_{path.name}"
        if not (root / test).exists():
            yield complaint("mirror", f"no test beside it: {test} is missing")
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield complaint("global", f"'global {', '.join(node.names)}'; state has an owner", node.lineno)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield complaint("function", f"{node.name} has {length} lines; at most {FUNCTION_LINES}", node.lineno)
        if room in PURE:
            impurity = impurity_of(node)
            if impurity:
                yield complaint("pure", f"{impurity} in a room that only decides", line_of(node))


def line_of(node: ast.AST) -> int:
    return int(getattr(node.target if isinstance(node, ast.comprehension) else node, "lineno", 1))


def impurity_of(node: ast.AST) -> str:
    if isinstance(node, ASYNC_WORDS) or (isinstance(node, ast.comprehension) and node.is_async):
        return "async"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
        return f"{node.func.id}()"
    return ""


def crowded_rooms(root: Path) -> Iterator[Complaint]:
    for room in sorted({path.parent for path in (root / SOURCE).rglob("*.py")}):
        modules = [path for path in room.glob("*.py") if path.name != "__init__.py"]
        if len(modules) > ROOM_MODULES:
            place = room.relative_to(root / SOURCE).as_posix()
            yield Complaint(place, "room", f"{SOURCE / place}: {len(modules)} modules; at most {ROOM_MODULES}, so split the room")


def orphaned_tests(root: Path) -> Iterator[Complaint]:
    """A mirror test whose module has gone or moved."""
    for test in sorted((root / MIRROR).rglob("test_*.py")):
        inside = test.relative_to(root / MIRROR)
        if inside.parts[0] in MIRRORED and not (root / SOURCE / inside.parent / test.name.removeprefix("test_")).exists():
            yield Complaint(inside.as_posix(), "orphan", f"{MIRROR / inside}: mirrors no module of {SOURCE / inside.parent}")


def failures(root: Path, exempt: dict[tuple[str, str], str]) -> list[str]:
    """What is wrong with a tree, less what is exempt; and what is exempt without need."""
    found = [complaint for path in sorted((root / SOURCE).rglob("*.py")) for complaint in complaints_about(path, root)]
    found += [*crowded_rooms(root), *orphaned_tests(root)]
    texts = [complaint.text for complaint in found if (complaint.place, complaint.rule) not in exempt]
    needed = {(complaint.place, complaint.rule) for complaint in found}
    return texts + [f"EXEMPT lists {key}, which is no longer needed: remove it" for key in exempt if key not in needed]


def main() -> int:
    found = failures(Path(), EXEMPT)
    print("\n".join(found) if found else "rooms: in order")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
