"""How steady this process is: garbage collection kept out of measurements, and the event loop's lateness measured.

A full collection of a large heap stops media for about 100 ms, more than anything else in a long test process; a loop that is
late makes every time measured on it worthless. So whoever measures freezes the heap first, and watches the lag.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_INTERVAL_S = 0.02


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Collect once, then leave all that lives now out of every collection for the length of the block."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass(frozen=True, slots=True)
class Lag:
    """Lateness of a timer of 20 ms, in milliseconds, over ``samples`` samples."""

    samples: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class LoopLag:
    """Measures the running loop's lateness while its block lasts: ``async with LoopLag() as lag: …; lag.read()``."""

    def __init__(self) -> None:
        self._late_s: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LoopLag:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _INTERVAL_S
            await asyncio.sleep(_INTERVAL_S)
            self._late_s.append(max(0.0, loop.time() - due))

    def read(self) -> Lag:
        """The lateness so far; all zero before the first sample."""
        late = sorted(self._late_s) or [0.0]
        p50, p95, p99 = (1000 * late[min(len(late) - 1, int(len(late) * share))] for share in (0.5, 0.95, 0.99))
        return Lag(len(self._late_s), p50, p95, p99, 1000 * late[-1])
