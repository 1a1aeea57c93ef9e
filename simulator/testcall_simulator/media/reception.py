"""What RFC 3550 lets a receiver say about one incoming stream: sequence, loss, jitter. Pure: times are arguments."""

from __future__ import annotations

from dataclasses import dataclass, field

from testcall_simulator.media.rtp import RtpPacket, newer

_POWER = (*(10 ** (-level / 10) for level in range(127)), 0.0)
"""Power by -dBov; 127 stands for silence."""


class MissingPackets:
    """Sequence numbers that were skipped, to be asked for again (RFC 4585 §6.2.1)."""

    def __init__(self) -> None:
        self._highest = -1
        self._missing: dict[int, float] = {}
        self._asked_s = 0.0

    def add(self, sequence_number: int, now_s: float) -> list[int]:
        """Take note of an arrival; the numbers to ask for now, none while it is too early to ask again."""
        if self._highest < 0:
            self._highest = sequence_number
            return []
        fresh = False
        if newer(sequence_number, self._highest):
            gap = (sequence_number - self._highest - 1) & 0xFFFF
            if gap > _LARGEST_GAP:
                self._missing.clear()
            else:
                fresh = gap > 0
                for step in range(gap):
                    self._missing[(self._highest + 1 + step) & 0xFFFF] = now_s
            self._highest = sequence_number
        else:
            self._missing.pop(sequence_number, None)
        if not self._missing or not (fresh or now_s - self._asked_s > _ASK_AGAIN_S):
            return []
        self._asked_s = now_s
        self._missing = {number: since for number, since in self._missing.items() if now_s - since < _GIVE_UP_S}
        return list(self._missing)


_LARGEST_GAP = 200
"""A larger jump is a new beginning, not loss."""
_ASK_AGAIN_S = 0.05
_GIVE_UP_S = 1.0
"""What was missing for so long is of no use any more."""


@dataclass(slots=True)
class ReceptionStatistics:
    """Counters of one SSRC (RFC 3550 §A.1, §A.3, §A.8). ``frames`` counts distinct RTP timestamps."""

    clockrate: int
    packets: int = 0
    bytes: int = 0
    frames: int = 0
    jitter: float = 0.0
    last_arrival_s: float = 0.0
    last_timestamp: int = -1
    width: int = 0
    height: int = 0
    key_frames: int = 0
    levels: int = 0
    """Packets that told their level (RFC 6464)."""
    power: float = 0.0
    """Sum of their levels as power, overload = 1: with ``levels``, the mean level of any window."""
    _base: int = -1
    _highest: int = -1
    _cycles: int = 0
    _transit: float = 0.0
    _expected_before: int = 0
    _packets_before: int = 0
    sender_report: tuple[int, float] = field(default=(0, 0.0))
    """(middle 32 bits of the NTP time of the last sender report, when it came in seconds)."""

    def add(self, packet: RtpPacket, now_s: float) -> None:
        """Count a packet that arrived at ``now_s`` (any monotonic clock)."""
        self.packets += 1
        self.bytes += len(packet.payload)
        if packet.level_dbov is not None:
            self.levels += 1
            self.power += _POWER[-packet.level_dbov]
        if self._highest < 0:
            self._base = self._highest = packet.sequence_number
        elif newer(packet.sequence_number, self._highest):
            if packet.sequence_number < self._highest:
                self._cycles += 1 << 16
            self._highest = packet.sequence_number
        elif packet.sequence_number != self._highest:
            return
        transit = now_s * self.clockrate - packet.timestamp
        if packet.timestamp != self.last_timestamp:
            self.frames += 1
            if self.last_timestamp >= 0:
                # A jump of more than 2**31 is the timestamp's wrap, not jitter.
                delta = abs(transit - self._transit)
                if delta < 1 << 31:
                    self.jitter += (delta - self.jitter) / 16
            self._transit = transit
            self.last_timestamp = packet.timestamp
        self.last_arrival_s = now_s

    @property
    def highest(self) -> int:
        """The extended highest sequence number received."""
        return self._cycles + max(self._highest, 0)

    @property
    def lost(self) -> int:
        """Packets expected but never seen; duplicates make it smaller."""
        return self.highest - self._base + 1 - self.packets if self._highest >= 0 else 0

    def fraction_lost(self) -> int:
        """Loss since the last call in 256ths."""
        expected = self.highest - self._base + 1
        expected_now, self._expected_before = expected - self._expected_before, expected
        received_now, self._packets_before = self.packets - self._packets_before, self.packets
        lost = expected_now - received_now
        return min(255, (lost << 8) // expected_now) if expected_now > 0 and lost > 0 else 0
