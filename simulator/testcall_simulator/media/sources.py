"""What a virtual peer sends: plain values, encoded once by :mod:`testcall_simulator.media.encoding`.

Levels are dBov as in RFC 6464/6465: decibels relative to the overload point, RMS over 32767; 0 is the loudest, -127 silence.
"""

from __future__ import annotations

from dataclasses import dataclass

from testcall_simulator.errors import SimulatorError

SILENCE_DBOV = -127.0
"""The level that stands for digital silence (RFC 6465 §A)."""


class MediaError(SimulatorError):
    """Something about media can't be done: one line that says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A sine of ``hz`` (rounded to a whole number, 20 to 7000) at ``level_dbov`` RMS (-60 to -3.1)."""

    hz: int = 440
    level_dbov: float = -20.0

    def __post_init__(self) -> None:
        if not 20 <= self.hz <= 7000:
            raise MediaError(f"a tone needs 20 to 7000 Hz, got {self.hz}")
        if not -60 <= self.level_dbov <= -3.1:
            raise MediaError(f"a tone needs a level of -60 to -3.1 dBov (a full sine is -3.01), got {self.level_dbov}")


@dataclass(frozen=True, slots=True)
class Silence:
    """Digital silence: packets are sent, nothing is heard."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A moving picture whose upper rows carry a mark (source and frame number); sizes in pixels, even; fps 1 to 60."""

    width: int = 640
    height: int = 360
    fps: int = 15

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or not 64 <= self.width <= 1920 or not 64 <= self.height <= 1920:
            raise MediaError(f"a pattern needs even sizes of 64 to 1920 pixels, got {self.width}x{self.height}")
        if not 1 <= self.fps <= 60:
            raise MediaError(f"a pattern needs 1 to 60 frames per second, got {self.fps}")


AudioSource = Tone | Silence
VideoSource = Pattern


def tone_of(number: int) -> Tone:
    """The default tone of the ``number``-th peer of a session (from 0): each a whole tone above the one before."""
    return Tone(round(440 * 2 ** (2 * (number % 12) / 12)))
