"""The plan: names to routes, in the order of the reference, with what each row says of time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.kit.house import resources

from lockgate.core.providers.target import Names
from lockgate.core.publishing.compile import compile as compile_snapshot
from lockgate.core.publishing.validate import validate
from lockgate.gateway.plan.endpoints import ENDPOINTS
from lockgate.gateway.plan.plan import NAMES_REMEMBERED, KeyRow, Plan, Route, Timed, Timing
from lockgate.gateway.plan.way import Way
from lockgate.model.faults import Fault, fault
from lockgate.model.resources.provider_key import ProviderKey
from lockgate.runtime.deadlines import Deadlines

CHAT = ENDPOINTS[b"/v1/chat/completions"]
URL = "http://127.0.0.1:9"


def plan_of(rows: dict[str, Any], timing: Timing | None = None, reveal: Callable[[ProviderKey], str | Fault] | None = None) -> Plan:
    found, problems = validate(rows, {}, False)
    assert found is not None, problems
    return Plan(compile_snapshot(found, 1), timing or Timing(0, 0, lambda _: None), Names(), reveal or (lambda key: key.api_key.reveal()))


def row(name: str, **more: Any) -> dict[str, Any]:
    return {"display_name": name, "provider": "openai", "model_name": "up", "provider_key": "openai"} | more


def models(*rows: dict[str, Any]) -> dict[str, Any]:
    return resources(URL, models=list(rows))


def route(plan: Plan, name: str, address: str = "127.0.0.1") -> Route | Fault:
    (key,) = plan.keys.values()
    assert isinstance(key, KeyRow)
    return key.route(plan, name, address)


def good(plan: Plan, name: str) -> Route:
    found = route(plan, name)
    assert isinstance(found, Route), found
    return found


def kind(found: Route | Fault) -> str:
    assert isinstance(found, Fault)
    return found.kind


def test_a_refused_name_is_told_in_the_callers_words() -> None:
    found = route(plan_of(models(row("a-*", model_name="internal/*"))), "a-..")
    assert isinstance(found, Fault)
    assert (found.kind, found.message) == ("model_not_found", "The model 'a-..' does not exist.")


def test_an_exact_name_beats_a_wildcard_and_the_longest_wildcard_the_others() -> None:
    plan = plan_of(models(row("a-b"), row("a-*", model_name="x-*"), row("a-b*", model_name="y")))
    assert good(plan, "a-b").labels.model == "a-b"
    assert (good(plan, "a-c").labels.model, good(plan, "a-c").upstream_model, good(plan, "a-c").requested) == ("a-*", "x-c", "a-c")
    assert (good(plan, "a-bc").labels.model, good(plan, "a-bc").upstream_model) == ("a-b*", "y")
    assert kind(route(plan, "b")) == "model_not_found"


def test_a_wildcard_remembers_a_bounded_number_of_names() -> None:
    plan = plan_of(models(row("*", model_name="*")))
    first = good(plan, "name-0")
    assert good(plan, "name-0") is first
    for number in range(NAMES_REMEMBERED + 1):
        good(plan, f"name-{number}")
    assert len(plan._remembered) <= NAMES_REMEMBERED
    assert good(plan, "name-0") is not first


def test_a_row_that_cannot_be_dialled_keeps_nobody_else_and_is_told_only_to_those_who_may_use_it() -> None:
    lost = "00000000-0000-0000-0000-000000000000"
    broken = {"display_name": "broken", "provider": "openai", "model_name": "m", "provider_key_id": lost}
    rows = models(
        row("fine"), broken, {**broken, "display_name": "far", "allowed_cidrs": ["203.0.113.0/24"]}, {**broken, "display_name": "w-*"}
    )
    plan = plan_of(rows)
    assert isinstance(route(plan, "fine"), Route)
    assert [kind(route(plan, name)) for name in ("broken", "far", "w-1")] == [
        "upstream_misconfigured",
        "ip_restricted",
        "upstream_misconfigured",
    ]
    rows["api_keys"][0]["allowed_models"] = ["fine"]
    plan = plan_of(rows)
    assert [kind(route(plan, name)) for name in ("broken", "far", "w-1", "no")] == ["model_forbidden"] * 3 + ["model_not_found"]


def test_a_name_is_known_by_its_row() -> None:
    plan = plan_of(models(row("a"), row("b-*", provider_key="openai")))
    assert [plan.known(name) for name in ("a", "b-1", "c")] == ["a", "b-*", ""]


def test_a_credential_is_revealed_once_per_key_and_its_absence_is_a_fault_of_its_rows() -> None:
    asked: list[str] = []

    def reveal(key: ProviderKey) -> str | Fault:
        asked.append(key.display_name)
        return fault("upstream_credential", reason="gone")

    plan = plan_of(models(row("a"), row("b")), reveal=reveal)
    assert asked == ["openai"]
    assert kind(route(plan, "a")) == "upstream_credential"


@pytest.mark.parametrize(
    ("said", "timing", "total_ms", "gap_ms"),
    [
        ({}, (6000, 0), 6000, 6000),
        ({}, (6000, 700), 6000, 700),
        ({}, (0, 0), None, None),
        ({"timeout": 50}, (6000, 700), 50, 50),
        ({"timeout": 0}, (6000, 700), None, None),
        ({"stream_timeout": 80}, (6000, 0), 6000, 80),
        ({"stream_timeout": 80, "timeout": 50}, (6000, 0), 50, 80),
        ({"stream_timeout": 0}, (6000, 700), 6000, 700),
        ({"stream_timeout": 0, "timeout": 50}, (6000, 700), 50, 50),
        ({"stream_timeout": 0, "timeout": 0}, (6000, 700), None, None),
    ],
)
def test_the_first_level_that_says_a_time_wins(
    said: dict[str, int], timing: tuple[int, int], total_ms: int | None, gap_ms: int | None
) -> None:
    """Section 3.5: a stream_timeout of 0 defers to the next level, a timeout of 0 opts out."""

    async def main() -> None:
        made: dict[int, Deadlines[Timed]] = {}

        def deadlines(ms: int) -> Deadlines[Timed] | None:
            return made.setdefault(ms, Deadlines(asyncio.get_running_loop(), ms / 1000, lambda timed: None)) if ms else None

        found = good(plan_of(models(row("a", **said)), Timing(*timing, deadlines)), "a")
        assert (found.total, found.gap) == (made.get(total_ms or -1), made.get(gap_ms or -1))

    asyncio.run(main())


def test_a_way_is_made_once_per_endpoint() -> None:
    found = good(plan_of(models(row("a"))), "a")
    way = found.way(CHAT)
    assert isinstance(way, Way)
    assert found.way(CHAT) is way
    assert found.way(ENDPOINTS[b"/v1/chat/completions/"]) is way


def test_tags_are_those_that_are_set() -> None:
    rows = resources(URL, key={"telemetry_tags": {"kind": "byo", "featured": True, "pk_label": "x"}})
    assert good(plan_of(rows), "gpt").tags == {"kind": "byo", "pk_label": "x", "featured": "true"}
