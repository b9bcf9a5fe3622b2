"""
Entries made to fit: a record never fails to be written because a caller or an upstream sent something huge, and holds no text
that an upstream put in the place of an id.

Texts are cut to a length in UTF-8 bytes per field, counts to what fits 64 bits. The lengths add up to less than
``INTENT_BYTES`` and ``SETTLEMENT_BYTES``, which a test checks with the worst case.
"""

import msgspec

from lockgate.core.metering.told import FINISH_WORDS, finish_word, id_word, is_id, is_name
from lockgate.model.records import Intent, Settlement
from lockgate.model.usage import Usage

INTENT_BYTES = 4096
"""Largest frame of an intent."""
SETTLEMENT_BYTES = 768
"""Largest frame of a settlement, and what is reserved for one with every intent."""

RECOVERED_STATUS = 500
RECOVERED_CLASS = "recovered"
"""The one error class that is no row of the fault table: nobody was told anything."""

_COUNT_MAX = 2**63 - 1
_TEXT_BYTES = 160
_TAGS_MAX = 8
_TAG_BYTES = 64
_SETTLEMENT_TEXT_BYTES = {"error_class": 48, "finish_reason": 48, "provider_request_id": 160, "provider_model_version": 128}


def recovered(intent: Intent, now_ms: int) -> Settlement:
    """The settlement of an attempt whose process died: it is charged what it held."""
    usage = Usage(input=intent.held_input, output=intent.held_output, estimated=True)
    return Settlement(intent.id, now_ms, RECOVERED_STATUS, usage, RECOVERED_CLASS, recovered=True)


def plain(settlement: Settlement) -> Settlement:
    """The settlement without what an upstream put where only ids and known words belong: a record holds no text of anybody."""
    request_id, version = settlement.provider_request_id, settlement.provider_model_version
    if settlement.finish_reason in FINISH_WORDS and is_id(request_id) and is_name(version):
        return settlement
    return msgspec.structs.replace(
        settlement,
        finish_reason=finish_word(settlement.finish_reason),
        provider_request_id=id_word(request_id),
        provider_model_version=id_word(version),
    )


def clipped_intent(intent: Intent) -> Intent:
    """The intent with every text, tag and count cut to its longest allowed form."""
    changes: dict[str, object] = {}
    for name in intent.__struct_fields__:
        value = getattr(intent, name)
        if value.__class__ is str:
            changes[name] = _clip(value, _TEXT_BYTES)
        elif value.__class__ is int:
            changes[name] = _clamp(value)
    tags = list(intent.tags.items())[:_TAGS_MAX]
    changes["tags"] = {_clip(key, _TAG_BYTES): _clip(value, _TAG_BYTES) for key, value in tags}
    return msgspec.structs.replace(intent, **changes)


def clipped_settlement(settlement: Settlement) -> Settlement:
    """The settlement with every text and count cut to its longest allowed form."""
    usage = settlement.usage
    counts = {name: _clamp(getattr(usage, name)) for name in usage.__struct_fields__ if name != "estimated"}
    changes: dict[str, object] = {"usage": msgspec.structs.replace(usage, **counts)}
    for name, limit in _SETTLEMENT_TEXT_BYTES.items():
        changes[name] = _clip(getattr(settlement, name), limit)
    for name in ("at_ms", "status", "upstream_latency_ms", "upstream_ttft_ms", "downstream_latency_ms"):
        changes[name] = _clamp(getattr(settlement, name))
    return msgspec.structs.replace(settlement, **changes)


def _clip(text: str, limit_bytes: int) -> str:
    return text[:limit_bytes].encode("utf-8", "replace")[:limit_bytes].decode("utf-8", "ignore")


def _clamp(count: int) -> int:
    return max(0, min(count, _COUNT_MAX))
