"""Checks of ringing: the transitions of a call, and for how long a caller waits. What was asked for and what came of it, the wire tells."""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.checks.events import ring_tour
from testcall_conformance.checks.operations import evidence_of, judge_failure, seen_of
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, needs, unknown
from testcall_conformance.evidence import Recording
from testcall_conformance.ring_tours import OPERATIONS, REFUSED, RING_TOUR_OF, TRANSITIONS
from testcall_conformance.scenes import Scene
from testcall_contract.trace import TraceEvent

GIVEN_UP = frozenset({"unanswered", "cancelled", "rejected"})
"""Statuses by which a caller that nobody answered can give up."""


def _refusal(question: Question) -> tuple[str, str] | None:
    args = question.args
    return REFUSED.get((str(args["from"]), str(args["action"]), str(args.get("actor", "anybody"))))


def _plan_status(question: Question) -> Sequence[Scene] | NotRun:
    args = question.args
    if not args.get("accepted", True):
        refused = _refusal(question)
        if refused is None:
            return NotRun(f"no call of the SDK tries it: {args['action']} when {args['from']}", "simulator")
        return [Scene.of("ring_call", operation=refused[0], condition=refused[1])]
    acts = TRANSITIONS.get((str(args["from"]), str(args["action"])))
    if acts is None:
        return NotRun(f"no act brings it about: {args['action']} when {args['from']}", "simulator")
    return ring_tour(question, RING_TOUR_OF[acts[0]])


@check("ringing.status", _plan_status)
def status(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The action takes the call to its status, as the service sees it; or (``accepted`` false) it fails."""
    if not question.args.get("accepted", True):
        refused = _refusal(question)
        assert refused is not None
        return judge_failure(question, recordings[0], refused[0])
    first, *others = TRANSITIONS[str(question.args["from"]), str(question.args["action"])]
    judged = _one_act(question, recordings[0], first)
    for act in others:
        if judged.kept and recordings[0].act(act) is not None:
            judged = _one_act(question, recordings[0], act)
    return judged


def _one_act(question: Question, recording: Recording, name: str) -> Judgement:
    args, act = question.args, recording.act(name)
    wanted, action = str(args.get("to", "")), str(args["action"])
    expected = f"{action} takes a call that is {args['from']} to {wanted}"
    if act is None:
        return unknown(expected, "the act was not played")
    came = act.service("call_status")
    if action == "timeout":  # what the SDK asks for; whether the service agrees is no doing of the SDK's
        if not _began(recording):
            return unknown(expected, "no call rang: the service saw none", "sdk", act.span)
        asked = act.first(_gives_up)
        if asked is None:
            return Judgement(False, expected, "the caller's SDK asked the service for nothing", act.span)
        return Judgement(
            _asked_for(asked) == wanted, expected, f"asks the service for {_asked_for(asked)}", (asked.seq,)
        )
    told = next((t for t in act.calls(OPERATIONS[action], "act")), None)
    if told is None or told.result is None:
        return unknown(expected, "the call was not made")
    if not came and not _reached(recording, str(args["from"]), act):
        return unknown(expected, f"there was no call that is {args['from']}", "sdk", told.seqs)
    if not told.result.ok:
        return Judgement(False, expected, seen_of(act, told), evidence_of(act, told))
    return _compared(expected, wanted, came, f"{seen_of(act, told)}, but the service was told nothing", told.seqs)


def _compared(expected: str, wanted: str, came: Sequence[TraceEvent], nothing: str, span: tuple[int, ...]) -> Judgement:
    if not came:
        return Judgement(False, expected, nothing, span)
    found = str(came[-1].data.get("status"))
    return Judgement(found == wanted, expected, f"the call is {found}", (*span[:1], came[-1].seq))


def _began(recording: Recording) -> bool:
    return bool(recording.service("call_status", status="initiated"))


def _reached(recording: Recording, before: str, act: Recording) -> bool:
    """Whether the service saw the call in the status from which the action was to take it."""
    first = act.events[0].seq
    earlier = [e for e in recording.service("call_status") if e.seq < first]
    return before == "none" or (bool(earlier) and earlier[-1].data.get("status") == before)


# --- patience --------------------------------------------------------------------------------------------------------


def _plan_timeout(question: Question) -> Sequence[Scene] | NotRun:
    lacking = needs(question, "clock")
    if lacking is not None:
        return lacking
    return [Scene.of("ring_timeout", **{key: question.args[key] for key in ("given", "after") if key in question.args})]


@check("ringing.timeout", _plan_timeout)
def timeout(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The caller's SDK gives the call up after ``seconds``, not before and not later; without ``seconds``, what it does."""
    seconds, recording = question.args.get("seconds"), recordings[0]
    expected = "gives the call up" if seconds is None else f"gives the call up after {seconds} s"
    if not _began(recording):
        return unknown(expected, "no call rang: the service saw none", "sdk", recording.span)
    marks = [e for e in recording.events if e.kind == "step" and e.name == "clock"]
    asked = recording.first(_gives_up)
    if not marks:
        return unknown(expected, "no time passed", "adapter", recording.span)
    if asked is None:
        last = marks[-1]
        seen = f"has not given the call up after {last.data['ringing_s']:g} s"
        return Judgement(False, expected, seen, (marks[0].seq, last.seq))
    low = max((float(m.data["ringing_s"]) for m in marks if m.seq < asked.seq), default=0.0)
    high = min((float(m.data["ringing_s"]) for m in marks if m.seq > asked.seq), default=low)
    at_once = not any(m.seq < asked.seq for m in marks)
    refused = "" if int(asked.data.get("status") or 0) < 400 else ", which the service refuses"
    when = "at once" if at_once else f"when it has rung for more than {low:g} and at most {high:g} s"
    seen = f"asks the service for {_asked_for(asked)} {when}{refused}"
    kept = seconds is None or (not at_once and low < seconds <= high)
    return Judgement(kept, expected, seen, (asked.seq,))


def _gives_up(event: TraceEvent) -> bool:
    return event.kind == "wire" and event.name == "update_call" and _asked_for(event) in GIVEN_UP


def _asked_for(event: TraceEvent) -> str:
    request = event.data.get("request") or {}
    body = request.get("body") if isinstance(request, dict) else None
    return str(body.get("status")) if isinstance(body, dict) else ""
