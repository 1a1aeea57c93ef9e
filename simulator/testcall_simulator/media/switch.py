"""Who gets whose packets: the part of a bridge that runs for every packet. Nothing here waits, and nothing is signalled.

Packets of SDK occupants go to their probe and on to all others; packets of publishers go to all; feedback goes back to where
the packets came from. Only an occupant that was told of a source is sent its packets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from testcall_simulator.jingle_sources import NamedSource
from testcall_simulator.media import rtcp, rtp
from testcall_simulator.media.forwarder import ForwardedSource
from testcall_simulator.media.leg import PLACEHOLDER_SSRC, Leg
from testcall_simulator.media.probe import OccupantProbe
from testcall_simulator.media.publisher import Publisher, Stream
from testcall_simulator.media.rtp import RtpPacket

KEY_FRAME_PAUSE_S = 0.1
"""A sender is asked for a key frame at most this often."""


@dataclass(frozen=True, slots=True)
class PacketSeen:
    """An RTP packet at the service: ``in`` when it came from an occupant, ``out`` when it was sent on or by a publisher.

    ``at_ns`` is the host's monotonic clock. Latency is judged by these, not by decoded frames.
    """

    at_ns: int
    direction: Literal["in", "out"]
    occupant: str
    packet: RtpPacket


class PacketSwitch:
    """Switches packets between the legs and publishers of one session; it shares their dictionaries with the bridge."""

    def __init__(
        self,
        legs: Mapping[str, Leg],
        publishers: Mapping[str, Publisher],
        probes: Mapping[str, OccupantProbe],
    ) -> None:
        self._legs = legs
        self._publishers = publishers
        self._probes = probes
        self.taps: list[Callable[[PacketSeen], None]] = []
        """Told of every packet that comes from an occupant, and of every one that a publisher sends."""

    # --- media

    def rtp_arrived(self, leg: Leg, data: bytes) -> None:
        """An occupant's packet: counted, to its probe, and on to the others."""
        packet = rtp.parse(data, leg.audio_level_id)
        forwarded = None if packet is None else leg.by_ssrc.get(packet.ssrc)
        if packet is None or forwarded is None:
            leg.unknown_packets += 1
            return
        if self.taps:
            self._tell("in", leg.nick, packet)
        onward = forwarded.accept(packet, asyncio.get_running_loop().time())
        if forwarded.wanted is not None:
            self._ask_key_frame(leg, forwarded)
        if onward is None:
            return
        if forwarded.missing and forwarded.active is not None:
            leg.transport.send(
                rtcp.negative_acknowledgement(PLACEHOLDER_SSRC["video"], forwarded.active, forwarded.missing)
            )
        probe = self._probes.get(leg.nick)
        if probe is not None:
            if forwarded.source.media == "audio":
                probe.audio_packet(onward)
            else:
                probe.video_packet(forwarded.codec(onward), onward)
        self._send_to_all(forwarded.source, onward.data)

    def deliver(self, stream: Stream, data: bytes) -> None:
        """A publisher's packet, to all legs."""
        if self.taps and (packet := rtp.parse(data)) is not None:
            self._tell("out", stream.source.owner, packet)
        self._send_to_all(stream.source, data)

    def _send_to_all(self, source: NamedSource, data: bytes) -> None:
        ssrc = source.ssrc
        for leg in self._legs.values():
            if ssrc in leg.announced and leg.nick != source.owner:
                leg.transport.send(data)

    def _tell(self, direction: Literal["in", "out"], occupant: str, packet: RtpPacket) -> None:
        seen = PacketSeen(time.monotonic_ns(), direction, occupant, packet)
        for tap in tuple(self.taps):
            tap(seen)

    # --- feedback

    def rtcp_arrived(self, leg: Leg, data: bytes) -> None:
        """An occupant's feedback and reports."""
        for said in rtcp.read(data):
            if isinstance(said, rtcp.KeyFrameRequest):
                self.want_key_frame(said.ssrc)
            elif isinstance(said, rtcp.Nack):
                self._repeat(leg, said)
            elif isinstance(said, rtcp.SenderReport):
                self._sender_reported(leg, said)

    def want_key_frame(self, ssrc: int) -> None:
        """Somebody who is sent ``ssrc`` needs a key frame."""
        found = self._find(ssrc)
        if isinstance(found, Stream):
            self._publishers[found.source.owner].request_key_frame()
        elif found is not None and found.source.owner in self._legs:
            self._ask_key_frame(self._legs[found.source.owner], found)

    def want_key_frame_of(self, nick: str) -> None:
        """Somebody who looks at an occupant needs key frames of all that it sends."""
        for leg in self._legs.values():
            if leg.nick == nick:
                for forwarded in leg.sources.values():
                    self._ask_key_frame(leg, forwarded)

    def _ask_key_frame(self, leg: Leg, forwarded: ForwardedSource) -> None:
        target = forwarded.wanted or forwarded.active
        now = asyncio.get_running_loop().time()
        if target is None or forwarded.source.media != "video" or now - forwarded.asked_s < KEY_FRAME_PAUSE_S:
            return
        forwarded.asked_s = now
        leg.transport.send(rtcp.picture_loss(PLACEHOLDER_SSRC["video"], target))

    def _repeat(self, leg: Leg, nack: rtcp.Nack) -> None:
        found = self._find(nack.ssrc)
        if found is None or nack.ssrc not in leg.announced:
            return
        for number in nack.sequence_numbers:
            data = found.history.recall(number)
            if data is not None:
                leg.transport.send(data)

    def _sender_reported(self, leg: Leg, report: rtcp.SenderReport) -> None:
        forwarded = leg.by_ssrc.get(report.ssrc)
        if forwarded is None or report.ssrc not in forwarded.reception:
            return
        statistics = forwarded.reception[report.ssrc]
        statistics.sender_report = ((report.ntp >> 16) & 0xFFFFFFFF, asyncio.get_running_loop().time())
        if report.ssrc != forwarded.active:
            return
        data = rtcp.sender_report(
            forwarded.source.ssrc,
            timestamp=forwarded.shifted(report.timestamp),
            packets=report.packets,
            octets=report.octets,
            cname=leg.nick,
            ntp=report.ntp,
        )
        self._send_to_all(forwarded.source, data)

    def _find(self, ssrc: int) -> Stream | ForwardedSource | None:
        """What is announced to others under this SSRC."""
        for publisher in self._publishers.values():
            for stream in publisher.streams:
                if stream.source.ssrc == ssrc:
                    return stream
        for leg in self._legs.values():
            forwarded = leg.by_ssrc.get(ssrc)
            if forwarded is not None and forwarded.source.ssrc == ssrc:
                return forwarded
        return None

    # --- reports, about once a second

    def report(self) -> None:
        """Send receiver reports for what came, and sender reports for what publishers sent."""
        now = asyncio.get_running_loop().time()
        for leg in self._legs.values():
            if leg.transport.connected:
                self._report_to(leg, now)

    def _report_to(self, leg: Leg, now: float) -> None:
        heard = [
            (ssrc, statistics)
            for forwarded in leg.sources.values()
            for ssrc, statistics in forwarded.reception.items()
            if statistics.packets
        ]
        if heard:
            leg.transport.send(rtcp.receiver_report(PLACEHOLDER_SSRC["video"], heard, now))
        for publisher in self._publishers.values():
            for stream in publisher.streams:
                if stream.packets and stream.source.ssrc in leg.announced:
                    leg.transport.send(
                        rtcp.sender_report(
                            stream.source.ssrc,
                            timestamp=stream.timestamp_at(now),
                            packets=stream.packets,
                            octets=stream.octets,
                            cname=stream.source.owner,
                        )
                    )
