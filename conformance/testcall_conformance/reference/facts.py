"""What the client knows, as facts for :mod:`shaping`: participants, users, events, errors. Pure."""

from __future__ import annotations

import time
from typing import Any

from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.model import Event, Participant, User
from testcall_conformance.reference.shaping import Facts


def participant(who: Participant | None) -> Facts | None:
    """A participant. ``id`` is that of the join; mute states are told as both kinds of dialects ask for them."""
    if who is None:
        return None
    return {
        "": who.uid,
        "pid": who.pid,
        "id": who.pid,
        "uid": who.uid,
        "name": who.name,
        "avatar": who.avatar,
        "type": "human",
        "role": "moderator",
        "joinedAt": who.joined_at,
        "audioMuted": who.audio_muted,
        "videoMuted": who.video_paused,
        "videoPaused": who.video_paused,
        "handRaised": who.hand_raised,
        "raisedHandTimestamp": 0,
        "presentingScreen": who.sharing,
        "presenter": who.presenter,
        "local": who.is_local,
        "sources": {},
        "state": "joined",
    }


def user(who: User | None) -> Facts | None:
    """A logged-in user."""
    if who is None:
        return None
    return {
        "": who.uid,
        "uid": who.uid,
        "name": who.name,
        "avatar": who.avatar or None,
        "status": who.status or "online",
        "role": who.role or None,
        "authToken": who.auth_token,
        "lastActiveAt": who.last_active_at,
        "jwt": who.jwt or None,
    }


def error(code: str, message: str, failure: CallFailure | None = None) -> Facts:
    """An error under all the names by which dialects tell one. ``timestamp`` is milliseconds of the epoch."""
    details = failure.server if failure is not None and failure.server else None
    return {
        "": message,
        "code": code,
        "errorCode": code,
        "name": code,
        "message": message,
        "errorMessage": message,
        "errorDescription": message,
        "description": message,
        "timestamp": int(time.time() * 1000),
        "details": details,
        "errorDetails": details,
    }


def event(told: Event) -> list[Any]:
    """The arguments of an event's callback as facts: the one thing that it is about, or nothing."""
    data = told.data
    if "participants" in data:
        return [[participant(who) for who in data["participants"]]]
    if "muted" in data:
        mute = {"muted": participant(data["muted"]), "mutedBy": participant(data["muted_by"])}
        return [{**(participant(data["participant"]) or {}), **mute}]
    if "initiator" in data:
        return [
            {
                "sessionId": data["session_id"],
                "initiator": participant(data["initiator"]),
                "responder": participant(data["responder"]),
            }
        ]
    if "participant" in data:
        return [participant(data["participant"])]
    if "user" in data:
        who = data["user"]
        return [user(who)] if isinstance(who, User) else [{"user": who, "recordingStarted": True, **dict(who)}]
    return [data["value"]] if "value" in data else []
