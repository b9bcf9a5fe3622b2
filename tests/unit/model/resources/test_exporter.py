"""Exporters: content is off by default, and credentials do not show."""

import msgspec

from lockgate.model.resources.exporter import AnyExporter, Datadog, ObjectStore, OtlpHttp
from lockgate.model.resources.secret import decode


def test_content_is_not_sent_by_default() -> None:
    assert OtlpHttp(name="a", endpoint="https://x.example").content_mode == "metadata_only"
    assert Datadog(name="a", site="datadoghq.eu", service="s", credential_ref="D").content_mode == "metadata_only"


def test_headers_are_secrets() -> None:
    row = {"kind": "otlp_http", "name": "a", "endpoint": "https://x.example", "headers": {"authorization": "hush"}}
    assert "hush" not in repr(msgspec.convert(row, AnyExporter, dec_hook=decode))


def test_defaults_of_the_object_store() -> None:
    store = ObjectStore(name="a", provider="s3", bucket="b", prefix="p")
    assert (store.auth_mode, store.compression) == ("credential_ref", "gzip")
