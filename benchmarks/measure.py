"""What a figure is, and how processor time is read.

Wall-clock figures move by half on a shared machine; processor time per operation moves by a twentieth. So the figures are
processor time wherever they can be, and the two sides of a ratio are taken in turn (``paired``), so that a busy minute hits both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


def cpu_of(pid: int) -> float:
    """Seconds of processor time that process ``pid`` has used, all its threads, ended ones too.

    The clock id of another process is made of its pid (clock_getcpuclockid(3) of Linux): its resolution is nanoseconds, where
    ``/proc/PID/stat`` counts hundredths.
    """
    return time.clock_gettime((~pid << 3) | 2)


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured quantity: what was measured, in which unit, and each value of the repetitions.

    ``goal`` is a sentence for the reader, such as ``at most 2``; nothing is decided by it.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    goal: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def lowest(self) -> float:
        return min(self.values)

    @property
    def highest(self) -> float:
        return max(self.values)


def figure(name: str, unit: str, values: float | Sequence[float], *, goal: str = "", note: str = "") -> Figure:
    """A :class:`Figure` of one value or of several."""
    return Figure(name, unit, tuple(values) if isinstance(values, Sequence) else (values,), goal, note)


def ratio(name: str, above: Sequence[float], below: Sequence[float], *, goal: str = "", note: str = "") -> Figure:
    """The ratio of two sides that were measured in turn, pair by pair."""
    return figure(name, "×", [a / b for a, b in zip(above, below, strict=True)], goal=goal, note=note)


def paired(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure all sides once, then all again, and so on; every other round backwards."""
    values: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides)
        for name in names if number % 2 == 0 else reversed(names):
            values[name].append(sides[name]())
    return values


def cpu_ms(work: Callable[[], object]) -> float:
    """Milliseconds of this process's processor time that ``work`` takes."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000
