"""The structure check, on small trees that break one rule each."""

from pathlib import Path

import pytest
from scripts.rooms import FUNCTION_LINES, MODULE_LINES, ROOM_MODULES, failures

GOOD = '"""Says what it is for."""\n'


def tree(root: Path, **modules: str) -> Path:
    """A tree of modules by their path with ``__`` for ``/``; those of mirrored rooms get their tests."""
    for name, text in modules.items():
        path = Path(name.replace("__", "/") + ".py")
        for place, content in ((root / "src/lockgate" / path, text), (root / "tests/unit" / path.parent / f"test_{path.name}", "")):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
    return root


def test_a_tree_in_order_has_no_failures(tmp_path: Path) -> None:
    assert failures(tree(tmp_path, core__policy__access=GOOD, gateway__app=GOOD), {}) == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("core__long", GOOD + "\n" * MODULE_LINES, f"at most {MODULE_LINES}"),
        ("core__silent", "x = 1\n", "no docstring"),
        ("gateway__utils", GOOD, "'utils' names no thing"),
        ("gateway__state", GOOD + "x = 1\ndef f():\n    global x\n    x = 2\n", "global x"),
        ("gateway__deep", GOOD + "def f():\n" + "    pass\n" * FUNCTION_LINES, f"f has {FUNCTION_LINES + 1} lines"),
        ("core__late", GOOD + "async def f():\n    pass\n", "async in a room that only decides"),
        ("core__many", GOOD + "def f():\n    return [x async for x in ()]\n", "async"),
        ("model__loud", GOOD + "print('x')\n", "print()"),
        ("core__nosy", GOOD + "text = open('x')\n", "open()"),
    ],
)
def test_each_rule_is_told_with_its_place(tmp_path: Path, name: str, text: str, told: str) -> None:
    found = failures(tree(tmp_path, **{name: text}), {})
    assert len(found) == 1
    assert told in found[0]
    assert found[0].startswith("src/lockgate/" + name.replace("__", "/") + ".py:")


def test_a_shell_may_wait_and_speak(tmp_path: Path) -> None:
    assert failures(tree(tmp_path, cli__main=GOOD + "async def f():\n    print(open('x'))\n"), {}) == []


def test_a_decision_without_a_test_beside_it_is_told(tmp_path: Path) -> None:
    root = tree(tmp_path, core__policy__access=GOOD)
    (root / "tests/unit/core/policy/test_access.py").unlink()
    assert "tests/unit/core/policy/test_access.py is missing" in failures(root, {})[0]


def test_a_test_whose_module_is_gone_is_told(tmp_path: Path) -> None:
    root = tree(tmp_path, core__policy__access=GOOD, core__policy__gone=GOOD)
    (root / "src/lockgate/core/policy/gone.py").unlink()
    assert "mirrors no module" in failures(root, {})[0]


def test_a_crowded_room_is_told(tmp_path: Path) -> None:
    root = tree(tmp_path, **{f"gateway__m{number}": GOOD for number in range(ROOM_MODULES + 1)})
    assert failures(root, {}) == [f"src/lockgate/gateway: {ROOM_MODULES + 1} modules; at most {ROOM_MODULES}, so split the room"]


def test_an_exemption_holds_for_its_rule(tmp_path: Path) -> None:
    assert failures(tree(tmp_path, core__silent="x = 1\n"), {("core/silent.py", "docstring"): "for this test"}) == []


def test_an_exemption_that_is_not_needed_is_told(tmp_path: Path) -> None:
    assert "no longer needed" in failures(tree(tmp_path, core__good=GOOD), {("core/good.py", "size"): "was long once"})[0]
