"""Makes values in the dialect's shapes out of facts: what an operation delivers, what a callback gets, what an error holds.

The client knows facts (a participant's uid); a contract says how the dialect shapes them (``{uid: string, name: string}``).
Members are matched by name without case and punctuation, so that ``joinedAt``, ``joined_at`` and ``JoinedAt`` are one fact; what
no fact fills and the shape demands gets the plainest value of its kind. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testcall_conformance.values import UNDEFINED, Ref
from testcall_contract.models import Contract
from testcall_contract.shapes import Shape

Facts = Mapping[str, Any]
"""What is known of one thing, by plain name (see :func:`plain`). The key ``""`` is the thing as a single value."""

_MISSING = object()
_PREFIXES = ("is", "has", "user", "participant", "error")
_PLAINEST: Mapping[str, Any] = {
    "string": "",
    "number": 0,
    "integer": 0,
    "boolean": False,
    "null": None,
    "any": None,
    "object": {},
    "list": [],
}


def plain(name: str) -> str:
    """A member's name without case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass(frozen=True, slots=True)
class Shaper:
    """Fills the shapes of one contract. ``has_undefined``: the dialect tells ``undefined`` from ``null``."""

    types: Mapping[str, Shape]
    has_undefined: bool

    @property
    def nothing(self) -> Any:
        """The dialect's word for no value."""
        return UNDEFINED if self.has_undefined else None

    def fill(self, shape: Shape, fact: Any) -> Any:
        """``fact`` (a value, :data:`Facts`, or a list of either) in ``shape``."""
        if isinstance(shape, str):
            return self._word(shape, fact)
        ((key, inner),) = shape.items()
        if key == "const":
            return inner
        if key == "type":
            return self.fill(self.types[inner], fact)
        if key == "one_of":
            return self._one_of(inner, fact)
        if key == "list":
            return [self.fill(inner, item) for item in fact] if isinstance(fact, (list, tuple)) else []
        if key == "ref":
            primary = fact.get("") if isinstance(fact, Mapping) else fact
            return primary if isinstance(primary, Ref) else self.nothing
        return {
            name.removesuffix("?"): value
            for name, member in inner.items()
            if (value := self._member(name, member, fact)) is not _MISSING
        }

    def _member(self, name: str, shape: Shape, fact: Any) -> Any:
        found = lookup(fact, name.removesuffix("?")) if isinstance(fact, Mapping) else _MISSING
        if found is _MISSING or found is None:
            if name.endswith("?"):
                return _MISSING
            return self.fill(shape, None)
        return self.fill(shape, found)

    def _word(self, word: str, fact: Any) -> Any:
        value = fact.get("", _MISSING) if isinstance(fact, Mapping) and word not in {"object", "any"} else fact
        if word in {"undefined", "nothing"}:
            return self.nothing if word == "nothing" else UNDEFINED
        if word == "null":
            return None
        if word in {"any", "object"}:
            return bare(fact) if fact is not None else self.nothing if word == "any" else {}
        if fits(word, value):
            return value
        if word == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        if word in {"number", "integer"} and isinstance(value, str) and value.isdigit():
            return int(value)
        if word == "boolean" and value in {"true", "false"}:
            return value == "true"
        plainest = _PLAINEST.get(word)
        return (
            dict(plainest) if isinstance(plainest, dict) else list(plainest) if isinstance(plainest, list) else plainest
        )

    def _one_of(self, options: list[Shape], fact: Any) -> Any:
        empty = [option for option in options if option in ("null", "undefined", "nothing")]
        if fact is None and empty:
            return self.fill(empty[0], None)
        rest = [option for option in options if option not in empty]
        good = [option for option in rest if self._suits(option, fact)]
        return self.fill((good or rest or options)[0], fact)

    def _suits(self, shape: Shape, fact: Any) -> bool:
        if isinstance(shape, str):
            return fits(shape, fact.get("") if isinstance(fact, Mapping) else fact)
        ((key, inner),) = shape.items()
        if key == "const":
            return bool(fact == inner or (isinstance(fact, Mapping) and fact.get("") == inner))
        if key == "type":
            return self._suits(self.types[inner], fact)
        if key == "list":
            return isinstance(fact, (list, tuple))
        return isinstance(fact, (Mapping, Ref))


def lookup(facts: Facts, name: str) -> Any:
    """The fact of that name, with or without the usual prefixes; a private mark when there is none."""
    wanted = plain(name)
    known = {plain(key): value for key, value in facts.items() if key}
    for candidate in (wanted, *(wanted.removeprefix(prefix) for prefix in _PREFIXES if wanted.startswith(prefix))):
        if candidate in known:
            return known[candidate]
    return _MISSING


def known(facts: Facts, name: str) -> Any:
    """The fact of that name, None when there is none."""
    found = lookup(facts, name)
    return None if found is _MISSING else found


def fits(word: str, value: Any) -> bool:
    """Whether a plain value is of the kind that the word names."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "number": number,
        "integer": number and float(value).is_integer(),
        "list": isinstance(value, list),
        "object": isinstance(value, Mapping),
        "function": isinstance(value, Ref),
    }.get(word, False)


def bare(fact: Any) -> Any:
    """Facts as a plain object, for a shape that asks for nothing in particular."""
    if isinstance(fact, Mapping):
        return fact[""] if set(fact) == {""} else {key: bare(value) for key, value in fact.items() if key}
    return [bare(item) for item in fact] if isinstance(fact, (list, tuple)) else fact


def put(value: Any, path: str, item: Any) -> Any:
    """``value`` with ``item`` at the dotted ``path``; what isn't an object on the way becomes one."""
    head, _, rest = path.partition(".")
    members = dict(value) if isinstance(value, Mapping) else {}
    members[head] = put(members.get(head), rest, item) if rest else item
    return members


def merged(value: Any, more: Any) -> Any:
    """``value`` with the members that only ``more`` has, at every depth."""
    if not (isinstance(value, Mapping) and isinstance(more, Mapping)):
        return value
    return {**more, **{key: merged(item, more[key]) if key in more else item for key, item in value.items()}}


def has_undefined(contract: Contract) -> bool:
    """Whether a contract uses the word ``undefined`` in any shape: then its dialect has such a value."""
    return '"undefined"' in contract.model_dump_json()
