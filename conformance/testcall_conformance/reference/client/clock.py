"""Time for the client's own timers (idle periods): real, with jumps, or standing still until it is advanced.

Transport time-outs are not timers of this kind: a network does not wait for a test's clock.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable


class Timer:
    """One timer; ``cancel`` keeps it from firing."""

    __slots__ = ("at_ms", "callback", "cancelled")

    def __init__(self, at_ms: float, callback: Callable[[], None]) -> None:
        self.at_ms = at_ms
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Don't fire."""
        self.cancelled = True


class Timers:
    """Timers in milliseconds. ``virtual`` time only moves by :meth:`advance`; real time moves by itself too."""

    def __init__(self, virtual: bool = False) -> None:
        self.virtual = virtual
        self._offset_ms = 0.0
        self._queue: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()
        self._wake: asyncio.TimerHandle | None = None

    @property
    def now_ms(self) -> float:
        """The time now; only differences mean anything."""
        return self._offset_ms if self.virtual else asyncio.get_running_loop().time() * 1000 + self._offset_ms

    def after(self, delay_ms: float, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` once, ``delay_ms`` from now."""
        timer = Timer(self.now_ms + max(delay_ms, 0.0), callback)
        heapq.heappush(self._queue, (timer.at_ms, next(self._count), timer))
        self._schedule()
        return timer

    def advance(self, ms: float) -> None:
        """Move time forward and fire what becomes due, in order, each at its own time."""
        target = self.now_ms + ms
        while self._queue and self._queue[0][0] <= target:
            at_ms, _, timer = heapq.heappop(self._queue)
            self._offset_ms += max(at_ms - self.now_ms, 0.0)
            if not timer.cancelled:
                timer.callback()
        self._offset_ms += max(target - self.now_ms, 0.0)
        self._schedule()

    def close(self) -> None:
        """Forget all timers."""
        self._queue.clear()
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None

    def _schedule(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if self._queue and not self.virtual:
            delay_s = max(self._queue[0][0] - self.now_ms, 0.0) / 1000
            self._wake = asyncio.get_running_loop().call_later(delay_s, self.advance, 0.0)


class IdleWatch:
    """Being alone for too long: after ``before_ms`` the prompt, after ``after_ms`` more the end.

    Both count only while :meth:`alone` was the last word; company ends the count, and the next time alone starts it anew.
    """

    def __init__(
        self,
        timers: Timers,
        before_ms: float,
        after_ms: float,
        on_prompt: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self._timers = timers
        self._before_ms = before_ms
        self._after_ms = after_ms
        self._on_prompt = on_prompt
        self._on_end = on_end
        self._timer: Timer | None = None
        self.prompted = False

    def alone(self) -> None:
        """Nobody else is there (any more)."""
        if self._timer is None:
            self._timer = self._timers.after(self._before_ms, self._prompt)

    def company(self) -> None:
        """Somebody else is there, or the session is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.prompted = False

    def stay(self) -> None:
        """The person said that they want to stay: count from the start."""
        self.company()
        self.alone()

    def _prompt(self) -> None:
        self.prompted = True
        self._on_prompt()
        self._timer = self._timers.after(self._after_ms, self._end)

    def _end(self) -> None:
        self._timer = None
        self.prompted = False
        self._on_end()
