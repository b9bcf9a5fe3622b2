"""
What routing, limits and metering must know of a request to OpenAI's Responses API; the body itself stays bytes.

The format is only passed on, never bridged, so little is checked: what we act on, and that the input is of its kind.
"""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from lockgate.core.wire.bodies import UNREADABLE, invalid, unreadable, unsound
from lockgate.core.wire.unshown import Unshown
from lockgate.model.dialect import Ask
from lockgate.model.faults import Fault


class _Item(Unshown):
    type: str | None = None
    role: str | None = None


class _Tool(Unshown):
    type: str


class _Response(Unshown):
    model: Annotated[str, Meta(min_length=1)]
    # Not required: a stored prompt or an earlier response can stand in for it.
    input: str | list[_Item] | UnsetType | None = UNSET
    stream: bool | UnsetType | None = UNSET
    max_output_tokens: Annotated[int, Meta(ge=1, le=1 << 31)] | UnsetType | None = UNSET
    instructions: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[_Tool] | None = None
    background: bool | None = None


_decode = msgspec.json.Decoder(_Response).decode


def peek(body: bytes) -> Ask | Fault:
    """Streams of this dialect always tell usage."""
    try:
        said = _decode(body)
    except UNREADABLE as error:
        return unreadable(error, body)
    acted_on, missing = [b'"model"'], list[bytes]()
    for name in ("input", "stream", "max_output_tokens"):
        (missing if getattr(said, name) is UNSET else acted_on).append(b'"%b"' % name.encode())
    found = unsound(body, acted_on, missing)
    if said.background:
        return invalid("background", "must be false: an answer that is fetched later cannot be metered")
    max_output = said.max_output_tokens
    return found or Ask(said.model, said.stream is True, None if max_output is UNSET else max_output, True)
