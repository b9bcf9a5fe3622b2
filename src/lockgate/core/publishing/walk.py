"""
A plain value against a type: every problem at once, with a dotted path, in words for whoever wrote the file.

msgspec stops at the first error; this walks the type's own description instead and converts only what is sound.
The types stay the one place where fields, bounds and forms are declared. Values are never quoted.
"""

import math
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from lockgate.core.publishing.forms import FORMS

MAX_PARTIAL = 64
"""Unknown fields reported per row."""


class Report:
    """
    What was found in one row: per field the first thing that is wrong. A tolerant walk reads over unknown fields and
    counts them. ``spelt`` has the fields that were written by their second name.
    """

    __slots__ = ("problems", "spelt", "tolerant", "unknown")

    def __init__(self, tolerant: bool = False) -> None:
        self.tolerant = tolerant
        self.problems: dict[str, str] = {}
        self.spelt: dict[str, str] = {}
        self.unknown: dict[str, int] = {}

    def say(self, path: str, sentence: str) -> None:
        self.problems.setdefault(self.spelt.get(path, path), sentence)

    def skip(self, path: str) -> None:
        spot = re.sub(r"\[\d+\]", "[]", path)
        if spot in self.unknown or len(self.unknown) < MAX_PARTIAL:
            self.unknown[spot] = self.unknown.get(spot, 0) + 1


Check = Callable[[Any, str, Report], Any]
"""(value, its path, report) -> the value without what was read over."""


@cache
def check_for(kind: Any) -> Check:
    """The check of a type, made once."""
    return _check(inspect.type_info(kind), {})


def examine(value: object, kind: Any, report: Report, path: str = "") -> Any:
    """``value`` without unknown fields; what is wrong with it is in ``report``."""
    return check_for(kind)(value, path, report)


def _check(node: Any, extra: dict[str, Any]) -> Check:
    while isinstance(node, inspect.Metadata):
        extra = {**extra, **(node.extra or {})}
        node = node.type
    makers: dict[type, Callable[[Any, dict[str, Any]], Check]] = {
        inspect.StrType: _text,
        inspect.CustomType: _text,
        inspect.IntType: _number,
        inspect.FloatType: _number,
        inspect.BoolType: _bool,
        inspect.LiteralType: _literal,
        inspect.DateTimeType: _moment,
        inspect.UnionType: _union,
        inspect.VarTupleType: _list,
        inspect.DictType: _map,
        inspect.StructType: _struct,
        inspect.AnyType: _any,
    }
    return makers[node.__class__](node, extra)


def _any(node: Any, extra: dict[str, Any]) -> Check:
    return lambda value, path, report: value


def _bool(node: Any, extra: dict[str, Any]) -> Check:
    def check(value: Any, path: str, report: Report) -> Any:
        if value.__class__ is not bool:
            report.say(path, "must be true or false")
        return value

    return check


def _text(node: Any, extra: dict[str, Any]) -> Check:
    shortest, longest = getattr(node, "min_length", None) or 0, getattr(node, "max_length", None)
    pattern = re.compile(node.pattern) if getattr(node, "pattern", None) else None
    form = FORMS[extra["form"]] if "form" in extra else None
    wanted = f"must {extra['words']}" if "words" in extra else f"must have the form {getattr(node, 'pattern', '')}"

    def check(value: Any, path: str, report: Report) -> Any:
        if value.__class__ is not str:
            hint = "; put it in quotes" if isinstance(value, bool | int | float) else ""
            report.say(path, f"must be text{hint}")
        elif len(value) < shortest:
            report.say(path, "must not be empty" if shortest == 1 else f"must have at least {shortest} characters")
        elif longest is not None and len(value) > longest:
            report.say(path, f"must have at most {longest} characters")
        elif pattern is not None and not pattern.fullmatch(value):
            report.say(path, wanted)
        elif form is not None and (wrong := form(value)):
            report.say(path, wrong)
        return value

    return check


def _number(node: Any, extra: dict[str, Any]) -> Check:
    whole, low, high, above = isinstance(node, inspect.IntType), node.ge, node.le, node.gt
    wanted = _bounds("a whole number" if whole else "a number", low, high) + ("" if above is None else f" above {above:g}")

    def check(value: Any, path: str, report: Report) -> Any:
        sound = value.__class__ is int or (not whole and value.__class__ is float and math.isfinite(value))
        if not sound or (low is not None and value < low) or (high is not None and value > high) or (above is not None and value <= above):
            report.say(path, wanted)
        return value

    return check


def _bounds(noun: str, low: float | None, high: float | None) -> str:
    # A bound that only says "fits in 64 bits" would not help a reader.
    if high is not None and high >= 4_294_967_295:
        high = None
    if low is not None and high is not None:
        return f"must be {noun} from {low:g} to {high:g}"
    if low is not None:
        return f"must be {noun} of at least {low:g}" if low > -2_147_483_648 else f"must be {noun}"
    return f"must be {noun}"


def _literal(node: Any, extra: dict[str, Any]) -> Check:
    values = node.values
    wanted = f"must be {values[0]}" if len(values) == 1 else f"must be one of {', '.join(map(str, values))}"

    def check(value: Any, path: str, report: Report) -> Any:
        if value.__class__ is not str or value not in values:
            report.say(path, wanted)
        return value

    return check


def _moment(node: Any, extra: dict[str, Any]) -> Check:
    kind = node

    def check(value: Any, path: str, report: Report) -> Any:
        try:
            if value.__class__ is not str:
                raise ValueError
            import datetime

            moment = msgspec.convert(value, datetime.datetime)
            if kind.tz and moment.tzinfo is None:
                raise ValueError
        except ValueError:
            report.say(path, "must be a date and time with its offset, as in 2030-01-31T12:00:00Z")
        return value

    return check


def _list(node: Any, extra: dict[str, Any]) -> Check:
    inner, shortest, longest = _check(node.item_type, {}), node.min_length or 0, node.max_length

    def check(value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, list):
            report.say(path, "must be a list")
            return value
        if len(value) < shortest:
            report.say(path, f"must have at least {shortest} {'entry' if shortest == 1 else 'entries'}")
        if longest is not None and len(value) > longest:
            report.say(path, f"must have at most {longest} entries")
        return [inner(item, f"{path}[{index}]", report) for index, item in enumerate(value)]

    return check


def _map(node: Any, extra: dict[str, Any]) -> Check:
    key_check, inner = _check(node.key_type, {}), _check(node.value_type, {})

    def check(value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, dict):
            report.say(path, "must be a map")
            return value
        found = {}
        for key, item in value.items():
            spot = f"{path}.{key}"
            key_check(key, spot, report)
            found[key] = inner(item, spot, report)
        return found

    return check


def _union(node: Any, extra: dict[str, Any]) -> Check:
    kinds: dict[type, Check] = {}
    tagged: dict[object, Check] = {}
    words: list[str] = []
    tag_field = ""
    for option in node.types:
        core = option
        while isinstance(core, inspect.Metadata):
            core = core.type
        if isinstance(core, inspect.NoneType):
            continue
        check = _check(option, extra)
        if isinstance(core, inspect.StructType) and core.tag_field:
            tag_field, tagged[core.tag] = core.tag_field, check
            continue
        for plain in _PLAIN[core.__class__]:
            kinds[plain] = check
        words.append(_NOUN[core.__class__])
    if tagged:
        return _tagged(tag_field, tagged)
    only = next(iter(kinds.values())) if len(words) == 1 else None

    def check_value(value: Any, path: str, report: Report) -> Any:
        if value is None:
            if not extra.get("null"):
                report.say(path, "must not be empty; give a value or leave the field out")
            return value
        chosen = only or kinds.get(value.__class__)
        if chosen is None:
            report.say(path, f"must be {' or '.join(words)}")
            return value
        return chosen(value, path, report)

    return check_value


_PLAIN: dict[type, tuple[type, ...]] = {
    inspect.StrType: (str,),
    inspect.CustomType: (str,),
    inspect.LiteralType: (str,),
    inspect.DateTimeType: (str,),
    inspect.IntType: (int,),
    inspect.FloatType: (float, int),
    inspect.BoolType: (bool,),
    inspect.VarTupleType: (list,),
    inspect.DictType: (dict,),
    inspect.StructType: (dict,),
}
_NOUN: dict[type, str] = {
    inspect.StrType: "text",
    inspect.CustomType: "text",
    inspect.LiteralType: "one of the known words",
    inspect.DateTimeType: "a date and time",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.VarTupleType: "a list",
    inspect.DictType: "a map",
    inspect.StructType: "a map",
}


def _tagged(tag_field: str, options: dict[object, Check]) -> Check:
    names = ", ".join(sorted(str(tag) for tag in options))

    def check(value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, dict):
            report.say(path, "must be a map")
            return value
        tag = value.get(tag_field)
        chosen = options.get(tag) if isinstance(tag, str) else None
        if chosen is None:
            report.say(f"{path}.{tag_field}" if path else tag_field, f"must be one of {names}")
            return value
        return chosen(value, path, report)

    return check


def _struct(node: Any, extra: dict[str, Any]) -> Check:
    return _Struct(node)


class _Struct:
    """The check of a block. Its fields' checks are made at first use, which lets types contain themselves."""

    __slots__ = ("fields", "node", "required")

    def __init__(self, node: Any) -> None:
        self.node = node
        self.fields: dict[str, Check] = {}
        self.required: tuple[str, ...] = ()

    def _prepare(self) -> None:
        node = self.node
        self.fields = {field.encode_name: _check(field.type, {}) for field in node.fields}
        self.required = tuple(field.encode_name for field in node.fields if field.required)
        if node.tag_field:
            self.required = (node.tag_field, *self.required)
            self.fields[node.tag_field] = _tag(node.tag)

    def __call__(self, value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, dict):
            report.say(path, "must be a map")
            return value
        if not self.fields:
            self._prepare()
        fields, prefix, found = self.fields, f"{path}." if path else "", {}
        for key, item in value.items():
            check = fields.get(key)
            if check is not None:
                found[key] = check(item, prefix + key, report)
            elif report.tolerant:
                report.skip(prefix + key)
            else:
                report.say(prefix + key, f"is not a known field{meant(key, fields)}")
        for key in self.required:
            if key not in value:
                report.say(prefix + key, "is missing")
        return found


def _tag(tag: object) -> Check:
    def check(value: Any, path: str, report: Report) -> Any:
        if value != tag:
            report.say(path, f"must be {tag}")
        return value

    return check


def meant(key: str, known: Iterable[str]) -> str:
    """Ends a sentence with the name that was probably meant, if there is one."""
    import difflib  # only for those who mistype

    near = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
