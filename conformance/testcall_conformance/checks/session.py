"""Checks of the session as a whole: what a token is good for, a second join, joining again."""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.checks.operations import seen_of
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.evidence import Recording
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import USER

_TOKEN_SCENES = frozenset({"early", "repeated", "other_session", "own_session", "user"})


def _plan_token(question: Question) -> Sequence[Scene] | NotRun:
    about = str(question.args["about"])
    if about not in _TOKEN_SCENES:
        return NotRun(f"no scene tries a call token's {about!r}", "simulator")
    return [Scene.of("token", about=about)]


@check("session.token", _plan_token)
def token(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """What a call token is good for: joining its own session, as its own user, early, again."""
    about, accepted = str(question.args["about"]), question.args.get("accepted", True)
    recording = recordings[0]
    told = recording.probe()
    expected = {
        "own_session": "the token joins the session that it was made for",
        "user": "the token joins as the user that it was made for",
        "early": "a token made ahead of time joins",
        "repeated": "the token joins a second time" if accepted else "the token joins only once",
        "other_session": "the token joins no other session",
    }[about]
    if told is None:
        return unknown(expected, "the call was not made")
    after = [e for e in recording.service("occupant_joined", uid=USER) if e.seq > told.step.seq]
    if about == "other_session":
        elsewhere = recording.service("occupant_joined", uid="bob")[0].data["session"]
        strays = [e for e in after if e.data["session"] == elsewhere]
        joined = ", ".join(str(e.data["session"]) for e in after) or "none"
        return Judgement(not strays, expected, f"joined: {joined}", (*told.seqs, *(e.seq for e in after[:1])))
    seqs = (*told.seqs, *(e.seq for e in after[:1]))
    return Judgement(bool(after) is accepted, expected, seen_of(recording, told), seqs)


def _plan_single(_: Question) -> Sequence[Scene] | NotRun:
    return [Scene.of("call", operation="join_session", condition="session_active")]


@check("session.single", _plan_single)
def single(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """What a second join does while a session is active."""
    accepted = question.args.get("accepted", False)
    expected = "a second join is accepted" if accepted else "a second join is refused or changes nothing"
    recording = recordings[0]
    told = recording.probe()
    if told is None or recording.joined(USER) is None:
        return unknown(expected, "the build did not join a first time")
    again = [e for e in recording.service("occupant_joined", uid=USER) if e.seq > told.step.seq]
    seen = f"{seen_of(recording, told)}; the service saw {'another' if again else 'no further'} join"
    return Judgement(bool(again) is accepted, expected, seen, (*told.seqs, *(e.seq for e in again[:1])))


def _plan_rejoin(_: Question) -> Sequence[Scene] | NotRun:
    return [Scene.of("tour", name="rejoin")]


@check("session.rejoin", _plan_rejoin)
def rejoin(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """After leaving, the same instance joins again."""
    expected = "after leaving, a second join works"
    act = recordings[0].act("rejoin")
    if act is None or recordings[0].joined(USER) is None:
        return unknown(expected, "the build did not join a first time")
    joined = act.joined(USER)
    seen = "the service saw the second join" if joined else "the service saw no second join"
    return Judgement(joined is not None, expected, seen, (joined.seq,) if joined else act.span)
