"""The scene of in-call operations: each promised effect of each operation, one after the other, in one session with bob.

Every effect is an act of its own (``call:CLAUSE``), preceded by whatever brings the opposite about, so that an operation that
does nothing can't look as if it had worked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from testcall_conformance.call_scenes import reach
from testcall_conformance.dialect import OMIT
from testcall_conformance.scenes import Play, Scene
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

SIGNS: dict[str, Sign] = {
    "audio_muted": Sign("source_muted", "audio", undo=_UNMUTE),
    "audio_unmuted": Sign("source_unmuted", "audio", undo=_MUTE),
    "video_paused": Sign("source_muted", "video", undo=_RESUME),
    "video_resumed": Sign("source_unmuted", "video", undo=_PAUSE),
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
"""Effect → how it shows. Effects that need other peers, a recorder or a shared screen are in the tours."""


def in_call_promises(contract: Contract) -> list[Promise]:
    """The promises that this scene decides, in the order of the contract."""
    return [
        p for p in promises(contract)
        if p.rule == "operation.effect" and p.args.get("effect") in SIGNS and not p.needs_test and not p.untestable
    ]  # fmt: skip


def act_name(promise: Promise) -> str:
    """The act in which a promise is played."""
    return f"call:{promise.id}"


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
            for promise in in_call_promises(stage.contract):
                await _play_one(stage, actor, promise)
            await actor.call("leave_session", "arrange")
    finally:
        for peer in play.peers.values():
            await peer.leave()
        await actor.close()


async def _play_one(stage: Stage, actor: Actor, promise: Promise) -> None:
    concept, sign = promise.subject.key, SIGNS[str(promise.args["effect"])]
    for undo, values in sign.undo:
        if stage.dialect.has(undo):
            await actor.call(undo, "arrange", **dict(values))
            break
    await stage.settle()
    begin = stage.trace.add("step", actor.id, "act", act=act_name(promise), phase="begin").seq
    await actor.call(concept, "act", **_values(stage, promise))
    await stage.until(sign.shown_by, begin)
    stage.trace.add("step", actor.id, "act", act=act_name(promise), phase="end")


def _values(stage: Stage, promise: Promise) -> dict[str, Any]:
    """The arguments that a promise asks for: ``value`` for the first parameter, or that left out."""
    parameters = stage.dialect.operation(promise.subject.key).parameters
    if not parameters:
        return {}
    first = parameters[0].concept
    if promise.args.get("state") == "left_out":
        return {first: OMIT}
    return {first: promise.args["value"]} if "value" in promise.args else {}
