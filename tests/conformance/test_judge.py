"""What judgements become: verdicts and findings, by the words of the design."""

from __future__ import annotations

import pytest
from played import V4, Played, everything

from testcall_conformance.checks import Judgement, NotRun, Question
from testcall_conformance.judge import inconsistent, judge_clause, judge_conflict, judge_silence, wavers
from testcall_contract.loader import load
from testcall_contract.promises import Alternative, Promise, promises
from testcall_reports.record import VerdictLine

CONTRACT = load(V4)


def promise(kind="clause", rule="operation.exists", **more):
    about = next(p.subject for p in promises(CONTRACT) if p.rule == "operation.exists")
    return Promise("JS4-X-010", kind, rule, more.pop("args", {}), "text", about, **more)


def question(**more):
    return Question(promise(**more), CONTRACT, everything(CONTRACT), {})


COUNTS = {"level": "must", "basis": "documented"}


def verdict(judgement, **more):
    return judge_clause(question(**(COUNTS | more)), judgement, "b", "u")


@pytest.mark.parametrize(
    ("kept", "basis", "expected"),
    [
        (True, "documented", "pass"),
        (False, "documented", "fail"),
        (None, "documented", "not_run"),
        (True, "declared", "pass"),
        (False, "declared", "fail"),
        (True, "observed", "holds"),
        (False, "observed", "differs"),
        (None, "observed", "not_run"),
    ],
)
def test_only_what_a_source_says_counts(kept, basis, expected):
    line = verdict(Judgement(kept, "one thing", "another", reason="" if kept is not None else "unseen"), basis=basis)
    assert line.verdict == expected
    assert line.counts is (basis != "observed")


def test_a_fail_says_what_was_expected_and_seen_and_where():
    line = verdict(Judgement(False, "it fails", "resolved", (4, 7)))
    assert (line.expected, line.seen, line.evidence, line.attribution) == ("it fails", "resolved", (4, 7), "sdk")


def test_what_cannot_be_told_is_never_green_and_says_whose_doing_it_is():
    line = verdict(Judgement(None, "it fails", "", reason="no clock", attribution="adapter"))
    assert (line.verdict, line.reason, line.attribution) == ("not_run", "no clock", "adapter")


def test_what_was_not_planned_says_why_and_whether_by_choice():
    line = verdict(NotRun("untestable: x", "simulator", by_choice=True))
    assert (line.verdict, line.reason, line.by_choice) == ("not_run", "untestable: x", True)


# --- conflicts -------------------------------------------------------------------------------------------------------

TWO = (
    Alternative(id="a", says="it fails", source="s", args={"fails": True}),
    Alternative(id="b", says="it doesn't", source="s", args={"fails": False}),
)


def conflict():
    about = next(p.subject for p in promises(CONTRACT) if p.subject.key == "generate_token")
    args = {"condition": "sdk_not_initialized"}
    one = Promise(
        "JS4-X-010",
        "conflict",
        "operation.requires",
        args,
        "text",
        about,
        alternatives=TWO,
        basis="documented",
        level="must",
    )
    return Question(one, CONTRACT, everything(CONTRACT), args)


def judged(a, b):
    def one(kept):
        return Judgement(kept, "x", "seen" if kept is not None else "", (1,), "" if kept is not None else "unseen")

    return judge_conflict(conflict(), {"a": one(a), "b": one(b)}, "b", "u")


def test_a_conflict_passes_with_the_alternative_that_is_followed_and_tells_which():
    line, finding = judged(False, True)
    assert (line.verdict, line.follows) == ("pass", "b")
    assert finding is not None
    assert "follows b" in finding.does
    assert len(finding.alternatives) == 2


def test_a_conflict_fails_when_no_alternative_is_followed():
    line, finding = judged(False, False)
    assert (line.verdict, finding) == ("fail", None)


@pytest.mark.parametrize(("a", "b"), [(None, False), (False, None), (None, None)])
def test_a_conflict_of_which_one_alternative_could_not_be_seen_is_no_fail(a, b):
    line, _ = judged(a, b)
    assert line.verdict == "not_run"
    assert line.reason == "unseen"


def test_a_conflict_that_was_not_planned():
    line, finding = judge_conflict(conflict(), NotRun("why"), "b", "u")
    assert (line.verdict, line.reason, finding) == ("not_run", "why", None)


def test_following_both_alternatives_within_a_run_is_a_fail():
    asked = conflict()
    fails = Played(operation="generate_token", n=1).fails("generate_token", "X").recording()
    works = Played(operation="generate_token", n=2).call("generate_token", ended="resolved").recording()
    assert wavers(asked, [fails, fails]) == ""
    words = wavers(asked, [fails, works])
    assert "follows a" in words
    assert "follows b" in words
    no = Judgement(False, "x", "y")
    line, _ = judge_conflict(asked, {"a": no, "b": no}, "b", "u", wavering=words)
    assert (line.verdict, line.reason) == ("fail", words)


def parts():
    found: dict[tuple[str, ...], list[Promise]] = {}
    for version in (V4, "calls/javascript-v5"):
        for one in promises(load(version)):
            stem, _, part = one.id.rpartition("-")
            if one.kind == "conflict" and len(part) == 1 and part.isalpha():
                found.setdefault((version, stem, *(a.id for a in one.alternatives)), []).append(one)
    return next((key[0], ones) for key, ones in found.items() if len(ones) > 1)


def line_of(one, follows):
    return VerdictLine(
        unit="u", build="b", contract=V4, clause=one.id, conflict=one.id, text="t", family=one.family, rule=one.rule,
        item={"kind": "operation", "name": "x"}, verdict="pass", follows=follows,
    )  # fmt: skip


def test_parts_of_one_conflict_have_to_be_followed_alike():
    version, (one, two, *_) = parts()
    a, b = (alternative.id for alternative in one.alternatives[:2])
    assert inconsistent(load(version), [line_of(one, a), line_of(two, a)]) == []
    changed = inconsistent(load(version), [line_of(one, a), line_of(two, b)])
    assert {v.verdict for v in changed} == {"fail"}
    assert {v.conflict for v in changed} == {one.id, two.id}


# --- silences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judgement", "does"),
    [
        (Judgement(True, "it fails", "rejected with X", (3,)), "rejected with X"),
        (Judgement(False, "it fails", "resolved", (3,)), "resolved"),
        (Judgement(None, "it fails", "", reason="no call"), "could not be seen: no call"),
        (NotRun("no clock"), "not tried: no clock"),
    ],
)
def test_a_silence_is_a_finding_whatever_the_build_does(judgement, does):
    finding = judge_silence(question(kind="silence"), judgement, "b", "u")
    assert (finding.type, finding.does) == ("silence", does)
