"""The mobile dialects: overloads, builders with constructors, tokens and listeners as objects, and the other names of a thing."""

from __future__ import annotations

import pytest
from invented_dialect import invented

from testcall_conformance.checks import CHECKS, NotRun, Question
from testcall_conformance.dialect import OMIT, Dialect, Given, names_offered
from testcall_conformance.protocol import PROTOCOL, Description, SdkInfo
from testcall_conformance.reference.alternatives import choose
from testcall_conformance.reference.surface import find_operation, operation_names
from testcall_contract.loader import load
from testcall_contract.promises import promises

ANDROID, IOS = "calls/android-v5", "calls/ios-v5"


def description(contract, operations=()):
    return Description(
        protocol=PROTOCOL,
        adapter="a test",
        sdk=SdkInfo(name="none", version="0"),
        contract=contract.contract,
        operations=list(operations),
    )


def test_an_overload_is_picked_by_its_signature_and_no_argument_of_it_is_left_out():
    call = Dialect(load(ANDROID)).call("login", {"uid": "alice", "auth_key": OMIT})
    assert (call.on, call.operation, call.signature) == ("CometChatCalls", "login", "uid, apiKey, listener")
    assert call.arguments == ["alice", None]  # left out, it would be a login by auth token
    assert find_operation(load(ANDROID), "CometChatCalls", "login", "authToken, listener") == "login_with_token"
    assert find_operation(load(ANDROID), "CometChatCalls", "login", call.signature) == "login"


def test_named_arguments_have_the_names_of_the_dialect():
    call = Dialect(load(IOS)).call("join_session_by_id", {"session_id": "a", "session_settings": {}, "container": {}})
    assert call.arguments == {"sessionID": "a", "callSetting": {}, "container": {}}
    assert call.signature == "joinSession(sessionID:callSetting:container:onSuccess:onError:)"


def test_a_builder_gets_what_its_constructor_takes():
    value = Dialect(load(ANDROID)).settings("app_settings", Given({"region": "us", "app_id": "app"}))
    assert (value["new"], value["calls"]) == (["app", "us"], [])


def test_a_word_is_spelled_as_the_parameter_has_it():
    assert Dialect(load(IOS)).call("set_layout", {"layout": "spotlight"}).arguments == {"layout": "SPOTLIGHT"}
    assert Dialect(load(ANDROID)).call("set_layout", {"layout": "SPOTLIGHT"}).arguments == ["SPOTLIGHT"]
    assert Dialect(load(IOS)).call("set_layout", {"layout": "none"}).arguments == {"layout": "none"}


@pytest.mark.parametrize(
    ("contract", "conflict", "alternative", "place", "name"),
    [
        (ANDROID, "CA04", "unmuteAudio", "unmute_audio", "unmuteAudio"),
        (ANDROID, "CA01", "setSessionType", "session_settings.session_type", "setSessionType"),
        (IOS, "CB09-A", "set", "app_settings.app_id", "set(appID:)"),
    ],
)
def test_a_build_is_spoken_to_by_the_documented_name_that_it_has(contract, conflict, alternative, place, name):
    other = choose(load(contract), {conflict: alternative})
    assert names_offered(load(contract), description(other, operation_names(other)).offers) == {place: name}
    usual = description(load(contract), operation_names(load(contract)))
    assert names_offered(load(contract), usual.offers) == {}


def test_the_setter_that_was_found_is_called():
    dialect = Dialect(load(ANDROID), {"session_settings.session_type": "setSessionType"})
    value = dialect.settings("session_settings", Given({"session_type": "VIDEO"}))
    assert value["calls"] == [["setSessionType", ["VIDEO"]]]


def judged(contract, promise_id, operations):
    promise = next(p for p in promises(contract) if p.id == promise_id)
    question = Question(promise, contract, description(contract, operations), dict(promise.args))
    check = CHECKS["setting.exists"]
    planned = check.plan(question)
    return planned if isinstance(planned, NotRun) else check.judge(question, []).kept


def test_a_setter_that_is_not_listed_fails_and_nothing_is_said_where_none_is():
    contract = load(ANDROID)
    builder = "CometChatCalls.CallSettingsBuilder"
    assert judged(contract, "AND5-V4-SET-END-010", [f"{builder}.showEndCallButton"]) is True
    assert judged(contract, "AND5-V4-SET-END-010", [f"{builder}.setMode"]) is False
    assert isinstance(judged(contract, "AND5-V4-SET-END-010", []), NotRun)


def test_setters_are_listed_but_not_what_a_constructor_takes():
    names = operation_names(load(ANDROID))
    assert "CometChatCalls.SessionSettingsBuilder.setTitle" in names
    assert not [name for name in names if name.startswith("CallAppSettings.CallAppSettingBuilder.")]
    assert "ValgBygger.bareLyd" in operation_names(invented())


SIX = {
    "sdk_not_initialized": "ERROR_COMETCHAT_CALLS_SDK_INIT",
    "not_logged_in": "ERROR_AUTH_TOKEN",
    "session_id_missing": "ERROR_CALL_SESSION_ID",
    "call_token_invalid": "ERROR_CALL_TOKEN",
    "container_missing": "ERROR_CALLING_VIEW_REF_NULL",
    "settings_invalid": "ERROR_JSON_EXCEPTION",
}


def test_the_codes_of_joining_are_those_of_the_page():
    assert {key: load(ANDROID).errors[key].code for key in SIX} == SIX
    ios = load(IOS).errors
    found = [ios[key].code for key in ("sdk_not_initialized", "not_logged_in", "session_id_missing", "api_error")]
    assert found == ["INIT ERROR", "AUTH TOKEN ERROR", "SESSION ID ERROR", "API ERROR"]
