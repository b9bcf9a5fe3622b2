"""
Directives: leading lines of the last user text that tell the echo how to misbehave, such as ``/fail 503``.

Reading stops at the first line that is not a known directive; that line and the rest are what is said back. A known
directive with arguments that make no sense is refused with a sentence, never ignored.
"""

from collections.abc import Callable

import msgspec

MAX_MS = 3_600_000
MAX_TEXT_BYTES = 16 << 20
MAX_WORDS = 200_000
_MAX_LINES = 64


class ToolUse(msgspec.Struct, frozen=True):
    """One tool call to answer with; ``arguments`` is JSON text, or deliberately not."""

    name: str
    arguments: str

    def __repr__(self) -> str:
        return "ToolUse()"


class Directives(msgspec.Struct, frozen=True):
    """What the leading lines asked for. A count of words is None when the directive was not given."""

    fail_status: int | None = None
    retry_after: str = ""
    code: str = ""
    delay_ms: int = 0
    slow_ms: int = 0
    stall_after: int | None = None
    cut_after: int | None = None
    """-1: before the head."""
    error_after: int | None = None
    whole: str = ""
    """garbage, html, empty or redirect: the whole answer is that."""
    whole_status: int = 200
    tools: tuple[ToolUse, ...] = ()
    usage: tuple[int, int] | None = None
    """Token counts to report instead of the counted ones; (-1, -1) reports none."""
    reasoning: str = ""
    repeat: int = 1
    huge_kib: int = 0
    finish: str = ""
    done_marker: bool = True
    split_bytes: int = 0

    def __repr__(self) -> str:
        return "Directives()"


class Refused(msgspec.Struct, frozen=True):
    """A directive that makes no sense, and why."""

    reason: str


_Fields = dict[str, object]


def read(text: str) -> tuple[Directives, str] | Refused:
    """The directives of a text and what remains of it."""
    fields: _Fields = {}
    rest, lines = text, 0
    while rest.startswith("/"):
        line, newline, after = rest.partition("\n")
        name, _, arguments = line.strip()[1:].partition(" ")
        reader = _READERS.get(name)
        if reader is None:
            break
        lines += 1
        if lines > _MAX_LINES:
            return Refused(f"echo: there are more than {_MAX_LINES} directives")
        try:
            reader(fields, arguments.strip())
        except ValueError:
            return Refused(f"echo: the directive reads {USAGE[name]}")
        rest = after if newline else ""
    return msgspec.convert(fields, Directives), rest


def _number(text: str, low: int, high: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not low <= number <= high:
        raise ValueError
    return number


def _fail(fields: _Fields, arguments: str) -> None:
    status, *options = arguments.split() or [""]
    fields["fail_status"] = _number(status, 300, 599)
    for option in options:
        name, _, value = option.partition("=")
        if name not in ("retry-after", "code") or not value or not (value.isascii() and value.isprintable()):
            raise ValueError
        fields[name.replace("-", "_")] = value


def _milliseconds(field: str) -> Callable[[_Fields, str], None]:
    def read_it(fields: _Fields, arguments: str) -> None:
        fields[field] = _number(arguments, 0, MAX_MS)

    return read_it


def _words(field: str, without: int) -> Callable[[_Fields, str], None]:
    def read_it(fields: _Fields, arguments: str) -> None:
        fields[field] = _number(arguments, 0, MAX_WORDS) if arguments else without

    return read_it


def _whole(kind: str, status: int, low: int = 200, high: int = 599) -> Callable[[_Fields, str], None]:
    def read_it(fields: _Fields, arguments: str) -> None:
        fields["whole"] = kind
        fields["whole_status"] = _number(arguments, low, high) if arguments else status

    return read_it


def _tool(fields: _Fields, arguments: str) -> None:
    name, _, given = arguments.partition(" ")
    if not name:
        raise ValueError
    tools = fields.setdefault("tools", [])
    assert isinstance(tools, list)
    tools.append({"name": name, "arguments": given.strip() or "{}"})


def _usage(fields: _Fields, arguments: str) -> None:
    if arguments == "none":
        fields["usage"] = (-1, -1)
        return
    given, made = arguments.split()
    fields["usage"] = (_number(given, 0, 10**12), _number(made, 0, 10**12))


def _reasoning(fields: _Fields, arguments: str) -> None:
    if not arguments:
        raise ValueError
    fields["reasoning"] = arguments


def _bounded(field: str, high: int, without: str = "") -> Callable[[_Fields, str], None]:
    def read_it(fields: _Fields, arguments: str) -> None:
        fields[field] = _number(arguments or without, 1, high)

    return read_it


def _finish(fields: _Fields, arguments: str) -> None:
    if not arguments or len(arguments.split()) != 1:
        raise ValueError
    fields["finish"] = arguments


def _no_done(fields: _Fields, arguments: str) -> None:
    if arguments:
        raise ValueError
    fields["done_marker"] = False


_READERS: dict[str, Callable[[_Fields, str], None]] = {
    "fail": _fail,
    "delay": _milliseconds("delay_ms"),
    "slow": _milliseconds("slow_ms"),
    "stall": _words("stall_after", 0),
    "cut": _words("cut_after", -1),
    "error-in-stream": _words("error_after", 0),
    "garbage": _whole("garbage", 200),
    "html": _whole("html", 200),
    "empty": _whole("empty", 200),
    "redirect": _whole("redirect", 307, 300, 399),
    "tool": _tool,
    "usage": _usage,
    "reasoning": _reasoning,
    "repeat": _bounded("repeat", MAX_WORDS),
    "huge": _bounded("huge_kib", MAX_TEXT_BYTES >> 10, "1024"),
    "finish": _finish,
    "no-done": _no_done,
    "split": _bounded("split_bytes", 1 << 20),
}

USAGE: dict[str, str] = {
    "fail": "/fail STATUS [retry-after=SECONDS] [code=WORD]",
    "delay": "/delay MILLISECONDS",
    "slow": "/slow MILLISECONDS",
    "stall": "/stall [WORDS]",
    "cut": "/cut [WORDS]",
    "error-in-stream": "/error-in-stream [WORDS]",
    "garbage": "/garbage [STATUS]",
    "html": "/html [STATUS]",
    "empty": "/empty [STATUS]",
    "redirect": "/redirect [STATUS]",
    "tool": "/tool NAME [JSON]",
    "usage": "/usage none, or /usage INPUT OUTPUT",
    "reasoning": "/reasoning TEXT",
    "repeat": "/repeat TIMES",
    "huge": "/huge [KIBIBYTES]",
    "finish": "/finish WORD",
    "no-done": "/no-done",
    "split": "/split BYTES",
}

MEANING: dict[str, str] = {
    "fail": "Answers with an error of that status, 300 to 599, with a `Retry-After` header and an error code when given.",
    "delay": "Waits before the answer begins.",
    "slow": "Waits between two words of a stream; an answer that is not streamed waits for all of them at once.",
    "stall": "Goes silent after that many words (0 when left out: after the head) and stays so until the caller gives up.",
    "cut": "Loses the connection after that many words; without a number, before the answer begins.",
    "error-in-stream": "Sends an error object inside the 200 answer after that many words, and ends.",
    "garbage": "Answers with bytes that are no JSON.",
    "html": "Answers with a web page.",
    "empty": "Answers with an empty body.",
    "redirect": "Answers with a redirect, 307 when no status is given.",
    "tool": "Answers with a tool call, its arguments in fragments when streamed. Several lines make parallel calls.",
    "usage": "Reports no token counts, or these.",
    "reasoning": "Thinks aloud first, in `reasoning_content`.",
    "repeat": "Says the text that many times.",
    "huge": "Says one word of that size (1024 when left out), in one piece.",
    "finish": "Ends with that `finish_reason`.",
    "no-done": "Ends a stream without `[DONE]`.",
    "split": "Delivers the answer in pieces of that many bytes.",
}
