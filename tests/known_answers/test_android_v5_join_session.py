"""Seed document 004, "Join Session" of Android 5: two ways to join, and six error codes."""

import pytest
from outside import carried, codes, conflict, explain, must, only, operation, page, parameters, promised, setting

ANDROID = "calls/android-v5"
ERROR_TABLE = ("Join Session", "Error Handling")


def by_id():
    return operation(ANDROID, "joinSession", first="sessionId")


def by_token():
    return operation(ANDROID, "joinSession", first="callToken")


def table(code):
    """The conditions of a code that the error table tells."""
    found = codes(ANDROID, code)
    assert all(page(entry) == ERROR_TABLE for entry in found.values())
    return set(found)


# -- the six error codes ---------------------------------------------------------------------------------------------------------


def test_error_cometchat_calls_sdk_init():
    assert table("ERROR_COMETCHAT_CALLS_SDK_INIT") == {"sdk_not_initialized"}


def test_error_auth_token():
    assert table("ERROR_AUTH_TOKEN") == {"not_logged_in", "auth_token_invalid"}


def test_error_call_session_id():
    assert table("ERROR_CALL_SESSION_ID") == {"session_id_missing"}


def test_error_call_token():
    assert table("ERROR_CALL_TOKEN") >= {"call_token_missing", "call_token_invalid"}


def test_error_calling_view_ref_null():
    assert table("ERROR_CALLING_VIEW_REF_NULL") == {"container_missing"}


def test_error_json_exception():
    assert table("ERROR_JSON_EXCEPTION") == {"settings_invalid", "bad_response"}


@pytest.mark.parametrize(
    ("code", "condition"),
    [
        ("ERROR_COMETCHAT_CALLS_SDK_INIT", "sdk_not_initialized"),
        ("ERROR_AUTH_TOKEN", "not_logged_in"),
        ("ERROR_CALLING_VIEW_REF_NULL", "container_missing"),
        ("ERROR_JSON_EXCEPTION", "settings_invalid"),
        ("ERROR_JSON_EXCEPTION", "bad_response"),
    ],
)
def test_either_way_to_join_can_carry_the_code(code, condition):
    entry = codes(ANDROID, code)[condition]
    assert entry["operations"].count("joinSession") == 2
    assert promised(entry, "error.code", operation="join_session")["counts"]
    assert must(promised(entry, "error.code", operation="join_session_by_id"))


def test_only_a_join_with_a_token_can_have_a_bad_one():
    assert "ERROR_CALL_TOKEN" in carried(by_token())
    assert "ERROR_CALL_TOKEN" not in carried(by_id())


def test_only_a_join_with_a_session_id_can_lack_it():
    assert "ERROR_CALL_SESSION_ID" in carried(by_id())
    assert "ERROR_CALL_SESSION_ID" not in carried(by_token())


def test_the_codes_of_javascript_are_none_here():
    for code in ("ERROR_SDK_NOT_INITIALIZED", "ERROR_AUTH_TOKEN_MISSING", "VALIDATION_ERROR"):
        assert explain(ANDROID, code) == []


# -- joining ---------------------------------------------------------------------------------------------------------------------


def test_parameters_of_a_join_with_a_session_id():
    required = [p["name"] for p in by_id()["parameters"] if not p["optional"]]
    assert required == ["sessionId", "sessionSettings", "callViewContainer", "listener"]


def test_parameters_of_a_join_with_a_token():
    assert parameters(by_token()) == ["callToken", "sessionSettings", "callViewContainer", "listener"]


@pytest.mark.parametrize("join", [by_id, by_token])
def test_types_of_the_parameters(join):
    types = {p["name"]: p["type"] for p in join()["parameters"]}
    assert types["sessionSettings"] == "SessionSettings"
    assert types["callViewContainer"] == "RelativeLayout"


def test_a_session_id_is_a_string_and_a_token_an_object():
    assert by_id()["parameters"][0]["type"] == "string"
    assert by_token()["parameters"][0]["type"] == "call_token"


@pytest.mark.parametrize("join", [by_id, by_token])
def test_a_listener_gets_success_or_error(join):
    delivers = join()["delivers"]
    assert delivers["success"]["ends"] == ["success_callback"]
    assert delivers["failure"]["ends"] == ["error_callback"]
    assert delivers["failure"]["message_at"] == "message"


@pytest.mark.parametrize("join", [by_id, by_token])
def test_success_comes_with_an_object_of_the_session(join):
    assert join()["delivers"]["success"]["value"] == "object with methods"


def test_success_of_a_join_with_a_token_is_promised():
    assert must(promised(by_token(), "operation.delivers_success"))


def test_of_success_of_a_join_with_a_session_id_another_page_says_otherwise():
    assert {"value": {"ref": "any"}} in conflict(by_id(), "operation.delivers_success")


def test_a_join_with_a_session_id_makes_its_token_itself():
    assert must(promised(by_id(), "operation.requires", condition="call_token_missing", fails=False))


@pytest.mark.parametrize("join", [by_id, by_token])
def test_the_interface_is_drawn_in_the_container(join):
    assert must(promised(join(), "operation.effect", effect="rendered"))


def test_participants_of_a_call_use_one_session_id():
    entry = only([e for e in explain(ANDROID, "session") if e["kind"] == "session"], "session")
    assert must(promised(entry, "session.token", about="same_session"))


# -- tokens and settings -----------------------------------------------------------------------------------------------------------


def test_generate_token_takes_session_id_and_listener():
    assert parameters(operation(ANDROID, "generateToken", first="sessionId")) == ["sessionId", "listener"]


def test_a_generated_token_is_an_object_that_has_the_token():
    (token,) = [e for e in explain(ANDROID, "GenerateToken") if e["kind"] == "type"]
    assert token["shape"] == "{token: string}"
    assert operation(ANDROID, "generateToken", first="sessionId")["delivers"]["success"]["value"] == "call_token"


def test_a_token_is_for_one_session_and_one_user():
    entry = only([e for e in explain(ANDROID, "session") if e["kind"] == "session"], "session")
    assert must(promised(entry, "session.token", about="own_session"))
    assert must(promised(entry, "session.token", about="user"))


def test_the_builder_of_the_samples():
    (settings,) = [e for e in explain(ANDROID, "SessionSettings") if e["kind"] == "settings_object"]
    assert (settings["builder"], settings["build"]) == ("CometChatCalls.SessionSettingsBuilder", "build")
    assert {"setDisplayName", "setType"} <= set(settings["members"])


def test_video_is_a_session_type():
    entry = setting(ANDROID, "setType", of="SessionSettings")
    assert "VIDEO" in entry["values"]
    assert must(promised(entry, "setting.accepts"))


def test_a_display_name_is_a_text_that_others_see():
    entry = setting(ANDROID, "setDisplayName", of="SessionSettings")
    assert (entry["type"], entry["effect"]["kind"]) == ("string", "display_name")
