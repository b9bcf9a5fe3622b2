"""
What holds for every test: nothing leaves this machine, and property tests do not depend on the clock.

The guard is an audit hook, which nothing in the process can switch off again. It sees the connections of Python's own
sockets; those that an event loop makes by itself are seen by the loop of ``tests/kit/loop.py``, which async tests run in.
"""

import os
import sys

from hypothesis import HealthCheck, settings
from tests.kit.loopback import refuse_beyond_loopback

sys.addaudithook(refuse_beyond_loopback)

settings.register_profile("test", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI")))
settings.register_profile("fuzz", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=int(os.environ.get("EXAMPLES", "1000")))
settings.load_profile("test")
