"""The reference pages of metrics and errors say what the tables say."""

import pytest
from scripts.sight_reference import FOLDER, PAGES

from lockgate.gateway.sight.series import SERIES
from lockgate.model.faults import TABLE


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run scripts/sight_reference.py"


def test_every_metric_and_every_error_has_its_row() -> None:
    metrics, errors = (PAGES[name]() for name in ("metrics.md", "errors.md"))
    assert [one.name for one in SERIES if f"\n| `{one.name}` |" not in metrics] == []
    assert [kind for kind in TABLE if f"\n| `{kind}` |" not in errors] == []


def test_no_metric_is_listed_twice_or_without_a_sentence() -> None:
    names = [one.name for one in SERIES]
    assert len(names) == len({*names})
    assert [one.name for one in SERIES if not one.meaning.endswith(".") or "|" in one.meaning] == []
    assert [one.name for one in SERIES if one.kind == "counter" and not one.name.endswith("_total")] == []
