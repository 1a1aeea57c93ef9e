"""What the checks of contracts share: the case, a finding, and where things stand in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from testcall_contract.models import Contract, Core, Item, SettingsObject, Source
from testcall_contract.promises import Promise, Subject, items, promises
from testcall_contract.shapes import Shape, shape_errors

Location = tuple[str | int, ...]
"""Keys and indices that lead from the top of the file to a place in it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, and where it stands."""

    location: Location
    sentence: str


@dataclass(frozen=True)
class Case:
    """A contract that is looked at, with the core's concepts and the rules that have a check."""

    contract: Contract
    core: Core
    bound_rules: frozenset[str]

    @cached_property
    def promises(self) -> list[Promise]:
        """All promises of the contract."""
        return promises(self.contract)

    @cached_property
    def items(self) -> list[tuple[Subject, Item | SettingsObject]]:
        """All items of the contract."""
        return list(items(self.contract))

    def source(self, reference: str | None) -> Source | None:
        """The source that ``key#Heading`` names; None for one that the contract doesn't list."""
        return self.contract.sources.get((reference or "").partition("#")[0])

    def shape_findings(self, location: Location, shape: Shape) -> Iterator[Finding]:
        """What is wrong with a shape that stands at ``location``."""
        for error in shape_errors(shape, self.contract.types):
            yield Finding(location, error)


_SECTIONS = {
    "operation": "operations",
    "settings_object": "settings",
    "listener": "listeners",
    "event": "events",
    "error": "errors",
    "constant": "constants",
    "type": "types",
    "limit": "limits",
}


def location_of_item(subject: Subject) -> Location:
    """Where an item stands."""
    if subject.kind == "setting":
        return ("settings", str(subject.object), "members", subject.key)
    return (_SECTIONS[subject.kind], subject.key) if subject.kind in _SECTIONS else (subject.kind,)


def location_of(promise: Promise) -> Location:
    """Where a clause, conflict or silence stands."""
    section = {"clause": "clauses", "conflict": "conflicts", "silence": "silences"}[promise.kind]
    return (*location_of_item(promise.subject), section, promise.position)


def known(name: str, words: Any, what: str) -> str | None:
    """The sentence for ``name`` where it is none of ``words``, with the nearest of them; None where it is one."""
    from difflib import get_close_matches

    if name in words:
        return None
    near = get_close_matches(str(name), list(words), 1)
    return f"unknown {what} {name!r}{f'; did you mean {near[0]!r}?' if near else ''}"
