"""
``${NAME}`` in a file's texts, replaced by the environment. ``$$`` is a dollar, a bare ``$NAME`` stays as it is, and keys
of maps are never touched.

Header values have variables of their own (``${request.id}``), filled per request. The two do not meet: names of header
variables have a dot, names of the environment cannot have one. Where header variables are allowed, a name with a dot is
left alone; everywhere else it is refused.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from lockgate.core.publishing.forms import ENVIRONMENT_NAME

Say = Callable[[str, str], None]
"""(path, what is wrong)."""

_REFERENCE = re.compile(r"\$(\$|\{[^}]*\}?)")


def interpolate(value: Any, env: Mapping[str, str], path: str, say: Say, header_values_at: str | None) -> Any:
    """A copy of ``value`` with every text replaced. Below the path ``header_values_at`` header variables are allowed."""
    if isinstance(value, str):
        if "$" not in value:
            return value
        return _text(value, env, path, say, header_values_at is not None and path.startswith(header_values_at + "."))
    if isinstance(value, dict):
        return {key: interpolate(inner, env, f"{path}.{key}" if path else key, say, header_values_at) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolate(inner, env, f"{path}[{index}]", say, header_values_at) for index, inner in enumerate(value)]
    return value


def _text(text: str, env: Mapping[str, str], path: str, say: Say, header_value: bool) -> str:
    def replace(match: re.Match[str]) -> str:
        found = match.group()
        if found == "$$":
            if header_value and match.string[match.end() : match.end() + 1] == "{":
                say(path, "cannot hold a literal '${', because a header value reads it as a variable")
            return "$"
        if not found.endswith("}"):
            say(path, "has a '${' without its '}'; write $${ for the characters themselves")
            return found
        name = found[2:-1]
        if ENVIRONMENT_NAME.fullmatch(name):
            return _variable(name, env, path, say)
        if not (header_value and "." in name):
            say(path, f"has {found}, which names no environment variable; write ${found} for the characters themselves")
        return found

    return _REFERENCE.sub(replace, text)


def _variable(name: str, env: Mapping[str, str], path: str, say: Say) -> str:
    value = env.get(name)
    if not value:
        state = "not set" if value is None else "empty"
        say(path, f"needs the environment variable {name}, which is {state}")
    return value or ""
