"""Ringing played whole on the reference SDK with one thing wrong each: the clause about it fails, the others still pass."""

from __future__ import annotations

import pytest
from mutants import Mutant, verdicts

from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import Ended, ErrorValue

CHAT = "chat/ringing-javascript-v4"
UNDEFINED = {"$": "undefined"}
CALL = {"$": "ref", "id": "made-up", "class": "Call"}


def ended(how, value=None):
    return Ended(ended=how, value=UNDEFINED if value is None else value, at_ms=1.0)


class Deaf(Mutant):
    """Nobody hears that it rings."""

    event = "onIncomingCallReceived"

    def change_callback(self, event, message):
        return [] if event == self.event else [message]


class NeverTold(Deaf):
    """Nobody hears of a rejection."""

    event = "onOutgoingCallRejected"


class Confuses(Mutant):
    """A call that is cancelled is told as one that has ended."""

    def change_callback(self, event, message):
        if event != "onIncomingCallCancelled":
            return [message]
        name = "onCallEndedMessageReceived"
        function = message.function.replace("incoming_call_cancelled", "call_ended_message")
        return [message.model_copy(update={"name": name, "function": function})]


class Shapeless(Mutant):
    """Callbacks without the call."""

    def change_callback(self, event, message):
        return [message.model_copy(update={"arguments": []})]


class Repeats(Mutant):
    """Every callback brings the call of the first one."""

    first = None

    def change_callback(self, event, message):
        self.first = self.first or message.arguments
        return [message.model_copy(update={"arguments": self.first})]


class AcceptsNothing(Mutant):
    """``acceptCall`` says that it has accepted, and asks nothing."""

    def instead(self, call):
        return ended("resolved", CALL) if call.operation == "acceptCall" else None


class EndsNothing(Mutant):
    """``endCall`` says that the call has ended, and asks nothing."""

    def instead(self, call):
        return ended("resolved", CALL) if call.operation == "endCall" else None


class NeverBusy(Mutant):
    """Who is busy rejects."""

    def change_call(self, call):
        if call.operation != "rejectCall" or call.arguments[1:] != ["busy"]:
            return call
        return call.model_copy(update={"arguments": [call.arguments[0], "rejected"]})


class Impatient(Mutant):
    """A call rings for 30 seconds when nothing else is asked for."""

    def change_call(self, call):
        if call.operation != "initiateCall" or len(call.arguments) > 1:
            return call
        return call.model_copy(update={"arguments": [*call.arguments, 30]})


class Stubborn(Mutant):
    """How long it shall ring is not heeded."""

    def change_call(self, call):
        if call.operation != "initiateCall":
            return call
        return call.model_copy(update={"arguments": call.arguments[:1]})


class WrongCode(Mutant):
    """Every failure has another code."""

    def change_outcome(self, call, outcome):
        if outcome.error is None:
            return outcome
        error = outcome.error.model_copy(update={"own": {**outcome.error.own, "code": "ODD"}})
        return outcome.model_copy(update={"error": error})


class NeverRefuses(Mutant):
    """What fails is said to have worked."""

    def change_outcome(self, call, outcome):
        if outcome.error is None:
            return outcome
        return outcome.model_copy(update={"ended": "resolved", "error": None, "value": CALL})


class Throws(Mutant):
    """What fails throws, where it should reject."""

    def change_outcome(self, call, outcome):
        return outcome.model_copy(update={"ended": "threw"}) if outcome.ended == "rejected" else outcome


class NullForNothing(Mutant):
    """``getActiveCall`` returns null when there is none."""

    def change_outcome(self, call, outcome):
        none = call.operation == "getActiveCall" and outcome.value == UNDEFINED
        return outcome.model_copy(update={"value": None}) if none else outcome


class Forgetful(Mutant):
    """``getActiveCall`` never knows of a call."""

    def instead(self, call):
        return ended("returned") if call.operation == "getActiveCall" else None


class Remembers(Mutant):
    """``clearActiveCall`` forgets nothing."""

    def instead(self, call):
        return ended("returned") if call.operation == "clearActiveCall" else None


class Miscounts(Mutant):
    """One too many."""

    def change_outcome(self, call, outcome):
        counted = call.operation == "getCallParticipantCount" and isinstance(outcome.value, int)
        return outcome.model_copy(update={"value": outcome.value + 1}) if counted else outcome


class NeverLets(Mutant):
    """Listeners stay."""

    def instead(self, call):
        return ended("returned") if call.operation == "removeCallListener" else None


class KeepsBoth(Mutant):
    """Two listeners under one id are both kept."""

    def change_call(self, call):
        if call.operation != "addCallListener":
            return call
        self.added = getattr(self, "added", 0) + 1
        return call.model_copy(update={"arguments": [f"{call.arguments[0]}-{self.added}", *call.arguments[1:]]})


class LosesMetadata(Mutant):
    """A call without what the caller said of it."""

    def change_outcome(self, call, outcome):
        return outcome.model_copy(update={"value": {}}) if call.operation == "getMetadata" else outcome


class Lacks(Mutant):
    """An operation that isn't there."""

    def instead(self, call):
        if call.operation == "clearActiveCall":
            raise AdapterFailure("missing", "no clearActiveCall")


class Hangs(Mutant):
    """A rejection that never settles."""

    def change_outcome(self, call, outcome):
        return ended("never") if call.operation == "rejectCall" else outcome


FAULTS = [
    (Deaf, ("EV-010",), ("EV-030", "EV-090", "RING-010")),
    (NeverTold, ("EV-050",), ("EV-070", "RING-030")),
    (Confuses, ("EV-070",), ("EV-050", "RING-050")),
    (Shapeless, ("EV-020", "EV-040", "EV-100"), ("EV-010", "EV-030", "EV-090")),
    (Repeats, ("EV-080",), ("EV-050", "EV-060", "EV-070")),
    (AcceptsNothing, ("RING-020",), ("RING-010", "EV-010")),
    (EndsNothing, ("RING-060",), ("RING-010", "RING-020", "EV-030")),
    (NeverBusy, ("RING-040",), ("RING-030", "RING-050")),
    (Impatient, ("LIMIT-010",), ("INIT-060",)),
    (Stubborn, ("INIT-060",), ("LIMIT-010",)),
    (WrongCode, ("ERR-010", "ERR-190", "RING-120"), ("INIT-030", "INIT-020", "INIT-040")),
    (NeverRefuses, ("INIT-030", "INIT-040", "INIT-050", "ERR-060", "RING-070"), ("INIT-020", "ACC-020")),
    (Throws, ("INIT-030", "ACC-030", "REJ-030", "END-030"), ("ERR-010", "INIT-040")),
    (NullForNothing, ("ACTIVE-015",), ("ACTIVE-010", "CLEAR-020")),
    (Forgetful, ("ACTIVE-010",), ("ACTIVE-015",)),
    (Remembers, ("ACTIVE-030",), ("ACTIVE-010", "CLEAR-020")),
    (Miscounts, ("COUNT-010",), ("COUNT-020",)),
    (NeverLets, ("LISTEN-040",), ("LISTEN-030", "LISTEN-050")),
    (KeepsBoth, ("LISTEN-030",), ("LISTEN-050",)),
    (LosesMetadata, ("CALL-070",), ("CALL-010", "CALL-040", "CALL-080")),
    (Lacks, ("CLEAR-010",), ("INIT-010",)),
    (Hangs, ("REJ-020", "REJ-030"), ("ACC-020", "END-020")),
]


@pytest.fixture(autouse=True)
def _in_process_all_is_quick(monkeypatch):
    monkeypatch.setenv("TESTCALL_TIME_SCALE", "0.5")


@pytest.mark.parametrize(("fault", "broken", "kept"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS])
def test_a_fault_fails_its_clauses_and_no_others(monkeypatch, tmp_path, fault, broken, kept):
    mine, others = [f"CJ4-{name}" for name in broken], [f"CJ4-{name}" for name in kept]
    found = verdicts(monkeypatch, tmp_path, fault(CHAT), CHAT, *mine, *others)
    assert {clause: found[clause][0] for clause in mine} == dict.fromkeys(mine, "fail"), found
    assert {clause: found[clause][0] for clause in others} == dict.fromkeys(others, "pass"), found
    assert all(seen for _, seen in found.values())


class RingsNobody(Mutant):
    """``initiateCall`` always fails, and asks nothing."""

    def instead(self, call):
        if call.operation != "initiateCall":
            return None
        own = {"code": "ODD", "message": "no"}
        return Ended(ended="rejected", error=ErrorValue(type="e", is_error=False, own=own), at_ms=1.0)


class LetsNobodyIn(Mutant):
    """``login`` always fails."""

    def instead(self, call):
        if call.operation != "login":
            return None
        return Ended(ended="rejected", error=ErrorValue(type="e", is_error=False, own={"code": "ODD"}), at_ms=1.0)


def test_a_login_that_fails_is_held_against_the_login_alone(monkeypatch, tmp_path):
    names = ("INIT-020", "ERR-010", "END-020", "RING-010", "EV-010", "LIMIT-010", "LISTEN-040", "CALL-010")
    innocent = [f"CJ4-{name}" for name in names]
    found = verdicts(monkeypatch, tmp_path, LetsNobodyIn(CHAT), CHAT, "CJ4-SETUP-020", *innocent)
    assert {clause: found[clause][0] for clause in innocent} == dict.fromkeys(innocent, "not_run"), found
    assert found["CJ4-SETUP-020"][0] == "fail"


def test_of_what_did_not_come_about_nothing_is_told(monkeypatch, tmp_path):
    names = ("END-020", "ACTIVE-010", "ERR-160", "RING-060", "RING-070", "EV-010", "EV-030", "EV-090", "LIMIT-010")
    innocent = [f"CJ4-{name}" for name in names]
    found = verdicts(monkeypatch, tmp_path, RingsNobody(CHAT), CHAT, "CJ4-INIT-020", "CJ4-RING-010", *innocent)
    assert {clause: found[clause][0] for clause in innocent} == dict.fromkeys(innocent, "not_run"), found
    assert (found["CJ4-INIT-020"][0], found["CJ4-RING-010"][0]) == ("fail", "fail")


def test_without_a_fault_all_of_them_pass(monkeypatch, tmp_path):
    every = sorted({f"CJ4-{name}" for _, broken, kept in FAULTS for name in (*broken, *kept)})
    found = verdicts(monkeypatch, tmp_path, Mutant(CHAT), CHAT, *every)
    assert {clause: verdict for clause, (verdict, _) in found.items() if verdict != "pass"} == {}
