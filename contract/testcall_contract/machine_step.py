"""Applies the table of the session machine: what a state becomes when something happens, and of which events it is a cause.

Deterministic: of the rows of one machine at most one matches. Choices that a contract leaves open are made by the caller, who
says which optional rows are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from testcall_contract.machine import (
    CONSEQUENCES,
    GUARDS,
    MACHINES,
    TRANSITIONS,
    Advance,
    Guard,
    Happen,
    Invoke,
    Participant,
    State,
    Stimulus,
    Timing,
    Transition,
    word_of,
)

BY_STIMULUS: dict[str, tuple[Transition, ...]] = {
    word: tuple(row for row in TRANSITIONS if row.stimulus == word) for word in {row.stimulus for row in TRANSITIONS}
}
"""The rows of the table by the word of their stimulus."""


@dataclass(frozen=True, slots=True)
class Caused:
    """At ``uid`` something is a cause of events, by ``words`` from the most special to the most general; ``at_ms`` after the stimulus.

    ``own``: it is about the participant itself, and not about another one.
    """

    uid: str
    words: tuple[str, ...]
    own: bool
    row: Transition
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a stimulus does: the state after it, the causes in the order of time, the rows that were used."""

    state: State
    causes: tuple[Caused, ...] = ()
    rows: tuple[Transition, ...] = ()


def matching(state: State, stimulus: Stimulus) -> tuple[tuple[Transition, str], ...]:
    """The rows that a stimulus triggers in ``state``, each with the uid of the participant at whom."""
    if isinstance(stimulus, Advance):
        return ()
    rows = BY_STIMULUS.get(word_of(stimulus), ())
    return tuple((row, uid) for row in rows for uid in _movers(state, stimulus, row) if _applies(state, row, uid))


def _movers(state: State, stimulus: Invoke | Happen, row: Transition) -> Iterator[str]:
    if row.whose == "target":
        target = stimulus.target if isinstance(stimulus, Invoke) else None
        yield from [target] if target is not None and state.of(stimulus.actor).presence == "joined" else []
    elif row.whose == "others":
        actor = state.of(stimulus.actor)
        yield from (other.uid for other in state.others(stimulus.actor) if actor.presence == "joined")
    else:
        yield stimulus.actor


def _applies(state: State, row: Transition, uid: str) -> bool:
    who = state.of(uid)
    held = getattr(state if row.whose == "session" else who, row.machine)
    return held == row.source and GUARDS[row.when](state, who)


def step(state: State, stimulus: Stimulus, left_out: frozenset[Transition] = frozenset()) -> Step:
    """What ``stimulus`` makes of ``state``, without the rows that are left out."""
    if isinstance(stimulus, Advance):
        return _advance(state, stimulus.ms)
    used = [(row, uid) for row, uid in matching(state, stimulus) if row not in left_out]
    return _apply(state, stimulus, used)


def _apply(state: State, stimulus: Invoke | Happen, used: list[tuple[Transition, str]], at_ms: int = 0) -> Step:
    causes = tuple(caused for row, uid in used for caused in _causes(state, stimulus, row, uid, at_ms))
    after = state
    for row, uid in used:
        if row.whose == "session":
            after = after.moved(row.machine, row.target)
            if row.stimulus == "initiate_call" and isinstance(stimulus, Invoke):
                after = replace(after, caller=uid, callee=stimulus.target or "")
        else:
            after = after.with_participant(_moved(after.of(uid), row, stimulus))
    return Step(settled(after), causes, tuple(row for row, _ in used))


def _moved(who: Participant, row: Transition, stimulus: Invoke | Happen) -> Participant:
    moved = who.moved(row.machine, row.target)
    if row.machine == "presence" and row.target == "joined" and row.source == "absent" and isinstance(stimulus, Invoke):
        return replace(moved, starts=stimulus.starts, timing=stimulus.timing or Timing(), alone_ms=0)
    if row.machine == "presence" and row.target == "absent":
        return replace(moved, starts=frozenset(), timing=Timing(), alone_ms=0)
    return replace(moved, alone_ms=0) if row.machine == "company" else moved


def _causes(state: State, stimulus: Invoke | Happen, row: Transition, uid: str, at_ms: int) -> Iterator[Caused]:
    mover = stimulus.actor if row.whose == "session" else uid
    if row.own:
        yield Caused(mover, row.own, True, row, at_ms)
    if row.others:
        yield from (Caused(other, row.others, False, row, at_ms) for other in _reached(state, stimulus, row, mover))


def _reached(state: State, stimulus: Invoke | Happen, row: Transition, mover: str) -> tuple[str, ...]:
    """Who else is told: everybody in the session whose connection works; of a call that rings, the other party."""
    if row.machine != "call":
        return tuple(other.uid for other in state.others(mover) if other.presence == "joined")
    parties = (state.caller, state.callee, (stimulus.target or "") if isinstance(stimulus, Invoke) else "")
    return tuple(dict.fromkeys(uid for uid in parties if uid and uid != mover))


# --- consequences ----------------------------------------------------------------------------------------------------

_HOLDS: dict[str, Guard] = {
    "gone": lambda state, who: not who.present,
    "present_alone": lambda state, who: who.present and not state.others(who.uid),
    "present_with_others": lambda state, who: who.present and bool(state.others(who.uid)),
    "present_as_viewer": lambda state, who: who.present and "viewer" in who.starts,
    "present_as_presenter": lambda state, who: who.present and "presenter" in who.starts,
    "present_plainly": lambda state, who: who.present and not who.starts & {"viewer", "presenter"},
    "joins_muted": lambda state, who: who.present and "muted" in who.starts and "viewer" not in who.starts,
    "joins_heard": lambda state, who: who.present and not who.starts & {"muted", "viewer"},
    "joins_paused": lambda state, who: who.present and "paused" in who.starts and not who.starts & {"voice", "viewer"},
    "joins_seen": lambda state, who: who.present and not who.starts & {"paused", "voice", "viewer"},
}
"""What a consequence asks of a participant."""


def settled(state: State) -> State:
    """``state`` after all that follows from it."""
    for _ in range(len(MACHINES)):
        after = state
        for participant in state.participants:
            after = after.with_participant(_settle_one(after, after.of(participant.uid)))
        if not any(participant.present for participant in after.participants):
            for rule in CONSEQUENCES:
                if rule.holds == "nobody_left" and getattr(after, rule.machine) in rule.sources:
                    after = after.moved(rule.machine, rule.target)
        if after == state:
            return state
        state = after
    raise AssertionError(f"the consequences never come to rest in {state}")


def _settle_one(state: State, who: Participant) -> Participant:
    for rule in CONSEQUENCES:
        if rule.holds in _HOLDS and getattr(who, rule.machine) in rule.sources and _HOLDS[rule.holds](state, who):
            who = who.moved(rule.machine, rule.target)
            if rule.machine == "company":
                who = replace(who, alone_ms=0)
    return who


# --- time ------------------------------------------------------------------------------------------------------------


def _advance(state: State, ms: int) -> Step:
    """Let time pass: whoever is alone is prompted, and leaves, when their periods are over."""
    passed = 0
    causes: list[Caused] = []
    rows: list[Transition] = []
    while passed <= ms:
        due = min(((left, uid, word) for left, uid, word in _timers(state)), default=None)
        if due is None or passed + due[0] > ms:
            break
        left, uid, word = due
        state, passed = _aged(state, left), passed + left
        happened = Happen(word, uid)
        made = _apply(state, happened, list(matching(state, happened)), passed)
        if not made.rows:
            break
        state = made.state
        causes += made.causes
        rows += made.rows
    return Step(_aged(state, ms - passed), tuple(causes), tuple(rows))


def _timers(state: State) -> Iterator[tuple[int, str, str]]:
    """Each timer that runs: how much time is left, whose it is, and the word of what it brings about."""
    for who in state.participants:
        if who.presence != "joined" or who.company not in ("alone", "prompted"):
            continue
        if who.company == "alone" and who.timing.prompt_ms is not None:
            yield max(0, who.timing.prompt_ms - who.alone_ms), who.uid, "prompt_period"
        elif who.timing.end_ms is not None:
            yield max(0, who.timing.end_ms - who.alone_ms), who.uid, "idle_period"


def _aged(state: State, ms: int) -> State:
    for who in state.participants:
        if who.presence == "joined" and who.company in ("alone", "prompted"):
            state = state.with_participant(replace(who, alone_ms=who.alone_ms + ms))
    return state
