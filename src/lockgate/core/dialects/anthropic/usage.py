"""
Usage in Anthropic's words, where the input classes are disjoint already: ``input_tokens`` holds neither what was read
from the cache nor what was written to it.
"""

import msgspec

from lockgate.core.wire.counts import count
from lockgate.model.usage import Usage


def read_usage(said: object) -> Usage | None:
    """A ``usage`` object; None when it counts nothing."""
    if not isinstance(said, dict):
        return None
    written, read = count(said.get("cache_creation_input_tokens")), count(said.get("cache_read_input_tokens"))
    taken, made = count(said.get("input_tokens")), count(said.get("output_tokens"))
    creation = said.get("cache_creation")
    details = creation if isinstance(creation, dict) else {}
    five, hour = count(details.get("ephemeral_5m_input_tokens")) or 0, count(details.get("ephemeral_1h_input_tokens")) or 0
    if written is None and read is None and taken is None and made is None and not (five or hour):
        return None
    thought = said.get("output_tokens_details")
    thinking = count(thought.get("thinking_tokens")) or 0 if isinstance(thought, dict) else 0
    # What the details do not explain has the default lifetime, which is five minutes.
    return Usage(
        input=taken or 0,
        cached=read or 0,
        cache_write_5m=max(five, (written or 0) - hour),
        cache_write_1h=hour,
        output=made or 0,
        reasoning=min(thinking, made or 0),
    )


def read_first_usage(said: object) -> Usage | None:
    """
    The ``usage`` of message_start. Its output is the few tokens made so far, which the message_delta at the end replaces: were it
    kept, a stream that is cut would count as those few. Left at zero, it is estimated from what came.
    """
    usage = read_usage(said)
    return usage if usage is None else msgspec.structs.replace(usage, output=0, reasoning=0)


def most(one: Usage | None, other: Usage) -> Usage:
    """Field by field the larger count: some report the input only at the end (the reference's section 1.8)."""
    if one is None or one == other:
        return other
    return Usage(*map(max, msgspec.structs.astuple(one), msgspec.structs.astuple(other)))


def write_usage(usage: Usage) -> dict[str, object]:
    """The inverse of ``read_usage``. Details appear only when there is something to tell."""
    said: dict[str, object] = {"input_tokens": usage.input + usage.audio_input}
    if usage.cache_write_5m or usage.cache_write_1h:
        said["cache_creation_input_tokens"] = usage.cache_write_5m + usage.cache_write_1h
        said["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
    if usage.cached:
        said["cache_read_input_tokens"] = usage.cached
    said["output_tokens"] = usage.output
    if usage.reasoning:
        said["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return said
