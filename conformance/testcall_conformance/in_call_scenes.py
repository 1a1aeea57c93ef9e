"""The scene of in-call operations: each promised effect of each operation, one after the other, in one session with bob.

Every effect is an act of its own (``call:CLAUSE``), preceded by whatever brings the opposite about, so that an operation that
does nothing can't look as if it had worked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from testcall_conformance.call_scenes import reach
from testcall_conformance.dialect import OMIT
from testcall_conformance.playing import Play
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import USER, Actor, Stage
from testcall_contract.models import Contract
from testcall_contract.promises import Promise, promises
from testcall_contract.trace import TraceEvent


@dataclass(frozen=True, slots=True)
class Sign:
    """By what the service sees an effect: a decision of its own, or a stanza of the build that matches ``stanza``.

    ``undo`` are (operation, arguments) that bring the opposite about; the first that the dialect has is used.
    """

    event: str = ""
    kind: str = ""
    stanza: str = ""
    undo: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = ()

    def shown_by(self, event: TraceEvent) -> bool:
        """Whether an event of the trace is this sign."""
        data = event.data
        if self.event:
            same = event.kind == "wire" and event.name == self.event and data.get("uid", USER) == USER
            return same and (not self.kind or data.get("kind") == self.kind)
        inbound = data.get("channel") == "xmpp" and data.get("direction") == "in"
        return inbound and re.search(self.stanza, str(data.get("stanza", ""))) is not None


_UNMUTE = (("unmute_audio", ()), ("mute_audio", (("muted", False),)))
_MUTE = (("mute_audio", (("muted", True),)),)
_RESUME = (("resume_video", ()), ("pause_video", (("paused", False),)))
_PAUSE = (("pause_video", (("paused", True),)),)
_SHARE, _UNSHARE = (("start_screen_share", ()),), (("stop_screen_share", ()),)
_RECORD, _UNRECORD = (("start_recording", ()),), (("stop_recording", ()),)

SIGNS: dict[str, Sign] = {
    "audio_muted": Sign("source_muted", "audio", undo=_UNMUTE),
    "audio_unmuted": Sign("source_unmuted", "audio", undo=_MUTE),
    "video_paused": Sign("source_muted", "video", undo=_RESUME),
    "video_resumed": Sign("source_unmuted", "video", undo=_PAUSE),
    "screen_shared": Sign("screen_share_started", undo=_UNSHARE),
    "screen_unshared": Sign("screen_share_stopped", undo=_SHARE),
    "recording_requested": Sign("recording_started", undo=_UNRECORD),
    "recording_stop_requested": Sign("recording_stopped", undo=_RECORD),
    "hand_raised": Sign(stanza=r"<jitsi_participant_raisedHand[^>]*>\d", undo=(("lower_hand", ()),)),
    "hand_lowered": Sign(stanza=r"<jitsi_participant_raisedHand[^>]*(/>|></)", undo=(("raise_hand", ()),)),
    "streaming_requested": Sign(stanza=r"<jibri[^>]*(start[^>]*stream|stream[^>]*start)"),
    "streaming_stop_requested": Sign(
        stanza=r"<jibri[^>]*(stop[^>]*stream|stream[^>]*stop)", undo=(("start_streaming", ()),)
    ),
    "transcription_requested": Sign(stanza=r"requestingTranscription>true<"),
    "transcription_stop_requested": Sign(
        stanza=r"requestingTranscription(/>|></|>false<)", undo=(("start_transcription", ()),)
    ),
    "participant_mute_requested": Sign(stanza=r"<mute[^>]*jitmeet/audio"),
    "participant_pause_requested": Sign(stanza=r"<mute[^>]*jitmeet/video"),
}
"""Effect → how it shows."""

SLOW = frozenset({"screen_shared", "screen_unshared"})
"""Effects that are played once only, in the tour of their own: a screen share takes a second connection."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One effect to be played: of the operation ``concept``, in the act ``name``, with these values; ``alternative`` of a conflict."""

    name: str
    concept: str
    effect: str
    values: tuple[tuple[str, Any], ...] = ()


def trials(contract: Contract) -> list[Trial]:
    """The trials that this scene plays, in the order of the contract."""
    return [
        trial for p in promises(contract) if not p.needs_test and not p.untestable for trial in trials_of(contract, p)
    ]


def trials_of(contract: Contract, promise: Promise) -> Iterator[Trial]:
    """The trials that decide a promise: one, or one per alternative."""
    concept = promise.subject.key
    if promise.rule == "operation.delegates":
        effect = delegated_effect(contract, str(promise.args["to"]))
        if effect is not None:
            yield Trial(f"call:{promise.id}", concept, effect)
        return
    if promise.rule != "operation.effect":
        return
    for name, args in [(f"call:{promise.id}:{a.id}", {**promise.args, **a.args}) for a in promise.alternatives] or [
        (f"call:{promise.id}", dict(promise.args))
    ]:
        if args.get("effect") in SIGNS and args["effect"] not in SLOW:
            yield Trial(name, concept, str(args["effect"]), _values(contract, concept, args))


def delegated_effect(contract: Contract, concept: str) -> str | None:
    """The first promised effect of an operation that this scene can see."""
    operation = contract.operations.get(concept)
    clauses = operation.clauses if operation is not None else []
    effects = (str(c.args.get("effect")) for c in clauses if c.rule == "operation.effect")
    return next((effect for effect in effects if effect in SIGNS), None)


def _values(contract: Contract, concept: str, args: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The arguments that a promise asks for: ``value`` for the first parameter (or by name), or that left out."""
    parameters = contract.operations[concept].parameters
    if not parameters:
        return ()
    if args.get("state") == "left_out":
        return ((parameters[0].concept, OMIT),)
    value = args.get("value")
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    return ((parameters[0].concept, value),) if "value" in args else ()


async def play_in_call(stage: Stage, scene: Scene) -> None:
    """Join with bob, then play every promised effect of in-call operations."""
    actor = await stage.actor()
    play = Play(stage, actor, "in_call")
    try:
        actor.session = stage.new_session("in-call")
        await play.peer("bob")
        after = stage.trace.last_seq
        play.in_session = await reach(stage, actor, "session")
        if play.in_session:
            await stage.until(lambda e: e.name == "media_connected" and e.data.get("session") == actor.session, after)
            await stage.settle()
            for trial in trials(stage.contract):
                await _play_one(stage, play, trial)
            await actor.call("leave_session", "arrange")
    finally:
        await play.dismiss_peers()
        await actor.close()


async def _play_one(stage: Stage, play: Play, trial: Trial) -> None:
    sign, actor = SIGNS[trial.effect], play.actor
    before = stage.trace.last_seq
    for undo, values in sign.undo:
        if stage.dialect.has(undo):
            await actor.call(undo, "arrange", **dict(values))
            break
    await stage.settle()
    stage.trace.add("step", actor.id, "undone", act=trial.name, since=before)
    begin = stage.trace.add("step", actor.id, "act", act=trial.name, phase="begin").seq
    await actor.call(trial.concept, "act", **_given(play, actor, trial))
    await stage.until(sign.shown_by, begin)
    stage.trace.add("step", actor.id, "act", act=trial.name, phase="end")


IDS = {"uid": lambda peer: peer.uid, "pid": lambda peer: peer.nick}
"""How a participant is named: by the id of the user, or by that of the join."""


def _given(play: Play, actor: Actor, trial: Trial) -> dict[str, Any]:
    values = dict(trial.values)
    if "participant_id" in values and values["participant_id"] in IDS:
        values["participant_id"] = IDS[values["participant_id"]](play.peers["bob"])
    return values
