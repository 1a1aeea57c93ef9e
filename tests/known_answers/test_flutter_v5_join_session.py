"""Seed document 003, "Join Session" of Flutter 5: named arguments, two ways to join, and five error codes."""

import pytest
from outside import carried, codes, conflict, explain, must, only, operation, page, parameters, promised, setting

FLUTTER = "calls/flutter-v5"
ERROR_TABLE = ("Join Session", "Error Handling")


def by_id():
    return operation(FLUTTER, "joinSession", first="sessionId")


def by_token():
    return operation(FLUTTER, "joinSession", first="callToken")


def table(code):
    """The conditions of a code that the error table tells."""
    found = codes(FLUTTER, code)
    assert all(page(entry) == ERROR_TABLE for entry in found.values())
    return set(found)


# -- the five error codes --------------------------------------------------------------------------------------------------------


def test_error_cometchat_calls_sdk_init():
    assert table("ERROR_COMETCHAT_CALLS_SDK_INIT") == {"sdk_not_initialized"}


def test_error_auth_token():
    assert table("ERROR_AUTH_TOKEN") == {"not_logged_in", "auth_token_invalid"}


def test_error_call_session_id():
    assert table("ERROR_CALL_SESSION_ID") == {"session_id_missing"}


def test_error_call_token():
    assert table("ERROR_CALL_TOKEN") >= {"call_token_missing", "call_token_invalid"}


def test_error_json_exception():
    assert table("ERROR_JSON_EXCEPTION") == {"settings_invalid", "bad_response"}


def test_no_code_for_a_missing_view_as_there_is_none():
    assert explain(FLUTTER, "ERROR_CALLING_VIEW_REF_NULL") == []


@pytest.mark.parametrize(
    ("code", "condition"),
    [
        ("ERROR_COMETCHAT_CALLS_SDK_INIT", "sdk_not_initialized"),
        ("ERROR_AUTH_TOKEN", "not_logged_in"),
        ("ERROR_JSON_EXCEPTION", "settings_invalid"),
        ("ERROR_JSON_EXCEPTION", "bad_response"),
    ],
)
def test_either_way_to_join_can_carry_the_code(code, condition):
    entry = codes(FLUTTER, code)[condition]
    assert promised(entry, "error.code", operation="join_session")["counts"]
    assert must(promised(entry, "error.code", operation="join_session_by_id"))


def test_only_a_join_with_a_token_can_have_a_bad_one():
    assert "ERROR_CALL_TOKEN" in carried(by_token())
    assert "ERROR_CALL_TOKEN" not in carried(by_id())


def test_only_a_join_with_a_session_id_can_lack_it():
    assert "ERROR_CALL_SESSION_ID" in carried(by_id())
    assert "ERROR_CALL_SESSION_ID" not in carried(by_token())


# -- joining ---------------------------------------------------------------------------------------------------------------------


def test_arguments_of_a_join_with_a_session_id():
    assert parameters(by_id()) == ["sessionId", "sessionSettings", "onSuccess", "onError"]


def test_arguments_of_a_join_with_a_token():
    assert parameters(by_token()) == ["callToken", "sessionSettings", "onSuccess", "onError"]


@pytest.mark.parametrize("join", [by_id, by_token])
def test_no_container_is_given(join):
    assert "container" not in [p["concept"] for p in join()["parameters"]]


@pytest.mark.parametrize("join", [by_id, by_token])
def test_success_comes_with_a_widget_or_null(join):
    assert join()["delivers"]["success"] == {"ends": ["success_callback"], "value": "object with methods | null"}


@pytest.mark.parametrize("join", [by_id, by_token])
def test_failure_comes_with_an_exception_that_has_a_message(join):
    failure = join()["delivers"]["failure"]
    assert failure["ends"] == ["error_callback"]
    assert failure["message_at"] == "message"


def test_the_exception_is_that_of_calls():
    (exception,) = [e for e in explain(FLUTTER, "CometChatCallsException") if e["kind"] == "type"]
    assert "message: string" in exception["shape"]


def test_the_widget_draws_the_call():
    assert must(promised(by_id(), "operation.effect", effect="rendered"))


def test_a_join_with_a_session_id_makes_its_token_itself():
    assert must(promised(by_id(), "operation.requires", condition="call_token_missing", fails=False))


def test_participants_of_a_call_use_one_session_id():
    entry = only([e for e in explain(FLUTTER, "session") if e["kind"] == "session"], "session")
    assert must(promised(entry, "session.token", about="same_session"))


# -- tokens and settings -----------------------------------------------------------------------------------------------------------


def test_the_pages_name_of_the_method_that_makes_a_token_is_one_of_two():
    entry = operation(FLUTTER, "generateCallToken")
    assert {"name": "generateToken"} in conflict(entry, "operation.exists")
    assert entry["also_called"] == ["generateToken"]


def test_a_token_is_made_of_a_session_id():
    entry = operation(FLUTTER, "generateCallToken")
    assert parameters(entry) == ["sessionId", "onSuccess", "onError"]
    assert entry["delivers"]["success"] == {"ends": ["success_callback"], "value": "call_token"}


def test_a_call_token_has_the_token():
    (token,) = [e for e in explain(FLUTTER, "CallToken") if e["kind"] == "type"]
    assert token["shape"] == "{token: string}"


def test_a_token_is_for_one_session_and_one_user():
    entry = only([e for e in explain(FLUTTER, "session") if e["kind"] == "session"], "session")
    assert must(promised(entry, "session.token", about="own_session"))
    assert must(promised(entry, "session.token", about="user"))


def test_the_builder_of_the_samples_stands_alone():
    (settings,) = [e for e in explain(FLUTTER, "SessionSettings") if e["kind"] == "settings_object"]
    assert (settings["builder"], settings["build"]) == ("SessionSettingsBuilder", "build")
    assert {"setDisplayName", "setType"} <= set(settings["members"])


def test_video_is_a_session_type():
    entry = setting(FLUTTER, "setType", of="SessionSettings")
    assert "video" in entry["values"]
    assert must(promised(entry, "setting.accepts"))
