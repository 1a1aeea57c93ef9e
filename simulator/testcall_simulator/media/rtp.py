"""RTP packets as an SFU needs them: parsed lightly, rewritten in place; VP8 and H.264 payloads looked at, never decoded.

RFC 3550 §5.1, RFC 8285 §4.2, RFC 7741 (VP8), RFC 6184 (H.264). Pure: bytes in, values or bytes out.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER_LENGTH = 12
_HEADER = struct.Struct("!BBHLL")
_TAIL = struct.Struct("!HLL")

PAYLOAD_LIMIT = 1180
"""Bytes of one video payload: with headers and SRTP tag the datagram stays under 1280 (RFC 8831 §5)."""


class RtpPacket(NamedTuple):
    """One parsed packet; ``data`` is the whole of it, ``payload`` without padding; ``level_dbov`` from RFC 6464 if there."""

    marker: bool
    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes
    data: bytes
    level_dbov: int | None = None


def parse(data: bytes, audio_level_id: int = 0) -> RtpPacket | None:
    """The packet, or None when ``data`` is no well formed RTP. ``audio_level_id`` is the extension's id, 0 for none."""
    if len(data) < HEADER_LENGTH or data[0] >> 6 != 2:
        return None
    first, second, sequence_number, timestamp, ssrc = _HEADER.unpack_from(data)
    start = HEADER_LENGTH + 4 * (first & 0x0F)
    level = None
    if first & 0x10:
        if len(data) < start + 4:
            return None
        length = 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        if audio_level_id and data[start : start + 2] == b"\xbe\xde":
            level = _audio_level(data[start + 4 : start + 4 + length], audio_level_id)
        start += 4 + length
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start > end:
        return None
    return RtpPacket(second >= 0x80, second & 0x7F, sequence_number, timestamp, ssrc, data[start:end], data, level)


def _audio_level(extensions: bytes, wanted: int) -> int | None:
    position = 0
    while position < len(extensions):
        head = extensions[position]
        if head == 0:
            position += 1
            continue
        if head >> 4 == wanted and position + 1 < len(extensions):
            return -(extensions[position + 1] & 0x7F)
        position += 2 + (head & 0x0F)
    return None


def pack(payload: bytes, *, payload_type: int, marker: bool, sequence_number: int, timestamp: int, ssrc: int) -> bytes:
    """A packet without extensions."""
    second = payload_type | (0x80 if marker else 0)
    return _HEADER.pack(0x80, second, sequence_number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def rewrite(data: bytes, sequence_number: int, timestamp: int, ssrc: int) -> bytes:
    """The same packet with another sequence number, timestamp and SSRC."""
    return data[:2] + _TAIL.pack(sequence_number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + data[HEADER_LENGTH:]


def readdress(data: bytes, payload_type: int, ssrc: int) -> bytes:
    """The same packet with another payload type and SSRC."""
    return bytes((data[0], (data[1] & 0x80) | payload_type)) + data[2:8] + ssrc.to_bytes(4, "big") + data[12:]


def newer(sequence_number: int, than: int) -> bool:
    """Whether a 16-bit sequence number comes after another (RFC 1982)."""
    return 0 < (sequence_number - than) & 0xFFFF < 0x8000


# --- VP8 (RFC 7741) ------------------------------------------------------------------------------------------------------


def vp8_payload(payload: bytes) -> tuple[bool, bytes] | None:
    """(starts a frame, VP8 data) of a VP8 payload; None when its descriptor is cut off."""
    if not payload:
        return None
    first = payload[0]
    position = 1
    if first & 0x80:
        if len(payload) < 2:
            return None
        extended = payload[1]
        position = 2
        if extended & 0x80:
            if len(payload) <= position:
                return None
            position += 2 if payload[position] & 0x80 else 1
        position += (1 if extended & 0x40 else 0) + (1 if extended & 0x30 else 0)
    if position > len(payload):
        return None
    return bool(first & 0x10) and not first & 0x0F, payload[position:]


def vp8_payloads(frame: bytes, picture_id: int) -> list[bytes]:
    """The payloads of one encoded frame, each with a descriptor that carries the 15-bit picture id."""
    tail = b"\x80" + struct.pack("!H", 0x8000 | (picture_id & 0x7FFF))
    return [
        (b"\x90" if position == 0 else b"\x80") + tail + frame[position : position + PAYLOAD_LIMIT]
        for position in range(0, len(frame), PAYLOAD_LIMIT)
    ]


def key_frame(codec: str, payload: bytes) -> tuple[int, int] | None:
    """(width, height) when this packet begins a key frame, else None. The size is (0, 0) for H.264: it stands in the SPS."""
    if codec == "VP8":
        parsed = vp8_payload(payload)
        if parsed is None or not parsed[0] or len(parsed[1]) < 10 or parsed[1][0] & 0x01:
            return None
        width, height = struct.unpack_from("<HH", parsed[1], 6)
        return width & 0x3FFF, height & 0x3FFF
    if codec == "H264" and payload:
        kind = payload[0] & 0x1F
        if kind == 24 and len(payload) > 3:  # STAP-A: look at its first unit
            kind = payload[3] & 0x1F
        elif kind == 28 and len(payload) > 1 and payload[1] & 0x80:  # FU-A: the unit that begins here
            kind = payload[1] & 0x1F
        return (0, 0) if kind in (5, 7) else None
    return None
