"""The delta between two builds."""

import pytest

from testcall_reports.compare import compare_builds, comparison_text
from testcall_reports.errors import ReportError
from testcall_reports.record import FindingLine


def silence(does, **changes):
    return FindingLine(
        **{"type": "silence", "build": "b", "id": "S-1", "text": "a second leave", "does": does, **changes}
    )


def kinds(comparison):
    return {change.clause: change.kind for change in comparison.changes}


def test_each_kind_of_change_is_named(record, verdict):
    before = record(
        verdict("C-same"),
        verdict("C-broken"),
        verdict("C-fixed", "fail"),
        verdict("C-run", "not_run"),
        verdict("C-gone"),
        verdict("C-other", follows="rejects", conflict="K-1"),
        silence("throws"),
    )
    after = record(
        verdict("C-same"),
        verdict("C-broken", "fail"),
        verdict("C-fixed"),
        verdict("C-run"),
        verdict("C-new"),
        verdict("C-other", follows="resolves", conflict="K-1"),
        silence("returns"),
    )
    comparison = compare_builds(before, after)
    assert kinds(comparison) == {
        "C-broken": "new_failure",
        "C-fixed": "fixed",
        "C-run": "other",
        "C-gone": "only_before",
        "C-new": "only_after",
        "C-other": "follows",
        "S-1": "does",
    }
    assert comparison.same == 1
    assert comparison.exit_code == 1
    assert comparison.changes[0].kind == "new_failure"
    assert "new failure" in comparison_text(comparison)


@pytest.mark.parametrize(("level", "strict", "code"), [("must", False, 1), ("should", False, 0), ("should", True, 1)])
def test_only_a_deciding_failure_changes_the_exit_code(record, verdict, level, strict, code):
    comparison = compare_builds(record(verdict("C-1")), record(verdict("C-1", "fail", level=level)), strict=strict)
    assert comparison.exit_code == code


def test_a_known_failure_that_becomes_a_failure_is_not_new(record, verdict):
    assert compare_builds(record(verdict("C-1", "known_fail")), record(verdict("C-1", "fail"))).exit_code == 0


def test_two_builds_of_one_record_are_named(record, verdict):
    both = record(verdict("C-1", build="b"), verdict("C-1", "fail", build="b2"))
    with pytest.raises(ReportError, match="name one"):
        compare_builds(both, both)
    with pytest.raises(ReportError, match="no build b3"):
        compare_builds(both, both, before_build="b", after_build="b3")
    assert kinds(compare_builds(both, both, before_build="b", after_build="b2")) == {"C-1": "new_failure"}
