"""Makes one record out of shards or records of the same run.

What is said twice in the same words stands once. What contradicts itself is an error that names both files: a merge that
chose silently would decide about a build. Executing a unit again gives other times, so units are compared by what they found,
not byte by byte; the first copy is kept.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from testcall_reports.errors import ReportError
from testcall_reports.reader import Record, read_lines, record_file
from testcall_reports.record import (
    BuildLine,
    FindingLine,
    FooterLine,
    RecordLine,
    RunLine,
    VerdictLine,
)

PART = ".part.jsonl"


@dataclass
class _Merged:
    """What has been taken so far, and from which file."""

    runs: dict[str, RunLine] = field(default_factory=dict)
    builds: dict[str, tuple[BuildLine, str]] = field(default_factory=dict)
    units: dict[str, tuple[list[RecordLine], str]] = field(default_factory=dict)
    loose: dict[str, RecordLine] = field(default_factory=dict)
    footers: list[FooterLine] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)


def merge_lines(parts: Sequence[tuple[str, Sequence[RecordLine], bool]]) -> Record:
    """One record from parts ``(file name, lines, truncated)``; :class:`ReportError` when they contradict each other.

    The result has a footer only when every part has one, and its lines are ordered: runs, builds, then unit by unit.
    """
    merged = _Merged()
    for name, lines, truncated in parts:
        _take(merged, name, lines)
        if truncated or not any(isinstance(line, FooterLine) for line in lines):
            merged.interrupted.append(name)
    if not merged.runs:
        raise ReportError(
            f"none of {', '.join(name for name, _, _ in parts) or 'no files'} has a run line; add the run's record"
        )
    _same_suite(list(merged.runs.values()))
    _one_verdict_each(merged)
    lines = [*merged.runs.values(), *(build for build, _ in merged.builds.values()), *merged.loose.values()]
    lines = [line.model_copy(update={"seq": number}) for number, line in enumerate(lines, start=1)]
    for unit_lines, _ in merged.units.values():
        lines.extend(unit_lines)
    if not merged.interrupted:
        lines.append(_footer(lines, merged.footers, list(merged.runs.values())))
    return Record(tuple(lines))


def read_parts(paths: Iterable[str | os.PathLike[str]]) -> list[tuple[str, list[RecordLine], bool]]:
    """The parts at ``paths``: files, run folders, or folders full of shards.

    A shard that broke off (``.part.jsonl``) is taken too, unless its unit was done again: what it found is still true.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir() and not (path / "record.jsonl").exists():
            whole = {file.name for file in path.glob("*.jsonl") if not file.name.endswith(PART)}
            left = {file.name for file in path.glob(f"*{PART}")} - {
                name.removesuffix(".jsonl") + PART for name in whole
            }
            shards = [path / name for name in sorted(whole | left)]
            if not shards:
                raise ReportError(f"{path}: no record.jsonl and no shards (*.jsonl) in this folder")
            files.extend(shards)
        else:
            files.append(record_file(path))
    return [(str(file), *read_lines(file)) for file in dict.fromkeys(files)]


def _take(merged: _Merged, name: str, lines: Sequence[RecordLine]) -> None:
    units: dict[str, list[RecordLine]] = {}
    for line in lines:
        if isinstance(line, RunLine):
            merged.runs.setdefault(line.model_dump_json(exclude={"seq", "at_ns"}), line)
        elif isinstance(line, BuildLine):
            _take_build(merged, name, line)
        elif isinstance(line, FooterLine):
            merged.footers.append(line)
        elif line.unit:
            units.setdefault(line.unit, []).append(line)
        elif isinstance(line, (VerdictLine, FindingLine)) and line.evidence:
            raise ReportError(
                f"{name}: line {line.seq} has evidence but no unit, so it can't be merged; write it in a unit"
            )
        else:
            merged.loose.setdefault(line.model_dump_json(exclude={"seq"}), line)
    for unit, unit_lines in units.items():
        _take_unit(merged, name, unit, unit_lines)


def _take_build(merged: _Merged, name: str, build: BuildLine) -> None:
    known = merged.builds.setdefault(build.id, (build, name))
    if known[0].model_dump(exclude={"seq", "at_ns"}) != build.model_dump(exclude={"seq", "at_ns"}):
        raise ReportError(
            f"build {build.id} is described differently in {known[1]} and {name}; give the builds other ids"
        )


def _take_unit(merged: _Merged, name: str, unit: str, lines: list[RecordLine]) -> None:
    if unit not in merged.units:
        merged.units[unit] = (lines, name)
        return
    known, known_name = merged.units[unit]
    first, second = _found(known), _found(lines)
    if first != second:
        clause = next(key for key in {**first, **second} if first.get(key) != second.get(key))
        raise ReportError(
            f"unit {unit} is in {known_name} and {name} with different results ({' '.join(clause)}: "
            f"{first.get(clause, 'absent')} and {second.get(clause, 'absent')}); leave one of them out"
        )


def _found(lines: Iterable[RecordLine]) -> dict[tuple[str, ...], str]:
    """What a unit found, without times."""
    found: dict[tuple[str, ...], str] = {}
    for line in lines:
        if isinstance(line, VerdictLine):
            found[line.key] = f"{line.verdict} {line.follows}".strip()
        elif isinstance(line, FindingLine):
            found[line.contract, line.id, line.build] = f"does {line.does}"
    return found


def _one_verdict_each(merged: _Merged) -> None:
    """Several units may judge the same clause only in the same words; the second verdict then goes."""
    seen: dict[tuple[str, str, str], tuple[VerdictLine, str]] = {}
    for lines, name in merged.units.values():
        for line in lines:
            if isinstance(line, VerdictLine):
                known = seen.setdefault(line.key, (line, name))
                if (known[0].verdict, known[0].follows) != (line.verdict, line.follows):
                    raise ReportError(
                        f"{line.clause} on {line.build} is {known[0].verdict} in {known[1]} (unit {known[0].unit}) and "
                        f"{line.verdict} in {name} (unit {line.unit}); leave one of them out"
                    )
    first = {id(line) for line, _ in seen.values()}
    for lines, _ in merged.units.values():
        lines[:] = [line for line in lines if not isinstance(line, VerdictLine) or id(line) in first]


def _same_suite(runs: Sequence[RunLine]) -> None:
    for name in ("suite_version", "profile", "seed"):
        values = sorted({str(getattr(run, name)) for run in runs})
        if len(values) > 1:
            raise ReportError(f"these are not parts of one run: {name.replace('_', ' ')} {' and '.join(values)}")


def _footer(lines: Sequence[RecordLine], footers: Sequence[FooterLine], runs: Sequence[RunLine]) -> FooterLine:
    """Parts of one run took from its start to the last part's end; of several, as long as the longest part."""
    kinds = Counter(line.kind for line in lines)
    finished = max((footer.finished_at for footer in footers), default=datetime.now(UTC))
    longest = max((footer.duration_s for footer in footers), default=0.0)
    span = (finished - runs[0].started_at).total_seconds() if len(runs) == 1 else 0.0
    return FooterLine(
        seq=1 + sum(1 for line in lines if not line.unit),
        finished_at=finished,
        duration_s=round(max(longest, span), 3),
        lines=dict(sorted(kinds.items())),
    )
