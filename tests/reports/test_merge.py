"""Shards become one record; what contradicts itself does not."""

from datetime import timedelta

import pytest

from testcall_reports.commands import merge_records
from testcall_reports.errors import ReportError
from testcall_reports.merge import merge_lines
from testcall_reports.reader import read_record
from testcall_reports.record import BuildLine, FooterLine, InstrumentLine, StepLine, UnitLine
from testcall_reports.writer import shard, write_lines


def part(name, record):
    return (name, record.lines, record.truncated)


def test_shards_and_the_run_s_record_become_one(tmp_path, record, verdict):
    write_lines(tmp_path / "out" / "record.jsonl", record(planned_units=("u1", "u2")).lines)
    for unit in ("u1", "u2"):
        with shard(tmp_path / "shards", unit) as writer:
            writer.write(UnitLine(unit=unit, build="b"))
            step = writer.write(StepLine(unit=unit, actor=f"actor of {unit}"))
            writer.write(verdict(f"C-{unit}", unit=unit, evidence=(step.seq,)))
    merge_records([tmp_path / "out", tmp_path / "shards"], tmp_path / "merged.jsonl")
    merged = read_record(tmp_path / "merged.jsonl")
    assert not merged.interrupted
    assert not merged.missing_units
    assert [merged.evidence(line)[0].actor for line in merged.verdicts] == ["actor of u1", "actor of u2"]
    assert len({(line.unit, line.seq) for line in merged.lines}) == len(merged.lines)


def test_a_shard_that_broke_off_is_saved_unless_its_unit_was_done_again(tmp_path, record, verdict):
    write_lines(tmp_path / "out" / "record.jsonl", record().lines)
    for unit in ("u1", "u2"):
        with pytest.raises(RuntimeError), shard(tmp_path / "shards", unit) as writer:  # noqa: PT012
            writer.write(verdict(f"C-{unit}", unit=unit))
            raise RuntimeError
    merged = merge_records([tmp_path / "out", tmp_path / "shards"], tmp_path / "first.jsonl")
    assert [line.clause for line in merged.verdicts] == ["C-u1", "C-u2"]
    assert merged.interrupted
    for unit in ("u1", "u2"):
        with shard(tmp_path / "shards", unit) as writer:
            writer.write(verdict(f"C-{unit}", unit=unit))
    assert not merge_records([tmp_path / "out", tmp_path / "shards"], tmp_path / "second.jsonl").interrupted


def test_merging_twice_changes_nothing(record, verdict):
    whole = record(UnitLine(unit="u1", build="b"), verdict("C-1"), InstrumentLine(name="loop_lag", data={"p95_ms": 1}))
    once = merge_lines([part("a", whole)])
    twice = merge_lines([part("a", whole), part("b", once), part("c", whole)])
    assert twice.lines == once.lines


def test_a_repeated_unit_with_the_same_result_stands_once(record, verdict):
    again = record(verdict("C-1", at_ns=999))
    merged = merge_lines([part("a", record(verdict("C-1", at_ns=1))), part("b", again)])
    assert [line.at_ns for line in merged.verdicts] == [1]


@pytest.mark.parametrize("changes", [{"word": "fail"}, {"follows": "rejects"}])
def test_a_repeated_unit_with_another_result_names_both_files(record, verdict, changes):
    with pytest.raises(ReportError, match=r"unit u1 is in a\.jsonl and b\.jsonl with different results"):
        merge_lines([part("a.jsonl", record(verdict("C-1"))), part("b.jsonl", record(verdict("C-1", **changes)))])


def test_two_units_about_one_clause_must_agree(record, verdict):
    same = merge_lines([part("a", record(verdict("C-1"))), part("b", record(verdict("C-1", unit="u2")))])
    assert len(same.verdicts) == 1
    with pytest.raises(ReportError, match=r"C-1 on b is pass in a .* and fail in b"):
        merge_lines([part("a", record(verdict("C-1"))), part("b", record(verdict("C-1", "fail", unit="u2")))])


def test_a_build_described_in_two_ways_is_an_error(record):
    one, other = (BuildLine(id="b", sdk="npm:pkg@1", contract="c", version=version) for version in "12")
    with pytest.raises(ReportError, match="build b is described differently in a and b"):
        merge_lines([part("a", record(one)), part("b", record(other))])


def test_runs_of_another_seed_or_suite_do_not_mix(record, verdict):
    with pytest.raises(ReportError, match="not parts of one run: seed 0 and 7"):
        merge_lines([part("a", record(verdict())), part("b", record(seed=7))])


def test_an_interrupted_part_makes_an_interrupted_record(record, verdict):
    merged = merge_lines([part("a", record(verdict())), part("b", record(verdict("C-2", unit="u2"), footer=False))])
    assert merged.interrupted
    assert len(merged.verdicts) == 2


def test_parts_without_a_run_are_refused(tmp_path):
    with shard(tmp_path, "u1") as writer:
        writer.write(UnitLine(unit="u1", build="b"))
    with pytest.raises(ReportError, match="has a run line"):
        merge_records([tmp_path], tmp_path / "out.jsonl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReportError, match="no shards"):
        merge_records([tmp_path / "empty"], tmp_path / "out.jsonl")


def test_a_run_in_parts_took_from_its_start_to_its_last_part(record, verdict):
    def ended(lines, seconds, lasted):
        start = lines.lines[0].started_at
        return [
            line.model_copy(update={"finished_at": start + timedelta(seconds=seconds), "duration_s": lasted})
            if isinstance(line, FooterLine)
            else line
            for line in lines.lines
        ]

    one, two = record(verdict("C-1", unit="u1")), record(verdict("C-2", unit="u2"))
    merged = merge_lines([("a", ended(one, 40, 39.0), False), ("b", ended(two, 70, 30.0), False)])
    assert merged.footer.duration_s == 70.0
