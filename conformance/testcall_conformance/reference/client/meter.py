"""What is received from one remote source: frames, level, mark. Values only; the edge that feeds it is ``media.py``."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

SILENCE_DBOV = -127.0  # the quietest level of RFC 6464 §3
WINDOW_S = 0.5
FULL_SCALE = 32768
FRAME_S = 0.02  # Opus frames as all our peers send them


@dataclass(frozen=True, slots=True)
class Reading:
    """One remote source now.

    ``frames`` counts decoded frames since it came; ``level_dbov`` is over the last half second of audio (RFC 6464 scale,
    0 loudest), ``mark`` the number in the last picture, ``None`` where there is none; ``energy`` is W3C's totalAudioEnergy.
    """

    owner: str
    source: str
    media: str
    frames: int
    level_dbov: float | None = None
    width: int | None = None
    height: int | None = None
    mark: int | None = None
    energy: float = 0.0


@dataclass(slots=True)
class Meter:
    """Counts what comes from ``source`` of occupant ``owner``."""

    owner: str
    source: str
    media: str
    frames: int = 0
    width: int | None = None
    height: int | None = None
    energy: float = 0.0
    _powers: deque[tuple[float, float]] = field(default_factory=deque)
    _picture: Any = None

    def hear(self, samples: Any, at_s: float) -> None:
        """Take one frame of 16-bit samples."""
        import numpy as np

        values = samples.astype(np.float64)
        self.frames += 1
        power = float(np.mean(values * values)) if values.size else 0.0
        self.energy += power / FULL_SCALE**2 * FRAME_S
        self._powers.append((at_s, power))
        while self._powers[0][0] < at_s - WINDOW_S:
            self._powers.popleft()

    def see(self, frame: Any) -> None:
        """Take one picture; it is only looked into when somebody asks for its mark."""
        self.frames += 1
        self.width, self.height = frame.width, frame.height
        self._picture = frame

    def read(self, now_s: float) -> Reading:
        """The reading at ``now_s`` (the clock that ``hear`` was given)."""
        level = self._level(now_s) if self.media == "audio" else None
        return Reading(
            self.owner,
            self.source,
            self.media,
            self.frames,
            level,
            self.width,
            self.height,
            self._mark(),
            self.energy,
        )

    def _level(self, now_s: float) -> float:
        from math import log10

        recent = [power for at, power in self._powers if at >= now_s - WINDOW_S]
        mean = sum(recent) / len(recent) if recent else 0.0
        return max(10 * log10(mean / FULL_SCALE**2), SILENCE_DBOV) if mean > 0 else SILENCE_DBOV

    def _mark(self) -> int | None:
        if self._picture is None:
            return None
        from testcall_conformance.reference.client.sources import read_mark

        return read_mark(self._picture.to_ndarray(format="gray"))
