"""
Edits of request bodies that a provider key asks for: renames, then bounds, then defaults (gateway.md 2.1).

They work on the top-level members of the JSON object and leave every other byte as the caller wrote it, so they hold
for verbatim and for bridged bodies alike. A key that asks for nothing has no edit at all: None, not an empty function.
"""

from collections.abc import Callable, Mapping

import msgspec

from lockgate.core.wire import json_splice
from lockgate.model.resources.provider_key import ParamConstraints, RequestOverrides, ResponseOverrides

Edit = Callable[[bytes], bytes]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_messages = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_encode = msgspec.json.encode


class _TextBlock(msgspec.Struct):
    type: str
    text: str


_blocks = msgspec.json.Decoder(list[_TextBlock]).decode


def compile_edits(request: RequestOverrides | None, response: ResponseOverrides | None = None) -> Edit | None:
    """One function for everything a key asks for, or None."""
    steps: list[Edit] = []
    if request is not None and request.param_renames:
        steps.append(_renaming(request.param_renames))
    if request is not None and request.param_constraints is not None:
        steps += _clamping(request.param_constraints)
    if request is not None and request.default_body_fields:
        steps.append(_defaulting(request.default_body_fields))
    if response is not None and response.content_list_to_string:
        steps.append(_flatten)
    if not steps:
        return None

    def edit(body: bytes) -> bytes:
        try:
            return run(body)
        except json_splice.DuplicateMember:
            # Which of two equal members a provider would read is anybody's guess: it gets one, the last.
            return run(_encode(_members(body)))

    def run(body: bytes) -> bytes:
        for step in steps:
            body = step(body)
        return body

    return edit


def output_limit_edit(wanted: str) -> Edit:
    """For bodies a bridge wrote: calls the output limit what this provider calls it."""
    other = "max_tokens" if wanted == "max_completion_tokens" else "max_completion_tokens"
    return _renaming({other: wanted})


def _renaming(renames: Mapping[str, str]) -> Edit:
    """
    All renames at once, so that two names can be swapped. A member that is already there under the new name stays and
    the old one goes: a provider that needs the rename refuses a body with both.
    """

    def rename(body: bytes) -> bytes:
        members = _members(body)
        moved = [old for old in renames if old in members]
        if not moved:
            return body
        for old in moved:
            body = json_splice.remove(body, old)
        present = members.keys() - moved
        for old in moved:
            new = renames[old]
            if new not in present:
                body = json_splice.add(body, _encode(new) + b":" + bytes(members[old]))
                present.add(new)
        return body

    return rename


def _clamping(bounds: ParamConstraints) -> list[Edit]:
    low, high = bounds.temperature_min, bounds.temperature_max
    if low is None and high is None:
        return []

    def clamp(body: bytes) -> bytes:
        raw = _members(body).get("temperature")
        if raw is None:
            return body
        if (body.count(b'"temperature"') != 1 or b"\\u" in body) and json_splice.has_duplicates(body):
            raise json_splice.DuplicateMember
        value = msgspec.json.decode(raw)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return body
        bound = low if low is not None and value < low else high if high is not None and value > high else None
        return body if bound is None else json_splice.replace(body, "temperature", _encode(bound))

    return [clamp]


def _defaulting(defaults: Mapping[str, object]) -> Edit:
    members = [(name, _encode(name) + b":" + _encode(value)) for name, value in defaults.items()]

    def default(body: bytes) -> bytes:
        present = _members(body)
        for name, member in members:
            if name not in present:
                body = json_splice.add(body, member)
        return body

    return default


def _flatten(body: bytes) -> bytes:
    """Message contents that are lists of text blocks become strings, the blocks as paragraphs; other contents stay."""
    span = json_splice.spans(body).get("messages")
    if span is None:
        return body
    try:
        messages = _messages(body[span[0] : span[1]])
    except msgspec.ValidationError:
        return body
    changed = False
    for message in messages:
        text = _text_of(message.get("content"))
        if text is not None:
            message["content"] = msgspec.Raw(_encode(text))
            changed = True
    return body[: span[0]] + _encode(messages) + body[span[1] :] if changed else body


def _text_of(content: msgspec.Raw | None) -> str | None:
    if content is None or bytes(content)[:1] != b"[":
        return None
    try:
        blocks = _blocks(content)
    except msgspec.ValidationError:
        return None
    return "\n".join(block.text for block in blocks) if all(block.type == "text" for block in blocks) else None
