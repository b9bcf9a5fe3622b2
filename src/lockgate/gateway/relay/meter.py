"""
The meter: what an attempt used. The provider's word where it gave one, else a local count of what was sent and received,
flagged as an estimate (sections 4.3 and 4.4 of the reference). Estimates reach records, metrics and limits, never an answer.
"""

from math import ceil
from typing import Protocol

from lockgate.core.metering.estimate import count, encoding_of, output_tokens, prompt_tokens, tokens_in
from lockgate.core.metering.observe import fill, needs_estimate
from lockgate.model.content import Content, Purpose
from lockgate.model.dialect import Dialect, Seen, StreamRelay
from lockgate.model.faults import Fault
from lockgate.model.operations import Operation
from lockgate.model.usage import Usage
from lockgate.runtime.vocabulary import Vocabularies


class Metered(Protocol):
    """An attempt, as far as it is metered."""

    @property
    def told(self) -> Seen | StreamRelay | None: ...
    @property
    def flow(self) -> StreamRelay | None: ...
    @property
    def operation(self) -> Operation: ...
    @property
    def dialect(self) -> Dialect: ...
    @property
    def upstream_model(self) -> str: ...
    @property
    def sent(self) -> Content: ...
    def answer(self) -> bytes: ...


class Meter:
    def __init__(self, vocabularies: Vocabularies) -> None:
        self._vocabularies = vocabularies

    def used(self, attempt: Metered, failure: Fault | None) -> Usage | None:
        """
        None when nothing was used: the attempt failed before it produced anything. A stream that was cut, by either side, used
        what it produced; before its first piece of output it used its input (section 4.3).
        """
        told = attempt.told
        if told is None:
            return None
        said = told.usage
        operation = attempt.operation
        if operation is Operation.COUNT_TOKENS:
            return None
        if failure is not None and failure.kind != "caller_gone" and (attempt.flow is None or not attempt.flow.content):
            return said
        wants_input, wants_output = needs_estimate(said)
        wants_output = wants_output and operation is not Operation.EMBEDDINGS
        if not (wants_input or wants_output):
            return said
        return fill(
            said,
            input_tokens=self._input(attempt) if wants_input else 0,
            output_tokens=self._output(attempt) if wants_output else 0,
        )

    def _input(self, attempt: Metered) -> int:
        body = attempt.sent.open(Purpose.METER)
        read = attempt.dialect.read_request
        if read is not None and attempt.operation is Operation.CHAT:
            request = read(body)
            if not isinstance(request, Fault):
                return prompt_tokens(request, self._vocabularies.counter(encoding_of(attempt.upstream_model)))
        return tokens_in(len(body))

    def _output(self, attempt: Metered) -> int:
        flow = attempt.flow
        if flow is not None:
            text, factor = flow.heard.open(Purpose.METER)
            return ceil(count(text, self._vocabularies.counter(encoding_of(attempt.upstream_model))) * factor)
        body = attempt.answer()
        read = attempt.dialect.read_answer
        if read is not None and attempt.operation is Operation.CHAT:
            answer = read(body)
            if not isinstance(answer, Fault):
                return output_tokens(answer.parts, self._vocabularies.counter(encoding_of(attempt.upstream_model)))
        return tokens_in(len(body))
