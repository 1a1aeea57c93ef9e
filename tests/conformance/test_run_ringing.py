"""Whole runs of ringing: the published Chat SDK in a real browser, and the reference by each side of what documents disagree on."""

from __future__ import annotations

from pathlib import Path

import pytest

from testcall import ConnectOptions, RunOptions, Selection, run
from testcall_reports.reader import read_record
from testcall_reports.record import VerdictLine

SDK = "npm:@cometchat/chat-sdk-javascript@4.2.0"
FAULTS = Path(__file__).parent / "faults" / "real_chat_build.js"
REFERENCE = "reference:chat/ringing-javascript-v4"
DEVIATIONS = {
    "CJ4-ACTIVE-015",  # null, where undefined is documented
    "CJ4-END-030",  # an endCall whose request fails resolves
    "CJ4-RING-070",  # and so does one that the service refuses
    "CJ4-ERR-190",  # USER_NOT_LOGED_IN, where USER_NOT_LOGGED_IN is documented
}
"""Each is seen in a plain page, too: tests/simulator/test_ringing_sdk.py."""
MUSTS = (
    "CJ4-RING-0[1-6]0", "CJ4-EV-*", "CJ4-ACTIVE-*", "CJ4-END-0[1-3]0", "CJ4-RING-070", "CJ4-ERR-010", "CJ4-ERR-190", "CJ4-C0[123]",
    "CJ4-LIMIT-010", "CJ4-COUNT-0[12]0",
)  # fmt: skip


def verdicts(out: Path, *scripts: str) -> dict[str, VerdictLine]:
    run(RunOptions((SDK,), out, selection=Selection(clauses=MUSTS), connect=ConnectOptions(init_scripts=scripts)))
    return {verdict.clause: verdict for verdict in read_record(out).verdicts}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, VerdictLine]:
    return verdicts(tmp_path_factory.mktemp("sound") / "out")


@pytest.mark.browser
def test_the_published_chat_sdk_rings_and_what_it_does_otherwise_is_told(sound: dict[str, VerdictLine]) -> None:
    assert {clause for clause, verdict in sound.items() if verdict.verdict == "fail"} == DEVIATIONS
    assert {verdict.verdict for verdict in sound.values()} == {"pass", "fail", "holds"}
    assert {clause: sound[clause].follows for clause in ("CJ4-C01", "CJ4-C02", "CJ4-C03")} == {
        "CJ4-C01": "no_duration", "CJ4-C02": "promise", "CJ4-C03": "unanswered"
    }  # fmt: skip
    assert all(sound[clause].source is not None and sound[clause].evidence for clause in DEVIATIONS)


@pytest.mark.browser
def test_faults_in_the_build_are_found_and_only_their_clauses_newly_fail(
    sound: dict[str, VerdictLine], tmp_path: Path
) -> None:
    spoilt = verdicts(tmp_path / "out", FAULTS.read_text())
    newly = {clause for clause, verdict in spoilt.items() if verdict.verdict == "fail" != sound[clause].verdict}
    assert newly == {
        "CJ4-EV-030",  # a callback that never comes
        "CJ4-EV-100",  # a payload without the call
        "CJ4-ERR-010",  # a code altered
        "CJ4-LIMIT-010",  # a default changed
        "CJ4-RING-040",  # another status
        "CJ4-COUNT-010",  # a wrong number
    }
    assert {verdict.verdict for verdict in spoilt.values()} <= {"pass", "fail", "holds", "not_run"}


@pytest.mark.parametrize(
    ("conflict", "alternative"),
    [("C01", "duration"), ("C01", "no_duration"), ("C02", "promise"), ("C02", "user"),
     ("C03", "cancelled"), ("C03", "rejected"), ("C03", "unanswered")],
)  # fmt: skip
def test_the_reference_follows_the_alternative_that_is_chosen(
    conflict: str, alternative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTCALL_TIME_SCALE", "0.5")
    selection = Selection(clauses=(f"CJ4-{conflict}", "CJ4-USER-010"))
    run(RunOptions((f"{REFERENCE}?{conflict}={alternative}",), tmp_path / "out", selection=selection, jobs=1))
    found = {verdict.clause: verdict for verdict in read_record(tmp_path / "out").verdicts}
    assert (found[f"CJ4-{conflict}"].verdict, found[f"CJ4-{conflict}"].follows) == ("pass", alternative)
    assert found["CJ4-USER-010"].verdict == "pass"
