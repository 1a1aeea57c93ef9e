"""What is different between two builds: the delta that a release note or an upgrade is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from testcall_reports.errors import ReportError
from testcall_reports.reader import Record
from testcall_reports.record import Model, VerdictLine
from testcall_reports.summary import build_title, must_fail

ChangeKind = Literal["new_failure", "fixed", "follows", "does", "only_before", "only_after", "other"]
"""``follows``: another alternative of a conflict; ``does``: another behaviour where no source says; ``other``: e.g. not_run → pass."""

_FAILED = ("fail", "known_fail")


class Change(Model):
    """One difference. ``before`` and ``after``: verdict, alternative or behaviour in words, empty where there is none."""

    kind: ChangeKind
    contract: str
    clause: str
    text: str = ""
    level: str = ""
    counts: bool = False
    before: str = ""
    after: str = ""
    reason: str = ""


class Comparison(Model):
    """Two builds. ``same`` counts clauses whose verdict and alternative are unchanged; ``exit_code`` is 1 when a counting ``must`` newly fails."""

    before: str
    after: str
    same: int
    changes: tuple[Change, ...]
    exit_code: int

    def of(self, *kinds: ChangeKind) -> tuple[Change, ...]:
        """The changes of these kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)


def compare_builds(
    before: Record, after: Record, *, before_build: str = "", after_build: str = "", strict: bool = False
) -> Comparison:
    """Compare one build of each record; of records with several builds, name the one meant."""
    old_id, new_id = _choose(before, before_build, "first"), _choose(after, after_build, "second")
    old = {(verdict.contract, verdict.clause): verdict for verdict in before.verdicts_of(old_id)}
    new = {(verdict.contract, verdict.clause): verdict for verdict in after.verdicts_of(new_id)}
    changes = [change for key in {**old, **new} if (change := _verdict_change(old.get(key), new.get(key))) is not None]
    changes += _finding_changes(before, old_id, after, new_id)
    order: Sequence[str] = ("new_failure", "fixed", "follows", "does", "other", "only_after", "only_before")
    changes.sort(key=lambda change: (order.index(change.kind), change.contract, change.clause))
    broken = [
        key
        for key, verdict in new.items()
        if _is_new_failure(old.get(key), verdict) and must_fail(verdict, strict=strict)
    ]
    return Comparison(
        before=_title(before, old_id),
        after=_title(after, new_id),
        same=sum(1 for key in old.keys() & new.keys() if _verdict_change(old[key], new[key]) is None),
        changes=tuple(changes),
        exit_code=1 if broken else 0,
    )


def comparison_text(comparison: Comparison) -> str:
    """The comparison in plain text."""
    words = {
        "new_failure": "new failure",
        "fixed": "fixed",
        "follows": "follows another alternative",
        "does": "does otherwise",
        "only_before": "gone",
        "only_after": "new",
        "other": "changed",
    }
    lines = [f"{comparison.before}  →  {comparison.after}", f"  {comparison.same} clauses unchanged"]
    lines += [
        f"{words[change.kind]:<27} {change.clause}  {change.before or '-'} → {change.after or '-'}  {change.text[:100]}"
        for change in comparison.changes
    ]
    return "\n".join(lines) + "\n"


def _choose(record: Record, wanted: str, which: str) -> str:
    if wanted:
        if wanted not in record.build_ids:
            raise ReportError(
                f"the {which} record has no build {wanted}; it has {', '.join(record.build_ids) or 'none'}"
            )
        return wanted
    if len(record.build_ids) != 1:
        raise ReportError(
            f"the {which} record has {len(record.build_ids)} builds ({', '.join(record.build_ids)}); name one"
        )
    return record.build_ids[0]


def _title(record: Record, build_id: str) -> str:
    return build_title(record.build(build_id))


def _is_new_failure(old: VerdictLine | None, new: VerdictLine) -> bool:
    return new.verdict == "fail" and (old is None or old.verdict not in _FAILED)


def _verdict_change(old: VerdictLine | None, new: VerdictLine | None) -> Change | None:
    told = new or old
    if told is None or (old and new and (old.verdict, old.follows) == (new.verdict, new.follows)):
        return None
    kind: ChangeKind = "other"
    before: str = old.verdict if old else ""
    after: str = new.verdict if new else ""
    if new is not None and _is_new_failure(old, new):
        kind = "new_failure"
    elif old is None:
        kind = "only_after"
    elif new is None:
        kind = "only_before"
    elif old.verdict in _FAILED and new.verdict in ("pass", "unexpected_pass"):
        kind = "fixed"
    elif old.verdict == new.verdict:
        kind, before, after = "follows", old.follows, new.follows
    return Change(
        kind=kind,
        contract=told.contract,
        clause=told.clause,
        text=told.text,
        level=told.level,
        counts=told.counts,
        before=before,
        after=after,
        reason=told.reason,
    )


def _finding_changes(before: Record, old_id: str, after: Record, new_id: str) -> list[Change]:
    old = {finding.id: finding for finding in before.findings if finding.build == old_id}
    changes = []
    for finding in after.findings:
        known = old.get(finding.id)
        if finding.build == new_id and known is not None and known.does != finding.does:
            changes.append(
                Change(
                    kind="follows" if finding.type == "conflict" else "does",
                    contract=finding.contract,
                    clause=finding.id,
                    text=finding.text,
                    before=known.does,
                    after=finding.does,
                )
            )
    return changes
