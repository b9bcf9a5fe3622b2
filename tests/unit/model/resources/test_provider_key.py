"""Provider keys: defaults, and nothing secret in print."""

from lockgate.model.resources.provider_key import CREDENTIAL_HEADERS, ProviderKey, RequestOverrides, TelemetryTags
from lockgate.model.resources.secret import Secret


def test_defaults() -> None:
    key = ProviderKey(display_name="k", api_key=Secret("s"))
    assert key.provider == ""
    assert key.strip_headers == CREDENTIAL_HEADERS
    assert key.allow_private is False
    assert key.telemetry_tags == TelemetryTags(featured=False)
    assert [key.api_base, key.adapter, key.request, key.response, key.tls] == [None] * 5


def test_overrides_are_printed_without_their_values() -> None:
    shown = repr(RequestOverrides(default_headers={"authorization": "hush"}, default_body_fields={"user": "hush"}))
    assert "authorization" in shown
    assert "hush" not in shown
