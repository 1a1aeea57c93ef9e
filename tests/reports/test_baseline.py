"""Known failures: excused with a reason, and noticed when they pass."""

from datetime import date

import pytest

from testcall_reports.baseline import KnownFailure, apply_baseline, baseline_of, baseline_yaml, load_baseline
from testcall_reports.commands import summarise, write_baseline
from testcall_reports.errors import ReportError
from testcall_reports.record import VerdictLine
from testcall_reports.writer import write_lines


def known(clause="C-1", **changes):
    return KnownFailure(**{"contract": "c", "clause": clause, "reason": "CALL-1", **changes})


def words(applied):
    return [verdict.verdict for verdict in applied.record.verdicts]


def test_a_listed_failure_is_known_and_a_listed_pass_is_noticed(record, verdict):
    lines = [verdict("C-1", "fail"), verdict("C-2"), verdict("C-3", "fail"), verdict("C-4", "inconclusive")]
    applied = apply_baseline(record(*lines), [known("C-1"), known("C-2"), known("C-4"), known("C-9")])
    assert words(applied) == ["known_fail", "unexpected_pass", "fail", "inconclusive"]
    assert "CALL-1" in applied.record.verdicts[0].reason
    assert "reason of C-1" in applied.record.verdicts[0].reason
    assert [entry.clause for entry in applied.idle] == ["C-4", "C-9"]
    for line in applied.record.verdicts:
        VerdictLine.model_validate(line.model_dump())


@pytest.mark.parametrize(
    ("glob", "word"), [("npm:pkg@*", "known_fail"), ("SDK b", "known_fail"), ("npm:other@*", "fail")]
)
def test_an_entry_is_for_the_builds_that_its_glob_names(record, verdict, glob, word):
    assert words(apply_baseline(record(verdict("C-1", "fail")), [known(sdk=glob)])) == [word]


def test_an_expired_entry_excuses_nothing(record, verdict):
    entry = known(expires=date(2026, 1, 31))
    assert words(apply_baseline(record(verdict("C-1", "fail")), [entry], today=date(2026, 1, 31))) == ["known_fail"]
    applied = apply_baseline(record(verdict("C-1", "fail")), [entry], today=date(2026, 2, 1))
    assert words(applied) == ["fail"]
    assert applied.expired == (entry,)


def test_a_written_baseline_excuses_exactly_what_failed(tmp_path, record, verdict):
    first = record(verdict("C-1", "fail", reason="because"), verdict("C-2"))
    file = write_baseline(first, tmp_path / "known.yaml", reason="CALL-7: agreed")
    assert summarise(first, baseline=file).exit_code == 0
    assert summarise(first, baseline=file, fail_on="new").exit_code == 0
    second = record(verdict("C-1", "fail"), verdict("C-2", "fail"))
    assert summarise(second, baseline=file, fail_on="new").exit_code == 1
    write_baseline(second, file)
    assert load_baseline(file)[0].reason == "CALL-7: agreed"
    assert len(load_baseline(file)) == 2


def test_the_next_version_of_a_package_has_the_same_baseline(record, verdict):
    (entry,) = baseline_of(record(verdict("C-1", "fail")))
    assert entry.sdk == "npm:pkg@*"


def test_of_two_builds_only_the_failing_one_is_excused(record, verdict):
    both = record(verdict("C-1", "fail", build="b"), verdict("C-1", build="b2"))
    assert words(apply_baseline(both, baseline_of(both))) == ["known_fail", "pass"]


def test_entries_that_do_nothing_are_warned_about(tmp_path, record, verdict):
    entries = (known("C-typo"), known("C-1", expires=date(2020, 1, 1)))
    (tmp_path / "known.yaml").write_text(baseline_yaml(entries))
    summary = summarise(record(verdict("C-1", "fail")), baseline=tmp_path / "known.yaml")
    assert summary.exit_code == 1
    assert summary.warnings == ("baseline: C-typo of c was not judged", "baseline: C-1 of c expired on 2020-01-01")


def test_an_earlier_record_serves_as_baseline(tmp_path, record, verdict):
    write_lines(tmp_path / "old" / "record.jsonl", record(verdict("C-1", "fail")).lines)
    for baseline in (tmp_path / "old", tmp_path / "old" / "record.jsonl"):
        assert [entry.clause for entry in load_baseline(baseline)] == ["C-1"]


def test_yaml_and_json_lines_say_the_same(tmp_path):
    entries = (known("C-1", sdk="npm:a@[[]1]"), known("C-2", reason='ä: "quoted"', expires=date(2027, 1, 31)))
    (tmp_path / "a.yaml").write_text(baseline_yaml(entries), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text("\n".join(entry.model_dump_json() for entry in entries), encoding="utf-8")
    assert load_baseline(tmp_path / "a.yaml") == load_baseline(tmp_path / "a.jsonl") == entries
    (tmp_path / "empty.yaml").write_text(baseline_yaml(()))
    assert load_baseline(tmp_path / "empty.yaml") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {contract: c, clause: C-1}\n", r":1: reason"),
        ("- {contract: c, clause: C-1, reason: r}\n- {contract: c, clause: C-2, reason: r, sdks: x}\n", r":2: sdks"),
        ("a: 1\n", r":1: a baseline is a list"),
        ("- [\n", r":2:1: not YAML"),
        ("- text\n", r":1: entry"),
        ('{"contract": "c"\n', r":1: not JSON"),
        ("- &a {contract: c, clause: C-1, reason: r}\n- *a\n", "listed twice"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(tmp_path, text, message):
    file = tmp_path / "known.yaml"
    file.write_text(text)
    with pytest.raises(ReportError, match=message):
        load_baseline(file)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ReportError, match="can't be read"):
        load_baseline(tmp_path / "none.yaml")
