"""What one gateway lets be seen of itself: one access line and one observation per exchange, and nothing of what was said."""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.kit.exchanges import OTHER_TARGET, AttemptOver, ExchangeOver
from tests.kit.scrape import Scrape

from lockgate.gateway.sight import Outcome, Sight, render_joined
from lockgate.gateway.sight.cells import Cells
from lockgate.gateway.sight.series import SERIES
from lockgate.model.faults import fault
from lockgate.model.principal import Principal
from lockgate.model.records import AttemptKind
from lockgate.runtime.clock import ManualClock
from lockgate.runtime.logs import Level, LogWriter
from lockgate.runtime.metrics import Family
from lockgate.runtime.tasks import spawn

_UNKNOWN_MODEL = ExchangeOver(
    model="", target=None, attempts=[], records=0, status=404, outcome=Outcome.FAILURE, fault=fault("model_not_found", model="canary"),
    usage=None, spend=None, provider_request_id="",
)  # fmt: skip
_LEFT_EARLY = replace(ExchangeOver(), status=499, outcome=Outcome.CANCELLED, fault=fault("caller_gone"), usage=None, spend=None)


class _Watched:
    def __init__(self, **settings: Any) -> None:
        self.text = b""
        self.log = LogWriter(os.open(os.devnull, os.O_WRONLY), tap=self._take, clock=ManualClock(), strict=True)
        self.sight = Sight(self.log, **settings)

    def _take(self, chunk: bytes) -> None:
        self.text += chunk

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def scrape(self) -> Scrape:
        return Scrape(self.sight.render())


def test_an_answered_request_is_one_line_with_every_field() -> None:
    watched = _Watched()
    watched.sight.finished(ExchangeOver())
    assert watched.lines == [
        {
            "time": "2023-11-14T22:13:20.000Z",
            "level": "info",
            "message": "proxy request completed",
            "method": "POST",
            "path": "/v1/chat/completions",
            "status": 200,
            "latency_ms": 300,
            "provider": "openai",
            "model": "gpt",
            "api_key_id": "key-1",
            "prompt_tokens": 12,
            "completion_tokens": 30,
            "total_tokens": 42,
            "request_id": "request-1",
            "provider_request_id": "chatcmpl-1",
            "served_by_model": "gpt",
            "routing_attempt_count": 1,
            "client": "203.0.113.0",
        }
    ]


def test_a_refusal_names_its_kind_and_the_tables_sentence_without_the_callers_words() -> None:
    watched = _Watched()
    watched.sight.finished(_UNKNOWN_MODEL)
    (line,) = watched.lines
    assert (line["status"], line["error_kind"], line["error"]) == (404, "model_not_found", "The model '…' does not exist.")
    assert "model" not in line
    assert b"canary" not in watched.text


def test_a_fault_that_is_only_foreign_words_has_no_sentence() -> None:
    watched = _Watched()
    watched.sight.finished(replace(_UNKNOWN_MODEL, status=400, fault=fault("body_invalid", reason="canary")))
    (line,) = watched.lines
    assert line["error_kind"] == "body_invalid"
    assert "error" not in line


def test_a_caller_who_left_before_the_head_is_a_499() -> None:
    watched = _Watched()
    watched.sight.finished(_LEFT_EARLY)
    (line,) = watched.lines
    assert (line["status"], line["error_kind"]) == (499, "client_disconnected")
    cancelled = "lockgate_proxy_client_cancelled_requests_total"
    where = {"endpoint": "/v1/chat/completions", "model": "gpt", "provider_key_id": "pk-1", "provider_key_name": "main"}
    assert watched.scrape.value(cancelled, **where) == 1
    assert watched.scrape.total("lockgate_proxy_failed_requests_total") == 0


def test_a_stream_is_logged_at_its_first_byte_and_again_per_attempt_at_its_end() -> None:
    watched = _Watched()
    failed = AttemptOver(
        target=OTHER_TARGET, status=502, fault=fault("upstream_failed"), usage=None, finish_reason="", provider_request_id=""
    )
    stream = replace(
        ExchangeOver(),
        stream=True,
        ttft_s=0.1,
        attempts=[failed, AttemptOver(kind=AttemptKind.FALLBACK, ttft_s=0.1)],
        records=2,
        ended=109.0,
    )
    watched.sight.stream_started(stream, 100.1)
    first = watched.lines[0]
    assert (first["message"], first["latency_ms"], first["routing_attempt_count"]) == ("proxy request completed", 100, 2)
    assert first["routing_fallback_count"] == 1
    assert not first.keys() & {"prompt_tokens", "completion_tokens", "total_tokens", "provider_request_id"}
    watched.sight.finished(replace(stream, streamed=True))
    _, second, third = watched.lines
    assert second["message"] == third["message"] == "provider call completed"
    assert (second["attempt_index"], second["error_kind"], second["served_by_model"]) == (0, "upstream_failed", "claude")
    assert (third["attempt_index"], third["attempt_kind"], third["ttft_ms"], third["total_tokens"]) == (1, "fallback", 100, 42)
    assert third["provider_request_id"] == "chatcmpl-1"
    assert watched.scrape.total("lockgate_proxy_requests_total") == 1


@pytest.mark.parametrize("text", ["canary and more", "canary\n", "ä-canary", "canary" * 50])
def test_text_where_an_upstream_should_name_an_id_or_a_reason_is_not_quoted(text: str) -> None:
    watched = _Watched()
    attempt = AttemptOver(provider_request_id=text, finish_reason=text)
    watched.sight.finished(replace(ExchangeOver(), provider_request_id=text, attempts=[attempt]))
    watched.sight.finished(replace(ExchangeOver(), provider_request_id=text, attempts=[attempt], streamed=True))
    assert b"canary" not in watched.text
    assert watched.lines[1]["finish_reason"] == "other"


def test_a_bad_credential_leaves_an_auth_decision_and_nothing_else() -> None:
    watched = _Watched()
    before = watched.scrape.samples
    watched.sight.auth_decided("api_key", "denied", "credential_unknown")
    watched.sight.finished(replace(_UNKNOWN_MODEL, principal=None, status=401, fault=fault("credential_unknown")))
    assert watched.lines == []
    after = watched.scrape
    assert after.value("lockgate_auth_decisions_total", method="api_key", result="denied", reason="credential_unknown") == 1
    assert after.samples.keys() - before.keys() == {key for key in after.samples if key[0] == "lockgate_auth_decisions_total"}


def test_our_own_credentials_failure_is_seen_although_it_is_a_401() -> None:
    watched = _Watched()
    watched.sight.finished(replace(_UNKNOWN_MODEL, status=401, fault=fault("upstream_credential", reason="x")))
    assert [line["status"] for line in watched.lines] == [401]


@pytest.mark.parametrize("settings", [{"access_log": False}])
def test_without_an_access_log_there_are_metrics_and_no_lines(settings: dict[str, Any]) -> None:
    watched = _Watched(**settings)
    watched.sight.stream_started(ExchangeOver(), 100.1)
    watched.sight.finished(ExchangeOver())
    assert watched.lines == []
    assert watched.scrape.total("lockgate_requests_total") == 1


def test_above_the_level_of_access_lines_nothing_is_built() -> None:
    log = LogWriter(-1, level=Level.WARNING)
    Sight(log).finished(ExchangeOver())
    assert log.dropped == 0


def test_a_body_over_the_cap_is_a_line_with_the_route_and_the_drains_outcome() -> None:
    watched = _Watched()
    big = fault("body_too_large", limit=10)
    watched.sight.body_refused("POST", "/v1/messages", "anthropic", big, "cap_reached", "request-1", "2001:db8:1:2::3", 0.5)
    (line,) = watched.lines
    assert (line["path"], line["status"], line["drain_outcome"], line["latency_ms"]) == ("/v1/messages", 413, "cap_reached", 500)
    assert line["client"] == "2001:db8:1::"
    where = {"endpoint": "/v1/messages", "inbound_protocol": "anthropic", "outcome": "cap_reached"}
    assert watched.scrape.value("lockgate_proxy_request_body_limit_rejections_total", **where) == 1


def test_one_exchange_feeds_every_family_with_its_labels() -> None:
    watched = _Watched()
    watched.sight.flight("/v1/chat/completions", "openai").n += 1
    watched.sight.config_applied(7, "abc", 1_700_000_000.5)
    watched.sight.config_failed("invalid")
    watched.sight.config_rows(rejected={"models": 2}, partial={"models": 1}, stale={"api_keys": 1})
    watched.sight.auth_decided("api_key", "allowed")
    big = fault("body_too_large", limit=10)
    watched.sight.body_refused("POST", "/v1/messages", "anthropic", big, "completed", "request-1", "", 0.5)
    watched.sight.finished(replace(ExchangeOver(), stream=True, ttft_s=0.1))
    watched.sight.finished(_LEFT_EARLY)
    watched.sight.finished(replace(_UNKNOWN_MODEL, attempts=[AttemptOver(fault=fault("upstream_failed"))]))
    scrape = watched.scrape
    assert scrape.names() == {"lockgate_" + one.name for one in SERIES}
    for one in SERIES:
        extra = {"summary": {"quantile"}, "histogram": {"le"}}.get(one.kind, set())
        name = "lockgate_" + one.name + ("_bucket" if one.kind == "histogram" else "")
        for labels in scrape.labels(name):
            assert labels.keys() == {*one.labels} | extra, name


def test_the_numbers_of_the_families_are_those_of_the_exchanges() -> None:
    watched = _Watched()
    for _ in range(3):
        watched.sight.finished(replace(ExchangeOver(), stream=True, ttft_s=0.12))
    failed = AttemptOver(status=502, fault=fault("upstream_failed"), usage=None)
    bad = replace(ExchangeOver(), status=502, outcome=Outcome.FAILURE, fault=failed.fault, attempts=[failed], usage=None, spend=None)
    watched.sight.finished(bad)
    scrape = watched.scrape
    assert scrape.value("lockgate_requests_total", provider="openai", model="gpt", status="200", outcome="success") == 3
    assert scrape.value("lockgate_requests_total", provider="openai", model="gpt", status="502", outcome="failure") == 1
    assert scrape.total("lockgate_llm_requests_total", user_name="Ann", is_fallback="false", stream="true") == 3
    assert scrape.total("lockgate_proxy_failed_requests_total", api_key_id="key-1") == 1
    assert scrape.total("lockgate_llm_input_tokens_total", team_id="team-1") == 36
    assert scrape.total("lockgate_llm_output_tokens_total") == 90
    assert scrape.value("lockgate_tokens_consumed_total", provider="openai", model="gpt") == 126
    assert scrape.total("lockgate_llm_spend_micro_usd_total") == 4.5
    assert scrape.value("lockgate_llm_tokens_by_client_total", client_type="openai-python", model="gpt", token_type="output") == 90
    assert scrape.total("lockgate_llm_time_to_first_token_seconds_count") == 3
    assert scrape.value("lockgate_request_duration_seconds_sum", provider="openai", model="gpt", status="200") == pytest.approx(0.9)
    where = {"endpoint": "/v1/chat/completions", "model": "gpt", "provider": "openai", "status_class": "2xx", "streaming": "true"}
    assert scrape.value("lockgate_request_e2e_latency_seconds_bucket", **where, le="0.25") == 0
    assert scrape.value("lockgate_request_e2e_latency_seconds_bucket", **where, le="0.5") == 3
    assert scrape.value("lockgate_request_ttft_seconds_bucket", **where, le="0.2") == 3
    events = {"handler": "chat", "inbound_protocol": "openai", "model": "gpt", "provider_key_id": "pk-1", "provider_key_name": "main"}
    assert scrape.value("lockgate_usage_events_emitted_total", **events, status_code="5xx") == 1
    there = {"provider": "openai", "model": "gpt", "upstream_model": "gpt-4o-2024", "provider_key_id": "pk-1"}
    names = ("requests_total", "success_responses_total", "failure_responses_total")
    assert [scrape.value(f"lockgate_deployment_{name}", **there) for name in names] == [4, 3, 1]


def test_attempts_that_never_reached_the_upstream_are_no_deployment_requests() -> None:
    watched = _Watched()
    dead = AttemptOver(target=OTHER_TARGET, reached=False, status=502, fault=fault("transport_error", reason="refused"), usage=None)
    left = AttemptOver(fault=fault("caller_gone"), status=499)
    watched.sight.finished(replace(ExchangeOver(), attempts=[dead, left]))
    scrape = watched.scrape
    assert [labels["model"] for labels in scrape.labels("lockgate_deployment_requests_total")] == ["gpt"]
    assert scrape.total("lockgate_deployment_success_responses_total") == 0
    assert scrape.total("lockgate_deployment_failure_responses_total") == 0


def test_unknown_models_collapse_and_paths_that_match_nothing_have_no_model() -> None:
    watched = _Watched()
    watched.sight.finished(_UNKNOWN_MODEL)
    watched.sight.finished(replace(_UNKNOWN_MODEL, endpoint="other", operation=None, inbound_protocol="", fault=fault("path_unknown")))
    models = {(labels["endpoint"], labels["model"]) for labels in watched.scrape.labels("lockgate_proxy_requests_total")}
    assert models == {("/v1/chat/completions", "unresolved"), ("other", "")}
    assert watched.scrape.total("lockgate_llm_requests_total") == 1


def test_no_family_has_a_label_for_single_requests() -> None:
    assert not {label for one in SERIES for label in one.labels} & {"request_id", "path", "client_ip", "user_agent", "prompt"}


def test_a_renamed_row_is_counted_under_its_new_name_and_its_old_count_stays() -> None:
    watched = _Watched()
    watched.sight.finished(ExchangeOver())
    watched.sight.config_applied(2, "def", 1.0)
    watched.sight.finished(replace(ExchangeOver(), principal=Principal("key-1", team_id="team-1", user_id="user-1", user_name="Anna")))
    scrape = watched.scrape
    assert [scrape.total("lockgate_proxy_requests_total", user_name=name) for name in ("Ann", "Anna")] == [1, 1]


def test_an_equal_row_of_a_new_snapshot_continues_its_count() -> None:
    watched = _Watched()
    watched.sight.finished(ExchangeOver())
    watched.sight.config_applied(2, "def", 1.0)
    watched.sight.finished(replace(ExchangeOver(), principal=Principal("key-1", "ann's", "team-1", "user-1", "Ann")))
    assert watched.scrape.total("lockgate_proxy_requests_total", user_name="Ann") == 2


def test_the_number_of_cells_is_bounded() -> None:
    cells = Cells((1.0,), (1.0,), most=3)
    for n in range(10):
        cells.of(replace(ExchangeOver(), principal=Principal(f"key-{n}"))).requests += 1
    made = {one.name: Family(one) for one in SERIES}
    assert list(cells.gather(made)) == []
    counts = {values[7]: count for values, count in made["proxy_requests_total"].samples.items()}
    assert counts == {"key-0": 1, "key-1": 1, "key-2": 1, "overflow": 7}


def test_in_flight_counts_go_up_and_down() -> None:
    watched = _Watched()
    flight = watched.sight.flight("/v1/messages", "anthropic")
    assert watched.sight.flight("/v1/messages", "anthropic") is flight
    flight.n += 2
    where = {"endpoint": "/v1/messages", "inbound_protocol": "anthropic"}
    assert watched.scrape.value("lockgate_proxy_in_flight_requests", **where) == 2
    flight.n -= 2
    assert watched.scrape.value("lockgate_proxy_in_flight_requests", **where) == 0


def test_configuration_gauges_tell_the_last_load() -> None:
    watched = _Watched()
    watched.sight.config_applied(1, "aaa", 1000.0)
    watched.sight.config_applied(2, "bbb", 2000.0)
    watched.sight.config_failed("invalid")
    scrape = watched.scrape
    assert scrape.value("lockgate_config_last_reload_successful") == 0
    assert scrape.value("lockgate_config_last_reload_success_timestamp_seconds") == 2000
    assert scrape.value("lockgate_config_reloads_total") == 3
    assert scrape.value("lockgate_config_reload_failures_total", reason="invalid") == 1
    assert scrape.value("lockgate_config_applied_revision") == 2
    assert scrape.labels("lockgate_config_hash_info") == [{"hash": "bbb"}]


def test_workers_are_rendered_as_one() -> None:
    one, two = _Watched(), _Watched()
    for watched, revision in ((one, 5), (two, 6)):
        watched.sight.config_applied(revision, "abc", 1000.0)
        watched.sight.flight("/v1/messages", "anthropic").n += 1
        watched.sight.finished(replace(ExchangeOver(), stream=True, ttft_s=0.2))
    scrape = Scrape(render_joined([one.sight.dump(), two.sight.dump()], "acme_"))
    assert scrape.total("acme_proxy_requests_total") == 2
    assert scrape.total("acme_llm_spend_micro_usd_total") == 3
    assert scrape.total("acme_proxy_in_flight_requests") == 2
    assert scrape.value("acme_config_applied_revision") == 5
    assert scrape.value("acme_config_reloads_total") == 1


def test_the_prefix_and_the_edges_are_settings() -> None:
    watched = _Watched(prefix="acme_", e2e_edges=(0.2, 2.0))
    watched.sight.finished(ExchangeOver())
    assert all(name.startswith("acme_") for name in watched.scrape.names())
    assert {labels["le"] for labels in watched.scrape.labels("acme_request_e2e_latency_seconds_bucket")} == {"0.2", "2.0", "+Inf"}


def test_lines_of_a_serving_process_are_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log"

    async def main() -> None:
        log = LogWriter(os.open(path, os.O_WRONLY | os.O_CREAT))
        log.start(asyncio.get_running_loop())
        sight = Sight(log)
        for n in range(2000):
            sight.finished(replace(ExchangeOver(), request_id=f"request-{n}"))
        assert log.close(10)

    asyncio.run(main())
    assert [json.loads(line)["request_id"] for line in path.read_bytes().splitlines()] == [f"request-{n}" for n in range(2000)]


def test_a_scrape_lets_the_loop_go_on_and_gives_what_rendering_at_once_gives() -> None:
    async def main() -> None:
        watched = _Watched(access_log=False)
        exchanges = [replace(ExchangeOver(), principal=Principal(f"key-{n}")) for n in range(500)]
        for exchange in exchanges:
            watched.sight.finished(exchange)
        at_once = watched.sight.render()
        turns = 0

        async def serve() -> None:
            nonlocal turns
            while True:
                turns += 1
                watched.sight.finished(replace(ExchangeOver(), principal=Principal(f"later-{turns}")))
                watched.sight.auth_decided("api_key", "allowed", f"reason-{turns}")
                await asyncio.sleep(0)

        assert await watched.sight.scrape() == at_once
        serving = spawn(serve(), name="serve")
        Scrape(await watched.sight.scrape())
        assert turns > 20
        serving.cancel()

    asyncio.run(main())
