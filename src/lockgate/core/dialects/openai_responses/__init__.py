"""OpenAI's Responses API: passed on verbatim and metered. It has no reader and no writer, so nothing is bridged to or from it."""

from lockgate.core.dialects.openai_responses.fault import read_fault, write_fault, write_stream_fault
from lockgate.core.dialects.openai_responses.observe import observe
from lockgate.core.dialects.openai_responses.peek import peek
from lockgate.core.dialects.openai_responses.relay import Relay
from lockgate.model.dialect import Dialect
from lockgate.model.operations import DialectName, Operation

DIALECT = Dialect(
    name=DialectName.OPENAI_RESPONSES,
    peek={Operation.CHAT: peek},
    read_request=None,
    write_request=None,
    read_answer=None,
    write_answer=None,
    reader=None,
    writer=None,
    relay=Relay,
    observe=observe,
    ask_usage=None,
    read_fault=read_fault,
    write_fault=write_fault,
    write_stream_fault=write_stream_fault,
)
