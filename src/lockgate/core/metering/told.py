"""
What an upstream says of its answer and a record or a log line keeps: an id, a model's name, why it finished.

These are an upstream's words, and one that puts a prompt there must not have it kept: ids are of the letters that ids are made of
and of their length, reasons are from a closed list.
"""

from functools import lru_cache

FINISH_WORDS = frozenset(
    {
        "",
        # OpenAI, and what compatible services add.
        "stop", "length", "tool_calls", "function_call", "content_filter", "error", "eos", "eos_token", "abort", "cancelled",
        "network_error", "insufficient_system_resource", "sensitive", "model_length",
        # Responses.
        "completed", "incomplete", "failed", "in_progress", "queued", "max_output_tokens",
        # Anthropic.
        "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded",
    }
)  # fmt: skip
OTHER = "other"

_ID_CHARACTERS = bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)) + b"._:/@+=~-"
_ID_LENGTH = 256


def finish_word(said: str) -> str:
    """Why it finished, if that is a known word."""
    return said if said in FINISH_WORDS else OTHER


@lru_cache(maxsize=1024)
def is_name(said: str) -> bool:
    """The same as ``is_id``, for names that come again and again."""
    return is_id(said)


def is_id(said: str) -> bool:
    """Whether this can be an id or the name of a model; nothing is one too."""
    return len(said) <= _ID_LENGTH and said.isascii() and not said.encode().translate(None, _ID_CHARACTERS)


def id_word(said: str) -> str:
    """An id, if it is one."""
    return said if is_id(said) else ""
