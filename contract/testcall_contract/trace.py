"""The trace: all that crossed a wire or a callback, in one order.

The trace decides what a build did; nobody's word does. Events are values; the trace only grows; whoever waits for an event
waits for it here. Everything is redacted before anybody sees it (:mod:`testcall_contract.redaction`).

The trace knows nothing of clauses, verdicts or files.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from testcall_contract.redaction import Secrets

Kind = Literal["step", "outcome", "callback", "wire", "media", "instrument", "log"]
"""What an event is: a step that we asked for, its outcome, a callback of the build, something on a wire (HTTP, XMPP, data
channel, or a decision of the service), a media measurement, an instrument's reading, a log line."""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One thing that happened. ``seq`` counts from 1; ``at_ns`` is monotonic nanoseconds of the runner's host."""

    seq: int
    at_ns: int
    kind: Kind
    actor: str
    name: str
    data: dict[str, Any]


@dataclass(slots=True, eq=False)
class _Later:
    """An event whose data is made when somebody first looks at it."""

    seq: int
    at_ns: int
    kind: Kind
    actor: str
    name: str
    make: Callable[..., dict[str, Any]]
    given: tuple[Any, ...]


class TraceTimeoutError(Exception):
    """What was waited for did not come. ``waited_s`` and ``limit_s`` are seconds."""

    def __init__(self, what: str, limit_s: float, waited_s: float) -> None:
        self.what = what
        self.limit_s = limit_s
        self.waited_s = waited_s
        super().__init__(f"{what} did not come within {limit_s:g} s")


class Trace:
    """A growing list of :class:`TraceEvent` that can be searched and waited on. One event loop adds and waits.

    With a ``limit`` at least so many of the newest events are kept, and fewer than twice as many.
    """

    def __init__(
        self,
        secrets: Secrets | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        *,
        limit: int | None = None,
    ) -> None:
        self.secrets = secrets if secrets is not None else Secrets()
        self._clock_ns = clock_ns
        self._kept: list[TraceEvent | _Later] = []
        self._whole = 0
        """Events at the beginning of the list that are made; behind them some may be for later."""
        self._making = threading.RLock()
        self._limit = limit
        self._forgotten = 0
        self._waiters: list[tuple[Callable[[TraceEvent], bool], asyncio.Future[TraceEvent]]] = []
        self._listeners: list[Callable[[TraceEvent], None]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[TraceEvent]:
        return iter(self.events)

    @property
    def events(self) -> Sequence[TraceEvent]:
        """All events so far that are kept, oldest first: a copy."""
        return self._events[:]

    @property
    def last_seq(self) -> int:
        """``seq`` of the newest event, 0 when there is none."""
        return self._forgotten + len(self._kept)

    def add(self, kind: Kind, actor: str, name: str, /, **data: Any) -> TraceEvent:
        """Append an event, redacted, and wake whoever waits for it."""
        shown = self.secrets.redact(data) if data else {}
        event = TraceEvent(self.last_seq + 1, self._clock_ns(), kind, actor, name, shown)
        self._keep(event)
        self._tell(event)
        return event

    def add_later(
        self, kind: Kind, actor: str, name: str, make: Callable[..., dict[str, Any]], given: tuple[Any, ...]
    ) -> None:
        """Append an event whose data ``make(*given)`` returns when somebody looks at it; it is redacted then.

        What is given must not change. Whoever waits or listens looks at once. An event that nobody looks at costs little, and
        little of the garbage collector's time if texts, bytes and numbers are given.
        """
        self._keep(_Later(self.last_seq + 1, self._clock_ns(), kind, actor, name, make, given))
        if self._waiters or self._listeners:
            self._tell(self._events[-1])

    def _keep(self, event: TraceEvent | _Later) -> None:
        self._kept.append(event)
        if self._limit is not None and len(self._kept) >= 2 * self._limit:
            with self._making:
                self._forgotten += self._limit
                del self._kept[: self._limit]
                self._whole = max(self._whole - self._limit, 0)

    def _tell(self, event: TraceEvent) -> None:
        if self._waiters:
            self._wake(event)
        for listener in self._listeners:
            listener(event)

    @property
    def _events(self) -> list[TraceEvent]:
        """All that is kept, made."""
        kept = self._kept
        if self._whole < len(kept):
            with self._making:  # another thread may look too
                while self._whole < len(kept):
                    event = kept[self._whole]
                    if isinstance(event, _Later):
                        data = self.secrets.redact(event.make(*event.given))
                        made = TraceEvent(event.seq, event.at_ns, event.kind, event.actor, event.name, data)
                        kept[self._whole] = made
                    self._whole += 1
        return cast("list[TraceEvent]", kept)

    def listen(self, listener: Callable[[TraceEvent], None]) -> Callable[[], None]:
        """Call ``listener`` with each event from now on; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def since(self, seq: int) -> Sequence[TraceEvent]:
        """Events after ``seq``."""
        return self._events[max(seq - self._forgotten, 0) :]

    def select(
        self,
        *,
        kind: Kind | None = None,
        actor: str | None = None,
        name: str | None = None,
        after: int = 0,
        where: Callable[[TraceEvent], bool] | None = None,
    ) -> list[TraceEvent]:
        """Events after ``seq`` ``after`` that match all that is given."""
        return [event for event in self.since(after) if matches(event, kind=kind, actor=actor, name=name, where=where)]

    async def wait(
        self, predicate: Callable[[TraceEvent], bool], *, what: str = "event", timeout_s: float, after: int = 0
    ) -> TraceEvent:
        """The first event after ``seq`` ``after`` that satisfies ``predicate``; :class:`TraceTimeoutError` when none comes."""
        for event in self.since(after):
            if predicate(event):
                return event
        loop = asyncio.get_running_loop()
        started = loop.time()
        future: asyncio.Future[TraceEvent] = loop.create_future()
        waiter = (predicate, future)
        self._waiters.append(waiter)
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            raise TraceTimeoutError(what, timeout_s, loop.time() - started) from None
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake(self, event: TraceEvent) -> None:
        for waiter in list(self._waiters):
            predicate, future = waiter
            if not future.done() and predicate(event):
                future.set_result(event)
                self._waiters.remove(waiter)


def matches(
    event: TraceEvent,
    *,
    kind: Kind | None = None,
    actor: str | None = None,
    name: str | None = None,
    where: Callable[[TraceEvent], bool] | None = None,
) -> bool:
    """Whether ``event`` is of this kind, actor and name (each only if given) and satisfies ``where``."""
    return (
        (kind is None or event.kind == kind)
        and (actor is None or event.actor == actor)
        and (name is None or event.name == name)
        and (where is None or where(event))
    )
