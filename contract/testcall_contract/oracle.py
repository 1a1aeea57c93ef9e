"""What a contract expects when something happens in a session, and whether what was seen agrees with it.

Lays a contract over the session machine (:mod:`testcall_contract.machine`). The machine says what moves and of which causes it
is; the contract's clauses say how the call ends, which events a cause must bring and which it must not; its conflicts say what
may be either way, but one way throughout; where it is silent, everything is possible.

States are a *set*: all that still agree with what was seen. A silence or an optional transition leaves several; of those, the
ones are kept that explain most of the events that came. A conflict shrinks the alternatives that the build can follow
(``State.excluded``). Whoever drives a build asks :func:`enabled` before, and
:func:`observe` after; neither looks at a build, a clock or a wire.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from testcall_contract.book import Book, Refusals, binds, default_timings, refusals
from testcall_contract.expectation import (
    Branch,
    Breach,
    Divergence,
    Either,
    Expectation,
    Expected,
    Observation,
    Order,
    Outcome,
    SeenOutcome,
    States,
)  # fmt: skip
from testcall_contract.machine import FAILURE_CAUSES, Invoke, Participant, State, Stimulus, Transition, word_of
from testcall_contract.machine_step import BY_STIMULUS, Caused, Step, matching, step
from testcall_contract.models import Contract
from testcall_contract.promises import Promise


def initial(uids: Sequence[str]) -> States:
    """Everybody outside, nothing prepared."""
    return frozenset({State(tuple(Participant(uid) for uid in sorted(uids)))})


def enabled(contract: Contract | Book, states: States, stimulus: Stimulus) -> Expectation:
    """What the contract expects of ``stimulus`` in each of ``states``. Give a :class:`Book` to read the contract once."""
    book = contract if isinstance(contract, Book) else Book(contract)
    found = (branch for state in sorted(states, key=repr) for branch in _branches(book, state, stimulus))
    return Expectation(tuple(dict.fromkeys(found)))


def observe(
    contract: Contract | Book, states: States, stimulus: Stimulus, observation: Observation
) -> States | Divergence:
    """The states that agree with what was seen after ``stimulus``, or in what it differs from all that is promised."""
    book = contract if isinstance(contract, Book) else Book(contract)
    agreed: dict[State, int] = {}
    breaches: list[tuple[Breach, ...]] = []
    for state in sorted(states, key=repr):
        for branch in _branches(book, state, stimulus):
            wrong, after = _compare(branch, observation)
            if wrong:
                breaches.append(wrong)
            else:
                agreed[after] = min(agreed.get(after, len(observation.events)), _unexplained(branch, observation))
    if not agreed:
        return Divergence(stimulus, min(breaches, key=len, default=()))
    least = min(agreed.values())
    return frozenset(state for state, count in agreed.items() if count == least)


# --- branches --------------------------------------------------------------------------------------------------------


def _branches(book: Book, state: State, stimulus: Stimulus) -> Iterator[Branch]:
    if not isinstance(stimulus, Invoke):
        for left_out in _choices(book, state, stimulus):
            yield _branch(book, step(state, stimulus, left_out), None)
        return
    if stimulus.operation not in book.contract.operations:
        yield Branch(state, Outcome(stimulus.actor, stimulus.operation, None))
        return
    against = refusals(book, state, stimulus)
    if against.certain:
        yield _refused(book, state, stimulus, against)
        return
    stuck = word_of(stimulus) in BY_STIMULUS and not matching(state, stimulus)
    promised = () if against.doubtful or stuck else book.success(stimulus.operation)
    if not promised:
        yield Branch(state, Outcome(stimulus.actor, stimulus.operation, None))
    for timed in _timings(book, state, stimulus):
        for left_out in _choices(book, state, timed):
            yield _branch(book, step(state, timed, left_out), _success(book, stimulus, promised))


def _choices(book: Book, state: State, stimulus: Stimulus) -> Iterator[frozenset[Transition]]:
    """Which optional rows are left out: none that a clause names; with and without those that no clause does."""
    open_rows = [
        r for r, _ in matching(state, stimulus) if r.optional and not any(map(binds, book.naming(r.stands_on)))
    ]
    yield frozenset()
    if open_rows:
        yield frozenset(open_rows)


def _timings(book: Book, state: State, stimulus: Invoke) -> Iterator[Invoke]:
    """A join takes the idle periods that are given, else the contract's defaults, one for each side of a conflict."""
    joins = any(row.machine == "presence" and row.target == "joined" for row, _ in matching(state, stimulus))
    if stimulus.timing is not None or not joins:
        yield stimulus
        return
    for timing in default_timings(book.contract):
        yield replace(stimulus, timing=timing)


def _success(book: Book, stimulus: Invoke, promised: tuple[str, ...]) -> Outcome:
    ends = book.contract.operations[stimulus.operation].delivers.success.ends
    return Outcome(
        stimulus.actor, stimulus.operation, True if promised else None, ends if promised else (), (), promised
    )


def _refused(book: Book, state: State, stimulus: Invoke, against: Refusals) -> Branch:
    """The call fails and moves nothing; it is a cause of events about the failure."""
    outcome = Outcome(
        stimulus.actor, stimulus.operation, False, (), against.codes, tuple(dict.fromkeys(against.certain))
    )
    words = [FAILURE_CAUSES.get((stimulus.operation, key)) for key in ("", *against.conditions)]
    row = Transition("", "", stimulus.operation, "")
    return _branch(book, Step(state, tuple(Caused(stimulus.actor, (w,), True, row) for w in words if w)), outcome)


# --- events ----------------------------------------------------------------------------------------------------------


def _branch(book: Book, made: Step, outcome: Outcome | None) -> Branch:
    """The events of a step, by what the contract says of its causes."""
    required: dict[tuple[str, str], Expected] = {}
    forbidden: dict[tuple[str, str], Expected] = {}
    either: dict[tuple[str, str, str], Either] = {}
    order: list[Order] = []
    explained: set[tuple[str, str]] = set()
    for caused in made.causes:
        for event, word, told in _told(book, caused):
            key = (caused.uid, event)
            explained.add(key)
            for promise in told:
                if promise.rule == "event.order" and binds(promise):
                    order.append(_order(caused, event, promise))
                elif promise.rule not in ("event.fires", "event.silent"):
                    continue
                elif promise.alternatives:
                    sides = tuple(
                        (a.id, _comes({**promise.args, **a.args}, promise.rule)) for a in promise.alternatives
                    )
                    either[(*key, promise.id)] = Either(caused.uid, event, promise.id, sides)
                elif binds(promise):
                    comes = _comes(promise.args, promise.rule)
                    times = promise.args.get("times") if comes else 0
                    kept = required if comes else forbidden
                    ids = (*kept[key].promises, promise.id) if key in kept else (promise.id,)
                    kept[key] = Expected(caused.uid, event, word, ids, times, caused.at_ms or None)
    decided = {*required, *forbidden}
    return Branch(
        made.state,
        outcome,
        tuple(required.values()),
        tuple(one for key, one in forbidden.items() if key not in required),
        tuple(one for key, one in either.items() if key[:2] not in decided),
        tuple(order),
        made.rows,
        frozenset(explained - forbidden.keys()),
    )


def _told(book: Book, caused: Caused) -> Iterator[tuple[str, str, list[Promise]]]:
    """Each event of which something is said under a cause, by the most special word under which anything is."""
    for event in dict.fromkeys(p.subject.key for word in caused.words for p in book.by_cause.get(word, ())):
        for word in caused.words:
            told = [p for p in book.by_cause.get(word, ()) if p.subject.key == event]
            if any(p.rule in ("event.fires", "event.silent", "event.order") for p in told):
                yield event, word, told
                break


def _comes(args: Mapping[str, Any], rule: str) -> bool:
    return rule == "event.fires" and args.get("times") != 0


def _order(caused: Caused, event: str, promise: Promise) -> Order:
    if "before" in promise.args:
        return Order(caused.uid, event, str(promise.args["before"]), promise.id)
    return Order(caused.uid, str(promise.args["after"]), event, promise.id)


# --- comparing -------------------------------------------------------------------------------------------------------


def _compare(branch: Branch, seen: Observation) -> tuple[tuple[Breach, ...], State]:
    """In what ``seen`` differs from a branch, and the state after it, with the alternatives that are ruled out now."""
    breaches = list(_outcome_breaches(branch.outcome, seen.outcome))
    counts = Counter((event.observer, event.event) for event in seen.events)
    for one in branch.required:
        count = counts[one.observer, one.event]
        if _looked_for(one.observer, one.event, seen) and (count == 0 if one.times is None else count != one.times):
            wanted = f"{one.event} at {one.observer}" + (f", {one.times} times" if one.times else "")
            breaches.append(
                Breach(
                    one.promises, f"{wanted} on {one.cause}", f"it came {count} times" if count else "it did not come"
                )
            )
    for one in branch.forbidden:
        if counts[one.observer, one.event]:
            breaches.append(Breach(one.promises, f"no {one.event} at {one.observer} on {one.cause}", "it came"))
    for pair in branch.order:
        places = [
            [n for n, e in enumerate(seen.events) if (e.observer, e.event) == (pair.observer, name)]
            for name in (pair.first, pair.second)
        ]
        if places[0] and places[1] and places[0][0] > places[1][0]:
            breaches.append(
                Breach((pair.promise,), f"{pair.first} before {pair.second} at {pair.observer}", "the other way round")
            )
    excluded = set(branch.state.excluded)
    for choice in branch.either:
        excluded |= _ruled_out(choice, seen, bool(counts[choice.observer, choice.event]))
        if all((choice.conflict, name) in excluded for name, _ in choice.alternatives):
            breaches.append(Breach((choice.conflict,), "one alternative throughout", "now the one, now the other"))
    return tuple(breaches), replace(branch.state, excluded=frozenset(excluded))


def _looked_for(observer: str, event: str, seen: Observation) -> bool:
    return observer in seen.observers and (seen.listened is None or event in seen.listened)


def _ruled_out(choice: Either, seen: Observation, came: bool) -> set[tuple[str, str]]:
    """The alternatives that what was seen can't be: those by which the event comes, if it didn't, or the reverse."""
    if not came and not _looked_for(choice.observer, choice.event, seen):
        return set()
    return {(choice.conflict, name) for name, comes in choice.alternatives if comes is not came}


def _outcome_breaches(expected: Outcome | None, seen: SeenOutcome | None) -> Iterator[Breach]:
    if expected is None or seen is None or expected.ok is None:
        return
    shown = f"{seen.ended}{f' with {seen.code}' if seen.code else ''}"
    if seen.ok is not expected.ok:
        yield Breach(expected.promises, f"{expected.operation} {'succeeds' if expected.ok else 'fails'}", shown)
    elif expected.ok and expected.ends and seen.ended not in expected.ends:
        yield Breach(expected.promises, f"{expected.operation} ends as {' or '.join(expected.ends)}", shown)
    elif not expected.ok and expected.codes and seen.code not in expected.codes:
        yield Breach(expected.promises, f"{expected.operation} fails with {' or '.join(expected.codes)}", shown)


def _unexplained(branch: Branch, seen: Observation) -> int:
    """How many events came of which nothing is said under what happened, on this branch.

    They breach nothing. But where one way explains what came and another doesn't, the build went the former.
    """
    return sum((event.observer, event.event) not in branch.explained for event in seen.events)
