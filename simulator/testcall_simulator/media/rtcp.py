"""RTCP as an SFU needs it: what it writes (reports, PLI) and what it understands (PLI, FIR, NACK, reports).

Packet classes are aiortc's (``aiortc.rtp``), named after RFC 3550 and RFC 4585; here they are put together and taken apart.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aiortc.rtp import (
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from testcall_simulator.media.reception import ReceptionStatistics

_NTP_EPOCH = 2_208_988_800
_CNAME = 1


@dataclass(frozen=True, slots=True)
class KeyFrameRequest:
    """A receiver of ``ssrc`` can't go on without a key frame (PLI or FIR, RFC 4585 §6.3.1, RFC 5104 §4.3.1)."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class Nack:
    """A receiver of ``ssrc`` lacks these sequence numbers (RFC 4585 §6.2.1)."""

    ssrc: int
    sequence_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A sender's clock: NTP time (64 bits) and RTP timestamp of one instant (RFC 3550 §6.4.1)."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """What the far end says about a stream of ours: loss in 256ths since its last report, jitter in RTP units."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    jitter: int


Feedback = KeyFrameRequest | Nack | SenderReport | ReceiverReport


def read(data: bytes) -> Iterator[Feedback]:
    """What a compound packet says, in order; nothing when it is malformed."""
    try:
        packets = RtcpPacket.parse(data)
    except (ValueError, struct.error):
        return
    for packet in packets:
        if isinstance(packet, RtcpPsfbPacket):
            if packet.fmt == RTCP_PSFB_PLI:
                yield KeyFrameRequest(packet.media_ssrc)
            elif packet.fmt == RTCP_PSFB_FIR:
                for position in range(0, len(packet.fci) - 7, 8):
                    yield KeyFrameRequest(int.from_bytes(packet.fci[position : position + 4], "big"))
        elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            yield Nack(packet.media_ssrc, tuple(packet.lost))
        elif isinstance(packet, RtcpSrPacket | RtcpRrPacket):
            if isinstance(packet, RtcpSrPacket):
                info = packet.sender_info
                yield SenderReport(
                    packet.ssrc, info.ntp_timestamp, info.rtp_timestamp, info.packet_count, info.octet_count
                )
            for report in packet.reports:
                yield ReceiverReport(report.ssrc, report.fraction_lost, report.packets_lost, report.jitter)


def renumber(data: bytes, ssrcs: Mapping[int, int]) -> bytes:
    """A compound packet in which every SSRC that is known by another number stands under that one."""
    renumbered = bytearray(data)
    start = 0
    while start + 8 <= len(data):
        size = 4 * (1 + int.from_bytes(data[start + 2 : start + 4], "big"))
        for offset in _ssrc_offsets(data[start + 1], data[start] & 0x1F, min(size, len(data) - start)):
            place = slice(start + offset, start + offset + 4)
            old = int.from_bytes(data[place], "big")
            renumbered[place] = ssrcs.get(old, old).to_bytes(4, "big")
        start += size
    return bytes(renumbered)


_SR, _RR, _RTPFB, _PSFB = 200, 201, 205, 206
_FIRST_BLOCK = {_SR: 28, _RR: 8}


def _ssrc_offsets(kind: int, count: int, size: int) -> Iterator[int]:
    """Where SSRCs stand in one packet of a compound: sender, then what is reported on (one chunk of a description only)."""
    offsets = [4]
    if kind in _FIRST_BLOCK:
        offsets += [_FIRST_BLOCK[kind] + 24 * index for index in range(count)]
    elif kind in (_RTPFB, _PSFB):
        offsets.append(8)
        if kind == _PSFB and count == RTCP_PSFB_FIR:
            offsets += range(12, size, 8)
    yield from (offset for offset in offsets if offset + 4 <= size)


def picture_loss(own_ssrc: int, ssrc: int) -> bytes:
    """A PLI for ``ssrc``."""
    return bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=own_ssrc, media_ssrc=ssrc))


def negative_acknowledgement(own_ssrc: int, ssrc: int, sequence_numbers: list[int]) -> bytes:
    """A NACK for these packets of ``ssrc``."""
    return bytes(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=own_ssrc, media_ssrc=ssrc, lost=sequence_numbers))


def receiver_report(own_ssrc: int, streams: Iterable[tuple[int, ReceptionStatistics]], now_s: float) -> bytes:
    """A compound receiver report (31 streams at most) of what was received until ``now_s``."""
    reports = []
    for ssrc, stream in list(streams)[:31]:
        middle, heard_s = stream.sender_report
        reports.append(
            RtcpReceiverInfo(
                ssrc=ssrc,
                fraction_lost=stream.fraction_lost(),
                packets_lost=max(-0x800000, min(stream.lost, 0x7FFFFF)),
                highest_sequence=stream.highest & 0xFFFFFFFF,
                jitter=int(stream.jitter) & 0xFFFFFFFF,
                lsr=middle,
                dlsr=min(int((now_s - heard_s) * 65536), 0xFFFFFFFF) if middle else 0,
            )
        )
    return bytes(RtcpRrPacket(ssrc=own_ssrc, reports=reports)) + _description(own_ssrc, "testcall")


def sender_report(ssrc: int, *, timestamp: int, packets: int, octets: int, cname: str, ntp: int | None = None) -> bytes:
    """A compound sender report; ``ntp`` defaults to now."""
    info = RtcpSenderInfo(
        ntp_timestamp=ntp_now() if ntp is None else ntp,
        rtp_timestamp=timestamp & 0xFFFFFFFF,
        packet_count=packets & 0xFFFFFFFF,
        octet_count=octets & 0xFFFFFFFF,
    )
    return bytes(RtcpSrPacket(ssrc=ssrc, sender_info=info)) + _description(ssrc, cname)


def _description(ssrc: int, cname: str) -> bytes:
    return bytes(RtcpSdesPacket(chunks=[RtcpSourceInfo(ssrc=ssrc, items=[(_CNAME, cname.encode())])]))


def ntp_now() -> int:
    """The host's wall clock as a 64-bit NTP time."""
    now = time.time_ns()
    seconds, rest = divmod(now, 1_000_000_000)
    return (seconds + _NTP_EPOCH) << 32 | (rest << 32) // 1_000_000_000
