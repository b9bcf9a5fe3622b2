"""Structures that bodies are decoded to show nothing of what they hold."""

import importlib
import inspect
import pkgutil

import msgspec

from lockgate.core import dialects
from lockgate.core.wire.unshown import Unshown

MODULES = [
    importlib.import_module(found.name) for found in pkgutil.walk_packages(dialects.__path__, f"{dialects.__name__}.") if not found.ispkg
]
KINDS = [
    kind
    for module in MODULES
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
]


class Held(Unshown):
    text: str


def test_nothing_is_shown() -> None:
    assert repr(Held("secret")) == str(Held("secret")) == f"{Held('secret')}" == "<Held>"


def test_every_structure_of_the_dialects_is_unshown() -> None:
    assert len(KINDS) > 50
    assert [kind for kind in KINDS if not issubclass(kind, Unshown)] == []
