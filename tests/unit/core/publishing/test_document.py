"""Bytes to plain values, and what is refused on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.core.publishing.document import MAX_BYTES, MAX_DEPTH, DocumentError, parse


def refusal(data: bytes | str, suffix: str = ".yaml") -> str:
    with pytest.raises(DocumentError) as caught:
        parse(data.encode() if isinstance(data, str) else data, suffix)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("", None),
        ("~", None),
        ("null", None),
        ("7", 7),
        ("-7", -7),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1.2.3.4", "1.2.3.4"),
        ("2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z"),
        ("2030-01-31", "2030-01-31"),
        ('"7"', "7"),
        ("'true'", "true"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("-", [None]),
        ("9" * 41, "9" * 41),
    ],
)
def test_scalars_are_read_by_the_core_schema(text: str, value: object) -> None:
    found = parse(f"a: {text}".encode() if text != "-" else b"a:\n  -")
    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


def test_an_empty_file_is_nothing() -> None:
    assert parse(b"") is None
    assert parse(b"# only a comment\n") is None


def test_anchors_and_merges_work() -> None:
    assert parse(b"base: &b {a: 1, c: 2}\nall: [*b, *b]\nmore:\n  <<: *b\n  a: 3\n") == {
        "base": {"a": 1, "c": 2},
        "all": [{"a": 1, "c": 2}, {"a": 1, "c": 2}],
        "more": {"a": 3, "c": 2},
    }
    assert parse(b"x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz:\n  <<: [*x, *y]\n") == {"x": {"a": 1}, "y": {"a": 2, "b": 2}, "z": {"a": 1, "b": 2}}
    assert parse(b'a: {"<<": text}') == {"a": {"<<": "text"}}


def test_a_merge_of_something_else_is_refused() -> None:
    assert "'<<'" in refusal("x: &x [1]\ny:\n  <<: *x\n")


def test_duplicate_keys_are_refused_in_every_format() -> None:
    assert (
        refusal("a: 1\nb: 2\na: 3\n")
        == "Line 3: a key appears twice in one map, first in line 1; what belongs to both stands under one key."
    )
    assert (
        refusal("a: {b: 1, b: 2}") == "Line 1: a key appears twice in one map, first in line 1; what belongs to both stands under one key."
    )
    assert "twice" in refusal('{"a": 1, "a": 2}', ".json")
    assert refusal("a = 1\na = 2\n", ".toml") == "The file is not TOML."


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "once its aliases are written out" in refusal("\n".join(lines))


def test_an_alias_to_itself_is_refused() -> None:
    assert "refers to itself" in refusal("a: &a [*a]")
    assert "YAML" in refusal("a: *nowhere") or "anchor" in refusal("a: *nowhere")


def test_deep_nesting_is_refused_in_every_format() -> None:
    assert "levels deep" in refusal("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    assert parse(("[" * MAX_DEPTH + "]" * MAX_DEPTH).encode()) is not None
    assert refusal("[" * 100_000)
    assert "levels deep" in refusal("[" * 100_000 + "]" * 100_000, ".json")
    assert "levels deep" in refusal("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), ".json")
    assert parse(("[" * MAX_DEPTH + "7" + "]" * MAX_DEPTH).encode(), ".json") is not None
    assert "levels deep" in refusal(f"a = {'[' * MAX_DEPTH}{']' * MAX_DEPTH}", ".toml")
    assert parse(f"a = {'[' * (MAX_DEPTH - 1)}{']' * (MAX_DEPTH - 1)}".encode(), ".toml") is not None


def test_aliases_count_as_deep_as_they_lead() -> None:
    half = MAX_DEPTH // 2
    deep, inside = "[" * half + "x" + "]" * half, "[" * (half - 1) + "*a" + "]" * (half - 1)
    assert parse(f"one: &a {deep}\ntwo: {inside}\n".encode()) is not None
    assert "levels deep once its aliases" in refusal(f"one: &a {deep}\ntwo: [{inside}]\n")


def test_tags_documents_and_odd_keys_are_refused() -> None:
    assert "tags" in refusal("a: !!python/object:os.system {}")
    assert "tags" in refusal("a: !secret x")
    assert "tags" in refusal("a: !!int '7'")
    assert parse(b"a: !!str 7") == {"a": "7"}
    assert "more than one document" in refusal("a: 1\n---\nb: 2\n")
    assert "a key must be text" in refusal("? [a]\n: b\n")
    assert "as an alias" in refusal("a: &a b\n? *a\n: c\n")


def test_keys_are_text_whatever_they_look_like() -> None:
    assert parse(b"1: a\ntrue: b\nnull: c\n") == {"1": "a", "true": "b", "null": "c"}


def test_messages_name_the_line_and_never_quote() -> None:
    assert refusal("a: 1\nb: [hush-secret\n").startswith("Line ")
    assert "hush" not in refusal("a: 1\nb: [hush-secret\n")
    assert "hush" not in refusal('a: "hush-secret')
    assert "hush" not in refusal("a = hush-secret", ".toml")
    assert "hush" not in refusal('{"a": hush-secret}', ".json")


def test_what_is_no_text_is_refused() -> None:
    assert refusal(b"\xff\xfe") == "The file is not UTF-8 text."
    assert "character" in refusal(b"a: \x00")
    assert parse(b"\xef\xbb\xbfa: 1") == {"a": 1}


def test_a_file_has_a_largest_size() -> None:
    assert "larger than" in refusal(bytes(MAX_BYTES + 1))


def test_json_and_toml_are_read_by_their_suffix() -> None:
    assert parse(b'{"a": [1, 2.5, null, true]}', ".json") == {"a": [1, 2.5, None, True]}
    assert parse(b"[a]\nb = 1\n", ".toml") == {"a": {"b": 1}}
    assert "NaN" in refusal('{"a": NaN}', ".json")
    assert "Line 1" in refusal("{", ".json")
    assert parse(b"[a]\nb = 1\n", ".TOML") == {"a": {"b": 1}}


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc<", min_size=1, max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_every_json_document_is_read_alike_as_yaml(value: object) -> None:
    import json

    text = json.dumps({"a": value}, ensure_ascii=False).encode()
    assert parse(text, ".json") == {"a": value}
    assert parse(text, ".yaml") == {"a": value}
