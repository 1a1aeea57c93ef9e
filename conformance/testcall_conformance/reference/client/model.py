"""The values of the calling client: where the service is, who we are, who else is there, what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

WireName = Literal["v4", "v5"]
"""Which protocol of the service is spoken: that of the SDK's fourth or of its fifth major."""


@dataclass(frozen=True, slots=True)
class Service:
    """Where the service is and which app is meant. Base URLs as host settings take them; ``ca`` is a PEM file or ``None``."""

    app_id: str
    region: str
    calls: str
    api: str = ""
    client: str = ""
    ca: str | None = None
    plain_xmpp: bool = False

    def url(self, base: str, path: str) -> str:
        """``path`` below ``base``, whether or not the base ends with a slash (v4 hosts do, v5 hosts don't)."""
        return f"{base.rstrip('/')}/{path.lstrip('/')}"


@dataclass(frozen=True, slots=True)
class User:
    """A user of the app as the service describes it. ``auth_token`` is empty where the answer has none."""

    uid: str
    name: str
    avatar: str = ""
    status: str = ""
    role: str = ""
    auth_token: str = ""
    last_active_at: int | None = None
    jwt: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a call token is exchanged for: room, user and the places of the signalling service."""

    token: str
    session_id: str
    user: User
    domain: str
    muc: str
    focus: str
    socket_url: str
    presenter_enabled: bool = False

    @property
    def room(self) -> str:
        """The room's bare address (XEP-0045 §4.1)."""
        return f"{self.session_id}@{self.muc}"


@dataclass(frozen=True, slots=True)
class Participant:
    """A person in the session. ``pid`` is one join of that person, ``uid`` the person."""

    pid: str
    uid: str
    name: str
    avatar: str = ""
    joined_at: str = ""
    audio_muted: bool = True
    video_paused: bool = True
    hand_raised: bool = False
    sharing: bool = False
    presenter: bool = True
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class JoinOptions:
    """How to join, in concepts.

    ``media`` false joins without any WebRTC (signalling only, for load tests); ``devices`` false: there is no microphone and
    no camera that could be used, so nothing is ever sent.
    """

    audio_only: bool = False
    start_audio_muted: bool = False
    start_video_paused: bool = False
    display_name: str = ""
    layout: str = ""
    peer_call: bool = False
    presenter: bool | None = None
    auto_record: bool = False
    auto_transcribe: bool = False
    caption_language: str = ""
    idle_before_prompt_ms: float | None = None
    idle_after_prompt_ms: float | None = None
    media: bool = True
    devices: bool = True
    sdk_version: str = "0"

    @property
    def may_send(self) -> bool:
        """Whether we may send sound and pictures at all: viewers may not, nor who has no devices."""
        return self.devices and self.presenter is not False


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, by its concept name; ``data`` holds participants, lists and plain values."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)
