"""One room: who is in it, and what everybody is told. Functions over a frozen value; nothing waits, nothing is kept elsewhere.

Each function takes a :class:`Room` and returns a :class:`Change`: the room afterwards and the effects, in the order in which
they are to happen. The rules:

* Whoever enters is told of the focus first, then of the others in their order of arrival, then of itself (status 110), then
  the subject. The others are told of the newcomer. (XEP-0045 §7.2; the SDK ignores Jingle of a focus it has not seen.)
* A presence is relayed to everybody, its sender included, children verbatim; only the request to join (``<x muc>``) is taken
  out and the service's ``<x muc#user>`` put in, with the real JID: members without one are ignored by the SDK.
* Media starts with whoever has an SDK as soon as there are two participants, and stays until its occupant leaves. Where media
  may go from one to the other, two of SDK 5 do so, with the bridge in reserve or, if it is so chosen, started by the third.
* The focus never leaves while anybody is there: the SDK would give up the call.
* Ending a session for all speaks each SDK's language: SDK 4 knows a command and leaves by itself, and takes a destroyed room
  for a failure; whoever else is there is told that the room is destroyed.
* A screen that SDK 4 shares is an occupant of its own, without user: it is taken as its user's by the name that it bears.
* A recorder and a transcriber are occupants but no participants: they keep no session alive and get no media.
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
from testcall_simulator.xmpp.names import CLIENT, FOCUS_NICK, JIBRI, MUC, MUC_USER, Addresses, jid
from testcall_simulator.xmpp.presence import Facts, changes, facts_of
from testcall_simulator.xmpp.xml import Element, copy, make, stanza

Affiliation = Literal["owner", "admin", "member", "none"]
Kind = Literal["sdk", "peer", "recorder", "transcriber"]
"""What is behind an occupant: a client with a socket, a virtual participant, a simulated recorder or transcriber."""


@dataclass(frozen=True, slots=True)
class Occupant:
    """Somebody in a room. ``jid`` is the full JID that stanzas for it go to, ``domain`` the XMPP domain that it speaks to."""

    nick: str
    uid: str
    jid: str
    domain: str
    kind: Kind
    affiliation: Affiliation
    presence: Element
    """What the last presence said: a ``<presence>`` without addresses, never changed."""
    facts: Facts = field(default_factory=Facts)
    screen: bool = False
    """Whether this is the screen that a user of SDK 4 shares: an occupant of its own, of the same ``uid``."""

    @property
    def role(self) -> str:
        """``moderator`` for owners and admins, else ``participant`` (XEP-0045 §5.1)."""
        return "moderator" if self.affiliation in {"owner", "admin"} else "participant"

    @property
    def takes_part(self) -> bool:
        """Whether this is a participant of the call."""
        return self.kind in {"sdk", "peer"}


@dataclass(frozen=True, slots=True)
class Recording:
    """A running recording or stream. ``recorder`` is the nick of the simulated recorder's occupant."""

    session_id: str
    mode: Literal["file", "stream"]
    initiator: str
    initiator_uid: str
    recorder: str


@dataclass(frozen=True, slots=True)
class Transcribing:
    """A transcription that goes on. ``transcriber`` is the nick of the simulated transcriber's occupant."""

    id: str
    initiator: str
    initiator_uid: str
    transcriber: str


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
    transcribing: Transcribing | None = None
    subject: Element | None = None
    """The last ``<subject>``, if any was set."""
    ending: bool = False
    """Whether the session was ended for all, and occupants are still to leave."""
    legs: frozenset[str] = frozenset()
    """Nicks of the occupants with whom media was started."""
    p2p: bool = False
    """Whether two who are alone have media without the bridge."""
    reserve: bool = True
    """Whether the bridge is started for such two as well, in reserve."""

    def get(self, nick: str) -> Occupant | None:
        """The occupant of that nick."""
        return next((one for one in self.occupants if one.nick == nick), None)

    def present(self, nick: str) -> Occupant:
        """The occupant of that nick, who is known to be there."""
        found = self.get(nick)
        if found is None:
            raise LookupError(f"no occupant {nick} in {self.key.name}")
        return found

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
    newcomer = _owned(room, replace(newcomer, facts=facts_of(newcomer.presence)))
    after = replace(room, occupants=(*room.occupants, newcomer), ending=False)
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
                "config": dict(newcomer.facts.config),
                "screen": newcomer.screen,
            },
        )
    )
    effects.extend(_source_notes(after, newcomer, Facts()))
    return Change(after, tuple(effects)).then(negotiate(after))


def update(room: Room, nick: str, presence: Element) -> Change:
    """An occupant's presence changed: everybody is told."""
    before = room.present(nick)
    changed = replace(before, presence=presence, facts=facts_of(presence))
    after = _replace(room, changed)
    effects: list[RoomEffect] = [
        Say(one.nick, presence_of(after, changed, one, statuses=("110",) if one.nick == nick else ()))
        for one in after.occupants
    ]
    effects.extend(_source_notes(after, changed, before.facts))
    change = Change(after, tuple(effects))
    return change if before.facts.major == changed.facts.major else change.then(negotiate(after))


def leave(
    room: Room,
    nick: str,
    reason: Reason,
    *,
    actor: str | None = None,
    said: Element | None = None,
    text: str | None = None,
) -> Change:
    """An occupant leaves or is made to; everybody is told, itself last (status 110, and 307 when kicked).

    ``said``: the occupant's own farewell; ``actor``: nick of who kicked; ``text``: why.
    """
    gone = room.present(nick)
    rest = tuple(one for one in room.occupants if one.nick != nick)
    after = replace(room, occupants=rest, legs=room.legs - {nick})
    kicked = ("307",) if reason == "kicked" else ()
    effects: list[RoomEffect] = []
    for one in (*rest, gone):
        codes = (*kicked, "110") if one is gone else kicked
        farewell = _farewell(room, gone, one, codes, actor=actor, text=text)
        if said is not None:
            farewell.extend(copy(said))
        effects.append(Say(one.nick, farewell))
    reason = "ended" if room.ending else reason
    effects.extend(_screen_notes(room, gone))
    effects.append(Decided("occupant_left", room.key, nick, gone.uid, {"reason": reason}))
    return Change(after, (*effects, *_media_ends(room, gone), *_session_ends(after, gone, reason)))


def end(room: Room, reason: str | None = None) -> Change:
    """End the session for all. Who has SDK 4 is told by its command and stays until it leaves; the others are out at once."""
    staying = tuple(one for one in room.occupants if one.kind == "sdk" and (one.facts.major == 4 or one.screen))
    change = Change(replace(room, ending=True))
    for one in staying:
        command = focus_presence(room, one)
        command.insert(0, make(CLIENT, "endSessionForAll", text=one.nick))
        change = change.then(Change(change.room, (Say(one.nick, command),)))
    for one in room.occupants:
        if one not in staying:
            change = change.then(_put_out(change.room, one, reason))
    return change


def destroy(room: Room, reason: str | None = None) -> Change:
    """The room is gone: every occupant is told so once, of itself (XEP-0045 §10.9)."""
    change = Change(replace(room, ending=True))
    for one in room.occupants:
        change = change.then(_put_out(change.room, one, reason))
    return change


def _put_out(room: Room, one: Occupant, reason: str | None) -> Change:
    rest = tuple(other for other in room.occupants if other.nick != one.nick)
    after = replace(room, occupants=rest, legs=room.legs - {one.nick})
    effects: list[RoomEffect] = [Say(one.nick, _farewell(room, one, one, ("110",), destroyed=True, text=reason))]
    effects.extend(_screen_notes(room, one))
    effects.append(Decided("occupant_left", room.key, one.nick, one.uid, {"reason": "ended"}))
    return Change(after, (*effects, *_media_ends(room, one), *_session_ends(after, one, "ended")))


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
    after = _replace(room, replace(room.present(nick), affiliation=affiliation))
    return update(after, nick, after.present(nick).presence)


def pair(room: Room) -> tuple[Occupant, Occupant] | None:
    """The two who are alone and have media without the bridge; the first of them, by the order of nicks, offers it."""
    alone = room.participants if room.p2p else ()
    if len(alone) != 2 or any(one.kind == "sdk" and one.facts.major != 5 for one in alone):
        return None
    first, second = sorted(alone, key=lambda one: one.nick)
    return first, second


def negotiate(room: Room) -> Change:
    """Start media with every SDK that has none, once two participants are there, or three where two need no bridge."""
    waiting = [one for one in room.participants if one.kind == "sdk" and one.nick not in room.legs]
    if len(room.participants) < 2 or not waiting or not (room.reserve or pair(room) is None):
        return Change(room)
    after = replace(room, legs=room.legs | {one.nick for one in waiting})
    return Change(after, tuple(AddLeg(room.key, one.nick, one.uid) for one in waiting))


def presence_of(room: Room, of: Occupant, to: Occupant, *, statuses: tuple[str, ...] = ()) -> Element:
    """The presence of one occupant as another is told of it."""
    told = copy(of.presence)
    told.set("from", room.address(to, of.nick))
    told.set("to", to.jid)
    item = make(MUC_USER, "item", {"affiliation": of.affiliation, "role": of.role, "jid": real_jid(of, to)})
    told.append(make(MUC_USER, "x", None, item, *_statuses(statuses)))
    return told


def real_jid(of: Occupant, to: Occupant) -> str:
    """The real JID of one occupant as another is told it: who has no client is always of the other's own domain."""
    if of.kind == "sdk":
        return of.jid
    domain = Addresses(to.domain).recorder if of.kind == "recorder" else to.domain
    return f"{jid(of.jid).local}@{domain}/{of.kind}"


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


def joinable(presence: Element) -> Element:
    """What a client's presence says, without addresses and without the parts that are the service's to say."""
    return saying(child for child in presence if isinstance(child.tag, str) and not _is_ours(child))


def saying(children: Iterable[Element]) -> Element:
    """A ``<presence>`` that says this. The children are copied."""
    return stanza("presence", {}, *(copy(child) for child in children))


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
    item = make(MUC_USER, "item", {"affiliation": gone.affiliation, "role": "none", "jid": real_jid(gone, to)})
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


def _screen_notes(room: Room, gone: Occupant) -> list[RoomEffect]:
    """A desktop that is shared stops with its occupant."""
    return [
        Decided("screen_share_stopped", room.key, gone.nick, gone.uid, {"kind": "desktop", "source": source.name})
        for source in gone.facts.sources.values()
        if source.media == "desktop" and not source.muted
    ]


def _media_ends(room: Room, gone: Occupant) -> list[RoomEffect]:
    leg: list[RoomEffect] = [RemoveLeg(room.key, gone.nick)] if gone.nick in room.legs else []
    return [*leg, RemovePublisher(room.key, gone.nick)] if gone.kind == "peer" else leg


def _session_ends(after: Room, gone: Occupant, reason: Reason) -> list[RoomEffect]:
    """The last participant takes the session with it."""
    if not gone.takes_part or after.participants:
        return []
    return [Decided("session_ended", after.key, data={"reason": reason}), CloseMedia(after.key)]


def _owned(room: Room, newcomer: Occupant) -> Occupant:
    """A guest that shares a screen is of the user whose name it bears, with this suffix; the same browser breaks a tie."""
    name, suffix = newcomer.facts.name or "", "(Screen)"
    if newcomer.uid or not name.endswith(suffix):
        return newcomer
    namesakes = [one for one in room.participants if one.facts.name == name.removesuffix(suffix)]
    same = [one for one in namesakes if one.facts.stats_id == newcomer.facts.stats_id] or namesakes
    return replace(newcomer, uid=same[0].uid if len({one.uid for one in same}) == 1 else "", screen=True)


def _replace(room: Room, changed: Occupant) -> Room:
    return replace(room, occupants=tuple(changed if one.nick == changed.nick else one for one in room.occupants))
