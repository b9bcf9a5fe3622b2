"""Passthrough routes: the safe way is the default."""

from lockgate.model.resources.passthrough_route import PassthroughRoute


def test_defaults() -> None:
    route = PassthroughRoute(name="r")
    assert (route.auth_mode, route.credential_mode, route.preserve_host, route.enabled) == ("gateway_key", "inject", False, True)
