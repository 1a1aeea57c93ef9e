"""What a wire has to say: the protocol that ``wire_v4`` and ``wire_v5`` fulfil, and what they share."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Protocol

from testcall_conformance.reference.client import xml
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.http import CallApi
from testcall_conformance.reference.client.model import JoinOptions, Participant, Ticket, User
from testcall_conformance.reference.client.presence import Presence
from testcall_conformance.reference.client.xml import tag

FOCUS_NICK = "focus"


@dataclass(frozen=True, slots=True)
class Me:
    """Our own occupant: all that its presence tells."""

    ticket: Ticket
    nick: str
    jid: str
    options: JoinOptions
    joined_at_ms: int
    audio_muted: bool
    video_paused: bool
    sharing: bool = False
    hand_raised_at_ms: int = 0
    transcribing: bool = False

    @property
    def name(self) -> str:
        """The name that the others see."""
        return self.options.display_name or self.ticket.user.name

    def participant(self) -> Participant:
        """We ourselves as a participant."""
        return Participant(
            pid=self.nick,
            uid=self.ticket.user.uid,
            name=self.name,
            avatar=self.ticket.user.avatar,
            joined_at=str(self.joined_at_ms),
            audio_muted=self.audio_muted,
            video_paused=self.video_paused,
            hand_raised=self.hand_raised_at_ms > 0,
            sharing=self.sharing,
            presenter=self.options.presenter is not False,
            is_local=True,
        )


class Wire(Protocol):
    """The differences between the majors of the protocol."""

    @property
    def commands(self) -> frozenset[str]:
        """Presence children that are commands."""

    async def create_token(self, api: CallApi, session_id: str, auth_token: str) -> str:
        """A call token for that session and user."""

    async def redeem(self, api: CallApi, token: str, auth_token: str) -> Ticket:
        """The ticket that the service gives for a call token."""

    def introduction(self, me: Me) -> list[str]:
        """Children of our presence that are particular to the wire."""

    def identity(self, presence: Presence) -> Participant | None:
        """Who an occupant is; ``None`` for one that is no participant (focus, recorder)."""


def source_info(me: Me) -> str:
    """``SourceInfo`` of our sources: muted microphone and camera, and the shared screen while there is one."""
    sources: dict[str, dict[str, object]] = {f"{me.nick}-a0": {"muted": me.audio_muted}}
    if not me.options.audio_only:
        sources[f"{me.nick}-v0"] = {"muted": me.video_paused}
    if me.sharing:
        sources[f"{me.nick}-v1"] = {"muted": False, "videoType": "desktop"}
    return tag("SourceInfo", text=json.dumps(sources, separators=(",", ":")))


def common_children(me: Me) -> list[str]:
    """What the presence of both wires carries."""
    return [
        tag("stats-id", text=f"{me.ticket.user.uid}-{me.nick[:3]}"),
        tag("jitsi_participant_codecList", text="vp8"),
        tag("nick", {"xmlns": xml.NICK}, text=me.name),
        source_info(me),
        *([raised_hand(me.hand_raised_at_ms)] if me.hand_raised_at_ms else []),
    ]


def raised_hand(at_ms: int) -> str:
    """The raised hand: time of raising in ms, no text when lowered."""
    return tag("jitsi_participant_raisedHand", text=str(at_ms) if at_ms else "")


def nick_for(jid: str) -> str:
    """Our nick: the first eight hex digits of the bound address, else eight of our own."""
    head = jid[:8].lower()
    return head if len(head) == 8 and all(digit in "0123456789abcdef" for digit in head) else secrets.token_hex(4)


def read_user(data: object) -> User:
    """A user object of an answer; ``bad_response`` when it has no uid."""
    if not isinstance(data, dict) or not isinstance(data.get("uid"), str) or not data["uid"]:
        raise CallFailure("bad_response", "the service's answer names no user")

    def text(key: str) -> str:
        value = data.get(key)
        return value if isinstance(value, str) else ""

    active = data.get("lastActiveAt")
    return User(
        uid=data["uid"],
        name=text("name"),
        avatar=text("avatar"),
        status=text("status"),
        role=text("role"),
        auth_token=text("authToken"),
        last_active_at=active if isinstance(active, int) else None,
        jwt=text("jwt"),
    )
