"""The session machine: everything about states, and nothing else.

Rules of this file
==================

- Everything that says in which state participants and their session can be, and what moves them, is here.
- This file does not know who asks. The same table serves a judge of builds, a generator of calls, and a reader of docs; what
  moves a participant is the same whether a build, a peer or the service is looked at.
- It knows no dialect. Names are concepts of ``spec/core.yaml`` and causes of :mod:`testcall_contract.vocabulary`. Which event a
  cause brings about, what a call returns, and which clause says so, is laid over it by :mod:`testcall_contract.oracle`.
- Values in, values out: no clock, no sockets, no randomness.

Theory
======

A session is several small machines that run side by side and hold on to one another. Each participant has ten: *lifecycle*
(is the SDK prepared), *account* (who is logged in), *presence* (in the session or not), *company* (alone or not, and how long),
*role*, *microphone*, *camera*, *hand*, *screen*, *layout*. The session has three: *recording*, *streaming*, *transcription*; and
before it, a *call* may ring. A :class:`State` is one value of all of them; since they are small, each is drawn on one page.

Two kinds of transition move them:

- **Stimulus-triggered** (:data:`TRANSITIONS`). A stimulus is an invocation by an actor (:class:`Invoke`), something that a
  person or the service does (:class:`Happen`), or an advance of time (:class:`Advance`). A row says: if this machine of that
  participant is in ``source``, and the guard ``when`` holds, the stimulus moves it to ``target``; at the participant itself this
  is a cause of events by one of the words ``own``, at everybody else in the session by one of ``others``. Words stand from the
  most special to the most general: a contract speaks of the first that it knows.
- **State-triggered** (:data:`CONSEQUENCES`). Whenever a row's condition holds, the machine is moved, until nothing moves any
  more: who is in a session without others is alone; who left has no microphone in it. This is how the machines are coupled.

What no row says doesn't happen: a stimulus that matches no row moves nothing. Whether the call then fails is the contract's
business, by the conditions that hold (:data:`CONDITIONS`).

Each row stands on something (``stands_on``): the rule, and what it must be about, by which a clause of a contract is found that
names it. A row that need not be named by any contract says ``assumed`` and why. Rows that are ``optional`` happen only if a
clause says so; where none does, both is possible, and whoever follows a build keeps both states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

# --- machines --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Machine:
    """One of the small machines: its states, the first of which is the initial one, and those in which it may end."""

    name: str
    of: Literal["participant", "session"]
    about: str
    states: tuple[str, ...]
    final: frozenset[str] = frozenset()

    @property
    def initial(self) -> str:
        """Where it begins."""
        return self.states[0]


MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (
        Machine(
            "lifecycle", "participant", "Whether the SDK is prepared.", ("uninitialized", "ready"), frozenset({"ready"})
        ),
        Machine("account", "participant", "Who is logged in.", ("logged_out", "logged_in")),
        Machine("presence", "participant", "Whether one is in the session.", ("absent", "joined", "reconnecting")),
        Machine("company", "participant", "Whether one is alone in it.", ("none", "accompanied", "alone", "prompted")),
        Machine("role", "participant", "What one may do in it.", ("none", "participant", "presenter", "viewer")),
        Machine("microphone", "participant", "Whether one is heard.", ("none", "open", "muted")),
        Machine("camera", "participant", "Whether one is seen.", ("none", "on", "paused")),
        Machine("hand", "participant", "Whether the hand is raised.", ("lowered", "raised")),
        Machine("screen", "participant", "Whether one shares a screen.", ("off", "sharing")),
        Machine("layout", "participant", "How one sees the others.", ("default", "changed")),
        Machine("recording", "session", "Whether the session is recorded.", ("off", "on")),
        Machine("streaming", "session", "Whether it is streamed.", ("off", "on")),
        Machine("transcription", "session", "Whether it is written down.", ("off", "on")),
        Machine(
            "call",
            "session",
            "How a call rings before there is a session.",
            ("none", "initiated", "ongoing", "rejected", "busy", "cancelled", "unanswered", "ended"),
            frozenset({"rejected", "busy", "cancelled", "unanswered", "ended"}),
        ),
    )
}
"""All machines, by name."""

IN_SESSION = frozenset({"joined", "reconnecting"})
"""States of presence in which others see the participant."""


# --- states ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Timing:
    """When somebody alone is prompted, and when the session ends after that, in ms; None: never."""

    prompt_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """The machines of one participant; ``alone_ms`` counts since they are alone, or since the prompt."""

    uid: str
    lifecycle: str = "uninitialized"
    account: str = "logged_out"
    presence: str = "absent"
    company: str = "none"
    role: str = "none"
    microphone: str = "none"
    camera: str = "none"
    hand: str = "lowered"
    screen: str = "off"
    layout: str = "default"
    alone_ms: int = 0
    timing: Timing = Timing()
    starts: frozenset[str] = frozenset()

    @property
    def present(self) -> bool:
        """Whether others see them in the session."""
        return self.presence in IN_SESSION

    def moved(self, machine: str, target: str) -> Participant:
        """The same with one machine in another state."""
        change: dict[str, Any] = {machine: target}
        return replace(self, **change)


@dataclass(frozen=True, slots=True)
class State:
    """All machines at once. ``excluded`` are alternatives of conflicts that can't be the build's any more."""

    participants: tuple[Participant, ...]
    recording: str = "off"
    streaming: str = "off"
    transcription: str = "off"
    call: str = "none"
    caller: str = ""
    callee: str = ""
    excluded: frozenset[tuple[str, str]] = frozenset()

    def of(self, uid: str) -> Participant:
        """The participant of that uid."""
        return next(participant for participant in self.participants if participant.uid == uid)

    def others(self, uid: str) -> tuple[Participant, ...]:
        """Who else is in the session."""
        return tuple(p for p in self.participants if p.uid != uid and p.present)

    def with_participant(self, changed: Participant) -> State:
        """The same with that participant changed."""
        return replace(self, participants=tuple(changed if p.uid == changed.uid else p for p in self.participants))

    def moved(self, machine: str, target: str) -> State:
        """The same with one machine of the session in another state."""
        change: dict[str, Any] = {machine: target}
        return replace(self, **change)


# --- stimuli ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invoke:
    """An actor calls an operation (its concept).

    ``fault`` is a condition of the core that the arguments or the surroundings violate; ``target`` the participant at whom it
    aims; ``value`` the argument of an operation that does different things with it; ``starts`` what the settings of a join ask for:
    ``muted``, ``paused``, ``voice``, ``presenter``, ``viewer``, ``peer``; ``timing`` overrides the idle periods.
    """

    actor: str
    operation: str
    fault: str | None = None
    target: str | None = None
    value: bool | str | None = None
    starts: frozenset[str] = frozenset()
    timing: Timing | None = None


@dataclass(frozen=True, slots=True)
class Happen:
    """A person at ``actor`` or the service does something: a word of the table's stimuli."""

    word: str
    actor: str


@dataclass(frozen=True, slots=True)
class Advance:
    """Time passes."""

    ms: int


Stimulus = Invoke | Happen | Advance

_VARIANTS: dict[tuple[str, bool | str | None], str] = {
    ("mute_audio", False): "unmute_audio",
    ("pause_video", False): "resume_video",
    ("reject_call", "busy"): "reject_call_busy",
    ("reject_call", "cancelled"): "reject_call_cancelled",
}
"""Operations that do something else with this argument: the word of the table for it."""


def word_of(stimulus: Stimulus) -> str:
    """The word by which the table knows a stimulus."""
    if isinstance(stimulus, Invoke):
        return _VARIANTS.get((stimulus.operation, stimulus.value), stimulus.operation)
    return stimulus.word if isinstance(stimulus, Happen) else "time"


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ground:
    """By what a clause names a transition: its rule, the concept of its item (None: any), and arguments that it has."""

    rule: str
    concept: str | None = None
    args: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    """A row of the table; see the theory above. ``whose`` machine moves: the actor's, the target's, each other's, the session's."""

    machine: str
    source: str
    stimulus: str
    target: str
    when: str = ""
    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    whose: Literal["actor", "target", "others", "session"] = "actor"
    stands_on: tuple[Ground, ...] = ()
    assumed: str = ""
    optional: bool = False

    def __str__(self) -> str:
        guard = f" [{self.when}]" if self.when else ""
        return f"{self.machine}: {self.source} --{self.stimulus}{guard}--> {self.target}"


def _effect(operation: str, effect: str) -> tuple[Ground, ...]:
    return (Ground("operation.effect", operation, (("effect", effect),)),)


def _fires(*causes: str) -> tuple[Ground, ...]:
    return tuple(
        Ground(rule, None, (("cause", cause),))
        for cause in causes
        for rule in ("event.fires", "event.silent", "event.order")
    )


def _joining(operation: str) -> tuple[Transition, ...]:
    ground = (*_effect(operation, "joined"), Ground("operation.exists", operation))
    return (
        Transition("presence", "absent", operation, "joined", "alone", ("join",), stands_on=ground),
        Transition("presence", "absent", operation, "joined", "company", ("join_with_peer", "join"), ("remote_join",), stands_on=ground),
    )  # fmt: skip


_PEER = (Ground("setting.effect", "peer_call"),)
"""In a peer call the session ends for everybody when one leaves; what the others are told is not said."""


def _leaving(
    stimulus: str, alone: tuple[str, ...], company: tuple[str, ...], stands_on: tuple[Ground, ...] = (), *,
    source: str = "joined", assumed: str = "", optional: bool = False,
) -> tuple[Transition, ...]:  # fmt: skip
    """A way out of the session: what it is called depends on how many others are there."""
    of_three = ("leave_of_three", *company) if company == ("leave",) else company
    ways = (
        ("alone", alone, ()),
        ("one_other_stays", company, ("last_remote_leave",)),
        ("more_others_stay", of_three, ("remote_leave",)),
        ("peer_call", company, ()),
    )
    leaves = tuple(
        Transition("presence", source, stimulus, "absent", when, own, others, "actor", stands_on, assumed, optional)
        for when, own, others in ways
    )
    ends = tuple(
        Transition("presence", other, stimulus, "absent", "peer_call", (), (), "others", _PEER, assumed, optional)
        for other in ("joined", "reconnecting")
    )
    return (*leaves, *ends) if source == "joined" else leaves


def _pair(
    machine: str, off: str, on: str, start: str, stop: str, causes: tuple[str, str], effects: tuple[str, str]
) -> tuple[Transition, ...]:
    """A thing that is switched on and off by two operations; others see it under the same cause with ``remote_`` before it."""
    began, ended = causes
    whose: Literal["actor", "session"] = "session" if MACHINES[machine].of == "session" else "actor"
    return (
        Transition(
            machine, off, start, on, "in_session", _own(began), _remote(began), whose, _effect(start, effects[0])
        ),
        Transition(machine, on, stop, off, "in_session", _own(ended), _remote(ended), whose, _effect(stop, effects[1])),
    )


def _rings(status: str, action: str) -> tuple[Ground, ...]:
    return (Ground("ringing.status", None, (("from", status), ("action", action))),)


def _own(cause: str) -> tuple[str, ...]:
    return (cause,) if cause else ()


def _remote(cause: str) -> tuple[str, ...]:
    return (f"remote_{cause}",) if cause else ()


_BROKEN = "no source tells of a way out while the connection is broken"
_GIVEN_UP = "no source tells when a broken connection is given up"
_AGAIN = "switching on what is on, or off what is off, changes nothing"
_ASKED = "contracts only ask what happens then"

# fmt: off
TRANSITIONS: tuple[Transition, ...] = (
    Transition("lifecycle", "uninitialized", "initialize", "ready", stands_on=_effect("initialize", "initialized")),
    Transition("lifecycle", "uninitialized", "initialize_from_settings", "ready", stands_on=_effect("initialize_from_settings", "initialized")),
    Transition("account", "logged_out", "login", "logged_in", "ready", ("login",), stands_on=_effect("login", "logged_in")),
    Transition("account", "logged_out", "login_with_token", "logged_in", "ready", ("login",), stands_on=_effect("login_with_token", "logged_in")),
    Transition("account", "logged_in", "logout", "logged_out", "", ("logout",), stands_on=_effect("logout", "logged_out")),

    *_joining("join_session"), *_joining("join_session_by_id"), *_joining("join_presentation"), *_joining("join_session_v4"),
    *_leaving("leave_session", ("leave_alone",), ("leave",), _effect("leave_session", "left")),
    *_leaving("leave_session_v4", ("leave_alone",), ("leave",), (Ground("operation.exists", "leave_session_v4"),)),
    *_leaving("logout", (), (), _effect("logout", "left"), assumed=_ASKED, optional=True),
    *_leaving("button_end_call", ("button_end_call",), ("button_end_call",), _fires("button_end_call")),
    *_leaving("kicked", ("kicked",), ("kicked",), _fires("kicked")),
    *_leaving("leave_session", (), (), source="reconnecting", assumed=_BROKEN),
    *_leaving("connection_given_up", (), (), source="reconnecting", assumed=_GIVEN_UP),
    Transition("presence", "joined", "kick_participant", "absent", "one_other", ("kicked",), ("last_remote_leave",), "target", _fires("kicked")),
    Transition("presence", "joined", "kick_participant", "absent", "more_others", ("kicked",), ("remote_leave",), "target", _fires("kicked")),
    Transition("presence", "joined", "end_session_for_all", "absent", stands_on=_effect("end_session_for_all", "ended_for_all")),
    Transition("presence", "joined", "end_session_for_all", "absent", "", ("ended_for_all",), (), "others", _effect("end_session_for_all", "ended_for_all")),
    Transition("presence", "joined", "ended_for_all", "absent", "", ("ended_for_all",), stands_on=(*_fires("ended_for_all"), *_effect("end_session_for_all", "ended_for_all"))),
    Transition("presence", "joined", "ended_for_all", "absent", "", ("ended_for_all",), (), "others", (*_fires("ended_for_all"), *_effect("end_session_for_all", "ended_for_all"))),
    Transition("presence", "joined", "connection_lost", "reconnecting", "", ("connection_lost",), stands_on=_fires("connection_lost")),
    Transition("presence", "reconnecting", "connection_restored", "joined", "", ("connection_restored",), stands_on=_fires("connection_restored")),
    Transition("presence", "joined", "idle_period", "absent", "alone", ("idle_timeout",), stands_on=_fires("idle_timeout")),
    Transition("presence", "joined", "idle_leave_pressed", "absent", "prompted", ("idle_leave_pressed",), stands_on=(*_fires("idle_leave_pressed"), Ground("control.effect", None, (("control", "idle_leave"),)))),

    Transition("company", "alone", "prompt_period", "prompted", "", ("idle_prompt",), stands_on=(*_fires("idle_prompt"), Ground("setting.effect", "idle_before_prompt"), Ground("setting.effect", "idle_timeout"))),
    Transition("company", "prompted", "idle_stay_pressed", "alone", stands_on=(Ground("control.effect", None, (("control", "idle_stay"),)),)),

    *_pair("microphone", "open", "muted", "mute_audio", "unmute_audio", ("mute_audio", "unmute_audio"), ("audio_muted", "audio_unmuted")),
    Transition("microphone", "open", "toggle_audio", "muted", "in_session", ("mute_audio",), ("remote_mute_audio",), stands_on=_effect("toggle_audio", "audio_muted")),
    Transition("microphone", "muted", "toggle_audio", "open", "in_session", ("unmute_audio",), ("remote_unmute_audio",), stands_on=_effect("toggle_audio", "audio_unmuted")),
    Transition("microphone", "open", "button_mute_audio", "muted", "in_session", ("button_mute_audio",), ("remote_mute_audio",), stands_on=_fires("button_mute_audio")),
    Transition("microphone", "muted", "button_unmute_audio", "open", "in_session", ("button_unmute_audio",), ("remote_unmute_audio",), stands_on=_fires("button_unmute_audio")),
    Transition("microphone", "muted", "mute_audio", "muted", "in_session", ("mute_audio_twice",), stands_on=_fires("mute_audio_twice"), assumed=_ASKED),
    Transition("microphone", "open", "unmute_audio", "open", "in_session", assumed=_AGAIN),
    Transition("microphone", "open", "mute_participant", "muted", "", ("muted_by_moderator",), ("remote_mute_audio",), "target", _effect("mute_participant", "participant_mute_requested")),

    *_pair("camera", "on", "paused", "pause_video", "resume_video", ("pause_video", "resume_video"), ("video_paused", "video_resumed")),
    Transition("camera", "paused", "unpause_video", "on", "in_session", ("resume_video",), ("remote_resume_video",), stands_on=_effect("unpause_video", "video_resumed")),
    Transition("camera", "on", "toggle_video", "paused", "in_session", ("pause_video",), ("remote_pause_video",), stands_on=_effect("toggle_video", "video_paused")),
    Transition("camera", "paused", "toggle_video", "on", "in_session", ("resume_video",), ("remote_resume_video",), stands_on=_effect("toggle_video", "video_resumed")),
    Transition("camera", "on", "button_pause_video", "paused", "in_session", ("button_pause_video",), ("remote_pause_video",), stands_on=_fires("button_pause_video")),
    Transition("camera", "none", "switch_to_video", "on", "in_session", ("switch_to_video",), ("remote_switch_to_video",), stands_on=_effect("switch_to_video", "video_added")),
    Transition("camera", "on", "pause_participant_video", "paused", "", (), ("remote_pause_video",), "target", _effect("pause_participant_video", "participant_pause_requested")),

    *_pair("hand", "lowered", "raised", "raise_hand", "lower_hand", ("raise_hand", "lower_hand"), ("hand_raised", "hand_lowered")),
    Transition("hand", "lowered", "toggle_hand", "raised", "in_session", ("raise_hand",), ("remote_raise_hand",), stands_on=_effect("toggle_hand", "hand_raised")),
    Transition("hand", "raised", "toggle_hand", "lowered", "in_session", ("lower_hand",), ("remote_lower_hand",), stands_on=_effect("toggle_hand", "hand_lowered")),
    Transition("hand", "lowered", "button_raise_hand", "raised", "in_session", ("button_raise_hand", "raise_hand"), ("remote_raise_hand",), stands_on=_fires("button_raise_hand")),

    *_pair("screen", "off", "sharing", "start_screen_share", "stop_screen_share", ("screen_share_start", "screen_share_stop"), ("screen_shared", "screen_unshared")),
    Transition("screen", "sharing", "screen_share_ended_by_browser", "off", "", ("screen_share_ended_by_browser",), ("remote_screen_share_stop",), stands_on=_fires("screen_share_ended_by_browser")),
    Transition("screen", "off", "screen_share_cancelled", "off", "in_session", ("screen_share_cancelled",), stands_on=_fires("screen_share_cancelled")),

    Transition("layout", "default", "set_layout", "changed", "in_session", ("layout_change",), ("remote_layout_change",), stands_on=_effect("set_layout", "layout_set")),
    Transition("layout", "changed", "set_layout", "default", "in_session", ("layout_change",), ("remote_layout_change",), stands_on=_effect("set_layout", "layout_set")),

    *_pair("recording", "off", "on", "start_recording", "stop_recording", ("recording_start", "recording_stop"), ("recording_requested", "recording_stop_requested")),
    Transition("recording", "off", "toggle_recording", "on", "in_session", ("recording_start",), ("remote_recording_start",), "session", _effect("toggle_recording", "recording_requested")),
    Transition("recording", "on", "toggle_recording", "off", "in_session", ("recording_stop",), ("remote_recording_stop",), "session", _effect("toggle_recording", "recording_stop_requested")),
    *_pair("streaming", "off", "on", "start_streaming", "stop_streaming", ("streaming_start", "streaming_stop"), ("streaming_requested", "streaming_stop_requested")),
    *_pair("transcription", "off", "on", "start_transcription", "stop_transcription", ("", ""), ("transcription_requested", "transcription_stop_requested")),

    Transition("call", "none", "initiate_call", "initiated", "", (), ("ring_received",), "session", _rings("none", "initiate")),
    Transition("call", "initiated", "accept_call", "ongoing", "callee", (), ("ring_accepted",), "session", _rings("initiated", "accept")),
    Transition("call", "initiated", "reject_call", "rejected", "callee", (), ("ring_rejected",), "session", _rings("initiated", "reject")),
    Transition("call", "initiated", "reject_call_busy", "busy", "callee", (), ("ring_busy",), "session", _rings("initiated", "busy")),
    Transition("call", "initiated", "reject_call_cancelled", "cancelled", "caller", (), ("ring_cancelled",), "session", _rings("initiated", "cancel")),
    Transition("call", "initiated", "ring_period", "unanswered", "caller", ("ring_unanswered",), ("ring_unanswered",), "session", _rings("initiated", "timeout")),
    Transition("call", "ongoing", "end_call", "ended", "party", (), ("ring_ended",), "session", _rings("ongoing", "end")),
)
"""Every transition that a stimulus triggers."""
# fmt: on


# --- guards, conditions, consequences --------------------------------------------------------------------------------

Guard = Callable[[State, Participant], bool]


def _is_peer_call(state: State, who: Participant) -> bool:
    """Whether they share the session with somebody, and one of those in it has joined it as a peer call."""
    others = state.others(who.uid)
    return bool(others) and any("peer" in one.starts for one in (who, *others))


GUARDS: dict[str, Guard] = {
    "": lambda state, who: True,
    "ready": lambda state, who: who.lifecycle == "ready",
    "joined": lambda state, who: who.presence == "joined",
    "in_session": lambda state, who: who.presence == "joined" and who.role != "viewer",
    "alone": lambda state, who: not state.others(who.uid),
    "company": lambda state, who: bool(state.others(who.uid)),
    "one_other": lambda state, who: len(state.others(who.uid)) == 1,
    "more_others": lambda state, who: len(state.others(who.uid)) > 1,
    "one_other_stays": lambda state, who: len(state.others(who.uid)) == 1 and not _is_peer_call(state, who),
    "more_others_stay": lambda state, who: len(state.others(who.uid)) > 1 and not _is_peer_call(state, who),
    "peer_call": _is_peer_call,
    "prompted": lambda state, who: who.company == "prompted",
    "caller": lambda state, who: state.caller == who.uid,
    "callee": lambda state, who: state.callee == who.uid,
    "party": lambda state, who: who.uid in (state.caller, state.callee),
}
"""Guard → whether it holds of the participant whose machine moves (of the actor, for machines of the session)."""

CONDITIONS: dict[str, Guard] = {
    "sdk_not_initialized": lambda state, who: who.lifecycle == "uninitialized",
    "already_initialized": lambda state, who: who.lifecycle == "ready",
    "not_logged_in": lambda state, who: who.account == "logged_out",
    "no_user_logged_in": lambda state, who: who.account == "logged_out",
    "already_logged_in": lambda state, who: who.account == "logged_in",
    "no_session": lambda state, who: not who.present,
    "session_active": lambda state, who: who.present,
}
"""Condition of the core → whether it holds in a state, for who calls. Others are faults that a stimulus brings along."""

FAILURE_CAUSES: dict[tuple[str, str], str] = {
    ("login", ""): "login_failure",
    ("login_with_token", ""): "login_failure",
    ("logout", ""): "logout_failure",
    ("join_session", "call_token_invalid"): "token_refused",
    ("join_presentation", "call_token_invalid"): "token_refused",
    ("join_session", "network_failure"): "connection_failed",
    ("join_session", "permission_denied"): "permission_denied",
}
"""Operation and condition (empty: any) → the cause of events that a failed call is."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """A machine that is in one of ``sources`` goes to ``target`` while ``holds``: of each participant, or of the session."""

    machine: str
    sources: tuple[str, ...]
    holds: str
    target: str


CONSEQUENCES: tuple[Consequence, ...] = (
    Consequence("company", ("none", "accompanied"), "present_alone", "alone"),
    Consequence("company", ("none", "alone", "prompted"), "present_with_others", "accompanied"),
    Consequence("company", ("accompanied", "alone", "prompted"), "gone", "none"),
    Consequence("role", ("none",), "present_as_viewer", "viewer"),
    Consequence("role", ("none",), "present_as_presenter", "presenter"),
    Consequence("role", ("none",), "present_plainly", "participant"),
    Consequence("role", ("participant", "presenter", "viewer"), "gone", "none"),
    Consequence("microphone", ("none",), "joins_muted", "muted"),
    Consequence("microphone", ("none",), "joins_heard", "open"),
    Consequence("microphone", ("open", "muted"), "gone", "none"),
    Consequence("camera", ("none",), "joins_paused", "paused"),
    Consequence("camera", ("none",), "joins_seen", "on"),
    Consequence("camera", ("on", "paused"), "gone", "none"),
    Consequence("hand", ("raised",), "gone", "lowered"),
    Consequence("screen", ("sharing",), "gone", "off"),
    Consequence("layout", ("changed",), "gone", "default"),
    Consequence("recording", ("on",), "nobody_left", "off"),
    Consequence("streaming", ("on",), "nobody_left", "off"),
    Consequence("transcription", ("on",), "nobody_left", "off"),
)
"""Every transition that a state triggers."""
