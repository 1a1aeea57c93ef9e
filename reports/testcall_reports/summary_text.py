"""A summary as a few lines of text, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from testcall_reports.record import Verdict
from testcall_reports.summary import BuildSummary, ClauseNote, Summary

WORDS: dict[Verdict, str] = {
    "pass": "pass",
    "fail": "fail",
    "known_fail": "known fail",
    "unexpected_pass": "unexpected pass",
    "inconclusive": "inconclusive",
    "not_run": "not run",
    "error": "error",
    "holds": "holds",
    "differs": "differs",
}
"""Verdicts as people read them."""

_COLOURS = {
    "pass": "32",
    "fail": "31",
    "error": "35",
    "unexpected_pass": "35",
    "inconclusive": "33",
    "known_fail": "33",
}

REFERENCE_NOTE = "model of the documentation, not a vendor build"
"""What stands above every result of a reference build."""


def summary_text(summary: Summary, *, colour: bool = False, limit: int = 12) -> str:
    """The summary in plain text, ANSI colours only when asked; at most ``limit`` clauses are named."""
    lines: list[str] = []
    for build in summary.builds:
        lines.extend(_build_lines(build, colour))
    lines.extend(_note_lines(summary.failures, colour, limit))
    lines.extend(_note_lines(summary.unsure, colour, limit))
    lines.extend(f"warning: {warning}" for warning in summary.warnings)
    lines.append(
        f"exit {summary.exit_code}: {summary.meaning}" + (f" ({'; '.join(summary.why)})" if summary.why else "")
    )
    return "\n".join(lines) + "\n"


def _build_lines(build: BuildSummary, colour: bool) -> Iterator[str]:
    title = f"{build.name} {build.version}".strip() or build.sdk or build.build
    yield _paint(f"{title}  ·  {build.contract}", "1", colour)
    if build.is_reference:
        yield f"  {REFERENCE_NOTE}"
    yield f"  {build.headline}"
    counts = [
        _paint(f"{count} {word}", _COLOURS.get(verdict, ""), colour)
        for verdict, word in WORDS.items()
        if (count := build.verdicts.get(verdict, 0))
    ]
    yield "  " + ("  ".join(counts) if counts else "no verdicts")


def _note_lines(notes: tuple[ClauseNote, ...], colour: bool, limit: int) -> Iterator[str]:
    for note in notes[:limit]:
        word = _paint(f"{WORDS[note.verdict]:<15}", _COLOURS.get(note.verdict, ""), colour)
        yield f"{word} {note.clause}  {note.level}  {_short(note.text)}"
        if note.reason:
            yield f"{'':<15} {_short(note.reason)}"
    if len(notes) > limit:
        yield f"{'':<15} and {len(notes) - limit} more in the report"


def _short(text: str, width: int = 140) -> str:
    """One printable line: control characters of a hostile build must not reach the terminal."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text
