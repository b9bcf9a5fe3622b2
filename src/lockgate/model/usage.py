"""
Usage: what one attempt consumed, in tokens, by price class. Never a price.

The input classes are disjoint (a token is counted in exactly one of them); ``reasoning`` and ``audio_output``
are parts of ``output``. Dialects translate to and from their own habits (OpenAI's prompt_tokens includes cached
tokens, Anthropic's input_tokens does not).
"""

import msgspec


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counts are tokens, never negative."""

    input: int = 0
    cached: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    audio_input: int = 0
    output: int = 0
    reasoning: int = 0
    audio_output: int = 0
    estimated: bool = False
    """At least one count was made here, because the provider reported none."""

    @property
    def prompt(self) -> int:
        """All input tokens, as OpenAI counts prompt_tokens."""
        return self.input + self.cached + self.cache_write_5m + self.cache_write_1h + self.audio_input

    @property
    def total(self) -> int:
        return self.prompt + self.output


NO_USAGE = Usage()
