"""The HTTP/1.1 fuzzer, for a few seconds in every run and much longer under ``make fuzz``."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.http1_fuzz import fuzz_client, fuzz_server
from tests.fuzz.http1_reference import read_all
from tests.golden.http1.cases import cases

SEEDS = st.integers(0, 1 << 40)
EXAMPLES = settings.get_current_profile_name() == "fuzz"


@given(SEEDS)
@settings(max_examples=20_000 if EXAMPLES else 800)
def test_the_server_keeps_its_promises(seed: int) -> None:
    loop = asyncio.new_event_loop()
    try:
        fuzz_server(loop, seed)
    finally:
        loop.close()


@given(SEEDS)
@settings(max_examples=20_000 if EXAMPLES else 1500)
def test_the_client_keeps_its_promises(seed: int) -> None:
    fuzz_client(seed)


def test_the_reference_agrees_with_the_golden_cases() -> None:
    wrong = []
    for case in cases():
        if max(map(len, (case.raw, b""))) > 60_000 or "431" in str(case.statuses) or "414" in str(case.statuses):
            continue
        served = sum(status == frozenset({200}) for status in case.statuses)
        verdict = read_all(case.raw, 100_000)
        if len(verdict.requests) != served and all(len(status) == 1 for status in case.statuses):
            wrong.append(f"{case.name}: {len(verdict.requests)} instead of {served}")
    assert not wrong, "\n".join(wrong)
