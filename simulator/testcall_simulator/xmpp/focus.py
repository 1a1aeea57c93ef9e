"""What the focus does: it admits to a conference, mutes on behalf of moderators, and directs the recorder.

The focus is the occupant that speaks Jingle; that part is media and is only handed on (:class:`.effects.JingleReceived`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, cast

from testcall_simulator.xmpp.effects import Decided, JingleReceived, PeerAsked, RoomEffect, Say
from testcall_simulator.xmpp.names import FOCUS, FOCUS_NICK, JIBRI, JINGLE, MUTE, RAYO, Addresses, jid
from testcall_simulator.xmpp.room import Change, Occupant, Recording, Room, Transcribing, enter, focus_tells, leave
from testcall_simulator.xmpp.virtual import recorder, transcriber
from testcall_simulator.xmpp.xml import Element, child, iq_error, iq_result, make, name_of, payload, stanza

_MUTED_BY_NAMESPACE = {namespace: media for media, namespace in MUTE.items()}


def conference(request: Element, addresses: Addresses, room_name: str) -> Element:
    """Answer a conference request for the room that the client's token opens; another room is refused."""
    asked = child(request, FOCUS, "conference")
    if asked is None or request.get("type") != "set":
        return iq_error(request, "service-unavailable")
    if asked.get("room") != addresses.room(room_name):
        return iq_error(request, "not-allowed", "auth", "the call token is for another session")
    answer = {"room": addresses.room(room_name), "ready": "true", "focusjid": addresses.focus_user}
    properties = {"authentication": "false", "externalAuth": "false", "visitors-supported": "false"}
    told = [make(FOCUS, "property", {"name": name, "value": value}) for name, value in properties.items()]
    return iq_result(request, make(FOCUS, "conference", answer, *told))


def ask_focus(room: Room, asker: Occupant, request: Element, new_id: Callable[[], str]) -> Change:
    """An occupant's IQ to the focus in its room: Jingle, mute, recording. Others are refused as unavailable."""
    asked = payload(request)
    if request.get("type") != "set" or asked is None:
        return _refuse(room, asker, request, "service-unavailable")
    namespace, name = name_of(asked)
    if (namespace, name) == (JINGLE, "jingle"):
        return Change(room, (Say(asker.nick, iq_result(request)), JingleReceived(room.key, asker.nick, asked)))
    if namespace in _MUTED_BY_NAMESPACE and name == "mute":
        media = cast("Literal['audio', 'video']", _MUTED_BY_NAMESPACE[namespace])
        return _mute(room, asker, request, media, new_id)
    if (namespace, name) == (JIBRI, "jibri"):
        return _record(room, asker, request, asked, new_id)
    if (namespace, name) == (RAYO, "dial"):
        return _dial(room, asker, request, new_id)
    return _refuse(room, asker, request, "service-unavailable")


def mute_order(room: Room, target: Occupant, media: Literal["audio", "video"], actor: str, iq_id: str) -> RoomEffect:
    """Tell an occupant to mute itself: an IQ of the focus, or the word to a virtual one."""
    if target.kind == "peer":
        return PeerAsked(room.key, target.nick, media, muted=True)
    order = make(MUTE[media], "mute", {"actor": room.address(target, actor)}, text="true")
    head = {"type": "set", "id": iq_id, "from": room.address(target, FOCUS_NICK), "to": target.jid}
    return Say(target.nick, stanza("iq", head, order))


def start_recording(
    room: Room, mode: Literal["file", "stream"], initiator: Occupant | None, new_id: Callable[[], str]
) -> Change:
    """A recorder enters: the focus tells ``pending``, then ``on``. Nobody may be recording already."""
    session_id = new_id()
    machine = recorder(session_id, mode)
    recording = Recording(
        session_id, mode, initiator.nick if initiator else "", initiator.uid if initiator else "", machine.nick
    )
    change = focus_tells(replace(room, recording=recording), recording, "pending")
    change = change.then(enter(change.room, machine))
    change = change.then(focus_tells(change.room, recording, "on"))
    return change.then(Change(change.room, (_recording_note(change.room, recording, "started"),)))


def stop_recording(room: Room) -> Change:
    """The recorder leaves and the focus tells ``off``; nothing happens when there is no recording."""
    recording = room.recording
    if recording is None:
        return Change(room)
    change = Change(replace(room, recording=None))
    if room.get(recording.recorder) is not None:
        change = leave(change.room, recording.recorder, "left")
    change = change.then(focus_tells(change.room, recording, "off"))
    return change.then(Change(change.room, (_recording_note(change.room, recording, "stopped"),)))


def start_transcribing(room: Room, initiator: Occupant | None, new_id: Callable[[], str]) -> Change:
    """A transcriber enters. Nobody may be transcribing already."""
    session_id = new_id()
    machine = transcriber(session_id)
    told = Transcribing(
        session_id, initiator.nick if initiator else "", initiator.uid if initiator else "", machine.nick
    )
    change = enter(replace(room, transcribing=told), machine)
    return change.then(Change(change.room, (_transcribing_note(change.room, told, "started"),)))


def stop_transcribing(room: Room) -> Change:
    """The transcriber leaves; nothing happens when there is none."""
    told = room.transcribing
    if told is None:
        return Change(room)
    change = Change(replace(room, transcribing=None))
    if room.get(told.transcriber) is not None:
        change = leave(change.room, told.transcriber, "left")
    return change.then(Change(change.room, (_transcribing_note(change.room, told, "stopped"),)))


def wants_no_transcript(before: Room, after: Room) -> bool:
    """Whether the last one who wanted a transcript wants none any more, so that the transcriber leaves."""
    wanted, wants = (any(one.facts.transcribing for one in room.occupants) for room in (before, after))
    return after.transcribing is not None and wanted and not wants


def _dial(room: Room, asker: Occupant, request: Element, new_id: Callable[[], str]) -> Change:
    """A call for the transcriber (Rayo, XEP-0327 §5.1); it comes once."""
    change = start_transcribing(room, asker, new_id) if room.transcribing is None else Change(room)
    assert change.room.transcribing is not None
    ref = make(RAYO, "ref", {"uri": f"xmpp:{change.room.transcribing.id}@{asker.domain}"})
    return Change(change.room, (Say(asker.nick, iq_result(request, ref)), *change.effects))


def _transcribing_note(room: Room, told: Transcribing, what: str) -> Decided:
    data = {"transcript": told.id}
    return Decided(f"transcription_{what}", room.key, told.initiator or None, told.initiator_uid or None, data)


def _mute(
    room: Room,
    asker: Occupant,
    request: Element,
    media: Literal["audio", "video"],
    new_id: Callable[[], str],
) -> Change:
    """Anybody may tell its own state; muting another takes a moderator, and nobody can open another's microphone."""
    asked = request[0]
    address = asked.get("jid", "")
    target = room.get(jid(address).resource) if jid(address).bare == room.address(asker) else None
    if target is None:
        return _refuse(room, asker, request, "item-not-found")
    if target == asker:
        return Change(room, (Say(asker.nick, iq_result(request)),))
    if asker.role != "moderator" or (asked.text or "").strip() != "true":
        return _refuse(room, asker, request, "not-allowed")
    order = mute_order(room, target, media, asker.nick, new_id())
    return Change(room, (Say(asker.nick, iq_result(request)), order))


def _record(room: Room, asker: Occupant, request: Element, asked: Element, new_id: Callable[[], str]) -> Change:
    """Jicofo's answers: a second start is an unexpected request, a stop of nothing finds no item."""
    action, mode = asked.get("action"), asked.get("recording_mode", "file")
    if action not in {"start", "stop"} or mode not in {"file", "stream"}:
        return _refuse(room, asker, request, "bad-request", "modify")
    running = room.recording
    if action == "start" and running is not None:
        return _refuse(room, asker, request, "unexpected-request", "wait")
    if action == "stop" and (running is None or running.mode != mode):
        return _refuse(room, asker, request, "item-not-found")
    if action == "start":
        change = start_recording(room, cast("Literal['file', 'stream']", mode), asker, new_id)
        running, state = change.room.recording, "pending"
    else:
        change, state = stop_recording(room), "off"
    assert running is not None
    answer = make(JIBRI, "jibri", {"status": state, "session_id": running.session_id, "recording_mode": mode})
    return Change(change.room, (Say(asker.nick, iq_result(request, answer)), *change.effects))


def _recording_note(room: Room, recording: Recording, what: str) -> Decided:
    name = ("recording_" if recording.mode == "file" else "streaming_") + what
    data = {"recording": recording.session_id}
    return Decided(name, room.key, recording.initiator or None, recording.initiator_uid or None, data)


def _refuse(room: Room, asker: Occupant, request: Element, condition: str, kind: str = "cancel") -> Change:
    return Change(room, (Say(asker.nick, iq_error(request, condition, kind)),))
