"""The oracle agrees with a build that keeps every promise, names the promise that another one breaks, and accuses for nothing else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testcall_contract.book import Book, default_timings
from testcall_contract.expectation import Divergence, Observation, SeenEvent, SeenOutcome
from testcall_contract.loader import contract_names, load
from testcall_contract.machine import TRANSITIONS, Advance, Happen, Invoke, Timing
from testcall_contract.oracle import enabled, initial, observe

V4, V5 = "calls/javascript-v4", "calls/javascript-v5"
UIDS = ("alice", "bob", "carol")
BOOKS = {name: Book(load(name)) for name in contract_names() if name.startswith(("calls/", "chat/"))}
EVERYBODY = frozenset(UIDS)


def kept_promises(branch, *, follows=0, failed_as=None):
    """What a build shows that goes the way of ``branch`` and follows the given alternative of each conflict."""
    events = []
    for one in branch.required:
        events += [SeenEvent(one.observer, one.event)] * (one.times or 1)
    for choice in branch.either:
        _, comes = choice.alternatives[follows % len(choice.alternatives)]
        if comes:
            events.append(SeenEvent(choice.observer, choice.event))
    events = ordered(events, branch.order)
    outcome = None
    if branch.outcome is not None:
        ok = branch.outcome.ok is not False
        code = branch.outcome.codes[0] if branch.outcome.codes else None
        outcome = SeenOutcome((branch.outcome.ends or ("resolved",))[0], ok, None if ok else code)
    return Observation(outcome, tuple(events), EVERYBODY)


def ordered(events, orders):
    """The events in an order that all ``orders`` like."""
    events = list(events)
    for _ in range(len(events) * len(orders)):
        for pair in orders:
            keys = [(e.observer, e.event) for e in events]
            first, second = (pair.observer, pair.first), (pair.observer, pair.second)
            if first in keys and second in keys and keys.index(first) > keys.index(second):
                events.insert(keys.index(second), events.pop(keys.index(first)))
    return events


# --- properties ------------------------------------------------------------------------------------------------------

WORDS = sorted({row.stimulus for row in TRANSITIONS} - {"prompt_period", "idle_period"})


@st.composite
def stimuli(draw, book):
    """Something that may happen, mostly what the contract knows."""
    kind = draw(st.integers(0, 9))
    actor = draw(st.sampled_from(UIDS))
    if kind == 0:
        return Advance(draw(st.sampled_from((1_000, 60_000, 200_000))))
    if kind == 1:
        return Happen(draw(st.sampled_from(WORDS)), actor)
    known = sorted(book.contract.operations)
    often = ("initialize", "login", "join_session", "mute_audio", "leave_session", "initiate_call", "accept_call")
    preferred = [op for op in often if op in known]
    operation = draw(st.sampled_from([*known, *preferred * 8]))
    fault = draw(st.sampled_from((None, None, None, None, "call_token_invalid", "network_failure", "settings_invalid")))
    target = next(uid for uid in UIDS if uid != actor)
    return Invoke(actor, operation, fault, target, draw(st.sampled_from((None, None, False))))


def scenario(name):
    return st.lists(stimuli(BOOKS[name]), min_size=1, max_size=25)


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", BOOKS)
@QUICK
@given(data=st.data())
def test_a_build_that_keeps_every_promise_never_diverges(name, data):
    book = BOOKS[name]
    follows = data.draw(st.integers(0, 1))
    states = initial(UIDS)
    for stimulus in data.draw(scenario(name)):
        branches = enabled(book, states, stimulus).branches
        assert branches
        branch = data.draw(st.sampled_from(branches))
        states = observe(book, states, stimulus, kept_promises(branch, follows=follows))
        assert not isinstance(states, Divergence), str(states)
        assert 0 < len(states) <= 512  # each open conflict of names doubles them


@pytest.mark.parametrize("name", BOOKS)
@QUICK
@given(data=st.data())
def test_what_every_way_requires_cannot_be_missing(name, data):
    book, states = BOOKS[name], initial(UIDS)
    for stimulus in data.draw(scenario(name)):
        expectation = enabled(book, states, stimulus)
        branch = data.draw(st.sampled_from(expectation.branches))
        good = kept_promises(branch)
        for one in expectation.required:
            without = tuple(e for e in good.events if (e.observer, e.event) != (one.observer, one.event))
            found = observe(book, states, stimulus, Observation(good.outcome, without, EVERYBODY))
            assert isinstance(found, Divergence)
            elsewhere = observe(book, states, stimulus, Observation(good.outcome, without, frozenset()))
            assert not isinstance(elsewhere, Divergence), "nobody looked there, so nothing can be missed"
        states = observe(book, states, stimulus, good)


@pytest.mark.parametrize("name", BOOKS)
@QUICK
@given(data=st.data())
def test_what_every_way_forbids_cannot_come(name, data):
    book, states = BOOKS[name], initial(UIDS)
    for stimulus in data.draw(scenario(name)):
        expectation = enabled(book, states, stimulus)
        branch = data.draw(st.sampled_from(expectation.branches))
        good = kept_promises(branch)
        for one in expectation.forbidden:
            assert not expectation.allows(one.observer, one.event)
            more = (*good.events, SeenEvent(one.observer, one.event))
            assert isinstance(observe(book, states, stimulus, Observation(good.outcome, more, EVERYBODY)), Divergence)
        states = observe(book, states, stimulus, good)


@pytest.mark.parametrize("name", BOOKS)
@QUICK
@given(data=st.data())
def test_a_call_that_must_fail_cannot_succeed_nor_the_reverse(name, data):
    book, states = BOOKS[name], initial(UIDS)
    for stimulus in data.draw(scenario(name)):
        expectation = enabled(book, states, stimulus)
        good = kept_promises(data.draw(st.sampled_from(expectation.branches)))
        promised = {outcome.ok for outcome in expectation.outcomes}
        if promised in ({True}, {False}):
            (ok,) = promised
            wrong = SeenOutcome("resolved", not ok, "NO_SUCH_CODE")
            found = observe(book, states, stimulus, Observation(wrong, good.events, EVERYBODY))
            assert isinstance(found, Divergence)
            assert any(breach.promises for breach in found.breaches)
        states = observe(book, states, stimulus, good)


@pytest.mark.parametrize("name", BOOKS)
def test_every_operation_can_end_as_promised_and_be_refused_as_promised(name):
    """No outcome is unreachable: each clause about success or refusal is met in some state."""
    book = BOOKS[name]
    met = set()
    for prepared in ((), ("initialize",), ("initialize", "login"), ("initialize", "login", "join_session")):
        states = initial(UIDS)
        for operation in prepared:
            if operation in book.contract.operations:
                stimulus = Invoke("alice", operation)
                branch = enabled(book, states, stimulus).branches[-1]
                states = observe(book, states, stimulus, kept_promises(branch))
        for operation in book.contract.operations:
            for fault in (None, *book.contract.errors, *book.contract.operations[operation].requires):
                for outcome in enabled(book, states, Invoke("alice", operation, fault)).outcomes:
                    met |= set(outcome.promises)
    wanted = {
        p.id for p in book.promises
        if p.kind == "clause" and p.counts and p.level == "must" and p.args.get("fails", True)
        and (p.rule in ("operation.delivers_success", "operation.requires")
             or (p.rule == "error.code" and p.args["operation"] in book.contract.operations and "at" not in p.args))
        and p.subject.kind in ("operation", "error")
    }  # fmt: skip
    missing = {p for p in wanted - met if not _deliberate(book, p)}
    assert missing == set()


def _deliberate(book, one):
    """Conditions that a fault in a stimulus stands for only if some clause about the operation names them."""
    promise = next(p for p in book.promises if p.id == one)
    condition = promise.args.get("condition") or promise.subject.key
    operation = promise.args.get("operation") or promise.subject.key
    return condition not in {*book.contract.errors, *book.contract.operations[operation].requires}


# --- examples --------------------------------------------------------------------------------------------------------


def drive(name, *steps, uids=("alice", "bob")):
    """The states after steps of a build that keeps its promises: (stimulus), each going the last way there is."""
    states = initial(uids)
    for stimulus in steps:
        branch = enabled(BOOKS[name], states, stimulus).branches[-1]
        states = observe(BOOKS[name], states, stimulus, kept_promises(branch))
        assert not isinstance(states, Divergence), str(states)
    return states


def in_a_call(name, *uids):
    steps = []
    for uid in uids:
        steps += [
            Invoke(uid, op) for op in ("initialize", "login", "join_session") if op in BOOKS[name].contract.operations
        ]
    return drive(name, *steps, uids=uids)


def test_a_call_before_init_fails_by_its_clause():
    token = Invoke("alice", "generate_token")
    (outcome,) = enabled(BOOKS[V4], initial(["alice"]), token).outcomes
    assert outcome.ok is False
    assert outcome.promises == ("JS4-TOKEN-050",)
    found = observe(BOOKS[V4], initial(["alice"]), token, Observation(SeenOutcome("resolved", True)))
    assert isinstance(found, Divergence)
    assert str(found) == "expected generate_token fails, seen: resolved (JS4-TOKEN-050)"


def test_a_mute_must_be_told_to_all_in_version_4():
    states = in_a_call(V4, "alice", "bob")
    expectation = enabled(BOOKS[V4], states, Invoke("alice", "mute_audio"))
    told = {(one.observer, one.event, one.promises) for one in expectation.required}
    assert ("alice", "user_muted", ("JS4-USERMUTED-010",)) in told
    assert ("bob", "user_muted", ("JS4-USERMUTED-020",)) in told


def test_in_version_5_own_and_others_mutes_are_other_events():
    states = in_a_call(V5, "alice", "bob")
    expectation = enabled(BOOKS[V5], states, Invoke("alice", "mute_audio"))
    required = {(one.observer, one.event) for one in expectation.required}
    forbidden = {(one.observer, one.event) for one in expectation.forbidden}
    assert {("alice", "audio_muted"), ("bob", "participant_audio_muted")} <= required
    assert ("bob", "audio_muted") in forbidden


def test_a_conflict_may_go_either_way_but_one_way_throughout():
    """JS4-C29: whether onUserMuted comes on an unmute, too."""
    states = in_a_call(V4, "alice", "bob")
    mute, unmute = Invoke("alice", "mute_audio"), Invoke("alice", "mute_audio", value=False)
    muted = observe(BOOKS[V4], states, mute, kept_promises(enabled(BOOKS[V4], states, mute).branches[-1]))

    def after_unmute(states, *, told):
        branch = enabled(BOOKS[V4], states, unmute).branches[-1]
        events = tuple(SeenEvent(o.observer, o.event) for o in branch.required)
        extra = (SeenEvent("bob", "user_muted"),) if told else ()
        return observe(
            BOOKS[V4], states, unmute, Observation(SeenOutcome("returned", True), events + extra, frozenset({"bob"}))
        )

    first = after_unmute(muted, told=True)
    assert not isinstance(first, Divergence)
    assert {excluded for state in first for excluded in state.excluded} == {("JS4-C29", "muted_only")}
    again = observe(BOOKS[V4], first, mute, kept_promises(enabled(BOOKS[V4], first, mute).branches[-1]))
    second = after_unmute(again, told=False)
    assert isinstance(second, Divergence)
    assert "JS4-C29" in str(second)
    assert not isinstance(after_unmute(muted, told=False), Divergence), "the other alternative is as good"


def test_a_silence_lets_everything_happen():
    """JS4-S40: what setMode does without a session."""
    states = drive(V4, Invoke("alice", "initialize"))
    for seen in (SeenOutcome("returned", True), SeenOutcome("threw", False, "ANY"), SeenOutcome("rejected", False)):
        found = observe(BOOKS[V4], states, Invoke("alice", "set_layout"), Observation(seen, (), EVERYBODY))
        assert not isinstance(found, Divergence)


def test_events_tell_whether_a_doubtful_call_had_its_effect():
    """A second login while logged in: no source says; what is seen decides which states are left."""
    states = drive(V5, Invoke("alice", "initialize"), Invoke("alice", "login"))
    found = observe(
        BOOKS[V5], states, Invoke("alice", "login"), Observation(SeenOutcome("rejected", False), (), EVERYBODY)
    )
    assert not isinstance(found, Divergence)


def test_a_timeout_comes_after_the_period_and_its_event_with_it():
    alone = drive(V5, *(Invoke("alice", op) for op in ("initialize", "login", "join_session")), uids=("alice",))
    timings = {state.of("alice").timing for state in alone}
    assert timings == {Timing(60_000, 120_000), Timing(60_000, 180_000)} == set(default_timings(BOOKS[V5].contract))
    early = enabled(BOOKS[V5], alone, Advance(179_999))
    assert ("alice", "session_timed_out") not in {(o.observer, o.event) for o in early.forbidden}
    late = enabled(BOOKS[V5], alone, Advance(240_000))
    timed_out = {(o.observer, o.event, o.at_ms) for branch in late.branches for o in branch.required}
    assert {("alice", "session_timed_out", 180_000), ("alice", "session_timed_out", 240_000)} <= timed_out
    assert ("alice", "session_timed_out") in {(o.observer, o.event) for o in late.required}
    kept = observe(
        BOOKS[V5], alone, Advance(200_000),
        Observation(None, (SeenEvent("alice", "session_timed_out"),), frozenset({"alice"}), frozenset({"session_timed_out"})),
    )  # fmt: skip
    assert {state.of("alice").presence for state in kept} == {"absent"}, "only the shorter period is left"


def test_idle_periods_are_read_from_each_dialect():
    assert default_timings(BOOKS[V4].contract) == (Timing(120_000, 60_000),)


def test_the_order_of_events_is_kept():
    """JS5-EV-CBACK-020: onConnectionRestored comes after onConnectionLost."""
    states = in_a_call(V5, "alice", "bob")
    lost = Happen("connection_lost", "alice")
    states = observe(BOOKS[V5], states, lost, kept_promises(enabled(BOOKS[V5], states, lost).branches[-1]))
    back = Happen("connection_restored", "alice")
    branch = enabled(BOOKS[V5], states, back).branches[-1]
    assert [(o.first, o.second) for o in branch.order] == [("connection_lost", "connection_restored")]
    wrong = Observation(
        None, (SeenEvent("alice", "connection_restored"), SeenEvent("alice", "connection_lost")), EVERYBODY
    )
    found = observe(BOOKS[V5], states, back, wrong)
    assert isinstance(found, Divergence)
    assert "JS5-EV-CBACK-020" in str(found)


def test_a_promise_that_does_not_hold_for_a_build_requires_nothing():
    states = in_a_call(V4, "alice", "bob")
    book = Book(BOOKS[V4].contract, without=frozenset({"JS4-USERMUTED-010"}))
    required = {one.promises for one in enabled(book, states, Invoke("alice", "mute_audio")).required}
    assert ("JS4-USERMUTED-010",) not in required
    assert ("JS4-USERMUTED-020",) in required


def test_what_nobody_listens_for_cannot_be_missed():
    states = in_a_call(V4, "alice", "bob")
    seen = Observation(SeenOutcome("returned", True), (), EVERYBODY, frozenset({"session_left"}))
    assert not isinstance(observe(BOOKS[V4], states, Invoke("alice", "mute_audio"), seen), Divergence)


def test_ringing_is_told_to_the_other_party():
    book = BOOKS["chat/ringing-javascript-v4"]
    rings = Invoke("alice", "initiate_call", target="bob")
    ready = [Invoke(uid, operation) for uid in ("alice", "bob") for operation in ("initialize", "login")]
    driven = drive("chat/ringing-javascript-v4", *ready, uids=("alice", "bob"))
    states = frozenset(s for s in driven if all(one.account == "logged_in" for one in s.participants))
    (required,) = {(o.observer, o.event) for o in enabled(book, states, rings).required} or {None}
    assert required == ("bob", "incoming_call")
    seen = Observation(SeenOutcome("resolved", True), (SeenEvent("bob", "incoming_call"),), EVERYBODY)
    ringing = observe(book, states, rings, seen)
    assert {state.call for state in ringing} == {"initiated"}
    accepted = enabled(book, ringing, Invoke("bob", "accept_call"))
    assert ("alice", "outgoing_call_accepted") in {(o.observer, o.event) for o in accepted.required}
    again = enabled(book, states, Invoke("bob", "accept_call"))
    assert {outcome.ok for outcome in again.outcomes} == {None}, "no source says what accepting nothing does"


def test_an_operation_that_the_contract_lacks_is_nobodys_fault():
    (outcome,) = enabled(BOOKS[V4], initial(["alice"]), Invoke("alice", "raise_hand")).outcomes
    assert (outcome.ok, outcome.ends) == (None, ())
