"""The judges of ringing, on recordings made by hand: each shown to keep, to break, and to accuse nobody of what did not happen."""

from __future__ import annotations

import pytest
from played import UNDEFINED, Played, asked, case, check_case

from testcall_conformance.checks import NotRun
from testcall_conformance.checks.registry import CHECKS
from testcall_conformance.plan import make_plan
from testcall_conformance.protocol import Capabilities
from testcall_conformance.ring_conditions import ARRANGED, GOOD, VIOLATED
from testcall_conformance.ring_scenes import ACTS
from testcall_conformance.ring_tours import OPERATIONS, REFUSED, RING_TOURS, TRANSITIONS
from testcall_contract.loader import load

CHAT = "chat/ringing-javascript-v4"
CALL = {"$": "ref", "id": "@1", "class": "Call"}


class Rings(Played):
    """A recording of ringing: what the service sees, and callbacks of bob."""

    def told(self, status: str) -> Rings:
        self.service("call_status", status=status)
        return self

    def heard(self, event: str, *arguments, by: str = "bob-2") -> Rings:
        self.add("callback", by, event, label="main", arguments=list(arguments))
        return self

    def passed(self, *seconds: float) -> Rings:
        for at_s in seconds:
            self.add("step", "alice-1", "clock", ringing_s=at_s)
        return self

    def asks(self, status: str, answer: int = 200) -> Rings:
        request = {"body": {"status": status}}
        self.add("wire", "service", "update_call", channel="http", uid="alice", status=answer, request=request)
        return self

    def act(self, cause: str, concept: str = "", status: str = "", **outcome) -> Rings:
        """An act in which alice calls ``concept``, and the service sees ``status``."""
        self.begin(cause)
        if concept:
            self.call(concept, "act", **({"ended": "resolved", "value": CALL} | outcome))
        if status:
            self.told(status)
        self.end(cause)
        return self


def rings(name: str = "answered") -> Rings:
    return Rings(kind="ringing", name=name, contract=CHAT)


def rung(name: str = "answered") -> Rings:
    return rings(name).act("ring_received", "initiate_call", "initiated")


def single(operation: str) -> Rings:
    return Rings(kind="ring_call", operation=operation, contract=CHAT)


def patience() -> Rings:
    return Rings(kind="ring_timeout", contract=CHAT).told("initiated")


def status(**args):
    return asked("ringing.status", "session", "session", contract=CHAT, **args)


def timeout(**args):
    return asked("ringing.timeout", "limit", "ring_timeout", contract=CHAT, **args)


def fires(event: str, cause: str, **args):
    return asked("event.fires", "event", event, contract=CHAT, cause=cause, **args)


def given_up(by: str, answer: int = 200) -> Rings:
    return rung("unanswered").begin("ring_unanswered").asks(by, answer).end("ring_unanswered")


def told_of(session: str, caller: str = "alice") -> Rings:
    """A recording in which bob was told of a call, which says of itself that it is of that session."""
    played = rings().begin("ring_received").call("initiate_call", "act").told("initiated").heard("incoming_call", CALL)
    played.call("told:session", "told", value=session).call("told:caller", "told", value=caller)
    return played.end("ring_received")


RUNG = asked("event.payload", "event", "incoming_call", contract=CHAT, cause="ring_received", about="rung")
ACCEPT = status(from_="initiated", action="accept", to="ongoing")
END = status(from_="ongoing", action="end", to="ended")
TIMEOUT = status(from_="initiated", action="timeout", to="unanswered")
TWICE = status(from_="ongoing", action="accept", actor="callee", accepted=False, code="ERR_CALL_USER_ALREADY_JOINED")


def ended(first: str, second: str) -> Rings:
    played = rung().act("ring_accepted", "accept_call", "ongoing").act("ring_ended", "end_call", first)
    played.act("ring_answered_again", "accept_call", "ongoing")
    return played.act("ring_ended_by_callee", "end_call", second)


CASES = [
    case("the service sees the status", ACCEPT, True, rung().act("ring_accepted", "accept_call", "ongoing")),
    case("it sees another one", ACCEPT, False, rung().act("ring_accepted", "accept_call", "rejected"), seen="rejected"),
    case("it sees nothing", ACCEPT, False, rung().act("ring_accepted", "accept_call"), seen="told nothing"),
    case(
        "the call fails", ACCEPT, False,
        rung().act("ring_accepted", "accept_call", ended="rejected", value=UNDEFINED, code="ODD"), seen="ODD",
    ),
    case("no call rang", ACCEPT, None, rings().act("ring_received", "initiate_call").act("ring_accepted", "accept_call")),
    case("the act was not played", ACCEPT, None, rung()),
    case("both sides end it", END, True, ended("ended", "ended")),
    case("who is rung can't end it", END, False, ended("ended", "")),
    case("the caller can't end it", END, False, ended("", "ended")),
    case("given up by the status", TIMEOUT, True, given_up("unanswered")),
    case("by another status", TIMEOUT, False, given_up("cancelled")),
    case("what the service refuses counts as asked", TIMEOUT, True, given_up("unanswered", 400)),
    case("never", TIMEOUT, False, rung("unanswered").act("ring_unanswered"), seen="asked the service for nothing"),
    case("nothing rang that could be given up", TIMEOUT, None, rings("unanswered").act("ring_unanswered")),
    case("refused by the code", TWICE, True, single("accept_call").fails("accept_call", "ERR_CALL_USER_ALREADY_JOINED")),
    case("refused by another", TWICE, False, single("accept_call").fails("accept_call", "ERR_OTHER"), seen="ERR_OTHER"),
    case("not refused", TWICE, False, single("accept_call").call("accept_call", ended="resolved", value=CALL)),
    case("not tried", TWICE, None, single("accept_call")),
    case("in time", timeout(seconds=45), True, patience().passed(0, 1, 44).asks("unanswered").passed(46)),
    case("too early", timeout(seconds=45), False, patience().passed(0, 1).asks("unanswered").passed(44, 46)),
    case("too late", timeout(seconds=45), False, patience().passed(0, 44, 46).asks("cancelled").passed(60)),
    case("at once", timeout(seconds=45), False, patience().asks("unanswered").passed(0, 44), seen="at once"),
    case("never given up", timeout(seconds=45), False, patience().passed(0, 44, 46, 60), seen="after 60 s"),
    case("it did not ring", timeout(seconds=45), None, Rings(kind="ring_timeout", contract=CHAT).passed(0, 44)),
    case("no clock moved", timeout(seconds=45), None, patience()),
    case(
        "a silence is told", timeout(given=0), True,
        patience().passed(0, 44).asks("unanswered", 400).passed(46), seen="more than 44 and at most 46 s, which the service refuses",
    ),
    case(
        "who is rung hears", fires("incoming_call", "ring_received"), True,
        rings().begin("ring_received").call("initiate_call", "act").told("initiated").heard("incoming_call", CALL),
    ),
    case(
        "only who rings hears", fires("incoming_call", "ring_received"), False,
        rings().begin("ring_received").call("initiate_call", "act").told("initiated")
        .heard("incoming_call", CALL, by="alice-1"),
    ),
    case(
        "nobody rang", fires("incoming_call", "ring_received"), None,
        rings().begin("ring_received").call("initiate_call", "act", "rejected", code="ODD").end("ring_received"),
    ),
    case("the act was not played at all", fires("outgoing_call_accepted", "ring_accepted"), None, rung()),
    case(
        "a callback without the call", asked("event.payload", "event", "incoming_call", contract=CHAT, cause="ring_received"),
        False,
        rings().begin("ring_received").call("initiate_call", "act").told("initiated").heard("incoming_call", None),
    ),
    case(
        "a callback with it", asked("event.payload", "event", "incoming_call", contract=CHAT, cause="ring_received"), True,
        rings().begin("ring_received").call("initiate_call", "act").told("initiated").heard("incoming_call", CALL),
    ),
]  # fmt: skip


CASES += [
    case("the call that was rung", RUNG, True, told_of("s")),
    case("another call", RUNG, False, told_of("another"), seen="'another'"),
    case("another caller", RUNG, False, told_of("s", "carol"), seen="'carol'"),
    case(
        "nobody asked it", RUNG, None,
        rings().begin("ring_received").call("initiate_call", "act").told("initiated").heard("incoming_call", CALL),
    ),
]  # fmt: skip


def heard_by(*labels: str) -> Rings:
    played = Rings(kind="ring_listeners", listener="call_listener", contract=CHAT).begin("ring_received")
    for label in labels:
        played.callback("incoming_call", CALL, label=label)
    return played.end("ring_received")


def listener(rule: str, **args):
    return asked(rule, "listener", "call_listener", contract=CHAT, **args)


def looked(found: bool, path: str = "CometChat.Call.prototype", member: str = "getDuration") -> Rings:
    played = Rings(kind="surface", contract=CHAT).call(
        f"path:{path}", "path", value={"$": "ref", "id": "@2", "class": "x"}
    )
    how = {"ended": "returned", "value": {"$": "function", "id": "f"}} if found else {"ended": "absent"}
    return played.call(f"member:{path}.{member}", "member", **how)


WITHOUT = asked(
    "surface.exists",
    "type",
    "call",
    contract=CHAT,
    path="CometChat.Call.prototype",
    members=["getDuration"],
    exists=False,
)
WITH = asked("surface.exists", "type", "call", contract=CHAT, path="CometChat.Call.prototype", members=["getDuration"])

CASES += [
    case("in their order", listener("listener.adds_up", order=True), True, heard_by("one", "two", "new")),
    case("in another", listener("listener.adds_up", order=True), False, heard_by("two", "one"), seen="two before one"),
    case("one of them not", listener("listener.adds_up", order=True), False, heard_by("two")),
    case("nobody", listener("listener.adds_up", order=True), None, heard_by()),
    case("the new one alone", listener("listener.replaces"), True, heard_by("one", "new")),
    case("the old one still", listener("listener.replaces"), False, heard_by("old", "new")),
    case("the removed one not", listener("listener.removes"), True, heard_by("one", "two")),
    case("the removed one still", listener("listener.removes"), False, heard_by("one", "two", "removed")),
    case("one callback is enough", listener("listener.optional_callbacks"), True, heard_by("partial")),
    case("it isn't", listener("listener.optional_callbacks"), False, heard_by("one")),
    case("none of the members", WITHOUT, True, looked(False)),
    case("one of them", WITHOUT, False, looked(True), seen="getDuration"),
    case("with the member", WITH, True, looked(True)),
    case("without it", WITH, False, looked(False)),
    case(
        "nobody looked at the member", WITH, None,
        Rings(kind="surface", contract=CHAT).call("path:CometChat.Call.prototype", "path", value=CALL),
    ),
]  # fmt: skip


@pytest.mark.parametrize("one", CASES, ids=str)
def test_the_judge_says(one):
    check_case(one)


# --- plans -----------------------------------------------------------------------------------------------------------


def test_each_promise_of_the_contract_has_scenes_or_says_why_not():
    from played import everything

    from testcall_conformance.plan import Selection

    contract = load(CHAT)
    units = make_plan(contract, everything(contract), Selection(), "x")
    idle = [task for unit in units for task in unit.tasks if task.not_run]
    assert {task.not_run.reason.partition(":")[0] for task in idle} == {"untestable"}


def test_with_one_instance_or_no_clock_nothing_is_asked_that_needs_them():
    lone = Capabilities(instances=1, clock=False, observe=False, ui=False, echo=True)
    for question in (ACCEPT, TIMEOUT, timeout(seconds=45), fires("incoming_call", "ring_received")):
        told = question.description.model_copy(update={"capabilities": lone})
        planned = CHECKS[question.promise.rule].plan(
            type(question)(question.promise, question.contract, told, question.args)
        )
        assert isinstance(planned, NotRun)
        assert "instance" in planned.reason or "clock" in planned.reason


def test_the_tables_name_what_there_is():
    operations = load(CHAT).operations
    assert {act for tour in RING_TOURS.values() for act in tour.acts} == set(ACTS)
    assert {act for acts in TRANSITIONS.values() for act in acts} <= set(ACTS)
    assert {condition for _, condition in REFUSED.values()} <= set(VIOLATED)
    assert set(OPERATIONS.values()) | set(GOOD) | {operation for operation, *_ in ARRANGED} <= set(operations)
