"""Policies: defaults, and conditions inside conditions."""

import msgspec

from lockgate.model.resources.policy import CachePolicy, Condition, RateLimitPolicy


def test_conditions_nest() -> None:
    leaf = {"dimension": "team", "operator": "==", "value": "t"}
    policy = msgspec.convert({"name": "p", "limits": {"rpm": 1}, "conditions": [{"logic": "or", "children": [leaf]}]}, RateLimitPolicy)
    assert policy.conditions == (Condition(logic="or", children=(Condition(dimension="team", operator="==", value="t"),)),)


def test_defaults_of_the_cache() -> None:
    policy = CachePolicy(name="c")
    assert (policy.ttl_seconds, policy.applies_to, policy.scope, policy.backend) == (3600, "all", "api_key", "memory")
