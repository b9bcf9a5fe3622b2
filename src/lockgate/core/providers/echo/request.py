"""What the echo reads of a request: the text to say back, the directives before it and the bounds on the answer."""

import msgspec

from lockgate.core.providers.echo.directives import Directives, Refused, read
from lockgate.core.providers.echo.words import count
from lockgate.model.operations import Operation

DEFAULT_TEXT = "This is the built-in echo: there is no model behind it, so it says back what you say."
MAX_DIMENSIONS = 8192
DEFAULT_DIMENSIONS = 64
_MAX_EMBEDDING_WORK = 20_000_000


_Input = str | list[str | int | list[int]]
"""Text, texts, or token numbers in place of either."""


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw = msgspec.Raw(b"null")


class _Block(msgspec.Struct):
    text: str | None = None


class _Body(msgspec.Struct):
    """The members of chat and completion bodies that matter here."""

    model: str = "echo"
    messages: list[_Message] | None = None
    prompt: _Input | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None


class _EmbeddingBody(msgspec.Struct):
    input: _Input
    model: str = "echo"
    dimensions: int | None = None
    encoding_format: str | None = None


class Asked(msgspec.Struct, frozen=True):
    """A request the echo understands. ``texts`` is one text, but for embeddings as many as there are inputs."""

    operation: Operation
    model: str
    texts: tuple[str, ...]
    directives: Directives
    prompt_tokens: int
    stream: bool = False
    wants_usage: bool = False
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    dimensions: int = DEFAULT_DIMENSIONS
    base64: bool = False

    def __repr__(self) -> str:
        return f"Asked({self.operation})"


def understand(operation: Operation, body: bytes) -> Asked | Refused:
    """The request, or why the echo answers 400."""
    try:
        if operation is Operation.EMBEDDINGS:
            return _embeddings(msgspec.json.decode(body, type=_EmbeddingBody))
        return _words(operation, msgspec.json.decode(body, type=_Body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Not the decoder's own words: they may quote the body.
        return Refused("echo: the request body cannot be read")


def _words(operation: Operation, body: _Body) -> Asked | Refused:
    if body.n not in (None, 1):
        return Refused("echo: n can only be 1")
    if operation is Operation.CHAT:
        if not body.messages:
            return Refused("echo: messages is empty")
        texts = [(message.role, _text(message.content)) for message in body.messages]
        said, obeyed = _last(texts)
        prompt_tokens = sum(count(text) for _, text in texts)
    else:
        if body.prompt is None:
            return Refused("echo: prompt is missing")
        said, obeyed = "\n".join(_inputs(body.prompt)), True
        prompt_tokens = count(said)
    found = read(said) if obeyed else (Directives(), said)
    if isinstance(found, Refused):
        return found
    directives, rest = found
    limit = body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens
    if limit is not None and limit < 1:
        return Refused("echo: the output limit must be at least 1")
    return Asked(
        operation=operation,
        model=body.model,
        texts=(rest if rest or directives.tools else DEFAULT_TEXT,),
        directives=directives,
        prompt_tokens=prompt_tokens,
        stream=bool(body.stream),
        wants_usage=body.stream_options is not None and bool(body.stream_options.include_usage),
        max_tokens=limit,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
    )


def _last(texts: list[tuple[str, str]]) -> tuple[str, bool]:
    """
    What to say back, and whether directives in it count: the last user text, or the results of tools that were just
    called. Obeying the same ``/tool`` line again would make every agent loop endless.
    """
    results = []
    for role, text in reversed(texts):
        if role != "tool":
            break
        results.append(text)
    if results:
        return "\n".join(reversed(results)), False
    return next((text for role, text in reversed(texts) if role == "user"), ""), True


def _text(content: msgspec.Raw) -> str:
    """The text of a message: a string, or the text blocks of a list."""
    raw = bytes(content)
    if raw[:1] == b'"':
        return msgspec.json.decode(raw, type=str)
    if raw[:1] == b"[":
        return "\n".join(block.text for block in msgspec.json.decode(raw, type=list[_Block]) if block.text is not None)
    return ""


def _embeddings(body: _EmbeddingBody) -> Asked | Refused:
    inputs = _inputs(body.input)
    if not inputs:
        return Refused("echo: input is empty")
    dimensions = DEFAULT_DIMENSIONS if body.dimensions is None else body.dimensions
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        return Refused(f"echo: dimensions must be between 1 and {MAX_DIMENSIONS}")
    if body.encoding_format not in (None, "float", "base64"):
        return Refused("echo: encoding_format must be float or base64")
    prompt_tokens = sum(count(text) for text in inputs)
    if (prompt_tokens + len(inputs)) * dimensions > _MAX_EMBEDDING_WORK:
        return Refused("echo: the input is too long for that many dimensions")
    found = read(inputs[0])
    if isinstance(found, Refused):
        return found
    return Asked(
        operation=Operation.EMBEDDINGS,
        model=body.model,
        texts=(found[1], *inputs[1:]),
        directives=found[0],
        prompt_tokens=prompt_tokens,
        dimensions=dimensions,
        base64=body.encoding_format == "base64",
    )


def _inputs(given: _Input) -> list[str]:
    """One text per input; a list of token numbers is one text, a list of such lists several."""
    if isinstance(given, str):
        return [given]
    if given and all(isinstance(each, int) for each in given):
        return [" ".join(map(str, given))]
    return [each if isinstance(each, str) else " ".join(map(str, each)) if isinstance(each, list) else str(each) for each in given]
