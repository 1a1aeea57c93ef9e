"""Time as the service sees it: the host's, or one that a test advances.

Whatever in the simulator needs the time or a timer takes a :class:`Clock`; nothing else reads the host's clock. Times are
seconds (float), :meth:`Clock.now` counts from the Unix epoch.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

_SETTLE_TURNS = 10
"""Turns of the event loop that a virtual clock gives the code it has woken before it goes on to the next instant."""

VIRTUAL_START = 1_800_000_000.0
"""Where a virtual clock begins unless told otherwise: a fixed instant, so that what is stamped with it is reproducible."""


class Timer(Protocol):
    """A pending call; cancelling it twice, or after it ran, does nothing."""

    def cancel(self) -> None:
        """Don't call."""


class Clock(Protocol):
    """The service's clock."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` on this clock."""

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call ``callback`` in the running event loop after ``seconds`` on this clock."""


class RealClock:
    """The host's clock."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call ``callback`` in the running event loop after ``seconds``."""
        return asyncio.get_running_loop().call_later(seconds, callback)


class VirtualClock:
    """A clock that stands still until :meth:`advance`."""

    def __init__(self, start: float = VIRTUAL_START) -> None:
        self._now = start
        self._order = itertools.count()
        self._timers: list[tuple[float, int, _VirtualTimer]] = []

    def now(self) -> float:
        """Seconds since the Unix epoch, as advanced so far."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was advanced by ``seconds``; at once (after one turn of the loop) for 0 or less."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        timer = self.call_later(seconds, wake)
        try:
            await woken
        finally:
            timer.cancel()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call ``callback`` when the clock was advanced by ``seconds``."""
        timer = _VirtualTimer(callback)
        heapq.heappush(self._timers, (self._now + max(seconds, 0.0), next(self._order), timer))
        return timer

    @property
    def pending(self) -> int:
        """How many timers wait."""
        return sum(1 for _, _, timer in self._timers if not timer.cancelled)

    async def advance(self, seconds: float) -> None:
        """Move on by ``seconds``: every timer that falls due runs at its instant, in order, and what it woke gets to run."""
        if seconds < 0:
            raise ValueError(f"a clock can't go back ({seconds:g} s)")
        end = self._now + seconds
        await self._settle()
        while self._timers and self._timers[0][0] <= end:
            due, _, timer = heapq.heappop(self._timers)
            if timer.cancelled:
                continue
            self._now = due
            timer.run()
            await self._settle()
        self._now = end

    async def _settle(self) -> None:
        for _ in range(_SETTLE_TURNS):
            await asyncio.sleep(0)


class _VirtualTimer:
    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def run(self) -> None:
        self.cancelled = True
        self._callback()
