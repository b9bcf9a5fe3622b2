"""OpenAI's chat completions, legacy completions and embeddings, as most providers speak them."""

from dataclasses import replace

from lockgate.core.dialects.openai_chat.answer import read_answer, write_answer
from lockgate.core.dialects.openai_chat.ask_usage import ask_usage
from lockgate.core.dialects.openai_chat.fault import read_fault, write_fault, write_stream_fault
from lockgate.core.dialects.openai_chat.observe import observe
from lockgate.core.dialects.openai_chat.peek import peek_chat, peek_completions, peek_embeddings
from lockgate.core.dialects.openai_chat.read import read_request
from lockgate.core.dialects.openai_chat.reasoning import lift_reasoning, reasoning_path
from lockgate.core.dialects.openai_chat.relay import Relay
from lockgate.core.dialects.openai_chat.stream import DONE, Reader, Writer
from lockgate.core.dialects.openai_chat.write import write_request
from lockgate.model.dialect import Dialect
from lockgate.model.operations import DialectName, Operation

__all__ = ["DIALECT", "lift_reasoning", "lifting", "reasoning_path"]

DIALECT = Dialect(
    name=DialectName.OPENAI_CHAT,
    peek={Operation.CHAT: peek_chat, Operation.COMPLETIONS: peek_completions, Operation.EMBEDDINGS: peek_embeddings},
    read_request=read_request,
    write_request=write_request,
    read_answer=read_answer,
    write_answer=write_answer,
    reader=Reader,
    writer=Writer,
    relay=Relay,
    observe=observe,
    ask_usage=ask_usage,
    read_fault=read_fault,
    write_fault=write_fault,
    write_stream_fault=write_stream_fault,
    terminator=DONE,
)


def lifting(path: tuple[str, ...]) -> Dialect:
    """The dialect of an upstream that tells its reasoning at ``path``. Whole answers that are passed on: see lift_reasoning."""
    if not path or path == ("reasoning_content",):
        return DIALECT
    return replace(
        DIALECT,
        relay=lambda model, drop_usage: Relay(model, drop_usage, path),
        reader=lambda: Reader(path),
        read_answer=lambda body: read_answer(lift_reasoning(body, path)),
    )
