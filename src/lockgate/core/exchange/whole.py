"""Whole answers: the bytes the caller is shown for a good answer that is no stream. Counterpart: flow."""

from collections.abc import Callable

import msgspec

from lockgate.core.wire import json_splice
from lockgate.model.dialect import Dialect, Seen, Stamp
from lockgate.model.faults import Fault, fault

_encode = msgspec.json.Encoder().encode


def shown(
    inbound: Dialect, upstream: Dialect, model: str, response_id: str, now_ms: Callable[[], int], body: bytes, seen: Seen, restamps: bool
) -> bytes | Fault:
    """
    ``body`` is an answer that ``upstream.observe`` accepted, and ``seen`` what it found in it. Of the same dialect it is passed on
    untouched but for ``model``, which is the caller's name for it whatever the upstream says (section 1.7); else it is read and
    written again.
    """
    if inbound.name is upstream.name:
        if not restamps:
            return body
        name = _encode(model)
        try:
            if seen.model_version or "model" in json_splice.spans(body):
                return json_splice.replace(body, "model", name)
            return json_splice.add(body, b'"model":' + name)
        except json_splice.DuplicateMember:
            return fault("upstream_decode_error", reason="it has two members of the same name")
        except (msgspec.DecodeError, UnicodeDecodeError):
            return fault("upstream_decode_error", reason="the body is not valid UTF-8")
    assert upstream.read_answer is not None
    assert inbound.write_answer is not None
    answer = upstream.read_answer(body)
    if isinstance(answer, Fault):
        return answer
    return inbound.write_answer(answer, Stamp(model, response_id, now_ms() // 1000))
