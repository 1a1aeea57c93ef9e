"""Paths in, files out: the functions that the command line calls. Each loads, applies one pure function, and writes.

Wherever a ``baseline`` is given, it is applied before anything is rendered, so that all outputs of one run agree.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from testcall_reports.baseline import Applied, apply_baseline, baseline_of, baseline_yaml, load_baseline
from testcall_reports.compare import Comparison, compare_builds
from testcall_reports.errors import ReportError
from testcall_reports.junit import junit_xml
from testcall_reports.merge import merge_lines, read_parts
from testcall_reports.reader import Record, read_record, record_file
from testcall_reports.summary import FailOn, Summary, summary_of
from testcall_reports.writer import write_lines

AnyPath = str | os.PathLike[str]


def load(record: AnyPath | Record, baseline: AnyPath | None = None) -> Applied:
    """The record at a path, or the record itself, with the baseline applied when there is one."""
    loaded = record if isinstance(record, Record) else read_record(record)
    if baseline is None:
        return Applied(loaded)
    return apply_baseline(loaded, load_baseline(baseline), today=date.today())


def summarise(
    record: AnyPath | Record, *, baseline: AnyPath | None = None, strict: bool = False, fail_on: FailOn = "any"
) -> Summary:
    """Counts and exit code of a record. ``fail_on="new"`` needs a baseline: without one every failure is new."""
    _check(fail_on, baseline)
    return _summary(load(record, baseline), strict=strict, fail_on=fail_on)


def render_html(record: AnyPath | Record, out: AnyPath, *, baseline: AnyPath | None = None) -> Path:
    """Write the HTML report of a record to ``out``."""
    from testcall_reports.html import report_html

    return _write(out, report_html(load(record, baseline).record).encode())


def write_junit(record: AnyPath | Record, out: AnyPath, *, baseline: AnyPath | None = None) -> Path:
    """Write JUnit XML of a record to ``out``."""
    return _write(out, junit_xml(load(record, baseline).record))


def write_summary(summary: Summary, out: AnyPath) -> Path:
    """Write a summary as JSON to ``out``."""
    return _write(out, summary.model_dump_json(indent=2).encode() + b"\n")


def check_options(*, baseline: AnyPath | None = None, fail_on: FailOn = "any") -> None:
    """Refuse before a run what :func:`write_reports` would refuse after it."""
    _check(fail_on, baseline)
    if baseline is not None:
        load_baseline(baseline)


def write_reports(
    folder: AnyPath, *, baseline: AnyPath | None = None, strict: bool = False, fail_on: FailOn = "any"
) -> Summary:
    """Write ``report.html``, ``junit.xml`` and ``summary.json`` beside the ``record.jsonl`` of a run's folder."""
    _check(fail_on, baseline)
    applied = load(folder, baseline)
    summary = _summary(applied, strict=strict, fail_on=fail_on)
    base = record_file(folder).parent
    write_summary(summary, base / "summary.json")
    write_junit(applied.record, base / "junit.xml")
    render_html(applied.record, base / "report.html")
    return summary


def write_baseline(record: AnyPath | Record, out: AnyPath, *, reason: str = "") -> Path:
    """Write the failures of a record as known failures; entries of an existing file at ``out`` keep their reasons."""
    previous = load_baseline(out) if Path(out).exists() else ()
    return _write(out, baseline_yaml(baseline_of(load(record).record, reason=reason, previous=previous)).encode())


def merge_records(paths: Iterable[AnyPath], out: AnyPath) -> Record:
    """Merge records, run folders or folders of shards into the record ``out``."""
    merged = merge_lines(read_parts(paths))
    write_lines(out, merged.lines)
    return Record(merged.lines, path=str(out))


def compare_records(
    before: AnyPath | Record,
    after: AnyPath | Record,
    *,
    before_build: str = "",
    after_build: str = "",
    strict: bool = False,
) -> Comparison:
    """What changed from one build to another; both may be in the same record."""
    return compare_builds(
        load(before).record, load(after).record, before_build=before_build, after_build=after_build, strict=strict
    )


def _check(fail_on: FailOn, baseline: AnyPath | None) -> None:
    if fail_on == "new" and baseline is None:
        raise ReportError("--fail-on new needs --baseline FILE: a file of known failures, or an earlier record")


def _summary(applied: Applied, *, strict: bool, fail_on: FailOn) -> Summary:
    """The summary, with what the baseline lists in vain as warnings: an entry with a typing error must not go unnoticed."""
    summary = summary_of(applied.record, strict=strict, fail_on=fail_on)
    idle = [f"baseline: {entry.clause} of {entry.contract} was not judged" for entry in applied.idle]
    old = [f"baseline: {entry.clause} of {entry.contract} expired on {entry.expires}" for entry in applied.expired]
    return summary.model_copy(update={"warnings": (*summary.warnings, *idle, *old)})


def _write(out: AnyPath, content: bytes) -> Path:
    """Write atomically, so that nobody sees half a report."""
    target = Path(out)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ReportError(f"{target}: can't write ({error.strerror})") from None
    return target
