"""OIDC providers and claim mappings: defaults."""

import msgspec

from lockgate.model.resources.oidc import ClaimMapping, OidcProvider


def test_defaults() -> None:
    provider = OidcProvider(name="o", issuer="https://x.example", audiences=("a",))
    assert (provider.identity_claim, provider.enabled, provider.bound_claims) == ("sub", True, {})
    row = {"name": "m", "jwt_provider": "o", "match": [{"claim": "c", "op": "exact", "values": ["v"]}], "resolve": {"api_key_id": "k"}}
    assert msgspec.convert(row, ClaimMapping).priority == 0
