"""
What routing, limits and metering must know of a request in OpenAI's words; the body itself stays bytes.

Types are checked for every member the gateway or a bridge reads, so that a caller learns of a mistake from us and by name.
All else is the upstream's business: unknown members pass. One table per operation, decoded in one go.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from lockgate.core.wire.bodies import UNREADABLE, invalid, unreadable, unsound
from lockgate.core.wire.unshown import Unshown
from lockgate.model.dialect import Ask
from lockgate.model.faults import Fault

_Name = Annotated[str, Meta(min_length=1)]
_Positive = Annotated[int, Meta(ge=1, le=1 << 31)]
_NotNegative = Annotated[int, Meta(ge=0, le=1 << 31)]
_Choices = Annotated[int, Meta(ge=1, le=1024)]


class _StreamOptions(Unshown):
    include_usage: bool | None = None


class _Part(Unshown):
    type: str
    text: str | None = None


class _CalledFunction(Unshown):
    name: str
    arguments: str = ""


class _ToolCall(Unshown):
    id: str | None = None
    type: str | None = None
    function: _CalledFunction | None = None


class _Message(Unshown):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Function(Unshown):
    name: str
    description: str | None = None
    strict: bool | None = None


class _Tool(Unshown):
    type: str
    function: _Function | None = None


class _ChosenTool(Unshown):
    type: str


class _Format(Unshown):
    type: str


class _Chat(Unshown):
    model: _Name
    messages: Annotated[list[_Message], Meta(min_length=1)]
    stream: bool | UnsetType | None = UNSET
    max_tokens: _Positive | UnsetType | None = UNSET
    max_completion_tokens: _Positive | UnsetType | None = UNSET
    temperature: float | None = None
    top_p: float | None = None
    n: _Choices | UnsetType | None = UNSET
    stream_options: _StreamOptions | UnsetType | None = UNSET
    stop: str | list[str] | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | _ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: _Format | None = None
    seed: int | None = None
    user: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    reasoning_effort: str | None = None
    logit_bias: dict[str, float] | None = None


class _Completions(Unshown):
    model: _Name
    prompt: str | Annotated[list[str | int | list[int]], Meta(min_length=1)]
    stream: bool | UnsetType | None = UNSET
    max_tokens: _NotNegative | UnsetType | None = UNSET
    temperature: float | None = None
    top_p: float | None = None
    n: _Choices | UnsetType | None = UNSET
    best_of: _Choices | UnsetType | None = UNSET
    stream_options: _StreamOptions | UnsetType | None = UNSET
    stop: str | list[str] | None = None
    suffix: str | None = None
    echo: bool | None = None
    logprobs: int | None = None
    seed: int | None = None
    user: str | None = None


class _Embeddings(Unshown):
    model: _Name
    input: str | Annotated[list[str | int | list[int]], Meta(min_length=1)]
    encoding_format: str | None = None
    dimensions: _Positive | None = None
    user: str | None = None


_decode_chat = msgspec.json.Decoder(_Chat).decode
_decode_completions = msgspec.json.Decoder(_Completions).decode
_decode_embeddings = msgspec.json.Decoder(_Embeddings).decode

# A second member of one of these names could make the upstream do other than we decided, metered or held.
_OPTIONAL_OF_COMPLETIONS = ("stream", "max_tokens", "n", "best_of", "stream_options")


def peek_chat(body: bytes) -> Ask | Fault:
    try:
        said = _decode_chat(body)
    except UNREADABLE as error:
        return unreadable(error, body)
    acted_on, missing = [b'"model"', b'"messages"'], list[bytes]()
    stream, options = said.stream, said.stream_options
    (missing if stream is UNSET else acted_on).append(b'"stream"')
    (missing if options is UNSET else acted_on).append(b'"stream_options"')
    max_output: int | None = None
    if said.max_completion_tokens is UNSET:
        missing.append(b'"max_completion_tokens"')
    else:
        acted_on.append(b'"max_completion_tokens"')
        max_output = said.max_completion_tokens
    if said.max_tokens is UNSET:
        missing.append(b'"max_tokens"')
    else:
        acted_on.append(b'"max_tokens"')
        max_output = max_output or said.max_tokens
    if said.n is UNSET:
        missing.append(b'"n"')
    else:
        acted_on.append(b'"n"')
        if max_output is not None and said.n:
            max_output *= said.n
    found = unsound(body, acted_on, missing) or _wrong_message(said.messages) or (said.tools and _wrong_tool(said.tools))
    if found:
        return found
    if options is UNSET or options is None:
        return Ask(said.model, stream is True, max_output)
    return Ask(said.model, stream is True, max_output, options.include_usage is True, True)


def peek_completions(body: bytes) -> Ask | Fault:
    try:
        said = _decode_completions(body)
    except UNREADABLE as error:
        return unreadable(error, body)
    acted_on, missing = [b'"model"', b'"prompt"'], list[bytes]()
    for name in _OPTIONAL_OF_COMPLETIONS:
        (missing if getattr(said, name) is UNSET else acted_on).append(b'"%b"' % name.encode())
    found = unsound(body, acted_on, missing)
    if found:
        return found
    max_output: int | None = None
    if said.max_tokens is not UNSET and said.max_tokens is not None:
        # Each prompt of an array is answered, each answer is picked out of best_of.
        choices = max(said.n or 1, said.best_of or 1)
        max_output = said.max_tokens * choices * _prompts(said.prompt)
    options = said.stream_options
    if options is UNSET or options is None:
        return Ask(said.model, said.stream is True, max_output)
    return Ask(said.model, said.stream is True, max_output, options.include_usage is True, True)


def peek_embeddings(body: bytes) -> Ask | Fault:
    """Embeddings have no output tokens: the bound is 0."""
    try:
        said = _decode_embeddings(body)
    except UNREADABLE as error:
        return unreadable(error, body)
    found = unsound(body, (b'"model"', b'"input"'))
    return found or Ask(said.model, max_output=0)


def _prompts(prompt: str | list[str | int | list[int]]) -> int:
    """How many prompts there are: an array of numbers is one prompt in tokens."""
    return 1 if isinstance(prompt, str) or isinstance(prompt[0], int) else len(prompt)


def _wrong_message(messages: list[_Message]) -> Fault | None:
    for index, message in enumerate(messages):
        content = message.content
        if content is None:
            if message.role != "assistant" and message.role != "function":
                return invalid(f"messages[{index}].content", "is required")
        elif content.__class__ is list:
            for number, part in enumerate(content):
                if part.type == "text" and part.text is None:
                    return invalid(f"messages[{index}].content[{number}].text", "is required")
        if message.role == "tool" and not message.tool_call_id:
            return invalid(f"messages[{index}].tool_call_id", "is required")
    return None


def _wrong_tool(tools: list[_Tool]) -> Fault | None:
    for index, tool in enumerate(tools):
        if tool.type == "function" and tool.function is None:
            return invalid(f"tools[{index}].function", "is required")
    return None
