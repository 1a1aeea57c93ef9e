"""What others do: the peers in the session, and the service."""

from __future__ import annotations

import json
from typing import Any

from testcall_conformance.acts import RESPONSE
from testcall_conformance.controls import findable, press
from testcall_conformance.playing import ACTS, Play, acts
from testcall_contract.trace import TraceEvent


def _bob(method: str, *args: Any) -> Any:
    async def act(play: Play) -> None:
        if "bob" in play.peers:
            await getattr(play.peers["bob"], method)(*args)

    return act


ACTS.update(
    {
        "remote_mute_audio": _bob("mute_audio", True),
        "remote_unmute_audio": _bob("mute_audio", False),
        "remote_pause_video": _bob("pause_video", True),
        "remote_resume_video": _bob("pause_video", False),
        "remote_raise_hand": _bob("command", "jitsi_participant_raisedHand", {}, "1750000000000"),
        "remote_lower_hand": _bob("command", "jitsi_participant_raisedHand", {}, ""),
    }
)


def _sharing(sharing: bool) -> Any:
    async def act(play: Play) -> None:
        if "bob" in play.peers:
            await play.peers["bob"].share_screen(sharing, major=4 if play.stage.contract.sdk.wire == "calls-v4" else 5)

    return act


ACTS["remote_screen_share_start"] = _sharing(True)
ACTS["remote_screen_share_stop"] = _sharing(False)


@acts("remote_join")
async def _remote_join(play: Play) -> None:
    await play.peer("carol")


@acts("remote_join_first")
async def _remote_join_first(play: Play) -> None:
    await play.peer("bob")


@acts("remote_leave", "leave_while_sharing")
async def _remote_leave(play: Play) -> None:
    if "carol" in play.peers:
        await play.peers.pop("carol").leave()


@acts("last_remote_leave")
async def _last_remote_leave(play: Play) -> None:
    await play.dismiss_peers()


@acts("two_of_three_leave")
async def _two_leave(play: Play) -> None:
    for uid in list(play.peers):
        await play.peers.pop(uid).leave()
        await play.stage.settle()


@acts("kicked")
async def _kicked(play: Play) -> None:
    after, nick = play.stage.trace.last_seq, play.nick()
    if nick is not None:
        await play.simulator.kick(play.actor.session, nick)
        await play.left(after)


@acts("ended_for_all")
async def _ended_for_all(play: Play) -> None:
    after = play.stage.trace.last_seq
    if play.nick() is not None:
        await play.simulator.end_session(play.actor.session)
        await play.left(after)


@acts("muted_by_moderator")
async def _muted(play: Play) -> None:
    nick = play.nick()
    if nick is not None:
        await play.simulator.mute_participant(play.actor.session, nick, "audio")


@acts("remote_recording_start")
async def _remote_recording(play: Play) -> None:
    await _remote_record(play, on=True, mode="file")


@acts("remote_recording_stop")
async def _remote_recording_stop(play: Play) -> None:
    await _remote_record(play, on=False, mode="file")


@acts("remote_streaming_start")
async def _remote_streaming(play: Play) -> None:
    await _remote_record(play, on=True, mode="stream")


@acts("remote_streaming_stop")
async def _remote_streaming_stop(play: Play) -> None:
    await _remote_record(play, on=False, mode="stream")


async def _remote_record(play: Play, *, on: bool, mode: str) -> None:
    """Bob says that he records, as SDK 4 does, and the service starts or ends it on his behalf."""
    bob = play.peers.get("bob")
    if bob is None:
        return
    if mode == "file":
        about = {"uid": bob.uid, "name": bob.persona.name, "pid": bob.nick}
        await bob.command("START_SCREEN_RECORDING" if on else "stopScreenRecording", about, "true")
    if on:
        await play.simulator.start_recording(play.actor.session, mode=mode, by=bob.nick)
    else:
        await play.simulator.stop_recording(play.actor.session)


@acts("dominant_speaker")
async def _dominant_speaker(play: Play) -> None:
    """Bob was silent while the build spoke; now it is the other way round, until the service says that bob speaks."""
    bob = play.peers.get("bob")
    if bob is None:
        return
    after = play.stage.trace.last_seq
    await play.call("mute_audio", label="arrange")
    await bob.mute_audio(False)
    await play.seen("dominant_speaker_changed", after, play.stage.limits.media, uid="bob")


@acts("connection_lost")
async def _connection_lost(play: Play) -> None:
    nick = play.nick()
    if nick is None or not play.in_session:
        return
    play.lost_at = play.stage.trace.last_seq
    await play.simulator.drop_socket(play.actor.session, nick)


@acts("connection_restored")
async def _connection_restored(play: Play) -> None:
    """The client comes back by itself; where it had done so already, nothing is left to happen."""
    await play.stage.until(_is_back(play), play.lost_at, play.stage.limits.connect)


def _is_back(play: Play) -> Any:
    def back(event: TraceEvent) -> bool:
        return event.name in ("socket_resumed", "occupant_left") and event.data.get("session") == play.actor.session

    return back


@acts("remote_switch_to_video")
async def _remote_switch(play: Play) -> None:
    """Bob asks for video as SDK 4 does; a person agrees, where there is a dialog; then bob tells everybody."""
    stage, bob = play.stage, play.peers.get("bob")
    if bob is None:
        return
    after = stage.trace.last_seq
    initiator = {"id": bob.nick, "uid": bob.uid, "name": bob.persona.name, "avatar": ""}
    state = {"isAudioMuted": False, "isVideoMuted": False, "joinedAt": str(bob.persona.joined_ms)}
    asking = json.dumps(initiator | state)
    await bob.command("CONVERT_TO_VIDEO_REQUEST", {"uid": bob.uid, "name": bob.persona.name, "initiator": asking}, "")
    await stage.settle()
    if stage.description.capabilities.ui and findable(stage.contract, "accept_video"):
        await press(stage, play.actor.id, "accept_video")
    answered: dict[str, str] = {}

    def responds(event: TraceEvent) -> bool:
        text = str(event.data.get("stanza", ""))
        if event.data.get("direction") == "in" and RESPONSE in text:
            answered["stanza"] = text
        return bool(answered)

    if await stage.until(responds, after):
        responder = responder_in(answered["stanza"])
        await bob.subject(
            json.dumps({"converted": {"initiator": initiator | state, "responder": responder, "response": True}})
        )


def responder_in(stanza: str) -> Any:
    """The participant that a response carries, as it was sent."""
    from lxml import etree

    found = etree.fromstring(stanza.encode()).find(f".//{{*}}{RESPONSE}")
    text = found.get("responder") if found is not None else None
    return json.loads(text) if text else {}
