"""Sums over the price classes."""

from lockgate.model.usage import NO_USAGE, Usage


def test_prompt_is_all_input_classes_and_total_adds_the_output_once() -> None:
    usage = Usage(1, 2, 4, 8, 16, 32, reasoning=5, audio_output=3)
    assert usage.prompt == 31
    assert usage.total == 63


def test_no_usage_is_nothing() -> None:
    assert NO_USAGE.total == 0
    assert not NO_USAGE.estimated
