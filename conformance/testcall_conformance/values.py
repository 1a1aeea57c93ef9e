"""Values as they cross the adapter protocol: JSON, and objects with the key ``$`` for what JSON cannot say.

``encode`` makes JSON of the Python values below, ``decode`` makes Python values of JSON; ``decode(encode(x))`` is ``x``.
``same`` is equality as the protocol means it: ``undefined`` is not ``null``, ``true`` is not ``1``, ``1`` is ``1.0``, NaN is
NaN, ``-0`` is not ``0``.

What each tag means to an adapter is in ``docs/adapter-protocol.md``. This module knows no SDK.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from dataclasses import fields as dataclass_fields
from typing import Any, Literal

ContainerState = Literal["attached", "detached", "hidden", "text", "document", "none"]
"""Where the call's user interface is to go: an element of the page, one outside of it, a hidden one, a text node, the
document itself, or an id that stands for nothing (``none``)."""


@dataclass(frozen=True, slots=True)
class Undefined:
    """JavaScript's ``undefined``; dialects without one never see it. Use the constant :data:`UNDEFINED`."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = Undefined()


@dataclass(frozen=True)
class Function:
    """A function that the runner passes. Each call of it comes back as ``callback`` with this ``id``.

    ``does`` is what it does when called: invocations (mappings with on, operation, arguments), or ``throws``. It returns
    ``returns``.
    """

    id: str
    does: Sequence[Mapping[str, Any]] | Literal["throws"] = ()
    returns: Any = UNDEFINED


@dataclass(frozen=True)
class Container:
    """The place for the call's user interface, made when first named and found again by ``id``."""

    id: str = "call"
    state: ContainerState = "attached"


@dataclass(frozen=True)
class Builder:
    """A builder: constructed with ``new``, its setters called in order, its properties set, and built if ``build``.

    With ``id`` the result can be used again, as ``Ref(id)`` or as ``on``.
    """

    cls: str
    calls: Sequence[tuple[str, Sequence[Any]]] = ()
    new: Sequence[Any] = ()
    sets: Mapping[str, Any] = field(default_factory=dict)
    build: bool = True
    id: str | None = None


@dataclass(frozen=True)
class New:
    """An object of a class of the SDK, constructed with ``arguments``. With ``id`` it can be used again."""

    cls: str
    arguments: Sequence[Any] = ()
    id: str | None = None


@dataclass(frozen=True)
class Ref:
    """Something that has methods or identity. ``own`` are its own data properties when it was sent, for reading only."""

    id: str
    cls: str = ""
    own: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Opaque:
    """Something that can only be shown: a symbol, a big integer, a date, a cycle. ``text`` is the language's own rendering."""

    cls: str
    text: str = ""


Tagged = Undefined | Function | Container | Builder | New | Ref | Opaque


def encode(value: Any) -> Any:
    """``value`` as JSON of the protocol; raises ``TypeError`` for what the protocol cannot carry."""
    if isinstance(value, float):
        return _encode_float(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if is_dataclass(value) and type(value) in _ENCODERS:
        return _ENCODERS[type(value)](value)
    if isinstance(value, Mapping):
        entries = {_key(key): encode(item) for key, item in value.items()}
        return {"$": "object", "own": entries} if "$" in entries else entries
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    raise TypeError(f"a {type(value).__name__} cannot cross the adapter protocol")


def decode(value: Any) -> Any:
    """The Python value of protocol JSON; raises ``ValueError`` for an unknown or misshapen tag."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: decode(item) for key, item in value.items()}
    tag = value["$"]
    decoder = _DECODERS.get(tag) if isinstance(tag, str) else None
    if decoder is None:
        raise ValueError(f"unknown tagged value {tag!r}: one of {', '.join(sorted(_DECODERS))}")
    try:
        return decoder(value)
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"misshapen tagged value {tag!r}: {type(wrong).__name__} {wrong}") from None


def same(left: Any, right: Any) -> bool:
    """Whether two (decoded) values are equal as the protocol means it."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return (
            _same_number(float(left), float(right))
            if isinstance(left, float) or isinstance(right, float)
            else left == right
        )
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, Ref) and isinstance(right, Ref):
        return left.id == right.id
    if is_dataclass(left) and type(left) is type(right):
        return all(same(getattr(left, part.name), getattr(right, part.name)) for part in dataclass_fields(left))
    return type(left) is type(right) and bool(left == right)


def _same_number(left: float, right: float) -> bool:
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return left == right and math.copysign(1.0, left) == math.copysign(1.0, right)


def _encode_float(value: float) -> Any:
    if math.isnan(value):
        return {"$": "nan"}
    if math.isinf(value):
        return {"$": "infinity" if value > 0 else "-infinity"}
    return {"$": "-0"} if value == 0 and math.copysign(1.0, value) < 0 else value


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key of an object is a string, not {type(key).__name__}")
    return key


def _encode_function(value: Function) -> dict[str, Any]:
    does: Any = value.does
    if does != "throws":
        does = [_encode_step(step) for step in value.does if not isinstance(step, str)]
    encoded: dict[str, Any] = {"$": "function", "id": value.id, "does": does}
    if value.returns is not UNDEFINED:
        encoded["returns"] = encode(value.returns)
    return encoded


def _encode_step(step: Mapping[str, Any]) -> dict[str, Any]:
    arguments = step.get("arguments", [])
    return {
        **step,
        "on": step["on"] if isinstance(step["on"], str) else encode(step["on"]),
        "arguments": encode(arguments),
    }


def _encode_builder(value: Builder) -> dict[str, Any]:
    encoded = {
        "$": "builder",
        "class": value.cls,
        "new": encode(list(value.new)),
        "calls": [[name, encode(list(arguments))] for name, arguments in value.calls],
        "sets": {name: encode(item) for name, item in value.sets.items()},
        "build": value.build,
    }
    return encoded if value.id is None else {**encoded, "id": value.id}


def _encode_new(value: New) -> dict[str, Any]:
    encoded = {"$": "new", "class": value.cls, "arguments": encode(list(value.arguments))}
    return encoded if value.id is None else {**encoded, "id": value.id}


def _encode_ref(value: Ref) -> dict[str, Any]:
    encoded: dict[str, Any] = {"$": "ref", "id": value.id, "class": value.cls}
    return {**encoded, "own": encode(dict(value.own))} if value.own else encoded


_ENCODERS: dict[type, Callable[[Any], Any]] = {
    Undefined: lambda _: {"$": "undefined"},
    Function: _encode_function,
    Container: lambda value: {"$": "container", "id": value.id, "state": value.state},
    Builder: _encode_builder,
    New: _encode_new,
    Ref: _encode_ref,
    Opaque: lambda value: {"$": "opaque", "class": value.cls, "text": value.text},
}


def _decode_function(value: dict[str, Any]) -> Function:
    does = value.get("does", [])
    steps: Any = "throws" if does == "throws" else [_decode_step(step) for step in does]
    return Function(value["id"], steps, decode(value["returns"]) if "returns" in value else UNDEFINED)


def _decode_step(step: dict[str, Any]) -> dict[str, Any]:
    on = step["on"]
    return {**step, "on": on if isinstance(on, str) else decode(on), "arguments": decode(step.get("arguments", []))}


def _decode_builder(value: dict[str, Any]) -> Builder:
    return Builder(
        value["class"],
        [(name, decode(arguments)) for name, arguments in value.get("calls", [])],
        decode(value.get("new", [])),
        {name: decode(item) for name, item in value.get("sets", {}).items()},
        value.get("build", True),
        value.get("id"),
    )


_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "undefined": lambda _: UNDEFINED,
    "nan": lambda _: math.nan,
    "infinity": lambda _: math.inf,
    "-infinity": lambda _: -math.inf,
    "-0": lambda _: -0.0,
    "object": lambda value: {key: decode(item) for key, item in value["own"].items()},
    "function": _decode_function,
    "container": lambda value: Container(value["id"], value.get("state", "attached")),
    "builder": _decode_builder,
    "new": lambda value: New(value["class"], decode(value.get("arguments", [])), value.get("id")),
    "ref": lambda value: Ref(value["id"], value.get("class", ""), decode(value.get("own", {}))),
    "opaque": lambda value: Opaque(value["class"], value.get("text", "")),
}
