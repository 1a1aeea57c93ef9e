"""The session machine, against itself: nothing in its table is dead, unreachable, ambiguous, or without a ground."""

import random
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from testcall_contract.book import Book
from testcall_contract.loader import contract_names, load, load_core
from testcall_contract.machine import (
    CONDITIONS,
    CONSEQUENCES,
    FAILURE_CAUSES,
    GUARDS,
    MACHINES,
    TRANSITIONS,
    Advance,
    Happen,
    Invoke,
    Participant,
    State,
    Timing,
)
from testcall_contract.machine_page import diagram, diagrams, page
from testcall_contract.machine_step import matching, settled, step
from testcall_contract.rules import RULES
from testcall_contract.vocabulary import CAUSES

UIDS = ("alice", "bob", "carol")
OPERATIONS = sorted({row.stimulus for row in TRANSITIONS} & {*load_core().operations})
VARIANTS = {"reject_call_busy", "reject_call_cancelled"}
HAPPENINGS = sorted({row.stimulus for row in TRANSITIONS} - {*OPERATIONS} - VARIANTS - {"prompt_period", "idle_period"})
STARTS = ("muted", "paused", "voice", "presenter", "viewer", "peer")


def stimulus(draw):
    """A random stimulus of any kind."""
    kind = draw.random()
    if kind < 0.08:
        return Advance(draw.choice((1000, 60_000, 200_000)))
    actor = draw.choice(UIDS)
    if kind < 0.25:
        return Happen(draw.choice(HAPPENINGS), actor)
    operation = draw.choice(OPERATIONS)
    starts = frozenset(word for word in STARTS if draw.random() < 0.2) if operation.startswith("join") else frozenset()
    target = draw.choice([uid for uid in UIDS if uid != actor])
    value = draw.choice(("busy", "cancelled", None)) if operation == "reject_call" else draw.choice((None, None, False))
    return Invoke(actor, operation, None, target, value, starts, Timing(60_000, 120_000))


def start():
    return State(tuple(Participant(uid) for uid in UIDS))


@pytest.fixture(scope="module")
def walk():
    """What a long random walk has met: rows used, states of machines seen; it starts anew now and then."""
    draw = random.Random(7)
    used, seen = Counter(), set()
    state = start()
    for number in range(40_000):
        if number % 400 == 0:
            state = start()
        made = step(state, stimulus(draw))
        used.update(made.rows)
        state = made.state
        for machine in MACHINES.values():
            holders = state.participants if machine.of == "participant" else [state]
            seen |= {(machine.name, getattr(holder, machine.name)) for holder in holders}
    return used, seen


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", TRANSITIONS, ids=str)
def test_a_row_speaks_of_what_there_is(row):
    machine = MACHINES[row.machine]
    assert {row.source, row.target} <= set(machine.states)
    assert row.when in GUARDS
    assert {*row.own, *row.others} <= set(CAUSES)
    assert (machine.of == "session") == (row.whose == "session")
    assert {ground.rule for ground in row.stands_on} <= set(RULES)
    assert row.stands_on or row.assumed, "a row stands on clauses or says that it is assumed, and why"


def test_other_tables_speak_of_what_there_is():
    core = load_core()
    assert set(CONDITIONS) <= set(core.conditions)
    for (operation, condition), cause in FAILURE_CAUSES.items():
        assert operation in core.operations
        assert condition in ("", *core.conditions)
        assert cause in CAUSES
    for rule in CONSEQUENCES:
        assert {*rule.sources, rule.target} <= set(MACHINES[rule.machine].states)


def test_every_row_is_named_by_a_clause_or_marked_assumed():
    books = [Book(load(name)) for name in contract_names()]
    unnamed = [str(row) for row in TRANSITIONS if not row.assumed and not any(b.naming(row.stands_on) for b in books)]
    assert unnamed == []


def test_every_status_of_ringing_is_named_by_its_clause():
    """By the contract of ringing: each row by a clause that goes where it goes, each clause that is carried out by a row."""
    book = Book(load("chat/ringing-javascript-v4"))
    carried_out = [p for p in book.promises if p.rule == "ringing.status" and p.args.get("to") and p.kind == "clause"]
    named = set()
    for row in (row for row in TRANSITIONS if row.machine == "call"):
        grounds = [p for p in book.naming(row.stands_on) if p in carried_out]
        assert [p.id.startswith("CJ4-RING-") and p.args["to"] == row.target for p in grounds] == [True], str(row)
        named |= {p.id for p in grounds}
    assert named == {p.id for p in carried_out}


def test_no_row_is_unreachable(walk):
    used, _ = walk
    assert [str(row) for row in TRANSITIONS if row not in used] == []


def test_no_state_is_unreachable(walk):
    _, seen = walk
    assert {(m.name, state) for m in MACHINES.values() for state in m.states} - seen == set()


def test_no_state_is_dead():
    leaves = {(row.machine, row.source) for row in TRANSITIONS if row.source != row.target}
    leaves |= {(rule.machine, source) for rule in CONSEQUENCES for source in rule.sources}
    for machine in MACHINES.values():
        stuck = {state for state in machine.states if (machine.name, state) not in leaves}
        assert stuck == set(machine.final), machine.name


def test_of_one_machine_at_most_one_row_matches():
    draw = random.Random(11)
    state = start()
    for number in range(20_000):
        state = start() if number % 300 == 0 else state
        given = stimulus(draw)
        matched = Counter((row.machine, uid) for row, uid in matching(state, given))
        assert all(count == 1 for count in matched.values()), (given, matched)
        state = step(state, given).state


# --- what always holds -----------------------------------------------------------------------------------------------


def test_whoever_is_out_has_nothing_in_the_session():
    draw = random.Random(3)
    state = start()
    for number in range(20_000):
        state = start() if number % 300 == 0 else step(state, stimulus(draw)).state
        present = [p for p in state.participants if p.present]
        for who in state.participants:
            if not who.present:
                assert (who.company, who.role, who.microphone, who.camera, who.hand, who.screen) == (
                    "none", "none", "none", "none", "lowered", "off",
                )  # fmt: skip
                assert (who.alone_ms, who.starts, who.timing) == (0, frozenset(), Timing())
            elif len(present) > 1:
                assert who.company == "accompanied"
            else:
                assert who.company in ("alone", "prompted")
            if who.role == "viewer":
                assert (who.microphone, who.camera, who.screen) == ("none", "none", "off")
        if not present:
            assert (state.recording, state.streaming, state.transcription) == ("off", "off", "off")


def test_settling_again_changes_nothing_and_steps_are_pure():
    draw = random.Random(5)
    state = start()
    for _ in range(5_000):
        given = stimulus(draw)
        before = state
        made = step(state, given)
        assert step(before, given) == made
        assert settled(made.state) == made.state
        state = made.state


def test_time_in_pieces_is_time_at_once():
    alone = step(start(), Invoke("alice", "join_session", timing=Timing(60_000, 120_000))).state
    whole = step(alone, Advance(200_000))
    first = step(alone, Advance(59_999))
    rest = step(first.state, Advance(140_001))
    assert (whole.state, [c.words for c in whole.causes]) == (
        rest.state,
        [c.words for c in (*first.causes, *rest.causes)],
    )
    assert [(c.words, c.at_ms) for c in whole.causes] == [(("idle_prompt",), 60_000), (("idle_timeout",), 180_000)]


# --- what it means ---------------------------------------------------------------------------------------------------


def together(*uids):
    state = start()
    for uid in uids:
        state = step(state, Invoke(uid, "initialize")).state
        state = step(state, Invoke(uid, "join_session", timing=Timing(60_000, 120_000))).state
    return state


def causes(made):
    return {(caused.uid, caused.words) for caused in made.causes}


def test_a_mute_is_a_cause_at_oneself_and_at_the_others():
    made = step(together("alice", "bob", "carol"), Invoke("alice", "mute_audio"))
    assert causes(made) == {
        ("alice", ("mute_audio",)),
        ("bob", ("remote_mute_audio",)),
        ("carol", ("remote_mute_audio",)),
    }
    assert made.state.of("alice").microphone == "muted"
    undone = step(made.state, Invoke("alice", "mute_audio", value=False))
    assert ("bob", ("remote_unmute_audio",)) in causes(undone)


def test_leaving_is_told_by_how_many_stay():
    assert causes(step(together("alice"), Invoke("alice", "leave_session"))) == {("alice", ("leave_alone",))}
    assert causes(step(together("alice", "bob"), Invoke("alice", "leave_session"))) == {
        ("alice", ("leave",)), ("bob", ("last_remote_leave",)),
    }  # fmt: skip
    assert causes(step(together("alice", "bob", "carol"), Invoke("alice", "leave_session"))) == {
        ("alice", ("leave_of_three", "leave")), ("bob", ("remote_leave",)), ("carol", ("remote_leave",)),
    }  # fmt: skip


def test_company_ends_the_idle_time():
    alone = step(together("alice"), Advance(70_000)).state
    assert alone.of("alice").company == "prompted"
    joined = step(alone, Invoke("bob", "join_session")).state
    assert joined.of("alice").company == "accompanied"
    assert step(joined, Advance(10_000_000)).state.of("alice").presence == "joined"


def test_the_stay_control_starts_the_time_anew():
    prompted = step(together("alice"), Advance(60_000)).state
    stayed = step(prompted, Happen("idle_stay_pressed", "alice")).state
    assert step(stayed, Advance(59_999)).state.of("alice").company == "alone"
    assert step(stayed, Advance(60_000)).state.of("alice").company == "prompted"


def test_whose_connection_is_broken_is_told_nothing_and_is_still_seen():
    broken = step(together("alice", "bob"), Happen("connection_lost", "bob")).state
    assert broken.of("alice").company == "accompanied"
    assert causes(step(broken, Invoke("alice", "mute_audio"))) == {("alice", ("mute_audio",))}
    back = step(broken, Happen("connection_restored", "bob"))
    assert causes(back) == {("bob", ("connection_restored",))}


def test_ending_for_all_ends_it_for_all():
    made = step(together("alice", "bob", "carol"), Invoke("alice", "end_session_for_all"))
    assert not any(p.present for p in made.state.participants)
    assert causes(made) == {("bob", ("ended_for_all",)), ("carol", ("ended_for_all",))}


def test_a_peer_call_ends_for_everybody_when_one_leaves():
    peer = frozenset({"peer"})
    alone = step(start(), Invoke("alice", "join_session", starts=peer)).state
    both = step(alone, Invoke("bob", "join_session")).state
    for who, stays in (("alice", "bob"), ("bob", "alice")):
        made = step(both, Invoke(who, "leave_session"))
        assert not any(p.present for p in made.state.participants)
        assert causes(made) == {(who, ("leave",))}, "what the other one is told is a silence"
        assert made.state.of(stays).presence == "absent"
    left = step(both, Invoke("bob", "leave_session")).state
    assert step(left, Invoke("carol", "join_session")).state.of("carol").company == "alone"


def test_a_viewer_is_not_heard_and_can_do_nothing():
    state = step(together("alice"), Invoke("bob", "join_presentation", starts=frozenset({"viewer"}))).state
    assert state.of("bob").role == "viewer"
    for operation in ("mute_audio", "unmute_audio", "start_screen_share", "start_recording"):
        assert step(state, Invoke("bob", operation)).state == state


def test_a_voice_call_has_no_camera_until_it_is_switched():
    state = step(together("alice"), Invoke("bob", "join_session", starts=frozenset({"voice"}))).state
    assert state.of("bob").camera == "none"
    made = step(state, Invoke("bob", "switch_to_video"))
    assert made.state.of("bob").camera == "on"
    assert ("alice", ("remote_switch_to_video",)) in causes(made)


def test_a_call_rings_until_somebody_does_something():
    made = step(start(), Invoke("alice", "initiate_call", target="bob"))
    ringing = made.state
    assert (ringing.call, ringing.caller, ringing.callee) == ("initiated", "alice", "bob")
    assert causes(made) == {("bob", ("ring_received",))}
    ways = {
        "ongoing": (Invoke("bob", "accept_call"), ("alice", ("ring_accepted",))),
        "rejected": (Invoke("bob", "reject_call", value="rejected"), ("alice", ("ring_rejected",))),
        "busy": (Invoke("bob", "reject_call", value="busy"), ("alice", ("ring_busy",))),
        "cancelled": (Invoke("alice", "reject_call", value="cancelled"), ("bob", ("ring_cancelled",))),
    }
    for status, (given, told) in ways.items():
        made = step(ringing, given)
        assert (made.state.call, causes(made)) == (status, {told})
    for wrong in (
        Invoke("alice", "accept_call"),
        Invoke("bob", "reject_call", value="cancelled"),
        Invoke("carol", "accept_call"),
        Invoke("bob", "end_call"),
    ):
        assert step(ringing, wrong).state == ringing
    unanswered = step(ringing, Happen("ring_period", "alice"))
    assert unanswered.state.call == "unanswered"
    assert causes(unanswered) == {("alice", ("ring_unanswered",)), ("bob", ("ring_unanswered",))}


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_published_page_is_current():
    published = (Path(__file__).parents[2] / "docs" / "session-machine.md").read_text()
    assert published == page(), "write it anew: python -m testcall_contract.machine_page docs/session-machine.md"


def test_the_published_drawings_are_current():
    folder = Path(__file__).parents[2] / "docs" / "session-machine"
    published = {path.name: path.read_text() for path in folder.iterdir()}
    assert published == diagrams(), "write them anew: python -m testcall_contract.machine_page docs/session-machine.md"


@pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.name)
def test_a_drawing_has_every_state_and_every_stimulus_and_nothing_lies_on_another(machine):
    root = etree.fromstring(diagrams()[f"{machine.name}.svg"].encode())
    texts = root.findall(".//{*}text")
    assert {text.text for text in texts if text.get("class") == "state"} == set(machine.states)
    words = " ".join(text.text for text in texts)
    assert all(row.stimulus in words for row in TRANSITIONS if row.machine == machine.name)
    arrows = [path.get("d") for path in root.findall("{*}path")]
    assert len(set(arrows)) == len(arrows)
    lines = [(text.get("x"), text.get("y")) for text in texts]
    assert len(set(lines)) == len(lines)
    width, height = (float(number) for number in root.get("viewBox").split()[2:])
    assert all(0 < float(x) < width and 0 < float(y) < height for x, y in lines)


def test_the_diagrams_have_every_state_and_every_stimulus():
    text = page()
    for machine in MACHINES.values():
        drawn = diagram(machine)
        assert all(state in drawn for state in machine.states)
        assert drawn in text
    assert all(row.stimulus in text for row in TRANSITIONS)
    assert text.count("```mermaid") == len(MACHINES)
