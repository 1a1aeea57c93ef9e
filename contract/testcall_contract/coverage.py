"""How far the promises of contracts are tested, and how far the tests themselves are proven.

From the contract alone: what has a check, what needs one and why, what can't be tested and why. From a run record: how each
check was shown able to fail (on a real build, by a mutant in behaviour, by an operator only, not at all).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from testcall_contract.document import Document, Mark, Row, Section, Span, Table, code, plain, soft
from testcall_contract.models import Contract
from testcall_contract.promises import Promise, promises
from testcall_contract.rules import RULES

State = Literal[
    "real_build",
    "behaviour_mutant",
    "operator_only",
    "unproven",
    "checked",
    "acceptance_only",
    "needs_test",
    "untestable",
]
"""From the best to the least; the first four are known from a run record only, ``checked`` is a check of unknown proof."""

STATES: dict[State, str] = {
    "real_build": "shown on a real build",
    "behaviour_mutant": "killed a mutant in behaviour",
    "operator_only": "killed an operator only",
    "unproven": "not shown able to fail",
    "checked": "has a check",
    "acceptance_only": "only that it is accepted",
    "needs_test": "needs a test",
    "untestable": "can't be tested",
}
"""Each state in words."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A promise with its state, and the reason where it has no check."""

    promise: Promise
    state: State
    reason: str = ""


def covered(contract: Contract, bound_rules: frozenset[str], proofs: Mapping[str, str]) -> list[Covered]:
    """Each clause and conflict of ``contract`` with its state; ``proofs`` are those of a run record, by clause."""
    return [_covered(promise, bound_rules, proofs) for promise in promises(contract) if promise.kind != "silence"]


def _covered(promise: Promise, bound_rules: frozenset[str], proofs: Mapping[str, str]) -> Covered:
    if promise.untestable:
        return Covered(promise, "untestable", promise.untestable)
    if promise.needs_test:
        return Covered(promise, "needs_test", promise.needs_test)
    if promise.rule not in bound_rules:
        rule = RULES.get(promise.rule)
        return Covered(promise, "needs_test", (rule and rule.needs_test) or f"rule {promise.rule} has no check")
    for state in get_args(State)[:4]:
        if proofs.get(promise.id) == state:
            return Covered(promise, state)
    if promise.acceptance_only:
        return Covered(promise, "acceptance_only", promise.acceptance_only)
    return Covered(promise, "checked")


def coverage_document(
    contracts: Sequence[Contract], bound_rules: frozenset[str], proofs: Mapping[str, str] | None = None
) -> Document:
    """The state of every clause and conflict, counted per contract and family; what has no check, with its reason."""
    all_of = [(contract, covered(contract, bound_rules, proofs or {})) for contract in contracts]
    found = [one for _, members in all_of for one in members]
    states = [state for state in STATES if any(one.state == state for one in found)]
    overview = _counts("contract", [(c.contract, members) for c, members in all_of], states)
    sections = [Section("overview", "Contracts", "Clauses and conflicts by state.", (overview,))]
    for contract, members in all_of:
        sections += _contract_sections(contract, members, states)
    known = "with the proofs of a run record" if proofs else "without a run record, so that nothing is said of proofs"
    tested = sum(one.state not in ("needs_test", "untestable") for one in found)
    lead = f"{tested} of {len(found)} clauses and conflicts have a check ({known}). Silences are findings, and not counted here."
    return Document("What is tested", lead, tuple(sections))


def _contract_sections(contract: Contract, members: list[Covered], states: Sequence[State]) -> list[Section]:
    slug = contract.contract.replace("/", "-")
    families = sorted({one.promise.family for one in members})
    by_family = [(family, [one for one in members if one.promise.family == family]) for family in families]
    sections = [Section(slug, contract.contract, "By family.", (_counts("family", by_family, states),))]
    for state in ("needs_test", "untestable", "unproven", "operator_only"):
        rows = [one for one in members if one.state == state]
        if rows:
            table = _list(rows, STATES[state])
            sections.append(Section(f"{slug}-{state}", f"{contract.contract}: {STATES[state]}", "", (table,), 3))
    return sections


def _counts(kind: str, groups: Iterable[tuple[str, list[Covered]]], states: Sequence[State]) -> Table:
    rows = []
    for name, members in groups:
        counts = Counter(one.state for one in members)
        cells = [plain(str(counts[state])) if counts[state] else soft("·") for state in states]
        marks: list[Mark] = ["", "", *("" if counts[state] else "gap" for state in states)]
        rows.append(Row((plain(name), plain(str(len(members))), *cells), tuple(marks)))
    return Table(f"States by {kind}", (kind.capitalize(), "All", *(STATES[state] for state in states)), tuple(rows))


def _list(members: list[Covered], state: str) -> Table:
    rows = tuple(
        Row((code(one.promise.id), plain(one.promise.text), (Span(one.promise.rule, code=True),), plain(one.reason)))
        for one in members
    )
    return Table(f"Clauses in the state: {state}", ("Id", "Promise", "Rule", "Reason"), rows)
