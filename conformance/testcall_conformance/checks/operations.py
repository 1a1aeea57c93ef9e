"""Checks of operations and error codes: presence, delivery, preconditions, arguments, effects, codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from testcall_conformance.call_scenes import ENDS, JOINS, STATE_FOR, VIOLATIONS
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.evidence import Recording, Told
from testcall_conformance.in_call_scenes import SIGNS, act_name
from testcall_conformance.results import texts_in
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import USER
from testcall_contract.models import Operation
from testcall_contract.shapes import describe, mismatch
from testcall_contract.vocabulary import EFFECTS


def plan_of_call(concept: str, contract_operations: Any, **params: Any) -> list[Scene]:
    """The scenes in which ``concept`` is called with good arguments (or as ``params`` say)."""
    if not params and concept not in STATE_FOR and concept not in ENDS:
        return [Scene.of("every_call", session=True)]
    if params == {"condition": "no_session"} and concept not in STATE_FOR:
        return [Scene.of("every_call", session=False)]
    if params == {"condition": "login_in_progress"}:
        return [Scene.of("login_race")]
    return [Scene.of("call", operation=concept, **params)]


def told_of(recording: Recording, concept: str) -> Told | None:
    """The call that a scene was played for."""
    if recording.scene.kind == "every_call":
        found = recording.calls(concept, f"probe:{concept}")
        return found[-1] if found else None
    return recording.probe()


def failure_of(recording: Recording, told: Told) -> str | None:
    """How the build told that the call failed: by its result or by an error event; None when it didn't."""
    if told.result is not None and not told.result.ok and told.result.ended not in ("never", "absent"):
        return str(told.result)
    errors = [e for e in recording.callbacks("error") if e.seq > told.step.seq]
    if errors:
        return f"an error event with {describe(errors[0].data.get('arguments'))}"
    return None


def code_of(recording: Recording, told: Told) -> str | None:
    """The code with which a call failed, wherever it was told."""
    if told.result is not None and not told.result.ok and told.result.code is not None:
        return told.result.code
    for event in recording.callbacks("error"):
        arguments = event.data.get("arguments") or [None]
        if event.seq > told.step.seq and isinstance(arguments[0], dict):
            own = arguments[0].get("own", arguments[0])
            code = own.get(recording.contract.style.code_at)
            if isinstance(code, str):
                return code
    return None


def seen_of(recording: Recording, told: Told) -> str:
    """What a call did, in words: its result, an error event, an error that nobody caught, a join."""
    parts = [str(told.result) if told.result else "never settles"]
    errors = [e for e in recording.callbacks("error") if e.seq > told.step.seq]
    parts += [f"error event: {describe((e.data.get('arguments') or [None])[0])}" for e in errors[:1]]
    uncaught = [e for e in recording.uncaught() if e.seq > told.step.seq]
    parts += [f"uncaught: {uncaught_text(e.data.get('error'))}" for e in uncaught[:1]]
    if told.concept in JOINS:
        parts.append("the service saw the join" if recording.joined(USER) else "the service saw no join")
    return "; ".join(parts)


def uncaught_text(error: Any) -> str:
    """An uncaught error in a few words."""
    if not isinstance(error, dict):
        return describe(error)
    own = error.get("own") or {}
    message = own.get("message") or own.get("code") or error.get("value")
    return f"{error.get('type') or 'an object'}: {describe(message)}"


def evidence_of(recording: Recording, told: Told) -> tuple[int, ...]:
    """The call, its outcome, and what told of a failure."""
    extra = [e.seq for e in (*recording.callbacks("error"), *recording.uncaught()) if e.seq > told.step.seq]
    wire = [
        e.seq
        for e in recording.events
        if e.kind == "wire" and e.seq > told.step.seq and e.data.get("channel") == "http"
    ]
    return (*told.seqs, *extra[:2], *wire[:3])


def _operation(question: Question) -> Operation:
    item = question.promise.subject.item
    assert isinstance(item, Operation)
    return item


_STATE_CONDITIONS = {
    "logged_out": "not_logged_in",
    "not_initialized": "sdk_not_initialized",
    "in_session": "session_active",
}
"""State in which a call is asked for → the condition whose scene brings it about; other states are the operation's own."""


def _own_call(question: Question) -> Sequence[Scene] | NotRun:
    state = str(question.args.get("state", "logged_in"))
    concept, operations = question.promise.subject.key, question.contract.operations
    if state in _STATE_CONDITIONS:
        return plan_of_call(concept, operations, condition=_STATE_CONDITIONS[state])
    return plan_of_call(concept, operations)


# --- presence and delivery -------------------------------------------------------------------------------------------


def _plan_exists(question: Question) -> Sequence[Scene] | NotRun:
    return [Scene.of("surface")] if _only_looked_at(question) else _own_call(question)


def _only_looked_at(question: Question) -> bool:
    """Whether presence is told by the adapter's list: of another name, of what may be absent, of what no scene calls."""
    operation = _operation(question)
    return bool({"name", "there"} & set(question.args)) or bool(operation.deprecated) or not operation.mandatory


@check("operation.exists", _plan_exists)
def exists(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The operation is there: calling it doesn't end as absent, or the adapter tells of it (``there`` false: it doesn't)."""
    if _only_looked_at(question):
        operation, there = _operation(question), question.args.get("there", True)
        name = question.args.get("name", operation.name)
        offered = question.description.offers(operation.on or question.contract.style.holder, name)
        expected = f"{name} is {'' if there else 'not '}there"
        return Judgement(offered is there, expected, f"the build has {'' if offered else 'no '}{name}")
    expected = f"{_operation(question).name} is there"
    told = told_of(recordings[0], question.promise.subject.key)
    if told is None or told.result is None:
        return unknown(expected, "the call was not made: the session it needs did not come about")
    if told.result.ended == "absent":
        return Judgement(False, expected, "it is not there", told.seqs)
    return Judgement(True, expected, "it is there", told.seqs)


@check("operation.delivers_success", _own_call)
def delivers_success(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A call with good arguments ends as the delivery says, with a value of its shape."""
    operation = _operation(question)
    delivery = operation.delivers.success
    ends = _listed(question.args.get("how")) or delivery.ends
    shape = question.args.get("value", delivery.value)
    expected = f"ends as {' or '.join(ends)}, with {_shape_words(shape)}"
    recording = recordings[0]
    told = told_of(recording, question.promise.subject.key)
    if told is None or told.result is None:
        return unknown(expected, "the call was not made: the session it needs did not come about")
    if told.result.ended == "absent":
        return unknown(expected, "the build has no such operation", "sdk", told.seqs)
    seen, seqs = seen_of(recording, told), evidence_of(recording, told)
    if told.result.ended not in ends or not (told.result.ok or _failed_and_joined(recording, told)):
        return Judgement(False, expected, seen, seqs)
    if not told.result.ok:
        return Judgement(True, expected, seen, seqs)
    wrong = mismatch(shape, told.result.value, question.contract.type_shapes)
    return Judgement(wrong is None, expected, seen if wrong is None else f"{seen}: {wrong}", seqs)


def _failed_and_joined(recording: Recording, told: Told) -> bool:
    """Whether a join told a failure first and joined all the same, for clauses that list such an end as one of a success."""
    return told.concept in JOINS and recording.joined(USER) is not None


def _listed(how: Any) -> tuple[str, ...]:
    return () if how is None else (how,) if isinstance(how, str) else tuple(how)


def _shape_words(shape: Any) -> str:
    return str(shape) if isinstance(shape, str) else describe(shape)


def _plan_failure(question: Question) -> Sequence[Scene] | NotRun:
    operation = _operation(question)
    cause = question.args.get("cause") or next((c for c in operation.requires if c in VIOLATIONS), None)
    if cause is None:
        return NotRun("the contract names no condition under which the operation fails")
    return _plan_condition(question, question.promise.subject.key, cause)


def _plan_condition(question: Question, concept: str, condition: str) -> Sequence[Scene] | NotRun:
    if concept not in question.contract.operations:
        return NotRun(f"the contract has no operation {concept!r}")
    if condition not in VIOLATIONS and condition != "login_in_progress":
        return NotRun(f"no way is known to bring about {condition!r} from outside")
    return plan_of_call(concept, question.contract.operations, condition=condition)


@check("operation.delivers_failure", _plan_failure)
def delivers_failure(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A call that fails ends as the delivery says, with an error of its shape."""
    operation = _operation(question)
    delivery = operation.delivers.failure
    ends = _listed(question.args.get("how")) or (delivery.ends if delivery else ())
    shape = question.args.get("error", delivery.error if delivery else "any")
    expected = f"ends as {' or '.join(ends)}, with an error that is {_shape_words(shape)}"
    recording = recordings[0]
    told = told_of(recording, question.promise.subject.key)
    if told is None or told.result is None:
        return unknown(expected, "the call was not made")
    if told.result.ended == "absent":
        return unknown(expected, "the build has no such operation", "sdk", told.seqs)
    seen, seqs = seen_of(recording, told), evidence_of(recording, told)
    if told.result.ok or told.result.ended not in ends:
        return Judgement(False, expected, seen, seqs)
    wrong = mismatch(shape, told.result.error, question.contract.type_shapes, "the error")
    return Judgement(wrong is None, expected, seen if wrong is None else f"{seen}: {wrong}", seqs)


# --- preconditions and arguments -------------------------------------------------------------------------------------


def _plan_requires(question: Question) -> Sequence[Scene] | NotRun:
    return _plan_condition(question, question.promise.subject.key, str(question.args["condition"]))


def _plan_refuses(question: Question) -> Sequence[Scene] | NotRun:
    args = question.args
    return plan_of_call(
        question.promise.subject.key, question.contract.operations, parameter=args["parameter"], bad=args["bad"]
    )


def judge_failure(question: Question, recording: Recording, concept: str) -> Judgement:
    """The call fails, by ``code`` if one is promised (``fails`` false: it must succeed)."""
    codes, must_fail = _listed(question.args.get("code")), question.args.get("fails", True)
    expected = (f"fails with {' or '.join(codes)}" if codes else "fails") if must_fail else "succeeds"
    told = told_of(recording, concept)
    if told is None:
        return unknown(expected, "the call was not made: the state it needs did not come about")
    if told.result is not None and told.result.ended == "absent":
        return unknown(expected, "the build has no such operation", "sdk", told.seqs)
    failed = failure_of(recording, told)
    seen, seqs = seen_of(recording, told), evidence_of(recording, told)
    if not must_fail:
        return Judgement(failed is None and told.result is not None and told.result.ok, expected, seen, seqs)
    if failed is None:
        return Judgement(False, expected, seen, seqs)
    if question.args.get("at") == "any":
        return Judgement(any(code in texts_in(told.result) for code in codes), expected, seen, seqs)
    return Judgement(not codes or code_of(recording, told) in codes, expected, seen, seqs)


@check("operation.requires", _plan_requires)
def requires(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """With the condition, the call fails."""
    return judge_failure(question, recordings[0], question.promise.subject.key)


@check("operation.refuses", _plan_refuses)
def refuses(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """With a bad argument, the call fails."""
    return judge_failure(question, recordings[0], question.promise.subject.key)


def _plan_accepts(question: Question) -> Sequence[Scene] | NotRun:
    args = question.args
    return plan_of_call(
        question.promise.subject.key, question.contract.operations, parameter=args["parameter"], form=args["form"]
    )


@check("operation.accepts", _plan_accepts)
def accepts(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """With that form of the argument, the call succeeds (``accepted``), a join included, or fails."""
    accepted = question.args.get("accepted", True)
    concept = question.promise.subject.key
    expected = "is accepted" if accepted else "is refused"
    recording = recordings[0]
    told = told_of(recording, concept)
    if told is None or told.result is None:
        return unknown(expected, "the call was not made")
    if told.result.ended == "absent":
        return unknown(expected, "the build has no such operation", "sdk", told.seqs)
    failed = failure_of(recording, told)
    works = failed is None and told.result.ok and (concept not in JOINS or recording.joined(USER) is not None)
    return Judgement(works is accepted, expected, seen_of(recording, told), evidence_of(recording, told))


# --- settling, error codes -------------------------------------------------------------------------------------------


@check("operation.settles", _own_call)
def settles(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Whether a join settles after the service saw it, or before."""
    when = question.args["when"]
    expected = f"settles {when} the join"
    recording = recordings[0]
    told, joined = told_of(recording, question.promise.subject.key), recording.joined(USER)
    if told is None or told.outcome is None or joined is None:
        return unknown(expected, "the build did not join")
    seen = "after" if told.outcome.seq > joined.seq else "before"
    return Judgement(seen == when, expected, f"settles {seen} the service saw the join", (*told.seqs, joined.seq))


def _plan_code(question: Question) -> Sequence[Scene] | NotRun:
    return _plan_condition(question, str(question.args["operation"]), question.promise.subject.key)


@check("error.code", _plan_code)
def error_code(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The operation fails with the condition's code."""
    code = question.args.get("code", question.promise.subject.item.code)
    return judge_failure(question.with_args({"code": code}), recordings[0], str(question.args["operation"]))


@check("error.shape", _plan_code)
def error_shape(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The error that the operation delivers has the shape."""
    expected = f"an error that is {_shape_words(question.args['shape'])}"
    recording = recordings[0]
    told = told_of(recording, str(question.args["operation"]))
    if told is None or told.result is None or failure_of(recording, told) is None:
        return unknown(expected, "the call did not fail, so there is no error to look at")
    error = told.result.error
    if told.result.ok:
        arguments = recording.callbacks("error")[0].data.get("arguments") or [None]
        error = arguments[0]
    wrong = mismatch(question.args["shape"], error, question.contract.type_shapes, "the error")
    return Judgement(wrong is None, expected, describe(error) if wrong is None else wrong, evidence_of(recording, told))


_REFUSED_BY_SERVICE = {
    "generate_token": "auth_token_invalid",
    "login": "uid_unknown",
    "login_with_token": "auth_token_invalid",
    "join_session": "call_token_invalid",
}


def _plan_pass_through(question: Question) -> Sequence[Scene] | NotRun:
    operation = str(question.args["operation"])
    if operation not in _REFUSED_BY_SERVICE:
        return NotRun(f"no refusal of the service is known for {operation!r}")
    return _plan_condition(question, operation, _REFUSED_BY_SERVICE[operation])


@check("error.passes_through", _plan_pass_through)
def passes_through(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The code of the service's refusal is the code that the application gets."""
    recording = recordings[0]
    told = told_of(recording, str(question.args["operation"]))
    expected = "the service's own code reaches the application"
    if told is None:
        return unknown(expected, "the call was not made")
    refusal = recording.first(lambda e: e.seq > told.step.seq and _refused_code(e.data) is not None)
    if refusal is None:
        return unknown(expected, "the service was not asked: the build refused by itself", "sdk", told.seqs)
    code = question.args.get("code", _refused_code(refusal.data))
    got = code_of(recording, told)
    return Judgement(
        got == code, f"fails with {code}", seen_of(recording, told), (*evidence_of(recording, told), refusal.seq)
    )


def _refused_code(data: dict[str, Any]) -> str | None:
    body = data.get("response", {}).get("body") if data.get("channel") == "http" else None
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None


# --- effects ---------------------------------------------------------------------------------------------------------

_ACT_EFFECTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "left": ("leave", "occupant_left", {"uid": USER, "reason": "left"}),
    "ended_for_all": ("end_for_all", "session_ended", {}),
    "screen_shared": ("screen_share_start", "screen_share_started", {}),
    "screen_unshared": ("screen_share_stop", "screen_share_stopped", {}),
    "recording_requested": ("recording_start", "recording_started", {}),
    "recording_stop_requested": ("recording_stop", "recording_stopped", {}),
}
"""Effect → the act that brings it about, and the event of the service that shows it."""

_CALL_EFFECTS = {
    "initialized": "generate_token",
    "token_for_session": "join_session",
    "joined": "join_session",
    "joined_as_user": "join_session",
}
_STATE_EFFECTS = frozenset({"logged_in", "logged_out"})
_HELD_EFFECTS = frozenset({"released", "unmounted", "rendered"})


def _plan_effect(question: Question) -> Sequence[Scene] | NotRun:
    from testcall_conformance.scenes import TOUR_OF

    effect = str(question.args["effect"])
    if effect in _CALL_EFFECTS:
        return plan_of_call(_shown_by(question, effect), question.contract.operations)
    if effect in _STATE_EFFECTS:
        return [Scene.of("login_state")]
    if effect in _HELD_EFFECTS:
        if not question.description.capabilities.observe:
            return NotRun("the adapter declares no capability 'observe'")
        return [Scene.of("tour", name="with_peer")]
    if effect in SIGNS:
        return [Scene.of("in_call")]
    if effect in _ACT_EFFECTS:
        return [Scene.of("tour", name=TOUR_OF[_ACT_EFFECTS[effect][0]])]
    return NotRun(f"no check sees the effect {effect!r} yet")


@check("operation.effect", _plan_effect)
def effect(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A call that succeeds has its effect, seen by the service (or in the page, for what is released)."""
    name = str(question.args["effect"])
    recording = recordings[0]
    if name in _CALL_EFFECTS:
        return _judge_call_effect(question, recording, name)
    if name in _STATE_EFFECTS:
        return _judge_login(question, recording, name)
    if name in _HELD_EFFECTS:
        return _judge_held(recording, name)
    if name in SIGNS:
        return _judge_sign(question, recording, name)
    cause, event, data = _ACT_EFFECTS[name]
    expected = f"the service sees {event.replace('_', ' ')}"
    act = recording.act(cause)
    if act is None or recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    found = act.service(event, **data)
    calls = act.calls()
    seqs = (*(seq for told in calls for seq in told.seqs), *(e.seq for e in found[:2]))
    if not calls:
        return unknown(expected, "the dialect has no call for it", "adapter")
    return Judgement(bool(found), expected, expected if found else f"{calls[0].result}; the service saw nothing", seqs)


def _judge_sign(question: Question, recording: Recording, name: str) -> Judgement:
    expected = f"the service sees: {EFFECTS[name]}"
    act = recording.act(act_name(question.promise))
    if act is None or recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    told = act.calls(label="act")
    sign = act.first(SIGNS[name].shown_by)
    if not told:
        return unknown(expected, "the call was not made")
    if told[0].result is not None and told[0].result.ended == "absent":
        return unknown(expected, "the build has no such operation", "sdk", told[0].seqs)
    if sign is None and not _opposite_before(question, recording, name):
        return unknown(
            expected, "the opposite could not be brought about before, so there was nothing to change", "sdk"
        )
    seen = f"{told[0].result}; {'the service saw it' if sign else 'the service saw nothing of it'}"
    return Judgement(sign is not None, expected, seen, (*told[0].seqs, *((sign.seq,) if sign else ())))


def _shown_by(question: Question, effect: str) -> str:
    """The operation whose call shows the effect: the promise's own, if it is a join."""
    concept = question.promise.subject.key
    return concept if concept in JOINS and effect in ("joined", "joined_as_user") else _CALL_EFFECTS[effect]


def _opposite_before(question: Question, recording: Recording, name: str) -> bool:
    """Whether the source was in the opposite state when the act began; effects that are no source's always may change."""
    wanted = SIGNS[name]
    if not wanted.kind:
        return True
    states = [
        e for e in recording.before(act_name(question.promise)).events
        if e.name in ("source_muted", "source_unmuted") and e.data.get("uid") == USER and e.data.get("kind") == wanted.kind
    ]  # fmt: skip
    return bool(states) and states[-1].name != wanted.event


def _judge_call_effect(question: Question, recording: Recording, name: str) -> Judgement:
    concept = _shown_by(question, name)
    told, joined = told_of(recording, concept), recording.joined(USER)
    if told is None or told.result is None:
        return unknown("the call works", "the call was not made")
    if name == "initialized":
        return Judgement(told.result.ok, "a call that needs init works", seen_of(recording, told), told.seqs)
    seqs = (*told.seqs, joined.seq) if joined else told.seqs
    words = {
        "joined": "the service sees the participant in the session",
        "joined_as_user": f"the service sees the participant as {USER}",
        "token_for_session": "the token joins the session that it was made for",
    }[name]
    return Judgement(joined is not None, words, seen_of(recording, told), seqs)


def _judge_login(question: Question, recording: Recording, name: str) -> Judgement:
    label = "during" if name == "logged_in" else "after"
    expected = f"{USER} is logged in" if name == "logged_in" else "nobody is logged in any more"
    asked = recording.calls(label=label)
    if not asked:
        return unknown(expected, "the dialect has no call that tells who is logged in", "adapter")
    answers = {told.concept: told.result.value if told.result else None for told in asked}
    seen = ", ".join(f"{concept}: {describe(value)}" for concept, value in answers.items())
    logged_in = all(_says_logged_in(concept, value) for concept, value in answers.items())
    logged_out = not any(_says_logged_in(concept, value) for concept, value in answers.items())
    kept = logged_in if name == "logged_in" else logged_out
    return Judgement(kept, expected, seen, tuple(seq for told in asked for seq in told.seqs))


def _says_logged_in(concept: str, value: Any) -> bool:
    if concept == "is_user_logged_in":
        return value is True
    if concept == "get_logged_in_user":
        members = value.get("own", value) if isinstance(value, dict) else {}
        return isinstance(members, dict) and members.get("uid") == USER
    return isinstance(value, str) and bool(value)


def _judge_held(recording: Recording, name: str) -> Judgement:
    held = recording.first(lambda e: e.kind == "media" and e.name == "held")
    expected = {
        "released": "camera, microphone and connections are released",
        "unmounted": "the container is empty again",
        "rendered": "the container holds the call's interface",
    }[name]
    if held is None or recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    if name == "rendered":
        shown = recording.first(lambda e: e.kind == "media" and e.name == "shown")
        if shown is None:
            return unknown(expected, "nobody looked at the container", "adapter")
        return Judgement(
            any(shown.data.get("containers", {}).values()), expected, describe(shown.data["containers"]), (shown.seq,)
        )
    if name == "unmounted":
        left = {key: count for key, count in held.data.get("containers", {}).items() if count}
        return Judgement(not left, expected, f"left behind: {describe(left)}" if left else expected, (held.seq,))
    live = [t for t in held.data.get("local", []) if t.get("state", t.get("readyState")) == "live"]
    open_ = [c for c in held.data.get("connections", []) if c.get("state") not in ("closed", "failed", None)]
    seen = f"{len(live)} local tracks live, {len(open_)} peer connections open"
    return Judgement(not live and not open_, expected, seen, (held.seq,))
