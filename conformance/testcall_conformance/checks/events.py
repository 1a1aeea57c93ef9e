"""Checks of events: that they fire on their cause, not on others, with their payload, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.actor import USER
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.controls import PRESSED, findable
from testcall_conformance.evidence import Recording
from testcall_conformance.ring_tours import RING_TOUR_OF, RING_TOURS, STATUS_OF, ringing
from testcall_conformance.scenes import (
    JUDGED_FROM,
    NEEDED_OPERATIONS,
    TOUR_OF,
    TOURS,
    WITHOUT_JOIN,
    Scene,
    can_act,
    object_of,
    tour,
)
from testcall_contract.models import Event
from testcall_contract.shapes import describe, mismatch
from testcall_contract.trace import TraceEvent
from testcall_contract.vocabulary import CAUSES


def tour_for(question: Question, cause: str, name: str | None = None) -> Sequence[Scene] | NotRun:
    """The tour in which ``cause`` is acted (or the tour ``name``), or why it can't be."""
    contract, capabilities = question.contract, question.description.capabilities
    if cause in RING_TOUR_OF and "initiate_call" in contract.operations:
        return ring_tour(question, RING_TOUR_OF[cause])
    if cause not in TOUR_OF:
        return NotRun(f"no act brings about: {CAUSES.get(cause, cause)}", "simulator")
    chosen = name or TOUR_OF[cause]
    if cause in PRESSED:
        if not capabilities.ui:
            return NotRun("the adapter declares no capability 'ui'")
        if not findable(contract, PRESSED[cause]):
            return NotRun(f"no name of the control {PRESSED[cause]!r} is known", "simulator")
    if TOURS[chosen].clock == "virtual" and not capabilities.clock:
        return NotRun("the adapter declares no capability 'clock'")
    if cause in ("idle_prompt", "idle_leave_pressed") and not (capabilities.ui and findable(contract, "idle_leave")):
        return NotRun("no name of the control 'idle_leave' is known", "simulator")
    if not can_act(contract, cause):
        return NotRun(f"the dialect has no operation {NEEDED_OPERATIONS[cause][0]!r}")
    item = question.promise.subject.item
    return [tour(chosen, object_of(contract, item) if isinstance(item, Event) else "session_settings")]


def _plan(question: Question) -> Sequence[Scene] | NotRun:
    return tour_for(question, str(question.args["cause"]))


def ring_tour(question: Question, name: str) -> Sequence[Scene] | NotRun:
    """A ringing tour, or why the adapter can't play it."""
    capabilities = question.description.capabilities
    if capabilities.instances < 2:
        return NotRun("the adapter holds one instance at a time, and two have to ring each other")
    if RING_TOURS[name].clock == "virtual" and not capabilities.clock:
        return NotRun("the adapter declares no capability 'clock'")
    return [ringing(name)]


def heard_by_others(act: Recording) -> Recording:
    """An act without the callbacks of who did it: a cause is told to the other side."""
    doers = {e.actor for e in act.events if e.kind == "step" and e.data.get("label") == "act"}
    kept = [e for e in act.events if e.kind != "callback" or e.actor not in doers]
    return Recording(act.scene, kept, act.contract, act.failure)


def other_call(recording: Recording, act: Recording) -> tuple[str | None, tuple[int, ...]]:
    """What the call of a callback says of itself that isn't so, or None; and where in the trace it says it."""
    sessions = {e.data.get("session") for e in act.service("call_status")}
    rang = {
        e.data.get("uid") for e in recording.service("call_status", status="initiated") if e.data["session"] in sessions
    }
    seqs: tuple[int, ...] = ()
    for name, wanted in (("told:session", sessions), ("told:caller", rang)):
        for told in act.calls(name):
            seqs += told.seqs
            value = told.outcome.data.get("value") if told.outcome is not None else None
            if value not in wanted:
                return f"the call says {describe(value)} where it is {describe(sorted(map(str, wanted)))}", seqs
    return None, seqs


def act_of(recording: Recording, cause: str) -> Recording | None:
    """The part in which ``cause`` was acted, provided that the session that it needs had come about."""
    if cause in RING_TOUR_OF:
        act = recording.act(cause)
        return act and heard_by_others(act)
    if cause not in WITHOUT_JOIN and recording.joined(USER) is None:
        return None
    if cause in JUDGED_FROM and recording.act(cause) is not None:
        return recording.since(JUDGED_FROM[cause])
    return recording.act(cause)


def _event(question: Question) -> Event:
    item = question.promise.subject.item
    assert isinstance(item, Event)
    return item


def _label(question: Question) -> str | None:
    """Under which label the callbacks count: ``who`` names a listener, whose own they have to be."""
    who = question.args.get("who")
    listener = question.contract.listeners.get(str(who)) if who else None
    if listener is None:
        return None
    return f"settings.{who}" if listener.setting else "main"


def _times(act: Recording, question: Question) -> int:
    """How often the event fired in the act, for the listener that is meant, or the one that was told most often."""
    label = _label(question)
    key = question.promise.subject.key
    return act.callback_times(key) if label is None else len(act.callbacks(key, label))


def _missing(question: Question, recording: Recording, cause: str) -> Judgement | None:
    """Why nothing can be told: the build did not join, or the act is not in the recording."""
    name = _event(question).name
    if act_of(recording, cause) is None:
        why = "the calls before it did not come about" if cause in RING_TOUR_OF else "the build did not join"
        return unknown(f"{name} on: {CAUSES[cause]}", f"{why}, so this could not happen")
    return None


def _deaf(question: Question, recording: Recording) -> str | None:
    """Why the silence of an event tells nothing: no event at all reached a listener in the whole scene."""
    if any(e.kind == "callback" for e in recording.events):
        return None
    return "no event at all reached a listener, so that silence tells nothing"


@check("event.fires", _plan)
def fires(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """On the cause the event fires; with ``times``, exactly so often (per listener)."""
    cause, recording = str(question.args["cause"]), recordings[0]
    missing = _missing(question, recording, cause)
    if missing:
        return missing
    act = act_of(recording, cause)
    assert act is not None
    key, name = question.promise.subject.key, _event(question).name
    times, count = question.args.get("times"), _times(act, question)
    often = "" if times is None else f" {times} times"
    expected = (
        f"{name} fires{often} when {CAUSES[cause]}" if times != 0 else f"{name} doesn't fire when {CAUSES[cause]}"
    )
    if times == 0 and not count and _deaf(question, recording):
        return unknown(expected, str(_deaf(question, recording)), "sdk", act.span)
    undone = _not_brought_about(cause, act)
    if undone and not count and times != 0:
        return unknown(expected, undone, "sdk", act.span)
    found = act.callbacks(key, _label(question))
    kept = count > 0 if times is None else count == times
    seen = f"{name} fired {count} times" if count else f"{name} did not fire{_instead(act, _label(question))}"
    return Judgement(kept, expected, seen, tuple(e.seq for e in found[:4]) or act.span)


_SHOWN_BY: dict[str, str] = {
    "screen_share_start": "screen_share_started",
    "screen_share_stop": "screen_share_stopped",
    "recording_start": "recording_started",
    "recording_stop": "recording_stopped",
    "streaming_start": "streaming_started",
    "streaming_stop": "streaming_stopped",
    "remote_recording_start": "recording_started",
    "remote_recording_stop": "recording_stopped",
    "remote_streaming_start": "streaming_started",
    "remote_streaming_stop": "streaming_stopped",
    "dominant_speaker": "dominant_speaker_changed",
    "connection_lost": "socket_closed",
}
"""Causes that can fail to come about, and what the service sees when they have."""

_PRESSED_ACT = frozenset(PRESSED) | {"idle_leave_pressed"}


def _not_brought_about(cause: str, act: Recording) -> str | None:
    """Why an event that did not fire accuses nobody: what should have caused it did not happen."""
    if cause in _SHOWN_BY and not act.service(_SHOWN_BY[cause]):
        return f"the service did not see it: {CAUSES[cause]}"
    if cause in STATUS_OF and not act.service("call_status", status=STATUS_OF[cause]):
        return f"the service did not see it: {CAUSES[cause]}"
    if cause in _PRESSED_ACT and act.first(lambda e: e.kind == "step" and e.name == "press") is None:
        return "the control was not there to be pressed"
    if cause == "device_change" and not any(t.concept.startswith("set_") for t in act.calls(label="act")):
        return "there was no other device to change to"
    return None


def _instead(act: Recording, label: str | None) -> str:
    """What fired in place of what should have, as the dialect names it; what another listener got is told as such."""
    names = list(dict.fromkeys(_fired(event, label) for event in act.events if event.kind == "callback"))
    return f"; what fired: {', '.join(names[:6])}" if names else "; nothing fired"


def _fired(event: TraceEvent, label: str | None) -> str:
    elsewhere = label is not None and event.data.get("label") != label
    return str(event.data.get("name") or event.name) + (" on another listener" if elsewhere else "")


@check("event.silent", _plan)
def silent(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """On the cause the event doesn't fire. That it didn't tells something only where others did, in the same scene."""
    cause, recording = str(question.args["cause"]), recordings[0]
    missing = _missing(question, recording, cause)
    if missing:
        return missing
    act = act_of(recording, cause)
    assert act is not None
    key, name = question.promise.subject.key, _event(question).name
    found = [e for e in act.callbacks(key) if not _about_a_peer(question, e.data.get("arguments"))]
    expected = f"{name} doesn't fire when {CAUSES[cause]}"
    deaf = _deaf(question, recording) or _not_brought_about(cause, act)
    if not found and deaf:
        return unknown(expected, deaf, "sdk", act.span)
    seen = f"{name} fired with {describe(found[0].data['arguments'])}" if found else f"{name} did not fire"
    return Judgement(not found, expected, seen, tuple(e.seq for e in found[:3]) or act.span)


def _about_a_peer(question: Question, arguments: object) -> bool:
    """Whether a callback during the local join is about a peer, who may be announced then: that is no breach of silence."""
    if question.args["cause"] not in ("join", "join_with_peer") or not isinstance(arguments, list) or not arguments:
        return False
    subject = arguments[0]
    members = subject.get("own", subject) if isinstance(subject, dict) else {}
    uid = members.get("uid") if isinstance(members, dict) else None
    return uid is not None and uid != USER


@check("event.payload", _plan)
def payload(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """On the cause, the callback's arguments have the shapes of the payload (or ``shape`` for one ``argument``)."""
    cause, recording = str(question.args["cause"]), recordings[0]
    missing = _missing(question, recording, cause)
    if missing:
        return missing
    act = act_of(recording, cause)
    assert act is not None
    event, key = _event(question), question.promise.subject.key
    shapes = _shapes(question, event)
    expected = f"{event.name}({', '.join(describe(shape) for shape in shapes)})"
    found = act.callbacks(key)
    if not found:
        return unknown(expected, f"{event.name} did not fire, so there is no payload to look at", "sdk", act.span)
    for callback in found:
        arguments = callback.data.get("arguments") or []
        wrong = _wrong(question, shapes, arguments)
        if wrong:
            return Judgement(False, expected, f"{describe(arguments)}: {wrong}", (callback.seq,))
    if question.args.get("about") == "rung":
        wrong, asked = other_call(recording, act)
        if wrong or not asked:
            return Judgement(
                False if wrong else None, expected, wrong or "", asked or act.span, "nobody asked the call"
            )
    return Judgement(True, expected, describe(found[0].data.get("arguments") or []), tuple(e.seq for e in found[:2]))


def _shapes(question: Question, event: Event) -> list[object]:
    if "shape" in question.args:
        return [*("any" for _ in range(int(question.args.get("argument", 0)))), question.args["shape"]]
    return [argument.shape for argument in event.payload]


def _wrong(question: Question, shapes: list[object], arguments: list[object]) -> str | None:
    if not shapes:
        given = [a for a in arguments if not (isinstance(a, dict) and a.get("$") == "undefined")]
        return f"{len(given)} arguments where none is documented" if given else None
    types = question.contract.type_shapes
    for index, shape in enumerate(shapes):
        value = arguments[index] if index < len(arguments) else {"$": "undefined"}
        wrong = mismatch(shape, value, types, f"argument {index + 1}")  # type: ignore[arg-type]
        if wrong:
            return wrong
    about = question.args.get("about")
    if about == "rung":
        return None
    return _wrong_about(str(about), str(question.args["cause"]), arguments) if about else None


def _wrong_about(about: str, cause: str, arguments: list[object]) -> str | None:
    """Whom the payload is about: a uid, ``local`` or ``who`` (the one that the cause is about); or what a list holds.

    ``full_list``: everybody who is in the session, and nobody else; ``others_in_list``: so without regard to the build's own
    user; ``local_in_list`` and ``contains_local``: the build's own user, too.
    """
    subject = arguments[0] if arguments else None
    if about in ("full_list", "others_in_list", "local_in_list", "contains_local"):
        uids = {uid_of(item) for item in subject} if isinstance(subject, list) else set()
        if about in ("local_in_list", "contains_local"):
            return None if USER in uids else f"{USER} is not in the list"
        wanted = _PRESENT.get(cause)
        if about == "others_in_list" and wanted is not None:
            uids, wanted = uids - {USER}, wanted - {USER}
        return (
            None if wanted is None or uids == wanted else f"the list has {sorted(map(str, uids))}, not {sorted(wanted)}"
        )
    uid = uid_of(subject)
    named = {"local": USER, "who": _SUBJECT.get(cause, "bob")}.get(about, about)
    return None if uid == named else f"it is about {describe(uid)}, not {named!r}"


_SUBJECT = {"remote_join": "carol", "remote_leave": "carol", "last_remote_leave": "bob", "join": USER}
"""Whom a cause is about, where it isn't bob."""

_PRESENT = {
    "remote_join": {USER, "bob", "carol"},
    "remote_leave": {USER, "bob"},
    "last_remote_leave": {USER},
    "join": {USER},
    "join_with_peer": {USER, "bob"},
}
"""Who is in the session when the cause has come about."""


def uid_of(subject: object) -> str | None:
    """The uid that a user or participant object carries, or that of who was muted in an event that tells by whom."""
    members = subject.get("own", subject) if isinstance(subject, dict) else None
    if not isinstance(members, dict):
        return None
    uid = members.get("uid")
    return uid if isinstance(uid, str) else uid_of(members.get("muted"))


@check("event.order", _plan)
def order(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """On the cause, the event comes before (or after) the other one."""
    cause, recording = str(question.args["cause"]), recordings[0]
    missing = _missing(question, recording, cause)
    if missing:
        return missing
    act = act_of(recording, cause)
    assert act is not None
    other = str(question.args.get("before") or question.args["after"])
    word = "before" if "before" in question.args else "after"
    name = _event(question).name
    other_name = question.contract.events[other].name if other in question.contract.events else other
    expected = f"{name} comes {word} {other_name}"
    mine, others = act.callbacks(question.promise.subject.key), act.callbacks(other)
    if not mine or not others:
        absent = name if not mine else other_name
        return unknown(expected, f"{absent} did not fire, so there is no order", "sdk", act.span)
    first = mine[0].seq < others[0].seq
    seen = f"{name} came {'before' if first else 'after'} {other_name}"
    return Judgement(first is (word == "before"), expected, seen, (mine[0].seq, others[0].seq))
