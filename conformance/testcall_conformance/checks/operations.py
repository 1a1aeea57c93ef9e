"""Checks of operations and error codes: presence, delivery, preconditions, arguments, codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from testcall_conformance.actor import USER
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.conditions import ENDS, FORMS, JOINS, RACES, REFUSED_BY_SERVICE, STATE_FOR, VIOLATIONS
from testcall_conformance.evidence import Recording, Told
from testcall_conformance.results import texts_in
from testcall_conformance.ring_conditions import ARRANGED, VIOLATED
from testcall_conformance.ring_tours import CALLS
from testcall_conformance.scenes import Scene
from testcall_contract.models import Operation
from testcall_contract.shapes import describe, mismatch

PAGED = ("call_logs_current_page", "call_logs_total_pages")
"""Operations that the scene of pages calls."""


def plan_of_call(concept: str, contract_operations: Any, **params: Any) -> list[Scene]:
    """The scenes in which ``concept`` is called with good arguments (or as ``params`` say)."""
    if concept in CALLS and "initiate_call" in contract_operations:
        return [Scene.of("ring_call", operation=concept, **params)]
    if concept in PAGED and not params:
        return [Scene.of("pages")]
    if not params and concept not in STATE_FOR and concept not in ENDS:
        return [Scene.of("every_call", session=True)]
    if params == {"condition": "no_session"} and concept not in STATE_FOR:
        return [Scene.of("every_call", session=False)]
    violation = VIOLATIONS.get(str(params.get("condition")))
    if concept.endswith("_fetch_previous") and violation is not None and violation.faults:
        return [Scene.of("broken_page", operation=concept, **params)]
    if params.get("condition") in RACES:
        return [Scene.of(RACES[str(params["condition"])], operation=concept)]
    return [Scene.of("call", operation=concept, **params)]


def told_of(recording: Recording, concept: str) -> Told | None:
    """The call that a scene was played for."""
    if recording.scene.kind in ("every_call", "pages"):
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
    if (concept, "state", state) in ARRANGED:
        return plan_of_call(concept, operations, state=state)
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
    plain = wrong is None or question.promise.kind == "silence"
    return Judgement(wrong is None, expected, seen if plain else f"{seen}: {wrong}", seqs)


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
    if condition == "api_error":
        condition = REFUSED_BY_SERVICE.get(concept, condition)
    if condition not in (VIOLATED if concept in CALLS else {**VIOLATIONS, **RACES}):
        return NotRun(f"no way is known to bring about {condition!r} from outside", "simulator")
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
    if args["form"] not in FORMS:
        return NotRun(f"no way is known to give an argument in the form {args['form']!r}", "simulator")
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


# --- error codes -------------------------------------------------------------------------------------------


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


def _plan_pass_through(question: Question) -> Sequence[Scene] | NotRun:
    operation = str(question.args["operation"])
    if operation not in REFUSED_BY_SERVICE:
        return NotRun(f"no refusal of the service is known for {operation!r}")
    return _plan_condition(question, operation, REFUSED_BY_SERVICE[operation])


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
