"""Operations and error codes: what is judged as kept, as broken, and what can't be told."""

from __future__ import annotations

import pytest
from played import UNDEFINED, V5, Played, asked, case, check_case

INIT = {"$": "undefined"}
NOINIT = {"operation": "generate_token", "condition": "sdk_not_initialized"}


def played(**params):
    return Played(**({"operation": "generate_token"} | params))


def token(**args):
    return asked(args.pop("rule"), "operation", "generate_token", **args)


def unhandled(one):
    return one.add("outcome", "alice-1", "uncaught", error={"type": "TypeError", "own": {"message": "boom"}})


EXISTS = [
    case("called", asked("operation.exists", "operation", "generate_token"), True, played().call("generate_token")),
    case("absent", asked("operation.exists", "operation", "generate_token"), False, played().call("generate_token", ended="absent")),
    case("not called", asked("operation.exists", "operation", "mute_audio"), None, Played(kind="every_call", session=True)),
    case("another name is there", asked("operation.exists", "operation", "generate_token", name="makeToken", operations=("CometChatCalls.makeToken",)), True, Played()),
    case("another name isn't there", asked("operation.exists", "operation", "generate_token", name="makeToken"), False, Played()),
    case("should not be there and isn't", asked("operation.exists", "operation", "generate_token", there=False), True, Played()),
]  # fmt: skip

DELIVERS = [
    case("as promised", token(rule="operation.delivers_success"), True, played().call("generate_token", ended="resolved", value={"token": "t"})),
    case("another shape", token(rule="operation.delivers_success"), False, played().call("generate_token", ended="resolved", value={"token": 5})),
    case("another way", token(rule="operation.delivers_success"), False, played().call("generate_token", ended="returned", value={"token": "t"})),
    case("it fails", token(rule="operation.delivers_success"), False, played().fails("generate_token", "X")),
    case("it is absent", token(rule="operation.delivers_success"), None, played().call("generate_token", ended="absent")),
    case("never made", token(rule="operation.delivers_success"), None, played()),
    case("failure as promised", token(rule="operation.delivers_failure", cause="session_id_missing"), True, played().fails("generate_token", "X")),
    case("failure thrown", token(rule="operation.delivers_failure", cause="session_id_missing"), False, played().call("generate_token", ended="threw", code="X")),
    case("no failure", token(rule="operation.delivers_failure", cause="session_id_missing"), False, played().call("generate_token", ended="resolved", value={"token": "t"})),
    case("failure never made", token(rule="operation.delivers_failure", cause="session_id_missing"), None, played()),
]  # fmt: skip

REFUSES = [
    case("it fails", token(rule="operation.requires", condition="sdk_not_initialized"), True, played().fails("generate_token", "X")),
    case("it doesn't", token(rule="operation.requires", condition="sdk_not_initialized"), False, played().call("generate_token", ended="resolved")),
    case("an error event is a failure", asked("operation.requires", "operation", "join_session", condition="call_token_invalid"), True, played().call("join_session", ended="resolved").callback("error", {"code": "X"})),
    case("an error nobody caught is none", asked("operation.requires", "operation", "join_session", condition="sdk_not_initialized"), False, unhandled(played().call("join_session", ended="resolved")), seen="uncaught: TypeError"),
    case("never settling is no failure", token(rule="operation.requires", condition="sdk_not_initialized"), False, played().call("generate_token", ended="never")),
    case("by the code", token(rule="operation.requires", condition="session_id_missing", code="X"), True, played().fails("generate_token", "X")),
    case("by another code", token(rule="operation.requires", condition="session_id_missing", code="X"), False, played().fails("generate_token", "Y")),
    case("one of several codes", token(rule="operation.requires", condition="session_id_missing", code=["X", "Y"]), True, played().fails("generate_token", "Y")),
    case("must not fail, and doesn't", token(rule="operation.requires", condition="network_failure", fails=False), True, played().call("generate_token", ended="resolved")),
    case("must not fail, and does", token(rule="operation.requires", condition="network_failure", fails=False), False, played().fails("generate_token", "X")),
    case("the state never came about", token(rule="operation.requires", condition="session_active"), None, played()),
    case("a bad argument is refused", token(rule="operation.refuses", parameter="session_id", bad="empty"), True, played().fails("generate_token", "X")),
    case("a bad argument is taken", token(rule="operation.refuses", parameter="session_id", bad="empty"), False, played().call("generate_token", ended="resolved")),
    case("a form is taken", token(rule="operation.accepts", parameter="session_id", form="upper_case"), True, played().call("generate_token", ended="resolved")),
    case("a form is refused", token(rule="operation.accepts", parameter="session_id", form="upper_case"), False, played().fails("generate_token", "X")),
    case("a form must be refused", token(rule="operation.accepts", parameter="session_id", form="upper_case", accepted=False), True, played().fails("generate_token", "X")),
    case("a join that nobody sees is no success", asked("operation.accepts", "operation", "join_session", parameter="container", form="detached"), False, played().call("join_session", ended="resolved")),
    case("a join that is seen is one", asked("operation.accepts", "operation", "join_session", parameter="container", form="detached"), True, played().call("join_session", ended="resolved").joined()),
    case("a form never tried", token(rule="operation.accepts", parameter="session_id", form="upper_case"), None, played()),
]  # fmt: skip


def code(**args):
    return asked("error.code", "error", "session_id_missing", operation="generate_token", **args)


def refusal(status=403, told="AUTH_ERR"):
    return {"error": {"code": told}}


PASSING = asked("error.passes_through", "error", "auth_token_invalid", operation="generate_token")
SHAPED = asked(
    "error.shape", "error", "session_id_missing", operation="generate_token", shape={"object": {"code": "string"}}
)

CODES = [
    case("the contract's code", code(code="X"), True, played().fails("generate_token", "X")),
    case("another code", code(code="X"), False, played().fails("generate_token", "Y")),
    case("no failure", code(code="X"), False, played().call("generate_token", ended="resolved")),
    case("somewhere in the error", code(code="X", at="any"), True, played().fails("generate_token", "Y", details={"inner": {"name": "X"}})),
    case("nowhere in the error", code(code="X", at="any"), False, played().fails("generate_token", "Y")),
    case("a code told by an error event", asked("error.code", "error", "call_token_invalid", operation="join_session", code="X"), True, played().call("join_session", ended="resolved").callback("error", {"code": "X"})),
    case("never called", code(code="X"), None, played()),
    case("of the shape", SHAPED, True, played().fails("generate_token", "X")),
    case("of another shape", SHAPED, False, played().fails("generate_token", None)),
    case("no error, no shape", SHAPED, None, played().call("generate_token", ended="resolved")),
    case("the service's code", PASSING, True, Played().add("step", "alice-1", "generate_token", label="probe", call=1).http("create_call_token", {"error": {"code": "A"}}, 401).add("outcome", "alice-1", "generate_token", label="probe", call=1, ended="rejected", value=UNDEFINED, error={"own": {"code": "A"}})),
    case("an own code instead", PASSING, False, Played().add("step", "alice-1", "generate_token", label="probe", call=1).http("create_call_token", {"error": {"code": "A"}}, 401).add("outcome", "alice-1", "generate_token", label="probe", call=1, ended="rejected", value=UNDEFINED, error={"own": {"code": "B"}})),
    case("the service was not asked", PASSING, None, played().fails("generate_token", "X")),
]  # fmt: skip

CASES = [*EXISTS, *DELIVERS, *REFUSES, *CODES]


@pytest.mark.parametrize("one", CASES, ids=str)
def test_it_is_judged_as_it_was_played(one):
    check_case(one)


def test_a_join_that_failed_and_joined_all_the_same_is_told():
    told = asked("operation.delivers_success", "operation", "join_session", contract=V5, how=["rejected"])
    check_case(case("", told, True, Played(contract=V5).fails("join_session", "X").joined()))
