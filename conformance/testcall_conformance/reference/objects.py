"""What lives inside one instance of the reference SDK: settings, builders, listeners, functions and other things with identity.

``Heap`` realises the tagged values of the adapter protocol by the contract: a builder of a settings object, a listener class,
a settings class. What the contract doesn't have is missing, as it is in a build.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from testcall_conformance.errors import AdapterFailure
from testcall_conformance.reference.client.logs import Cursor
from testcall_conformance.values import UNDEFINED, Builder, New, Ref
from testcall_contract.models import Contract, Setting, SettingsObject


@dataclass(slots=True)
class Settings:
    """A settings object: ``values`` by setting concept; ``unknown`` what was given beside them. ``built`` false: a builder; ``cursor``: pages of records."""

    key: str
    cls: str
    values: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, Any] = field(default_factory=dict)
    built: bool = True
    cursor: Cursor | None = None


@dataclass(slots=True)
class ListenerObject:
    """An instance of a listener class, and the members that it was made with."""

    cls: str
    members: Mapping[str, Any]


@dataclass(slots=True)
class Abort:
    """An abort controller of the platform: aborting it removes what was registered with its signal."""

    callbacks: list[Any] = field(default_factory=list)
    aborted: bool = False

    def abort(self) -> None:
        """End every registration that was made with the signal."""
        self.aborted = True
        for callback in self.callbacks:
            callback()
        self.callbacks.clear()


class Heap:
    """Objects by id. Ids that the runner gave are kept; others are counted."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._objects: dict[str, Any] = {}
        self._count = itertools.count(1)

    def keep(self, thing: Any, cls: str, ident: str | None = None) -> Ref:
        """A reference to ``thing``."""
        ident = ident or self._named(thing) or f"ref-{next(self._count)}"
        self._objects[ident] = thing
        return Ref(ident, cls)

    def _named(self, thing: Any) -> str | None:
        """The id under which the very thing is kept already; what has no identity of its own has none."""
        if not isinstance(thing, (Settings, ListenerObject)):
            return None
        return next((ident for ident, kept in self._objects.items() if kept is thing), None)

    def find(self, ident: str) -> Any:
        """The object of that id, or None."""
        return self._objects.get(ident)

    def realise(self, value: Any) -> Any:
        """``value`` with builders, constructions and references replaced by what they stand for."""
        if isinstance(value, Builder):
            return self._build(value)
        if isinstance(value, New):
            return self._construct(value)
        if isinstance(value, Ref):
            owner, _, member = value.id.partition(".")
            found = self._objects.get(value.id, self._objects.get(owner) if member else None)
            return found if found is not None else value
        if isinstance(value, dict):
            return {key: self.realise(item) for key, item in value.items()}
        return [self.realise(item) for item in value] if isinstance(value, list) else value

    def call(self, settings: Settings, method: str, arguments: list[Any]) -> Any:
        """Call a setter, a getter or ``build`` of a settings object."""
        spec = self._contract.settings[settings.key]
        if not settings.built and method == spec.build:
            return Settings(settings.key, spec.name, dict(settings.values), dict(settings.unknown))
        key = setter_of(spec, method)
        if key is not None and (not settings.built or not spec.build):
            settings.values[key] = self.realise(_one(arguments))
            return settings
        getter = next((name for name, item in spec.members.items() if method in {item.getter, item.name}), None)
        if getter is not None and spec.members[getter].getter == method:
            return effective(spec.members[getter], settings.values.get(getter, UNDEFINED))
        raise missing(f"{settings.cls}.{method}")

    def _build(self, builder: Builder) -> Any:
        key, spec = self._settings_of(builder.cls, "builder")
        made = Settings(key, builder.cls, built=False)
        made.values |= {name: self.realise(item) for name, item in zip(spec.new, builder.new, strict=False)}
        for method, arguments in builder.calls:
            setting = setter_of(spec, method)
            if setting is None:
                raise missing(f"{builder.cls}.{method}")
            made.values[setting] = self.realise(_one(arguments))
        for name, item in builder.sets.items():
            setting = setter_of(spec, name)
            (made.values if setting else made.unknown)[setting or name] = self.realise(item)
        if builder.build or not spec.build:
            made = Settings(key, spec.name, made.values, made.unknown)
        if builder.id:
            self.keep(made, made.cls, builder.id)
        return made

    def _construct(self, new: New) -> Any:
        made: Any
        listeners = {listener.wrap for listener in self._contract.listeners.values() if listener.wrap}
        if new.cls in listeners:
            first = new.arguments[0] if isinstance(new.arguments, (list, tuple)) and new.arguments else new.arguments
            made = ListenerObject(new.cls, self.realise(first) if isinstance(first, Mapping) else {})
        elif new.cls == "AbortController":
            made = Abort()
        elif any(item.name == new.cls for item in self._contract.types.values()):
            made = self.realise(dict(new.arguments)) if isinstance(new.arguments, Mapping) else {}
        else:
            made = self._settings_instance(new)
        if new.id:
            self.keep(made, new.cls, new.id)
        return made

    def _settings_instance(self, new: New) -> Settings:
        found = [(key, spec) for key, spec in self._contract.settings.items() if new.cls in {spec.name, spec.builder}]
        if not found:
            raise missing(new.cls)
        key, spec = found[0]
        built = new.cls == spec.name or not spec.build
        arguments: Any = new.arguments
        members = arguments if isinstance(arguments, Mapping) else {}
        made = Settings(key, new.cls, built=built)
        for name, item in members.items():
            setting = setter_of(spec, name)
            (made.values if setting else made.unknown)[setting or name] = self.realise(item)
        return made

    def _settings_of(self, cls: str, form: str) -> tuple[str, SettingsObject]:
        for key, spec in self._contract.settings.items():
            if spec.form == form and cls in {spec.builder, spec.name}:
                return key, spec
        raise missing(cls)


def plain_settings(key: str, spec: SettingsObject, value: Mapping[str, Any]) -> Settings:
    """An object literal read as the settings object ``key``."""
    made = Settings(key, spec.name)
    for name, item in value.items():
        setting = next((concept for concept, member in spec.members.items() if member.name == name), None)
        (made.values if setting else made.unknown)[setting or name] = item
    return made


def _one(arguments: Sequence[Any]) -> Any:
    """The value that a setter gets: its argument, or the list of them where it takes several."""
    return (list(arguments) if len(arguments) > 1 else arguments[0]) if arguments else UNDEFINED


def setter_of(spec: SettingsObject, method: str) -> str | None:
    """The setting that the method (or member) of that name sets."""
    return next((key for key, item in spec.members.items() if method == (item.setter or item.name)), None) or next(
        (key for key, item in spec.members.items() if method == item.name), None
    )


def effective(setting: Setting, value: Any) -> Any:
    """What a setting's value comes to: left out or undefined, it is the default."""
    if value is UNDEFINED or value is None:
        return setting.default if setting.has_default else value
    return value


def missing(what: str) -> AdapterFailure:
    """The failure that says that the build has no such thing."""
    return AdapterFailure("missing", what, {"missing": what})
