"""Who is in the room. Pure: presences in, changes out.

The room keeps what each occupant said last; a change is told only when the participant that it makes is another than before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from testcall_conformance.reference.client.model import Participant
from testcall_conformance.reference.client.presence import KICKED, Presence
from testcall_conformance.reference.client.wire import Wire


@dataclass(frozen=True, slots=True)
class Joined:
    """A participant is there; ``before_us`` when it was there before our own join was complete."""

    participant: Participant
    before_us: bool


@dataclass(frozen=True, slots=True)
class Left:
    """A participant has gone."""

    participant: Participant


@dataclass(frozen=True, slots=True)
class Changed:
    """A participant says something else of itself."""

    before: Participant
    after: Participant


@dataclass(frozen=True, slots=True)
class Entered:
    """We are in the room; ``moderator`` as the room says."""

    moderator: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The room does not let us in (RFC 6120 error condition)."""

    condition: str


@dataclass(frozen=True, slots=True)
class Gone:
    """We are out of the room: ``left``, ``kicked`` or ``ended`` (the room was destroyed)."""

    reason: str


Change = Joined | Left | Changed | Entered | Refused | Gone


@dataclass(slots=True)
class Room:
    """The occupants of one conference room, seen from occupant ``nick``."""

    nick: str
    wire: Wire
    _others: dict[str, Participant] = field(default_factory=dict)
    _jids: dict[str, str] = field(default_factory=dict)
    _entered: bool = False

    @property
    def others(self) -> Mapping[str, Participant]:
        """The other participants by nick, in order of their coming."""
        return self._others

    @property
    def entered(self) -> bool:
        """Whether our own presence has come back."""
        return self._entered

    def address_of(self, nick: str) -> str:
        """The real JID of an occupant, empty when the room did not tell it."""
        return self._jids.get(nick, "")

    def apply(self, presence: Presence) -> list[Change]:
        """Take one presence and say what it changes."""
        if presence.nick == self.nick or presence.is_self:
            return self._own(presence)
        if presence.kind == "unavailable":
            self._jids.pop(presence.nick, None)
            gone = self._others.pop(presence.nick, None)
            return [Left(gone)] if gone is not None else []
        if presence.kind != "available":
            return []
        self._jids[presence.nick] = presence.jid
        participant = self.wire.identity(presence)
        if participant is None:
            return []
        before = self._others.get(presence.nick)
        self._others[presence.nick] = participant
        if before is None:
            return [Joined(participant, before_us=not self._entered)]
        return [Changed(before, participant)] if before != participant else []

    def _own(self, presence: Presence) -> list[Change]:
        if presence.kind == "error":
            return [Refused(presence.error)]
        if presence.kind == "unavailable":
            self._entered = False
            reason = "ended" if presence.destroyed else "kicked" if KICKED in presence.statuses else "left"
            return [Gone(reason)]
        if self._entered:
            return []
        self._entered = True
        return [Entered(presence.role == "moderator")]


def same_but(before: Participant, after: Participant, *fields: str) -> bool:
    """Whether two states of a participant differ in none but ``fields``."""
    return replace(before, **{name: getattr(after, name) for name in fields}) == after
