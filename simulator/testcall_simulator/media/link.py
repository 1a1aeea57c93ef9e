"""Media between an SDK and a virtual occupant without the bridge: the virtual one's end of a connection of two.

To the far end this is another SDK: contents are named by mid (``0`` audio, ``1`` video), there is no bridge channel, and
sources are real ones from the start. They bear SSRCs of their own, for the same occupant may be heard through the bridge soon
after. Payload types are those of whoever offered, so packets are readdressed on their way out.
"""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from aiortc import RTCSessionDescription

from testcall_simulator.jingle import Candidate, Content, HeaderExtension, Jingle, JingleError, Source
from testcall_simulator.media import rtcp, rtp
from testcall_simulator.media.leg import AUDIO_LEVEL, Leg, LegListener, told_transport, wanted_codecs
from testcall_simulator.media.publisher import Publisher
from testcall_simulator.sdp import read_sdp, write_sdp

_CODEC = {"audio": "opus", "video": "VP8"}
"""What publishers send."""


class PeerLink(Leg):
    """A virtual occupant's end. ``nick`` and ``uid`` are the far end's, as in every leg."""

    has_channel = False

    def __init__(
        self, peer: Publisher, nick: str, uid: str, sid: str, addresses: Sequence[str], listener: LegListener
    ) -> None:
        super().__init__(nick, uid, sid, addresses, listener)
        self.peer = peer
        self._ssrcs = {source.ssrc: zlib.crc32(f"{sid}/{source.name}".encode()) or 1 for source in peer.sources}
        self._payload_types: dict[int, int] = {}
        self._originals = {told: ssrc for ssrc, told in self._ssrcs.items()}
        self.transport.readdress = self._readdress

    # --- negotiation

    async def offer(self) -> Jingle:
        """Gather candidates and return the ``session-initiate``."""
        written = read_sdp((await self.connection.createOffer()).sdp)
        contents = [self._own(replace(content, extensions=())) for content in written]
        description = RTCSessionDescription(write_sdp([_plain(content) for content in contents]), "offer")
        await self.connection.setLocalDescription(description)
        return self._described("session-initiate", contents)

    async def answer(self, offer: Jingle) -> Jingle:
        """Take a ``session-initiate`` and return the ``session-accept``."""
        understood = [
            replace(content, codecs=wanted_codecs(content), extensions=_levels(content))
            for content in offer.contents
            if content.media != "application"
        ]
        if not understood or any(content.transport is None for content in understood):
            raise JingleError(f"the offer of {self.nick} has no content with a transport")
        remote = RTCSessionDescription(write_sdp([_plain(content) for content in understood]), "offer")
        await self.connection.setRemoteDescription(remote)
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        answered = {content.name: content for content in read_sdp(self.connection.localDescription.sdp)}
        levels = [extension.id for content in understood for extension in content.extensions]
        self.audio_level_id = levels[0] if levels else 0
        contents = [self._own(replace(answered[content.name], extensions=content.extensions)) for content in understood]
        accept = self._described("session-accept", contents)
        self.accepted = True
        self.add_sources(offer.contents)
        await self.add_candidates(offer.contents)
        return accept

    async def accept(self, answer: Jingle) -> None:
        """Take the ``session-accept``, with the candidates that it brings."""
        bare = [_without_candidates(content) for content in answer.contents]
        await super().accept(replace(answer, contents=tuple(bare)))
        self.add_sources(answer.contents)
        await self.add_candidates(answer.contents)

    async def add_candidates(self, contents: Iterable[Content]) -> None:
        """Take candidates that can be reached from here: names of browsers that hide their addresses can't be."""
        reachable = (
            replace(content, transport=replace(transport, candidates=tuple(filter(_reachable, transport.candidates))))
            for content in contents
            if (transport := content.transport) is not None
        )
        await super().add_candidates(reachable)

    def _own(self, content: Content) -> Content:
        """A content as the virtual occupant writes it: codecs it deals with, and its source."""
        codecs = wanted_codecs(content)
        media = [source for source in self.peer.sources if source.media == content.media]
        told = tuple(
            Source(self._ssrcs[one.ssrc], one.name, msid=one.msid, cname=one.owner, video_type=one.video_type)
            for one in media
        )
        return replace(content, senders="both", codecs=codecs, sources=told, groups=())

    def _described(self, action: str, contents: Sequence[Content]) -> Jingle:
        local = {content.name: content.transport for content in read_sdp(self.connection.localDescription.sdp)}
        self._offer = tuple(replace(content, transport=told_transport(local[content.name])) for content in contents)
        self.offered = True
        for stream in self.peer.streams:
            content = next((one for one in self._offer if one.media == stream.source.media), None)
            wanted = _CODEC[stream.source.media]
            chosen = next((codec.id for codec in content.codecs if codec.name == wanted), None) if content else None
            if chosen is not None:
                self._payload_types[stream.payload_type] = chosen
                self.announced.add(stream.source.ssrc)
        starts = action == "session-initiate"
        return Jingle(
            action=action,
            sid=self.sid,
            contents=self._offer,
            initiator=self.peer.nick if starts else self.nick,
            responder=None if starts else self.peer.nick,
            bundle=tuple(content.name for content in self._offer),
        )

    # --- packets

    def _readdress(self, data: bytes) -> bytes:
        if 192 <= data[1] <= 223:  # RTCP (RFC 5761 §4)
            return rtcp.renumber(data, self._ssrcs)
        ssrc = int.from_bytes(data[8:12], "big")
        return rtp.readdress(data, self._payload_types[data[1] & 0x7F], self._ssrcs[ssrc])

    def _rtcp_arrived(self, data: bytes) -> None:
        super()._rtcp_arrived(rtcp.renumber(data, self._originals))


def _levels(content: Content) -> tuple[HeaderExtension, ...]:
    return tuple(extension for extension in content.extensions if extension.uri == AUDIO_LEVEL.uri)


def _plain(content: Content) -> Content:
    """What aiortc needs to know: no source, for packets are sorted here, and no candidate, for they are looked at here."""
    return _without_candidates(replace(content, senders="both", sources=(), groups=(), extensions=()))


def _without_candidates(content: Content) -> Content:
    transport = content.transport
    return replace(content, transport=replace(transport, candidates=()) if transport is not None else None)


def _reachable(candidate: Candidate) -> bool:
    try:
        return ipaddress.ip_address(candidate.ip).version == 4
    except ValueError:
        return False
