"""Writing and reading records: nothing is lost, nothing secret is kept."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from testcall_contract.redaction import Secrets
from testcall_contract.trace import Trace
from testcall_reports.errors import ReportError
from testcall_reports.reader import read_lines, read_record
from testcall_reports.record import BuildLine, OutcomeLine, RunLine, StepLine, UnitLine, VerdictLine
from testcall_reports.writer import RecordWriter, shard

RUN = RunLine(suite_version="0.1.0", started_at=datetime(2026, 11, 20, tzinfo=UTC))


def verdict(**changes):
    given = {"unit": "u1", "build": "b", "contract": "c", "clause": "C-1", "text": "t", "verdict": "pass"}
    return VerdictLine(**{**given, **changes})


def test_what_is_written_is_read_in_order_with_numbers(tmp_path):
    with RecordWriter(tmp_path / "out" / "record.jsonl") as writer:
        writer.write(RUN)
        first = writer.write(StepLine(unit="u1", actor="alice", name="joinSession"))
        second = writer.write(StepLine(unit="u1", actor="bob", name="joinSession"))
        writer.write(verdict(evidence=(second.seq, first.seq, 99)))
    record = read_record(tmp_path / "out")
    assert not record.interrupted
    assert record.footer.lines == {"run": 1, "step": 2, "verdict": 1}
    assert [event.actor for event in record.evidence(record.verdicts[0])] == ["alice", "bob"]


def test_two_traces_in_one_unit_keep_their_evidence_apart(tmp_path):
    traces = [Trace(), Trace()]
    for index, trace in enumerate(traces):
        trace.add("callback", f"actor{index}", "onLeft")
    with RecordWriter(tmp_path / "r.jsonl") as writer:
        writer.write(RUN)
        numbers = [writer.events(trace.events, unit="u1") for trace in traces]
        writer.write(verdict(evidence=(numbers[1][1],)))
    record = read_record(tmp_path / "r.jsonl")
    assert [event.actor for event in record.evidence(record.verdicts[0])] == ["actor1"]


def test_a_record_is_never_overwritten(tmp_path):
    (tmp_path / "r.jsonl").write_text("evidence")
    with pytest.raises(ReportError, match="there is a record already"):
        RecordWriter(tmp_path / "r.jsonl")


KILLED = """
import sys
from datetime import UTC, datetime
from testcall_reports.record import RunLine, StepLine
from testcall_reports.writer import RecordWriter
writer = RecordWriter(sys.argv[1])
writer.write(RunLine(suite_version="1", started_at=datetime.now(UTC)))
count = 0
while True:
    writer.write(StepLine(unit="u1", name="step", data={"text": "x" * 2000}))
    count += 1
    if count == 50:
        print("ready", flush=True)
"""


def test_a_killed_run_leaves_all_whole_lines(tmp_path):
    path = tmp_path / "record.jsonl"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    record = read_record(path)
    assert record.interrupted
    assert len(record.lines) >= 51


def test_every_possible_cut_is_readable(tmp_path):
    path = tmp_path / "r.jsonl"
    with RecordWriter(path) as writer:
        writer.write(RUN)
        writer.write(StepLine(unit="u1", name="last", data={"text": "ä€😀"}))
    whole = path.read_bytes()
    after_first = whole.index(b"\n") + 1
    for cut in range(after_first, len(whole)):
        path.write_bytes(whole[:cut])
        record = read_record(path)
        assert len(record.lines) == whole[: cut + 1].count(b"\n") or not record.truncated
        assert record.interrupted or cut == len(whole) - 1


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(tmp_path):
    path = tmp_path / "r.jsonl"
    with RecordWriter(path) as writer:
        writer.write(RUN)
        writer.write(StepLine(name="a"))
        writer.write(StepLine(name="b"))
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[1][:20]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(ReportError, match=r"r\.jsonl:2: not JSON"):
        read_record(path)


def test_a_whole_last_line_of_a_wrong_shape_is_not_taken_for_a_cut(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(RUN.model_dump_json() + '\n{"kind": "surprise"}')
    with pytest.raises(ReportError, match=r"r\.jsonl:2: not a line of a run record"):
        read_record(path)


def test_a_newer_record_says_so(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({**json.loads(RUN.model_dump_json()), "record_schema": 99, "new": 1}) + "\n")
    with pytest.raises(ReportError, match="update testcall"):
        read_record(path)


def test_a_missing_record_and_a_shard_are_told_apart(tmp_path):
    with pytest.raises(ReportError, match="no such record"):
        read_record(tmp_path / "none.jsonl")
    with shard(tmp_path, "u1") as writer:
        writer.write(UnitLine(unit="u1", build="b"))
    with pytest.raises(ReportError, match="merge shards first"):
        read_record(tmp_path / "u1.jsonl")


def test_a_shard_has_its_name_only_when_it_is_whole(tmp_path):
    with pytest.raises(RuntimeError), shard(tmp_path, "a/b:1") as writer:  # noqa: PT012
        writer.write(UnitLine(unit="a/b:1", build="b"))
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a_b_1.part.jsonl"]
    with shard(tmp_path, "a/b:1") as writer:
        writer.write(UnitLine(unit="a/b:1", build="b", attempt=2))
    assert [path.name for path in tmp_path.iterdir()] == ["a_b_1.jsonl"]
    lines, truncated = read_lines(tmp_path / "a_b_1.jsonl")
    assert [line.kind for line in lines] == ["unit", "footer"]
    assert not truncated


def test_secrets_and_vendor_source_never_reach_the_file(tmp_path):
    secrets = Secrets()
    secrets.add("s3cret-auth-key", "auth key")
    path = tmp_path / "r.jsonl"
    stack = "TypeError: x is not a function\n    at Qe (https://app.localhost:9/sdk.js:1:48213)\n    at async Zt (sdk.js:1:9)"
    with RecordWriter(path, secrets=secrets) as writer:
        writer.write(RUN.model_copy(update={"command": "testcall run --sdk file:/home/mary/build.tgz"}))
        writer.write(BuildLine(id="b", sdk="file:/home/mary/build.tgz", contract="c"))
        own = {"message": "bad key s3cret-auth-key", "stack": stack, "path": "/home/mary/x.js"}
        writer.write(OutcomeLine(unit="u1", name="rejected", data={"error": {"type": "Error", "own": own}}))
        seen = {"ended": "rejected", "stack": stack, "said": stack}
        writer.write(verdict(verdict="fail", attribution="sdk", seen=seen, reason=f"it said {stack}"))
    text = path.read_text()
    assert "mary" not in text
    assert "s3cret" not in text
    assert "48213" not in text
    assert "x is not a function" in text
    assert "bad key <auth key>" in text
