"""What a probe measured: plain values."""

from __future__ import annotations

from dataclasses import dataclass

from testcall_simulator.media.sources import SILENCE_DBOV


@dataclass(frozen=True, slots=True)
class AudioSample:
    """Audio of one occupant over a window.

    ``frames`` are decoded frames of 20 ms (0: nothing arrived, or nothing could be decoded); ``level_dbov`` the RMS of them
    all, ``peak_dbov`` the loudest frame's; ``frequency_hz`` the dominant frequency, None when there was only silence.
    """

    frames: int
    level_dbov: float = SILENCE_DBOV
    peak_dbov: float = SILENCE_DBOV
    frequency_hz: float | None = None
    window_s: float = 0.0


@dataclass(frozen=True, slots=True)
class VideoSample:
    """Video of one occupant over a window: decoded frames, size of the newest, rate, and the mark if it carries one."""

    frames: int
    width: int = 0
    height: int = 0
    fps: float = 0.0
    mark: Mark | None = None
    window_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Mark:
    """What the block pattern in a frame says: which source (0 to 255) and which frame of it (0 to 65535)."""

    source: int
    number: int
