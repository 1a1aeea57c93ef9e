"""Scenes played whole on the reference SDK with one thing wrong each: the clause about it fails, the others still pass."""

from __future__ import annotations

import pytest
from mutants import Mutant, verdicts

from testcall_conformance.errors import AdapterFailure

V4, V5 = "calls/javascript-v4", "calls/javascript-v5"


class WrongCode(Mutant):
    """Every failure has another code."""

    def change_outcome(self, call, ended):
        if ended.error is None:
            return ended
        return ended.model_copy(update={"error": changed(ended.error, "errorCode", "ODD")})


def changed(error, member, value):
    own = dict(error.own)
    for holder in (own, own.get("error", {}), (own.get("error") or {}).get("own", {})):
        if isinstance(holder, dict) and member in holder:
            holder[member] = value
    for name in ("code", "errorCode"):
        if name in own:
            own[name] = value
    return error.model_copy(update={"own": own})


class NeverRefuses(Mutant):
    """What fails is said to have worked."""

    def change_outcome(self, call, ended):
        return ended if ended.error is None else ended.model_copy(update={"ended": "resolved", "error": None})


class Deaf(Mutant):
    """An event that never comes."""

    event = "onParticipantJoined"

    def change_callback(self, event, message):
        return [] if event == self.event else [message]


class Stutters(Mutant):
    """Every event comes twice."""

    def change_callback(self, event, message):
        return [message, message.model_copy(update={"seq": message.seq + 100_000})]


class Misnames(Mutant):
    """Events tell of somebody else."""

    def change_callback(self, event, message):
        if event != "onParticipantJoined":
            return [message]
        return [message.model_copy(update={"arguments": [{"pid": "1", "name": "No", "uid": "nobody"}]})]


class Shapeless(Mutant):
    """Events without arguments."""

    def change_callback(self, event, message):
        return [message.model_copy(update={"arguments": []})]


class MutesNobody(Mutant):
    """``muteAudio`` does nothing."""

    def instead(self, call):
        return ended("returned") if call.operation == "muteAudio" else None


def ended(how, value=None):
    from testcall_conformance.protocol import Ended

    return Ended(ended=how, value={"$": "undefined"} if value is None else value, at_ms=1.0)


class StartsMuted(Mutant):
    """Another default: who joins without the setting is muted."""

    def change_call(self, call):
        if call.operation != "joinSession" or not isinstance(call.arguments, list):
            return call
        token, settings, *rest = call.arguments
        return call.model_copy(update={"arguments": [token, {"startAudioMuted": True} | settings, *rest]})


class IgnoresSettings(Mutant):
    """Settings of a join have no effect."""

    def change_call(self, call):
        if call.operation != "joinSession" or not isinstance(call.arguments, list):
            return call
        token, settings, *rest = call.arguments
        kept = {k: v for k, v in settings.items() if k not in ("startAudioMuted", "hideLeaveSessionButton")}
        return call.model_copy(update={"arguments": [token, kept, *rest]})


class NeverLets(Mutant):
    """The function that removes a listener does nothing."""

    def instead(self, call):
        return ended("returned") if call.operation in ("()", "removeEventListener") else None


class LetsAnotherGo(Mutant):
    """With one registration another one ends."""

    over = False

    def change_call(self, call):
        self.over = self.over or call.operation == "()"
        return call

    def change_callback(self, event, message):
        return [] if self.over and "two" in message.function else [message]


class Forgets(Mutant):
    """Nobody is ever logged in, by what it tells."""

    def change_outcome(self, call, outcome):
        if call.operation == "getLoggedInUser":
            return outcome.model_copy(update={"value": None})
        return outcome


class Lacks(Mutant):
    """An operation that isn't there."""

    def instead(self, call):
        if call.operation == "raiseHand":
            raise AdapterFailure("missing", "no raiseHand")


class ShowsEverything(Mutant):
    """Every control is always there."""

    def change_capability(self, method, params, value):
        return value | {"visible": True, "count": 1} if method == "look" else value


class Hangs(Mutant):
    """An operation that never settles."""

    def change_outcome(self, call, outcome):
        return ended("never") if call.operation == "generateToken" else outcome


FAULTS = [
    (WrongCode, V5, ("JS5-ERR-UID-010",), ("JS5-LOGIN-050", "JS5-LOGIN-020")),
    (NeverRefuses, V5, ("JS5-LOGIN-050", "JS5-TOKEN-050", "JS5-ERR-UID-010"), ("JS5-LOGIN-020",)),
    (Deaf, V5, ("JS5-EV-PJOIN-010", "JS5-EV-PJOIN-030"), ("JS5-EV-PLEFT-010",)),
    (Stutters, V5, ("JS5-EV-PJOIN-030",), ("JS5-EV-PJOIN-010", "JS5-EV-PLEFT-010")),
    (Misnames, V5, ("JS5-EV-PJOIN-040",), ("JS5-EV-PJOIN-010", "JS5-EV-PJOIN-020", "JS5-EV-PLEFT-040")),
    (Shapeless, V5, ("JS5-EV-PJOIN-020", "JS5-EV-PLEFT-020"), ("JS5-EV-PJOIN-010",)),
    (MutesNobody, V5, ("JS5-MUTE-030",), ("JS5-HAND-030",)),
    (StartsMuted, V5, ("JS5-SET-AMUTED-020", "JS5-SET-AMUTED-030"), ("JS5-SET-VPAUSED-020",)),
    (IgnoresSettings, V5, ("JS5-SET-AMUTED-030",), ("JS5-SET-AMUTED-020",)),
    (NeverLets, V5, ("JS5-LST-EVENT-010",), ("JS5-LST-EVENT-030", "JS5-LST-EVENT-040")),
    (LetsAnotherGo, V5, ("JS5-LST-EVENT-030", "JS5-LST-EVENT-040"), ()),
    (Forgets, V5, ("JS5-USER-020",), ("JS5-USER-030", "JS5-LOGIN-020")),
    (Hangs, V5, ("JS5-TOKEN-020",), ("JS5-LOGIN-020",)),
    (ShowsEverything, V4, ("JS4-SET-END-020",), ("JS4-SET-END-010",)),
]
"""Mutant → the clauses that have to fail, and some that have to hold all the same."""


@pytest.mark.parametrize(("mutant", "contract", "broken", "kept"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS])
def test_a_fault_is_found_and_nothing_else(monkeypatch, tmp_path, mutant, contract, broken, kept):
    told = verdicts(monkeypatch, tmp_path, mutant(contract), contract, *broken, *kept)
    assert {key: told[key] for key in broken if told[key][0] != "fail"} == {}
    assert {key: told[key] for key in kept if told[key][0] != "pass"} == {}


@pytest.mark.parametrize("contract", [V4, V5])
def test_without_a_fault_all_of_them_pass(monkeypatch, tmp_path, contract):
    every = sorted({clause for _, of, broken, kept in FAULTS for clause in (*broken, *kept) if of == contract})
    told = verdicts(monkeypatch, tmp_path, Mutant(contract), contract, *every)
    assert {key: told[key] for key in every if told[key][0] != "pass"} == {}


def test_what_lacks_an_operation_is_told_so(monkeypatch, tmp_path):
    told = verdicts(monkeypatch, tmp_path, Lacks(V5), V5, "JS5-HAND-010", "JS5-HAND-030")
    assert told["JS5-HAND-010"][0] == "fail"
    assert told["JS5-HAND-030"][0] == "not_run"
