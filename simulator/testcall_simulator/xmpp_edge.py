"""The signalling's edge: WebSockets in, frames out, timers, media, the trace and the world's book-keeping. No rule is here.

What is said to whom is decided in :mod:`testcall_simulator.xmpp`; this file carries its effects out in their order. Frames of
one socket leave in order through one queue; media of one session is worked off in order by one task, so that signalling never
waits for it.
"""

from __future__ import annotations

import asyncio
import random
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from testcall_contract.trace import Trace
from testcall_simulator import captures
from testcall_simulator.calls import Line as SpokenLine
from testcall_simulator.clock import Clock
from testcall_simulator.errors import SimulatorError
from testcall_simulator.faults import Fault, Faults, Message
from testcall_simulator.peer import Peer
from testcall_simulator.session_media import Bridge, BridgeFactory, SessionMedia, media_bridges
from testcall_simulator.signalling_lines import Line
from testcall_simulator.tokens import CallTokenError
from testcall_simulator.world import World
from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.faulty import Break, Pass, Passage, Refuse
from testcall_simulator.xmpp.links import link
from testcall_simulator.xmpp.names import CLIENT, FOCUS_NICK
from testcall_simulator.xmpp.routing import Options
from testcall_simulator.xmpp.service import Service
from testcall_simulator.xmpp.virtual import Persona
from testcall_simulator.xmpp.xml import Element, StreamError, make

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

SUBPROTOCOL = "xmpp"
"""RFC 7395 §3.1: a client that doesn't ask for it is refused."""

_OWN_SCREENS = 4
"""The major version of the SDK in which a shared screen is an occupant of its own."""

_CAPTURES: dict[str, tuple[captures.CaptureKind, bool, str]] = {
    "recording_started": ("recording", True, "recording"),
    "recording_stopped": ("recording", False, "recording"),
    "transcription_started": ("transcript", True, "transcript"),
    "transcription_stopped": ("transcript", False, "transcript"),
}
"""Decisions that begin or end something that can be fetched later, and what its id stands under. A stream leaves nothing."""

_FAREWELL_S = 0.5
"""How long sockets may take to be closed when the simulator stops; a fault may be delaying a frame for ever."""

_DOMAIN = re.compile(r"localhost(:\d{1,5})?|rtc(v5)?-[a-z]+\.[a-z0-9-]+\.io")
"""XMPP domains that are ours: the simulator's own, and those of the regions."""

_ROOT_NAME = re.compile(r"\s*<(?:[\w.-]+:)?([\w.-]+)")


class SignallingService:
    """The signalling of one simulator. Lives in one event loop.

    ``bridges`` makes the media of each session; ``None`` leaves calls without media.
    """

    def __init__(
        self,
        world: World,
        trace: Trace,
        clock: Clock,
        *,
        bridges: BridgeFactory | None = media_bridges,
        faults: Faults | None = None,
        options: Options | None = None,
    ) -> None:
        noise = random.Random(f"testcall signalling {world.seed}")
        self.core = Service(
            new_id=lambda: str(uuid.UUID(int=noise.getrandbits(128), version=4)),
            now_ms=lambda: int(clock.now() * 1000),
            serves=lambda domain: _DOMAIN.fullmatch(domain) is not None,
            gate=self._closed_to,
            p2p=lambda app_id: world.find_app(app_id).settings.p2p,
            options=options,
        )
        """The state, and every decision."""
        self.world = world
        self.trace = trace
        self.clock = clock
        self._bridges = bridges
        self._faults = faults
        self._lines: dict[str, Line] = {}
        self._media: dict[fx.RoomKey, SessionMedia] = {}
        self._peers: dict[tuple[fx.RoomKey, str], Peer] = {}
        self._writers: set[asyncio.Task[None]] = set()
        self._sockets = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # Sockets

    async def websocket(self, ws: WebSocket) -> None:
        """Serve one signalling socket until it closes. ``ws`` isn't accepted yet; without subprotocol xmpp it is refused."""
        if SUBPROTOCOL not in ws.scope.get("subprotocols", []):
            await ws.close()
            return
        await ws.accept(subprotocol=SUBPROTOCOL)
        self._sockets += 1
        name = f"ws{self._sockets}"
        line = self._lines[name] = Line(ws, self.clock)
        self._carry_out(self.core.opened(name, self._grant(ws.query_params.get("token", ""))))
        writer = asyncio.create_task(line.write(), name=f"signalling {name}")
        self._writers.add(writer)
        writer.add_done_callback(self._writers.discard)
        try:
            await self._read(name, ws, line)
        finally:
            self._carry_out(self.core.lost(name))
            del self._lines[name]
            writer.cancel()

    async def _read(self, name: str, ws: WebSocket, line: Line) -> None:
        while True:
            message = await ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                self._carry_out(self.core.violated(name, StreamError("unsupported-encoding", "frames are text")))
                continue
            faults = self._strike(name, "in", text)
            self._record_stanza(name, "in", text, faults)
            for passage in line.incoming(text, faults):
                await self._handle(name, line, passage)

    async def _handle(self, name: str, line: Line, passage: Passage) -> None:
        match passage:
            case Pass(text, delay_s):
                if delay_s:
                    await self.clock.sleep(delay_s)
                self._carry_out(self.core.received(name, text))
            case Refuse(text, condition):
                self._carry_out(self.core.refuse(name, text, condition))
            case Break():
                line.cut()

    def _strike(self, name: str, direction: Literal["in", "out"], text: str) -> list[Fault]:
        if not self._faults:
            return []
        who = self.core.who(name)
        session = who.room.name if who.room is not None else None
        return self._faults.strike(Message("xmpp", _kind(text), direction, who.uid, session, text))

    def _grant(self, token: str) -> fx.Grant | None:
        """Whom a call token admits; ``None`` for a token that the world refuses. Without any token one is a guest."""
        if not token:
            return fx.GUEST if self.core.options.guests else None
        try:
            said = self.world.read_call_token(token)
        except CallTokenError:
            return None
        user = self.world.user(said.uid, said.app_id)
        return fx.Grant(said.app_id, said.session_id, said.uid, user.name, user.avatar)

    def _closed_to(self, grant: fx.Grant) -> str | None:
        session = self.world.find_session(grant.app_id, grant.session_id)
        return "forbidden" if session is not None and not session.admits(grant.uid) else None

    def configure(self, **choices: Any) -> None:
        """Change :class:`Options` by name, for what comes from now on: ``configure(stream_management=False)``."""
        self.core.configure(**choices)

    # Acts

    async def join_peer(
        self,
        session_id: str,
        uid: str,
        *,
        audio: Any = None,
        video: Any = None,
        audio_muted: bool = False,
        video_paused: bool = False,
        name: str | None = None,
        app_id: str | None = None,
    ) -> Peer:
        """A user of the world enters a session as a virtual participant. ``audio`` and ``video``: media sources, or none."""
        app = self.world.find_app(app_id)
        user = self.world.user(uid, app.app_id)
        key = self._key(session_id, app_id)
        persona = Persona(
            nick=self._free_nick(key),
            uid=user.uid,
            name=name if name is not None else user.name,
            avatar=user.avatar,
            joined_ms=int(self.clock.now() * 1000),
            audio_muted=audio_muted if audio is not None or video is None else None,
            video_paused=video_paused if video is not None or audio is None else None,
        )
        grant = fx.Grant(app.app_id, key.name, user.uid, user.name, user.avatar)
        joined = self.core.join_virtual(grant, persona)
        publisher = None
        bridge = self._session_media(key).bridge
        if bridge is not None:
            publisher = bridge.add_publisher(persona.nick, user.uid, audio, video)
        peer = Peer(self, key, persona, publisher)
        self._peers[key, persona.nick] = peer
        self._carry_out(joined)
        return peer

    async def change_peer(
        self, peer: Peer, *, audio_muted: bool | None = None, video_paused: bool | None = None
    ) -> None:
        """A virtual participant mutes or pauses, or ends that."""
        peer.persona = peer.persona.muting(audio=audio_muted, video=video_paused)
        self._carry_out(self.core.update_virtual(peer.key, peer.persona))

    async def command_peer(self, peer: Peer, name: str, attributes: dict[str, str], value: str | None) -> None:
        """A virtual participant sends a command."""
        self._carry_out(self.core.say_virtual(peer.key, peer.persona, (make(CLIENT, name, attributes, text=value),)))

    async def subject_peer(self, peer: Peer, text: str) -> None:
        """A virtual participant sets the session's subject."""
        self._carry_out(self.core.message_virtual(peer.key, peer.nick, make(CLIENT, "subject", text=text)))

    async def share_peer(self, peer: Peer, *, sharing: bool, major: int) -> None:
        """A virtual participant shares a screen, or ends that, as an SDK of that major version tells it. No picture is sent."""
        if major != _OWN_SCREENS:
            peer.persona = replace(peer.persona, sharing=sharing)
            self._carry_out(self.core.update_virtual(peer.key, peer.persona))
        elif sharing and peer.screen is None:
            peer.screen = Persona(self._free_nick(peer.key), "", f"{peer.persona.name}(Screen)", screen_of=peer.nick)
            grant = fx.Grant(peer.key.app_id, peer.key.name, peer.uid)
            self._carry_out(self.core.join_virtual(grant, peer.screen))
        elif not sharing and peer.screen is not None:
            screen, peer.screen = peer.screen, None
            await self.command_peer(peer, "SCREEN_SHARING_STOPPED", {}, screen.nick)
            self._carry_out(self.core.remove(peer.key, screen.nick, "left"))

    async def remove_peer(self, peer: Peer) -> None:
        """A virtual participant leaves; one that is gone already stays gone."""
        if peer.screen is not None:
            await self.share_peer(peer, sharing=False, major=_OWN_SCREENS)
        if (peer.key, peer.nick) in self._peers:
            self._carry_out(self.core.remove(peer.key, peer.nick, "left"))

    async def kick(self, session_id: str, nick: str, *, reason: str | None = None, app_id: str | None = None) -> None:
        """Throw an occupant out."""
        self._carry_out(self.core.remove(self._key(session_id, app_id), nick, "kicked", reason))

    async def end_session(self, session_id: str, *, reason: str | None = None, app_id: str | None = None) -> None:
        """End a session for all."""
        self._carry_out(self.core.end(self._key(session_id, app_id), reason))

    async def mute_participant(
        self, session_id: str, nick: str, media: Literal["audio", "video"], *, app_id: str | None = None
    ) -> None:
        """The focus tells an occupant to mute itself."""
        self._carry_out(self.core.mute(self._key(session_id, app_id), nick, media))

    async def start_recording(
        self,
        session_id: str,
        *,
        mode: Literal["file", "stream"] = "file",
        by: str | None = None,
        app_id: str | None = None,
    ) -> None:
        """Start a recording by the service's own doing, or on behalf of the occupant ``by``; nothing happens when one runs."""
        self._carry_out(self.core.record(self._key(session_id, app_id), on=True, mode=mode, by=by))

    async def stop_recording(self, session_id: str, *, app_id: str | None = None) -> None:
        """Stop the recording; nothing happens when none runs."""
        self._carry_out(self.core.record(self._key(session_id, app_id), on=False))

    async def start_transcription(self, session_id: str, *, by: str | None = None, app_id: str | None = None) -> None:
        """Start a transcription by the service's own doing, or on behalf of the occupant ``by``; nothing happens when one runs."""
        self._carry_out(self.core.transcribe(self._key(session_id, app_id), on=True, by=by))

    async def stop_transcription(self, session_id: str, *, app_id: str | None = None) -> None:
        """Stop the transcription; nothing happens when none runs."""
        self._carry_out(self.core.transcribe(self._key(session_id, app_id), on=False))

    async def speak(self, session_id: str, nick: str, text: str, *, app_id: str | None = None) -> None:
        """The transcriber hears an occupant say ``text``: it comes as a caption over the bridge's channel, and into the transcript."""
        key = self._key(session_id, app_id)
        room = self.core.rooms.get(key)
        speaker = room.get(nick) if room is not None else None
        if room is None or speaker is None or room.transcribing is None:
            raise SimulatorError(f"nobody transcribes what {nick} says in session {session_id}: start a transcription")
        name = speaker.facts.name or speaker.uid
        captures.hear(self.world, room.transcribing.id, SpokenLine(self.world.now(), speaker.uid, name, text))
        media = self._media.get(key)
        if media is not None and media.bridge is not None:
            said = caption(self.core.new_id(), nick, name, text, int(self.clock.now() * 1000))
            media.bridge.send_endpoint_message(room.transcribing.transcriber, said)

    async def impair(
        self, session_id: str, nick: str, *, up: Any = None, down: Any = None, seed: int = 0, app_id: str | None = None
    ) -> None:
        """Make an occupant's network bad from now on (``media.impairment.Impairment``); None makes a direction good again."""
        key = self._key(session_id, app_id)
        media = self._media.get(key)
        if media is None or media.bridge is None or nick not in self.occupants(key.name, app_id=app_id):
            raise SimulatorError(f"there is no occupant {nick} with media in session {session_id}")
        media.bridge.impair(nick, up=up, down=down, seed=seed)

    async def drop_socket(self, session_id: str, nick: str, *, app_id: str | None = None) -> None:
        """Break an occupant's socket without a closing handshake, as a network that fails does."""
        socket = self.core.socket_of(self._key(session_id, app_id), nick)
        if socket is None:
            raise SimulatorError(f"occupant {nick} of session {session_id} has no open socket")
        self._lines[socket].cut()

    async def close(self) -> None:
        """End all sessions' media and all sockets."""
        for line in self._lines.values():
            line.hang_up(1001)
        if self._writers:
            await asyncio.wait(self._writers, timeout=_FAREWELL_S)
        for media in list(self._media.values()):
            media.close()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def occupants(self, session_id: str, *, app_id: str | None = None) -> dict[str, str]:
        """Who is in a session: nick → uid, in order of arrival, recorders left out; empty when it isn't running."""
        room = self.core.rooms.get(self._key(session_id, app_id))
        return {one.nick: one.uid for one in room.participants} if room is not None else {}

    # Effects

    def _carry_out(self, effects: list[fx.Effect]) -> None:
        for effect in effects:
            match effect:
                case fx.Deliver(socket, text):
                    if (line := self._lines.get(socket)) is not None:
                        faults = self._strike(socket, "out", text)
                        self._record_stanza(socket, "out", text, faults)
                        line.put(text, faults)
                case fx.Hangup(socket, code):
                    if (line := self._lines.get(socket)) is not None:
                        line.hang_up(code)
                case fx.Decided():
                    self._record_decision(effect)
                case fx.Expect(client, absence, seconds):
                    self._expect(client, absence, seconds)
                case fx.PeerAsked(room, nick, media, muted):
                    self._obey(room, nick, media, muted=muted)
                case _:
                    self._media_work(effect)

    def _media_work(self, effect: fx.MediaEffect) -> None:
        if isinstance(effect, fx.CloseMedia):
            if (media := self._media.pop(effect.room, None)) is not None:
                media.close()
            return
        if isinstance(effect, fx.OfferLink) and effect.seconds:
            self.clock.call_later(effect.seconds, lambda: self._offer_late(effect))
            return
        if isinstance(effect, fx.RemovePublisher):
            self._peers.pop((effect.room, effect.nick), None)
        self._session_media(effect.room).put(effect)

    def _offer_late(self, effect: fx.OfferLink) -> None:
        if link(self.core.rooms.get(effect.room)) == (effect.nick, effect.to):
            self._session_media(effect.room).put(effect)

    def _expect(self, client: str, absence: int, seconds: float) -> None:
        self.clock.call_later(seconds, lambda: self._carry_out(self.core.expired(client, absence)))

    def _obey(self, room: fx.RoomKey, nick: str, media: str, *, muted: bool) -> None:
        """A virtual participant does as the focus tells it."""
        peer = self._peers.get((room, nick))
        if peer is None:
            return
        peer.persona = peer.persona.muting(audio=muted) if media == "audio" else peer.persona.muting(video=muted)
        self._carry_out(self.core.update_virtual(room, peer.persona))

    def _session_media(self, key: fx.RoomKey) -> SessionMedia:
        media = self._media.get(key)
        if media is None:
            media = self._media[key] = SessionMedia(self._make_bridge(key), key, self.trace)
            task = asyncio.create_task(media.run(), name=f"media {key.name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return media

    def _make_bridge(self, key: fx.RoomKey) -> Bridge | None:
        if self._bridges is None:
            return None

        async def send_iq(nick: str, child: Element, by: str = FOCUS_NICK) -> None:
            self._carry_out(self.core.focus_iq(key, nick, child, by))

        try:
            return self._bridges(key.name, self.trace, send_iq)
        except ImportError as error:
            self.trace.add(
                "log", "service", "no_media", session=key.name, reason=f"{error}; install testcall[media] for media"
            )
            return None

    # The trace and the world's book

    def _record_stanza(self, socket: str, direction: Literal["in", "out"], text: str, faults: Sequence[Fault]) -> None:
        who = self.core.who(socket)
        about = {
            "session": who.room.name if who.room else None,
            "occupant": who.occupant,
            "uid": who.uid,
            "faults": [fault.does for fault in faults] or None,
        }
        self.trace.add(
            "wire",
            (who.uid or "unknown") if direction == "in" else "service",
            _kind(text),
            channel="xmpp",
            direction=direction,
            stanza=text,
            socket=socket,
            **{name: value for name, value in about.items() if value is not None},
        )

    def _record_decision(self, decided: fx.Decided) -> None:
        about: dict[str, Any] = {"channel": "service"}
        if decided.room is not None:
            about |= {"app": decided.room.app_id, "session": decided.room.name}
        about |= {"occupant": decided.occupant} if decided.occupant is not None else {}
        about |= {"uid": decided.uid} if decided.uid is not None else {}
        self._book(decided)
        self.trace.add("wire", "service", decided.name, **about, **decided.data)

    def _book(self, decided: fx.Decided) -> None:
        """Keep the world's call log: who was in which session, from when to when."""
        room, nick, uid = decided.room, decided.occupant, decided.uid
        if room is None:
            return
        if decided.name in _CAPTURES:
            kind, begins, name = _CAPTURES[decided.name]
            if begins:
                captures.begin(self.world, decided.data[name], kind)
            else:
                captures.end(self.world, room.app_id, room.name, decided.data[name])
        elif decided.name == "session_ended":
            self.world.end(room.app_id, room.name)
        elif nick is not None and uid:
            if decided.name == "occupant_joined" and not decided.data["screen"]:
                audio_only = bool(decided.data.get("audio_only"))
                config = decided.data.get("config")
                self.world.enter(room.app_id, room.name, uid, device_id=nick, audio_only=audio_only, config=config)
            elif decided.name == "occupant_left":
                self.world.leave(room.app_id, room.name, uid, device_id=nick)

    # Helpers

    def _key(self, session_id: str, app_id: str | None) -> fx.RoomKey:
        app = self.world.find_app(app_id)
        return fx.RoomKey(app.app_id, self.world.room_of(app, session_id))

    def _free_nick(self, key: fx.RoomKey) -> str:
        """Eight hexadecimal digits, as the SDKs' own nicks are, that nobody in the room has."""
        room = self.core.rooms.get(key)
        while True:
            nick = self.core.new_id()[:8]
            if room is None or room.get(nick) is None:
                return nick


def caption(message_id: str, nick: str, name: str, text: str, now_ms: int) -> dict[str, Any]:
    """What the transcriber says of a sentence, as SDK 5 reads it."""
    return {
        "type": "transcription-result",
        "message_id": message_id,
        "is_interim": False,
        "timestamp": now_ms,
        "transcript": [{"text": text}],
        "participant": {"id": nick, "name": name},
    }


def _kind(text: str) -> str:
    """What a frame is called in the trace and in faults: its root element's name."""
    found = _ROOT_NAME.match(text)
    return found.group(1) if found else "text"
