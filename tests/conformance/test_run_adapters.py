"""Whole runs on adapters: the example in Node.js, sound and broken, and adapters that misbehave."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from testcall import ConnectOptions, RunOptions, Selection, run
from testcall_conformance.adapters import Limits
from testcall_reports.reader import read_record

ROOT = Path(__file__).resolve().parents[2]
NODE = f"exec:node {ROOT / 'examples/node-adapter/adapter.js'}"
CONTRACT = str(ROOT / "examples/node-adapter/contract.yaml")
HOSTILE = Path(__file__).parent / "hostile" / "honest.py"


def test_the_example_without_faults_fails_nothing(tmp_path: Path) -> None:
    summary = run(RunOptions((NODE,), tmp_path / "out", contract=CONTRACT))
    (build,) = summary.builds
    assert build.verdicts["fail"] == build.verdicts["error"] == 0
    assert build.judged >= 40
    assert summary.exit_code == 0


def test_five_faults_two_of_them_only_on_the_wire_fail_just_their_clauses(tmp_path: Path) -> None:
    faults = "init-takes-anything,wrong-code,no-user-left,mute-stays-local,leaves-without-a-word"
    options = ConnectOptions(environment={"FAKE_SDK_FAULTS": faults})
    summary = run(RunOptions((NODE,), tmp_path / "out", contract=CONTRACT, connect=options))
    failed = {v.clause for v in read_record(tmp_path / "out").verdicts if v.verdict == "fail"}
    init = {"EX-INIT-040", "EX-INIT-050", "EX-INIT-060", "EX-INIT-070", "EX-APP-010", "EX-APP-040"}
    code = {"EX-TOKEN-060", "EX-TOKEN-080"}
    left = {"EX-LEFT-010", "EX-LEFT-020"}
    mute = {"EX-MUTE-030", "EX-MUTE-050", "EX-PAUSE-030", "EX-PAUSE-050"}
    leave = {"EX-LEAVE-030"}
    assert failed == init | code | left | mute | leave
    assert summary.exit_code == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("hang", "hang"), ("die", "crash"), ("rubbish", "rubbish"), ("twice", "duplicate")],
)
def test_an_adapter_that_misbehaves_gets_a_verdict_of_its_own_and_the_rest_is_unharmed(
    fault: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTCALL_TIME_SCALE", "0.25")
    hostile = f"exec:{sys.executable} {HOSTILE} {fault}"
    options = RunOptions(
        (hostile, "reference:calls/javascript-v4"), tmp_path / "out", contract="calls/javascript-v4",
        selection=Selection(clauses=("JS4-TOKEN-0[1-3]0",)), connect=ConnectOptions(limits=Limits(grace_s=0.5)),
    )  # fmt: skip
    summary = run(options)
    record = read_record(tmp_path / "out")
    bad, good = record.build_ids
    troubled = record.verdicts_of(bad)
    assert {v.verdict for v in troubled} == {"error"}
    assert {v.attribution for v in troubled} == {"adapter"}
    assert all(kind in v.reason or "given up" in v.reason for v in troubled), troubled[0].reason
    assert {v.verdict for v in record.verdicts_of(good)} == {"pass"}
    assert summary.exit_code == 3
