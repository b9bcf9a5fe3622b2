"""
Token counts as upstreams write them, in the OpenAI family's many spellings and anybody's loose types.

``Counts`` keeps the family's own classes (the prompt includes what was cached), because frames are joined by the
maximum of each counter and only the sum may be split into the disjoint classes of model/usage.py.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from lockgate.model.usage import Usage

_MOST = 1 << 50
"""No answer has more tokens; a larger number is a defect of the upstream and would not fit a record."""


class Counts(msgspec.Struct, frozen=True):
    prompt: int = 0
    completion: int = 0
    total: int = 0
    cached: int = 0
    cache_write: int = 0
    audio_input: int = 0
    reasoning: int = 0
    audio_output: int = 0


def count(value: object) -> int | None:
    """A token count, however it is typed; None for what is no count."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        value = int(value)
    if isinstance(value, (int, float)) and 0 <= value <= _MOST:
        return int(value)
    return None


_Whole = Annotated[int, Meta(ge=0, le=_MOST)]


class Details(msgspec.Struct, gc=False):
    """Of a prompt or of a completion."""

    cached_tokens: _Whole | None = None
    cache_write_tokens: _Whole | None = None
    cache_creation_tokens: _Whole | None = None
    reasoning_tokens: _Whole | None = None
    audio_tokens: _Whole | None = None


_NO_DETAILS = Details()


class Said(msgspec.Struct, gc=False):
    """A ``usage`` object of chat, completions, embeddings or Responses as it is usually written: decoding to it is the fast way."""

    prompt_tokens: _Whole | None = None
    completion_tokens: _Whole | None = None
    input_tokens: _Whole | None = None
    output_tokens: _Whole | None = None
    total_tokens: _Whole | None = None
    prompt_tokens_details: Details | None = None
    input_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None
    output_tokens_details: Details | None = None
    prompt_cache_hit_tokens: _Whole | None = None
    prompt_cache_miss_tokens: _Whole | None = None
    cached_tokens: _Whole | None = None
    reasoning_tokens: _Whole | None = None


def read_loosely(usage: object) -> Said | None:
    """A ``usage`` value that does not decode: what of it can be used; None when it is no object."""
    if not isinstance(usage, dict):
        return None
    said = Said()
    for name in Said.__struct_fields__:
        value = usage.get(name)
        if isinstance(value, dict):
            if name.endswith("details"):
                setattr(said, name, Details(*(count(value.get(detail)) for detail in Details.__struct_fields__)))
        elif not name.endswith("details"):
            setattr(said, name, count(value))
    return said


def counts_of(said: Said | None) -> Counts | None:
    """None when it counts nothing."""
    if said is None:
        return None
    prompt, completion, total = said.prompt_tokens, said.completion_tokens, said.total_tokens
    if prompt is None:
        prompt = said.input_tokens
    if completion is None:
        completion = said.output_tokens
    if prompt is None and said.prompt_cache_miss_tokens is not None:
        prompt = said.prompt_cache_miss_tokens + (said.prompt_cache_hit_tokens or 0)
    if prompt is None and completion is None and total is None:
        return None
    inputs = said.prompt_tokens_details or said.input_tokens_details or _NO_DETAILS
    outputs = said.completion_tokens_details or said.output_tokens_details or _NO_DETAILS
    return Counts(
        prompt or 0,
        completion or 0,
        total or 0,
        # DeepSeek and Moonshot count cached tokens beside the details.
        inputs.cached_tokens or said.prompt_cache_hit_tokens or said.cached_tokens or 0,
        inputs.cache_write_tokens or inputs.cache_creation_tokens or 0,
        inputs.audio_tokens or 0,
        outputs.reasoning_tokens or said.reasoning_tokens or 0,
        outputs.audio_tokens or 0,
    )


def most(one: Counts | None, other: Counts) -> Counts:
    """Field by field the larger count (the reference's section 1.8)."""
    if one is None or one == other:
        return other
    return Counts(*map(max, msgspec.structs.astuple(one), msgspec.structs.astuple(other)))


def to_usage(counts: Counts) -> Usage:
    """The disjoint classes. A detail larger than its whole is cut to it."""
    prompt, completion = counts.prompt, counts.completion
    if counts.total and not prompt and completion:
        prompt = max(0, counts.total - completion)
    elif counts.total and not completion and prompt:
        completion = max(0, counts.total - prompt)
    elif counts.total and not prompt:
        prompt = counts.total
    elif counts.reasoning and counts.total == prompt + completion + counts.reasoning:
        # Some of the family count reasoning beside the completion and only add it to the total.
        completion += counts.reasoning
    if not (counts.cached or counts.cache_write or counts.audio_input or counts.reasoning or counts.audio_output):
        return Usage(prompt, output=completion)
    cached = min(counts.cached, prompt)
    written = min(counts.cache_write, prompt - cached)
    audio = min(counts.audio_input, prompt - cached - written)
    reasoning, spoken = min(counts.reasoning, completion), min(counts.audio_output, completion)
    return Usage(prompt - cached - written - audio, cached, written, 0, audio, completion, reasoning, spoken)
