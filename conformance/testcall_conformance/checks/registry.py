"""The registry of checks, and what a check says: which scenes it needs, and whether the promise was kept in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from testcall_conformance.evidence import Recording
from testcall_conformance.protocol import Description
from testcall_conformance.scenes import Scene
from testcall_contract.models import Contract
from testcall_contract.promises import Promise


@dataclass(frozen=True, slots=True)
class NotRun:
    """Why a promise can't be judged on this build. ``attribution`` says whose doing it is.

    ``by_choice``: nobody wants it judged: the contract calls it untestable.
    """

    reason: str
    attribution: str = "adapter"
    by_choice: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the promise was kept; None where that can't be told, with the reason.

    ``expected`` and ``seen`` are half sentences for people; ``seen`` of a silence reads after "does: ". ``evidence`` are
    ``seq`` numbers of the trace.
    """

    kept: bool | None
    expected: str
    seen: str
    evidence: tuple[int, ...] = ()
    reason: str = ""
    attribution: str = "sdk"


@dataclass(frozen=True, slots=True)
class Question:
    """What a check is asked: a promise with the rule's arguments (of the clause, or of one alternative of a conflict).

    ``profile``: how much is tried.
    """

    promise: Promise
    contract: Contract
    description: Description
    args: Mapping[str, Any] = field(default_factory=dict)
    profile: str = "quick"

    def with_args(self, args: Mapping[str, Any]) -> Question:
        """The same question with other arguments."""
        return replace(self, args={**self.args, **args})


Plan = Callable[[Question], "Sequence[Scene] | NotRun"]
Judge = Callable[[Question, Sequence[Recording]], Judgement]


@dataclass(frozen=True, slots=True)
class Check:
    """The check of a rule: ``plan`` says what is to be played, ``judge`` what it shows."""

    rule: str
    plan: Plan
    judge: Judge


CHECKS: dict[str, Check] = {}
"""All checks, by rule."""


def check(rule: str, plan: Plan) -> Callable[[Judge], Judge]:
    """Register the decorated judge for ``rule``, with its plan."""

    def register(judge: Judge) -> Judge:
        if rule in CHECKS:
            raise ValueError(f"rule {rule} has a check already")
        CHECKS[rule] = Check(rule, plan, judge)
        return judge

    return register


def bound_rules() -> frozenset[str]:
    """The rules that have a check, for ``spec check`` and ``spec coverage``."""
    return frozenset(CHECKS)


def unknown(expected: str, reason: str, attribution: str = "sdk", evidence: tuple[int, ...] = ()) -> Judgement:
    """A judgement that nothing can be told, with the reason."""
    return Judgement(None, expected, "", evidence, reason, attribution)


def needs(question: Question, capability: str) -> NotRun | None:
    """The reason not to run when the adapter lacks a capability."""
    if question.description.capabilities.has(capability):  # type: ignore[arg-type]
        return None
    return NotRun(f"the adapter declares no capability {capability!r}")
