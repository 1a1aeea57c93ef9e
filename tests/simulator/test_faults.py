"""Faults: which message is struck, how often, and what HTTP makes of each."""

import asyncio

import httpx
import pytest

from testcall_simulator import Simulator, SimulatorError, VirtualClock
from testcall_simulator.faults import Fault, Faults, Message

STANZA = Message("xmpp", "presence", "in", "alice", "s", "<presence/>")


def struck(fault, *messages):
    faults = Faults()
    faults.add(fault)
    return [bool(faults.strike(message)) for message in messages]


@pytest.mark.parametrize(
    ("where", "hit"),
    [
        ({}, True),
        ({"name": "pres*"}, True),
        ({"name": "iq"}, False),
        ({"direction": "in"}, True),
        ({"direction": "out"}, False),
        ({"uid": "alice"}, True),
        ({"uid": "bob"}, False),
        ({"session": "S"}, True),
        ({"session": "t"}, False),
        ({"contains": "<pres"}, True),
        ({"contains": "jingle"}, False),
    ],
)
def test_a_rule_strikes_what_it_names(where, hit):
    assert struck(Fault("xmpp", "drop", **where), STANZA) == [hit]


def test_a_rule_of_one_channel_leaves_the_others_alone():
    assert struck(Fault("http", "drop"), STANZA) == [False]


def test_a_rule_strikes_from_its_nth_match_on_as_often_as_it_says():
    assert struck(Fault("xmpp", "drop"), *[STANZA] * 3) == [True, False, False]
    assert struck(Fault("xmpp", "drop", nth=2, times=2), *[STANZA] * 5) == [False, True, True, False, False]
    assert struck(Fault("xmpp", "drop", nth=3, times=None), *[STANZA] * 5) == [False, False, True, True, True]


def test_several_rules_strike_together_and_each_counts():
    faults = Faults()
    first, second = faults.add(Fault("xmpp", "delay", delay_s=1)), faults.add(Fault("xmpp", "duplicate", nth=2))
    assert [fault.does for fault in faults.strike(STANZA)] == ["delay"]
    assert [fault.does for fault in faults.strike(STANZA)] == ["duplicate"]
    assert [(rule["id"], rule["seen"], rule["struck"]) for rule in faults.describe()] == [(first, 2, 1), (second, 2, 1)]
    faults.remove(first)
    faults.clear()
    assert not faults


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "http", "does": "reorder"},
        {"channel": "xmpp", "does": "status"},
        {"channel": "smoke", "does": "drop"},
        {"channel": "http", "does": "explode"},
        {"channel": "http", "does": "drop", "nth": 0},
        {"channel": "http", "does": "drop", "times": 0},
        {"channel": "http", "does": "delay"},
        {"channel": "http", "does": "delay", "delay_s": float("nan")},
        {"channel": "http", "does": "status", "status": 99},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(SimulatorError):
        Fault(**wrong)


def test_removing_a_rule_that_is_not_there_is_refused():
    with pytest.raises(SimulatorError, match="no fault 'x'"):
        Faults().remove("x")


URL = "https://testapp.call-us.cometchat.io/v3.0/call_tokens"


@pytest.fixture
async def ask():
    clock = VirtualClock()
    sim = Simulator(clock=clock)
    async with httpx.AsyncClient(transport=sim.transport()) as http:

        async def ask(fault=None):
            if fault is not None:
                sim.faults.add(fault)
            headers = {"authToken": sim.world.user("alice").auth_token}
            return await http.post(URL, headers=headers, json={"sessionId": "s"})

        ask.clock, ask.sim = clock, sim
        yield ask


async def test_a_delayed_answer_comes_when_the_clock_says_so(ask):
    asking = asyncio.create_task(ask(Fault("http", "delay", delay_s=5)))
    await ask.clock.advance(4.9)
    assert not asking.done()
    await ask.clock.advance(0.2)
    assert (await asking).status_code == 200


async def test_a_status_is_changed_and_the_body_stays(ask):
    answer = await ask(Fault("http", "status", status=503))
    assert answer.status_code == 503
    assert "token" in answer.json()["data"]


async def test_an_error_is_answered_in_the_envelope_and_readable_by_pages(ask):
    answer = await ask(Fault("http", "error", code="ERR_TOO_MANY_REQUESTS", status=429, uid="alice"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "ERR_TOO_MANY_REQUESTS")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (await ask()).status_code == 200


async def test_a_corrupt_answer_is_no_json(ask):
    answer = await ask(Fault("http", "corrupt"))
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()


async def test_a_doubled_request_is_handled_twice_and_answered_once(ask):
    minted = []
    ask.sim.world.watch_secrets(lambda value, label: minted.append(label))
    before = len(minted)
    await ask(Fault("http", "duplicate"))
    assert minted[before:] == ["call_token alice s"] * 2


async def test_what_a_fault_did_is_seen_in_the_trace(ask):
    await ask(Fault("http", "status", status=500))
    assert ask.sim.trace.events[-1].data["status"] == 500


async def test_over_a_socket_a_dropped_request_breaks_the_connection():
    async with Simulator() as sim, httpx.AsyncClient() as http:
        sim.faults.add(Fault("http", "drop", name="list_calls", times=None))
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(sim.addresses.plain_calls_base() + "/calls")
        assert (await http.get(sim.addresses.plain_calls_base() + "/call_tokens")).status_code == 401
        assert sim.trace.select(name="list_calls")[0].data["status"] == 0
