"""One room: who is in it, and what everybody is told. Functions over a frozen value; nothing waits, nothing is kept elsewhere.

Each function takes a :class:`Room` and returns a :class:`Change`: the room afterwards and the effects, in the order in which
they are to happen. The rules:

* Whoever enters is told of the focus first, then of the others in their order of arrival, then of itself (status 110), then
  the subject. The others are told of the newcomer. (XEP-0045 §7.2; the SDK ignores Jingle of a focus it has not seen.)
* A presence is relayed to everybody, its sender included, children verbatim; only the request to join (``<x muc>``) is taken
  out and the service's ``<x muc#user>`` put in, with the real JID: members without one are ignored by the SDK.
* Media starts with whoever has an SDK as soon as there are two participants, and stays until its occupant leaves.
* The focus never leaves while anybody is there: the SDK would give up the call.
* A recorder is an occupant but no participant: it keeps no session alive and gets no media.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from testcall_simulator.xmpp.effects import (
    AddLeg,
    CloseMedia,
    Decided,
    Reason,
    RemoveLeg,
    RemovePublisher,
    RoomEffect,
    RoomKey,
    Say,
)
from testcall_simulator.xmpp.names import CLIENT, FOCUS_NICK, JIBRI, MUC, MUC_USER, Addresses
from testcall_simulator.xmpp.presence import Facts, changes, facts_of
from testcall_simulator.xmpp.xml import Element, copy, make, stanza

Affiliation = Literal["owner", "admin", "member", "none"]
Kind = Literal["sdk", "peer", "recorder"]
"""What is behind an occupant: a client with a socket, a virtual participant, a simulated recorder."""


@dataclass(frozen=True, slots=True)
class Occupant:
    """Somebody in a room. ``jid`` is the real full JID, ``domain`` the XMPP domain that it speaks to."""

    nick: str
    uid: str
    jid: str
    domain: str
    kind: Kind
    affiliation: Affiliation
    presence: tuple[Element, ...]
    """Children of the last presence, never changed."""
    facts: Facts = field(default_factory=Facts)

    @property
    def role(self) -> str:
        """``moderator`` for owners and admins, else ``participant`` (XEP-0045 §5.1)."""
        return "moderator" if self.affiliation in {"owner", "admin"} else "participant"

    @property
    def takes_part(self) -> bool:
        """Whether this is a participant of the call."""
        return self.kind != "recorder"


@dataclass(frozen=True, slots=True)
class Recording:
    """A running recording or stream. ``recorder`` is the nick of the simulated recorder's occupant."""

    session_id: str
    mode: Literal["file", "stream"]
    initiator: str
    initiator_uid: str
    recorder: str


@dataclass(frozen=True, slots=True)
class Room:
    """A session's room. ``occupants`` are in order of arrival; the focus is not among them."""

    key: RoomKey
    created_ms: int
    meeting_id: str
    occupants: tuple[Occupant, ...] = ()
    recording: Recording | None = None
    recording_status: tuple[Recording, str] | None = None
    """What the focus's presence tells of the last recording: ``pending``, ``on`` or ``off``."""
    subject: Element | None = None
    """The last ``<subject>``, if any was set."""
    legs: frozenset[str] = frozenset()
    """Nicks of the occupants with whom media was started."""

    def get(self, nick: str) -> Occupant | None:
        """The occupant of that nick."""
        return next((one for one in self.occupants if one.nick == nick), None)

    def by_jid(self, jid: str) -> Occupant | None:
        """The occupant of that real JID."""
        return next((one for one in self.occupants if one.jid == jid), None)

    @property
    def participants(self) -> tuple[Occupant, ...]:
        """Occupants that take part in the call."""
        return tuple(one for one in self.occupants if one.takes_part)

    @property
    def has_client(self) -> bool:
        """Whether anybody real is there."""
        return any(one.kind == "sdk" for one in self.occupants)

    def address(self, recipient: Occupant, nick: str | None = None) -> str:
        """The room's JID, or an occupant's in it, as ``recipient`` knows it."""
        return Addresses(recipient.domain).room(self.key.name, nick)


@dataclass(frozen=True, slots=True)
class Change:
    """A room afterwards, and what has to happen."""

    room: Room
    effects: tuple[RoomEffect, ...] = ()

    def then(self, other: Change) -> Change:
        """This change and one that was made from its room."""
        return Change(other.room, self.effects + other.effects)


def enter(room: Room, newcomer: Occupant) -> Change:
    """``newcomer`` joins; its nick is free and it may enter (the service has checked both)."""
    newcomer = replace(newcomer, facts=facts_of_children(newcomer.presence))
    after = replace(room, occupants=(*room.occupants, newcomer))
    effects: list[RoomEffect] = []
    if newcomer.kind == "sdk":
        effects.append(Say(newcomer.nick, focus_presence(after, newcomer)))
        effects.extend(Say(newcomer.nick, presence_of(after, one, newcomer)) for one in room.occupants)
    first = not room.participants
    codes = ("100", "110", "201") if first else ("100", "110")
    for one in after.occupants:
        statuses = codes if one.nick == newcomer.nick else ()
        effects.append(Say(one.nick, presence_of(after, newcomer, one, statuses=statuses)))
    effects.append(Say(newcomer.nick, _subject(after, newcomer)))
    if first and newcomer.takes_part:
        effects.append(Decided("session_created", room.key))
    effects.append(
        Decided(
            "occupant_joined",
            room.key,
            newcomer.nick,
            newcomer.uid,
            {
                "kind": newcomer.kind,
                "role": newcomer.role,
                "name": newcomer.facts.name,
                "audio_only": newcomer.facts.audio_only,
            },
        )
    )
    effects.extend(_source_notes(after, newcomer, Facts()))
    return Change(after, tuple(effects)).then(negotiate(after))


def update(room: Room, nick: str, children: Iterable[Element]) -> Change:
    """An occupant's presence changed: everybody is told."""
    before = _present(room, nick)
    changed = replace(before, presence=tuple(children))
    changed = replace(changed, facts=facts_of_children(changed.presence))
    after = _replace(room, changed)
    effects: list[RoomEffect] = [
        Say(one.nick, presence_of(after, changed, one, statuses=("110",) if one.nick == nick else ()))
        for one in after.occupants
    ]
    effects.extend(_source_notes(after, changed, before.facts))
    return Change(after, tuple(effects))


def leave(
    room: Room,
    nick: str,
    reason: Reason,
    *,
    actor: str | None = None,
    said: Iterable[Element] = (),
    text: str | None = None,
) -> Change:
    """An occupant leaves or is made to; everybody is told, itself last (status 110, and 307 when kicked).

    ``said``: children of the occupant's own farewell; ``actor``: nick of who kicked; ``text``: why.
    """
    gone = _present(room, nick)
    rest = tuple(one for one in room.occupants if one.nick != nick)
    after = replace(room, occupants=rest, legs=room.legs - {nick})
    kicked = ("307",) if reason == "kicked" else ()
    effects: list[RoomEffect] = []
    for one in (*rest, gone):
        codes = (*kicked, "110") if one is gone else kicked
        farewell = _farewell(room, gone, one, codes, actor=actor, text=text)
        farewell.extend(copy(child) for child in said if not _is_ours(child))
        effects.append(Say(one.nick, farewell))
    effects.append(Decided("occupant_left", room.key, nick, gone.uid, {"reason": reason}))
    if nick in room.legs:
        effects.append(RemoveLeg(room.key, nick))
    if gone.kind == "peer":
        effects.append(RemovePublisher(room.key, nick))
    if gone.takes_part and not after.participants:
        effects.extend((Decided("session_ended", room.key, data={"reason": reason}), CloseMedia(room.key)))
    return Change(after, tuple(effects))


def destroy(room: Room, reason: str | None = None) -> Change:
    """End the session for all: every occupant is told once, of itself, that the room is gone (XEP-0045 §10.9)."""
    effects: list[RoomEffect] = []
    for one in room.occupants:
        gone = _farewell(room, one, one, ("110",), destroyed=True, text=reason)
        effects.append(Say(one.nick, gone))
        effects.append(Decided("occupant_left", room.key, one.nick, one.uid, {"reason": "ended"}))
        if one.nick in room.legs:
            effects.append(RemoveLeg(room.key, one.nick))
        if one.kind == "peer":
            effects.append(RemovePublisher(room.key, one.nick))
    effects.extend((Decided("session_ended", room.key, data={"reason": "ended"}), CloseMedia(room.key)))
    return Change(replace(room, occupants=(), legs=frozenset(), recording=None, recording_status=None), tuple(effects))


def say_to_all(room: Room, nick: str, message: Element) -> Change:
    """A groupchat message, to everybody and back to its sender; a subject without a body is remembered (XEP-0045 §8.1)."""
    subject = message.find(f"{{{CLIENT}}}subject")
    if subject is not None and message.find(f"{{{CLIENT}}}body") is None:
        room = replace(room, subject=copy(subject))
    effects = tuple(Say(one.nick, relayed(room, message, nick, one)) for one in room.occupants)
    return Change(room, effects)


def focus_tells(room: Room, recording: Recording, status: Literal["pending", "on", "off"]) -> Change:
    """The focus's presence tells how a recording fares; everybody is told."""
    after = replace(room, recording_status=(recording, status))
    return Change(after, tuple(Say(one.nick, focus_presence(after, one)) for one in after.occupants))


def set_affiliation(room: Room, nick: str, affiliation: Affiliation) -> Change:
    """An occupant's affiliation changes, and its role with it; everybody is told."""
    after = _replace(room, replace(_present(room, nick), affiliation=affiliation))
    return update(after, nick, _present(after, nick).presence)


def negotiate(room: Room) -> Change:
    """Start media with every SDK that has none, once two participants are there."""
    waiting = [one for one in room.participants if one.kind == "sdk" and one.nick not in room.legs]
    if len(room.participants) < 2 or not waiting:
        return Change(room)
    after = replace(room, legs=room.legs | {one.nick for one in waiting})
    return Change(after, tuple(AddLeg(room.key, one.nick, one.uid) for one in waiting))


def presence_of(room: Room, of: Occupant, to: Occupant, *, statuses: tuple[str, ...] = ()) -> Element:
    """The presence of one occupant as another is told of it."""
    told = stanza("presence", {"from": room.address(to, of.nick), "to": to.jid}, *(copy(one) for one in of.presence))
    item = make(MUC_USER, "item", {"affiliation": of.affiliation, "role": of.role, "jid": of.jid})
    told.append(make(MUC_USER, "x", None, item, *_statuses(statuses)))
    return told


def focus_presence(room: Room, to: Occupant) -> Element:
    """The presence of the focus. Its real JID begins with the ``focusjid`` that conference requests are answered with."""
    real = f"{Addresses(to.domain).focus_user}/{FOCUS_NICK}"
    told = stanza("presence", {"from": room.address(to, FOCUS_NICK), "to": to.jid})
    if room.recording_status is not None:
        recording, status = room.recording_status
        attributes = {"session_id": recording.session_id, "status": status, "recording_mode": recording.mode}
        if recording.initiator:
            attributes["initiator"] = room.address(to, recording.initiator)
        told.append(make(JIBRI, "jibri-recording-status", attributes))
    item = make(MUC_USER, "item", {"affiliation": "owner", "role": "moderator", "jid": real})
    told.append(make(MUC_USER, "x", None, item))
    return told


def relayed(room: Room, sent: Element, nick: str, to: Occupant) -> Element:
    """A message or IQ of an occupant as it reaches another: all verbatim but ``from`` and ``to``."""
    twin = copy(sent)
    twin.set("from", room.address(to, nick))
    twin.set("to", to.jid)
    return twin


def joinable(children: Iterable[Element]) -> tuple[Element, ...]:
    """Private copies of what a client's presence says, without the parts that are the service's to say."""
    return tuple(copy(child) for child in children if isinstance(child.tag, str) and not _is_ours(child))


def facts_of_children(children: Iterable[Element]) -> Facts:
    """:func:`.presence.facts_of` over children that have no parent."""
    return facts_of(stanza("presence", {}, *(copy(child) for child in children)))


def _is_ours(child: Element) -> bool:
    return child.tag in {f"{{{MUC}}}x", f"{{{MUC_USER}}}x"}


def _farewell(
    room: Room,
    gone: Occupant,
    to: Occupant,
    codes: tuple[str, ...],
    *,
    actor: str | None = None,
    text: str | None = None,
    destroyed: bool = False,
) -> Element:
    item = make(MUC_USER, "item", {"affiliation": gone.affiliation, "role": "none", "jid": gone.jid})
    x = make(MUC_USER, "x", None, item)
    if actor is not None:
        item.append(make(MUC_USER, "actor", {"nick": actor}))
    why = [make(MUC_USER, "reason", text=text)] if text else []
    if destroyed:
        item.set("affiliation", "none")
        x.append(make(MUC_USER, "destroy", None, *why))
    else:
        item.extend(why)
    x.extend(_statuses(codes))
    return stanza("presence", {"type": "unavailable", "from": room.address(to, gone.nick), "to": to.jid}, x)


def _statuses(codes: tuple[str, ...]) -> list[Element]:
    return [make(MUC_USER, "status", {"code": code}) for code in codes]


def _subject(room: Room, to: Occupant) -> Element:
    subject = make(CLIENT, "subject") if room.subject is None else copy(room.subject)
    return stanza("message", {"type": "groupchat", "from": room.address(to), "to": to.jid}, subject)


def _source_notes(room: Room, now: Occupant, before: Facts) -> list[RoomEffect]:
    return [
        Decided(event, room.key, now.nick, now.uid, {"kind": source.media, "source": source.name})
        for event, source in changes(before.sources, now.facts.sources)
    ]


def _present(room: Room, nick: str) -> Occupant:
    found = room.get(nick)
    if found is None:
        raise LookupError(f"no occupant {nick} in {room.key.name}")
    return found


def _replace(room: Room, changed: Occupant) -> Room:
    return replace(room, occupants=tuple(changed if one.nick == changed.nick else one for one in room.occupants))
