"""Speaks a dialect: turns a call of a *concept* into an invocation in the dialect's names, arguments and builders.

Everything comes from the contract; no dialect is named here. What values mean (which session, which user) is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from testcall_conformance.errors import ConformanceError
from testcall_contract.models import Contract, Listener, Operation, Parameter, Setting, SettingsObject

UNDEFINED: dict[str, Any] = {"$": "undefined"}
OMIT = object()
"""As an override of an argument: leave it (and all that follow it) out."""

PLATFORM_PARAMETERS = frozenset({"result_listener", "success_callback", "error_callback", "context"})
"""Parameters that the adapter supplies."""


@dataclass(frozen=True, slots=True)
class Call:
    """An invocation in the dialect's words, ready for the adapter."""

    on: str | dict[str, Any]
    operation: str
    arguments: list[Any] | dict[str, Any]
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Settings to be set, by concept: only these are set, in the dialect's way. ``raw`` replaces the whole object."""

    values: Mapping[str, Any] = field(default_factory=dict)
    raw: Any = None
    built: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


class Dialect:
    """One contract, spoken. ``choices`` picks alternatives of names: operation concept to name, ``object.member`` to setter."""

    def __init__(self, contract: Contract, choices: Mapping[str, str] | None = None) -> None:
        self.contract = contract
        self._choices = dict(choices or {})

    def operation(self, concept: str) -> Operation:
        """The operation of that concept; :class:`ConformanceError` when the dialect has none."""
        try:
            return self.contract.operations[concept]
        except KeyError:
            raise ConformanceError(f"{self.contract.contract} has no operation {concept!r}") from None

    def has(self, concept: str) -> bool:
        """Whether the dialect has the operation."""
        return concept in self.contract.operations

    def call(self, concept: str, values: Mapping[str, Any], on: str | dict[str, Any] | None = None) -> Call:
        """The call of ``concept``; ``values`` by parameter concept. An optional parameter without a value is left out."""
        operation = self.operation(concept)
        name = self._choices.get(concept, operation.name)
        target = on or operation.on or self.contract.style.holder
        parameters = [p for p in operation.parameters if p.concept not in PLATFORM_PARAMETERS]
        values = {**values, **{p.concept: self._spelled(p, values) for p in parameters if p.concept in values}}
        if operation.signature:
            values = {**values, **{p.concept: None for p in parameters if _left_out(p, values)}}
        if (operation.arguments or self.contract.style.arguments) == "named":
            given = {p.name: values[p.concept] for p in parameters if values.get(p.concept, OMIT) is not OMIT}
            return Call(target, name, given, operation.signature)
        return Call(target, name, _positional(concept, parameters, values), operation.signature)

    def _spelled(self, parameter: Parameter, values: Mapping[str, Any]) -> Any:
        """The argument in the parameter's own case, where its type lists words: a dialect may have two spellings of one word."""
        value, shape = values[parameter.concept], parameter.type
        if isinstance(shape, Mapping) and "type" in shape:
            shape = self.contract.type_shapes[shape["type"]]
        options = shape.get("one_of", []) if isinstance(shape, Mapping) else []
        words = [option["const"] for option in options if isinstance(option, Mapping) and "const" in option]
        if not isinstance(value, str) or value in words:
            return value
        return next((word for word in words if isinstance(word, str) and word.lower() == value.lower()), value)

    def settings(self, object_key: str, given: Given) -> Any:
        """The tagged value for a settings object with just the given settings set."""
        if given.raw is not None:
            return given.raw
        spec = self.settings_object(object_key)
        if spec.form == "builder":
            new = [given.values.get(key) for key in spec.new] if any(key in given.values for key in spec.new) else []
            later = {key: value for key, value in given.values.items() if key not in spec.new}
            named = {self._setter_of(object_key, key): value for key, value in later.items()} | dict(given.extra)
            several = {self._setter_of(object_key, key) for key in later if _takes_several(spec.members[key])}
            return {
                "$": "builder",
                "class": spec.builder or spec.name,
                "new": new,
                "calls": []
                if spec.fields
                else [[name, list(value) if name in several else [value]] for name, value in named.items()],
                "sets": named if spec.fields else {},
                "build": given.built and bool(spec.build),
            }
        named = {spec.members[key].name: value for key, value in given.values.items()} | dict(given.extra)
        return named if spec.form == "object" else {"$": "new", "class": spec.name, "arguments": named}

    def _setter_of(self, object_key: str, key: str) -> str:
        return self._choices.get(f"{object_key}.{key}", _setter(self.contract.settings[object_key], key))

    def settings_object(self, object_key: str) -> SettingsObject:
        """The settings object of that key; :class:`ConformanceError` when the dialect has none."""
        try:
            return self.contract.settings[object_key]
        except KeyError:
            raise ConformanceError(f"{self.contract.contract} has no settings object {object_key!r}") from None

    def listener_value(
        self, key: str, listener: Listener, label: str, only: list[str] | None = None, **does: Any
    ) -> Any:
        """A listener with a function per event of ``key``; the functions are called ``label:event``.

        ``only`` restricts it to some events; ``does`` maps an event concept to what its function does.
        """
        functions = {
            event.name: function(f"{label}:{concept}", does.get(concept))
            for concept, event in self.contract.events.items()
            if key in event.via and (only is None or concept in only)
        }
        return {"$": "new", "class": listener.wrap, "arguments": [functions]} if listener.wrap else functions

    def events_of(self, listener_key: str) -> list[str]:
        """The concepts of the events that the listener can get."""
        return [concept for concept, event in self.contract.events.items() if listener_key in event.via]


def names_offered(contract: Contract, offers: Callable[[str, str], bool]) -> dict[str, str]:
    """Operation concept → the other name that documents have for it, where the build offers that one and not the usual one.

    So for the setters of builders, by ``object.member``.
    """
    chosen = {}
    for concept, operation in contract.operations.items():
        on = operation.on or contract.style.holder
        other = next((name for name in operation.alternatives if offers(on, name)), None)
        if other is not None and not offers(on, operation.name):
            chosen[concept] = other
    for object_key, spec in contract.settings.items():
        on = spec.builder or spec.name
        for key, setting in spec.members.items():
            names = (item.args.get("setter") for conflict in setting.conflicts for item in conflict.alternatives)
            other = next((name for name in names if isinstance(name, str) and offers(on, name)), None)
            if other is not None and not offers(on, _setter(spec, key)):
                chosen[f"{object_key}.{key}"] = other
    return chosen


def function(identity: str, does: Any = None) -> dict[str, Any]:
    """A function that the adapter makes; when it is called, a callback named by ``identity`` comes."""
    value: dict[str, Any] = {"$": "function", "id": identity}
    return value if does is None else {**value, "does": does}


def container(identity: str, state: str = "attached") -> dict[str, Any]:
    """A container element in the given state."""
    return {"$": "container", "id": identity, "state": state}


def _left_out(parameter: Parameter, values: Mapping[str, Any]) -> bool:
    """Whether an argument is left out that would make the call another overload's: then it is given as nothing."""
    return not parameter.optional and values.get(parameter.concept, OMIT) is OMIT


def _positional(concept: str, parameters: list[Parameter], values: Mapping[str, Any]) -> list[Any]:
    arguments: list[Any] = []
    for parameter in parameters:
        value = values.get(parameter.concept, OMIT)
        if value is OMIT:
            arguments.append(OMIT)
            continue
        arguments.append(value)
    while arguments and arguments[-1] is OMIT:
        arguments.pop()
    return [UNDEFINED if argument is OMIT else argument for argument in arguments]


def _takes_several(setting: Setting) -> bool:
    """Whether the setter has several arguments: then its legal values are the lists of them."""
    return setting.type == "list" and any(isinstance(legal, list) for legal in setting.values)


def _setter(spec: SettingsObject, key: str) -> str:
    setting: Setting = spec.members[key]
    return setting.setter or setting.name
