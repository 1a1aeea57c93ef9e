"""The media side of one session: a PeerConnection that answers the bridge (aiortc), what it sends and what it receives.

An edge: it moves media and holds no rule about calls. aiortc is imported when the first offer comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from testcall_conformance.reference.client import aiortc_internals, jingle
from testcall_conformance.reference.client.jingle import Offer, Slot, Source
from testcall_conformance.reference.client.meter import Meter, Reading
from testcall_conformance.reference.client.network import LOOPBACK

if TYPE_CHECKING:
    from aiortc import RTCDataChannel, RTCPeerConnection, RTCRtpSender

COLIBRI = "http://jitsi.org/protocols/colibri"

logger = logging.getLogger(__name__)


class MediaLeg:
    """Our side of the media of one Jingle session.

    ``on_message`` gets the objects that the bridge sends over the data channel, ``on_state`` the connection's states
    (``connected``, ``failed``, ``closed`` …) as W3C names them.
    """

    def __init__(
        self,
        nick: str,
        audio_only: bool,
        on_message: Callable[[dict[str, Any]], None],
        on_state: Callable[[str], None],
    ) -> None:
        self.nick = nick
        self.audio_only = audio_only
        self._on_message = on_message
        self._on_state = on_state
        self._pc: RTCPeerConnection | None = None
        self._offer: Offer | None = None
        self._slots: list[Slot] = []
        self._meters: dict[str, Meter] = {}
        self._senders: dict[str, RTCRtpSender] = {}
        self._tracks: dict[str, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._channel: RTCDataChannel | None = None
        self._renewing = asyncio.Lock()
        self._frame = asyncio.Event()

    @property
    def sid(self) -> str:
        """The Jingle session's id, empty before the offer."""
        return self._offer.sid if self._offer is not None else ""

    @property
    def state(self) -> str:
        """The connection's state (W3C words), empty before the offer."""
        return self._pc.connectionState if self._pc is not None else ""

    async def answer(self, offer: Offer, responder: str, sending: Mapping[str, bool]) -> str:
        """Answer the bridge's offer and return the session-accept. ``sending`` says of each kind whether to send it."""
        async with self._renewing:
            self._prepare(offer)
            for kind, enabled in sending.items():
                self.send(kind, enabled)
            local = await self._negotiate()
        return jingle.accept(offer, local, responder, self.nick, frozenset({"video"} if self.audio_only else ()))

    def _prepare(self, offer: Offer) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        self._offer = offer
        self._pc = pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        pc.on("track", self._receive)
        pc.on("connectionstatechange", lambda: self._on_state(pc.connectionState))
        for kind in ("audio",) if self.audio_only else ("audio", "video"):
            self._add_sender(pc, kind)
        for source in offer.sources:
            self._slots = jingle.with_source(self._slots, source)

    async def add_video(self) -> int | None:
        """Send a picture in a leg that sent none; the synchronisation source of it, None before there was an offer."""
        async with self._renewing:
            self.audio_only = False
            if self._pc is None or "video" in self._senders:
                return None
            self._add_sender(self._pc, "video")
            await self._renegotiate()
            return self.ssrc("video")

    async def add(self, sources: list[Source]) -> None:
        """Receive more sources."""
        await self._renew(jingle.with_source, sources)

    async def remove(self, sources: list[Source]) -> None:
        """Receive these sources no longer; their meters are forgotten."""
        await self._renew(jingle.without_source, sources)
        for source in sources:
            self._meters = {mid: meter for mid, meter in self._meters.items() if meter.source != source.name}

    def send(self, kind: str, enabled: bool) -> None:
        """Send our source of that kind, or stop sending it (nothing is on the wire then)."""
        sender = self._senders.get(kind)
        if sender is not None:
            sender.replaceTrack(self._track(kind) if enabled else None)

    def sends(self, kind: str) -> bool:
        """Whether our source of that kind is being sent."""
        sender = self._senders.get(kind)
        return sender is not None and sender.track is not None

    def ssrc(self, kind: str) -> int | None:
        """The synchronisation source of what we send."""
        if self._pc is None or self._pc.localDescription is None:
            return None
        return jingle.own_ssrcs(self._pc.localDescription.sdp).get(kind)

    def tell(self, message: dict[str, Any]) -> bool:
        """Send an object over the data channel; false when it isn't open."""
        if self._channel is None or self._channel.readyState != "open":
            return False
        self._channel.send(json.dumps(message))
        return True

    def readings(self) -> list[Reading]:
        """All remote sources now."""
        now = asyncio.get_running_loop().time()
        return [meter.read(now) for meter in self._meters.values()]

    async def next_frame(self) -> None:
        """Return when something more of somebody has been received."""
        self._frame.clear()
        await self._frame.wait()

    async def close(self) -> None:
        """Stop sending and receiving; the last state told is ``closed``."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pc is not None:
            pc, self._pc = self._pc, None
            with contextlib.suppress(Exception):  # aiortc raises what its transports raise; the leg is gone anyhow
                await pc.close()
        for track in self._tracks.values():
            track.stop()
        self._meters.clear()

    def _track(self, kind: str) -> Any:
        if kind not in self._tracks:
            from testcall_conformance.reference.client import sources

            self._tracks[kind] = sources.tone_track() if kind == "audio" else sources.pattern_track()
        return self._tracks[kind]

    def _add_sender(self, pc: RTCPeerConnection, kind: str) -> None:
        track = self._track(kind)
        self._senders[kind] = sender = pc.addTrack(track)
        aiortc_internals.on_key_frame_request(sender, track.show_key_frame)

    async def _renew(self, change: Callable[[list[Slot], Source], list[Slot]], sources: list[Source]) -> None:
        async with self._renewing:
            before = self._slots
            for source in sources:
                self._slots = change(self._slots, source)
            if self._slots != before and self._pc is not None:
                await self._renegotiate()

    async def _renegotiate(self) -> None:
        from aiortc.exceptions import InvalidStateError

        try:
            await self._negotiate()
        except InvalidStateError as error:
            if "closed" not in str(
                error
            ):  # the leg was closed meanwhile, by us or by the bridge: nothing is left to do
                raise

    async def _negotiate(self) -> str:
        from aiortc import RTCSessionDescription

        pc = self._pc
        assert pc is not None
        assert self._offer is not None
        await pc.setRemoteDescription(RTCSessionDescription(jingle.offer_sdp(self._offer, self._slots), "offer"))
        self._open_channel(pc)
        self._stay_local(pc)
        await pc.setLocalDescription(await pc.createAnswer())
        return str(pc.localDescription.sdp)

    def _open_channel(self, pc: RTCPeerConnection) -> None:
        assert self._offer is not None
        if self._channel is None and any(content.media == "application" for content in self._offer.contents):
            self._channel = channel = pc.createDataChannel("JVB data channel", protocol=COLIBRI)
            channel.on("message", self._hear)

    def _stay_local(self, pc: RTCPeerConnection) -> None:
        """Gather on loopback only, if the bridge is only there: aioice never does so by itself."""
        assert self._offer is not None
        hosts = {candidate.ip for candidate in self._offer.transport.candidates}
        if hosts and hosts <= {LOOPBACK}:
            aiortc_internals.gather_on_loopback(pc)

    def _receive(self, track: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._consume(track))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _consume(self, track: Any) -> None:
        from aiortc.mediastreams import MediaStreamError

        meter = self._meter_of(track)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if meter is None:
                    continue
                if track.kind == "audio":
                    meter.hear(frame.to_ndarray(), loop.time())
                else:
                    meter.see(frame)
                self._frame.set()

    def _meter_of(self, track: Any) -> Meter | None:
        assert self._pc is not None
        mid = next((item.mid for item in self._pc.getTransceivers() if item.receiver.track is track), None)
        for index, slot in enumerate(self._slots):
            if jingle.slot_mid(index) == mid:
                meter = Meter(slot.source.owner, slot.source.name, slot.source.media)
                self._meters[mid] = meter
                return meter
        return None  # the placeholder sections of the offer: nothing of a person comes there

    def _hear(self, message: Any) -> None:
        try:
            value = json.loads(message)
        except (TypeError, ValueError):
            logger.warning("the bridge sent no JSON on the data channel")
            return
        if isinstance(value, dict):
            self._on_message(value)
