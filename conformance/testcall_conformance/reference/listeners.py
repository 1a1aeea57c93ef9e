"""Who is to be told what: registrations, in the order in which they were made, and the calling of what was registered.

A callback that throws is reported and keeps nobody else from being called. A key that is in use is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from testcall_conformance.reference.objects import ListenerObject
from testcall_conformance.values import Function


@dataclass(eq=False, slots=True)
class Registration:
    """One registration with the listener ``listener`` of the contract: functions by the event's name in the dialect."""

    listener: str
    functions: Mapping[str, Function]
    key: str | None = None
    source: Any = None
    """The object that was registered, where a registration is ended by it."""


class Registry:
    """All registrations of one instance."""

    def __init__(self) -> None:
        self._all: list[Registration] = []
        self._carried: list[Registration] = []

    def add(self, registration: Registration) -> Callable[[], None]:
        """Register; returns what removes it again."""
        if registration.key is not None:
            self.remove(registration.listener, registration.key)
        self._all.append(registration)

        def remove() -> None:
            if registration in self._all:
                self._all.remove(registration)

        return remove

    def remove(self, listener: str, key: str) -> None:
        """Remove what was registered under ``key``; an unknown key is nothing."""
        self._all = [item for item in self._all if (item.listener, item.key) != (listener, key)]

    def remove_object(self, listener: str, source: Any) -> None:
        """Remove what was registered with that object; an unknown one is nothing."""
        self._all = [item for item in self._all if item.listener != listener or item.source is not source]

    def clear(self) -> None:
        """Remove everything that was registered."""
        self._all.clear()

    def carry(self, registrations: list[Registration]) -> None:
        """Put the listeners that came with a session's settings in the place of the earlier session's."""
        self._carried = registrations

    def functions(self, listener: str, event: str) -> Iterator[Function]:
        """The functions to call for an event, in order."""
        for registration in [*self._all, *self._carried]:
            if registration.listener == listener and event in registration.functions:
                yield registration.functions[event]


def functions_of(value: Any) -> dict[str, Function]:
    """The functions of a listener, by name: those of an instance or of a plain object; everything else is left out."""
    members = value.members if isinstance(value, ListenerObject) else value
    if not isinstance(members, Mapping):
        return {}
    return {name: item for name, item in members.items() if isinstance(item, Function)}
