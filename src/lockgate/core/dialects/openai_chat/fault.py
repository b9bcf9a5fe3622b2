"""Errors in OpenAI's words: read from an upstream's error answer, written as a whole answer or as the last frame of a stream."""

from lockgate.core.wire.error_object import Told, openai_envelope, read_told, said_nothing
from lockgate.model.faults import Fault, upstream_fault

# Azure's words for what OpenAI calls otherwise (the reference's section 1.2).
_CODES = {"DeploymentNotFound": "model_not_found"}
_CONTENT_POLICY = "ResponsibleAIPolicyViolation"


def read_fault(status: int, body: bytes) -> Fault:
    """The fault to show for an error answer: a 4xx keeps its words, anything else keeps none."""
    if not 400 <= status < 500:
        return upstream_fault(status, "")
    told = read_told(body) or Told()
    code = "content_policy_violation" if told.inner_code == _CONTENT_POLICY else _CODES.get(told.code, told.code)
    return upstream_fault(status, told.message or said_nothing(status), code=code, param=told.param)


def write_fault(shown: Fault) -> bytes:
    return openai_envelope(shown)


def write_stream_fault(shown: Fault) -> bytes:
    """An abnormal end: no ``[DONE]`` follows, so that clients see it (section 1.4)."""
    return b"event: error\ndata: " + openai_envelope(shown) + b"\n\n"
