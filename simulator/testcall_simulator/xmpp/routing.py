"""Who answers a client's stanza, and how. A function of the visitor, its room and the stanza; nothing is kept here.

Every IQ request is answered, with an error if need be; nothing else ever is answered with an error twice. A visitor reaches
one room only. What an address outside the service is asked is unavailable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from testcall_simulator.xmpp import disco, focus, muc
from testcall_simulator.xmpp.effects import Decided, Grant, LinkJingle, RoomEffect, RoomKey, Say
from testcall_simulator.xmpp.names import FOCUS, FOCUS_NICK, JINGLE, MUC, Addresses, Jid, jid
from testcall_simulator.xmpp.presence import facts_of
from testcall_simulator.xmpp.room import (
    Affiliation,
    Change,
    Occupant,
    Room,
    end,
    enter,
    joinable,
    leave,
    relayed,
    say_to_all,
    update,
)
from testcall_simulator.xmpp.xml import Element, StreamError, child, iq_error, iq_result, name_of, payload


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of the service that no document tells; each is an assumption."""

    session: bool = True
    """Offer the session of RFC 3921, which does nothing."""
    stream_management: bool = True
    """Offer XEP-0198, so that a client survives the loss of its socket."""
    resume_seconds: float = 60
    """How long an occupant is kept whose socket broke."""
    guests: bool = True
    """Admit sockets without a token; SDK 4 shares screens through one."""
    moderators: Literal["everyone", "first"] = "everyone"
    """The guides say that every participant is a moderator by default."""
    bridge_in_reserve: bool = True
    """Start the bridge for two whose media doesn't need it too, as Jicofo does. Without it the library of SDK 5 tells mute
    states of the one that answered only (seen): it tells them when it accepts an offer."""
    max_participants: int = 50
    region: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A bound client as the service knows it. ``invited``: the focus has answered its conference request."""

    jid: str
    domain: str
    grant: Grant
    invited: bool = False

    @property
    def addresses(self) -> Addresses:
        """The service as this visitor addresses it."""
        return Addresses(self.domain)


@dataclass(frozen=True, slots=True)
class Routed:
    """What became of a stanza: the visitor and its room afterwards, and the effects. ``room`` is ``None`` when it has none."""

    visitor: Visitor
    room: Room | None
    effects: tuple[RoomEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class Router:
    """The rules, with what they need to know of the rest.

    ``new_room`` makes an empty room; ``running`` finds the rooms of a name, whatever the app; ``gate`` may refuse a join on
    behalf of the world by naming an error condition.
    """

    options: Options
    new_id: Callable[[], str]
    new_room: Callable[[RoomKey], Room]
    running: Callable[[str], list[Room]]
    gate: Callable[[Grant], str | None]

    def route(self, visitor: Visitor, room: Room | None, stanza: Element) -> Routed:
        """Handle a stanza; :class:`StreamError` when its sender claims to be another."""
        if stanza.get("from") not in {None, visitor.jid, jid(visitor.jid).bare}:
            raise StreamError("invalid-from")
        stanza.set("from", visitor.jid)
        to = jid(stanza.get("to") or visitor.domain)
        here = _Here(visitor, room, room.by_jid(visitor.jid) if room is not None else None)
        kind = name_of(stanza)[1]
        if kind == "iq":
            return self._iq(here, stanza, to)
        return self._presence(here, stanza, to) if kind == "presence" else self._message(here, stanza, to)

    def affiliation(self, room: Room) -> Affiliation:
        """What a newcomer becomes."""
        return "owner" if self.options.moderators == "everyone" or not room.participants else "none"

    # IQs

    def _iq(self, here: _Here, iq: Element, to: Jid) -> Routed:
        kind, addresses = iq.get("type"), here.visitor.addresses
        is_request = kind in {"get", "set"}
        if kind in {"result", "error"} and iq.get("id"):
            return self._iq_answer(here, iq, to)
        if not is_request or not iq.get("id") or payload(iq) is None:
            return here.answer(iq_error(iq, "bad-request", "modify"))
        if to.domain == addresses.rooms and to.local:
            return self._iq_to_room(here, iq, to)
        if to.domain == here.visitor.domain and to.local in {"", jid(here.visitor.jid).local}:
            return here.answer(disco.ask_domain(iq, addresses, region=self.options.region))
        if to.domain == addresses.focus:
            return self._conference(here, iq)
        if to.domain == addresses.rooms:
            return here.answer(disco.ask_component(iq, ("conference", "text"), (MUC,)))
        if to.domain == addresses.end_conference:
            return here.answer(disco.ask_component(iq, ("component", "end_conference"), ()))
        return here.answer(iq_error(iq, "service-unavailable"))

    def _iq_answer(self, here: _Here, iq: Element, to: Jid) -> Routed:
        """Answers go to the occupant that asked; those to the focus end here."""
        target = here.occupant_at(to)
        if target is None or target.kind != "sdk" or here.room is None or here.me is None:
            return here.nothing()
        return here.answer(relayed(here.room, iq, here.me.nick, target))

    def _conference(self, here: _Here, iq: Element) -> Routed:
        visitor, asked = here.visitor, child(iq, FOCUS, "conference")
        name = visitor.grant.room.name
        if visitor.grant.is_guest and asked is not None:
            wanted = jid(asked.get("room", "")).local
            name = wanted if any(room.has_client for room in self.running(wanted)) else name
        answer = focus.conference(iq, visitor.addresses, name)
        invited = visitor.invited or answer.get("type") == "result"
        return Routed(replace(visitor, invited=invited), here.room, (Say("", answer),))

    def _iq_to_room(self, here: _Here, iq: Element, to: Jid) -> Routed:
        room = here.room if here.room is not None and to.local == here.room.key.name else None
        if room is None or here.me is None:
            return here.answer(iq_error(iq, "item-not-found" if room is None else "not-acceptable"))
        if not to.resource:
            return here.changed(muc.ask_room(room, here.me, iq))
        if to.resource == FOCUS_NICK:
            return here.changed(focus.ask_focus(room, here.me, iq, self.new_id))
        target = room.get(to.resource)
        if target is None:
            return here.answer(iq_error(iq, "item-not-found"))
        if target.kind == "sdk":
            return here.answer(relayed(room, iq, here.me.nick, target))
        asked = child(iq, JINGLE, "jingle")
        if asked is None or iq.get("type") != "set" or target.kind != "peer" or not room.p2p:
            return here.answer(disco.ask_peer(iq))
        heard = LinkJingle(room.key, target.nick, here.me.nick, here.me.uid, asked)
        return here.changed(Change(room, (Say("", iq_result(iq)), heard)))

    # Presence

    def _presence(self, here: _Here, presence: Element, to: Jid) -> Routed:
        kind, elsewhere = presence.get("type"), to.domain != here.visitor.addresses.rooms or not to.local
        if kind == "unavailable":
            mine = presence.get("to") is None or (here.room is not None and to.local == here.room.key.name)
            if here.room is None or here.me is None or not mine:
                return here.nothing()
            return here.changed(leave(here.room, here.me.nick, "left", said=joinable(presence)))
        if kind is not None or elsewhere:
            return here.nothing()
        if here.room is None or here.me is None:
            if child(presence, MUC, "x") is None:  # who was an occupant and doesn't know yet that it no longer is
                return _refuse(here, presence, "item-not-found", "cancel")
            return self._join(here, presence, to)
        if to.local != here.room.key.name:
            return _refuse(here, presence, "not-allowed", "auth")
        if to.resource != here.me.nick:
            return _refuse(here, presence, "not-acceptable", "modify")
        return here.changed(update(here.room, here.me.nick, joinable(presence)))

    def _join(self, here: _Here, presence: Element, to: Jid) -> Routed:
        said = joinable(presence)
        facts = facts_of(said)
        visitor, room = here.visitor, here.room
        if visitor.grant.is_guest:
            visitor, room = self._as_guest(visitor, to.local, facts.app_id)
        here = _Here(visitor, room, None)
        key = visitor.grant.room
        if visitor.grant.is_guest or to.local != key.name:
            return _refuse(here, presence, "not-allowed", "auth")
        if not to.resource:
            return _refuse(here, presence, "jid-malformed", "modify")
        refused = muc.refusal(room, to.resource, invited=visitor.invited, limit=self.options.max_participants)
        closed = self.gate(visitor.grant)
        if refused is not None or closed is not None:
            return _refuse(here, presence, *(refused or (closed or "", "auth")))
        room = room or self.new_room(key)
        newcomer = Occupant(
            nick=to.resource,
            uid=visitor.grant.uid or facts.uid or "",
            jid=visitor.jid,
            domain=visitor.domain,
            kind="sdk",
            affiliation=self.affiliation(room),
            presence=said,
        )
        return here.changed(enter(room, newcomer))

    def _as_guest(self, visitor: Visitor, name: str, app_id: str | None) -> tuple[Visitor, Room | None]:
        """Give a guest the running session of that name: of the app that it names, or of the only app that has it."""
        rooms = [room for room in self.running(name) if room.has_client]
        fitting = [room for room in rooms if app_id is None or room.key.app_id == app_id]
        if len(fitting) != 1:
            return visitor, None
        return replace(visitor, grant=Grant(fitting[0].key.app_id, name, "")), fitting[0]

    # Messages

    def _message(self, here: _Here, message: Element, to: Jid) -> Routed:
        kind, addresses = message.get("type", "normal"), here.visitor.addresses
        if kind == "error":
            return here.nothing()
        if to.domain == addresses.end_conference:
            return _end_for_all(here, message)
        if to.domain != addresses.rooms:
            return here.answer(iq_error(message, "service-unavailable"))
        if here.room is None or here.me is None or to.local != here.room.key.name:
            return here.answer(iq_error(message, "not-acceptable"))
        if not to.resource and kind == "groupchat":
            return here.changed(say_to_all(here.room, here.me.nick, message))
        if not to.resource or kind == "groupchat":
            return here.answer(iq_error(message, "bad-request", "modify"))
        target = here.room.get(to.resource)
        if target is None:
            return here.answer(iq_error(message, "item-not-found"))
        return here.answer(relayed(here.room, message, here.me.nick, target))


@dataclass(frozen=True, slots=True)
class _Here:
    """Where a stanza comes from: the visitor, its room if that exists, and its occupant if it is in."""

    visitor: Visitor
    room: Room | None
    me: Occupant | None

    def nothing(self) -> Routed:
        return Routed(self.visitor, self.room)

    def answer(self, stanza: Element) -> Routed:
        return Routed(self.visitor, self.room, (Say("", stanza),))

    def changed(self, change: Change) -> Routed:
        return Routed(self.visitor, change.room, change.effects)

    def occupant_at(self, to: Jid) -> Occupant | None:
        known = self.room is not None and to.domain == self.visitor.addresses.rooms and to.local == self.room.key.name
        return self.room.get(to.resource) if known and self.room is not None else None


def _refuse(here: _Here, presence: Element, condition: str, kind: str) -> Routed:
    """A presence that doesn't get in."""
    grant = here.visitor.grant
    data = {"condition": condition, "asked": presence.get("to")}
    note = Decided("join_refused", None if grant.is_guest else grant.room, None, grant.uid or None, data)
    return Routed(here.visitor, here.room, (note, Say("", muc.presence_error(presence, condition, kind))))


def _end_for_all(here: _Here, message: Element) -> Routed:
    """The component's word: only a moderator's counts, another's is ignored (as in Jitsi's own module)."""
    asked = payload(message)
    if asked is None or name_of(asked)[1] != "end_conference" or here.room is None or here.me is None:
        return here.nothing()
    return here.changed(end(here.room)) if here.me.role == "moderator" else here.nothing()
