"""Calls as values: a session from its opening to its end, who took part when, and what of it a call log shows.

Epoch times are whole seconds. Field names of :func:`call_object` and the enumerations are those of the REST documentation
(Calls API, list calls and get call); the rest of the file is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

CallMode = Literal["call", "meet", "presenter"]
"""``call``: by ringing; ``meet``: a direct session; ``presenter``: the presenter mode of SDK 4."""
CallStatus = Literal["initiated", "ongoing", "ended", "unanswered", "rejected", "canceled", "busy", "missed"]
"""What became of a call; the pages disagree about the list and the spelling, this is their union."""


@dataclass(frozen=True, slots=True)
class Participation:
    """One user's stay in a call on one device; ``left_at`` is None while it lasts, ``joined_at`` None when it never began."""

    uid: str
    device_id: str = ""
    joined_at: int | None = None
    left_at: int | None = None
    audio_only: bool = False
    config: Mapping[str, str] = field(default_factory=dict)
    """What the SDK told of itself when it entered, for those whom webhooks tell."""

    def seconds(self, now: int) -> int:
        """How long it lasted, or has lasted by ``now``."""
        if self.joined_at is None:
            return 0
        return max((self.left_at if self.left_at is not None else now) - self.joined_at, 0)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of a call; ``duration`` in minutes, as the REST overview has it."""

    rid: str
    recording_url: str
    start_time: int
    end_time: int
    duration: float


@dataclass(frozen=True, slots=True)
class Line:
    """Something that a participant said. ``at`` is epoch seconds."""

    at: int
    uid: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Transcription:
    """A transcript of a call."""

    tid: str
    start_time: int
    end_time: int
    transcript_date: str
    transcript_url: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One call: a session id in use from the first entry to the last exit.

    ``members``: who may take part; None means every user of the app. ``receiver`` is a uid or a group id, empty for a direct
    session.
    """

    app_id: str
    session_id: str
    mid: str
    mode: CallMode = "meet"
    type: Literal["audio", "video"] = "video"
    status: CallStatus = "ongoing"
    initiator: str = ""
    receiver: str = ""
    receiver_type: Literal["user", "group"] = "user"
    initiated_at: int = 0
    started_at: int | None = None
    ended_at: int | None = None
    participations: tuple[Participation, ...] = ()
    recordings: tuple[Recording, ...] = ()
    transcriptions: tuple[Transcription, ...] = ()
    members: frozenset[str] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nobody can enter it any more."""
        return self.status not in ("initiated", "ongoing")

    @property
    def present(self) -> tuple[Participation, ...]:
        """The stays that last."""
        return tuple(stay for stay in self.participations if stay.joined_at is not None and stay.left_at is None)

    def involves(self, uid: str) -> bool:
        """Whether ``uid`` began it, was called by it, or took part in it."""
        return (
            uid in (self.initiator, self.receiver if self.receiver_type == "user" else "")
            or any(stay.uid == uid for stay in self.participations)
            or (self.members is not None and uid in self.members)
        )

    def admits(self, uid: str) -> bool:
        """Whether ``uid`` may take part."""
        return self.members is None or uid in self.members


def entered(call: Call, stay: Participation) -> Call:
    """``call`` after ``stay`` began; it starts with the first."""
    started_at = call.started_at if call.started_at is not None else stay.joined_at
    return replace(call, status="ongoing", started_at=started_at, participations=(*call.participations, stay))


def left(call: Call, uid: str, device_id: str, now: int) -> Call:
    """``call`` after the stay of ``uid`` on ``device_id`` ended; over when nobody is left."""
    stays = tuple(
        replace(stay, left_at=now) if (stay.uid, stay.device_id) == (uid, device_id) and stay in call.present else stay
        for stay in call.participations
    )
    after = replace(call, participations=stays)
    return after if after.present else replace(after, status="ended", ended_at=now)


def ended(call: Call, now: int) -> Call:
    """``call`` after everybody was sent out."""
    stays = tuple(replace(stay, left_at=now) if stay in call.present else stay for stay in call.participations)
    return replace(call, status="ended", ended_at=now, participations=stays)


def call_object(call: Call, now: int) -> dict[str, Any]:
    """``call`` as the Calls API shows it. Absent values are left out, never null."""
    audio_s = sum(stay.seconds(now) for stay in call.participations if stay.audio_only)
    video_s = sum(stay.seconds(now) for stay in call.participations if not stay.audio_only)
    begun = call.started_at if call.started_at is not None else now
    length_s = max((call.ended_at if call.ended_at is not None else now) - begun, 0)
    shown: dict[str, Any] = {
        "sessionId": call.session_id,
        "type": call.type,
        "mode": call.mode,
        "receiverType": call.receiver_type,
        "receiver": call.receiver,
        "initiator": call.initiator,
        "status": call.status,
        "totalAudioMinutes": minutes(audio_s),
        "totalVideoMinutes": minutes(video_s),
        "totalDurationInMinutes": minutes(audio_s + video_s),
        "totalDuration": clock_face(length_s),
        "totalParticipants": len(call.participations),
        "hasRecording": bool(call.recordings),
        "hasTranscription": bool(call.transcriptions),
        "initiatedAt": call.initiated_at,
        "mid": call.mid,
        "participants": [_participant_object(stay, call, now) for stay in call.participations],
    }
    if call.started_at is not None:
        shown["startedAt"] = call.started_at
    if call.ended_at is not None:
        shown["endedAt"] = call.ended_at
    if call.recordings:
        shown["recordings"] = [_recording_object(recording) for recording in call.recordings]
    if call.transcriptions:
        shown["transcriptions"] = [transcription_object(call, transcript) for transcript in call.transcriptions[-5:]]
    return shown


def transcription_object(call: Call, transcript: Transcription) -> dict[str, Any]:
    """``transcript`` as the Calls API shows it."""
    return {
        "roomName": call.session_id,
        "mid": call.mid,
        "tid": transcript.tid,
        "startTime": transcript.start_time,
        "endTime": transcript.end_time,
        "transcriptDate": transcript.transcript_date,
        "transcriptUrl": transcript.transcript_url,
    }


def _participant_object(stay: Participation, call: Call, now: int) -> dict[str, Any]:
    spent = minutes(stay.seconds(now))
    shown: dict[str, Any] = {
        "uid": stay.uid,
        "totalAudioMinutes": spent if stay.audio_only else 0,
        "totalVideoMinutes": 0 if stay.audio_only else spent,
        "totalDuration": spent,
        "deviceId": stay.device_id,
        "isJoined": stay.joined_at is not None,
        "state": _state(stay, call),
    }
    if stay.joined_at is not None:
        shown |= {"joinedAt": stay.joined_at, "mid": call.mid}
    if stay.left_at is not None:
        shown["leftAt"] = stay.left_at
    return shown


def _state(stay: Participation, call: Call) -> str:
    if stay.joined_at is None:
        return "rejected" if call.status == "rejected" else "unanswered"
    return "ongoing" if stay.left_at is None else "ended"


def _recording_object(recording: Recording) -> dict[str, Any]:
    return {
        "rid": recording.rid,
        "recording_url": recording.recording_url,
        "startTime": recording.start_time,
        "endTime": recording.end_time,
        "duration": recording.duration,
    }


def minutes(seconds: int) -> float:
    """``seconds`` in minutes, two decimals."""
    return round(seconds / 60, 2)


def clock_face(seconds: int) -> str:
    """``seconds`` as HH:MM:SS."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
