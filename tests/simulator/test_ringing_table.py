"""Which status may follow which: every combination, written out by hand from the documented statuses and codes."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testcall_simulator.ringing import OVER, STATUSES, Ring, RingRefusedError, begun, changed, row_for

NOW = 1_800_000_000
WRONG = "ERR_BAD_REQUEST"
TERMINATED = dict.fromkeys(set(STATUSES) - {"initiated"}, "ERR_CALL_TERMINATED")
# asked for → what the caller gets, what the one who was rung gets
RINGING_USER = {
    "initiated": ("ERR_CALL_INVALID_INIT", "ERR_CALL_INVALID_INIT"),
    "ongoing": (WRONG, "ongoing"),
    "rejected": (WRONG, "rejected"),
    "busy": (WRONG, "busy"),
    "cancelled": ("cancelled", WRONG),
    "unanswered": ("unanswered", WRONG),
    "ended": ("ERR_CALL_NOT_STARTED", "ERR_CALL_NOT_STARTED"),
}
RINGING_GROUP = RINGING_USER | {
    "rejected": (WRONG, "initiated"),
    "busy": ("ERR_CALL_GROUP_INVALID_STATUS", "ERR_CALL_GROUP_INVALID_STATUS"),
}
ONGOING_USER = {
    "initiated": ("ERR_CALL_INVALID_INIT",) * 2,
    "ongoing": ("ERR_CALL_USER_ALREADY_JOINED",) * 2,
    "rejected": ("ERR_CALL_ONGOING_TO_INVALID",) * 2,
    "busy": ("ERR_CALL_ONGOING_TO_INVALID",) * 2,
    "cancelled": ("ERR_CALL_ONGOING_TO_INVALID",) * 2,
    "unanswered": ("ERR_CALL_ONGOING_TO_INVALID",) * 2,
    "ended": ("ended", "ended"),
}


def made(receiver_type="user"):
    receiver, parties = ("bob", {"alice", "bob"}) if receiver_type == "user" else ("team", {"alice", "bob", "carol"})
    ring = Ring("app", "s", "1", "alice", receiver_type, receiver, "video", frozenset(parties), NOW)
    return begun(ring).ring


def outcome(ring, uid, status):
    try:
        return changed(ring, uid, status, NOW + 9).ring.status
    except RingRefusedError as refused:
        return refused.code


def steps(ring, *acts):
    for uid, status in acts:
        ring = changed(ring, uid, status, NOW + 5).ring
    return ring


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("ring", "expected"),
    [
        (made(), RINGING_USER),
        (made("group"), RINGING_GROUP),
        (steps(made(), ("bob", "ongoing")), ONGOING_USER),
    ],
    ids=["ringing user", "ringing group", "ongoing user"],
)
def test_every_status_is_taken_or_refused_with_its_code(ring, expected, status):
    assert (outcome(ring, "alice", status), outcome(ring, "bob", status)) == expected[status]


@pytest.mark.parametrize("end", sorted(OVER))
@pytest.mark.parametrize("receiver_type", ["user", "group"])
def test_nothing_follows_an_end(receiver_type, end):
    over = replace(made(receiver_type), status=end)
    for uid in ("alice", "bob"):
        assert {status: outcome(over, uid, status) for status in TERMINATED} == TERMINATED
        assert outcome(over, uid, "initiated") == "ERR_CALL_INVALID_INIT"


@pytest.mark.parametrize("status", STATUSES)
def test_who_is_no_party_may_do_nothing(status):
    assert outcome(made(), "carol", status) == "ERR_CALL_NOT_A_PART"


def test_a_groups_call_outlives_whoever_leaves_it_but_the_last():
    ring = steps(made("group"), ("carol", "rejected"), ("bob", "ongoing"))
    assert outcome(ring, "bob", "ongoing") == "ERR_CALL_GROUP_ALREADY_JOINED"
    assert outcome(ring, "alice", "ongoing") == "ERR_CALL_GROUP_ALREADY_JOINED"
    assert outcome(ring, "carol", "ended") == "ERR_CALL_NOT_A_PART"
    ring = steps(ring, ("bob", "ended"))
    assert (ring.status, ring.joined) == ("ongoing", {"alice"})
    assert outcome(ring, "bob", "ended") == "ERR_CALL_GROUP_ALREADY_LEFT"
    ring = steps(ring, ("bob", "ongoing"), ("carol", "ongoing"), ("alice", "ended"), ("bob", "ended"))
    assert ring.status == "ongoing"
    assert outcome(ring, "carol", "ended") == "ended"


def test_an_ongoing_groups_call_takes_only_joining_and_leaving():
    ring = steps(made("group"), ("bob", "ongoing"))
    codes = {status: outcome(ring, "carol", status) for status in ("rejected", "busy", "cancelled", "unanswered")}
    assert codes.pop("busy") == "ERR_CALL_GROUP_INVALID_STATUS"
    assert set(codes.values()) == {"ERR_CALL_ONGOING_TO_INVALID"}


def test_everybody_but_the_actor_is_told():
    assert begun(made()).tell == {"bob"}
    assert begun(made("group")).tell == {"bob", "carol"}
    assert changed(made("group"), "bob", "rejected", NOW).tell == {"alice", "carol"}
    group = steps(made("group"), ("bob", "ongoing"))
    assert changed(group, "alice", "ended", NOW).tell == set(), "the call goes on"
    assert changed(steps(group, ("alice", "ended")), "bob", "ended", NOW).tell == {"alice", "carol"}


def test_times_are_those_of_the_first_answer_and_of_the_end():
    ring = steps(made(), ("bob", "ongoing"))
    assert (ring.initiated_at, ring.joined_at, ring.ended_at) == (NOW, NOW + 5, None)
    assert changed(ring, "alice", "ended", NOW + 60).ring.ended_at == NOW + 60


@pytest.mark.parametrize("receiver_type", ["user", "group"])
def test_every_combination_is_decided_by_a_row(receiver_type):
    for now in STATUSES:
        for to in STATUSES:
            row = row_for(receiver_type, now, to)
            assert bool(row.code) != bool(row.after), (now, to)


@given(
    st.sampled_from(["user", "group"]),
    st.lists(st.tuples(st.sampled_from(["alice", "bob", "carol"]), st.sampled_from(STATUSES))),
)
def test_whatever_is_asked_a_call_stays_whole(receiver_type, asked):
    ring = made(receiver_type)
    for uid, status in asked:
        try:
            change = changed(ring, uid, status, NOW)
        except RingRefusedError:
            continue
        assert not ring.is_over
        assert uid not in change.tell
        assert change.tell <= ring.parties
        ring = change.ring
        assert ring.joined | ring.gone <= ring.parties
        assert not ring.joined & ring.gone
        assert ring.is_over == (ring.ended_at is not None)
        assert ring.status != "ongoing" or ring.joined


@pytest.mark.parametrize("receiver_type", ["user", "group"])
@pytest.mark.parametrize("now", ["initiated", "ongoing"])
@pytest.mark.parametrize("to", STATUSES)
def test_the_guide_shows_the_table_as_it_is(receiver_type, now, to):
    row = row_for(receiver_type, now, to)
    caller, callee = (
        f"`{row.code}`" if row.code else row.after if role in row.by else f"`{WRONG}`" for role in ("caller", "callee")
    )
    guide = (Path(__file__).parents[2] / "docs" / "ringing.md").read_text(encoding="utf-8")
    assert f"| {receiver_type} | {now} | {to} | {caller} | {callee} |" in guide.splitlines()
