"""What the signalling wants done. Values only; :mod:`testcall_simulator.xmpp_edge` carries them out, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from testcall_simulator.xmpp.xml import Element

_NOTHING: Mapping[str, Any] = MappingProxyType({})

Reason = Literal["left", "kicked", "ended", "dropped", "timeout"]
"""Why an occupant is gone: by its own wish, by somebody else's, with the session, with its socket, or because it did not come
back within the time for resuming."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a call token admits, and to which session. The room of a session is named by ``session_id``, in lower case."""

    app_id: str
    session_id: str
    uid: str
    name: str = ""
    avatar: str = ""

    @property
    def room(self) -> RoomKey:
        """The only room that this token opens."""
        return RoomKey(self.app_id, self.session_id.lower())

    @property
    def is_guest(self) -> bool:
        """Whether it is nobody's yet: see :data:`GUEST`."""
        return not self.app_id


@dataclass(frozen=True, slots=True, order=True)
class RoomKey:
    """Identity of a room: sessions of two apps never meet, whatever their ids."""

    app_id: str
    name: str


GUEST = Grant("", "", "")
"""Who connects without any token. SDK 4 does so for a screen share: it may enter a session that is going on, and open none."""


@dataclass(frozen=True, slots=True)
class Say:
    """A stanza for one occupant, by nick. Virtual occupants get theirs too; the service decides what becomes of it."""

    nick: str
    stanza: Element


@dataclass(frozen=True, slots=True)
class Deliver:
    """A text frame for one socket."""

    socket: str
    text: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """Close one socket, after what was delivered to it before. ``code``: RFC 6455 §7.4.1."""

    socket: str
    code: int = 1000


@dataclass(frozen=True, slots=True)
class Decided:
    """Something that the service saw or decided, for the trace."""

    name: str
    room: RoomKey | None = None
    occupant: str | None = None
    uid: str | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Expect:
    """Give a client ``seconds`` to come back; then tell the service that it ``expired`` (of this absence, not a later one)."""

    client: str
    absence: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AddLeg:
    """Start media with an occupant that has an SDK."""

    room: RoomKey
    nick: str
    uid: str


@dataclass(frozen=True, slots=True)
class RemoveLeg:
    """End media with an occupant that has an SDK."""

    room: RoomKey
    nick: str


@dataclass(frozen=True, slots=True)
class RemovePublisher:
    """A virtual occupant is gone: its media ends."""

    room: RoomKey
    nick: str


@dataclass(frozen=True, slots=True)
class PeerAsked:
    """A virtual occupant was told to mute its own microphone or camera; it obeys at once."""

    room: RoomKey
    nick: str
    media: Literal["audio", "video"]
    muted: bool


@dataclass(frozen=True, slots=True)
class JingleReceived:
    """An occupant's Jingle for the focus."""

    room: RoomKey
    nick: str
    jingle: Element


@dataclass(frozen=True, slots=True)
class OfferLink:
    """A virtual occupant (``nick``) offers the one that it is alone with media without the bridge, after ``seconds``."""

    room: RoomKey
    nick: str
    to: str
    uid: str
    seconds: float


@dataclass(frozen=True, slots=True)
class EndLink:
    """A virtual occupant has media without the bridge no longer: it isn't alone with another any more."""

    room: RoomKey
    nick: str


@dataclass(frozen=True, slots=True)
class LinkJingle:
    """Jingle of an occupant (``sender``, of user ``uid``) for a virtual one."""

    room: RoomKey
    nick: str
    sender: str
    uid: str
    jingle: Element


@dataclass(frozen=True, slots=True)
class CloseMedia:
    """A session is over: nothing of its media stays."""

    room: RoomKey


MediaEffect = AddLeg | RemoveLeg | RemovePublisher | JingleReceived | OfferLink | EndLink | LinkJingle | CloseMedia
Effect = Deliver | Hangup | Decided | Expect | PeerAsked | MediaEffect
RoomEffect = Say | Effect
