"""The reference pages of settings and resources say what the types say."""

import pytest
from msgspec import inspect
from scripts import reference

from lockgate.model.resources.kinds import KINDS


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_pages_are_current(name: str) -> None:
    """Run ``PYTHONPATH=src python scripts/reference.py`` when this fails."""
    assert (reference.REFERENCE / name).read_text() == reference.PAGES[name]()


def test_every_kind_and_field_is_on_its_page() -> None:
    page = reference.resources_page()
    for kind, kind_type in KINDS.items():
        assert f"## `{kind}`" in page
        info = inspect.type_info(kind_type)
        for form in info.types if isinstance(info, inspect.UnionType) else (info,):
            assert isinstance(form, inspect.StructType)
            assert all(f"| `{field.encode_name}` |" in page for field in form.fields)
