"""
Automatic prompt caching (the reference's section 2.2): a decision over neutral words, taken just before they are written.

A breakpoint ends the system prompt and one ends the final message. A caller who set any marker has taken charge: nothing is added.
"""

import msgspec

from lockgate.model.chat import ChatRequest, Document, Image, Message, Text, ToolResult


def mark_cache(request: ChatRequest, ttl: str) -> ChatRequest:
    """``ttl`` is "5m" or "1h"."""
    if any(tool.cache for tool in request.tools) or any(_is_marked(message) for message in request.messages):
        return request
    messages = list(request.messages)
    systems = [index for index, message in enumerate(messages) if message.role == "system"]
    others = [index for index, message in enumerate(messages) if message.role != "system"]
    for indexes in (systems, others):
        if indexes:
            messages[indexes[-1]] = _mark(messages[indexes[-1]], ttl)
    return msgspec.structs.replace(request, messages=tuple(messages))


def _is_marked(message: Message) -> bool:
    for part in message.parts:
        if isinstance(part, (Text, Image, Document)) and part.cache:
            return True
        if isinstance(part, ToolResult) and (part.cache or any(inner.cache for inner in part.parts)):
            return True
    return False


def _mark(message: Message, ttl: str) -> Message:
    """The message with a marker on its last part that can carry one."""
    parts = list(message.parts)
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if isinstance(part, (Image, Document, ToolResult)) or (isinstance(part, Text) and part.text):
            parts[index] = msgspec.structs.replace(part, cache=ttl)
            return msgspec.structs.replace(message, parts=tuple(parts))
    return message
