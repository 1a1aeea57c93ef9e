"""Whole runs on the published build: what is found in it, and that faults put into it are found, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from testcall import ConnectOptions, RunOptions, Selection, run
from testcall_reports.reader import read_record
from testcall_reports.record import VerdictLine

pytestmark = pytest.mark.browser

SDK = "npm:@cometchat/calls-sdk-javascript@4.2.6"
FAULTS = Path(__file__).parent / "faults" / "real_build.js"
SELECTION = (
    "JS4-LEFT-0[1-4]0", "JS4-SET-SHARE-0[13]0", "JS4-TOKEN-0[1-9]0", "JS4-MUTE-0[35]0", "JS4-UNMUTE-030",
    "JS4-JOINED-0[1-4]0", "JS4-CONST-0[12]0", "JS4-MEDIA-0[12]0",
)  # fmt: skip


def verdicts(out: Path, *scripts: str) -> dict[str, VerdictLine]:
    run(RunOptions((SDK,), out, selection=Selection(clauses=SELECTION), connect=ConnectOptions(init_scripts=scripts)))
    return {verdict.clause: verdict for verdict in read_record(out).verdicts}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, VerdictLine]:
    return verdicts(tmp_path_factory.mktemp("sound") / "out")


def test_the_build_joins_and_exchanges_media(sound: dict[str, VerdictLine]) -> None:
    assert sound["JS4-MEDIA-010"].verdict == "pass"
    assert sound["JS4-MEDIA-020"].verdict == "pass"


def test_a_deviation_is_told_with_its_evidence(sound: dict[str, VerdictLine]) -> None:
    own_join = sound["JS4-JOINED-020"]
    assert own_join.verdict == "fail"
    assert own_join.attribution == "sdk"
    assert own_join.evidence
    assert own_join.source is not None
    assert own_join.source.url.startswith("https://")


def test_faults_are_found_and_only_their_clauses_newly_fail(sound: dict[str, VerdictLine], tmp_path: Path) -> None:
    spoilt = verdicts(tmp_path / "out", FAULTS.read_text())
    newly = {clause for clause, verdict in spoilt.items() if verdict.verdict == "fail" != sound[clause].verdict}
    assert newly == {
        "JS4-LEFT-010", "JS4-LEFT-020",  # a callback that never comes
        "JS4-JOINED-030", "JS4-JOINED-040",  # a payload without the user's id
        "JS4-SET-SHARE-010", "JS4-SET-SHARE-030",  # a default changed
        "JS4-TOKEN-060", "JS4-TOKEN-070", "JS4-TOKEN-080", "JS4-TOKEN-090",  # a code altered
        "JS4-MUTE-030",  # an operation without effect
        "JS4-CONST-010",  # a constant changed
    }  # fmt: skip
    assert {verdict.verdict for verdict in spoilt.values()} <= {"pass", "fail", "not_run"}
