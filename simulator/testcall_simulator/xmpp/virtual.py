"""Occupants without a client: virtual participants, and the recorder. What their presence has to say, as values.

A virtual participant tells everything in its first presence, in the words of v4 and of v5 at once: without ``stats-id`` v4
drops the news that it left; without ``user-info`` v5 doesn't publish it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from testcall_simulator.xmpp.names import CLIENT, NICK, TRANSCRIBER
from testcall_simulator.xmpp.room import Affiliation, Occupant, saying
from testcall_simulator.xmpp.xml import Element, make

NOWHERE = "virtual.invalid"
"""The domain of who has no client; nobody is ever told it."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A virtual participant. ``joined_ms``: milliseconds of the epoch; a source is absent when its flag is ``None``."""

    nick: str
    uid: str
    name: str
    avatar: str = ""
    joined_ms: int = 0
    audio_muted: bool | None = False
    video_paused: bool | None = False
    sharing: bool = False
    """Whether it shares a screen, as SDK 5 tells it: by a source of its own."""
    screen_of: str = ""
    """The nick of the occupant whose screen it is, as SDK 4 tells it: by an occupant without a user."""

    def muting(self, *, audio: bool | None = None, video: bool | None = None) -> Persona:
        """The same with other mute states; ``None`` leaves one as it is."""
        return replace(
            self,
            audio_muted=self.audio_muted if audio is None else audio,
            video_paused=self.video_paused if video is None else video,
        )


def presence_of_persona(persona: Persona, extra: tuple[Element, ...] = ()) -> Element:
    """What a virtual participant's presence says; ``extra`` are commands, for once."""
    if persona.screen_of:
        return _presence_of_screen(persona, extra)
    user = {"uid": persona.uid, "name": persona.name, "avatar": persona.avatar, "joinnedAt": str(persona.joined_ms)}
    info = {
        "isLocal": True,
        "name": persona.name,
        "pid": persona.nick,
        "ruid": "local-human",
        "role": "none",
        "sources": {},
        "type": "human",
        "uid": persona.uid,
    }
    if persona.avatar:
        info["avatar"] = persona.avatar
    return saying(
        (
            make(CLIENT, "stats-id", text=f"{persona.name}-{persona.nick[:3]}"),
            make(CLIENT, "SourceInfo", text=_json(_sources(persona))),
            make(CLIENT, "jitsi_participant_codecList", text="vp8,h264"),
            make(NICK, "nick", text=persona.name),
            make(CLIENT, "uid", text=persona.uid),
            make(CLIENT, "user_object", user),
            make(CLIENT, "user-info", text=_json(info)),
            *extra,
        )
    )


def _presence_of_screen(persona: Persona, extra: tuple[Element, ...]) -> Element:
    """The presence of a shared screen in SDK 4's way."""
    about = {"userId": persona.screen_of, "screenShareId": persona.nick}
    source = {f"{persona.nick}-v0": {"muted": False, "videoType": "desktop"}}
    return saying(
        (
            make(CLIENT, "stats-id", text=f"{persona.name}-{persona.nick[:3]}"),
            make(CLIENT, "jitsi_participant_codecList", text="vp8,h264"),
            make(NICK, "nick", text=persona.name),
            make(CLIENT, "SCREEN_SHARING_STARTED", text=_json(about)),
            make(CLIENT, "SourceInfo", text=_json(source)),
            *extra,
        )
    )


def virtual_occupant(persona: Persona, affiliation: Affiliation, local: str) -> Occupant:
    """The occupant of a persona; ``local`` is the local part of its JID."""
    return Occupant(
        nick=persona.nick,
        uid=persona.uid,
        jid=f"{local}@{NOWHERE}/peer",
        domain=NOWHERE,
        kind="peer",
        affiliation=affiliation,
        presence=presence_of_persona(persona),
    )


def recorder(session_id: str, mode: str) -> Occupant:
    """The recorder's occupant: no nick, a ``stats-id`` that contains ``jibri`` (v4 tells recording by it), a hidden domain.

    ``session_id`` and ``mode`` make the library of a client that knows the hidden domain take the recording as running; without
    them its state stays ``pending`` whatever the focus tells.
    """
    nick = f"jibri{session_id[:8]}"
    told = {"stats-id": f"jibri-{session_id[:8]}", "session_id": session_id, "mode": mode}
    return Occupant(
        nick=nick,
        uid="",
        jid=f"{nick}@{NOWHERE}/recorder",
        domain=NOWHERE,
        kind="recorder",
        affiliation="member",
        presence=saying([make(CLIENT, name, text=text) for name, text in told.items()]),
    )


def transcriber(local: str) -> Occupant:
    """The transcriber's occupant: SDK 5 knows it by its name and by its feature, and lists it as no participant."""
    feature = make(CLIENT, "feature", {"var": TRANSCRIBER})
    told = (make(CLIENT, "stats-id", text=f"transcriber-{local[:8]}"), make(NICK, "nick", text="Transcriber"))
    return Occupant(
        nick=f"transcr{local[:8]}",
        uid="",
        jid=f"transcriber-{local[:8]}@{NOWHERE}/transcriber",
        domain=NOWHERE,
        kind="transcriber",
        affiliation="member",
        presence=saying([*told, make(CLIENT, "features", None, feature)]),
    )


def _sources(persona: Persona) -> dict[str, dict[str, object]]:
    states = {f"{persona.nick}-a0": persona.audio_muted, f"{persona.nick}-v0": persona.video_paused}
    told: dict[str, dict[str, object]] = {name: {"muted": muted} for name, muted in states.items() if muted is not None}
    return told | ({f"{persona.nick}-v1": {"muted": False, "videoType": "desktop"}} if persona.sharing else {})


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
