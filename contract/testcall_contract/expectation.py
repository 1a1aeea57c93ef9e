"""What is expected of a session, what was seen of it, and how the two differ: the values of :mod:`testcall_contract.oracle`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from testcall_contract.machine import State, Stimulus, Transition

States = frozenset[State]
"""All states that agree with what was seen so far."""

# --- what is expected ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call may end: ``ok`` or not (None: no source says), in one of the ways ``ends``, with one of ``codes`` if it fails.

    ``promises`` are the ids that say so. An operation that the contract doesn't know has no ways to end.
    """

    actor: str
    operation: str
    ok: bool | None
    ends: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """An event at an observer that must come (``times`` so often, if that is said) or must not; ``at_ms`` after the stimulus."""

    observer: str
    event: str
    cause: str
    promises: tuple[str, ...]
    times: int | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """A conflict: by each of its alternatives the event must come (True) or must not."""

    observer: str
    event: str
    conflict: str
    alternatives: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """At the observer, if both come, ``first`` comes before ``second``."""

    observer: str
    first: str
    second: str
    promise: str


@dataclass(frozen=True, slots=True)
class Branch:
    """One way in which things can go: how the call ends, which events come, and the state after it.

    ``explained`` are the events of which anything is said under what happens on this way, silences included.
    """

    state: State
    outcome: Outcome | None = None
    required: tuple[Expected, ...] = ()
    forbidden: tuple[Expected, ...] = ()
    either: tuple[Either, ...] = ()
    order: tuple[Order, ...] = ()
    rows: tuple[Transition, ...] = ()
    explained: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Expectation:
    """All ways in which things can go. What all of them require is required, what all of them forbid is forbidden."""

    branches: tuple[Branch, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """How the call may end."""
        return tuple(dict.fromkeys(branch.outcome for branch in self.branches if branch.outcome is not None))

    @property
    def required(self) -> tuple[Expected, ...]:
        """Events that must come, whichever way it goes."""
        return self._in_all([branch.required for branch in self.branches])

    @property
    def forbidden(self) -> tuple[Expected, ...]:
        """Events that must not come, whichever way it goes."""
        return self._in_all([branch.forbidden for branch in self.branches])

    def allows(self, observer: str, event: str) -> bool:
        """Whether the event may come: no way that things can go rules it out everywhere."""
        return (observer, event) not in {(one.observer, one.event) for one in self.forbidden}

    def _in_all(self, lists: Sequence[tuple[Expected, ...]]) -> tuple[Expected, ...]:
        if not lists:
            return ()
        keys = [{(one.observer, one.event) for one in some} for some in lists]
        common = set.intersection(*keys)
        return tuple(one for one in lists[0] if (one.observer, one.event) in common)


# --- what was seen ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeenOutcome:
    """How a call ended, and the code of its error, if there was one."""

    ended: str
    ok: bool
    code: str | None = None


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """An event (its concept) that an observer got; ``at_ms`` after the stimulus, where the clock was known."""

    observer: str
    event: str
    at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """All that was seen until things were quiet.

    Events are looked for at ``observers`` only, and only those of ``listened`` (None: all) can be missed.
    """

    outcome: SeenOutcome | None = None
    events: tuple[SeenEvent, ...] = ()
    observers: frozenset[str] = frozenset()
    listened: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which what was seen differs from what is promised, as two half sentences, with the ids that promise it."""

    promises: tuple[str, ...]
    expected: str
    seen: str


@dataclass(frozen=True, slots=True)
class Divergence:
    """Nothing that is promised agrees with what was seen; ``breaches`` are those of the way that came nearest."""

    stimulus: Stimulus
    breaches: tuple[Breach, ...]

    def __str__(self) -> str:
        return "; ".join(
            f"expected {b.expected}, seen: {b.seen} ({', '.join(b.promises) or 'no clause'})" for b in self.breaches
        )
