"""
The endpoints: one row each (path, operation, dialect). There is one exchange for all of them and no handler per endpoint.

Source: the reference's route table (section 1.1). A path with a trailing slash is the same endpoint.
"""

from typing import NamedTuple

from lockgate.core.providers.dialects import DIALECTS
from lockgate.model.dialect import Dialect
from lockgate.model.operations import DialectName, Operation


class Endpoint(NamedTuple):
    template: str
    """What logs and metrics call it."""
    operation: Operation
    dialect: Dialect
    protocol: str
    """``openai`` or ``anthropic``: the family whose errors and records this endpoint speaks."""
    restamps: bool
    """Answers carry the name the caller used as ``model``, not the upstream's."""
    names_call: bool
    operation_name: str
    """Successful answers carry the call id header (section 1.5)."""


def _row(path: str, operation: Operation, dialect: DialectName, protocol: str, *, restamps: bool, names_call: bool = False) -> Endpoint:
    return Endpoint(path, operation, DIALECTS[dialect], protocol, restamps, names_call, operation.value)


_ROWS = (
    _row("/v1/chat/completions", Operation.CHAT, DialectName.OPENAI_CHAT, "openai", restamps=True, names_call=True),
    _row("/v1/completions", Operation.COMPLETIONS, DialectName.OPENAI_CHAT, "openai", restamps=True),
    _row("/v1/embeddings", Operation.EMBEDDINGS, DialectName.OPENAI_CHAT, "openai", restamps=True),
    _row("/v1/responses", Operation.CHAT, DialectName.OPENAI_RESPONSES, "openai", restamps=False),
    _row("/v1/messages", Operation.CHAT, DialectName.ANTHROPIC, "anthropic", restamps=False),
    _row("/v1/messages/count_tokens", Operation.COUNT_TOKENS, DialectName.ANTHROPIC, "anthropic", restamps=False),
)

ENDPOINTS: dict[bytes, Endpoint] = {
    path: endpoint for endpoint in _ROWS for path in (endpoint.template.encode(), endpoint.template.encode() + b"/")
}
