"""Shapes: what a value must look like, as contracts write it, and how a value that a build delivered compares with one.

A shape is a word (``string``, ``number``, ``integer``, ``boolean``, ``null``, ``undefined``, ``nothing``, ``any``, ``function``,
``object``, ``list``) or a mapping with one of the keys ``object`` (member name to shape; a name that ends in ``?`` may be
absent; members that the shape doesn't name are allowed), ``list`` (the shape of each item), ``one_of`` (list of shapes),
``const`` (exactly this value), ``type`` (the name of a type of the contract), ``ref`` (something with methods: its class, or
``any``). ``nothing`` is satisfied by ``undefined`` and ``null``: dialects without a difference.

Values are those of the adapter protocol: JSON, with ``{"$": "undefined"}`` and its like for what JSON can't say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS = frozenset(
    ["string", "number", "integer", "boolean", "null", "undefined", "nothing", "any", "function", "object", "list"]
)
COMBINATORS = frozenset(["object", "list", "one_of", "const", "type", "ref"])

Shape = str | dict[str, Any]

_MINIFIED = 2
"""Letters that the name of a class has at most when a minifier made it; it tells a reader nothing."""
_DEPTH = 2
"""Objects within objects that a sentence shows."""


def shape_errors(shape: Any, types: Mapping[str, Any]) -> list[str]:
    """What is wrong with ``shape`` itself (not with a value): unknown words, unknown types. Empty when it is well formed."""
    if isinstance(shape, str):
        return [] if shape in WORDS else [f"unknown shape {shape!r}; known: {', '.join(sorted(WORDS))}"]
    if not isinstance(shape, Mapping) or len(shape) != 1 or next(iter(shape)) not in COMBINATORS:
        return [f"a shape is a word or a mapping with one of {', '.join(sorted(COMBINATORS))}, not {shape!r}"]
    ((key, inner),) = shape.items()
    if key == "object":
        if not isinstance(inner, Mapping):
            return [f"'object' takes a mapping of member to shape, not {inner!r}"]
        return [error for member in inner.values() for error in shape_errors(member, types)]
    if key == "list":
        return shape_errors(inner, types)
    if key == "one_of":
        if not isinstance(inner, list) or not inner:
            return [f"'one_of' takes a list of shapes, not {inner!r}"]
        return [error for option in inner for error in shape_errors(option, types)]
    if key == "type" and inner not in types:
        return [f"unknown type {inner!r}"]
    return []


def mismatch(shape: Shape, value: Any, types: Mapping[str, Shape], at: str = "value") -> str | None:
    """Why ``value`` doesn't have ``shape``, as one clause of a sentence that names the member; None when it has."""
    if isinstance(shape, str):
        return None if _is_word(shape, value) else f"{at} is {describe(value)}, not {_article(shape)}"
    ((key, inner),) = shape.items()
    if key == "const":
        return None if _same(value, inner) else f"{at} is {describe(value)}, not {describe(inner)}"
    if key == "type":
        return mismatch(types[inner], value, types, at)
    if key == "ref":
        is_ref = isinstance(value, Mapping) and value.get("$") == "ref"
        return None if is_ref and inner in ("any", value.get("class")) else f"{at} is {describe(value)}, not a {inner}"
    if key == "one_of":
        reasons = [mismatch(option, value, types, at) for option in inner]
        return None if None in reasons else "; ".join(str(reason) for reason in reasons)
    if key == "list":
        return _list_mismatch(inner, value, types, at)
    return _object_mismatch(inner, value, types, at)


def _list_mismatch(inner: Shape, value: Any, types: Mapping[str, Shape], at: str) -> str | None:
    if not isinstance(value, list):
        return f"{at} is {describe(value)}, not a list"
    for index, item in enumerate(value):
        reason = mismatch(inner, item, types, f"{at}[{index}]")
        if reason:
            return reason
    return None


def _object_mismatch(members: Mapping[str, Shape], value: Any, types: Mapping[str, Shape], at: str) -> str | None:
    value = _members(value)
    if value is None:
        return f"{at} is not an object"
    for name, shape in members.items():
        plain = name.removesuffix("?")
        if plain not in value:
            if name.endswith("?") or shape in ("undefined", "nothing", "any"):
                continue
            return f"{at} has no member {plain!r}"
        if name.endswith("?") and _is_word("nothing", value[plain]):
            continue
        reason = mismatch(shape, value[plain], types, f"{at}.{plain}")
        if reason:
            return reason
    return None


def _members(value: Any) -> Mapping[str, Any] | None:
    """The members of an object: its own properties, or those that came along with a reference; None for what is none."""
    if not isinstance(value, Mapping):
        return None
    if value.get("$") == "ref":
        own = value.get("own")
        return own if isinstance(own, Mapping) else {}
    return None if "$" in value else value


def _is_word(word: str, value: Any) -> bool:
    tag = value.get("$") if isinstance(value, Mapping) else None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {
        "any": True,
        "undefined": tag == "undefined",
        "null": value is None,
        "nothing": value is None or tag == "undefined",
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "number": number or tag in ("nan", "infinity", "-infinity", "-0"),
        "integer": (number and float(value).is_integer()) or tag == "-0",
        "function": tag == "function",
        "list": isinstance(value, list),
        "object": isinstance(value, Mapping) and tag in (None, "ref"),
    }[word]


def _same(value: Any, constant: Any) -> bool:
    return type(value) is type(constant) and bool(value == constant)


def describe(value: Any, depth: int = 0) -> str:
    """``value`` in a few words for a sentence: JSON's spelling, undefined as such, long texts and deep objects cut."""
    if isinstance(value, Mapping):
        tag = value.get("$")
        if tag == "ref":
            return _describe_ref(str(value.get("class") or ""), _members(value) or {}, depth)
        return str(tag) if tag else _describe_members(value, depth)
    if isinstance(value, list):
        shown = value[: 4 if not any(isinstance(item, Mapping) for item in value) else 2]
        left = len(value) - len(shown)
        return "[" + ", ".join([*(describe(item, depth) for item in shown), *([f"{left} more"] if left else [])]) + "]"
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else value[:77] + "…")
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _describe_ref(class_name: str, members: Mapping[str, Any], depth: int) -> str:
    """By the name of its class, or by its members where there is none or a minifier made it."""
    if len(class_name) > _MINIFIED:
        return _article(class_name)
    return _describe_members(members, depth) if members else "an object"


def _describe_members(members: Mapping[str, Any], depth: int) -> str:
    if depth == _DEPTH and members:
        return "{…}"
    told = [f"{key}: {describe(item, depth + 1)}" for key, item in list(members.items())[:6]]
    return "{" + ", ".join(told + ["…"] * (len(members) > len(told))) + "}"


def shape_text(shape: Shape) -> str:
    """``shape`` as one writes a type: ``{token: string, "name?": string}``, ``[User]``, ``string | null``."""
    if isinstance(shape, str):
        return shape
    ((key, inner),) = shape.items()
    if key == "object":
        return "{" + ", ".join(f"{name}: {shape_text(member)}" for name, member in inner.items()) + "}"
    if key == "list":
        return f"[{shape_text(inner)}]"
    if key == "one_of":
        return " | ".join(shape_text(option) for option in inner)
    if key == "const":
        return describe(inner)
    return "object with methods" if inner == "any" else str(inner)


def _article(word: str) -> str:
    if word in ("undefined", "null", "nothing", "any"):
        return word
    return f"an {word}" if word[0] in "aeiouAEIOU" else f"a {word}"
