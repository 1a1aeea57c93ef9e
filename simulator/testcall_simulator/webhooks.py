"""Webhooks as values: who is to be told of what, and what a message says. Pure: nothing here sends, waits, or knows of HTTP.

Triggers, envelope, members and the sequence of retries are those of the webhook documentation (overview, ringing events, call
session events, management API). What a message is about is told from the call log alone: a call before and after a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from testcall_simulator.calls import Call, Participation, Recording, Transcription
from testcall_simulator.errors import WorldError
from testcall_simulator.ringing import Ring, RingStatus

MAX_WEBHOOKS = 25
"""Webhooks of an app (documented)."""
RETRY_AFTER_S = (10.0, 30.0)
"""Waits before the first and the second retry, for webhooks that retry (documented)."""
ANSWER_WITHIN_S = 2.0
"""How long a receiver may take to answer (documented)."""
CALLS_VERSION = 2
"""The version of webhooks that know calls; one that is made without a version is of the older kind."""

TRIGGERS: Mapping[str, str] = {
    "call_initiated": "A user rings a user or a group.",
    "call_started": "The first participant enters the session of an accepted call.",
    "call_participant_joined": "A participant enters the session of a ringing call.",
    "call_participant_left": "A participant leaves the session of a ringing call.",
    "call_ended": "All have left the session of a ringing call.",
    "call_busy": "The user who is rung is in another call.",
    "call_cancelled": "The caller gives up before an answer.",
    "call_rejected": "The user who is rung rejects.",
    "call_unanswered": "Nobody answers.",
    "meeting_started": "A session begins.",
    "meeting_participant_joined": "A participant enters a session.",
    "meeting_participant_left": "A participant leaves a session.",
    "meeting_ended": "All have left a session.",
    "recording_generated": "A recording can be fetched.",
    "transcription_generated": "A transcript can be fetched.",
}
"""What a webhook can be told of, with what each means."""

_OF_RING: Mapping[RingStatus, str] = {
    "initiated": "call_initiated",
    "busy": "call_busy",
    "cancelled": "call_cancelled",
    "rejected": "call_rejected",
    "unanswered": "call_unanswered",
}
_CONFIG = (
    "is_video_muted",
    "start_recording_on_call_start",
    "is_audio_muted",
    "sdk",
    "mode",
    "platform",
    "is_audio_only",
)
_NEVER_OF_GROUPS = frozenset({"call_busy", "call_rejected"})


@dataclass(frozen=True, slots=True)
class Webhook:
    """Whom to tell. ``retry``: whether a message that was not taken is sent again; a username makes for basic authentication."""

    app_id: str
    id: str
    name: str
    url: str
    triggers: frozenset[str] = frozenset()
    enabled: bool = True
    retry: bool = False
    username: str = ""
    password: str = ""
    version: int = CALLS_VERSION
    created_at: int = 0
    updated_at: int = 0

    def wants(self, told: Told) -> bool:
        """Whether it is to be told of that."""
        return self.enabled and told.trigger in self.triggers


@dataclass(frozen=True, slots=True)
class Told:
    """Something to tell of an app: the trigger, ``data``, and for what happens in sessions ``type`` (call or meet)."""

    app_id: str
    trigger: str
    data: Mapping[str, Any]
    session: str
    type: str = ""

    def message(self, region: str, webhook: Webhook) -> dict[str, Any]:
        """The JSON that ``webhook`` is sent."""
        said = {"trigger": self.trigger, "data": self.data, "appId": self.app_id, "region": region}
        return said | {"webhook": webhook.id} | ({"type": self.type} if self.type else {})


def new_webhook(app_id: str, webhook_id: str, url: str, now: int, choices: Mapping[str, Any]) -> Webhook:
    """A webhook that is told of everything, unless ``choices`` (fields by name) say otherwise; :class:`WorldError` if they are wrong."""
    given = {"triggers": TRIGGERS.keys(), "created_at": now, "updated_at": now, **choices}
    given["triggers"] = frozenset(given["triggers"])
    if unknown := given["triggers"] - TRIGGERS.keys():
        raise WorldError(
            f"webhook {webhook_id!r}: no trigger {', '.join(sorted(unknown))}; there are {', '.join(TRIGGERS)}"
        )
    if problem := url_problem(url):
        raise WorldError(f"webhook {webhook_id!r}: {url}: {problem}")
    try:
        return Webhook(app_id, webhook_id, webhook_id, url, **given)
    except TypeError as error:
        raise WorldError(f"webhook {webhook_id!r}: {error}") from None


@dataclass(slots=True)
class WebhookBook:
    """The webhooks of one world, over all its apps."""

    _webhooks: dict[tuple[str, str], Webhook] = field(default_factory=dict)

    def of(self, app_id: str) -> list[Webhook]:
        """Those of an app, oldest first."""
        return [webhook for webhook in self._webhooks.values() if webhook.app_id == app_id]

    def find(self, app_id: str, webhook_id: str) -> Webhook | None:
        """That webhook of the app."""
        return self._webhooks.get((app_id, webhook_id))

    def add(self, webhook: Webhook) -> Webhook:
        """Keep a new webhook; :class:`WorldError` when its id is taken or the app has as many as it may have."""
        if (webhook.app_id, webhook.id) in self._webhooks:
            raise WorldError(f"app {webhook.app_id!r} has a webhook {webhook.id!r} already")
        if len(self.of(webhook.app_id)) >= MAX_WEBHOOKS:
            raise WorldError(f"app {webhook.app_id!r} has {MAX_WEBHOOKS} webhooks already, and may have no more")
        return self.put(webhook)

    def put(self, webhook: Webhook) -> Webhook:
        """Keep ``webhook``, in place of the one of its id."""
        self._webhooks[webhook.app_id, webhook.id] = webhook
        return webhook

    def remove(self, app_id: str, webhook_id: str) -> None:
        """Forget one; one that there isn't stays so."""
        self._webhooks.pop((app_id, webhook_id), None)


def url_problem(url: str) -> str:
    """Why nothing can be delivered to ``url``, in one line; empty if it can."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "no address"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "an http or https address is wanted"
    return "a space in it" if any(character.isspace() or not character.isprintable() for character in url) else ""


def told_of_ring(ring: Ring, status: RingStatus, message: Mapping[str, Any]) -> Told | None:
    """What there is to tell when a ringing call was asked to take ``status``; ``message`` is the call message of it.

    Who acts is the sender; the receiver is the other side, so the caller when the one who was rung acts.
    """
    trigger = _OF_RING.get(status)
    if trigger is None or (ring.receiver_type == "group" and trigger in _NEVER_OF_GROUPS):
        return None
    entities = message["data"]["entities"]
    data: dict[str, Any] = {"action": status}
    if status == "initiated":
        on = entities["on"]["entity"]
        shown = {name: on[name] for name in ("sessionid", "status", "type", "initiatedAt")}
        data["entities"] = {"by": entities["by"], "on": {"entityType": "call", "entity": shown}}
    receiver = ring.receiver if message["sender"] == ring.caller else ring.caller
    kept = ("id", "conversationId", "sender", "receiverType", "category", "type", "sentAt", "updatedAt")
    call = {name: message[name] for name in kept} | {"receiver": receiver, "data": data}
    return Told(ring.app_id, trigger, {"call": call}, ring.session_id)


def told_of_call(before: Call | None, after: Call, name_of: Callable[[str], str]) -> Iterator[Told]:
    """What there is to tell when a call came to be, or changed. ``name_of`` knows a user's name by uid."""
    flow, kind = ("call", "call") if after.mode == "call" else ("meeting", "meet")
    old_stays = before.participations if before is not None else ()

    def told(trigger: str, data: Mapping[str, Any]) -> Told:
        return Told(after.app_id, f"{flow}_{trigger}", {**data, "sessionId": after.session_id}, after.session_id, kind)

    for number, stay in enumerate(after.participations):
        old = old_stays[number] if number < len(old_stays) else None
        if old is None and stay.joined_at is not None:
            if number == 0:
                yield told("started", {"created_at": stay.joined_at})
            entered = {"occupant": _occupant(stay, name_of, left=False)}
            if stay.config:
                entered["initial_config"] = _config(stay.config)
            yield told("participant_joined", entered)
        if stay.left_at is not None and stay.joined_at is not None and (old is None or old.left_at is None):
            yield told("participant_left", {"occupant": _occupant(stay, name_of)})
    was_over = before is not None and before.is_over
    if after.is_over and not was_over and after.participations:
        occupants = [_occupant(stay, name_of) for stay in after.participations]
        begun = after.participations[0].joined_at
        yield told("ended", {"all_occupants": occupants, "destroyed_at": after.ended_at, "created_at": begun})
    for recording in after.recordings[len(before.recordings) if before is not None else 0 :]:
        yield _told_of_recording(after, recording)
    for transcript in after.transcriptions[len(before.transcriptions) if before is not None else 0 :]:
        yield _told_of_transcript(after, transcript)


def _occupant(stay: Participation, name_of: Callable[[str], str], *, left: bool = True) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "joined_at": stay.joined_at,
        "audio_call": "true" if stay.audio_only else "false",
        "name": name_of(stay.uid),
    }
    return shown | {"left_at": stay.left_at} if left and stay.left_at is not None else shown


def _config(told: Mapping[str, str]) -> dict[str, str]:
    """What an SDK told of its session, under the documented names: all texts, empty for what it didn't tell."""
    shown = {name: told.get(name, "") for name in _CONFIG}
    return shown | {"call_version": told.get("sdk_version", told.get("platform_version", ""))}


def _told_of_recording(call: Call, recording: Recording) -> Told:
    data = {
        "recordingDate": _day(recording.start_time),
        "duration": f"{recording.end_time - recording.start_time:.6f}",
        "startTime": str(recording.start_time),
        "sessionId": call.session_id,
        "recording_url": recording.recording_url,
    }
    return Told(call.app_id, "recording_generated", data, call.session_id)


def _told_of_transcript(call: Call, transcript: Transcription) -> Told:
    data = {
        "sessionId": call.session_id,
        "tid": transcript.tid,
        "transcriptDate": _day(transcript.start_time),
        "transcript_url": transcript.transcript_url,
        "startTime": transcript.start_time,
        "endTime": transcript.end_time,
    }
    return Told(call.app_id, "transcription_generated", data, call.session_id)


def _day(epoch_s: int) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(epoch_s, datetime.UTC).date().isoformat()
