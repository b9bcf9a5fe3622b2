"""
One event of a stream in Anthropic's words, as far as the gateway reads it: for the relay and for the bridge.

An event that does not fit the types is read as one of no known kind, or as an error when it says so.
"""

from typing import Any

import msgspec

from lockgate.core.wire.unshown import Unshown


class Block(Unshown):
    type: str = ""
    id: str | None = None
    name: str | None = None
    text: str | None = None
    thinking: str | None = None
    input: msgspec.Raw = msgspec.Raw()


class Delta(Unshown):
    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class Begun(Unshown):
    id: str | None = None
    model: str | None = None
    usage: Any = None


class Event(Unshown):
    type: str = ""
    index: int = 0
    delta: Delta | None = None
    content_block: Block | None = None
    message: Begun | None = None
    usage: Any = None
    error: Any = None


class _Vague(Unshown):
    type: Any = None
    usage: Any = None
    error: Any = None


_decode = msgspec.json.Decoder(Event).decode
_decode_vaguely = msgspec.json.Decoder(_Vague).decode


def read_event(data: bytes) -> Event | None:
    """None when the data is no JSON object."""
    try:
        return _decode(data)
    except msgspec.ValidationError:
        try:
            said = _decode_vaguely(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return None
        return Event(type=said.type if isinstance(said.type, str) else "", usage=said.usage, error=said.error)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
