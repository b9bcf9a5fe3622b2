"""The registry of dialects: the one place that knows them all. A new wire format is a room in core/dialects and a line here."""

from lockgate.core.dialects.anthropic import DIALECT as ANTHROPIC
from lockgate.core.dialects.openai_chat import DIALECT as OPENAI_CHAT
from lockgate.core.dialects.openai_responses import DIALECT as OPENAI_RESPONSES
from lockgate.model.dialect import Dialect
from lockgate.model.operations import DialectName

DIALECTS: dict[DialectName, Dialect] = {dialect.name: dialect for dialect in (OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC)}
