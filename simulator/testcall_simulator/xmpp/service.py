"""The signalling of all apps: which socket is which client, which client is in which room, and who answers a stanza.

Sockets are named by the caller. What comes in (``opened``, ``received``, ``lost``, ``expired``, and the acts) is handled at
once and comes back as effects, in order; nothing raises on a client's account. A client reaches one room only, the one its
token opens: apps and sessions are apart by construction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from testcall_simulator.errors import SimulatorError
from testcall_simulator.xmpp import disco, focus, muc
from testcall_simulator.xmpp import stream as streams
from testcall_simulator.xmpp.clients import ACK_REQUEST, Client, Ledger
from testcall_simulator.xmpp.effects import Decided, Deliver, Effect, Expect, Grant, Hangup, Reason, RoomKey, Say
from testcall_simulator.xmpp.names import BIND, CLIENT, CLOSE, FOCUS_NICK, SM, Addresses, Jid, jid
from testcall_simulator.xmpp.room import (
    Affiliation,
    Change,
    Occupant,
    Room,
    destroy,
    enter,
    joinable,
    leave,
    relayed,
    say_to_all,
    update,
)
from testcall_simulator.xmpp.virtual import Persona, presence_children, virtual_occupant
from testcall_simulator.xmpp.xml import (
    Element,
    StreamError,
    iq_error,
    iq_result,
    make,
    name_of,
    payload,
    serialize,
    stream_error,
)


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of the service that no document tells; each is an assumption."""

    session: bool = True
    """Offer the session of RFC 3921, which does nothing."""
    stream_management: bool = True
    """Offer XEP-0198, so that a client survives the loss of its socket."""
    resume_seconds: float = 60
    """How long an occupant is kept whose socket broke."""
    moderators: Literal["everyone", "first"] = "everyone"
    """The guides say that every participant is a moderator by default."""
    max_participants: int = 50
    region: str = ""


@dataclass(slots=True)
class _Socket:
    stream: streams.Stream
    grant: Grant | None
    client: Client | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Whose socket it is, as far as known."""

    room: RoomKey | None = None
    occupant: str | None = None
    uid: str | None = None


class Service:
    """State of the signalling. One owner calls it; calls don't overlap.

    ``serves`` tells whether a domain is ours; ``new_id`` makes UUID texts; ``now_ms`` is milliseconds of the epoch; ``gate`` may
    refuse a join on behalf of the world by naming an error condition.
    """

    def __init__(
        self,
        *,
        new_id: Callable[[], str],
        now_ms: Callable[[], int],
        serves: Callable[[str], bool] = bool,
        gate: Callable[[Grant], str | None] = lambda grant: None,
        options: Options | None = None,
    ) -> None:
        self.options = options or Options()
        self.rooms: dict[RoomKey, Room] = {}
        """Rooms in use."""
        self.new_id = new_id
        self._now_ms = now_ms
        self._serves = serves
        self._gate = gate
        self._sockets: dict[str, _Socket] = {}
        self._clients: dict[str, Client] = {}
        self._out: list[Effect] = []

    # Sockets

    def opened(self, socket: str, grant: Grant | None) -> list[Effect]:
        """A socket was opened with a call token that grants this, or with none that is good."""
        features = streams.Features(self.options.session, self.options.stream_management)
        stream = streams.Stream(admitted=grant is not None, serves=self._serves, new_id=self.new_id, features=features)
        self._sockets[socket] = _Socket(stream, grant)
        self._decide("socket_opened", grant, data={"socket": socket, "admitted": grant is not None})
        return self._flush()

    def received(self, socket: str, frame: str) -> list[Effect]:
        """A text frame came in."""
        held = self._sockets.get(socket)
        if held is not None:
            for happening in held.stream.receive(frame):
                self._happened(socket, held, happening)
        return self._flush()

    def violated(self, socket: str, error: StreamError) -> list[Effect]:
        """What came in was no text frame at all."""
        held = self._sockets.get(socket)
        if held is not None and held.stream.state != "closed":
            for happening in held.stream.fail(error):
                self._happened(socket, held, happening)
        return self._flush()

    def lost(self, socket: str) -> list[Effect]:
        """The socket is gone. A client with stream management is waited for; another leaves at once."""
        held = self._sockets.pop(socket, None)
        if held is not None:
            self._decide("socket_closed", held.grant, data={"socket": socket}, occupant=self._nick(held.client))
            client = held.client
            if client is not None and client.socket == socket:
                client.socket = None
                client.absence += 1
                if client.ledger is not None and client.ledger.resumable:
                    self._out.append(Expect(client.jid, client.absence, self.options.resume_seconds))
                else:
                    self._end(client, "dropped")
        return self._flush()

    def expired(self, client: str, absence: int) -> list[Effect]:
        """A client had its time to come back; an absence that has ended since is nothing."""
        found = self._clients.get(client)
        if found is not None and found.socket is None and found.absence == absence:
            self._end(found, "timeout")
        return self._flush()

    def who(self, socket: str) -> Who:
        """Whose socket it is."""
        held = self._sockets.get(socket)
        if held is None or held.grant is None:
            return Who()
        occupant = self._occupant(held.client)
        if occupant is None:
            return Who(held.grant.room, None, held.grant.uid)
        return Who(held.grant.room, occupant.nick, occupant.uid)

    def socket_of(self, key: RoomKey, nick: str) -> str | None:
        """The socket of an occupant, if it has a client and the client is there."""
        occupant = self._room(key).get(nick)
        client = self._clients.get(occupant.jid) if occupant is not None else None
        return client.socket if client is not None else None

    # Acts of the world

    def join_virtual(self, grant: Grant, persona: Persona) -> list[Effect]:
        """A virtual participant enters; a room is made if there is none."""
        room = self.rooms.get(grant.room) or self._new_room(grant.room)
        refused = muc.refusal(room, persona.nick, invited=True, limit=self.options.max_participants)
        if refused is not None:
            raise SimulatorError(f"{persona.nick} can't join {grant.session_id}: {refused[0]}")
        domain = room.occupants[0].domain if room.occupants else "testcall.invalid"
        occupant = virtual_occupant(persona, domain, self._affiliation(room), self.new_id())
        self._apply(enter(room, occupant))
        return self._flush()

    def update_virtual(self, key: RoomKey, persona: Persona) -> list[Effect]:
        """A virtual participant's presence changes, its mute states for example."""
        self._apply(update(self._room(key), persona.nick, presence_children(persona)))
        return self._flush()

    def say_virtual(self, key: RoomKey, nick: str, extra: tuple[Element, ...]) -> list[Effect]:
        """A virtual participant sends commands: presence children for this once."""
        room = self._room(key)
        occupant = room.get(nick)
        if occupant is None:
            raise SimulatorError(f"no occupant {nick} in session {key.name}")
        lasting = occupant.presence
        change = update(room, nick, (*lasting, *extra))
        self._apply(Change(update(change.room, nick, lasting).room, change.effects))
        return self._flush()

    def remove(self, key: RoomKey, nick: str, reason: Reason, text: str | None = None) -> list[Effect]:
        """An occupant leaves or is kicked."""
        if self._room(key).get(nick) is None:
            raise SimulatorError(f"no occupant {nick} in session {key.name}")
        self._apply(leave(self._room(key), nick, reason, text=text))
        return self._flush()

    def destroy(self, key: RoomKey, text: str | None = None) -> list[Effect]:
        """The session ends for all."""
        self._apply(destroy(self._room(key), text))
        return self._flush()

    def mute(self, key: RoomKey, nick: str, media: Literal["audio", "video"], by: str = FOCUS_NICK) -> list[Effect]:
        """The focus tells an occupant to mute itself."""
        room = self._room(key)
        target = room.get(nick)
        if target is None:
            raise SimulatorError(f"no occupant {nick} in session {key.name}")
        self._apply(Change(room, (focus.mute_order(room, target, media, by, self.new_id()),)))
        return self._flush()

    def record(self, key: RoomKey, *, on: bool, mode: Literal["file", "stream"] = "file") -> list[Effect]:
        """A recording starts or stops by the world's own doing; twice the same changes nothing."""
        room = self._room(key)
        if on and room.recording is None:
            self._apply(focus.start_recording(room, mode, None, self.new_id))
        elif not on:
            self._apply(focus.stop_recording(room))
        return self._flush()

    def focus_iq(self, key: RoomKey, nick: str, child_: Element) -> list[Effect]:
        """An IQ of the focus for one occupant; nothing when it is gone."""
        room = self.rooms.get(key)
        occupant = room.get(nick) if room is not None else None
        if room is not None and occupant is not None:
            head = {"type": "set", "id": self.new_id(), "from": room.address(occupant, FOCUS_NICK)}
            order = make(CLIENT, "iq", head | {"to": occupant.jid}, child_)
            self._say(order)
        return self._flush()

    # One stream

    def _happened(self, socket: str, held: _Socket, happening: streams.Happening) -> None:
        match happening:
            case streams.Reply(text):
                self._out.append(Deliver(socket, text))
            case streams.BindAsked(request, resource):
                self._bind(socket, held, request, resource)
            case streams.ResumeAsked(previous, handled):
                self._resume(socket, held, previous, handled)
            case streams.Finished(error):
                self._finish(socket, held, error)
            case _ if held.client is not None:
                self._guarded(socket, held, held.client, happening)

    def _guarded(self, socket: str, held: _Socket, client: Client, happening: streams.Happening) -> None:
        """What a bound client does; what breaks its stream ends it."""
        try:
            match happening:
                case streams.StanzaIn(stanza):
                    if client.ledger is not None:
                        client.ledger.count_in()
                    self._route(client, stanza)
                case streams.EnableAsked(resume):
                    self._enable(socket, client, resume=resume)
                case streams.AckAsked():
                    received = client.ledger.received if client.ledger is not None else 0
                    self._out.append(Deliver(socket, serialize(make(SM, "a", {"h": str(received)}))))
                case streams.Acked(handled) if client.ledger is not None:
                    client.ledger.acknowledge(handled)
        except StreamError as error:
            for consequence in held.stream.fail(error):
                self._happened(socket, held, consequence)

    def _bind(self, socket: str, held: _Socket, request: Element, resource: str | None) -> None:
        assert held.grant is not None
        address = f"{self.new_id()}@{held.stream.domain}/{resource or self.new_id()[:8]}"
        held.client = Client(address, held.stream.domain, held.grant, socket)
        self._clients[address] = held.client
        held.stream.bound()
        result = iq_result(request, make(BIND, "bind", None, make(BIND, "jid", text=address)))
        self._out.append(Deliver(socket, serialize(result)))

    def _enable(self, socket: str, client: Client, *, resume: bool) -> None:
        if client.ledger is not None:
            self._out.append(Deliver(socket, streams.sm_failed("unexpected-request")))
            return
        client.ledger = Ledger(self.new_id(), resume)
        told = {"id": client.ledger.id}
        if resume:
            told |= {"resume": "true", "max": f"{self.options.resume_seconds:g}"}
        self._out.append(Deliver(socket, serialize(make(SM, "enabled", told))))

    def _resume(self, socket: str, held: _Socket, previous: str, handled: int) -> None:
        """Go on with an earlier client: of the same grant only. Its old socket, if it still lives, is closed."""
        client = next((c for c in self._clients.values() if c.ledger is not None and c.ledger.id == previous), None)
        ledger = client.ledger if client is not None else None
        fits = client is not None and client.grant == held.grant and client.domain == held.stream.domain
        if client is None or ledger is None or not ledger.resumable or not fits:
            self._out.append(Deliver(socket, streams.sm_failed("item-not-found")))
            return
        try:
            ledger.acknowledge(handled)
        except StreamError:
            self._out.append(Deliver(socket, streams.sm_failed("bad-request")))
            return
        if client.socket is not None:
            self._replace(client.socket)
        client.socket = socket
        client.absence += 1
        held.client = client
        held.stream.bound()
        answer = make(SM, "resumed", {"previd": previous, "h": str(ledger.received)})
        self._out.append(Deliver(socket, serialize(answer)))
        self._out.extend(Deliver(socket, text) for text in ledger.waiting())
        self._decide("socket_resumed", client.grant, data={"socket": socket}, occupant=self._nick(client))

    def _replace(self, socket: str) -> None:
        old = self._sockets[socket]
        old.client = None
        self._out.append(Deliver(socket, stream_error(StreamError("conflict", "resumed elsewhere"))))
        self._out.append(Deliver(socket, CLOSE))
        self._out.append(Hangup(socket))

    def _finish(self, socket: str, held: _Socket, error: str | None) -> None:
        client, held.client = held.client, None
        if client is not None:
            client.socket = None
            self._end(client, "left" if error is None else "dropped")
        self._out.append(Hangup(socket))

    def _end(self, client: Client, reason: Reason) -> None:
        room = self.rooms.get(client.grant.room)
        occupant = room.by_jid(client.jid) if room is not None else None
        if room is not None and occupant is not None:
            self._apply(leave(room, occupant.nick, reason))
        self._clients.pop(client.jid, None)

    # Stanzas

    def _route(self, client: Client, stanza: Element) -> None:
        claimed = stanza.get("from")
        if claimed is not None and claimed not in {client.jid, jid(client.jid).bare}:
            raise StreamError("invalid-from")
        stanza.set("from", client.jid)
        to = jid(stanza.get("to") or client.domain)
        kind = name_of(stanza)[1]
        if kind == "iq":
            self._iq(client, stanza, to)
        elif kind == "presence":
            self._presence(client, stanza, to)
        else:
            self._message(client, stanza, to)

    def _iq(self, client: Client, iq: Element, to: Jid) -> None:
        kind = iq.get("type")
        is_request = kind in {"get", "set"}
        if not iq.get("id") or kind not in {"get", "set", "result", "error"} or (is_request and payload(iq) is None):
            self._say(iq_error(iq, "bad-request", "modify"))
            return
        addresses = Addresses(client.domain)
        if to.domain == addresses.rooms and to.local:
            self._iq_to_room(client, iq, to)
        elif not is_request:
            return
        elif to.domain == client.domain and to.local in {"", jid(client.jid).local}:
            self._say(disco.ask_domain(iq, addresses, region=self.options.region))
        elif to.domain == addresses.focus:
            self._conference(client, iq, addresses)
        elif to.domain == addresses.rooms:
            self._say(disco.ask_component(iq, ("conference", "text"), ("http://jabber.org/protocol/muc",)))
        elif to.domain == addresses.end_conference:
            self._say(disco.ask_component(iq, ("component", "end_conference"), ()))
        else:
            self._say(iq_error(iq, "service-unavailable"))

    def _conference(self, client: Client, iq: Element, addresses: Addresses) -> None:
        answer = focus.conference(iq, addresses, client.grant.room.name)
        client.invited = client.invited or answer.get("type") == "result"
        self._say(answer)

    def _iq_to_room(self, client: Client, iq: Element, to: Jid) -> None:
        room, asker = self._membership(client, to)
        is_request = iq.get("type") in {"get", "set"}
        if room is None or asker is None:
            if is_request:
                self._say(iq_error(iq, "item-not-found" if room is None else "not-acceptable"))
            return
        if not to.resource:
            if is_request:
                self._apply(muc.ask_room(room, asker, iq))
            return
        if to.resource == FOCUS_NICK:
            if is_request:
                self._apply(focus.ask_focus(room, asker, iq, self.new_id))
            return
        target = room.get(to.resource)
        if target is not None and target.kind == "sdk":
            self._say(relayed(room, iq, asker.nick, target))
        elif is_request:
            self._say(disco.ask_peer(iq) if target is not None else iq_error(iq, "item-not-found"))

    def _presence(self, client: Client, presence: Element, to: Jid) -> None:
        kind = presence.get("type")
        if presence.get("to") is None:
            occupant = self._occupant(client)
            if kind == "unavailable" and occupant is not None:
                self._apply(leave(self.rooms[client.grant.room], occupant.nick, "left", said=joinable(presence)))
            return
        if kind not in {None, "unavailable"} or to.domain != Addresses(client.domain).rooms or not to.local:
            return
        room, occupant = self._membership(client, to)
        if kind == "unavailable":
            if room is not None and occupant is not None:
                self._apply(leave(room, occupant.nick, "left", said=joinable(presence)))
        elif occupant is None:
            self._join(client, presence, to)
        elif room is not None and occupant.nick == to.resource:
            self._apply(update(room, occupant.nick, joinable(presence)))
        else:
            self._refuse(presence, to, "not-acceptable", "modify")

    def _join(self, client: Client, presence: Element, to: Jid) -> None:
        key = client.grant.room
        if to.local != key.name:
            self._refuse(presence, to, "not-allowed", "auth")
            return
        if not to.resource:
            self._refuse(presence, to, "jid-malformed", "modify")
            return
        room = self.rooms.get(key)
        refused = muc.refusal(room, to.resource, invited=client.invited, limit=self.options.max_participants)
        closed = self._gate(client.grant)
        if refused is None and closed is not None:
            refused = (closed, "auth")
        if refused is not None:
            self._refuse(presence, to, *refused)
            return
        room = room or self._new_room(key)
        newcomer = Occupant(
            nick=to.resource,
            uid=client.grant.uid,
            jid=client.jid,
            domain=client.domain,
            kind="sdk",
            affiliation=self._affiliation(room),
            presence=joinable(presence),
        )
        self._apply(enter(room, newcomer))

    def _refuse(self, presence: Element, to: Jid, condition: str, kind: str) -> None:
        self._decide_text("join_refused", presence, condition)
        self._say(muc.presence_error(presence, presence.get("to") or to.bare, condition, kind))

    def _message(self, client: Client, message: Element, to: Jid) -> None:
        kind = message.get("type", "normal")
        addresses = Addresses(client.domain)
        if kind == "error":
            return
        if to.domain == addresses.end_conference:
            self._end_for_all(client, message)
            return
        room, sender = self._membership(client, to) if to.domain == addresses.rooms else (None, None)
        if room is None or sender is None:
            self._say(iq_error(message, "service-unavailable" if to.domain != addresses.rooms else "not-acceptable"))
        elif not to.resource and kind == "groupchat":
            self._apply(say_to_all(room, sender.nick, message))
        elif to.resource and kind != "groupchat":
            target = room.get(to.resource)
            self._say(relayed(room, message, sender.nick, target) if target else iq_error(message, "item-not-found"))
        else:
            self._say(iq_error(message, "bad-request", "modify"))

    def _end_for_all(self, client: Client, message: Element) -> None:
        """The component's word: only a moderator's counts, another's is ignored (as in Jitsi's own module)."""
        occupant = self._occupant(client)
        asked = payload(message)
        if asked is None or name_of(asked)[1] != "end_conference" or occupant is None or occupant.role != "moderator":
            return
        self._apply(destroy(self.rooms[client.grant.room]))

    # Helpers

    def _apply(self, change: Change) -> None:
        room = change.room
        self._perform(change)
        if room.participants:
            self.rooms[room.key] = room
            return
        self.rooms.pop(room.key, None)
        if room.recording is not None:
            self._perform(focus.stop_recording(room))

    def _perform(self, change: Change) -> None:
        for effect in change.effects:
            if isinstance(effect, Say):
                self._say(effect.stanza)
            else:
                self._out.append(effect)

    def _say(self, stanza: Element) -> None:
        """Send a stanza to the client of its ``to``; to a virtual occupant it is only told."""
        client = self._clients.get(stanza.get("to", ""))
        if client is None:
            return
        text = serialize(stanza)
        ask = False
        if client.ledger is not None:
            try:
                ask = client.ledger.count_out(text)
            except StreamError as error:
                self._overflow(client, error)
                return
        if client.socket is not None:
            self._out.append(Deliver(client.socket, text))
            if ask:
                self._out.append(Deliver(client.socket, ACK_REQUEST))

    def _overflow(self, client: Client, error: StreamError) -> None:
        """Too much waits for a client: what it would get now is lost, so its stream ends."""
        socket = client.socket
        client.ledger = None
        if socket is None:
            self._out.append(Expect(client.jid, client.absence, 0))
            return
        self._out.extend((Deliver(socket, stream_error(error)), Deliver(socket, CLOSE), Hangup(socket)))

    def _membership(self, client: Client, to: Jid) -> tuple[Room | None, Occupant | None]:
        """The room that ``to`` names, if it is the client's, and the client's occupant in it."""
        room = self.rooms.get(client.grant.room) if to.local == client.grant.room.name else None
        return room, room.by_jid(client.jid) if room is not None else None

    def _occupant(self, client: Client | None) -> Occupant | None:
        room = self.rooms.get(client.grant.room) if client is not None else None
        return room.by_jid(client.jid) if room is not None and client is not None else None

    def _nick(self, client: Client | None) -> str | None:
        occupant = self._occupant(client)
        return occupant.nick if occupant is not None else None

    def _room(self, key: RoomKey) -> Room:
        room = self.rooms.get(key)
        if room is None:
            raise SimulatorError(f"no session {key.name} of app {key.app_id} is running: join it first")
        return room

    def _new_room(self, key: RoomKey) -> Room:
        return Room(key, self._now_ms(), self.new_id())

    def _affiliation(self, room: Room) -> Affiliation:
        return "owner" if self.options.moderators == "everyone" or not room.participants else "none"

    def _decide(self, name: str, grant: Grant | None, *, data: dict[str, object], occupant: str | None = None) -> None:
        room, uid = (grant.room, grant.uid) if grant is not None else (None, None)
        self._out.append(Decided(name, room, occupant, uid, data))

    def _decide_text(self, name: str, presence: Element, condition: str) -> None:
        client = self._clients[presence.get("from", "")]
        self._decide(name, client.grant, data={"condition": condition, "asked": presence.get("to")})

    def _flush(self) -> list[Effect]:
        effects, self._out = self._out, []
        return effects
