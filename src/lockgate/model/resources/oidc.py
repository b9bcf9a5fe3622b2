"""Identity tokens of others: OIDC providers, and mappings from the claims of a token to the caller key it runs as."""

from typing import Annotated, Literal

from msgspec import Meta

from lockgate.model.resources.words import U32, Block, Resource, Text

Texts = Annotated[tuple[str, ...], Meta(min_length=1)]


class OidcProvider(Resource, frozen=True, kw_only=True):
    name: Text
    """Unique name."""
    issuer: Text
    """The ``iss`` of its tokens, byte for byte."""
    audiences: Texts
    """Values of ``aud`` that are accepted."""
    jwks_uri: Text | None = None
    """Where its keys are; discovered when left out."""
    identity_claim: Text = "sub"
    """Claim that says who it is; dots lead into objects."""
    required_scopes: tuple[str, ...] = ()
    """Scopes a token must have."""
    bound_claims: dict[str, str | Texts] = {}
    """Claims that must have one of the values given."""
    leeway_secs: Annotated[int, Meta(ge=0, le=300)] | None = None
    """Tolerance for clocks that differ."""
    enabled: bool = True
    """Whether its tokens are accepted."""


class ClaimMatch(Block, frozen=True, kw_only=True):
    claim: Text
    """The claim looked at; dots lead into objects."""
    op: Literal["exact", "contains"]
    """How it is compared."""
    values: Texts
    """What it is compared with; one must match."""


class ClaimResolve(Block, frozen=True, kw_only=True):
    api_key_id: Text
    """Id of the caller key."""


class ClaimMapping(Resource, frozen=True, kw_only=True):
    name: Text
    """Unique name."""
    jwt_provider: Text
    """Name of the OIDC provider."""
    match: Annotated[tuple[ClaimMatch, ...], Meta(min_length=1)]
    """All must match."""
    resolve: ClaimResolve
    """What the token runs as."""
    priority: U32 = 0
    """Lower ones are tried first, then by name and id."""
    enabled: bool = True
    """Whether the mapping counts."""
