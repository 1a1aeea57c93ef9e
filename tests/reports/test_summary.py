"""Counts, headline and exit codes."""

import pytest

from testcall_reports.commands import summarise
from testcall_reports.errors import ReportError
from testcall_reports.record import BuildLine
from testcall_reports.summary import build_title, summary_of
from testcall_reports.summary_text import REFERENCE_NOTE, summary_text


def code(record, **options):
    return summary_of(record, **options).exit_code


def test_the_headline_counts_only_what_was_judged(record, verdict):
    words = ["pass", "fail", "known_fail", "unexpected_pass", "inconclusive", "not_run", "error", "holds", "differs"]
    summary = summary_of(record(*(verdict(f"C-{word}", word) for word in words)))
    assert summary.builds[0].headline == "6 of 9 clauses judged on this build"
    assert summary.builds[0].verdicts == dict.fromkeys(words, 1)
    assert summary.builds[0].counting == 4


@pytest.mark.parametrize(
    ("word", "level", "expected"),
    [
        ("pass", "must", 0),
        ("fail", "must", 1),
        ("fail", "should", 0),
        ("fail", "info", 0),
        ("known_fail", "must", 0),
        ("unexpected_pass", "must", 1),
        ("inconclusive", "must", 3),
        ("inconclusive", "should", 0),
        ("error", "info", 3),
        ("not_run", "must", 0),
    ],
)
def test_one_verdict_beside_a_pass(record, verdict, word, level, expected):
    assert code(record(verdict("C-1"), verdict("C-2", word, level=level))) == expected


def test_a_should_decides_only_when_strict(record, verdict):
    failing = record(verdict("C-1"), verdict("C-2", "fail", level="should"))
    assert code(failing) == 0
    assert code(failing, strict=True) == 1
    assert summary_of(failing).warnings == ("1 failed that only warn",)


def test_what_does_not_count_changes_nothing(record, verdict):
    assert code(record(verdict("C-1"), verdict("C-2", "differs"), verdict("C-3", "inconclusive", counts=False))) == 0


def test_a_failure_wins_over_what_could_not_be_judged(record, verdict):
    summary = summary_of(record(verdict("C-1", "error"), verdict("C-2", "fail")))
    assert summary.exit_code == 1
    assert len(summary.why) == 2


def test_a_stale_entry_only_warns_when_new_failures_are_asked_for(record, verdict):
    stale = record(verdict("C-1"), verdict("C-2", "unexpected_pass"))
    assert code(stale) == 1
    assert code(stale, fail_on="new") == 0


def test_fail_on_new_without_baseline_says_what_to_do(record, verdict):
    with pytest.raises(ReportError, match="--baseline FILE"):
        summarise(record(verdict()), fail_on="new")


def test_a_family_that_judged_nothing_is_not_green(record, verdict):
    lines = [verdict("C-1"), verdict("C-2", "not_run", family="media")]
    assert summary_of(record(*lines)).builds[0].vacuous_families == ("media",)
    assert code(record(*lines)) == 3


def test_a_family_that_nobody_chose_is_no_hole(record, verdict):
    chosen = verdict("C-2", "not_run", family="media", by_choice=True, reason="not in profile quick")
    assert code(record(verdict("C-1"), chosen)) == 0


def test_a_family_that_was_asked_for_and_does_not_exist_is_a_hole(record, verdict):
    assert code(record(verdict("C-1"), families=("event*",))) == 0
    assert code(record(verdict("C-1"), families=("evnts",))) == 3


def test_a_family_that_only_one_of_two_builds_has_is_no_hole(record, verdict):
    both = record(
        verdict("C-1", build="b"), verdict("C-2", build="b2", family="ringing"), families=("ringing", "events")
    )
    assert code(both) == 0


def test_following_two_alternatives_of_one_conflict_is_said(record, verdict):
    lines = [verdict(f"C-{way}", conflict="K-1", follows=way) for way in ("rejects", "resolves")]
    assert summary_of(record(*lines)).warnings == ("conflict K-1: followed rejects and resolves in one run",)
    assert summary_of(record(lines[0])).warnings == ()


def test_an_empty_an_interrupted_and_an_incomplete_record_are_not_green(record, verdict):
    assert code(record()) == 3
    assert code(record(verdict(), footer=False)) == 3
    assert code(record(verdict(), planned_units=("u1", "u2"))) == 3


def test_the_text_names_failures_and_keeps_the_terminal_safe(record, verdict):
    hostile = verdict("C-2", "fail", reason="\x1b[2J\x1b]0;owned\x07 gone\nsecond line")
    text = summary_text(summary_of(record(verdict("C-1"), hostile)))
    assert "1 pass  1 fail" in text
    assert "C-2  must  Text of C-2." in text
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\x1b[31m" in summary_text(summary_of(record(hostile)), colour=True)


def test_a_reference_build_is_headed_as_what_it_is(record, verdict):
    build = BuildLine(id="b", sdk="reference:c", contract="c", is_reference=True)
    text = summary_text(summary_of(record(build, verdict())))
    assert REFERENCE_NOTE in text
    assert "conformant" not in text


def test_references_of_two_contracts_have_two_titles():
    def title(**given):
        return build_title(BuildLine(id="b", sdk="s", name="SDK", version="1", contract="calls/x", **given))

    assert title(is_reference=True) == "SDK 1 · calls/x"
    assert title(is_reference=False) == "SDK 1"
