"""Whole documents: what is said about them, and what comes out of them. Cases are files (tests/golden/resources)."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.publishing.document import parse
from lockgate.core.publishing.identity import derived_id
from lockgate.core.publishing.validate import line, validate
from lockgate.model.resources.kinds import KINDS
from lockgate.model.snapshot import Partial, Problem, Resources

CASES = Path(__file__).parents[3] / "golden/resources/documents"
ENV = {"KEY": "sk-upstream", "CALLER": "lg-caller", "PORT": "8080", "EMPTY": ""}
KEY = {"display_name": "upstream", "provider": "openai", "api_key": "sk-upstream"}
MODEL = {"display_name": "small", "provider": "openai", "model_name": "m", "provider_key": "upstream"}
CALLER = {"display_name": "search", "key_hash": sha256(b"lg-caller").hexdigest(), "allowed_models": ["*"]}


def document(**collections: Any) -> dict[str, Any]:
    return {"_format_version": "1", **collections}


def tolerant(**collections: Any) -> Resources:
    resources, problems = validate(document(**collections), ENV, tolerant=True)
    assert resources is not None
    assert resources.rejected == tuple(problems)
    return resources


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.yaml")))
def test_golden_documents(case: str) -> None:
    resources, problems = validate(parse((CASES / f"{case}.yaml").read_bytes()), ENV)
    said = "".join(f"{line(problem)}\n" for problem in problems)
    expected = CASES / f"{case}.txt"
    if os.environ.get("RECORD") and not expected.exists():
        expected.write_text(said)
    assert said == expected.read_text()
    assert (resources is None) == bool(problems)
    assert "sk-upstream" not in said
    assert "lg-caller" not in said
    assert "password" not in said


def test_references_become_ids_and_ids_are_stable() -> None:
    resources, _ = validate(document(provider_keys=[KEY], models=[MODEL], api_keys=[CALLER]), ENV)
    assert resources is not None
    assert resources.provider_keys[0].id == derived_id("provider_keys", "upstream")
    assert resources.models[0].provider_key_id == resources.provider_keys[0].id
    assert resources.models[0].id == derived_id("models", "small")
    assert resources.api_keys[0].key_hash == sha256(b"lg-caller").hexdigest()


def test_explicit_ids_are_kept_and_referred_to() -> None:
    resources, _ = validate(document(provider_keys=[{**KEY, "id": "k1"}], models=[{**MODEL, "id": "m1"}]), ENV)
    assert resources is not None
    assert (resources.provider_keys[0].id, resources.models[0].id, resources.models[0].provider_key_id) == ("k1", "m1", "k1")


def test_an_id_may_refer_to_nothing() -> None:
    row = {"display_name": "small", "provider": "openai", "model_name": "m", "provider_key_id": "elsewhere"}
    resources, problems = validate(document(models=[row]), ENV)
    assert problems == []
    assert resources is not None
    assert resources.models[0].provider_key_id == "elsewhere"


def test_the_caller_key_is_hashed_and_forgotten() -> None:
    resources, _ = validate(document(api_keys=[{"display_name": "a", "key_env": "CALLER", "allowed_models": []}]), ENV)
    assert resources is not None
    assert resources.api_keys[0].key_hash == sha256(b"lg-caller").hexdigest()
    assert "lg-caller" not in repr(resources)


def test_secrets_do_not_show_in_what_comes_out() -> None:
    row = {**KEY, "request": {"default_headers": {"x-token": "hush"}, "default_body_fields": {"a": "hush"}}}
    resources, _ = validate(document(provider_keys=[row]), ENV)
    assert resources is not None
    assert "sk-upstream" not in repr(resources)
    assert "hush" not in repr(resources)


def test_final_documents_are_not_interpolated() -> None:
    resources, problems = validate(document(provider_keys=[{**KEY, "api_key": "${NO_SUCH}"}]), None)
    assert problems == []
    assert resources is not None
    assert resources.provider_keys[0].api_key.reveal() == "${NO_SUCH}"


def test_a_tolerant_reading_drops_bad_rows_and_keeps_the_others() -> None:
    resources = tolerant(
        provider_keys=[KEY, {**KEY, "display_name": "bad", "api_base": "ftp://x"}], models=[MODEL], guardrails=[{"name": "g"}]
    )
    assert [key.display_name for key in resources.provider_keys] == ["upstream"]
    assert [model.display_name for model in resources.models] == ["small"]
    assert [(problem.kind, problem.entry, problem.field) for problem in resources.rejected] == [
        ("provider_keys", "bad", "api_base"),
        ("guardrails", "g", ""),
    ]
    assert resources.rejected[0].id == derived_id("provider_keys", "bad")


def test_a_tolerant_reading_counts_unknown_fields() -> None:
    row = {**KEY, "colour": "red", "request": {"later": 1}}
    resources = tolerant(
        provider_keys=[row, {**row, "display_name": "b"}],
        models=[{**MODEL, "allowed_cidrs": ["10.0.0.0/8"], "x": [{"y": 1}]}],
        later_kind=[1],
    )
    assert len(resources.provider_keys) == 2
    assert set(resources.partial) == {
        Partial("provider_keys", "colour", 2),
        Partial("provider_keys", "request.later", 2),
        Partial("models", "x", 1),
        Partial("later_kind", "", 1),
    }


def test_a_tolerant_reading_strips_fields_that_the_shape_never_reads() -> None:
    resources = tolerant(
        models=[{"display_name": "g", "routing": {"targets": [{"model": "a"}]}, "cost": {"input_per_1k": 1, "output_per_1k": 1}}]
    )
    assert Partial("models", "inapplicable:cost", 1) in resources.partial
    assert [problem.field for problem in resources.rejected] == ["routing"]


def test_a_tolerant_reading_lets_references_dangle() -> None:
    resources = tolerant(models=[MODEL])
    assert resources.models[0].provider_key_id == derived_id("provider_keys", "upstream")


def test_a_tolerant_reading_takes_a_key_without_name_when_it_has_an_id() -> None:
    resources = tolerant(api_keys=[{"id": "k", "key_hash": CALLER["key_hash"], "allowed_models": []}])
    assert [key.id for key in resources.api_keys] == ["k"]


def test_a_tolerant_reading_still_wants_the_format_version() -> None:
    resources, problems = validate({"models": []}, ENV, tolerant=True)
    assert resources is None
    assert [problem.field for problem in problems] == ["_format_version"]


def test_of_two_rows_with_one_name_the_first_is_kept_when_tolerant() -> None:
    resources = tolerant(provider_keys=[KEY, {**KEY, "api_key": "other"}])
    assert [key.api_key.reveal() for key in resources.provider_keys] == ["sk-upstream"]


def test_a_line_says_where_and_what() -> None:
    assert (
        line(Problem("models", "gpt-4o", "timeout", "must be a whole number", 2)) == 'models[2] "gpt-4o": timeout: must be a whole number'
    )
    assert line(Problem("", "", "_format_version", "is missing")) == "_format_version: is missing"
    assert line(Problem("guardrails", "", "", "are not supported yet")) == "guardrails: are not supported yet"


def _field_names(kind: object) -> set[str]:
    info = msgspec.inspect.type_info(kind)
    forms = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    return {field.name for form in forms if isinstance(form, msgspec.inspect.StructType) for field in form.fields}


FIELDS = sorted({"provider_key", "key_env", "secret", "kind", *(name for kind in KINDS.values() for name in _field_names(kind))})
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 700)
    | st.floats()
    | st.sampled_from(["", "a", "*", "${KEY}", "$${", "${", "openai", "env:KEY", "::1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=15,
)
DOCUMENTS = st.dictionaries(
    st.sampled_from([*KINDS, "other"]), ANYTHING | st.lists(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=8), max_size=3)
)


@given(DOCUMENTS, st.booleans(), st.booleans())
def test_any_document_gets_an_answer(collections: dict[str, Any], loose: bool, final: bool) -> None:
    resources, problems = validate({"_format_version": "1", **collections}, None if final else ENV, loose)
    assert (resources is None) == (bool(problems) and not loose)
    for problem in problems:
        assert problem.sentence
        assert "\n" not in line(problem) or "\n" in problem.entry
