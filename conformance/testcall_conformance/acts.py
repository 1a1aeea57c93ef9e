"""What the local participant does: by the application's calls, by the built-in controls, and at the join and the leave."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from testcall_conformance.controls import PRESSED, note_look, press
from testcall_conformance.dialect import OMIT
from testcall_conformance.playing import ACTS, Play, acts, other_value

RESPONSE = "CONVERT_TO_VIDEO_RESPONSE"
"""The command by which SDK 4 agrees to turn an audio call into a video call (seen in 4.2.6)."""


# --- joins and leaves ------------------------------------------------------------------------------------------------


@acts("join")
async def _join(play: Play) -> None:
    await play.join()
    if play.in_session:
        await play.observe("shown")


@acts("join_with_peer")
async def _join_with_peer(play: Play) -> None:
    await play.peer("bob")
    await play.join()
    if not play.in_session:
        return
    await play.stage.settle()
    await play.observe("shown")
    if play.media:
        kinds = ("audio", "video")
        await asyncio.gather(
            *(play.heard(media, present=True) for media in kinds), *(play.rendered(media) for media in kinds)
        )


@acts("leave", "leave_alone", "leave_of_three", "second_leave")
async def _leave(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("leave_session")
    await play.left(after)
    await play.stage.settle()
    await play.observe("held")


@acts("end_for_all")
async def _end_for_all(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("end_session_for_all")
    await play.left(after)


@acts("rejoin")
async def _rejoin(play: Play) -> None:
    await play.actor.make_token(play.actor.session)
    await play.join("rejoin")


@acts("token_refused")
async def _token_refused(play: Play) -> None:
    play.actor.call_token = forged(play.actor.call_token)
    after = play.stage.trace.last_seq
    await play.actor.join(play.settings, object_key=play.object_key)
    play.in_session = await play.actor.joined(after, play.stage.limits.refusal, heed_errors=True)


def forged(token: object) -> object:
    """The call token with a signature that the service did not make; it still looks like a token to a client."""
    return f"{token.rpartition('.')[0]}.{'A' * 43}" if isinstance(token, str) else token


@acts("permission_denied", "connection_failed")
async def _join_in_vain(play: Play) -> None:
    """A join that can't succeed, since the instance has no devices or the service no signalling: as long as a join may take."""
    after = play.stage.trace.last_seq
    await play.actor.join(play.settings, object_key=play.object_key)
    play.in_session = await play.actor.joined(after, play.stage.limits.connect, heed_errors=True)


# --- logins ----------------------------------------------------------------------------------------------------------


@acts("login")
async def _login(play: Play) -> None:
    await play.call("login")


@acts("login_failure")
async def _login_failure(play: Play) -> None:
    await play.actor.call("login", "act", uid="nobody-of-this-name")


@acts("logout")
async def _logout(play: Play) -> None:
    await play.call("logout")


@acts("logout_failure")
async def _logout_failure(play: Play) -> None:
    with play.stage.broken_network():
        await play.call("logout")


# --- microphone, camera, hand, layout --------------------------------------------------------------------------------


@acts("mute_audio")
async def _mute_audio(play: Play) -> None:
    await play.call("mute_audio")
    await play.heard("audio", present=False)


@acts("mute_audio_twice")
async def _mute_audio_twice(play: Play) -> None:
    await play.call("mute_audio", label="arrange")
    await play.stage.settle()
    await play.call("mute_audio")


@acts("unmute_audio")
async def _unmute_audio(play: Play) -> None:
    await play.call("unmute_audio", "mute_audio", muted=False)
    await play.heard("audio", present=True)


@acts("pause_video")
async def _pause_video(play: Play) -> None:
    await play.call("pause_video")
    await play.heard("video", present=False)


@acts("resume_video")
async def _resume_video(play: Play) -> None:
    await play.call("resume_video", "pause_video", paused=False)
    await play.heard("video", present=True)


@acts("own_speech")
async def _own_speech(play: Play) -> None:
    """Bob is silent, so that it is the local participant who speaks; as long as it takes the service to notice."""
    bob = play.peers.get("bob")
    if bob is not None:
        after = play.stage.trace.last_seq
        await bob.mute_audio(True)
        await play.seen("dominant_speaker_changed", after, play.stage.limits.media_change, uid=play.actor.user)


@acts("raise_hand")
async def _raise_hand(play: Play) -> None:
    await play.call("raise_hand")


@acts("lower_hand")
async def _lower_hand(play: Play) -> None:
    await play.call("lower_hand")


@acts("layout_change")
async def _layout_change(play: Play) -> None:
    other = other_value(play.stage.contract, "session_settings", "layout")
    if other is not OMIT:
        await play.call("set_layout", None, layout=other)


@acts("participant_list_shown")
async def _show_list(play: Play) -> None:
    await play.call("show_participant_list")


@acts("participant_list_hidden")
async def _hide_list(play: Play) -> None:
    await play.call("hide_participant_list")


# --- screen, recording, stream, devices ------------------------------------------------------------------------------


@acts("screen_share_start")
async def _share(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("start_screen_share")
    await play.seen("screen_share_started", after)


@acts("screen_share_cancelled")
async def _share_in_vain(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("start_screen_share")
    await play.seen("screen_share_started", after, play.stage.limits.refusal)


@acts("screen_share_stop")
async def _unshare(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("stop_screen_share")
    await play.seen("screen_share_stopped", after)


@acts("recording_start")
async def _record(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("start_recording")
    await play.seen("recording_started", after)


@acts("recording_stop")
async def _stop_recording(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("stop_recording")
    await play.seen("recording_stopped", after)


@acts("streaming_start")
async def _stream(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("start_streaming")
    await play.seen("streaming_started", after)


@acts("streaming_stop")
async def _stop_streaming(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("stop_streaming")
    await play.seen("streaming_stopped", after)


DEVICES: dict[str, tuple[str, str, str]] = {
    "audioinput": ("get_audio_inputs", "set_audio_input", "get_current_audio_input"),
    "audiooutput": ("get_audio_outputs", "set_audio_output", "get_current_audio_output"),
    "videoinput": ("get_video_inputs", "set_video_input", "get_current_video_input"),
}
"""Kind of device (W3C Media Capture) → the operations that list, set and tell it."""


@acts("device_change")
async def _device_change(play: Play) -> None:
    """Of every kind, another device than the one in use, where there is one; one after the other, as a person would."""
    for kind in DEVICES:
        chosen = await change_device(play, kind)
        if chosen is None:
            continue
        if play.stage.description.capabilities.observe:
            await _until_in_use(play, kind, chosen)
        else:
            await play.stage.settle()
        if play.stage.dialect.has(DEVICES[kind][2]):
            await play.actor.call(DEVICES[kind][2], "after")


async def _until_in_use(play: Play, kind: str, device: str) -> None:
    """Until the device is seen in use, or asked of the browser, as long as media may take.

    No longer where nobody sees which device of that kind is in use.
    """
    stage, waited = play.stage, 0.0
    while True:
        await stage.settle()
        used = devices_in_use(await stage.adapter.capability(play.actor.id, "observe", {"instance": play.actor.id}))
        mine = [device for one in used if one["kind"] == kind for device in (one["device"], *one.get("wished", ()))]
        if device in mine or waited >= (stage.limits.media_change if mine else stage.limits.quiet):
            stage.trace.add("media", play.actor.id, "devices", in_use=used, waited_s=waited)
            return
        waited += stage.limits.quiet
        await asyncio.sleep(stage.limits.quiet)


def devices_in_use(seen: Any) -> list[dict[str, Any]]:
    """The devices of live local tracks, and those that elements play on, of what an adapter observes.

    ``wished``: the devices that the browser was asked for, where it was asked; it may have given another.
    """
    kinds = {"audio": "audioinput", "video": "videoinput"}
    tracks = [
        {"kind": kinds.get(track.get("kind"), ""), "device": track["device"]}
        | ({"wished": track["wished"]} if track.get("wished") else {})
        for track in seen.get("local", [])
        if track.get("state") == "live" and track.get("device") and track.get("from") != "getDisplayMedia"
    ]
    sinks = {element.get("sink") for element in seen.get("elements", []) if element.get("sink")}
    return tracks + [{"kind": "audiooutput", "device": sink} for sink in sorted(sinks)]


async def change_device(play: Play, kind: str, *, only_list: bool = False) -> str | None:
    """Set another device of that kind than the one in use (``only_list``: just find it); its id, or None when there is no other."""
    listing, setting, current = DEVICES[kind]
    dialect = play.stage.dialect
    if not (dialect.has(listing) and dialect.has(setting)):
        return None
    listed = await play.actor.call(listing, "devices")
    found = [device_id(item) for item in listed.value] if isinstance(listed.value, list) else []
    in_use = await play.actor.call(current, "devices") if dialect.has(current) else None
    first = device_id(in_use.value) if in_use is not None and in_use.ok else found[0] if found else None
    other = next((one for one in reversed(found) if one and one not in ("default", "communications", first)), None)
    if other is not None and not only_list:
        await play.actor.call(setting, "act", device_id=other)
    return other


def device_id(device: Any) -> str | None:
    """The id in a device object, by the names that dialects give it."""
    members = device.get("own", device) if isinstance(device, dict) else {}
    found = members.get("deviceId", members.get("id")) if isinstance(members, dict) else None
    return found if isinstance(found, str) else None


# --- audio call to video call ----------------------------------------------------------------------------------------


@acts("no_video_yet")
async def _no_video_yet(play: Play) -> None:
    await play.heard("video", present=False)


@acts("switch_to_video")
async def _switch_to_video(play: Play) -> None:
    """The application asks for video; bob agrees as SDK 4 does, if he is asked."""
    after = play.stage.trace.last_seq
    await play.call("switch_to_video")
    bob = play.peers.get("bob")
    asked = await play.stage.until(
        lambda e: e.data.get("direction") == "in" and "CONVERT_TO_VIDEO_REQUEST" in str(e.data.get("stanza", "")), after
    )
    if asked and bob is not None:
        responder = json.dumps({"id": bob.nick, "uid": bob.uid, "name": bob.persona.name})
        await bob.command(RESPONSE, {"responder": responder, "response": "true"}, None)
    await play.heard("video", present=True)


# --- controls --------------------------------------------------------------------------------------------------------


def _pressing(control: str) -> Any:
    async def act(play: Play) -> None:
        if play.stage.description.capabilities.ui and control in play.stage.contract.controls:
            after = play.stage.trace.last_seq
            await press(play.stage, play.actor.id, control)
            if control == "end_call":
                await play.left(after)

    return act


for _cause, _control in PRESSED.items():
    ACTS[_cause] = _pressing(_control)


@acts("idle_leave_pressed")
async def _idle_leave(play: Play) -> None:
    after = play.stage.trace.last_seq
    if await press(play.stage, play.actor.id, "idle_leave"):
        await play.left(after)


# --- time ------------------------------------------------------------------------------------------------------------

IDLE_STEP_MS = 4000
"""A step of the clock in an idle period: under the 5 s in which the signalling core expects the answer to a ping."""

IDLE_STEPS = 90
"""6 minutes: longer than any documented default (60 s and 180 s; 300 s)."""

LEAVE_STEPS = 2
"""Who was told that its session timed out may leave by a timer of its own; it gets so many steps more for it."""

STEP_PAUSE_S = 0.02
"""After each step the rest of the world gets its turn."""


async def advance(play: Play, steps: int, *, until: Any) -> bool:
    """Let the SDK's clock go on, step by step, until ``until()`` says that it is enough; whether it did."""
    stage = play.stage
    for _ in range(steps):
        await stage.adapter.capability(play.actor.id, "advance", {"instance": play.actor.id, "ms": IDLE_STEP_MS})
        play.alone_ms += IDLE_STEP_MS
        stage.trace.add("step", play.actor.id, "advance", ms=IDLE_STEP_MS, total_ms=play.alone_ms)
        await asyncio.sleep(STEP_PAUSE_S)
        if await until():
            return True
    return False


@acts("idle_timeout")
async def _idle_timeout(play: Play) -> None:
    """Alone for longer than any documented period."""
    if not play.stage.description.capabilities.clock:
        return
    after = play.stage.trace.last_seq

    async def gone() -> bool:
        return any(
            e.name in ("session_timed_out", "occupant_left")
            and (e.actor == play.actor.id or e.data.get("uid") == play.actor.user)
            for e in play.stage.trace.since(after)
        )

    if await advance(play, IDLE_STEPS, until=gone):
        await timed_out(play, after)


async def timed_out(play: Play, after: int) -> None:
    """The session has timed out: let the participant leave, as far as it does so by itself."""

    async def left() -> bool:
        return any(
            e.name == "occupant_left" and e.data.get("uid") == play.actor.user for e in play.stage.trace.since(after)
        )

    if not await left():
        await advance(play, LEAVE_STEPS, until=left)
    play.in_session = False


@acts("idle_prompt")
async def _idle_prompt(play: Play) -> None:
    """Alone until the prompt is seen: by its control, or by an event of the dialect."""
    stage = play.stage
    if not stage.description.capabilities.clock:
        return
    after = stage.trace.last_seq

    async def prompted() -> bool:
        if any(e.kind == "callback" and e.name == "idle_prompted" for e in stage.trace.since(after)):
            return True
        if any(e.name == "occupant_left" and e.data.get("uid") == play.actor.user for e in stage.trace.since(after)):
            return True
        can_look = stage.description.capabilities.ui and "idle_stay" in stage.contract.controls
        return can_look and await note_look(stage, play.actor.id, "idle_stay", hidden=False)

    await advance(play, IDLE_STEPS, until=prompted)
