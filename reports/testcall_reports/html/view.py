"""What the page shows, as values: which clause stands in which section, in which order, with how much evidence.

Pure. The template only lays these values out; it decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from testcall_reports.html.payload import Row, aligned, pretty_json, shorten, visible
from testcall_reports.html.sequence import sequence_svg
from testcall_reports.html.timeline import Moment, moments_of
from testcall_reports.reader import Record
from testcall_reports.record import BuildLine, FindingLine, Source, Verdict, VerdictLine
from testcall_reports.summary import BuildSummary, Summary, build_title, summary_of
from testcall_reports.summary_text import WORDS

SYMBOLS: dict[Verdict, str] = {
    "pass": "✓", "fail": "✕", "known_fail": "◐", "unexpected_pass": "!", "inconclusive": "?",
    "not_run": "–", "error": "⚠", "holds": "=", "differs": "≠",
}  # fmt: skip
"""A sign for each verdict, so that colour is never the only difference."""

ATTRIBUTIONS = {
    "sdk": "the build",
    "webrtc_stack": "the WebRTC stack",
    "simulator": "the simulator",
    "adapter": "the adapter",
    "machine": "the machine",
}
_NOTHING = Markup("")
PROOFS = {
    "real_build": "seen to fail on a real build",
    "behaviour_mutant": "seen to catch a fault in behaviour",
    "operator_only": "seen to catch an artificial fault only",
    "unproven": "never tried on a known fault",
}
"""How far a clause's check is proven."""


@dataclass(frozen=True)
class Detail:
    """How much evidence is shown; smaller details follow each other until the page is small enough."""

    payload: int
    events: int
    passes_per_family: int
    diagrams: bool = True


DETAILS = (
    Detail(payload=8000, events=300, passes_per_family=1),
    Detail(payload=3000, events=120, passes_per_family=1),
    Detail(payload=1200, events=60, passes_per_family=0),
    Detail(payload=300, events=30, passes_per_family=0),
    Detail(payload=0, events=12, passes_per_family=0, diagrams=False),
    Detail(payload=0, events=0, passes_per_family=0, diagrams=False),
)


@dataclass(frozen=True)
class Citation:
    """A source as it is printed; ``href`` is empty unless it is a web address."""

    label: str
    heading: str
    href: str
    revision: str
    secondary: bool


@dataclass(frozen=True)
class ClauseView:
    """One clause on one build. Compact views have neither rows nor moments."""

    anchor: str
    line: VerdictLine
    text: str
    reason: str
    citation: Citation | None
    rows: tuple[Row, ...] = ()
    moments: tuple[Moment, ...] = ()
    hidden_events: int = 0
    diagram: Markup = _NOTHING

    @property
    def symbol(self) -> str:
        """The verdict's sign."""
        return SYMBOLS[self.line.verdict]

    @property
    def word(self) -> str:
        """The verdict in words."""
        return WORDS[self.line.verdict]


@dataclass(frozen=True)
class ReasonGroup:
    """Clauses that could not be judged, for one and the same reason."""

    verdict: Verdict
    reason: str
    attribution: str
    clauses: tuple[ClauseView, ...]


@dataclass(frozen=True)
class FamilyGroup:
    """Clauses of one family."""

    family: str
    clauses: tuple[ClauseView, ...]


@dataclass(frozen=True)
class ConflictView:
    """Two sources disagree; ``follows`` lists what the build did, more than one when it was not consistent."""

    id: str
    text: str
    alternatives: tuple[str, ...]
    follows: tuple[str, ...]
    citations: tuple[Citation, ...]
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class FindingView:
    """A silence or an observation."""

    line: FindingLine
    text: str
    does: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True)
class Segment:
    """A part of a verdict bar."""

    verdict: Verdict
    word: str
    symbol: str
    count: int
    percent: float
    href: str


@dataclass(frozen=True)
class BuildView:
    """Everything about one build, in the order of the page."""

    anchor: str
    build: BuildLine
    title: str
    summary: BuildSummary
    bar: tuple[Segment, ...]
    failures: tuple[ClauseView, ...]
    stale: tuple[ClauseView, ...]
    known: tuple[ClauseView, ...]
    errors: tuple[ReasonGroup, ...]
    unsure: tuple[ReasonGroup, ...]
    conflicts: tuple[ConflictView, ...]
    silences: tuple[FindingView, ...]
    observations: tuple[FindingView, ...]
    uncounted: tuple[ClauseView, ...]
    passes: tuple[FamilyGroup, ...]
    proofs: tuple[tuple[str, int], ...]
    quarantined: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MatrixCell:
    """One clause on one build in the overview; ``href`` leads to it."""

    verdict: Verdict | None
    symbol: str = ""
    word: str = "not in this contract"
    href: str = ""


@dataclass(frozen=True)
class MatrixRow:
    """A clause over all builds."""

    clause: str
    text: str
    cells: tuple[MatrixCell, ...]
    differs: bool


@dataclass(frozen=True)
class FamilyRow:
    """A family over all builds: a small bar for each, and its clauses where at least two builds share them."""

    family: str
    bars: tuple[tuple[Segment, ...], ...]
    judged: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True)
class Page:
    """The whole page."""

    record: Record
    summary: Summary
    builds: tuple[BuildView, ...]
    families: tuple[FamilyRow, ...]
    instruments: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    close_waits: tuple[tuple[str, str, float, float], ...]
    detail: Detail
    reduced: bool


def page_of(record: Record, detail: Detail = DETAILS[0], *, reduced: bool = False) -> Page:
    """The page about ``record`` with evidence in this detail; ``reduced`` tells the reader that it is not all."""
    summary = summary_of(record)
    builds = tuple(_build_view(record, build, detail) for build in summary.builds)
    return Page(
        record=record,
        summary=summary,
        builds=builds,
        families=_families(record, summary.builds) if len(builds) > 1 else (),
        instruments=_instruments(record),
        close_waits=_close_waits(record.verdicts),
        detail=detail,
        reduced=reduced,
    )


def estimated_size(record: Record, detail: Detail) -> int:
    """About how many bytes the evidence of failures takes in this detail, without rendering it."""
    sizes: dict[tuple[str, int], int] = {}
    total = 0
    for verdict in record.verdicts:
        if verdict.verdict == "fail":
            for event in record.evidence(verdict)[: detail.events]:
                key = (event.unit, event.seq)
                if key not in sizes:
                    sizes[key] = len(str(event.data))
                total += 300 + min(sizes[key], detail.payload)
    return total


def slug(*parts: str) -> str:
    """An anchor made of these parts."""
    return "-".join(re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") or "x" for part in parts)


def citation_of(source: Source | None) -> Citation | None:
    """A source as it is printed. Only web addresses become links: any other scheme could run something."""
    if source is None:
        return None
    web = re.match(r"https?://[^\s\"'<>]+\Z", source.url) is not None
    return Citation(
        label=visible(source.title),
        heading=visible(source.heading),
        href=source.url if web else "",
        revision=visible(source.revision),
        secondary=source.authority == "secondary",
    )


def bar_of(verdicts: dict[str, int], anchor: str = "") -> tuple[Segment, ...]:
    """The parts of a bar, zeros left out."""
    total = sum(verdicts.values()) or 1
    sections: dict[Verdict, str] = {
        "pass": "passes", "fail": "failures", "known_fail": "known", "unexpected_pass": "stale", "inconclusive": "unjudged",
        "not_run": "unjudged", "error": "errors", "holds": "uncounted", "differs": "uncounted",
    }  # fmt: skip
    return tuple(
        Segment(
            verdict,
            word,
            SYMBOLS[verdict],
            count,
            100 * count / total,
            f"#{anchor}-{sections[verdict]}" if anchor else "",
        )
        for verdict, word in WORDS.items()
        if (count := verdicts.get(verdict, 0))
    )


def _build_view(record: Record, summary: BuildSummary, detail: Detail) -> BuildView:
    build = record.build(summary.build)
    lines = record.verdicts_of(summary.build)
    anchor = slug("build", summary.build)

    def compact(*words: Verdict) -> tuple[ClauseView, ...]:
        return tuple(_compact(line, anchor) for line in lines if line.verdict in words)

    def whole(*words: Verdict) -> tuple[ClauseView, ...]:
        chosen = [line for line in lines if line.verdict in words]
        chosen.sort(key=lambda line: ("must", "should", "info").index(line.level))
        return tuple(_whole(record, line, anchor, detail) for line in chosen)

    findings = [finding for finding in record.findings if finding.build == summary.build]
    proofs = [line.proof for line in lines if line.proof]
    return BuildView(
        anchor=anchor,
        build=build,
        title=visible(build_title(build)),
        summary=summary,
        bar=bar_of(summary.verdicts, anchor),
        failures=whole("fail"),
        stale=compact("unexpected_pass"),
        known=compact("known_fail"),
        errors=_by_reason(compact("error")),
        unsure=_by_reason(compact("inconclusive")) + _by_reason(compact("not_run")),
        conflicts=_conflicts(lines, findings),
        silences=tuple(_finding(one) for one in findings if one.type == "silence"),
        observations=tuple(_finding(one) for one in findings if one.type == "observation"),
        uncounted=compact("differs") + compact("holds"),
        passes=_passes(record, lines, anchor, detail),
        proofs=tuple((text, proofs.count(proof)) for proof, text in PROOFS.items() if proof in proofs),
        quarantined=tuple(
            (visible(unit.unit), visible(unit.quarantined))
            for unit in record.units
            if unit.quarantined and unit.build == summary.build
        ),
    )


def _compact(line: VerdictLine, anchor: str) -> ClauseView:
    return ClauseView(
        anchor=slug(anchor, line.contract, line.clause),
        line=line,
        text=visible(shorten(line.text, 1000)),
        reason=visible(shorten(line.reason, 1000)),
        citation=citation_of(line.source),
    )


def _whole(record: Record, line: VerdictLine, anchor: str, detail: Detail) -> ClauseView:
    events = record.evidence(line)
    view = _compact(line, anchor)
    moments = (
        moments_of(events, line.first_divergence, payload_limit=detail.payload, limit=detail.events)
        if detail.events
        else []
    )
    return ClauseView(
        anchor=view.anchor,
        line=line,
        text=view.text,
        reason=view.reason,
        citation=view.citation,
        rows=tuple(aligned(line.expected, line.seen)),
        moments=tuple(moments),
        hidden_events=max(0, len(events) - sum(1 for moment in moments if moment.kind != "absent")),
        diagram=sequence_svg(moments, visible(line.clause)) if detail.diagrams else Markup(""),
    )


def _by_reason(clauses: Iterable[ClauseView]) -> tuple[ReasonGroup, ...]:
    groups: dict[tuple[Verdict, str, str], list[ClauseView]] = {}
    for clause in clauses:
        key = (clause.line.verdict, clause.reason, clause.line.attribution or "")
        groups.setdefault(key, []).append(clause)
    largest_first = sorted(groups.items(), key=lambda item: -len(item[1]))
    return tuple(
        ReasonGroup(verdict, reason, ATTRIBUTIONS.get(attribution, ""), tuple(members))
        for (verdict, reason, attribution), members in largest_first
    )


def _passes(record: Record, lines: Sequence[VerdictLine], anchor: str, detail: Detail) -> tuple[FamilyGroup, ...]:
    """Passes by family; the first of each with its evidence, as a sample of what passing looked like."""
    groups: dict[str, list[ClauseView]] = {}
    for line in lines:
        if line.verdict == "pass":
            members = groups.setdefault(line.family or "other", [])
            sample = len(members) < detail.passes_per_family
            members.append(_whole(record, line, anchor, detail) if sample else _compact(line, anchor))
    return tuple(FamilyGroup(visible(family), tuple(members)) for family, members in groups.items())


def _conflicts(lines: Sequence[VerdictLine], findings: Sequence[FindingLine]) -> tuple[ConflictView, ...]:
    """Conflicts from findings and from the verdicts that say which alternative was followed."""
    told = {finding.id: finding for finding in findings if finding.type == "conflict"}
    judged: dict[str, list[VerdictLine]] = {}
    for line in lines:
        if line.conflict:
            judged.setdefault(line.conflict, []).append(line)
    views = []
    for name in dict.fromkeys([*told, *judged]):
        finding, members = told.get(name), judged.get(name, [])
        does = [finding.does] if finding and finding.does else []
        follows = tuple(dict.fromkeys([*does, *(line.follows for line in members if line.follows)]))
        sources = finding.sources if finding else tuple(line.source for line in members if line.source)
        views.append(
            ConflictView(
                id=visible(name),
                text=visible(finding.text if finding else members[0].text),
                alternatives=tuple(visible(one) for one in (finding.alternatives if finding else ())),
                follows=tuple(visible(one) for one in follows),
                citations=tuple(filter(None, (citation_of(source) for source in dict.fromkeys(sources)))),
                clauses=tuple(visible(line.clause) for line in members),
            )
        )
    return tuple(views)


def _finding(line: FindingLine) -> FindingView:
    citations = tuple(filter(None, (citation_of(source) for source in line.sources)))
    return FindingView(line, visible(shorten(line.text, 1000)), visible(shorten(line.does, 1000)), citations)


def _families(record: Record, builds: Sequence[BuildSummary]) -> tuple[FamilyRow, ...]:
    by_build = [{line.key[:2]: line for line in record.verdicts_of(build.build)} for build in builds]
    rows = []
    for family in dict.fromkeys(one.family for build in builds for one in build.families):
        mine = [next((one for one in build.families if one.family == family), None) for build in builds]
        keys = dict.fromkeys(key for lines in by_build for key, line in lines.items() if line.family == family)
        shared = [key for key in keys if sum(1 for lines in by_build if key in lines) > 1]
        rows.append(
            FamilyRow(
                family=visible(family or "other"),
                bars=tuple(bar_of(one.verdicts) if one else () for one in mine),
                judged=tuple(f"{one.judged} of {one.clauses}" if one else "" for one in mine),
                rows=tuple(_matrix_row(key, by_build, builds) for key in shared),
            )
        )
    return tuple(rows)


def _matrix_row(
    key: tuple[str, str], by_build: Sequence[dict[tuple[str, str], VerdictLine]], builds: Sequence[BuildSummary]
) -> MatrixRow:
    cells, texts = [], []
    for lines, build in zip(by_build, builds, strict=True):
        line = lines.get((key[0], key[1]))
        if line is None:
            cells.append(MatrixCell(None))
            continue
        texts.append(line.text)
        href = "#" + slug(slug("build", build.build), line.contract, line.clause)
        cells.append(MatrixCell(line.verdict, SYMBOLS[line.verdict], WORDS[line.verdict], href))
    words = {cell.verdict for cell in cells if cell.verdict}
    return MatrixRow(visible(key[1]), visible(shorten(texts[0], 160)), tuple(cells), len(words) > 1)


def _instruments(record: Record) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Readings, each distinct one once."""
    seen: dict[tuple[str, tuple[tuple[str, str], ...]], None] = {}
    for line in record.instruments:
        facts = tuple(
            (visible(key.replace("_", " ")), visible(shorten(pretty_json(value), 200)))
            for key, value in line.data.items()
        )
        seen[visible(line.name.replace("_", " ")), facts] = None
    return tuple(seen)[:24]


def _close_waits(verdicts: Iterable[VerdictLine]) -> tuple[tuple[str, str, float, float], ...]:
    """The waits that came nearest to their limits: clause, what, waited and limit in seconds."""
    waits = [
        (wait.waited_s / wait.limit_s, verdict.clause, wait)
        for verdict in verdicts
        if verdict.verdict in ("pass", "holds")
        for wait in verdict.waits
        if wait.limit_s > 0 and wait.waited_s > 0.5 * wait.limit_s
    ]
    waits.sort(key=lambda item: -item[0])
    return tuple((clause, visible(wait.what), wait.waited_s, wait.limit_s) for _, clause, wait in waits[:8])
