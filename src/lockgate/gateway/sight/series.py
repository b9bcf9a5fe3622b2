"""
Series: every metric of the gateway, by name, labels and meaning. The reference page is generated from this table.

Names lack the prefix, which is a setting. The families that are counted per exchange are made from cells at each scrape.
"""

from lockgate.runtime.metrics import Join, Kind, Labels, Series

_WHO = ("api_key_id", "team_id", "user_id", "user_name")
_WHERE = ("endpoint", "inbound_protocol", "provider", "model", "upstream_model", "provider_key_id", "provider_key_name")
FULL: Labels = (*_WHERE, *_WHO, "stream", "is_fallback", "status", "outcome")
TOKENS: Labels = (*_WHERE, *_WHO)
LATENCY: Labels = ("endpoint", "model", "provider", "status_class", "streaming")
DEPLOYMENT: Labels = ("provider", "model", "upstream_model", "provider_key_id")

E2E_EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
TTFT_EDGES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)


def _counter(name: str, labels: Labels, meaning: str) -> Series:
    return Series(name, Kind.COUNTER, labels, meaning)


def _summary(name: str, labels: Labels, meaning: str) -> Series:
    return Series(name, Kind.SUMMARY, labels, meaning)


def _gauge(name: str, labels: Labels, meaning: str, join: Join) -> Series:
    return Series(name, Kind.GAUGE, labels, meaning, join)


# Counted per exchange, from cells.
REQUESTS = _counter("requests_total", ("provider", "model", "status", "outcome"), "Exchanges that ended.")
REQUEST_DURATION = _summary("request_duration_seconds", ("provider", "model", "status"), "Exchanges, first byte in to last byte out.")
PROXY_REQUESTS = _counter("proxy_requests_total", FULL, "Exchanges that ended.")
PROXY_FAILED = _counter("proxy_failed_requests_total", FULL, "Exchanges that ended with a fault; callers who left are not failures.")
PROXY_DURATION = _summary("proxy_request_duration_seconds", FULL, "Exchanges, first byte in to last byte out.")
LLM_REQUESTS = _counter("llm_requests_total", FULL, "Exchanges of endpoints that ask a model.")
LLM_DURATION = _summary("llm_request_duration_seconds", FULL, "Exchanges of endpoints that ask a model, first byte in to last byte out.")
LLM_INPUT = _counter("llm_input_tokens_total", TOKENS, "Input tokens, cached ones included.")
LLM_OUTPUT = _counter("llm_output_tokens_total", TOKENS, "Output tokens, reasoning included.")
LLM_TOTAL = _counter("llm_total_tokens_total", TOKENS, "Input and output tokens.")
LLM_SPEND = _counter(
    "llm_spend_micro_usd_total", TOKENS, "Cost of what was used, in millionths of a US dollar; unpriced models add nothing."
)
LLM_TTFT = _summary("llm_time_to_first_token_seconds", TOKENS, "Streams: start of the attempt to the upstream's first frame of any kind.")
BY_CLIENT = _counter("llm_tokens_by_client_total", ("client_type", "model", "token_type"), "Tokens by kind of calling program (from its User-Agent) and type (input, output).")  # fmt: skip
CONSUMED = _counter("tokens_consumed_total", ("provider", "model"), "Input and output tokens.")
E2E = Series("request_e2e_latency_seconds", Kind.HISTOGRAM, LATENCY, "Exchanges, first byte in to last byte out; a stream counts whole.")
TTFT = Series("request_ttft_seconds", Kind.HISTOGRAM, LATENCY, "Streams: start of the attempt to the upstream's first frame of any kind.")
CANCELLED = _counter("proxy_client_cancelled_requests_total", ("endpoint", "model", "provider_key_id", "provider_key_name"), "Exchanges whose caller left before the end.")  # fmt: skip
EVENTS = _counter("usage_events_emitted_total", ("handler", "status_code", "inbound_protocol", "model", "provider_key_id", "provider_key_name"), "Usage records written, by operation and class of status.")  # fmt: skip
# Counted per attempt that reached the upstream.
DEPLOYMENT_REQUESTS = _counter("deployment_requests_total", DEPLOYMENT, "Attempts that were sent to the upstream.")
DEPLOYMENT_SUCCESS = _counter("deployment_success_responses_total", DEPLOYMENT, "Attempts that the upstream answered well.")
DEPLOYMENT_FAILURE = _counter("deployment_failure_responses_total", DEPLOYMENT, "Attempts that the upstream failed or refused.")
# Counted where they happen.
IN_FLIGHT = _gauge("proxy_in_flight_requests", ("endpoint", "inbound_protocol"), "Exchanges that are not over.", Join.SUM)
BODY_REFUSED = _counter("proxy_request_body_limit_rejections_total", ("endpoint", "inbound_protocol", "outcome"), "Bodies over the limit, by how reading off the rest ended (completed, cap_reached, timeout, client_read_error).")  # fmt: skip
AUTH = _counter("auth_decisions_total", ("method", "result", "reason"), "Credentials looked at: method (api_key, jwt, anonymous, none), result (allowed, denied), reason.")  # fmt: skip
LOG_DROPPED = _counter("log_lines_dropped_total", (), "Log lines that were dropped because the log's reader stalled or failed.")
LOG_REFUSED = _counter("log_lines_refused_total", (), "Log lines that held a value that a log does not accept.")
# Configuration.
CONFIG_OK = _gauge("config_last_reload_successful", (), "1 when the last load of the configuration was applied, else 0.", Join.LEAST)
CONFIG_AT = _gauge("config_last_reload_success_timestamp_seconds", (), "When a configuration was last applied, Unix time.", Join.MOST)
CONFIG_RELOADS = Series("config_reloads_total", Kind.COUNTER, (), "Loads of the configuration, failed ones included.", Join.MOST)
CONFIG_FAILURES = Series("config_reload_failures_total", Kind.COUNTER, ("reason",), "Loads of the configuration that changed nothing, by reason.", Join.MOST)  # fmt: skip
CONFIG_REJECTED = _gauge("config_rejected_resources", ("kind",), "Rows that cannot be used as written.", Join.MOST)
CONFIG_PARTIAL = _gauge("config_partially_compatible_resources", ("kind",), "Rows served without fields that this version does not know.", Join.MOST)  # fmt: skip
CONFIG_STALE = _gauge("config_stale_served_resources", ("kind",), "Rejected rows whose last good value is served.", Join.MOST)
CONFIG_REVISION = _gauge("config_applied_revision", (), "Number of the snapshot that is served.", Join.LEAST)
CONFIG_HASH = _gauge("config_hash_info", ("hash",), "Content hash of the snapshot that is served; the value is 1.", Join.MOST)

PER_EXCHANGE = (
    REQUESTS, REQUEST_DURATION, PROXY_REQUESTS, PROXY_FAILED, PROXY_DURATION, LLM_REQUESTS, LLM_DURATION,
    LLM_INPUT, LLM_OUTPUT, LLM_TOTAL, LLM_SPEND, LLM_TTFT, BY_CLIENT, CONSUMED, E2E, TTFT, CANCELLED, EVENTS,
    DEPLOYMENT_REQUESTS, DEPLOYMENT_SUCCESS, DEPLOYMENT_FAILURE,
)  # fmt: skip
DIRECT = (
    IN_FLIGHT, BODY_REFUSED, AUTH, LOG_DROPPED, LOG_REFUSED,
    CONFIG_OK, CONFIG_AT, CONFIG_RELOADS, CONFIG_FAILURES, CONFIG_REJECTED, CONFIG_PARTIAL, CONFIG_STALE,
    CONFIG_REVISION, CONFIG_HASH,
)  # fmt: skip
SERIES: tuple[Series, ...] = PER_EXCHANGE + DIRECT
