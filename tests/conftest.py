"""
What holds for every test: nothing leaves this machine, property tests do not depend on the clock, and no canary gets out.

The guard is an audit hook, which nothing in the process can switch off again. It sees the connections of Python's own
sockets; those that an event loop makes by itself are seen by the loop of ``tests/kit/loop.py``, which async tests run in.

The kit's callers, keys and providers use canaries of the session (``tests/kit/canaries.session``); what gateways leave behind
and what tests print is searched for them when the session ends, in each process that runs tests.
"""

import os
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.kit.canaries import session
from tests.kit.loopback import refuse_beyond_loopback

sys.addaudithook(refuse_beyond_loopback)

settings.register_profile("test", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI")))
settings.register_profile(
    "fuzz", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=int(os.environ.get("EXAMPLES", "1000"))
)
settings.load_profile("test")


@pytest.fixture(scope="session", autouse=True)
def _no_canary_gets_out() -> Iterator[None]:
    yield
    if session().sizes:
        session().check()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was printed and logged in a test that passed; one that failed may show what it compared."""
    report = yield
    if report.passed:
        for title, text in report.sections:
            session().collect(f"{title} of {report.nodeid}", text)
    return report
