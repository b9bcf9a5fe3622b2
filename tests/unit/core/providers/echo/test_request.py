"""What the echo reads of a request."""

import msgspec
import pytest

from lockgate.core.providers.echo.directives import Refused
from lockgate.core.providers.echo.request import DEFAULT_TEXT, Asked, understand
from lockgate.model.operations import Operation


def chat(*messages: object, **more: object) -> Asked | Refused:
    return understand(Operation.CHAT, msgspec.json.encode({"messages": messages, **more}))


def test_the_last_user_text_is_what_counts() -> None:
    asked = chat(
        {"role": "system", "content": "a b"},
        {"role": "user", "content": "first"},
        {"role": "assistant"},
        {"role": "user", "content": "c d e"},
    )
    assert isinstance(asked, Asked)
    assert (asked.texts, asked.prompt_tokens) == (("c d e",), 6)


def test_without_a_user_there_is_a_standing_text() -> None:
    asked = chat({"role": "system", "content": "x"})
    assert isinstance(asked, Asked)
    assert asked.texts == (DEFAULT_TEXT,)


def test_results_of_tools_are_said_back_and_not_obeyed() -> None:
    asked = chat(
        {"role": "user", "content": "/tool f"},
        {"role": "tool", "content": [{"type": "text", "text": "/fail 500"}]},
        {"role": "tool", "content": "b"},
    )
    assert isinstance(asked, Asked)
    assert asked.texts == ("/fail 500\nb",)
    assert asked.directives.fail_status is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"messages":"secret"}', b'{"messages":[{"role":1}]}', b'{"messages":[{}]}', b"\xff", b"[" * 100_000]
)
def test_a_body_that_cannot_be_read_is_refused_without_its_words(body: bytes) -> None:
    for operation in (Operation.CHAT, Operation.COMPLETIONS, Operation.EMBEDDINGS):
        found = understand(operation, body)
        assert isinstance(found, Refused)
        assert "secret" not in found.reason


def test_numbers_of_tokens_are_words() -> None:
    asked = understand(Operation.EMBEDDINGS, b'{"input":[[1,2],[3]]}')
    assert isinstance(asked, Asked)
    assert asked.texts == ("1 2", "3")


def test_directives_of_embeddings_are_checked_too() -> None:
    assert understand(Operation.EMBEDDINGS, b'{"input":"/fail"}') == Refused(
        "echo: the directive reads /fail STATUS [retry-after=SECONDS] [code=WORD]"
    )


def test_work_without_bound_is_refused() -> None:
    body = msgspec.json.encode({"input": "x " * 3000, "dimensions": 8192})
    assert isinstance(understand(Operation.EMBEDDINGS, body), Refused)


def test_a_request_shows_nothing_of_what_was_said() -> None:
    assert "secret" not in repr(chat({"role": "user", "content": "secret"}))
