"""Forwarding of one occupant's source without decoding: which layer goes on, under which numbers.

To the others a source has one SSRC, that of its lowest layer, and one unbroken run of sequence numbers and timestamps. What
arrives decides the layer: browsers send only the lowest of a camera and only the highest of a screen, whatever they
announced; at the start others may come too. A change of layer waits for a key frame.
"""

from __future__ import annotations

from collections.abc import Mapping

from testcall_simulator.jingle_sources import NamedSource
from testcall_simulator.media import rtp
from testcall_simulator.media.reception import MissingPackets, ReceptionStatistics
from testcall_simulator.media.rtp import RtpPacket

LAYER_SILENCE_S = 0.5
"""After this long without a packet of the forwarded layer a higher one may take its place."""

HISTORY = 512
"""Packets kept for those who ask for one again (aiortc keeps 128, a browser about a second)."""


class SentHistory:
    """The last packets of one announced SSRC, for NACKs."""

    def __init__(self) -> None:
        self._packets: dict[int, tuple[int, bytes]] = {}

    def remember(self, sequence_number: int, data: bytes) -> None:
        """Keep a packet as it was sent, before SRTP."""
        self._packets[sequence_number % HISTORY] = (sequence_number, data)

    def recall(self, sequence_number: int) -> bytes | None:
        """The packet with this number, None when it is no longer kept."""
        kept, data = self._packets.get(sequence_number % HISTORY, (-1, b""))
        return data if kept == sequence_number else None


class ForwardedSource:
    """One source of an SDK occupant on its way to the others.

    ``codecs`` tells names (``opus``, ``VP8``, ``H264``, ``rtx``) by payload type, ``repairs`` which payload type an rtx type
    repairs.
    """

    def __init__(self, source: NamedSource, codecs: Mapping[int, str], repairs: Mapping[int, int]) -> None:
        self.source = source
        self.history = SentHistory()
        self.active: int | None = None
        self.wanted: int | None = None
        """A layer that would be forwarded if only it began with a key frame: whoever sees this asks for one."""
        self.asked_s = 0.0
        """When a key frame was last asked for."""
        self.clockrate = 48_000 if source.media == "audio" else 90_000
        self.missing: list[int] = []
        """Sequence numbers of the forwarded layer, as its sender counts, that should be asked for again now."""
        self._watch = MissingPackets()
        self.reception = {ssrc: ReceptionStatistics(self.clockrate) for ssrc in source.layers}
        self._codecs = codecs
        self._repairs = repairs
        self._sequence_shift = 0
        self._timestamp_shift = 0
        self._last_sequence = -1
        self._last_timestamp = 0
        self._last_s = 0.0

    def codec(self, packet: RtpPacket) -> str:
        """Name of the packet's codec, empty when the payload type was not negotiated."""
        return self._codecs.get(packet.payload_type, "")

    @property
    def active_reception(self) -> ReceptionStatistics | None:
        """Counters of the forwarded layer, None before anything arrived."""
        return None if self.active is None else self.reception[self.active]

    def accept(self, packet: RtpPacket, now_s: float) -> RtpPacket | None:
        """Count a packet of this source; the packet to forward, renumbered, or None."""
        unwrapped = self._unwrap(packet)
        if unwrapped is None:
            return None
        packet = unwrapped
        statistics = self.reception[packet.ssrc]
        statistics.add(packet, now_s)
        if not packet.payload:
            return None
        size = rtp.key_frame(self.codec(packet), packet.payload) if self.source.media == "video" else None
        if size is not None:
            statistics.key_frames += 1
            statistics.width, statistics.height = size
        if packet.ssrc != self.active and not self._switch(packet, now_s, key_frame=size is not None):
            return None
        if self.source.media == "video":
            self.missing = self._watch.add(packet.sequence_number, now_s)
        return self._renumber(packet, now_s)

    def _unwrap(self, packet: RtpPacket) -> RtpPacket | None:
        """A retransmission as the packet that it repeats (RFC 4588 §4); None for padding and unknown layers."""
        layer = self.source.retransmission.get(packet.ssrc)
        if layer is None:
            return packet if packet.ssrc in self.reception else None
        original = self._repairs.get(packet.payload_type)
        if original is None or len(packet.payload) < 3 or layer not in self.reception:
            return None
        number = int.from_bytes(packet.payload[:2], "big")
        payload = packet.payload[2:]
        data = rtp.pack(
            payload,
            payload_type=original,
            marker=packet.marker,
            sequence_number=number,
            timestamp=packet.timestamp,
            ssrc=layer,
        )
        return RtpPacket(packet.marker, original, number, packet.timestamp, layer, payload, data)

    def _switch(self, packet: RtpPacket, now_s: float, *, key_frame: bool) -> bool:
        """Whether the packet's layer becomes the forwarded one with this packet."""
        if self.active is None:
            self.active = packet.ssrc
            return True
        lower = self.source.layers.index(packet.ssrc) < self.source.layers.index(self.active)
        silent = now_s - self.reception[self.active].last_arrival_s >= LAYER_SILENCE_S
        # A lower layer that begins is the one that the sender was asked for; the higher is about to stop.
        if not silent and not (lower and key_frame):
            return False
        if not key_frame:
            self.wanted = packet.ssrc
            return False
        self.active, self.wanted = packet.ssrc, None
        self._watch = MissingPackets()
        self._sequence_shift = self._last_sequence + 1 - packet.sequence_number
        elapsed = round((now_s - self._last_s) * self.clockrate)
        self._timestamp_shift = self._last_timestamp + elapsed - packet.timestamp
        return True

    def _renumber(self, packet: RtpPacket, now_s: float) -> RtpPacket:
        number = (packet.sequence_number + self._sequence_shift) & 0xFFFF
        timestamp = (packet.timestamp + self._timestamp_shift) & 0xFFFFFFFF
        if self._last_sequence < 0 or rtp.newer(number, self._last_sequence):
            self._last_sequence, self._last_timestamp, self._last_s = number, timestamp, now_s
        ssrc = self.source.ssrc
        if (number, timestamp, ssrc) == packet[2:5]:
            data = packet.data
        else:
            data = rtp.rewrite(packet.data, number, timestamp, ssrc)
            packet = packet._replace(sequence_number=number, timestamp=timestamp, ssrc=ssrc, data=data)
        self.history.remember(number, data)
        return packet

    def shifted(self, timestamp: int) -> int:
        """A timestamp of the forwarded layer as the others know it (for sender reports)."""
        return (timestamp + self._timestamp_shift) & 0xFFFFFFFF
