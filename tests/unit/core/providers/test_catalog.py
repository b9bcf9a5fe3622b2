"""The catalogue: rows that agree with themselves, and which row serves a model."""

import pytest
from scripts.providers_reference import PAGE, page

from lockgate.core.providers import address, catalog
from lockgate.core.providers.catalog import PROVIDERS, Auth, Family, Provider
from lockgate.model.operations import DialectName, Operation

CHAT = (Operation.CHAT, DialectName.OPENAI_CHAT)
MESSAGES = (Operation.CHAT, DialectName.ANTHROPIC)
RESPONSES = (Operation.CHAT, DialectName.OPENAI_RESPONSES)

WANTED = [
    "openai",
    "anthropic",
    "azure-openai",
    "deepseek",
    "groq",
    "mistral",
    "together",
    "fireworks",
    "perplexity",
    "openrouter",
    "xai",
    "nvidia",
    "cerebras",
    "ollama",
    "vllm",
    "llama.cpp",
    "openai-compatible",
    "echo",
]


def test_every_promised_provider_has_a_row() -> None:
    assert set(WANTED) <= set(PROVIDERS)


@pytest.mark.parametrize("row", PROVIDERS.values(), ids=lambda row: row.name)
def test_a_row_agrees_with_itself(row: Provider) -> None:
    assert row.paths
    assert row.title
    assert all(path.startswith("/") and not path.endswith("/") for path in row.paths.values())
    assert row.quirks.done_marker in ("required", "optional", "none")
    assert row.quirks.max_output_field in ("max_tokens", "max_completion_tokens")
    if row.base:
        read = address.anthropic if row.family is Family.ANTHROPIC else address.openai
        known = read(row.base)
        assert isinstance(known, address.Address)
        assert row.source.startswith("https://")
    assert (row.auth is Auth.NONE) == (row.family is Family.ECHO)


def test_no_name_or_alias_is_given_twice() -> None:
    names = [name for row in PROVIDERS.values() for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))


def test_only_loopback_bases_are_plain_http() -> None:
    for row in PROVIDERS.values():
        assert not row.base.startswith("http://") or row.base.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("key", "adapter", "model", "has_base", "wanted"),
    [
        # The key's provider, whatever the model says.
        ("groq", None, "groq", False, "groq"),
        ("groq", "openai", "groq", False, "groq"),
        ("groq", None, "openai", False, "groq"),
        ("azure", None, "azure", True, "azure-openai"),
        ("llamacpp", None, "llama.cpp", True, "llama.cpp"),
        # No provider on the key: the model's.
        ("", None, "openai", False, "openai"),
        ("", "openai", "openai", False, "openai"),
        ("", "openai", "groq", False, "groq"),
        # Unknown names: the adapter's family.
        ("mine", "openai", "mine", True, "openai-compatible"),
        ("mine", "anthropic", "mine", True, "anthropic-compatible"),
        ("mine", "azure-openai", "mine", True, "azure-openai"),
        ("openai", "azure-openai", "openai", True, "azure-openai"),
        ("mine", None, "mine", True, "openai-compatible"),
        # Anthropic when the model or the adapter says so.
        ("anthropic", None, "anthropic", False, "anthropic"),
        ("anthropic", "anthropic", "anthropic", False, "anthropic"),
        ("", "anthropic", "anthropic", False, "anthropic"),
        ("mine", None, "anthropic", True, "anthropic"),
        ("mine", "openai", "anthropic", True, "anthropic"),
        ("openrouter", None, "anthropic", False, "openrouter"),
        ("deepseek", "anthropic", "deepseek", True, "anthropic-compatible"),
        ("deepseek", "anthropic", "deepseek", False, "deepseek"),
        ("openai", "anthropic", "openai", True, "anthropic-compatible"),
        # Nothing to go by.
        ("mine", None, "mine", False, None),
        ("mine", "bedrock", "mine", True, None),
        ("aws", "vertex", "aws", False, None),
        ("openai", "bedrock", "openai", False, None),
        ("", None, None, False, None),
    ],
)
def test_the_row_of_a_model(key: str, adapter: str | None, model: str | None, has_base: bool, wanted: str | None) -> None:
    row = catalog.choose(key, adapter, model, has_base)
    assert (row.name if row else None) == wanted


def test_only_rows_that_speak_responses_get_it_verbatim() -> None:
    speaking = {name for name, row in PROVIDERS.items() if RESPONSES in row.speaks}
    assert {"openai", "groq", "xai", "openrouter", "llama.cpp"} <= speaking
    assert not speaking & {"mistral", "deepseek", "anthropic", "openai-compatible", "echo"}


def test_rows_that_speak_anthropic_besides_openai_say_where() -> None:
    assert PROVIDERS["deepseek"].paths[MESSAGES] == "/anthropic/v1/messages"
    assert PROVIDERS["llama.cpp"].paths[MESSAGES] == "/v1/messages"
    assert not PROVIDERS["openai"].speaks_anthropic
    assert CHAT not in PROVIDERS["anthropic"].speaks


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/providers_reference.py"
