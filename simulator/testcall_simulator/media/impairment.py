"""What a bad network does to datagrams: lose, delay, scatter, repeat, hold back. Decided by a seed; pure.

:class:`Impairment` says how bad, :class:`Schedule` decides the fate of each datagram in turn. The k-th datagram of a schedule
meets the same fate in every run with the same seed (delays of a rate limit aside: they follow from when datagrams come).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from testcall_simulator.media.sources import MediaError


@dataclass(frozen=True, slots=True)
class Impairment:
    """A network's faults in one direction.

    ``loss`` and ``duplicate`` are shares of the datagrams (0 to 1); each is delayed by ``delay_s`` plus or minus a uniform
    ``jitter_s``; order is kept unless ``reorder``. ``rate_bps`` limits the bits per second; what would wait longer than
    ``queue_s`` for its turn is lost. ``black_hole`` loses everything.
    """

    loss: float = 0.0
    duplicate: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    reorder: bool = False
    rate_bps: int | None = None
    queue_s: float = 0.5
    black_hole: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.loss <= 1 and 0 <= self.duplicate <= 1):
            raise MediaError(f"loss and duplicate are shares of 0 to 1, got {self.loss} and {self.duplicate}")
        if self.delay_s < 0 or not 0 <= self.jitter_s <= self.delay_s:
            raise MediaError(
                f"a delay is 0 or more and jitter at most as large, got {self.delay_s} s and {self.jitter_s} s"
            )
        if self.rate_bps is not None and self.rate_bps <= 0:
            raise MediaError(f"a rate is more than 0 bits per second, got {self.rate_bps}")


class Schedule:
    """The fates of the datagrams of one direction."""

    def __init__(self, impairment: Impairment, seed: int = 0) -> None:
        self.impairment = impairment
        self.passed = 0
        """Datagrams that were let through."""
        self.dropped = 0
        """Datagrams that were lost."""
        self._randomness = random.Random(f"testcall impairment {seed}")
        self._newest_s = 0.0
        self._free_s = 0.0

    def fate(self, size: int, now_s: float) -> tuple[float, ...]:
        """After how many seconds a datagram of ``size`` bytes that is sent at ``now_s`` arrives, once per copy; empty: never."""
        bad = self.impairment
        # Always three draws, so that one fault's share doesn't change another's schedule.
        lost, twice, scatter = (self._randomness.random() for _ in range(3))
        if bad.black_hole or lost < bad.loss:
            self.dropped += 1
            return ()
        waited = 0.0
        if bad.rate_bps is not None:
            begins = max(now_s, self._free_s)
            waited = begins - now_s
            if waited > bad.queue_s:
                self.dropped += 1
                return ()
            self._free_s = begins + 8 * size / bad.rate_bps
            waited = self._free_s - now_s
        arrives = now_s + waited + bad.delay_s + bad.jitter_s * (2 * scatter - 1)
        if not bad.reorder:
            arrives = self._newest_s = max(arrives, self._newest_s)
        self.passed += 1
        delay = max(0.0, arrives - now_s)
        return (delay, delay) if twice < bad.duplicate else (delay,)
