"""The signalling of all apps: which socket is which client, which client is in which room, and who answers a stanza.

Sockets are named by the caller. What comes in (``opened``, ``received``, ``lost``, ``expired``, and the acts) is handled at
once and comes back as effects, in order; nothing raises on a client's account. A client reaches one room only, the one its
token opens: apps and sessions are apart by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from testcall_simulator.errors import SimulatorError
from testcall_simulator.xmpp import focus, links, muc
from testcall_simulator.xmpp import stream as streams
from testcall_simulator.xmpp.clients import ACK_REQUEST, Client, Ledger
from testcall_simulator.xmpp.effects import (
    Decided,
    Deliver,
    Effect,
    Expect,
    Grant,
    Hangup,
    Reason,
    RoomEffect,
    RoomKey,
    Say,
)
from testcall_simulator.xmpp.faulty import refused
from testcall_simulator.xmpp.names import BIND, CLIENT, CLOSE, FOCUS_NICK, SM
from testcall_simulator.xmpp.room import Change, Occupant, Room, end, enter, leave, say_to_all, update
from testcall_simulator.xmpp.routing import Options, Router, Visitor
from testcall_simulator.xmpp.virtual import Persona, presence_of_persona, virtual_occupant
from testcall_simulator.xmpp.xml import Element, StreamError, iq_result, make, serialize, stream_error


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
    refuse a join on behalf of the world by naming an error condition; ``p2p`` tells whether two participants of an app's session
    who are alone have media without the bridge.
    """

    def __init__(
        self,
        *,
        new_id: Callable[[], str],
        now_ms: Callable[[], int],
        serves: Callable[[str], bool] = bool,
        gate: Callable[[Grant], str | None] = lambda grant: None,
        p2p: Callable[[str], bool] = lambda app_id: False,
        options: Options | None = None,
    ) -> None:
        self.options = options or Options()
        self.rooms: dict[RoomKey, Room] = {}
        """Rooms in use."""
        self.new_id = new_id
        """Makes the ids of everything here."""
        self._now_ms = now_ms
        self._serves = serves
        self._p2p = p2p
        self._router = Router(
            options=self.options,
            new_id=new_id,
            new_room=self._new_room,
            running=lambda name: [room for key, room in self.rooms.items() if key.name == name],
            gate=gate,
        )
        self._sockets: dict[str, _Socket] = {}
        self._clients: dict[str, Client] = {}
        self._out: list[Effect] = []

    def configure(self, **choices: Any) -> None:
        """Change :class:`Options` by name; holds for what comes from now on."""
        try:
            self.options = replace(self.options, **choices)
        except TypeError as error:
            raise SimulatorError(f"signalling has no such option: {error}") from None
        self._router = replace(self._router, options=self.options)

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

    def refuse(self, socket: str, frame: str, condition: str) -> list[Effect]:
        """Answer a frame with an error instead of handling it: a fault's doing. It counts as handled."""
        held = self._sockets.get(socket)
        answer = refused(frame, condition)
        if held is not None and answer is not None:
            ledger = held.client.ledger if held.client is not None else None
            if ledger is not None:
                ledger.count_in()
                ledger.count_out(answer)
            self._out.append(Deliver(socket, answer))
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
        if held is None:
            return Who()
        grant = held.client.visitor.grant if held.client is not None else held.grant
        if grant is None or grant.is_guest:
            return Who()
        occupant = self._occupant(held.client)
        if occupant is None:
            return Who(grant.room, None, grant.uid or None)
        return Who(grant.room, occupant.nick, occupant.uid)

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
        condition = refused[0] if refused is not None else self._router.gate(grant)
        if condition is not None:
            raise SimulatorError(f"{persona.uid} can't join session {grant.session_id} as a peer: {condition}")
        occupant = virtual_occupant(persona, self._router.affiliation(room), self.new_id())
        self._apply(enter(room, occupant))
        return self._flush()

    def update_virtual(self, key: RoomKey, persona: Persona) -> list[Effect]:
        """A virtual participant's presence changes, its mute states for example."""
        self._apply(update(self._room(key, persona.nick), persona.nick, presence_of_persona(persona)))
        return self._flush()

    def say_virtual(self, key: RoomKey, persona: Persona, extra: tuple[Element, ...]) -> list[Effect]:
        """A virtual participant sends commands: presence children for this once."""
        change = update(self._room(key, persona.nick), persona.nick, presence_of_persona(persona, extra))
        after = update(change.room, persona.nick, presence_of_persona(persona)).room
        self._apply(Change(after, change.effects))
        return self._flush()

    def message_virtual(self, key: RoomKey, nick: str, child_: Element) -> list[Effect]:
        """A virtual participant says something to everybody: a groupchat message."""
        self._apply(say_to_all(self._room(key, nick), nick, make(CLIENT, "message", {"type": "groupchat"}, child_)))
        return self._flush()

    def remove(self, key: RoomKey, nick: str, reason: Reason, text: str | None = None) -> list[Effect]:
        """An occupant leaves or is kicked."""
        self._apply(leave(self._room(key, nick), nick, reason, text=text))
        return self._flush()

    def end(self, key: RoomKey, text: str | None = None) -> list[Effect]:
        """The session ends for all."""
        self._apply(end(self._room(key), text))
        return self._flush()

    def mute(self, key: RoomKey, nick: str, media: Literal["audio", "video"], by: str = FOCUS_NICK) -> list[Effect]:
        """The focus tells an occupant to mute itself."""
        room = self._room(key, nick)
        target = room.present(nick)
        self._apply(Change(room, (focus.mute_order(room, target, media, by, self.new_id()),)))
        return self._flush()

    def record(
        self, key: RoomKey, *, on: bool, mode: Literal["file", "stream"] = "file", by: str | None = None
    ) -> list[Effect]:
        """A recording starts or stops by the world's own doing, or on behalf of ``by``; twice the same changes nothing."""
        room = self._room(key)
        if on and room.recording is None:
            initiator = room.present(by) if by is not None else None
            self._apply(focus.start_recording(room, mode, initiator, self.new_id))
        elif not on:
            self._apply(focus.stop_recording(room))
        return self._flush()

    def transcribe(self, key: RoomKey, *, on: bool, by: str | None = None) -> list[Effect]:
        """A transcription starts or stops by the world's own doing, or on behalf of ``by``; twice the same changes nothing."""
        room = self._room(key)
        if on and room.transcribing is None:
            initiator = room.present(by) if by is not None else None
            self._apply(focus.start_transcribing(room, initiator, self.new_id))
        elif not on:
            self._apply(focus.stop_transcribing(room))
        return self._flush()

    def focus_iq(self, key: RoomKey, nick: str, child_: Element, by: str = FOCUS_NICK) -> list[Effect]:
        """An IQ of the focus, or of a virtual occupant, for one occupant; nothing when it is gone."""
        room = self.rooms.get(key)
        occupant = room.get(nick) if room is not None else None
        if room is not None and occupant is not None:
            head = {"type": "set", "id": self.new_id(), "from": room.address(occupant, by)}
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
        held.client = Client(Visitor(address, held.stream.domain, held.grant), socket)
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
        fits = client is not None and _same(client.visitor, held)
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
        self._decide("socket_resumed", client.visitor.grant, data={"socket": socket}, occupant=self._nick(client))

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
        room = self.rooms.get(client.room)
        occupant = room.by_jid(client.jid) if room is not None else None
        if room is not None and occupant is not None:
            self._apply(leave(room, occupant.nick, reason))
        self._clients.pop(client.jid, None)

    def _route(self, client: Client, stanza: Element) -> None:
        key = client.room
        routed = self._router.route(client.visitor, self.rooms.get(key), stanza)
        client.visitor = routed.visitor
        if routed.room is None:
            self._perform(routed.effects)
        else:
            self._apply(Change(routed.room, routed.effects))

    # Helpers

    def _apply(self, change: Change) -> None:
        room = change.room
        before = self.rooms.get(room.key)
        self._perform((*change.effects, *links.changed(before, room)))
        if room.participants:
            self.rooms[room.key] = room
            if before is not None and focus.wants_no_transcript(before, room):
                self._apply(focus.stop_transcribing(room))
            return
        self.rooms.pop(room.key, None)
        self._perform(focus.stop_recording(room).effects)
        self._perform(focus.stop_transcribing(room).effects)

    def _perform(self, effects: Iterable[RoomEffect]) -> None:
        for effect in effects:
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

    def _occupant(self, client: Client | None) -> Occupant | None:
        room = self.rooms.get(client.room) if client is not None else None
        return room.by_jid(client.jid) if room is not None and client is not None else None

    def _nick(self, client: Client | None) -> str | None:
        occupant = self._occupant(client)
        return occupant.nick if occupant is not None else None

    def _room(self, key: RoomKey, nick: str | None = None) -> Room:
        """A running room, with that occupant in it; :class:`SimulatorError` when it isn't so."""
        room = self.rooms.get(key)
        if room is None:
            raise SimulatorError(f"no session {key.name} of app {key.app_id} is running: join it first")
        if nick is not None and room.get(nick) is None:
            inside = ", ".join(one.nick for one in room.occupants)
            raise SimulatorError(f"no occupant {nick} in session {key.name}; there: {inside}")
        return room

    def _new_room(self, key: RoomKey) -> Room:
        return Room(
            key, self._now_ms(), self.new_id(), p2p=self._p2p(key.app_id), reserve=self.options.bridge_in_reserve
        )

    def _decide(self, name: str, grant: Grant | None, *, data: dict[str, object], occupant: str | None = None) -> None:
        known = grant is not None and not grant.is_guest
        room, uid = (grant.room, grant.uid or None) if grant is not None and known else (None, None)
        self._out.append(Decided(name, room, occupant, uid, data))

    def _flush(self) -> list[Effect]:
        effects, self._out = self._out, []
        return effects


def _same(visitor: Visitor, held: _Socket) -> bool:
    """Whether a socket may resume a visitor: same domain and token; a guest's id of stream management is its only proof."""
    was_guest = not visitor.grant.uid
    return visitor.domain == held.stream.domain and (
        visitor.grant == held.grant or (was_guest and held.grant is not None and held.grant.is_guest)
    )
