"""Whole runs of ringing: the published Chat SDK in a real browser, and the reference by each side of what documents disagree on."""

from __future__ import annotations

from pathlib import Path

import pytest

from testcall import RunOptions, Selection, run
from testcall_reports.reader import read_record

SDK = "npm:@cometchat/chat-sdk-javascript@4.2.0"
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
    "CJ4-LIMIT-010",
)  # fmt: skip


@pytest.mark.browser
def test_the_published_chat_sdk_rings_and_what_it_does_otherwise_is_told(tmp_path: Path) -> None:
    summary = run(RunOptions((SDK,), tmp_path / "out", selection=Selection(clauses=MUSTS)))
    found = {verdict.clause: verdict for verdict in read_record(tmp_path / "out").verdicts}
    assert {clause for clause, verdict in found.items() if verdict.verdict == "fail"} == DEVIATIONS
    assert {verdict.verdict for verdict in found.values()} == {"pass", "fail", "holds"}
    assert {clause: found[clause].follows for clause in ("CJ4-C01", "CJ4-C02", "CJ4-C03")} == {
        "CJ4-C01": "no_duration", "CJ4-C02": "promise", "CJ4-C03": "unanswered"
    }  # fmt: skip
    assert all(found[clause].source is not None and found[clause].evidence for clause in DEVIATIONS)
    assert summary.exit_code == 1


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
