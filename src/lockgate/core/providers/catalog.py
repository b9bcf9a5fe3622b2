"""
The providers: who serves models, one row of data each. Adding a provider is adding a row; nothing here has behaviour.

``base`` is what is dialled when a provider key names no ``api_base``. For the OpenAI family it is the versioned root
that every path of the row is appended to. A row that also speaks Anthropic says under which path below the
unversioned root (``anthropic``): the versioned root ``https://h/inference/v1`` with ``/v1/messages`` gives
``https://h/inference/v1/messages``. What a provider really speaks is read from its own documentation; what is not
documented there is left out, because a request can be bridged but not un-sent.
"""

from enum import StrEnum

import msgspec

from lockgate.model.operations import DialectName, Operation


class Family(StrEnum):
    """How addresses are built; the first three are also what a provider key's ``adapter`` may say."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    AZURE = "azure-openai"
    ECHO = "echo"


class Auth(StrEnum):
    """How the credential travels. ``BEARER`` also holds for the Anthropic endpoints of the OpenAI family."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    API_KEY = "api-key"
    NONE = "none"


class Quirks(msgspec.Struct, frozen=True):
    """Where a provider departs from the dialect it speaks."""

    stream_options: bool = True
    """Takes ``stream_options``. False: it is refused or useless there, because usage always comes."""
    max_output_field: str = "max_tokens"
    """What chat bodies written by a bridge call the output limit."""
    done_marker: str = "required"
    """Whether chat streams end with ``[DONE]``: required, optional or none."""
    reasoning_field: str = ""
    """Where chat answers carry reasoning text; "" when they carry none."""
    codes: dict[str, str] = {}
    """Error codes of the provider that have a better known name."""


Paths = dict[tuple[Operation, DialectName], str]

_CHAT = (Operation.CHAT, DialectName.OPENAI_CHAT)
_COMPLETIONS = (Operation.COMPLETIONS, DialectName.OPENAI_CHAT)
_EMBEDDINGS = (Operation.EMBEDDINGS, DialectName.OPENAI_CHAT)
_RESPONSES = (Operation.CHAT, DialectName.OPENAI_RESPONSES)
_MESSAGES = (Operation.CHAT, DialectName.ANTHROPIC)
_COUNT = (Operation.COUNT_TOKENS, DialectName.ANTHROPIC)


class Provider(msgspec.Struct, frozen=True):
    """One row. ``paths`` start at the versioned root; those of the Anthropic dialect at the unversioned one."""

    name: str
    title: str
    base: str = ""
    """"" when every installation has its own address."""
    family: Family = Family.OPENAI
    auth: Auth = Auth.BEARER
    key_needed: bool = True
    paths: Paths = {}
    quirks: Quirks = Quirks()
    aliases: tuple[str, ...] = ()
    """Other names people give it."""
    source: str = ""
    """The provider's own page the row was made from."""

    @property
    def speaks(self) -> frozenset[tuple[Operation, DialectName]]:
        return frozenset(self.paths)

    @property
    def speaks_anthropic(self) -> bool:
        return _MESSAGES in self.paths


def _openai(*more: str, messages: str = "", count: bool = False) -> Paths:
    """Chat, and of the rest of the OpenAI family what is named; ``messages`` is where the Anthropic dialect is spoken."""
    paths: Paths = {_CHAT: "/chat/completions"}
    if "completions" in more:
        paths[_COMPLETIONS] = "/completions"
    if "embeddings" in more:
        paths[_EMBEDDINGS] = "/embeddings"
    if "responses" in more:
        paths[_RESPONSES] = "/responses"
    if messages:
        paths[_MESSAGES] = messages
        if count:
            paths[_COUNT] = messages + "/count_tokens"
    return paths


_ANTHROPIC_PATHS: Paths = {_MESSAGES: "/v1/messages", _COUNT: "/v1/messages/count_tokens"}

# gateway.md 1.2: Azure's own words for what other providers call otherwise.
_AZURE_CODES = {
    "DeploymentNotFound": "model_not_found",
    "content_filter": "content_policy_violation",
    "ResponsibleAIPolicyViolation": "content_policy_violation",
}

_ROWS = (
    Provider(
        name="openai",
        title="OpenAI",
        base="https://api.openai.com/v1",
        paths=_openai("completions", "embeddings", "responses"),
        quirks=Quirks(max_output_field="max_completion_tokens"),
        source="https://platform.openai.com/docs/api-reference",
    ),
    Provider(
        name="anthropic",
        title="Anthropic",
        base="https://api.anthropic.com",
        family=Family.ANTHROPIC,
        auth=Auth.X_API_KEY,
        paths=_ANTHROPIC_PATHS,
        source="https://docs.anthropic.com/en/api/messages",
    ),
    Provider(
        name="azure-openai",
        title="Azure OpenAI",
        family=Family.AZURE,
        auth=Auth.API_KEY,
        paths=_openai("completions", "embeddings", "responses"),
        quirks=Quirks(max_output_field="max_completion_tokens", codes=_AZURE_CODES),
        aliases=("azure", "azure_openai"),
        source="https://learn.microsoft.com/azure/ai-services/openai/reference",
    ),
    Provider(
        name="deepseek",
        title="DeepSeek",
        base="https://api.deepseek.com/v1",
        paths=_openai(messages="/anthropic/v1/messages"),
        quirks=Quirks(reasoning_field="reasoning_content"),
        source="https://api-docs.deepseek.com/guides/anthropic_api",
    ),
    Provider(
        name="groq",
        title="Groq",
        base="https://api.groq.com/openai/v1",
        paths=_openai("responses"),
        quirks=Quirks(max_output_field="max_completion_tokens", reasoning_field="reasoning"),
        source="https://console.groq.com/docs/openai",
    ),
    Provider(
        name="mistral",
        title="Mistral AI",
        base="https://api.mistral.ai/v1",
        paths=_openai("embeddings"),
        quirks=Quirks(stream_options=False),
        aliases=("mistralai",),
        source="https://docs.mistral.ai/api",
    ),
    Provider(
        name="together",
        title="Together AI",
        base="https://api.together.ai/v1",
        paths=_openai("completions", "embeddings"),
        quirks=Quirks(reasoning_field="reasoning"),
        aliases=("together-ai", "together_ai", "togetherai"),
        source="https://docs.together.ai/docs/openai-api-compatibility",
    ),
    Provider(
        name="fireworks",
        title="Fireworks AI",
        base="https://api.fireworks.ai/inference/v1",
        paths=_openai("completions", "embeddings", messages="/v1/messages"),
        quirks=Quirks(reasoning_field="reasoning_content"),
        aliases=("fireworks-ai", "fireworks_ai"),
        source="https://docs.fireworks.ai/tools-sdks/anthropic-compatibility",
    ),
    Provider(
        name="perplexity",
        title="Perplexity",
        base="https://api.perplexity.ai",
        paths=_openai(),
        quirks=Quirks(stream_options=False, done_marker="optional"),
        source="https://docs.perplexity.ai/docs/sonar/openai-compatibility",
    ),
    Provider(
        name="openrouter",
        title="OpenRouter",
        base="https://openrouter.ai/api/v1",
        paths=_openai("completions", "embeddings", "responses", messages="/v1/messages"),
        quirks=Quirks(reasoning_field="reasoning"),
        source="https://openrouter.ai/docs/api-reference/overview",
    ),
    Provider(
        name="xai",
        title="xAI",
        base="https://api.x.ai/v1",
        paths=_openai("responses"),
        quirks=Quirks(reasoning_field="reasoning_content"),
        aliases=("x-ai", "grok"),
        source="https://docs.x.ai/docs/api-reference",
    ),
    Provider(
        name="nvidia",
        title="NVIDIA NIM",
        base="https://integrate.api.nvidia.com/v1",
        paths=_openai("completions", "embeddings"),
        quirks=Quirks(reasoning_field="reasoning_content"),
        aliases=("nvidia-nim", "nvidia_nim", "nim"),
        source="https://docs.api.nvidia.com/nim/reference",
    ),
    Provider(
        name="cerebras",
        title="Cerebras",
        base="https://api.cerebras.ai/v1",
        paths=_openai("completions"),
        quirks=Quirks(max_output_field="max_completion_tokens", reasoning_field="reasoning"),
        source="https://inference-docs.cerebras.ai",
    ),
    Provider(
        name="ollama",
        title="Ollama",
        base="http://127.0.0.1:11434/v1",
        key_needed=False,
        paths=_openai("completions", "embeddings", "responses", messages="/v1/messages"),
        quirks=Quirks(reasoning_field="reasoning"),
        source="https://docs.ollama.com/api/openai-compatibility",
    ),
    Provider(
        name="vllm",
        title="vLLM",
        base="http://127.0.0.1:8000/v1",
        key_needed=False,
        paths=_openai("completions", "embeddings", "responses", messages="/v1/messages"),
        quirks=Quirks(reasoning_field="reasoning_content"),
        source="https://docs.vllm.ai/en/latest/serving/openai_compatible_server",
    ),
    Provider(
        name="llama.cpp",
        title="llama.cpp server",
        base="http://127.0.0.1:8080/v1",
        key_needed=False,
        paths=_openai("completions", "embeddings", "responses", messages="/v1/messages", count=True),
        quirks=Quirks(reasoning_field="reasoning_content"),
        aliases=("llamacpp", "llama-cpp", "llama_cpp"),
        source="https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    ),
    Provider(
        name="openai-compatible",
        title="Any OpenAI-compatible server",
        key_needed=False,
        paths=_openai("completions", "embeddings"),
        quirks=Quirks(done_marker="optional", reasoning_field="reasoning_content"),
        aliases=("openai_compatible",),
    ),
    Provider(
        name="anthropic-compatible",
        title="Any Anthropic-compatible server",
        family=Family.ANTHROPIC,
        auth=Auth.X_API_KEY,
        key_needed=False,
        paths=_ANTHROPIC_PATHS,
        aliases=("anthropic_compatible",),
    ),
    Provider(
        name="echo",
        title="Echo (built in)",
        family=Family.ECHO,
        auth=Auth.NONE,
        key_needed=False,
        paths=_openai("completions", "embeddings"),
        quirks=Quirks(reasoning_field="reasoning_content"),
    ),
)

PROVIDERS: dict[str, Provider] = {row.name: row for row in _ROWS}
"""By name. ``find`` also knows the aliases."""

_NAMED: dict[str, Provider] = PROVIDERS | {alias: row for row in _ROWS for alias in row.aliases}

_ADAPTERS: dict[str, Provider] = {
    Family.OPENAI: PROVIDERS["openai-compatible"],
    Family.ANTHROPIC: PROVIDERS["anthropic-compatible"],
    Family.AZURE: PROVIDERS["azure-openai"],
}


def find(name: str | None) -> Provider | None:
    """The row of a provider's name or alias; None when there is none."""
    return _NAMED.get(name) if name else None


def of_adapter(adapter: str | None) -> Provider | None:
    """The row that stands for a whole family; None for an adapter that is not served (yet)."""
    return _ADAPTERS.get(adapter) if adapter else None


def choose(key_provider: str, adapter: str | None, model_provider: str | None, has_base: bool = False) -> Provider | None:
    """
    The row that serves a model. Rules, in this order:

    1. A model of provider ``anthropic``, or a key of adapter ``anthropic``, is spoken to in Anthropic (gateway.md 1.8),
       by the key's own row when that row speaks it.
    2. A known provider, the key's before the model's, unless the key's adapter names another family.
    3. The family row of the key's adapter; without one, a server of the operator's own is OpenAI-compatible.

    None when nothing of this says how to talk to it.
    """
    row = find(key_provider) or find(model_provider)
    if adapter == Family.ANTHROPIC:
        # A base that the operator wrote is then the Anthropic one; without it the row knows its own.
        fits = row is not None and (row.family is Family.ANTHROPIC or (row.speaks_anthropic and not has_base))
        return row if fits else PROVIDERS["anthropic-compatible"]
    if model_provider == "anthropic":
        own = find(key_provider)
        return own if own is not None and own.speaks_anthropic else PROVIDERS["anthropic"]
    if not adapter:
        return row or (PROVIDERS["openai-compatible"] if has_base else None)
    if row is not None and row.family == adapter:
        return row
    return of_adapter(adapter)
