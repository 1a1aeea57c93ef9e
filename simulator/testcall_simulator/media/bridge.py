"""The bridge of one session: legs for SDK occupants, publishers for virtual ones, and who gets whose packets.

To its occupants it is a Jitsi-style SFU: ``session-initiate`` with placeholder sources, everybody's real sources by
``source-add`` and ``source-remove``, a data channel with colibri messages. Signalling goes through ``send_iq`` and
:meth:`MediaBridge.on_jingle`; what happened is told to the trace.
"""

from __future__ import annotations

import asyncio
import itertools
import zlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from lxml import etree

from testcall_contract.trace import Trace
from testcall_simulator.jingle import Jingle, read_jingle, write_jingle
from testcall_simulator.jingle_sources import NamedSource, source_contents
from testcall_simulator.media import colibri
from testcall_simulator.media.impairment import Impairment, Schedule
from testcall_simulator.media.leg import Leg
from testcall_simulator.media.link import PeerLink
from testcall_simulator.media.meter import Meter
from testcall_simulator.media.peer_media import PeerMedia
from testcall_simulator.media.probe import OccupantProbe
from testcall_simulator.media.sources import AudioSource, MediaError, VideoSource
from testcall_simulator.media.speaker import Floor
from testcall_simulator.media.switch import PacketSwitch

SendIq = Callable[..., Awaitable[None]]
"""Sends an element to a nick in an IQ: of the focus, or of the virtual occupant whose nick is the third argument."""

LINK = "\0link"
"""Under this name the media of two who are alone stands among the legs; no nick can be it."""

REPORT_INTERVAL_S = 1.0
STATS_EVERY = 4
"""Reports between two messages that tell how a virtual participant is connected: SDK 5 waits 10 s for one in a peer call."""
"""How often reports are sent and media events written."""


class MediaBridge:
    """Media of one session. Lives in one event loop; every method is called there."""

    def __init__(
        self, session_id: str, trace: Trace, send_iq: SendIq, *, addresses: Sequence[str] = ("127.0.0.1",)
    ) -> None:
        self.session_id = session_id
        self._trace = trace
        self._send_iq = send_iq
        self._addresses = tuple(addresses)
        self._legs: dict[str, Leg] = {}
        self._publishers: dict[str, PeerMedia] = {}
        self._probes: dict[str, OccupantProbe] = {}
        self.switch = PacketSwitch(self._legs, self._publishers, self._probes)
        """What runs for every packet; ``switch.taps`` sees them all."""
        self._floor = Floor()
        self._networks: dict[str, tuple[Schedule | None, Schedule | None]] = {}
        self._numbers = itertools.count()
        self._sids = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reporter: asyncio.Task[None] | None = None
        self._meter = Meter(session_id, trace, REPORT_INTERVAL_S)
        self._closed = False

    # --- occupants with an SDK

    async def add_leg(self, nick: str, uid: str) -> None:
        """Make a connection for an SDK occupant and offer it."""
        if self._closed or nick in self._legs:
            raise MediaError(f"session {self.session_id}: no second leg for {nick}, and none after the end")
        leg = Leg(nick, uid, f"{zlib.crc32(self.session_id.encode()):08x}{next(self._sids)}", self._addresses, self)
        self._legs[nick] = leg
        self._start_reporting()
        offer = await leg.offer()
        if leg.closed:
            return
        await self._send_described(leg, offer)

    async def _send_described(self, leg: Leg, described: Jingle, *by: str) -> None:
        """Send the description of a connection whose candidates are gathered, and put it into its network."""
        if leg.nick in self._networks:
            leg.transport.impair(*self._networks[leg.nick])
        await self._send_iq(leg.nick, write_jingle(described), *by)

    async def on_jingle(self, nick: str, jingle: etree._Element) -> None:
        """Act on Jingle of an occupant: session-accept, source-add, source-remove, transport-info, session-terminate.

        An occupant whose connection failed and who asks for another one is offered one anew. Anything else, and what belongs to no leg or to another session, is noted and left. Raises
        :class:`~testcall_simulator.jingle.JingleError` for an element that can't be understood.
        """
        message = read_jingle(jingle)
        leg = self._legs.get(nick)
        if leg is None or message.sid != leg.sid:
            self._note(f"{message.action} of {nick} belongs to no session here", sid=message.sid)
            return
        if message.action == "session-accept":
            await self._accepted(leg, message)
        elif message.action == "source-add":
            await self._announce(leg.add_sources(message.contents))
            self._constrain(leg)
        elif message.action == "source-remove":
            await self._withdraw(leg.remove_sources(message.contents))
        elif message.action == "transport-info":
            await leg.add_candidates(message.contents)
        elif message.action == "session-terminate":
            await self.remove_leg(nick)
            if message.restart:
                await self.add_leg(nick, leg.uid)
        elif message.ice_failed:
            await self.restart_leg(nick)
        else:
            self._note(f"{message.action} of {nick} has no meaning here", sid=message.sid)

    async def _accepted(self, leg: Leg, message: Jingle) -> None:
        await leg.accept(message)
        own = leg.add_sources(message.contents)
        await self._tell(leg, "source-add", self._sources_for(leg))
        await self._announce(own)

    async def remove_leg(self, nick: str) -> None:
        """End an SDK occupant's media and take its sources back from the others."""
        leg = self._legs.pop(nick, None)
        if leg is None:
            return
        sources = [forwarded.source for forwarded in leg.sources.values()]
        self._forget(leg.nick)
        await leg.close()
        await self._withdraw(sources)

    async def terminate_leg(self, nick: str, reason: str = "success") -> None:
        """Send ``session-terminate`` and end an SDK occupant's media; the occupant stays in the room."""
        leg = self._legs.get(nick)
        if leg is None:
            raise MediaError(f"session {self.session_id} has no leg for {nick}")
        await self._send_iq(nick, write_jingle(Jingle("session-terminate", leg.sid, reason=reason)))
        await self.remove_leg(nick)

    async def restart_leg(self, nick: str) -> None:
        """End an SDK occupant's media and offer it anew, as a focus does that moves an occupant to another bridge."""
        leg = self._legs.get(nick)
        await self.terminate_leg(nick)
        if leg is not None:
            await self.add_leg(nick, leg.uid)

    # --- virtual occupants

    def add_publisher(self, nick: str, uid: str, audio: AudioSource | None, video: VideoSource | None) -> PeerMedia:
        """Let a virtual occupant send; it is announced to all legs. Sending begins as soon as its clips are encoded."""
        if self._closed or nick in self._publishers:
            raise MediaError(f"session {self.session_id}: no second publisher for {nick}, and none after the end")
        publisher = PeerMedia(
            self.session_id,
            nick,
            uid,
            number=next(self._numbers),
            audio=audio,
            video=video,
            deliver=self.switch.deliver,
            find=self.probe_of,
            wait=self.wait_probe_of,
        )
        self._publishers[nick] = publisher
        self._start_reporting()
        self._spawn(self._publish(publisher))
        return publisher

    async def _publish(self, publisher: PeerMedia) -> None:
        await publisher.start()
        if self._publishers.get(publisher.nick) is publisher:
            await self._announce(publisher.sources)

    async def remove_publisher(self, nick: str) -> None:
        """End a virtual occupant's media and take its sources back from all legs."""
        publisher = self._publishers.pop(nick, None)
        if publisher is None:
            return
        publisher.close()
        self._forget(nick)
        await self.end_link(nick)
        await self._withdraw(publisher.sources)

    async def close(self) -> None:
        """End all media of the session."""
        self._closed = True
        for publisher in self._publishers.values():
            publisher.close()
        legs = list(self._legs.values())
        self._legs.clear()
        self._publishers.clear()
        tasks = [*self._tasks, *([self._reporter] if self._reporter else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(leg.close() for leg in legs))
        self._meter.flush()

    # --- without the bridge: a virtual occupant and an SDK that are alone

    async def offer_link(self, peer: str, nick: str, uid: str) -> None:
        """Let a virtual occupant offer an SDK media without the bridge."""
        link = self._new_link(peer, nick, uid, f"{zlib.crc32(self.session_id.encode()):08x}p{next(self._sids)}")
        offer = await link.offer()
        if not link.closed:
            await self._send_described(link, offer, peer)

    async def on_link_jingle(self, peer: str, nick: str, uid: str, jingle: etree._Element) -> None:
        """Act on an SDK's Jingle for a virtual occupant; what belongs to no link is noted and left."""
        message = read_jingle(jingle)
        link = self._legs.get(LINK)
        if message.action == "session-initiate":
            await self.end_link(peer)
            link = self._new_link(peer, nick, uid, message.sid)
            answer = await link.answer(message)
            if not link.closed:
                await self._send_described(link, answer, peer)
        elif link is None or link.sid != message.sid or link.nick != nick:
            self._note(f"{message.action} of {nick} for {peer} belongs to no session here", sid=message.sid)
        elif message.action == "session-accept":
            await link.accept(message)
        elif message.action == "transport-info":
            await link.add_candidates(message.contents)
        elif message.action == "source-add":
            link.add_sources(message.contents)
        elif message.action == "source-remove":
            link.remove_sources(message.contents)
        elif message.action == "session-terminate":
            await self.end_link(peer)

    async def end_link(self, peer: str) -> None:
        """End the media of two who are no longer alone; nothing happens when there is none. The SDK ends its end itself."""
        link = self._legs.get(LINK)
        if isinstance(link, PeerLink) and link.peer.nick == peer:
            del self._legs[LINK]
            self._meter.forget(link.nick)
            await link.close()

    def _new_link(self, peer: str, nick: str, uid: str, sid: str) -> PeerLink:
        publisher = self._publishers.get(peer)
        if self._closed or publisher is None or LINK in self._legs:
            raise MediaError(f"session {self.session_id}: no media between {peer} and {nick} without the bridge")
        link = PeerLink(publisher, nick, uid, sid, self._addresses, self)
        self._legs[LINK] = link
        return link

    # --- faults

    def impair(
        self, nick: str, *, up: Impairment | None = None, down: Impairment | None = None, seed: int = 0
    ) -> tuple[Schedule | None, Schedule | None]:
        """Make an occupant's network bad from now on: ``up`` from it, ``down`` to it; None makes that direction good again.

        Returns the schedules, which count what was lost. For an occupant without a leg it holds once there is one.
        """
        schedules = (
            Schedule(up, seed) if up is not None else None,
            Schedule(down, seed + 1) if down is not None else None,
        )
        self._networks[nick] = schedules
        for leg in self._legs.values():
            if leg.nick == nick and leg.offered:
                leg.transport.impair(*schedules)
        return schedules

    async def drop_media(self, nick: str) -> None:
        """Close an occupant's media connection as a bridge that goes down does, and tell nobody."""
        leg = self._legs.get(nick)
        if leg is None:
            raise MediaError(f"session {self.session_id} has no leg for {nick}")
        await leg.connection.close()

    # --- measuring

    def probe(self, nick: str) -> OccupantProbe:
        """The probe of an occupant; it may be asked for before the occupant sends anything."""
        if nick not in self._probes:
            self._probes[nick] = OccupantProbe(nick, lambda: self.switch.want_key_frame_of(nick))
        return self._probes[nick]

    def probe_of(self, uid: str) -> OccupantProbe | None:
        """The probe of a user's SDK, the first when there are several (a screen share comes later); None when there is none."""
        return next((self.probe(leg.nick) for leg in self._legs.values() if leg.uid == uid), None)

    async def wait_probe_of(self, uid: str, timeout_s: float) -> OccupantProbe:
        """The same, once that user's media is up; ``TraceTimeoutError`` when it doesn't come up in time."""
        probe = self.probe_of(uid)
        if probe is None:
            event = await self._trace.wait(
                lambda event: event.name == "media_connected" and self._is(event.data, uid),
                what=f"media of {uid} in session {self.session_id}",
                timeout_s=timeout_s,
                after=self._trace.last_seq,
            )
            probe = self.probe(event.data["occupant"])
        return probe

    def _is(self, data: dict[str, Any], uid: str) -> bool:
        return data.get("session") == self.session_id and data.get("uid") == uid

    def connected(self, nick: str) -> bool:
        """Whether an SDK occupant's ICE and DTLS are up."""
        leg = self._legs.get(nick)
        return leg is not None and leg.transport.connected

    # --- announcing

    def _sources_for(self, leg: Leg) -> list[NamedSource]:
        """Everybody else's sources."""
        published = [source for publisher in self._publishers.values() for source in publisher.sources]
        sent = [
            forwarded.source
            for other in self._legs.values()
            if other is not leg and other.accepted and not isinstance(other, PeerLink)
            for forwarded in other.sources.values()
        ]
        return published + sent

    async def _announce(self, sources: Iterable[NamedSource]) -> None:
        sources = list(sources)
        for leg in list(self._legs.values()):
            await self._tell(leg, "source-add", [source for source in sources if source.owner != leg.nick])

    async def _withdraw(self, sources: Iterable[NamedSource]) -> None:
        sources = list(sources)
        for leg in list(self._legs.values()):
            await self._tell(leg, "source-remove", [source for source in sources if source.ssrc in leg.announced])

    async def _tell(self, leg: Leg, action: str, sources: Sequence[NamedSource]) -> None:
        """Tell a leg of sources, once each, and let their packets through; nothing before it has accepted the offer."""
        adding = action == "source-add"
        sources = [source for source in sources if (source.ssrc in leg.announced) is not adding]
        if not sources or not leg.accepted or leg.closed or isinstance(leg, PeerLink):
            return
        for source in sources:
            (leg.announced.add if adding else leg.announced.discard)(source.ssrc)
        await self._send_iq(leg.nick, write_jingle(Jingle(action, leg.sid, source_contents(sources))))
        if adding and leg.transport.connected:
            for source in sources:
                self.switch.want_key_frame(source.ssrc)

    def rtp_arrived(self, leg: Leg, data: bytes) -> None:
        """An occupant's packet."""
        self.switch.rtp_arrived(leg, data)

    def rtcp_arrived(self, leg: Leg, data: bytes) -> None:
        """An occupant's feedback and reports."""
        self.switch.rtcp_arrived(leg, data)

    # --- data channel

    def channel_opened(self, leg: Leg) -> None:
        """Greet, and ask for one layer."""
        self._say(leg, colibri.server_hello())
        self._constrain(leg)

    def _constrain(self, leg: Leg) -> None:
        for message in colibri.sender_constraints(forwarded.source for forwarded in leg.sources.values()):
            self._say(leg, message)

    def channel_message(self, leg: Leg, text: str | bytes) -> None:
        """Trace a message, answer it, and relay it to whom it is for."""
        message = colibri.read(text)
        if message is None:
            self._note(f"{leg.nick} sent something that is no colibri message", length=len(text))
            return
        self._trace_channel(leg, "in", message)
        for answer in colibri.replies(message):
            self._say(leg, answer)
        others = [nick for nick in self._legs if nick != leg.nick]
        for nick, relayed in colibri.relayed(message, leg.nick, others).items():
            self._say(self._legs[nick], relayed)

    def send_endpoint_message(self, sender: str, payload: Any, to: str = "") -> None:
        """Send an endpoint message in the name of a virtual occupant, to one nick or (``""``) to all legs."""
        message = {"colibriClass": "EndpointMessage", "to": to, "msgPayload": payload}
        for nick, relayed in colibri.relayed(message, sender, list(self._legs)).items():
            self._say(self._legs[nick], relayed)

    def _say(self, leg: Leg, message: colibri.Message) -> None:
        if leg.say(message):
            self._trace_channel(leg, "out", message)

    def _trace_channel(self, leg: Leg, direction: str, message: colibri.Message) -> None:
        self._trace.add(
            "wire",
            leg.uid if direction == "in" else "service",
            message["colibriClass"],
            channel="datachannel",
            session=self.session_id,
            occupant=leg.nick,
            uid=leg.uid,
            direction=direction,
            message=message,
        )

    # --- state and reports

    def state_changed(self, leg: Leg, state: str) -> None:
        """Trace that media is up or down; a new viewer needs key frames."""
        if state == "connected" and not leg.was_connected:
            leg.was_connected = True
            self._decided("media_connected", leg, **_way(leg))
            for ssrc in leg.announced:
                self.switch.want_key_frame(ssrc)
        elif state in ("failed", "closed") and leg.was_connected:
            leg.was_connected = False
            self._decided("media_closed", leg, reason=state if not leg.closed else "removed", **_way(leg))
        elif state == "failed":
            self._decided("media_failed", leg)

    def _start_reporting(self) -> None:
        if self._reporter is None:
            self._reporter = asyncio.create_task(self._report())

    async def _report(self) -> None:
        for tick in itertools.count(1):
            await asyncio.sleep(REPORT_INTERVAL_S)
            self.switch.report()
            if tick % STATS_EVERY == 0:
                self._tell_stats()
            # Who has a link is measured there: it stands behind the legs, and nothing comes through the bridge meanwhile.
            in_use = (leg for leg in self._legs.values() if not isinstance(leg, PeerLink) or leg.transport.connected)
            measured = {leg.nick: leg for leg in in_use}
            self._listen(self._meter.measure(measured.values(), self._publishers.values()))

    def _tell_stats(self) -> None:
        """Virtual participants are alive, and say so as SDKs do."""
        for nick in self._publishers:
            for leg in self._legs.values():
                self._say(leg, colibri.endpoint_stats(nick))

    def _listen(self, levels: Mapping[str, float]) -> None:
        """Tell everybody when another one speaks."""
        floor = self._floor.heard(levels)
        if floor == self._floor:
            return
        self._floor = floor
        leg_or_peer = self._legs.get(floor.speaker or "") or self._publishers.get(floor.speaker or "")
        if leg_or_peer is not None:
            self._decided("dominant_speaker_changed", leg_or_peer)
        for leg in self._legs.values():
            self._say(leg, colibri.dominant_speaker(floor.speaker or "", floor.previous))

    def _forget(self, nick: str) -> None:
        self._probes.pop(nick, None)
        self._meter.forget(nick)
        self._floor = self._floor.without(nick)

    def _decided(self, name: str, leg: Leg | PeerMedia, **data: Any) -> None:
        self._trace.add(
            "wire",
            "service",
            name,
            channel="service",
            session=self.session_id,
            occupant=leg.nick,
            uid=leg.uid,
            **data,
        )

    def _note(self, text: str, **data: Any) -> None:
        self._trace.add("log", "service", "media", session=self.session_id, text=text, **data)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._note(f"{type(error).__name__}: {error}")


def _way(leg: Leg) -> dict[str, Any]:
    """Whether media goes around the bridge, for the trace."""
    return {"link": leg.peer.nick} if isinstance(leg, PeerLink) else {}
