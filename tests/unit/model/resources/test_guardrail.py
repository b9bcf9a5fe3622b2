"""Guardrails: told apart by ``kind``, each with its own defaults."""

import msgspec
import pytest

from lockgate.model.resources.guardrail import (
    AliyunTextModeration,
    AnyGuardrail,
    AzureTextModeration,
    KeywordGuardrail,
    KeywordRegex,
    PiiGuardrail,
)
from lockgate.model.resources.secret import Secret, decode


def test_the_kind_chooses_the_type() -> None:
    row = {"kind": "keyword", "name": "a", "patterns": [{"kind": "regex", "value": "x"}]}
    assert msgspec.convert(row, AnyGuardrail) == KeywordGuardrail(name="a", patterns=(KeywordRegex(value="x"),))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "magic", "name": "a"}, AnyGuardrail)


def test_defaults() -> None:
    guardrail = PiiGuardrail(name="a")
    assert (guardrail.enabled, guardrail.hook_point, guardrail.enforcement_mode, guardrail.fail_open) == (True, "both", "block", True)
    assert (guardrail.default_action, guardrail.max_buffer_bytes, guardrail.on_buffer_exceeded) == ("mask", 262_144, "fail_closed")


def test_each_service_has_its_own_window() -> None:
    azure = AzureTextModeration(name="a", endpoint="https://x.example", api_key=Secret("hush"))
    aliyun = AliyunTextModeration(name="a", region="r", access_key_id="i", access_key_secret=Secret("hush"))
    assert (azure.window_size, azure.window_overlap_size) == (10_000, 256)
    assert (aliyun.window_size, aliyun.window_overlap_size) == (2_000, 128)
    assert "hush" not in repr((azure, aliyun))


def test_credentials_are_secrets() -> None:
    row = {"kind": "lakera", "name": "a", "api_key": "hush"}
    assert "hush" not in repr(msgspec.convert(row, AnyGuardrail, dec_hook=decode))
