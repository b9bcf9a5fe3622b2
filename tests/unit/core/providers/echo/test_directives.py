"""Directives: leading lines that are known, and what stays text."""

import pytest

from lockgate.core.providers.echo.directives import MEANING, USAGE, Directives, Refused, ToolUse, read


def told(text: str) -> Directives:
    found = read(text)
    assert not isinstance(found, Refused)
    return found[0]


def test_reading_stops_at_the_first_line_that_is_no_directive() -> None:
    assert read("/delay 5\n/slow 6\nhello\n/fail 500") == (Directives(delay_ms=5, slow_ms=6), "hello\n/fail 500")
    assert read("/etc/passwd\n/fail 500") == (Directives(), "/etc/passwd\n/fail 500")
    assert read(" /fail 500") == (Directives(), " /fail 500")
    assert read("") == (Directives(), "")
    assert read("/fail 500") == (Directives(fail_status=500), "")
    assert read("/delay 5\r\n\nhello") == (Directives(delay_ms=5), "\nhello")


def test_a_tool_takes_a_name_and_any_text_as_arguments() -> None:
    assert told("/tool a\n/tool b not json\n/tool c  { } ").tools == (ToolUse("a", "{}"), ToolUse("b", "not json"), ToolUse("c", "{ }"))


@pytest.mark.parametrize(
    "line",
    [
        "/fail", "/fail 200", "/fail x", "/fail 600", "/fail 500 x", "/fail 500 code=", "/fail ५००", "/delay", "/delay -1", "/delay 1.5", "/delay 3600001",
        "/slow", "/stall x", "/cut -1", "/error-in-stream x", "/garbage x", "/html 99", "/redirect 404", "/tool", "/usage", "/usage some", "/usage 1",
        "/usage 1 2 3", "/usage -1 5", "/reasoning", "/repeat", "/repeat 0", "/huge 0", "/huge 99999999", "/finish", "/finish a b", "/no-done now",
        "/split", "/split 0", "/fail " + "9" * 5000,
    ],
)  # fmt: skip
def test_arguments_that_make_no_sense_are_refused_by_a_sentence(line: str) -> None:
    found = read(line + "\nhi")
    assert isinstance(found, Refused)
    name = line[1:].split(" ")[0]
    assert found.reason == f"echo: the directive reads {USAGE[name]}"


@pytest.mark.parametrize("name", list(USAGE))
def test_every_directive_is_documented_by_its_own_name(name: str) -> None:
    assert USAGE[name].startswith(f"/{name}")
    assert name in MEANING
    assert isinstance(read(f"/{name} \0"), Refused) or name in ("tool", "reasoning", "finish")


def test_directives_show_nothing_of_what_was_said() -> None:
    found = told("/reasoning secret\n/tool secret secret")
    assert "secret" not in f"{found!r} {found.tools!r}"
