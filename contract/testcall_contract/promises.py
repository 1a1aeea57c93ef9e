"""All that a contract promises, flat: each clause, conflict and silence with the item that it stands under.

The suites, ``spec check`` and ``spec coverage`` read contracts through this list, so that nobody walks the tree twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from testcall_contract.models import (
    Alternative,
    Clause,
    Conflict,
    Contract,
    Item,
    Setting,
    SettingsObject,
    Silence,
    Source,
)
from testcall_contract.rules import RULES

PromiseKind = Literal["clause", "conflict", "silence"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a promise is about: ``kind`` of item, its concept ``key``, the dialect's ``name``; ``object`` for settings."""

    kind: str
    key: str
    name: str
    item: Any
    object: str | None = None

    def __str__(self) -> str:
        return f"{self.object}.{self.key}" if self.object else self.key


@dataclass(frozen=True, slots=True)
class Promise:
    """A clause, a conflict or a silence of a contract, with its item; ``position`` counts from 0 in the item's list of them."""

    id: str
    kind: PromiseKind
    rule: str
    args: Mapping[str, Any]
    text: str
    subject: Subject
    position: int = 0
    level: str = "info"
    basis: str = "assumed"
    source: str | None = None
    hash: str | None = None
    since: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    needs_test: str | None = None
    untestable: str | None = None
    acceptance_only: str | None = None
    means: str | None = None
    observed: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """The family of its rule, under which reports and filters put it."""
        rule = RULES.get(self.rule)
        return rule.family if rule else "unknown"

    @property
    def counts(self) -> bool:
        """Whether it counts against a build: only documented and declared clauses and conflicts do."""
        return self.kind == "conflict" or (self.kind == "clause" and self.basis in ("documented", "declared"))


def promises(contract: Contract) -> list[Promise]:
    """Every clause, conflict and silence of ``contract``, in the order of the file."""
    return [promise for subject, item in items(contract) for promise in _of(subject, item)]


def items(contract: Contract) -> Iterator[tuple[Subject, Item | SettingsObject]]:
    """Every item of ``contract`` that can carry promises, with its subject."""
    for key, operation in contract.operations.items():
        yield Subject("operation", key, operation.name, operation), operation
    for object_key, settings in contract.settings.items():
        yield Subject("settings_object", object_key, settings.name, settings), settings
        for key, setting in settings.members.items():
            yield Subject("setting", key, _setting_name(setting), setting, object_key), setting
    for key, listener in contract.listeners.items():
        yield Subject("listener", key, listener.wrap or key, listener), listener
    for key, event in contract.events.items():
        yield Subject("event", key, event.name, event), event
    for key, error in contract.errors.items():
        yield Subject("error", key, error.code, error), error
    for key, constant in contract.constants.items():
        yield Subject("constant", key, constant.path, constant), constant
    for key, type_ in contract.types.items():
        yield Subject("type", key, type_.name, type_), type_
    for key, limit in contract.limits.items():
        yield Subject("limit", key, limit.about, limit), limit
    yield Subject("media", "media", "media", contract.media), contract.media
    yield Subject("session", "session", "session", contract.session), contract.session


def _setting_name(setting: Setting) -> str:
    return setting.setter or setting.name


def _of(subject: Subject, item: Item | SettingsObject) -> Iterator[Promise]:
    for position, clause in enumerate(item.clauses):
        yield _clause(subject, clause, position)
    for position, conflict in enumerate(item.conflicts):
        yield _conflict(subject, conflict, position)
    for position, silence in enumerate(item.silences):
        yield _silence(subject, silence, position)


def _clause(subject: Subject, clause: Clause, position: int) -> Promise:
    return Promise(
        id=clause.id,
        kind="clause",
        rule=clause.rule,
        args=clause.args,
        text=clause.text,
        subject=subject,
        position=position,
        level=clause.level,
        basis=clause.basis,
        source=clause.source,
        hash=clause.hash,
        since=clause.since,
        needs_test=clause.needs_test,
        untestable=clause.untestable,
        acceptance_only=clause.acceptance_only,
    )


def _conflict(subject: Subject, conflict: Conflict, position: int) -> Promise:
    return Promise(
        id=conflict.id,
        kind="conflict",
        rule=conflict.rule,
        args=conflict.args,
        text=conflict.about,
        subject=subject,
        position=position,
        level=conflict.level,
        basis="documented",
        source=conflict.alternatives[0].source,
        alternatives=tuple(conflict.alternatives),
        needs_test=conflict.needs_test,
        untestable=conflict.untestable,
        means=conflict.means,
    )


def _silence(subject: Subject, silence: Silence, position: int) -> Promise:
    return Promise(
        id=silence.id,
        kind="silence",
        rule=silence.rule,
        args=silence.args,
        text=silence.text,
        subject=subject,
        position=position,
        needs_test=silence.needs_test,
        untestable=silence.untestable,
        observed=silence.observed,
    )


def source_of(contract: Contract, reference: str | None) -> tuple[Source | None, str | None]:
    """The source that ``key#Heading`` names, and the heading; None for what the contract doesn't list."""
    if not reference:
        return None, None
    key, _, heading = reference.partition("#")
    return contract.sources.get(key), heading or None
