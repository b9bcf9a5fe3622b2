"""
Ways: how requests of one endpoint go to one target, and the body that is sent.

Same dialect: the caller's bytes with ``model`` replaced, and with usage asked for where the caller did not say. Other dialect:
read and written again. Then the edits the provider key asks for.
"""

from typing import Protocol

import msgspec

from lockgate.core.dialects.anthropic import mark_cache
from lockgate.core.dialects.openai_chat import lifting, reasoning_path
from lockgate.core.providers.dialects import DIALECTS
from lockgate.core.providers.target import Target
from lockgate.core.wire import json_splice
from lockgate.gateway.plan.endpoints import Endpoint
from lockgate.model.dialect import Ask, Dialect
from lockgate.model.faults import Fault, fault
from lockgate.model.operations import DialectName, Operation
from lockgate.model.resources.model import Model


class Named(Protocol):
    """A route, as far as a body needs it."""

    row: Model
    upstream_model: str
    upstream_json: bytes


class Way(msgspec.Struct, frozen=True):
    """Compiled per route and endpoint."""

    dialect: Dialect
    """What the upstream is spoken to in."""
    bridged: bool
    head: bytes
    """The request head without this request's own lines and the final blank line."""
    asks_usage: bool
    """Streams need to be asked for their usage."""
    done_marker: str
    reasoning: tuple[str, ...]
    """Where whole answers that are passed on tell their reasoning, when it is told again under the usual name."""
    target: Target

    def named(self, failure: Fault) -> Fault:
        """An upstream's error under its best known code."""
        return self.target.named(failure)


def way_of(target: Target, endpoint: Endpoint, requested: str, upstream_model: str) -> Way | Fault:
    inbound = endpoint.dialect
    spoken = target.dialect_for(endpoint.operation, inbound.name)
    bridges = spoken is not None and spoken is not inbound.name
    if spoken is None or (bridges and not _can_bridge(inbound, DIALECTS[spoken])):
        if endpoint.operation is Operation.COUNT_TOKENS:
            return fault("count_tokens_unsupported", model=requested)
        return fault("operation_unsupported", model=requested, operation=endpoint.template)
    dialect = DIALECTS[spoken]
    reasoning: tuple[str, ...] = ()
    if spoken is DialectName.OPENAI_CHAT and endpoint.operation is Operation.CHAT and target.reasoning_field:
        reasoning = reasoning_path(target.reasoning_field)
        dialect = lifting(reasoning)
    return Way(
        dialect=dialect,
        bridged=bridges,
        head=target.head(endpoint.operation, spoken, upstream_model),
        asks_usage=dialect.ask_usage is not None and target.row.quirks.stream_options and endpoint.operation is not Operation.EMBEDDINGS,
        done_marker=target.done_marker,
        reasoning=() if bridges or dialect is DIALECTS[spoken] else reasoning,
        target=target,
    )


def _can_bridge(inbound: Dialect, upstream: Dialect) -> bool:
    return inbound.read_request is not None and upstream.write_request is not None


def outgoing(way: Way, route: Named, endpoint: Endpoint, ask: Ask, body: bytes) -> bytes | Fault:
    """The body of an attempt, or what is wrong with the caller's."""
    target = way.target
    if way.bridged:
        made = _bridged(way, route, endpoint, body)
        if isinstance(made, Fault):
            return made
        body = made if target.bridged_edit is None else target.bridged_edit(made)
    else:
        try:
            body = json_splice.replace(body, "model", route.upstream_json)
        except json_splice.DuplicateMember:
            return fault("body_invalid", reason="Two members of the request body have the same name.")
    if ask.stream and way.asks_usage and (way.bridged or not ask.sets_stream_options):
        assert way.dialect.ask_usage is not None
        body = way.dialect.ask_usage(body)
    return body if target.edit is None else target.edit(body)


def _bridged(way: Way, route: Named, endpoint: Endpoint, body: bytes) -> bytes | Fault:
    assert endpoint.dialect.read_request is not None
    assert way.dialect.write_request is not None
    request = endpoint.dialect.read_request(body)
    if isinstance(request, Fault):
        return request
    caching = route.row.auto_prompt_caching
    if caching is not None and caching.enabled and way.dialect.name is DialectName.ANTHROPIC:
        request = mark_cache(request, caching.ttl)
    return way.dialect.write_request(request, route.upstream_model)
