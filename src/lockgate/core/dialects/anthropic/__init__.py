"""Anthropic's Messages API: messages and count_tokens."""

from lockgate.core.dialects.anthropic.answer import read_answer, write_answer
from lockgate.core.dialects.anthropic.cache import mark_cache
from lockgate.core.dialects.anthropic.fault import read_fault, write_fault, write_stream_fault
from lockgate.core.dialects.anthropic.observe import observe
from lockgate.core.dialects.anthropic.peek import peek_count, peek_messages
from lockgate.core.dialects.anthropic.read import read_request
from lockgate.core.dialects.anthropic.relay import Relay
from lockgate.core.dialects.anthropic.stream import Reader, Writer
from lockgate.core.dialects.anthropic.write import write_request
from lockgate.model.dialect import Dialect
from lockgate.model.operations import DialectName, Operation

__all__ = ["DIALECT", "mark_cache"]

DIALECT = Dialect(
    name=DialectName.ANTHROPIC,
    peek={Operation.CHAT: peek_messages, Operation.COUNT_TOKENS: peek_count},
    read_request=read_request,
    write_request=write_request,
    read_answer=read_answer,
    write_answer=write_answer,
    reader=Reader,
    writer=Writer,
    relay=Relay,
    observe=observe,
    ask_usage=None,
    read_fault=read_fault,
    write_fault=write_fault,
    write_stream_fault=write_stream_fault,
)
