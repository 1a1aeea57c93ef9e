"""Checks of what operations do: seen by the service, or in the page; and when they settle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from testcall_conformance.actor import USER
from testcall_conformance.checks import devices
from testcall_conformance.checks.operations import plan_of_call, seen_of, told_of
from testcall_conformance.checks.record_effects import RECORD_EFFECTS, judge_record_effect, plan_record_effect
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.conditions import JOINS
from testcall_conformance.evidence import Recording
from testcall_conformance.in_call_scenes import SIGNS, SLOW, delegated_effect
from testcall_conformance.scenes import Scene, can_act, tour
from testcall_contract.shapes import describe
from testcall_contract.vocabulary import EFFECTS

Seqs = tuple[int, ...]

_ACT_EFFECTS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "left": ("rejoin", "leave", "occupant_left", {"uid": USER, "reason": "left"}),
    "ended_for_all": ("ending", "end_for_all", "session_ended", {}),
    "screen_shared": ("sharing", "screen_share_start", "screen_share_started", {}),
    "screen_unshared": ("sharing", "screen_share_stop", "screen_share_stopped", {}),
}
"""Effect → tour and act that bring it about, and the event of the service that shows it."""

_CALL_EFFECTS = {
    "initialized": "generate_token",
    "token_for_session": "join_session",
    "joined": "join_session",
    "joined_as_user": "join_session",
}
_STATE_EFFECTS = frozenset({"logged_in", "logged_out"})
_HELD_EFFECTS = frozenset({"released", "unmounted", "rendered"})
_DEVICE_EFFECTS = frozenset({"devices_listed", "device_set", "camera_kept"})
_INITIALIZERS = ("initialize_from_settings",)


def _plan_effect(question: Question) -> Sequence[Scene] | NotRun:
    effect, concept = str(question.args["effect"]), question.promise.subject.key
    if effect in _CALL_EFFECTS:
        init = {"init": concept} if concept in _INITIALIZERS else {}
        return plan_of_call(_shown_by(question, effect), question.contract.operations, **init)
    if effect in _STATE_EFFECTS:
        return [Scene.of("login_state", operation=concept)] if concept != "logout" else [Scene.of("login_state")]
    if effect == "left" and concept == "logout":
        return [Scene.of("logout_in_call")]
    observed = effect in _HELD_EFFECTS or effect in _DEVICE_EFFECTS - {"devices_listed"}
    if observed and not question.description.capabilities.observe:
        return NotRun("the adapter declares no capability 'observe'")
    if effect in RECORD_EFFECTS:
        return plan_record_effect(question)
    return _plan_of_tour(question, effect)


def _plan_of_tour(question: Question, effect: str) -> Sequence[Scene] | NotRun:
    if effect in _HELD_EFFECTS or effect == "others_stay":
        return [tour("rejoin")]
    if effect in _DEVICE_EFFECTS:
        return [tour("devices")] if effect != "camera_kept" else [Scene.of("every_call", session=True)]
    if effect == "video_added":
        return [tour("audio_call")]
    if effect in SIGNS and effect not in SLOW:
        return [Scene.of("in_call")]
    if effect in _ACT_EFFECTS:
        name, act, *_ = _ACT_EFFECTS[effect]
        return [tour(name)] if can_act(question.contract, act) else NotRun("the dialect has no such operation")
    return NotRun(f"no check sees the effect {effect!r} from outside", "simulator")


@check("operation.effect", _plan_effect)
def effect(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A call that succeeds has its effect, seen by the service (or in the page, for what is released)."""
    name, recording = str(question.args["effect"]), recordings[0]
    if name in _CALL_EFFECTS:
        return _judge_call_effect(question, recording, name)
    if name in _STATE_EFFECTS:
        return _judge_login(question, recording, name)
    if recording.scene.kind == "logout_in_call":
        return _judge_logout_in_call(recording)
    if name in _HELD_EFFECTS:
        return _judge_held(recording, name)
    if name in _DEVICE_EFFECTS:
        return _judge_devices(question, recording, name)
    if name in RECORD_EFFECTS:
        return judge_record_effect(question, recording)
    if name == "others_stay":
        return _judge_others(recording)
    if name == "video_added":
        return _judge_video_added(recording)
    if name in SIGNS and name not in SLOW:
        return _judge_sign(question, recording, name)
    return _judge_act(recording, name)


def _judge_act(recording: Recording, name: str) -> Judgement:
    _, cause, event, data = _ACT_EFFECTS[name]
    expected = f"the service sees {event.replace('_', ' ')}"
    act = recording.act(cause)
    if act is None or recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    found = act.service(event, **data)
    calls = act.calls(label="act")
    seqs = (*(seq for told in calls for seq in told.seqs), *(e.seq for e in found[:2]))
    if not calls:
        return unknown(expected, "the dialect has no call for it", "adapter")
    if cause == "screen_share_stop" and not recording.service("screen_share_started"):
        return unknown(expected, "nothing was shared, so nothing could stop", "sdk", seqs)
    return Judgement(bool(found), expected, expected if found else f"{calls[0].result}; the service saw nothing", seqs)


# --- effects of in-call operations, one act each ---------------------------------------------------------------------


def _judge_sign(question: Question, recording: Recording, name: str) -> Judgement:
    expected = f"the service sees: {EFFECTS[name]}"
    act_name = _trial_name(question)
    act = recording.act(act_name)
    if act is None or recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    told = act.calls(label="act")
    sign = act.first(SIGNS[name].shown_by)
    if not told:
        return unknown(expected, "the call was not made")
    if told[0].result is not None and told[0].result.ended == "absent":
        return unknown(expected, "the build has no such operation", "sdk", told[0].seqs)
    if sign is None and not _opposite_before(recording, act_name, name):
        return unknown(
            expected, "the opposite could not be brought about before, so there was nothing to change", "sdk"
        )
    seen = f"{told[0].result}; {'the service saw it' if sign else 'the service saw nothing of it'}"
    return Judgement(sign is not None, expected, seen, (*told[0].seqs, *((sign.seq,) if sign else ())))


def _trial_name(question: Question) -> str:
    """The act in which the question is tried: that of the alternative with the same arguments, or that of the promise."""
    promise = question.promise
    chosen = next((a for a in promise.alternatives if {**promise.args, **a.args} == dict(question.args)), None)
    return f"call:{promise.id}:{chosen.id}" if chosen is not None else f"call:{promise.id}"


_STARTED_BEFORE = {
    "recording_stop_requested": ("recording_started", "recording_stopped"),
    "recording_requested": ("recording_stopped", "recording_started"),
}


def _opposite_before(recording: Recording, act_name: str, name: str) -> bool:
    """Whether what should change was in the opposite state when the act began; what has no state always may change."""
    sign, before = SIGNS[name], recording.before(act_name)
    if name in _STARTED_BEFORE:
        opposite, same = _STARTED_BEFORE[name]
        notes = [e for e in before.events if e.kind == "wire" and e.name in (opposite, same)]
        return notes[-1].name == opposite if notes else name == "recording_requested"
    if not sign.kind:
        return True
    states = [
        e for e in before.events
        if e.name in ("source_muted", "source_unmuted") and e.data.get("uid") == USER and e.data.get("kind") == sign.kind
    ]  # fmt: skip
    return bool(states) and states[-1].name != sign.event


def _plan_delegates(question: Question) -> Sequence[Scene] | NotRun:
    concept, to = question.promise.subject.key, str(question.args["to"])
    if concept in JOINS:
        return plan_of_call(concept, question.contract.operations)
    if concept == "leave_session_v4":
        return [Scene.of("call", operation=concept)]
    if delegated_effect(question.contract, to) is None:
        return NotRun(f"no effect of {to!r} can be seen from outside", "simulator")
    return [Scene.of("in_call")]


@check("operation.delegates", _plan_delegates)
def delegates(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The deprecated operation has the effect of the one that replaced it."""
    recording, concept = recordings[0], question.promise.subject.key
    if concept in JOINS:
        return _judge_call_effect(question, recording, "joined")
    if recording.scene.kind == "call":
        told, gone = recording.probe(), recording.service("occupant_left", uid=USER)
        if told is None or recording.joined(USER) is None:
            return unknown("the participant leaves", "the build did not join")
        seen = f"{told.result}; the service saw {'the leave' if gone else 'no leave'}"
        return Judgement(bool(gone), "the participant leaves", seen, (*told.seqs, *(e.seq for e in gone[:1])))
    name = delegated_effect(question.contract, str(question.args["to"]))
    assert name is not None
    return _judge_sign(question, recording, name)


# --- effects of set-up, logins and joins -----------------------------------------------------------------------------


def _shown_by(question: Question, effect: str) -> str:
    """The operation whose call shows the effect: the promise's own, if it is a join."""
    concept = question.promise.subject.key
    return concept if concept in JOINS and effect in ("joined", "joined_as_user") else _CALL_EFFECTS[effect]


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
    says = [_says_logged_in(concept, value) for concept, value in answers.items()]
    kept = all(says) if name == "logged_in" else not any(says)
    return Judgement(kept, expected, seen, tuple(seq for told in asked for seq in told.seqs))


def _says_logged_in(concept: str, value: Any) -> bool:
    if concept == "is_user_logged_in":
        return value is True
    if concept == "get_logged_in_user":
        members = value.get("own", value) if isinstance(value, dict) else {}
        return isinstance(members, dict) and members.get("uid") == USER
    return isinstance(value, str) and bool(value)


def _judge_logout_in_call(recording: Recording) -> Judgement:
    expected = "logging out leaves the session"
    told, joined = recording.probe(), recording.joined(USER)
    if told is None or joined is None:
        return unknown(expected, "the build did not join")
    gone = [e for e in recording.service("occupant_left", uid=USER) if e.seq > told.step.seq]
    seen = f"{told.result}; the service saw {'the leave' if gone else 'no leave'}"
    return Judgement(bool(gone), expected, seen, (*told.seqs, *(e.seq for e in gone[:1])))


# --- what is held, shown and heard -----------------------------------------------------------------------------------


def _judge_held(recording: Recording, name: str) -> Judgement:
    held = recording.first(lambda e: e.kind == "media" and e.name == "held")
    shown = recording.first(lambda e: e.kind == "media" and e.name == "shown")
    expected = {
        "released": "camera, microphone and connections are released",
        "unmounted": "the container is empty again",
        "rendered": "the container holds the call's interface",
    }[name]
    if recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    if name == "rendered":
        if shown is None:
            return unknown(expected, "nobody looked at the container", "adapter")
        kept = any(shown.data.get("containers", {}).values())
        return Judgement(kept, expected, describe(shown.data.get("containers", {})), (shown.seq,))
    if held is None or not recording.service("occupant_left", uid=USER):
        return unknown(expected, "the build did not leave")
    if name == "unmounted":
        left = {key: count for key, count in held.data.get("containers", {}).items() if count}
        return Judgement(not left, expected, f"left behind: {describe(left)}" if left else expected, (held.seq,))
    return _judge_released(expected, held.seq, held.data)


def _judge_released(expected: str, seq: int, data: dict[str, Any]) -> Judgement:
    live = [t for t in data.get("local", []) if t.get("state", t.get("readyState")) == "live"]
    open_ = [c for c in data.get("connections", []) if c.get("connection") not in ("closed", "failed", None)]
    sockets = [s for s in data.get("sockets", []) if s.get("state") == 1]
    seen = f"{len(live)} local tracks live, {len(open_)} peer connections and {len(sockets)} sockets open"
    return Judgement(not live and not open_ and not sockets, expected, seen, (seq,))


def _judge_others(recording: Recording) -> Judgement:
    expected = "the other participants stay in the session"
    act = recording.act("leave")
    if act is None or recording.joined(USER) is None or not act.service("occupant_left", uid=USER):
        return unknown(expected, "the build did not join and leave")
    gone = [*act.service("occupant_left", uid="bob"), *act.service("session_ended")]
    return Judgement(not gone, expected, "bob had to go, too" if gone else "bob stays", act.span)


def _judge_video_added(recording: Recording) -> Judgement:
    expected = "others get the camera's video, which they did not get before"
    act = recording.act("switch_to_video")
    if act is None or recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    samples = act.media("measured", "video")
    if not samples:
        return unknown(expected, "nobody measured", "simulator")
    seen = f"bob got {samples[-1].data.get('frames', 0)} pictures"
    calls = tuple(seq for told in act.calls() for seq in told.seqs)
    return Judgement(bool(samples[-1].data["present"]), expected, seen, (*calls, samples[-1].seq))


# --- devices ---------------------------------------------------------------------------------------------------------

_KIND_OF = {
    "get_audio_inputs": "audioinput",
    "get_audio_outputs": "audiooutput",
    "get_video_inputs": "videoinput",
    "set_audio_input": "audioinput",
    "set_audio_output": "audiooutput",
    "set_video_input": "videoinput",
}
"""Operation → the kind of device (W3C Media Capture) that it is about."""


def _judge_devices(question: Question, recording: Recording, name: str) -> Judgement:
    concept = question.promise.subject.key
    if name == "camera_kept":
        return _judge_camera(recording, concept)
    if recording.joined(USER) is None:
        return unknown(f"{concept} works", "the build did not join")
    act = recording.act("device_change")
    told = act.calls(concept) if act is not None else []
    if not told or told[0].result is None:
        return unknown(f"{concept} works", "there was no other device to change to")
    if name == "devices_listed":
        return _judge_list(question, told[0].result.value, told[0].seqs)
    wanted, kind = _argument(told[0].step.data.get("arguments")), _KIND_OF.get(concept, "")
    since = told[0].seqs[-1]
    held = act.first(lambda e: e.kind == "media" and e.name == "devices" and e.seq > since) if act else None
    expected = f"{wanted} is the device in use"
    current = next(iter(act.calls(concept.replace("set_", "get_current_"), "after")), None) if act else None
    if current is not None and current.result is not None:
        in_use = _device_id(current.result.value)
        return Judgement(in_use == wanted, expected, f"in use: {in_use}", (*told[0].seqs, *current.seqs))
    used = devices.of_kind(held, kind)
    if not used:
        return unknown(expected, "the adapter can't see which device is in use", "adapter", told[0].seqs)
    seqs = (*told[0].seqs, held.seq) if held else told[0].seqs
    kept = devices.taken(used, wanted)
    if kept is None:
        return unknown(expected, f"{devices.NOT_GIVEN}; {devices.told(used)}", "webrtc_stack", seqs)
    return Judgement(kept, expected, devices.told(used), seqs)


def _argument(arguments: Any) -> Any:
    if isinstance(arguments, list):
        return arguments[0] if arguments else None
    return next(iter(arguments.values()), None) if isinstance(arguments, dict) else None


def _device_id(value: Any) -> Any:
    members = value.get("own", value) if isinstance(value, dict) else {}
    return members.get("deviceId", members.get("id")) if isinstance(members, dict) else value


def _judge_list(question: Question, value: Any, seqs: Seqs) -> Judgement:
    kind = str(question.args.get("value") or _KIND_OF.get(question.promise.subject.key, ""))
    expected = f"every {kind} device is listed, and no other"
    if not isinstance(value, list):
        return Judgement(False, expected, f"it gives {describe(value)}", seqs)
    items = [item.get("own", item) for item in value if isinstance(item, dict)]
    others = [item for item in items if item.get("kind") not in (None, kind)]
    return Judgement(bool(items) and not others, expected, f"{len(items)} devices, {len(others)} of another kind", seqs)


def _judge_camera(recording: Recording, concept: str) -> Judgement:
    expected = "the camera in use stays the same"
    told = recording.calls(concept, f"probe:{concept}")
    looks = [e for e in recording.events if e.kind == "media" and e.name == f"cameras:{concept}"]
    if not told or len(looks) != 2:
        return unknown(expected, "nobody looked at the camera before and after", "adapter")
    before, after = (e.data.get("cameras", []) for e in looks)
    if not before:
        return unknown(expected, "no camera was in use", "adapter", told[0].seqs)
    return Judgement(before == after, expected, f"{before} before, {after} after", (*told[0].seqs, looks[1].seq))


# --- settling --------------------------------------------------------------------------------------------------------


def _plan_settles(question: Question) -> Sequence[Scene] | NotRun:
    return plan_of_call(question.promise.subject.key, question.contract.operations)


@check("operation.settles", _plan_settles)
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
