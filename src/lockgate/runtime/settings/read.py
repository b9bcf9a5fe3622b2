"""
Reading the settings: one file and the environment over it, to ``Settings``, or every problem at once.

Keys that are known but whose feature does not exist (yet) are refused by the two tables below, not ignored.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from lockgate.core.publishing.document import DocumentError, parse
from lockgate.core.publishing.walk import Report, examine, meant
from lockgate.runtime.settings.keys import RequestId, Settings
from lockgate.runtime.settings.overrides import PREFIX, leaves, override, places, variable

_LINK = "is not supported yet: a gateway takes its resources from resources_file"
REFUSED: dict[str, str] = {
    "etcd": "is not supported: a gateway takes its resources from resources_file",
    "managed": _LINK,
    "admin": "is not supported: resources are seen with 'lockgate check', health on the status listener",
    "cache": "is not supported yet: no answer is cached",
    "ratelimit": "is not supported yet: no limit is kept",
    "bedrock_endpoint_url": "is not supported yet: there is no Bedrock",
    "proxy.workers": "is spelt 'workers' here, at the top level",
    "proxy.thread_per_core": "is not supported: 'workers' says how many processes share the listener",
    "proxy.url_rewrites": "is not supported yet: only the listed paths are served",
    "observability.metrics.otlp": "is not supported yet: metrics are scraped from the status listener",
    "observability.tracing": "is not supported yet: no spans are made",
    "observability.metrics.buckets.guardrail_latency": "is not supported yet: there are no guardrails",
    "observability.metrics.buckets.a2a_ttfb": "is not supported yet: there are no A2A endpoints",
}
"""Key to why it is refused, as the end of a sentence."""


NOT_YET: dict[str, str] = {
    "upstream.retries": "must be 0: retries are not supported yet",
    "observability.service_name": "cannot be set yet: nothing reports it",
    "wire.attribute_prefix": "cannot be set yet: there are no trace attributes",
    "wire.id_prefix": "cannot be set yet: no ids are made up for answers",
}
"""Keys whose default is all there is so far: anything else is refused. Whoever builds the feature deletes the row."""


class SettingsError(ValueError):
    """The settings cannot be used; ``sentences`` has everything that is wrong."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of ``path`` (none: the defaults) with the environment over them. Raises SettingsError."""
    sentences: list[str] = []
    keys = leaves(Settings)
    document: dict[str, Any] = {}
    if path is not None:
        document = _document(path)
        _from_folder(document, path.parent, places(keys))
    sources, unknown = override(document, environ, keys)
    sentences += [_unknown_variable(name, {variable(key) for key in keys}) for name in unknown]
    sentences += [f"{key} {why}." for key, why in REFUSED.items() if _take(document, key)]
    report = Report()
    clean = examine(document, Settings, report)
    names = {".".join(key): name for key, name in sources.items()}
    for field, sentence in _between(clean):
        report.say(field, sentence)
    for field, sentence in report.problems.items():
        origin = next((f" (from {name})" for key, name in names.items() if field == key or field.startswith(key + "[")), "")
        sentences.append(f"{field}{origin} {sentence}{'' if sentence.endswith('?') else '.'}")
    if sentences:
        raise SettingsError(sentences)
    return _derived(msgspec.convert(clean, Settings))


def listen_address(text: str) -> tuple[str, int]:
    """Host (without brackets) and port of an address that ``load`` let through."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = parse(path.read_bytes(), path.suffix)
    except OSError as error:
        raise SettingsError([f"The settings file {path} cannot be read: {error.strerror}."]) from None
    except DocumentError as error:
        raise SettingsError([f"{path}: {error}"]) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError([f"{path}: the file is not a map of settings."])
    if "_format_version" in document:
        raise SettingsError(
            [f"{path} is a resources file; name it as resources_file in the settings, or check it with 'lockgate check {path}'."]
        )
    return document


def _from_folder(document: dict[str, Any], folder: Path, keys: Iterable[tuple[str, ...]]) -> None:
    """Relative paths in a file start where the file is, so that it means the same wherever the gateway is started."""
    for *above, last in keys:
        at = document
        for step in above:
            at = _map(at, step)
        named = at.get(last)
        if isinstance(named, str) and named:
            at[last] = str(folder / named)


def _unknown_variable(name: str, known: set[str]) -> str:
    path = name.removeprefix(PREFIX).lower().replace("__", ".")
    for key, why in REFUSED.items():
        if path == key or path.startswith(key + "."):
            return f"{name}: {key} {why}."
    return f"The environment variable {name} is no setting{meant(name, known) or '.'}"


def _take(document: dict[str, Any], key: str) -> bool:
    """Whether a key is set. It is taken out, so that nothing more is said about it."""
    *above, last = key.split(".")
    at: Any = document
    for step in above:
        at = at.get(step) if isinstance(at, dict) else None
    if not isinstance(at, dict) or last not in at:
        return False
    del at[last]
    return True


def _between(document: Any) -> Iterator[tuple[str, str]]:
    """What holds between keys, read defensively: a value may still have a wrong type."""
    for key, why in NOT_YET.items():
        *above, last = key.split(".")
        at, default = document, Settings()
        for step in above:
            at, default = _map(at, step), getattr(default, step)
        usual = getattr(default, last)
        if isinstance(at, dict) and last in at and at[last] != (list(usual) if isinstance(usual, tuple) else usual):
            yield key, why
    tls = _map(_map(document, "upstream"), "tls")
    if bool(tls.get("client_cert_file")) != bool(tls.get("client_key_file")):
        missing = "client_key_file" if tls.get("client_cert_file") else "client_cert_file"
        yield f"upstream.tls.{missing}", "is missing; a client certificate needs its key"
    metrics = _map(_map(document, "observability"), "metrics")
    for name, edges in _map(metrics, "buckets").items():
        if isinstance(edges, list) and all(isinstance(edge, int | float) for edge in edges) and edges != sorted(set(edges)):
            yield f"observability.metrics.buckets.{name}", "must ascend, without equal edges"
    proxy, status = _map(document, "proxy").get("addr"), _map(metrics, "prometheus").get("addr")
    if isinstance(proxy, str) and proxy == status and not proxy.endswith(":0"):
        yield "observability.metrics.prometheus.addr", "must differ from proxy.addr"


def _map(document: Any, key: str) -> dict[str, Any]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def _derived(settings: Settings) -> Settings:
    """Header names in lower case, as the server has them; the request id header follows the prefix."""
    proxy = settings.proxy
    accept = tuple(name.lower() for name in proxy.request_id.accept_headers) or (f"{settings.wire.header_prefix}request-id",)
    real_ip = msgspec.structs.replace(proxy.real_ip, header=proxy.real_ip.header.lower())
    return msgspec.structs.replace(
        settings, proxy=msgspec.structs.replace(proxy, request_id=RequestId(accept_headers=accept), real_ip=real_ip)
    )
