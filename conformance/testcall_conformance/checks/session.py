"""Checks of the session as a whole: what a token is good for, a second join, joining again."""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.actor import USER
from testcall_conformance.checks.operations import seen_of
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.controls import findable
from testcall_conformance.evidence import Recording
from testcall_conformance.scenes import Scene, tour
from testcall_conformance.session_scenes import CONTROLS_OF_SENDERS

_TOKEN_SCENES = frozenset({"early", "repeated", "other_session", "own_session", "same_session", "user"})


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
        "same_session": "a token made for a session in which somebody is leads to them",
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
    if about == "same_session" and after:
        there = recording.service("occupant_joined", uid="bob")[0].data["session"]
        seen = f"joined {after[0].data['session']}, where bob is in {there}"
        return Judgement(after[0].data["session"] == there, expected, seen, seqs)
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
    return [tour("rejoin")]


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


def _plan_isolated(_: Question) -> Sequence[Scene] | NotRun:
    return [Scene.of("token", about="other_session")]


@check("session.isolated", _plan_isolated)
def isolated(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Nothing of bob, who is in another session, reaches the build."""
    expected = "nothing of another session reaches the build"
    recording = recordings[0]
    joined = recording.joined(USER)
    if joined is None:
        return unknown(expected, "the build did not join")
    strays = [e for e in recording.events if e.kind == "callback" and "bob" in str(e.data.get("arguments"))]
    others = [e for e in recording.service("occupant_joined", uid=USER) if e.data["session"] != joined.data["session"]]
    seen = f"{len(strays)} callbacks about bob, {len(others)} joins elsewhere"
    return Judgement(not strays and not others, expected, seen, (joined.seq, *(e.seq for e in (*strays, *others)[:3])))


_ROLES = {"viewer_controls": "role:controls", "viewer_screen_share": "role:share", "viewer_unmute": "role:unmute"}
"""What a clause says of a role → the act of the scene in which it is seen."""


def _plan_role(question: Question) -> Sequence[Scene] | NotRun:
    about = str(question.args["about"])
    if about not in _ROLES:
        return NotRun(f"no scene tries the role's {about!r}", "simulator")
    if "join_presentation" not in question.contract.operations:
        return NotRun("the dialect has no presentations")
    if about == "viewer_controls":
        if not question.description.capabilities.ui:
            return NotRun("the adapter declares no capability 'ui'")
        if not any(findable(question.contract, control) for control in CONTROLS_OF_SENDERS):
            return NotRun("no name of these controls is known", "simulator")
    return [Scene.of("role", role="viewer")]


@check("session.role", _plan_role)
def role(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A viewer has no controls of those who send, can't be heard, and can't share a screen (``accepted`` true: can)."""
    about, accepted = str(question.args["about"]), question.args.get("accepted", False)
    expected = {
        "viewer_controls": "no control for microphone, camera, recording or screen",
        "viewer_screen_share": "no screen is shared",
        "viewer_unmute": "nobody hears the viewer",
    }[about]
    recording = recordings[0]
    act = recording.act(_ROLES[about])
    if recording.joined(USER) is None or act is None:
        return unknown(expected, "the build did not join")
    if about == "viewer_controls":
        return _judge_controls(act, expected)
    if about == "viewer_screen_share":
        shared = act.service("screen_share_started", uid=USER)
        seen = f"a screen was {'' if shared else 'not '}shared"
        return Judgement(bool(shared) is accepted, expected, seen, (*act.span, *(e.seq for e in shared[:1])))
    samples = act.media("measured", "audio")
    if not samples or not recording.service("media_connected", uid=USER):
        return unknown(expected, "nobody could measure", "simulator")
    heard = bool(samples[-1].data["present"])
    return Judgement(heard is accepted, expected, f"bob {'hears' if heard else 'does not hear'} it", (samples[-1].seq,))


def _judge_controls(act: Recording, expected: str) -> Judgement:
    looks = [e for e in act.events if e.kind == "outcome" and e.name == "look"]
    if not any(e.data.get("visible") for e in looks):
        return unknown(expected, "no control at all was found, so none can be missed", "adapter")
    shown = [
        str(e.data["control"]) for e in looks if e.data.get("visible") and e.data["control"] in CONTROLS_OF_SENDERS
    ]
    return Judgement(
        not shown, expected, f"visible: {', '.join(shown) or 'none of them'}", tuple(e.seq for e in looks[:4])
    )
