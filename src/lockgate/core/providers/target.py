"""
A target: one model row with its provider key, compiled into what an attempt needs to dial it.

Everything that can be known when a snapshot is compiled is known here: the address, which dialects are spoken where,
the request head with the credential in it, and what a provider key changes in headers and bodies. Per request there
is a dictionary look-up. What makes a row unusable is a fault that the callers of that row get; it never keeps other
rows from being compiled (gateway.md 2.1: an unusable credential is a 401 without contacting the upstream).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec

from lockgate.core.providers import address, catalog
from lockgate.core.providers.address import Address, Refused
from lockgate.core.providers.catalog import Auth, Family, Provider
from lockgate.core.providers.edits import Edit, compile_edits, output_limit_edit
from lockgate.core.providers.headers import Defaults, Forwarder, Headers, Renderer, compile_defaults, compile_forward
from lockgate.core.providers.sign.entra import EntraCredential, read_credential
from lockgate.core.providers.sign.reference import reference
from lockgate.model.faults import Fault, fault
from lockgate.model.operations import DialectName, Operation
from lockgate.model.principal import Principal
from lockgate.model.resources.model import Model
from lockgate.model.resources.provider_key import ProviderKey, RequestOverrides, ResponseOverrides

Spoken = tuple[Operation, DialectName]
_Head = bytes | tuple[bytes, bytes]
"""A head, or what stands before and after the model in one whose path names it."""

_BRIDGES = (DialectName.OPENAI_CHAT, DialectName.ANTHROPIC, DialectName.OPENAI_RESPONSES)
"""Into which dialect chat is bridged when the caller's own is not spoken, best first."""

PRIVATE_LENGTH = 8
"""A shorter value would be found by chance in what an upstream says."""

_NO_REQUEST, _NO_RESPONSE = RequestOverrides(), ResponseOverrides()
_NO_SEGMENTS = frozenset(("", ".", ".."))
_NOT_IN_PATH = frozenset("/\\%?#;")


class Names(msgspec.Struct, frozen=True):
    """What we call ourselves towards providers (the ``wire`` settings)."""

    user_agent: str = "Lockgate"
    header_prefix: str = "x-lockgate-"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Target:
    """What one attempt dials. Heads hold credentials: a target shows nothing but its names."""

    provider: str
    """Name of the row in the catalogue."""
    row: Provider
    in_process: bool
    """Answered by the built-in echo; there is no address."""
    scheme: str
    host: str
    port: int
    allow: tuple[str, ...]
    """Non-public networks this upstream may lie in; ("*",) is all."""
    tls: str
    """Id of the provider key whose ``tls`` block holds here; "" is the default context."""
    model_name: str
    """What the upstream calls the model; with a ``*`` for a wildcard row."""
    wildcard: bool
    speaks: frozenset[Spoken]
    credential: EntraCredential | None
    """A token to be minted and sent as ``authorization: Bearer``; None when the head has all there is."""
    edit: Edit | None
    """Body edits of the provider key."""
    bridged_edit: Edit | None
    """For bodies that a bridge wrote in openai_chat; run before ``edit``."""
    render: Renderer | None
    """Default headers that depend on the request."""
    forward: Forwarder | None
    """The caller's headers that go on."""
    done_marker: str
    reasoning_field: str
    _private: tuple[str, ...] = ()
    """What an upstream may quote back and no caller may see: the credential, and values of added headers."""
    _heads: dict[Spoken, _Head] = field(default_factory=dict)
    _routes: dict[Spoken, DialectName] = field(default_factory=dict)

    @property
    def origin_parts(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    def dialect_for(self, operation: Operation, inbound: DialectName) -> DialectName | None:
        """The dialect to send in: the caller's own when it is spoken. None: this target does not offer the operation."""
        return self._routes.get((operation, inbound))

    def head(self, operation: Operation, dialect: DialectName, upstream_model: str) -> bytes:
        """Request line and header lines, without content-length, per-request lines and the final blank line."""
        found = self._heads[operation, dialect]
        return found if found.__class__ is bytes else _joined(found, upstream_model)  # type: ignore[arg-type]

    def upstream_model(self, captured: str = "") -> str | Fault:
        """What to call the model upstream; ``captured`` is what the ``*`` of a wildcard row stood for (gateway.md 2.2)."""
        if not self.wildcard:
            return self.model_name
        name = self.model_name.replace("*", captured, 1) if self.model_name else captured
        return fault("model_not_found", model=name) if self._strays(name) else name

    def _strays(self, name: str) -> bool:
        """
        Whether a name could lead elsewhere than to the model so called. No segment of it may be '.' or '..'; and where the path
        names the model, proxies on the way that decode a path before they read it must find one segment there and no query.
        """
        if not _NO_SEGMENTS.isdisjoint(name.replace("\\", "/").split("/")):
            return True
        in_path = any(head.__class__ is tuple for head in self._heads.values())
        return in_path and not (name.isprintable() and _NOT_IN_PATH.isdisjoint(name))

    def lines(self, request_id: str, principal: Principal, headers: Headers) -> bytes:
        """Header lines of this request alone; b"" for most targets."""
        rendered = self.render(request_id, principal) if self.render is not None else b""
        return rendered + self.forward(headers) if self.forward is not None else rendered

    def named(self, error: Fault) -> Fault:
        """An upstream's error under its best known code (gateway.md 1.2), without what it quotes of ours."""
        code = self.row.quirks.codes.get(error.code) if error.code else None
        for private in self._private:
            if private in error.message or private in error.code or private in error.param:
                error = _without(error, private)
        return msgspec.structs.replace(error, code=code) if code else error

    def __repr__(self) -> str:
        return f"Target(provider={self.provider!r}, model_name={self.model_name!r})"


def _without(error: Fault, private: str) -> Fault:
    message, code, param = (text.replace(private, "***") for text in (error.message, error.code, error.param))
    return msgspec.structs.replace(error, message=message, code=code, param=param)


def compile_target(key: ProviderKey, model: Model, names: Names = Names(), secret: str | None = None) -> Target | Fault:
    """
    The target of a direct model row, or the fault its callers get.

    ``secret`` is the credential when the key's own is a reference, read by the shell; None: the key's own.
    """
    row = catalog.choose(key.provider, key.adapter, model.provider, bool(key.api_base))
    if row is None:
        told = (
            f"adapter '{key.adapter}' is not served"
            if key.adapter
            else "the provider is not known and its key names no adapter or api_base"
        )
        return fault("provider_unavailable", reason=told)
    if not model.model_name:
        return fault("upstream_misconfigured", reason="it has no model_name")
    if row.family is Family.ECHO:
        return _target(row, key, model, names, Address("", "", 0), None, {})
    root = _root(row, key)
    if isinstance(root, Fault):
        return root
    credential = _credential(row, key.api_key.reveal() if secret is None else secret)
    if isinstance(credential, Fault):
        return credential
    entra = credential if isinstance(credential, EntraCredential) else None
    token = credential if isinstance(credential, str) else ""
    auth = {auth: _auth_line(row, auth, token) for auth in (DialectName.OPENAI_CHAT, DialectName.OPENAI_RESPONSES, DialectName.ANTHROPIC)}
    return _target(row, key, model, names, root, entra, auth)


def _root(row: Provider, key: ProviderKey) -> Address | Fault:
    base = key.api_base or ""
    if not base and key.provider in ("", row.name, *row.aliases):
        # Only a key that is this provider's own may be sent to the provider's default address.
        base = row.base
    if not base:
        return fault("upstream_misconfigured", reason="its provider key has no api_base")
    if row.family is Family.AZURE:
        found = address.azure(base)
    elif row.family is Family.ANTHROPIC:
        found = address.anthropic(base)
    else:
        aside = row.paths.get((Operation.CHAT, DialectName.ANTHROPIC), "").removesuffix("/v1/messages")
        found = address.openai(base, row.base, aside)
    return fault("upstream_misconfigured", reason=found.reason) if isinstance(found, Refused) else found


def _credential(row: Provider, secret: str) -> str | EntraCredential | Fault:
    if not secret:
        return fault("upstream_credential", reason="it is empty") if row.key_needed else ""
    if reference(secret) is not None:
        return fault("upstream_credential", reason="what it refers to could not be read")
    if row.family is Family.AZURE and secret.lstrip().startswith("{"):
        return read_credential(secret)
    if not secret.isascii() or not secret.isprintable() or secret.isspace():
        return fault("upstream_credential", reason="it has characters that a header cannot carry")
    return secret


def _auth_line(row: Provider, dialect: DialectName, token: str) -> tuple[tuple[str, str], ...]:
    """Credential and protocol lines of a head in ``dialect``."""
    lines: tuple[tuple[str, str], ...] = (("anthropic-version", "2023-06-01"),) if dialect is DialectName.ANTHROPIC else ()
    if not token or row.auth is Auth.NONE:
        return lines
    if row.auth is Auth.BEARER:
        return (("authorization", f"Bearer {token}"), *lines)
    return ((row.auth.value, token), *lines)


def _target(
    row: Provider,
    key: ProviderKey,
    model: Model,
    names: Names,
    root: Address,
    entra: EntraCredential | None,
    auth: dict[DialectName, tuple[tuple[str, str], ...]],
) -> Target:
    request, response = key.request or _NO_REQUEST, key.response or _NO_RESPONSE
    own = {"authorization"} if entra is not None else set()
    own |= {name for lines in auth.values() for name, _ in lines} | {f"{names.header_prefix}request-id"}
    facts = {
        "model.id": model.id,
        "model.name": model.display_name,
        "provider_key.id": key.id,
        "provider_key.name": key.display_name,
    }
    defaults = compile_defaults(request.default_headers, facts, frozenset(own))
    taken = frozenset(own) | defaults.names
    paths = _paths(row, root)
    return Target(
        provider=row.name,
        row=row,
        in_process=row.family is Family.ECHO,
        scheme=root.scheme,
        host=root.host,
        port=root.port,
        allow=("*",) if key.allow_private is True else () if key.allow_private is False else tuple(key.allow_private),
        tls=key.id if key.tls is not None else "",
        model_name=model.model_name or "",
        wildcard="*" in model.display_name,
        speaks=frozenset(paths),
        credential=entra,
        edit=compile_edits(request, response),
        bridged_edit=output_limit_edit(row.quirks.max_output_field),
        render=defaults.render,
        forward=compile_forward(request.forward_client_headers, names.header_prefix, taken),
        # Servers of one's own often send no terminator; a finish reason shows their answers to be whole.
        done_marker=response.stream_done_marker or ("optional" if key.api_base else row.quirks.done_marker),
        reasoning_field=response.reasoning_field or row.quirks.reasoning_field,
        _private=_private(auth, dict(defaults.fixed)),
        _heads=_heads(paths, root, names, auth, defaults, model),
        _routes=_routes(frozenset(paths)),
    )


def _private(auth: Mapping[DialectName, tuple[tuple[str, str], ...]], added: Mapping[str, str]) -> tuple[str, ...]:
    sent = {value.removeprefix("Bearer ") for lines in auth.values() for name, value in lines if name != "anthropic-version"}
    return tuple(value for value in sent | set(added.values()) if len(value) >= PRIVATE_LENGTH)


def _paths(row: Provider, root: Address) -> dict[Spoken, str]:
    """Where each dialect is spoken; ``{}`` stands for the model."""
    if row.family is Family.AZURE and not root.path.endswith("/v1"):
        pinned = "/openai/deployments/" in root.path
        stem = root.path if pinned else root.path.removesuffix("/deployments") + "/deployments/{}"
        # The classic form has one path per deployment, and no Responses there.
        return {spoken: stem + path for spoken, path in row.paths.items() if spoken[1] is DialectName.OPENAI_CHAT}
    above = address.unversioned(root.path)
    return {spoken: (above if spoken[1] is DialectName.ANTHROPIC else root.path) + path for spoken, path in row.paths.items()}


def _heads(
    paths: dict[Spoken, str],
    root: Address,
    names: Names,
    auth: dict[DialectName, tuple[tuple[str, str], ...]],
    defaults: Defaults,
    model: Model,
) -> dict[Spoken, _Head]:
    if not auth:
        return dict.fromkeys(paths, b"")
    heads: dict[Spoken, _Head] = {}
    fixed = dict(defaults.fixed)
    weak = {"user-agent": names.user_agent, "accept": "*/*"}
    for spoken, path in paths.items():
        lines = {"host": root.authority, "accept-encoding": "identity", "content-type": "application/json"}
        lines |= {name: value for name, value in weak.items() if name not in defaults.names} | dict(auth[spoken[1]]) | fixed
        rest = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        query = f"?{root.query}" if root.query else ""
        before, slot, after = path.partition("{}")
        parts = f"POST {before}".encode(), f"{after}{query} HTTP/1.1\r\n{rest}".encode()
        if not slot:
            heads[spoken] = parts[0] + parts[1]
        else:
            heads[spoken] = parts if "*" in model.display_name else _joined(parts, model.model_name or "")
    return heads


def _joined(parts: tuple[bytes, bytes], upstream_model: str) -> bytes:
    return parts[0] + quote(upstream_model, safe="").encode() + parts[1]


def _routes(speaks: frozenset[Spoken]) -> dict[Spoken, DialectName]:
    routes: dict[Spoken, DialectName] = {spoken: spoken[1] for spoken in speaks}
    for inbound in _BRIDGES:
        for outbound in _BRIDGES:
            if (Operation.CHAT, outbound) in speaks:
                routes.setdefault((Operation.CHAT, inbound), outbound)
                break
    return routes
