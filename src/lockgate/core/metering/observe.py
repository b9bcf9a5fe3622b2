"""
Usage of an attempt from what its provider said, piece by piece, and from estimates where it said nothing.

Providers repeat counts while a stream goes on, each time at least as large: the maximum per field is the last word,
whatever the order. An estimate never replaces a count of the provider.
"""

from lockgate.model.usage import Usage


def merge(before: Usage | None, said: Usage) -> Usage:
    """Both, field by field the larger one."""
    if before is None:
        return said
    return Usage(
        max(before.input, said.input),
        max(before.cached, said.cached),
        max(before.cache_write_5m, said.cache_write_5m),
        max(before.cache_write_1h, said.cache_write_1h),
        max(before.audio_input, said.audio_input),
        max(before.output, said.output),
        max(before.reasoning, said.reasoning),
        max(before.audio_output, said.audio_output),
        before.estimated or said.estimated,
    )


def needs_estimate(said: Usage | None) -> tuple[bool, bool]:
    """Whether (input, output) are to be estimated, so that nobody counts in vain."""
    return (True, True) if said is None else (said.prompt == 0, said.output == 0)


def fill(said: Usage | None, *, input_tokens: int, output_tokens: int) -> Usage:
    """
    The provider's counts, with the estimates where it left input or output at zero.

    An estimate of 0 fills nothing: pass it for what was not produced (a failed attempt, the output of embeddings).
    """
    if said is None:
        return Usage(input=input_tokens, output=output_tokens, estimated=input_tokens > 0 or output_tokens > 0)
    fills_input = said.prompt == 0 and input_tokens > 0
    fills_output = said.output == 0 and output_tokens > 0
    if not (fills_input or fills_output):
        return said
    return Usage(
        input_tokens if fills_input else said.input,
        said.cached,
        said.cache_write_5m,
        said.cache_write_1h,
        said.audio_input,
        output_tokens if fills_output else said.output,
        said.reasoning,
        said.audio_output,
        True,
    )
