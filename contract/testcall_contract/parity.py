"""Concept × dialect: what each dialect calls a setting, an error code, an event, an operation, and where they part.

Two defaults are compared by what they mean: 60 s and 60000 ms are the same, and so are "shown: true" and "hidden: false".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from testcall_contract.document import Cell, Document, Mark, Row, Section, Span, Table, code, plain, soft
from testcall_contract.models import Contract, Core, Event, Operation, Setting
from testcall_contract.promises import promises
from testcall_contract.shapes import describe, shape_text

MILLISECONDS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
"""How many milliseconds a unit of time has."""

_SUPPLIED = frozenset({"result_listener", "success_callback", "error_callback", "context"})
"""Parameters that a dialect's way of delivering needs, so that they make no difference."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One dialect's answer for a concept: the cell, and what is compared, by the name under which a difference is told."""

    cell: Cell
    compared: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A concept with each dialect's answer; None where it has none."""

    concept: str
    says: str
    entries: tuple[Entry | None, ...]

    @property
    def missing(self) -> int:
        """How many dialects lack it."""
        return sum(entry is None for entry in self.entries)

    @property
    def differences(self) -> list[str]:
        """What isn't the same in all dialects that have it."""
        present = [entry.compared for entry in self.entries if entry is not None]
        names = dict.fromkeys(name for compared in present for name in compared)
        return [n for n in names if len({_comparable(c[n]) for c in present if n in c and c[n] is not None}) > 1]


def _comparable(value: Any) -> str:
    return f"{type(value).__name__}:{value!r}"


def parity_document(contracts: Sequence[Contract], core: Core) -> Document:
    """What the dialects have in common, what only some have, and what they have differently."""
    groups = [
        ("settings", "Settings", "Default, unit and values of each setting.", _settings(contracts, core)),
        ("codes", "Error codes", "The code for each condition.", _lines(contracts, core.conditions, _codes)),
        ("events", "Events", "The name of each event and what it brings.", _lines(contracts, core.events, _event)),
        ("operations", "Operations", "The name of each operation.", _lines(contracts, core.operations, _operation)),
        ("numbers", "Numbers", "Each documented number with its unit.", _numbers(contracts)),
    ]
    names = [contract.contract.partition("/")[2] for contract in contracts]
    overview = Section("overview", "Overview", _READING, (_overview(groups),))
    differing = [line for *_, lines in groups for line in lines if line.differences]
    groups.insert(0, ("differences", "Differences", "What dialects have in common and tell differently.", differing))
    sections = [_section(key, title, says, lines, names) for key, title, says, lines in groups]
    return Document(
        title="One concept, every dialect",
        lead=f"What {len(contracts)} contracts call the same things, and where they part: {', '.join(names)}.",
        sections=(overview, *sections),
    )


_READING = (
    "A gap is a concept that a dialect's sources don't have. A difference is marked where defaults or units differ in meaning: "
    "60 s and 60000 ms are one default in two units; shown by default is not hidden by default."
)


def _overview(groups: Sequence[tuple[str, str, str, list[Line]]]) -> Table:
    rows = []
    for key, title, _, lines in groups:
        in_all = sum(line.missing == 0 for line in lines)
        differing = sum(bool(line.differences) for line in lines)
        cells = (
            (Span(title, link=f"#{key}"),),
            *(plain(str(n)) for n in (len(lines), in_all, len(lines) - in_all, differing)),
        )
        rows.append(Row(cells))
    return Table("Concepts by kind", ("Kind", "Concepts", "In every dialect", "With gaps", "Differing"), tuple(rows))


def _section(key: str, title: str, says: str, lines: list[Line], names: list[str]) -> Section:
    rows = tuple(_row(line, names) for line in lines)
    return Section(key, title, says, (Table(title, ("Concept", *names, "To note"), rows),) if rows else ())


def _row(line: Line, names: list[str]) -> Row:
    missing = [name for name, entry in zip(names, line.entries, strict=True) if entry is None]
    notes = [f"different {difference}" for difference in line.differences]
    if missing:
        notes.append(f"missing in {', '.join(missing)}")
    mark: Mark = "differs" if line.differences else ""
    cells = [entry.cell if entry else soft("–") for entry in line.entries]
    marks: list[Mark] = ["", *(mark if entry else "gap" for entry in line.entries), ""]
    return Row((code(line.concept), *cells, plain("; ".join(notes))), tuple(marks))


Describe = Callable[[Contract, str], "Entry | None"]


def _lines(contracts: Sequence[Contract], concepts: Mapping[str, str], describe_one: Describe) -> list[Line]:
    made = (Line(key, says, tuple(describe_one(c, key) for c in contracts)) for key, says in concepts.items())
    return [line for line in made if line.missing < len(contracts)]


# --- settings --------------------------------------------------------------------------------------------------------


def _settings(contracts: Sequence[Contract], core: Core) -> list[Line]:
    objects = dict.fromkeys(key for contract in contracts for key in contract.settings)
    lines = []
    for object_key in objects:
        for concept, says in core.settings.items():
            found = [_member(contract, object_key, concept) for contract in contracts]
            if any(found):
                entries = tuple(setting_entry(setting) if setting else None for setting in found)
                lines.append(Line(f"{object_key}.{concept}", says, entries))
    return lines


def _member(contract: Contract, object_key: str, concept: str) -> Setting | None:
    holder = contract.settings.get(object_key)
    return holder.members.get(concept) if holder else None


def setting_entry(setting: Setting) -> Entry:
    """A setting's name, default, unit, values and range; compared by what the default means, and by the unit."""
    spans: list[Span] = [Span(setting.setter or setting.name, code=True)]
    known = setting.has_default and setting.default is not None
    unit = f" {setting.unit}" if setting.unit else ""
    if known:
        spans.append(Span(f" default {describe(setting.default)}{unit}"))
    elif setting.required:
        spans.append(Span(" required"))
    else:
        spans.append(Span(f" no default known{f', in{unit}' if unit else ''}", soft=True))
    if setting.type == "enum" and setting.values:
        spans.append(Span(f"; one of {', '.join(str(value) for value in setting.values)}", soft=True))
    if setting.minimum is not None:
        spans.append(Span(f"; from {setting.minimum:g}{unit}", soft=True))
    if setting.maximum is not None:
        spans.append(Span(f"; up to {setting.maximum:g}{unit}", soft=True))
    if setting.deprecated:
        spans.append(Span("; deprecated", soft=True))
    compared = {
        "default": meaning(setting) if known else None,
        "unit": setting.unit,
        "values": _enum(setting),
        "minimum": _in_ms(setting.minimum, setting.unit),
        "maximum": _in_ms(setting.maximum, setting.unit),
    }
    return Entry(tuple(spans), compared)


def meaning(setting: Setting) -> Any:
    """What the default means, so that dialects can be compared: times in ms, visibility as shown, words without their case."""
    default = setting.default
    if isinstance(default, bool):
        hides = setting.effect is not None and setting.effect.kind == "control_hidden"
        return default is not hides
    if isinstance(default, (int, float)):
        return _in_ms(default, setting.unit)
    return _word(default) if isinstance(default, str) else default


def _in_ms(number: float | None, unit: str | None) -> float | None:
    return None if number is None else float(number) * MILLISECONDS.get(unit or "", 1)


def _word(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _enum(setting: Setting) -> str | None:
    return ",".join(sorted({_word(str(value)) for value in setting.values})) if setting.type == "enum" else None


# --- codes, events, operations, numbers ------------------------------------------------------------------------------


def _codes(contract: Contract, condition: str) -> Entry | None:
    error = contract.errors.get(condition)
    if error is None:
        return None
    codes = list(dict.fromkeys([error.code, *error.alternatives, *_told_codes(contract, condition)]))
    spans: list[Span] = []
    for index, one in enumerate(codes):
        spans += [Span(" or "), Span(one, code=True)] if index else [Span(one, code=True)]
    if error.basis != "documented":
        spans.append(Span(f" ({error.basis})", soft=True))
    return Entry(tuple(spans), {"code": ",".join(sorted(codes))})


def _told_codes(contract: Contract, condition: str) -> Iterator[str]:
    """Codes that single promises name for the condition, beside its usual one."""
    for promise in promises(contract):
        if promise.subject.kind == "error" and promise.subject.key == condition:
            for args in (promise.args, *(alternative.args for alternative in promise.alternatives)):
                value = args.get("code")
                yield from [value] if isinstance(value, str) else value or []


def _event(contract: Contract, concept: str) -> Entry | None:
    event: Event | None = contract.events.get(concept)
    if event is None:
        return None
    payload = ", ".join(f"{p.name}: {shape_text(p.shape)}" for p in event.payload)
    spans = (Span(event.name, code=True), Span(f" ({payload})" if payload else " without arguments", soft=True))
    return Entry(spans, {"number of arguments": len(event.payload)})


def _operation(contract: Contract, concept: str) -> Entry | None:
    operation: Operation | None = contract.operations.get(concept)
    if operation is None:
        return None
    names = ", ".join(f"{p.name}{'?' if p.optional else ''}" for p in operation.parameters)
    tail = f"({names}) {' or '.join(operation.delivers.success.ends)}"
    deprecated = "; deprecated" if operation.deprecated else ""
    signatures = [operation.parameters, *(overload.parameters for overload in operation.overloads)]
    taken = sorted({p.concept for parameters in signatures for p in parameters} - _SUPPLIED)
    return Entry(
        (Span(operation.name, code=True), Span(f"{tail}{deprecated}", soft=True)), {"what it takes": ",".join(taken)}
    )


def _numbers(contracts: Sequence[Contract]) -> list[Line]:
    keys = {key: limit.about for contract in reversed(contracts) for key, limit in contract.limits.items()}
    return [
        Line(key, says, tuple(_number(contract, key) for contract in contracts)) for key, says in sorted(keys.items())
    ]


def _number(contract: Contract, key: str) -> Entry | None:
    limit = contract.limits.get(key)
    if limit is None:
        return None
    number = isinstance(limit.value, (int, float)) and not isinstance(limit.value, bool)
    value = _in_ms(limit.value, limit.unit) if number else str(limit.value)
    text = f"{describe(limit.value) if not isinstance(limit.value, str) else limit.value}{f' {limit.unit}' if limit.unit else ''}"
    return Entry(plain(text), {"value": value, "unit": limit.unit})
