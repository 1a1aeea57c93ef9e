"""One SDK occupant's connection to the bridge: the service offers, the browser answers, one transport carries everything.

A leg knows its own connection and the sources that its occupant sends; what is forwarded where is the bridge's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from aiortc import RTCPeerConnection, RTCSessionDescription

from testcall_simulator.jingle import Codec, Content, HeaderExtension, Jingle, JingleError, Media, Transport
from testcall_simulator.jingle_sources import NamedSource, named_sources, placeholder, with_sources
from testcall_simulator.media import colibri
from testcall_simulator.media.aiortc_internals import RawTransport, new_peer_connection
from testcall_simulator.media.forwarder import ForwardedSource
from testcall_simulator.sdp import answer_to, read_sdp, write_sdp

PLACEHOLDER_SSRC: dict[Media, int] = {"audio": 0x7C000001, "video": 0x7C000002}
"""SSRCs of the bridge's placeholder sources, also its own in RTCP."""

NAMES: dict[Media, str] = {"audio": "audio", "video": "video", "application": "data"}
"""Content names; the SDK accepts no others."""

AUDIO_LEVEL = HeaderExtension(1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level")
"""The one header extension that is offered: each audio packet tells its level (RFC 6464), so that nothing need be decoded."""

_OFFERED: dict[Media, tuple[str, ...]] = {"audio": ("opus", "PCMU"), "video": ("VP8", "H264"), "application": ()}
_H264_PROFILE = "42e01f"


class LegListener(Protocol):
    """Who is told what happens on a leg."""

    def rtp_arrived(self, leg: Leg, data: bytes) -> None:
        """A decrypted RTP packet came."""

    def rtcp_arrived(self, leg: Leg, data: bytes) -> None:
        """A decrypted compound RTCP packet came."""

    def channel_opened(self, leg: Leg) -> None:
        """The browser opened the bridge channel."""

    def channel_message(self, leg: Leg, text: str | bytes) -> None:
        """A message came over the bridge channel."""

    def state_changed(self, leg: Leg, state: str) -> None:
        """The connection is now connecting, connected, failed or closed."""


class Leg:
    """The service's end of one occupant's connection."""

    has_channel = True
    """Whether a bridge channel is offered."""

    def __init__(self, nick: str, uid: str, sid: str, addresses: Sequence[str], listener: LegListener) -> None:
        self.nick = nick
        self.uid = uid
        self.sid = sid
        self.offered = False
        """Whether candidates were gathered and the offer is made."""
        self.accepted = False
        """Whether the occupant has answered the offer."""
        self.closed = False
        self.was_connected = False
        self.announced: set[int] = set()
        """SSRCs of others that this occupant was told of: only these are sent to it."""
        self.sources: dict[str, ForwardedSource] = {}
        self.by_ssrc: dict[int, ForwardedSource] = {}
        self.audio_level_id = 0
        """The id of the audio level extension, 0 unless the occupant accepted it."""
        self.unknown_packets = 0
        """RTP packets of SSRCs that nobody announced; they are dropped."""
        self._listener = listener
        self._offer: tuple[Content, ...] = ()
        self._channel: Any = None
        self.connection: RTCPeerConnection = new_peer_connection()
        self.connection.addTransceiver("audio")
        self.connection.addTransceiver("video")
        if self.has_channel:
            # The browser opens the real channel; this one only makes aiortc write the application section.
            self.connection.createDataChannel("bootstrap")
        self.transport = RawTransport(
            self.connection,
            addresses,
            lambda data: listener.rtp_arrived(self, data),
            self._rtcp_arrived,
        )
        self.connection.on("connectionstatechange", self._state_changed)
        self.connection.on("datachannel", self._channel_offered)

    def _rtcp_arrived(self, data: bytes) -> None:
        self._listener.rtcp_arrived(self, data)

    # --- negotiation

    async def offer(self) -> Jingle:
        """Gather candidates and return the ``session-initiate``."""
        written = read_sdp((await self.connection.createOffer()).sdp)
        contents = [_offered(content) for content in written]
        plain = [replace(content, extensions=()) for content in contents]
        await self.connection.setLocalDescription(RTCSessionDescription(write_sdp(plain), "offer"))
        local = {content.name: content.transport for content in read_sdp(self.connection.localDescription.sdp)}
        self._offer = tuple(replace(content, transport=told_transport(local[content.name])) for content in contents)
        self.offered = True
        return Jingle(
            action="session-initiate",
            sid=self.sid,
            initiator="focus",
            contents=self._offer,
            bundle=tuple(content.name for content in self._offer),
            bridge_session=self.sid,
        )

    async def accept(self, answer: Jingle) -> None:
        """Take the ``session-accept``: its transport, and the sources that it tells of."""
        if self.accepted:
            raise JingleError(f"{self.nick} has accepted session {self.sid} already")
        contents = answer_to(self._offer, answer.contents)
        if any(e.uri == AUDIO_LEVEL.uri for content in answer.contents for e in content.extensions):
            self.audio_level_id = AUDIO_LEVEL.id
        # aiortc needs to know of no source: packets are sorted here, by SSRC.
        plain = [replace(content, sources=(), groups=(), extensions=()) for content in contents]
        await self.connection.setRemoteDescription(RTCSessionDescription(write_sdp(plain), "answer"))
        self.accepted = True

    async def add_candidates(self, contents: Iterable[Content]) -> None:
        """Take candidates that the occupant tells of later; browsers of the observed SDK tell of none."""
        for content in contents:
            for candidate in content.transport.candidates if content.transport else ():
                await self.transport.add_candidate(candidate)

    def add_sources(self, contents: Iterable[Content]) -> tuple[NamedSource, ...]:
        """Take up sources that the occupant tells of; the ones that are new."""
        codecs = [codec for content in self._offer for codec in content.codecs]
        names = {codec.id: codec.name for codec in codecs}
        repairs = {codec.id: int(apt) for codec in codecs if (apt := codec.parameter("apt"))}
        new = [source for source in named_sources(contents, self.nick) if source.name not in self.sources]
        for source in new:
            forwarded = ForwardedSource(source, names, repairs)
            self.sources[source.name] = forwarded
            for ssrc in (*source.layers, *source.retransmission):
                self.by_ssrc[ssrc] = forwarded
        return tuple(new)

    def remove_sources(self, contents: Iterable[Content]) -> tuple[NamedSource, ...]:
        """Forget sources that the occupant takes back, by any of their SSRCs; the ones that are gone."""
        gone: list[NamedSource] = []
        for content in contents:
            for told in content.sources:
                forwarded = self.by_ssrc.get(told.ssrc)
                if forwarded is None or forwarded.source in gone:
                    continue
                gone.append(forwarded.source)
                del self.sources[forwarded.source.name]
                for ssrc in (*forwarded.source.layers, *forwarded.source.retransmission):
                    self.by_ssrc.pop(ssrc, None)
        return tuple(gone)

    async def close(self) -> None:
        """End the connection."""
        if not self.closed:
            self.closed = True
            await self.connection.close()

    # --- bridge channel

    def say(self, message: colibri.Message) -> bool:
        """Send a message over the bridge channel; False when it is not open."""
        if self._channel is None or self._channel.readyState != "open":
            return False
        self._channel.send(colibri.write(message))
        return True

    def _channel_offered(self, channel: Any) -> None:
        self._channel = channel
        channel.on("message", lambda text: self._listener.channel_message(self, text))
        self._listener.channel_opened(self)

    def _state_changed(self) -> None:
        self._listener.state_changed(self, self.connection.connectionState)


def _offered(content: Content) -> Content:
    """A content of aiortc's offer as the service offers it: its name, few codecs, audio levels, a placeholder source."""
    named = replace(content, name=NAMES[content.media], extensions=(), sources=(), groups=())
    if content.media == "application":
        return named
    kept = wanted_codecs(content)
    extensions = (AUDIO_LEVEL,) if content.media == "audio" else ()
    return with_sources(
        replace(named, codecs=kept, extensions=extensions), placeholder(content.media, PLACEHOLDER_SSRC[content.media])
    )


def wanted_codecs(content: Content) -> tuple[Codec, ...]:
    """The codecs of a content that the service deals with, and their repair types."""
    ids = {codec.id for codec in content.codecs if _wanted(codec, content.media)}
    return tuple(
        codec
        for codec in content.codecs
        # A repair type whose stream was left out makes the answer unusable (observed).
        if codec.id in ids or (codec.name == "rtx" and int(codec.parameter("apt") or -1) in ids)
    )


def told_transport(transport: Transport | None) -> Transport | None:
    """Aiortc lists three digests of its certificate; one is enough, as a real bridge gives."""
    if transport is None:
        return None
    return replace(transport, fingerprints=tuple(f for f in transport.fingerprints if f.hash == "sha-256"))


def _wanted(codec: Codec, media: Media) -> bool:
    if codec.name == "H264" and codec.parameter("profile-level-id") != _H264_PROFILE:
        return False
    return codec.name in _OFFERED[media]
