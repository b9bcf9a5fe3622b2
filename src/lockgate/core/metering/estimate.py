"""
Token counts made here, for what the provider did not report (the reference behaviour, section 4.4). Telemetry and token
limits use them; no answer ever carries one.

A counter (text -> tokens) is handed in: runtime/vocabulary.py has them. Counting is bounded, because it happens between
two events of a loop: a long text is counted in samples and scaled up.
"""

from collections.abc import Callable, Iterable, Sequence

from lockgate.core.metering.render import render_tools
from lockgate.model.chat import ChatRequest, Document, Image, Part, Reasoning, Text, ToolCall, ToolResult

Counter = Callable[[str], int]

CL100K, O200K = "cl100k_base", "o200k_base"

_FAMILIES = (
    ("gpt-4o", O200K),
    ("gpt-4.1", O200K),
    ("gpt-4.5", O200K),
    ("gpt-4", CL100K),
    ("gpt-3.5", CL100K),
    ("gpt-35", CL100K),
    ("text-embedding-", CL100K),
)
"""Beginnings of upstream model names, the longer first. Everything else, newer models and other vendors', is counted as o200k."""

_MESSAGE_TOKENS = 3
_NAME_TOKENS = 1
_PRIMING_TOKENS = 3

_EXACT_CHARACTERS = 32 * 1024
_SAMPLES = 8
_SAMPLE_CHARACTERS = _EXACT_CHARACTERS // _SAMPLES

_BYTES_PER_TOKEN = 4
_IMAGE_TOKENS = {"low": 85}
_IMAGE_TOKENS_ELSE = 765
"""A square of 1024 pixels at high detail. The true size is not known here."""
_DOCUMENT_TOKENS = 1500
"""About a page. Its length is not known here."""


def encoding_of(model: str) -> str:
    """The encoding of an upstream's model, by its family; a vendor's prefix and a fine-tune's are passed over."""
    name = model.rsplit("/", 1)[-1].lower().removeprefix("ft:")
    for beginning, encoding in _FAMILIES:
        if name.startswith(beginning):
            return encoding
    return O200K


def tokens_in(byte_count: int) -> int:
    """Tokens of text of which only the length is known: a quarter of its bytes, rounded up."""
    return -(-byte_count // _BYTES_PER_TOKEN)


def approximate(text: str) -> int:
    """A counter that needs no vocabulary."""
    return tokens_in(len(text.encode("utf-8", "replace")))


def count(text: str, counter: Counter) -> int:
    """Tokens of a text: exact up to 32 Ki characters, beyond that by eight samples spread over it."""
    length = len(text)
    if length <= _EXACT_CHARACTERS:
        return counter(text) if text else 0
    starts = ((length - _SAMPLE_CHARACTERS) * sample // (_SAMPLES - 1) for sample in range(_SAMPLES))
    sampled = sum(counter(text[start : start + _SAMPLE_CHARACTERS]) for start in starts)
    return -(-sampled * length // _EXACT_CHARACTERS)


def text_tokens(texts: Sequence[str], counter: Counter) -> int:
    """Tokens of several texts, with one bound for all of them."""
    if sum(map(len, texts)) > _EXACT_CHARACTERS:
        return count("".join(texts), counter)
    return sum(counter(text) for text in texts if text)


def prompt_tokens(request: ChatRequest, counter: Counter) -> int:
    """Input tokens of a chat request."""
    texts = [text for message in request.messages for text in _texts(message.parts)]
    texts += (message.name for message in request.messages if message.name)
    texts += (message.role for message in request.messages)
    if request.tools:
        texts.append(render_tools(request.tools))
    fixed = _PRIMING_TOKENS
    for message in request.messages:
        fixed += _MESSAGE_TOKENS + (_NAME_TOKENS if message.name else 0) + _attached_tokens(message.parts)
    return fixed + text_tokens(texts, counter)


def output_tokens(parts: Sequence[Part], counter: Counter) -> int:
    """Output tokens of a whole answer."""
    return text_tokens(list(_texts(parts)), counter)


def _texts(parts: Iterable[Part]) -> Iterable[str]:
    for part in parts:
        if isinstance(part, Text | Reasoning | Document):
            yield part.text
        elif isinstance(part, ToolCall):
            yield part.name
            yield part.arguments
        elif isinstance(part, ToolResult):
            yield from _texts(part.parts)


def _attached_tokens(parts: Iterable[Part]) -> int:
    tokens = 0
    for part in parts:
        if isinstance(part, Image):
            tokens += _IMAGE_TOKENS.get(part.detail, _IMAGE_TOKENS_ELSE)
        elif isinstance(part, Document) and not part.text:
            tokens += _DOCUMENT_TOKENS
        elif isinstance(part, ToolResult):
            tokens += _attached_tokens(part.parts)
    return tokens
