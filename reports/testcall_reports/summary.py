"""What a record adds up to: counts, headline, exit code.

Pure: a record in, a summary out. The rules are those of the command's exit codes: 0 nothing that counts failed, 1 a counting
``must`` failed, 2 is the command's own for wrong usage, 3 something could not be judged. 1 wins over 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal, get_args

from testcall_reports.reader import Record
from testcall_reports.record import JUDGED, BuildLine, Model, Verdict, VerdictLine

FailOn = Literal["any", "new"]
"""``any``: a failure that no baseline lists, or a baseline entry that passes, makes exit code 1. ``new``: only the former."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""Every verdict, in the order in which reports show them."""

MEANING = {
    0: "nothing that counts failed",
    1: "a clause that counts failed",
    3: "not everything could be judged",
}
"""Exit codes in words."""


class ClauseNote(Model):
    """A clause that a summary names."""

    build: str
    contract: str
    clause: str
    level: str
    verdict: Verdict
    attribution: str = ""
    text: str = ""
    reason: str = ""


class FamilySummary(Model):
    """One family of clauses on one build."""

    family: str
    clauses: int
    judged: int
    verdicts: dict[str, int]


class BuildSummary(Model):
    """One build. ``clauses``: all that have a verdict; ``judged``: where it says something about the build; ``counting``: of these."""

    build: str
    sdk: str
    name: str
    version: str
    contract: str
    is_reference: bool
    headline: str
    clauses: int
    judged: int
    counting: int
    verdicts: dict[str, int]
    must_failed: int
    should_failed: int
    silences: int
    conflicts: int
    families: tuple[FamilySummary, ...]
    vacuous_families: tuple[str, ...]


class Summary(Model):
    """A whole run. ``why`` gives the reasons for the exit code, ``warnings`` what does not change it."""

    exit_code: int
    meaning: str
    why: tuple[str, ...]
    warnings: tuple[str, ...]
    interrupted: bool
    missing_units: tuple[str, ...]
    suite_version: str
    profile: str
    seed: int
    builds: tuple[BuildSummary, ...]
    failures: tuple[ClauseNote, ...]
    unsure: tuple[ClauseNote, ...]


def summary_of(record: Record, *, strict: bool = False, fail_on: FailOn = "any") -> Summary:
    """The summary of ``record``, in which a baseline has been applied already if there is one.

    ``strict``: a ``should`` is treated as a ``must``.
    """
    run = record.runs[0] if record.runs else None
    builds = tuple(_build_summary(record, build_id) for build_id in record.build_ids)
    why, warnings = _reasons(record, builds, strict=strict, fail_on=fail_on)
    code = max(why, key=_severity, default=0) if why else 0
    return Summary(
        exit_code=code,
        meaning=MEANING[code],
        why=tuple(reason for reasons in why.values() for reason in reasons),
        warnings=tuple(warnings),
        interrupted=record.interrupted,
        missing_units=record.missing_units,
        suite_version=run.suite_version if run else "",
        profile=run.profile if run else "",
        seed=run.seed if run else 0,
        builds=builds,
        failures=_notes(record.verdicts, ("fail", "unexpected_pass")),
        unsure=_notes(record.verdicts, ("error", "inconclusive")),
    )


def must_fail(verdict: VerdictLine, *, strict: bool = False) -> bool:
    """Whether a failure of this clause decides about a build: it counts, and is a ``must`` (or ``should``, when strict)."""
    return verdict.counts and (verdict.level == "must" or (strict and verdict.level == "should"))


def headline(judged: int, clauses: int) -> str:
    """The headline of one build."""
    return f"{judged} of {clauses} clauses judged on this build"


def build_title(build: BuildLine) -> str:
    """How a build is called in a heading: name and version, else the string that chose it; a reference with its contract."""
    title = f"{build.name} {build.version}".strip() or build.sdk or build.id
    return f"{title} · {build.contract}" if build.is_reference else title


def count_verdicts(verdicts: Iterable[VerdictLine]) -> dict[str, int]:
    """How many there are of each verdict, zeros included, in the order in which reports show them."""
    counted = Counter(verdict.verdict for verdict in verdicts)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def _build_summary(record: Record, build_id: str) -> BuildSummary:
    build = record.build(build_id)
    verdicts = record.verdicts_of(build_id)
    judged = [verdict for verdict in verdicts if verdict.verdict in JUDGED]
    failed = [verdict for verdict in verdicts if verdict.verdict == "fail" and verdict.counts]
    families = _families(verdicts)
    findings = Counter(finding.type for finding in record.findings if finding.build == build_id)
    return BuildSummary(
        build=build_id,
        sdk=build.sdk,
        name=build.name,
        version=build.version,
        contract=build.contract,
        is_reference=build.is_reference,
        headline=headline(len(judged), len(verdicts)),
        clauses=len(verdicts),
        judged=len(judged),
        counting=sum(1 for verdict in judged if verdict.counts),
        verdicts=count_verdicts(verdicts),
        must_failed=sum(1 for verdict in failed if verdict.level == "must"),
        should_failed=sum(1 for verdict in failed if verdict.level == "should"),
        silences=findings["silence"],
        conflicts=len(
            {finding.id for finding in record.findings if finding.build == build_id and finding.type == "conflict"}
        ),
        families=families,
        vacuous_families=_vacuous(verdicts, families),
    )


def _families(verdicts: Sequence[VerdictLine]) -> tuple[FamilySummary, ...]:
    grouped: dict[str, list[VerdictLine]] = {}
    for verdict in verdicts:
        grouped.setdefault(verdict.family, []).append(verdict)
    return tuple(
        FamilySummary(
            family=family,
            clauses=len(members),
            judged=sum(1 for verdict in members if verdict.verdict in JUDGED),
            verdicts=count_verdicts(members),
        )
        for family, members in grouped.items()
    )


def _vacuous(verdicts: Sequence[VerdictLine], families: Sequence[FamilySummary]) -> tuple[str, ...]:
    """Families that were to run and judged nothing: a run that looks green because nothing happened."""
    chosen = {verdict.family for verdict in verdicts if not verdict.by_choice}
    return tuple(family.family for family in families if family.judged == 0 and family.family in chosen)


def _unknown_families(record: Record) -> list[str]:
    """Families that were asked for and that no build has: a typing error would otherwise look like a success."""
    asked = dict.fromkeys(pattern for run in record.runs for pattern in run.families)
    known = {verdict.family for verdict in record.verdicts}
    return [pattern for pattern in asked if not any(fnmatchcase(name, pattern) for name in known)]


def _unfaithful(verdicts: Iterable[VerdictLine]) -> dict[str, list[str]]:
    """Conflicts of which a build followed more than one alternative."""
    followed: dict[str, dict[str, None]] = {}
    for verdict in verdicts:
        if verdict.conflict and verdict.follows:
            followed.setdefault(verdict.conflict, {})[verdict.follows] = None
    return {conflict: list(ways) for conflict, ways in followed.items() if len(ways) > 1}


def _reasons(
    record: Record, builds: Sequence[BuildSummary], *, strict: bool, fail_on: FailOn
) -> tuple[dict[int, list[str]], list[str]]:
    """Reasons by exit code, and warnings."""
    why: dict[int, list[str]] = {}
    warnings: list[str] = []

    def note(code: int | None, count: int, what: str) -> None:
        if count:
            text = f"{count} {what}"
            warnings.append(text) if code is None else why.setdefault(code, []).append(text)

    for build in builds:
        verdicts = record.verdicts_of(build.build)
        where = f" on {build.build}" if len(builds) > 1 else ""
        deciding = Counter(verdict.verdict for verdict in verdicts if must_fail(verdict, strict=strict))
        lesser = Counter(
            verdict.verdict for verdict in verdicts if verdict.counts and not must_fail(verdict, strict=strict)
        )
        note(1, deciding["fail"], f"failed{where}")
        note(None, lesser["fail"], f"failed that only warn{where}")
        stale = deciding["unexpected_pass"] + lesser["unexpected_pass"]
        note(
            1 if fail_on == "any" else None,
            stale,
            f"known failures that pass now{where}; remove them from the baseline",
        )
        note(3, build.verdicts["error"], f"could not be judged for an error of adapter, simulator or machine{where}")
        note(3, deciding["inconclusive"], f"inconclusive{where}")
        note(None, lesser["inconclusive"], f"inconclusive that only warn{where}")
        note(3, len(build.vacuous_families), f"families judged nothing{where}: {', '.join(build.vacuous_families)}")
        note(None, build.verdicts["known_fail"], f"known failures{where}")
        for conflict, ways in _unfaithful(verdicts).items():
            warnings.append(f"conflict {conflict}{where}: followed {' and '.join(ways)} in one run")
    unknown = _unknown_families(record)
    note(3, len(unknown), f"families asked for do not exist: {', '.join(unknown)}")
    if not record.verdicts:
        why.setdefault(3, []).append("the record has no verdict")
    note(3, len(record.missing_units), "planned work units are missing")
    if record.interrupted:
        why.setdefault(3, []).append("the run was interrupted")
    return why, warnings


def _severity(code: int) -> int:
    return {0: 0, 3: 1, 1: 2}[code]


def _notes(verdicts: Iterable[VerdictLine], wanted: tuple[Verdict, ...]) -> tuple[ClauseNote, ...]:
    return tuple(
        ClauseNote(
            build=verdict.build,
            contract=verdict.contract,
            clause=verdict.clause,
            level=verdict.level,
            verdict=verdict.verdict,
            attribution=verdict.attribution or "",
            text=verdict.text,
            reason=verdict.reason,
        )
        for verdict in verdicts
        if verdict.verdict in wanted
    )
