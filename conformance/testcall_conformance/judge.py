"""The judge: turns what checks say into verdicts and findings, by the words of the design. Pure.

Only documented and declared clauses count. A conflict passes with the alternative that the build follows; a silence is a
finding; what could not be told is never green, and says whose doing that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from testcall_conformance.checks.registry import CHECKS, Judgement, NotRun, Question
from testcall_conformance.evidence import Recording
from testcall_contract.models import Contract
from testcall_contract.promises import Promise, promises, source_of
from testcall_reports.record import Attribution, FindingLine, Item, Source, Verdict, VerdictLine


def cite(contract: Contract, reference: str | None) -> Source | None:
    """The source that a clause names, as the record carries it."""
    source, heading = source_of(contract, reference)
    if source is None:
        return None
    return Source(
        title=source.title,
        url=source.url or "",
        heading=heading or "",
        revision=source.revision or source.version or "",
        authority=source.authority,
    )


def ask(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The judgement of the question's check over its recordings; a scene that could not be played makes it unknown."""
    return CHECKS[question.promise.rule].judge(question, recordings)


def judge_clause(question: Question, judgement: Judgement | NotRun, build: str, unit: str) -> VerdictLine:
    """The verdict on a clause."""
    promise = question.promise
    base = _base(question, build, unit)
    if isinstance(judgement, NotRun):
        return VerdictLine(
            **base, counts=promise.counts, verdict="not_run", reason=judgement.reason, by_choice=judgement.by_choice,
            attribution=cast("Attribution", judgement.attribution),
        )  # fmt: skip
    return VerdictLine(
        **base,
        counts=promise.counts,
        verdict=_verdict(judgement.kept, counts=promise.counts),
        attribution=None if judgement.kept else cast("Attribution", judgement.attribution),
        reason=judgement.reason,
        expected=judgement.expected,
        seen=judgement.seen or None,
        evidence=judgement.evidence,
    )


def _verdict(kept: bool | None, *, counts: bool) -> Verdict:
    if kept is None:
        return "not_run"
    if counts:
        return "pass" if kept else "fail"
    return "holds" if kept else "differs"


def judge_conflict(
    question: Question, judgements: Mapping[str, Judgement] | NotRun, build: str, unit: str, *, wavering: str = ""
) -> tuple[VerdictLine, FindingLine | None]:
    """The verdict on a conflict: it passes with the first alternative that the build follows, and fails with none.

    ``wavering``: in which scene it follows which, where it follows several.
    """
    promise = question.promise
    base = _base(question, build, unit) | {"conflict": promise.id}
    if isinstance(judgements, NotRun):
        not_run = VerdictLine(
            **base,
            verdict="not_run",
            reason=judgements.reason,
            attribution=cast("Attribution", judgements.attribution),
            by_choice=judgements.by_choice,
        )
        return not_run, None
    says = {a.id: a.says for a in promise.alternatives}
    followed = next((key for key, judgement in judgements.items() if judgement.kept), None)
    first = next(iter(judgements.values()))
    expected = "one of: " + "; ".join(f"{key}: {text}" for key, text in says.items())
    if followed is not None:
        chosen = judgements[followed]
        verdict = VerdictLine(
            **base, verdict="pass", follows=followed, expected=expected, seen=chosen.seen, evidence=chosen.evidence
        )
        return verdict, _conflict_finding(question, build, unit, f"follows {followed}: {chosen.seen}", chosen.evidence)
    unsure = next((j for j in judgements.values() if j.kept is None), None)
    if unsure is not None:
        return VerdictLine(
            **base, verdict="not_run", reason=unsure.reason, expected=expected,
            attribution=cast("Attribution", unsure.attribution), evidence=unsure.evidence,
        ), None  # fmt: skip
    return VerdictLine(
        **base, verdict="fail", attribution="sdk", expected=expected, seen=first.seen,
        reason=wavering or "the build follows none of the alternatives", evidence=first.evidence,
    ), None  # fmt: skip


def wavers(question: Question, recordings: Sequence[Recording]) -> str:
    """Where a build follows one alternative of a conflict in one scene and another in the next, in words; else nothing."""
    follows: dict[str, list[str]] = {}
    for recording in recordings:
        for alternative in question.promise.alternatives:
            try:
                judgement = ask(question.with_args(alternative.args), [recording])
            except (IndexError, ValueError):  # a check that needs all its scenes at once
                return ""
            if judgement.kept:
                follows.setdefault(alternative.id, []).append(str(recording.scene))
    if len(follows) < 2:
        return ""
    return "; ".join(f"follows {key} in: {scenes[0]}" for key, scenes in follows.items())


def inconsistent(contract: Contract, verdicts: Sequence[VerdictLine]) -> list[VerdictLine]:
    """The verdicts on conflicts of one build that have to be changed: parts of one conflict that follow different alternatives.

    Parts are conflicts whose ids differ by a last letter only and that have the same alternatives. The design asks a build to
    follow one of them throughout a run.
    """
    parts: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for promise in promises(contract):
        stem, _, part = promise.id.rpartition("-")
        if promise.kind == "conflict" and len(part) == 1 and part.isalpha():
            parts.setdefault((stem, tuple(a.id for a in promise.alternatives)), []).append(promise.id)
    changed: list[VerdictLine] = []
    for ids in parts.values():
        found = [v for v in verdicts if v.conflict in ids and v.verdict == "pass"]
        if len({v.follows for v in found}) > 1:
            told = ", ".join(f"{v.follows} in {v.conflict}" for v in found)
            reason = f"the build follows one alternative here and another there: {told}"
            changed += [v.model_copy(update={"verdict": "fail", "attribution": "sdk", "reason": reason}) for v in found]
    return changed


def _conflict_finding(question: Question, build: str, unit: str, does: str, evidence: tuple[int, ...]) -> FindingLine:
    promise, contract = question.promise, question.contract
    sources = tuple(s for s in (cite(contract, a.source) for a in promise.alternatives) if s)
    return FindingLine(
        unit=unit, type="conflict", build=build, contract=contract.contract, id=promise.id, text=promise.text, does=does,
        alternatives=tuple(f"{a.id}: {a.says}" for a in promise.alternatives), sources=sources, evidence=evidence,
    )  # fmt: skip


def judge_silence(question: Question, judgement: Judgement | NotRun, build: str, unit: str) -> FindingLine:
    """The finding on a silence: what the build does; or why that could not be seen."""
    promise = question.promise
    evidence: tuple[int, ...] = ()
    if isinstance(judgement, NotRun):
        does, evidence = f"not tried: {judgement.reason}", ()
    elif judgement.kept is None:
        does, evidence = f"could not be seen: {judgement.reason}", judgement.evidence
    else:
        does, evidence = judgement.seen, judgement.evidence
    return FindingLine(
        unit=unit, type="silence", build=build, contract=question.contract.contract, id=promise.id, text=promise.text,
        does=does, evidence=evidence,
    )  # fmt: skip


def broken(question: Question, reason: str, attribution: str, build: str, unit: str) -> VerdictLine:
    """The verdict ``error``: adapter, simulator or machine failed."""
    return VerdictLine(
        **_base(question, build, unit), counts=question.promise.counts, verdict="error", reason=reason,
        attribution=cast("Attribution", attribution),
    )  # fmt: skip


def _base(question: Question, build: str, unit: str) -> dict[str, Any]:
    promise: Promise = question.promise
    return {
        "unit": unit,
        "build": build,
        "contract": question.contract.contract,
        "clause": promise.id,
        "text": promise.text,
        "family": promise.family,
        "rule": promise.rule,
        "item": Item(kind=promise.subject.kind, name=promise.subject.name),
        "level": promise.level,
        "basis": promise.basis,
        "source": cite(question.contract, promise.source),
    }
