"""The meter: the provider's word where it gave one, else a count of our own that says that it is one (sections 4.3, 4.4)."""

from typing import Any

import pytest

from lockgate.core.dialects import anthropic, openai_chat
from lockgate.core.exchange.flow import flow_of
from lockgate.gateway.relay.meter import Meter
from lockgate.model.content import Content
from lockgate.model.dialect import Dialect, Seen, Stamp, StreamRelay
from lockgate.model.faults import Fault, fault
from lockgate.model.operations import Operation
from lockgate.model.usage import Usage
from lockgate.runtime.vocabulary import Vocabularies

BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"count these words for me"}]}'
ANSWER = b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"here are some words"},"finish_reason":"stop"}]}'
GONE = fault("caller_gone")
FAILED = fault("upstream_failed")


class Try:
    """An attempt, as far as it is metered."""

    upstream_model = "gpt-4o"
    sent = Content(BODY)

    def __init__(
        self, told: Seen | StreamRelay | None, *, operation: Operation = Operation.CHAT, dialect: Dialect = openai_chat.DIALECT
    ) -> None:
        self.told, self.operation, self.dialect = told, operation, dialect
        self.flow = None if told is None or isinstance(told, Seen) else told

    def answer(self) -> bytes:
        return ANSWER


def used(attempt: Any, failure: Fault | None = None) -> Usage | None:
    return Meter(Vocabularies(lambda sentence: None)).used(attempt, failure)


def flow(*frames: str) -> StreamRelay:
    made = flow_of(openai_chat.DIALECT, openai_chat.DIALECT, Stamp("m", "r", 0), restamps=True, drops_usage=True)
    for frame in frames:
        made.feed(f"data: {frame}\n\n".encode())
    return made


TEXT = '{"choices":[{"index":0,"delta":{"content":"here are some words"}}]}'
USAGE = '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}'
BEGUN = '{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}'


def test_what_the_provider_says_is_taken() -> None:
    assert used(Try(Seen(usage=Usage(input=3, output=2)))) == Usage(input=3, output=2)
    assert used(Try(flow(TEXT, USAGE))) == Usage(input=3, output=2)


def test_what_it_does_not_say_is_counted_and_flagged() -> None:
    whole = used(Try(Seen()))
    assert whole is not None
    assert whole.estimated
    assert (5 < whole.input < 20, 2 < whole.output < 8) == (True, True)
    assert used(Try(flow(TEXT))) == whole
    partly = used(Try(Seen(usage=Usage(input=3))))
    assert partly is not None
    assert (partly.input, partly.estimated) == (3, True)
    assert partly.output == whole.output


def test_an_attempt_that_told_nothing_used_nothing() -> None:
    assert used(Try(None)) is None
    assert used(Try(None), FAILED) is None
    assert used(Try(None), GONE) is None


def test_a_stream_that_failed_before_any_output_used_what_it_said_and_no_more() -> None:
    assert used(Try(flow(BEGUN)), FAILED) is None
    assert used(Try(flow(BEGUN, USAGE)), FAILED) == Usage(input=3, output=2)


@pytest.mark.parametrize("failure", [FAILED, GONE])
def test_a_stream_that_was_cut_used_what_it_produced(failure: Fault) -> None:
    found = used(Try(flow(BEGUN, TEXT)), failure)
    assert found is not None
    assert found.estimated
    assert min(found.input, found.output) > 0


def test_a_caller_who_leaves_before_any_output_pays_for_its_prompt() -> None:
    found = used(Try(flow(BEGUN)), GONE)
    assert found is not None
    assert (found.input > 0, found.output) == (True, 0)


def test_embeddings_have_no_output_and_counting_costs_nothing() -> None:
    found = used(Try(Seen(), operation=Operation.EMBEDDINGS))
    assert found is not None
    assert (found.input > 0, found.output, found.estimated) == (True, 0, True)
    assert used(Try(Seen(), operation=Operation.COUNT_TOKENS, dialect=anthropic.DIALECT)) is None
