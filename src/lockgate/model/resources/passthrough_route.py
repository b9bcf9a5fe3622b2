"""Passthrough routes: paths or hosts whose requests are relayed as they are."""

from typing import Annotated, Literal

from msgspec import Meta

from lockgate.model.resources.words import Cidr, Count64, Nullable, Resource, Text

LowerHeader = Annotated[str, Meta(min_length=1, pattern="^[!#$%&'*+.^_`|~0-9a-z-]+$")]
Host = Annotated[str, Meta(min_length=1, pattern=r"^(\*\.)?([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+$|^[A-Za-z0-9-]+$")]


class PassthroughRoute(Resource, frozen=True, kw_only=True):
    name: Text
    """Unique name; also spelt ``display_name``."""
    enabled: bool = True
    """Whether the route is served."""
    path_prefix: Nullable[Annotated[str, Meta(min_length=1, pattern="^/.*$")]] = None
    """Beginning of the paths served."""
    hosts: Nullable[tuple[Host, ...]] = None
    """Hosts served, each a name or ``*.`` and a name."""
    target_url: Nullable[Annotated[str, Meta(min_length=1, pattern="^https?://.*$")]] = None
    """Where requests are sent."""
    preserve_host: bool = False
    """Sends requests to the host the caller named, which must be one of ``hosts``."""
    auth_mode: Literal["gateway_key", "header_key", "anonymous"] = "gateway_key"
    """Where the caller key is: in the usual place, in a header field of its own, or nowhere."""
    auth_header_name: Nullable[LowerHeader] = None
    """That header field (header_key)."""
    anonymous_key_id: Nullable[Text] = None
    """Id of the caller key that requests run as (anonymous)."""
    source_cidrs: Nullable[tuple[Cidr, ...]] = None
    """Networks requests may come from (anonymous)."""
    credential_mode: Literal["inject", "forward_client"] = "inject"
    """Whose credential the upstream gets: the provider key's or the caller's own."""
    provider_key_id: Nullable[Text] = None
    """Id of the provider key (inject)."""
    identity_header: Nullable[LowerHeader] = None
    """Header field whose value is recorded and not forwarded."""
    timeout_ms: Nullable[Count64] = None
    """Longest time for an answer."""
