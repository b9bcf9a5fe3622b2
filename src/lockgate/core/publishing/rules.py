"""
Rules between fields of one row, kind by kind: what a type cannot say. Each rule is a small function from a row as written
(after names and secrets were put in) to (field, what is wrong). Rules read defensively: a field may still have a wrong type.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lockgate.core.providers import catalog
from lockgate.core.publishing.walk import meant

Row = Mapping[str, Any]
Found = Iterator[tuple[str, str]]

SHAPES = ("routing", "ensemble", "semantic")
DIRECT = ("provider", "model_name", "provider_key_id")

INAPPLICABLE: dict[str, tuple[str, ...]] = {
    "direct": (),
    "routing": ("background_model_check", "cooldown", "embedding", "retries", "auto_prompt_caching", "cost"),
    "ensemble": ("background_model_check", "cooldown", "embedding", "timeout", "stream_timeout", "retries", "auto_prompt_caching", "cost"),
    "semantic": ("background_model_check", "cooldown", "embedding", "auto_prompt_caching", "cost"),
}
"""Fields that a model of this shape never reads."""

_CLASSIC = ("scope", "scope_ref", "window", "max_requests", "max_tokens")
_CONDITIONAL = ("conditions", "group_by", "limits", "action")
_CREDENTIAL_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key")
_OWN_PATHS = re.compile(r"/(v1|mcp|a2a|admin|livez|readyz|metrics)(/|$)")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _missing(row: Row, fields: tuple[str, ...], because: str) -> Found:
    for field in fields:
        if not row.get(field):
            yield field, f"is missing; {because}"


def shape_of(row: Row) -> str:
    """direct, routing, ensemble or semantic; direct when the row does not say clearly."""
    return next((shape for shape in SHAPES if shape in row), "direct")


def one_shape(row: Row) -> Found:
    blocks = [shape for shape in SHAPES if shape in row]
    if len(blocks) > 1:
        yield blocks[1], f"cannot stand beside {blocks[0]}; a model has one of routing, ensemble, semantic"
    for field in DIRECT:
        spelt = "provider_key" if field == "provider_key_id" else field
        if blocks and field in row:
            yield spelt, f"cannot stand beside {blocks[0]}; remove one of them"
        elif not blocks and field not in row:
            yield spelt, "is missing; a model needs provider, model_name and provider_key"


def no_unread_fields(row: Row) -> Found:
    shape = shape_of(row)
    for field in INAPPLICABLE[shape]:
        if field in row:
            yield field, f"is not read for a model with {shape}; remove it"


def one_star(row: Row) -> Found:
    alias, name = (text if isinstance(text := row.get(field), str) else "" for field in ("display_name", "model_name"))
    if alias.count("*") > 1:
        yield "display_name", "may have only one '*'"
    elif "*" in alias and (shape := shape_of(row)) != "direct":
        yield "display_name", f"may not have a '*' in a model with {shape}"
    if name.count("*") > 1:
        yield "model_name", "may have only one '*'"
    elif "*" in name and "*" not in alias:
        yield "model_name", "has a '*', but display_name has none to take its text from"


def provider_known(row: Row) -> Found:
    provider = row.get("provider")
    if isinstance(provider, str) and provider and not (row.get("adapter") or row.get("api_base") or catalog.find(provider)):
        yield "provider", f"is not in the catalogue, and one of your own needs adapter and api_base too{meant(provider, catalog.PROVIDERS)}"


def temperature_in_order(row: Row) -> Found:
    request = row.get("request")
    bounds = request.get("param_constraints") if isinstance(request, dict) else None
    if not isinstance(bounds, dict):
        return
    low, high = bounds.get("temperature_min"), bounds.get("temperature_max")
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        yield "request.param_constraints.temperature_min", "is greater than temperature_max"


def semantic_fails_open(row: Row) -> Found:
    if row.get("kind") == "semantic" and row.get("fail_open", True) is not True:
        yield "fail_open", "must be true for this kind"


def classic_or_conditional(row: Row) -> Found:
    if "limits" in row:
        for field in _CLASSIC:
            if field in row:
                yield field, "cannot stand beside limits; remove one of them"
        return
    for field in _CONDITIONAL:
        if field in row:
            yield field, "goes with limits, which is missing"
    if not any(field in row for field in _CONDITIONAL):
        yield from _missing(row, ("scope", "scope_ref", "window"), "a policy needs scope, scope_ref and window, or else limits")
        if "max_requests" not in row and "max_tokens" not in row:
            yield "max_requests", "is missing; give max_requests, max_tokens or both"


def sound_conditions(row: Row) -> Found:
    yield from _conditions(row.get("conditions"), "conditions")


def _conditions(nodes: object, path: str) -> Found:
    for index, node in enumerate(nodes if isinstance(nodes, list) else ()):
        spot = f"{path}[{index}]"
        if not isinstance(node, dict):
            continue
        leaf = [field for field in ("dimension", "operator", "value") if field in node]
        group = [field for field in ("logic", "children") if field in node]
        if leaf and group:
            yield spot, "is either a comparison (dimension, operator, value) or a group (logic, children)"
        elif group:
            if len(group) < 2:
                yield spot, "needs both logic and children"
            yield from _conditions(node.get("children"), f"{spot}.children")
        elif len(leaf) < 3:
            yield spot, "needs dimension, operator and value, or logic and children"


def days_or_dates(row: Row) -> Found:
    schedules = row.get("schedules")
    for index, schedule in enumerate(schedules if isinstance(schedules, list) else ()):
        if isinstance(schedule, dict) and ("days_of_week" in schedule) == ("dates" in schedule):
            yield f"schedules[{index}]", "needs either days_of_week or dates"


def store_signed_in(row: Row) -> Found:
    if row.get("kind") != "object_store":
        return
    if row.get("auth_mode") != "cloud_identity":
        yield from _missing(row, ("credential_ref",), "it is needed unless auth_mode is cloud_identity")
    elif row.get("provider") == "azure_blob":
        yield "auth_mode", "cannot be cloud_identity for azure_blob"


def signed_in(row: Row) -> Found:
    auth = row.get("auth_type")
    needed = {"bearer": ("secret",), "api_key": ("secret",), "oauth2": ("secret", "client_id", "token_url")}
    yield from _missing(row, needed.get(auth, ()) if isinstance(auth, str) else (), f"it is needed for auth_type {auth}")


def openapi_described(row: Row) -> Found:
    spec, header = row.get("spec"), row.get("api_key_header")
    if row.get("type", "mcp") == "mcp":
        for field in ("spec", "api_key_header"):
            if row.get(field) is not None:
                yield field, "goes with type openapi only"
        return
    if not isinstance(spec, dict):
        yield "spec", "must be the OpenAPI document; type openapi needs it"
    elif "swagger" in spec:
        yield "spec", "must be OpenAPI 3; Swagger 2 is not read"
    if isinstance(header, str):
        if row.get("auth_type") != "api_key":
            yield "api_key_header", "goes with auth_type api_key only"
        elif not _HEADER.fullmatch(header):
            yield "api_key_header", "must be the name of a header field"


def team_named(row: Row) -> Found:
    if row.get("scope") == "team":
        yield from _missing(row, ("scope_ref",), "it is needed for scope team")


def matched_somehow(row: Row) -> Found:
    prefix, hosts = row.get("path_prefix"), row.get("hosts")
    if "path_prefix" not in row and "hosts" not in row:
        yield "path_prefix", "is missing; give path_prefix, hosts or both"
    if "path_prefix" in row and prefix is None:
        yield "path_prefix", "must not be empty; give a value or leave the field out"
    if "hosts" in row and not hosts:
        yield "hosts", "must have at least 1 entry, or be left out"
    if "hosts" not in row and isinstance(prefix, str) and _OWN_PATHS.match(prefix):
        yield "path_prefix", "is a path of the gateway's own; choose another, or name hosts too"


def sent_somewhere(row: Row) -> Found:
    keeps = row.get("preserve_host") is True
    if ("target_url" in row) == keeps:
        yield "target_url", "is missing; give target_url or preserve_host: true" if not keeps else "cannot stand beside preserve_host"
    elif "target_url" in row and row["target_url"] is None:
        yield "target_url", "must not be empty; give a value or leave the field out"
    if keeps and "hosts" not in row:
        yield "hosts", "is missing; preserve_host sends requests to these hosts only"


def credentials_in_place(row: Row) -> Found:
    mode, injected = row.get("auth_mode", "gateway_key"), row.get("credential_mode", "inject") == "inject"
    for field in ("auth_header_name", "identity_header"):
        if row.get(field) in _CREDENTIAL_HEADERS:
            yield field, "cannot be a header field that carries credentials"
        elif field in row and row[field] is None:
            yield field, "must not be empty; give a value or leave the field out"
    if mode == "header_key":
        yield from _missing(row, ("auth_header_name",), "it is needed for auth_mode header_key")
    elif "auth_header_name" in row:
        yield "auth_header_name", "goes with auth_mode header_key only"
    if mode == "anonymous":
        yield from _missing(row, ("anonymous_key_id", "source_cidrs"), "it is needed for auth_mode anonymous")
    elif "anonymous_key_id" in row:
        yield "anonymous_key_id", "goes with auth_mode anonymous only"
    if injected:
        yield from _missing(row, ("provider_key_id",), "it is needed unless credential_mode is forward_client")
    elif "provider_key_id" in row:
        yield "provider_key_id", "goes with credential_mode inject only"


RULES: dict[str, tuple[Callable[[Row], Found], ...]] = {
    "provider_keys": (provider_known, temperature_in_order),
    "models": (one_shape, no_unread_fields, one_star),
    "guardrails": (semantic_fails_open,),
    "rate_limit_policies": (classic_or_conditional, sound_conditions, days_or_dates),
    "observability_exporters": (store_signed_in,),
    "mcp_servers": (signed_in, openapi_described),
    "mcp_policies": (team_named,),
    "a2a_agents": (signed_in,),
    "passthrough_routes": (matched_somehow, sent_somewhere, credentials_in_place),
}
