"""Models: defaults of the blocks (gateway.md 2.2)."""

from lockgate.model.resources.model import AutoPromptCaching, Cooldown, Embedding, Model, Routing, RoutingTarget


def test_defaults() -> None:
    assert Model(display_name="m").allowed_cidrs == ()
    assert AutoPromptCaching(enabled=True).ttl == "5m"
    assert Embedding(dimensions=3).normalize is True
    assert Routing(targets=(RoutingTarget(model="m"),)).strategy == "failover"
    cooldown = Cooldown()
    assert (cooldown.default_seconds, cooldown.max_seconds) == (30, 600)
    assert cooldown.trigger_statuses == (401, 408, 429, 500, 502, 503, 504)
