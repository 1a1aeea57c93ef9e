"""Seed documents 001, "Join Session" of JavaScript 5, and 000, the vendor's skill of the same name with its gotchas."""

import pytest
from outside import (
    carried,
    codes,
    conflict,
    explain,
    must,
    only,
    operation,
    page,
    parameters,
    promised,
    setting,
    should,
    silent,
)

V5 = "calls/javascript-v5"
ERROR_TABLE = ("Join Session", "Error Handling")


def session():
    return only([e for e in explain(V5, "session") if e["kind"] == "session"], "session")


def member(name):
    return setting(V5, name, of="SessionSettings")


# -- the four error codes ----------------------------------------------------------------------------------------------------


def test_error_sdk_not_initialized_is_for_a_missing_init():
    found = codes(V5, "ERROR_SDK_NOT_INITIALIZED")
    assert set(found) == {"sdk_not_initialized"}
    assert {"joinSession", "generateToken"} <= set(found["sdk_not_initialized"]["operations"])


def test_error_auth_token_missing_is_for_nobody_logged_in():
    found = codes(V5, "ERROR_AUTH_TOKEN_MISSING")["not_logged_in"]
    assert {"joinSession", "generateToken"} <= set(found["operations"])
    assert page(found) == ERROR_TABLE


def test_error_auth_token_missing_is_for_an_auth_token_that_is_no_good_too():
    found = codes(V5, "ERROR_AUTH_TOKEN_MISSING")
    assert set(found) == {"not_logged_in", "auth_token_invalid"}
    assert page(found["auth_token_invalid"]) == ERROR_TABLE


def test_error_session_id_missing_is_for_no_session_id_or_an_empty_one():
    found = codes(V5, "ERROR_SESSION_ID_MISSING")
    assert set(found) == {"session_id_missing"}
    assert page(found["session_id_missing"]) == ERROR_TABLE
    assert "generateToken" in found["session_id_missing"]["operations"]


def test_validation_error_is_for_settings_of_a_join():
    found = codes(V5, "VALIDATION_ERROR")["settings_invalid"]
    assert found["operations"] == ["joinSession"]
    assert page(found) == ERROR_TABLE
    assert must(promised(found, "error.code"))


def test_a_join_can_carry_the_codes_of_the_table_that_fit_it():
    codes_of_join = carried(operation(V5, "joinSession"))
    assert {"ERROR_SDK_NOT_INITIALIZED", "ERROR_AUTH_TOKEN_MISSING", "VALIDATION_ERROR"} <= codes_of_join


def test_a_join_takes_no_session_id_and_so_misses_none():
    assert "ERROR_SESSION_ID_MISSING" not in carried(operation(V5, "joinSession"))


def test_the_codes_of_android_are_none_here():
    for code in ("ERROR_COMETCHAT_CALLS_SDK_INIT", "ERROR_CALL_SESSION_ID", "ERROR_JSON_EXCEPTION"):
        assert explain(V5, code) == []


# -- generateToken -------------------------------------------------------------------------------------------------------------


def test_generate_token_takes_a_session_id():
    first, *others = operation(V5, "generateToken")["parameters"]
    assert (first["name"], first["type"], first["optional"]) == ("sessionId", "string", False)
    assert all(p["optional"] for p in others)


def test_generate_token_gives_an_object_with_a_token():
    entry = operation(V5, "generateToken")
    assert entry["delivers"]["success"] == {"ends": ["resolved"], "value": "{token: string}"}
    assert must(promised(entry, "operation.delivers_success"))


def test_a_failed_generate_token_rejects_with_a_description():
    failure = operation(V5, "generateToken")["delivers"]["failure"]
    assert (failure["ends"], failure["message_at"]) == (["rejected"], "errorDescription")


def test_generate_token_needs_a_user_who_is_logged_in():
    entry = operation(V5, "generateToken")
    assert "not_logged_in" in [need["condition"] for need in entry["requires"]]
    assert must(promised(entry, "operation.requires", condition="not_logged_in"))


def test_a_token_is_for_one_session_and_one_user():
    for about in ("own_session", "user"):
        clause = promised(session(), "session.token", about=about)
        assert must(clause)
        assert page(clause) == ("Join Session", "Generate Token")


def test_a_token_can_be_generated_ahead():
    assert should(promised(session(), "session.token", about="early", accepted=True))


# -- joinSession ---------------------------------------------------------------------------------------------------------------


def test_join_session_takes_token_settings_and_container_in_this_order():
    entry = operation(V5, "joinSession")
    assert parameters(entry)[0] == "callToken"
    assert parameters(entry)[2] == "container"
    assert [p["concept"] for p in entry["parameters"]] == ["call_token", "session_settings", "container"]
    assert not any(p["optional"] for p in entry["parameters"])


def test_a_join_that_succeeds_has_no_data_and_no_error():
    entry = operation(V5, "joinSession")
    clause = promised(entry, "operation.delivers_success")
    assert entry["delivers"]["success"] == {"ends": ["resolved"], "value": "{data: undefined, error: null}"}
    assert must(clause)
    assert page(clause) == ("Join Session", "Join Session")


def test_a_join_that_fails_may_resolve_with_an_error():
    sides = conflict(operation(V5, "joinSession"), "operation.delivers_failure")
    assert {"how": "resolved"} in sides


def test_all_participants_of_a_call_use_one_session_id():
    assert must(promised(session(), "session.token", about="same_session"))


def test_the_interface_is_drawn_in_the_container():
    clause = promised(operation(V5, "joinSession"), "operation.effect", effect="rendered")
    assert must(clause)
    assert page(clause) == ("Join Session", "Container Setup")


@pytest.mark.parametrize(
    ("name", "value"),
    [("sessionType", "VIDEO"), ("sessionType", "VOICE"), ("layout", "TILE"), ("layout", "SPOTLIGHT")],
)
def test_the_samples_values_are_legal(name, value):
    assert value in member(name)["values"]
    assert must(promised(member(name), "setting.accepts"))


@pytest.mark.parametrize("name", ["startAudioMuted", "startVideoPaused"])
def test_the_samples_switches_are_boolean(name):
    assert member(name)["type"] == "boolean"


# -- the gotchas of 000 --------------------------------------------------------------------------------------------------------


def test_gotcha_the_container_is_a_visible_element_with_dimensions():
    clause = promised(operation(V5, "joinSession"), "operation.accepts", parameter="container", form="element")
    assert should(clause)
    assert clause["source"]["kind"] == "skill"


def test_gotcha_no_page_tells_what_another_container_does():
    entry = operation(V5, "joinSession")
    assert silent(entry, "operation.refuses", parameter="container", bad="missing")
    assert silent(entry, "operation.refuses", parameter="container", bad="detached")


def test_gotcha_everybody_joins_with_the_same_session_id():
    clause = promised(session(), "session.token", about="same_session")
    assert clause["counts"]


def test_gotcha_session_types_are_video_and_voice():
    assert member("sessionType")["values"] == ["VIDEO", "VOICE"]


def test_gotcha_audio_is_no_session_type():
    entry = member("sessionType")
    clause = promised(entry, "setting.refuses", bad="excluded", value="AUDIO")
    assert entry["excludes"] == ["AUDIO"]
    assert should(clause)
    assert clause["source"]["heading"] == "Gotchas"


def test_gotcha_a_join_answers_with_data_and_error():
    assert operation(V5, "joinSession")["delivers"]["success"]["value"] == "{data: undefined, error: null}"
    assert operation(V5, "joinSession")["delivers"]["failure"]["code_at"].startswith("error.")


def test_gotcha_generate_token_works_with_the_saved_auth_token():
    optional = {p["name"]: p["optional"] for p in operation(V5, "generateToken")["parameters"]}
    assert optional == {"sessionId": False, "authToken": True}


def test_gotcha_join_only_after_init():
    assert should(promised(operation(V5, "joinSession"), "operation.requires", condition="sdk_not_initialized"))


def test_gotcha_join_only_after_login():
    assert should(promised(operation(V5, "joinSession"), "operation.requires", condition="not_logged_in"))


def test_gotcha_the_sdk_draws_inside_of_the_container():
    assert must(promised(operation(V5, "joinSession"), "operation.effect", effect="rendered"))


# -- leaving, as 000 shows it ----------------------------------------------------------------------------------------------------


def test_leave_session_takes_nothing_and_leaves():
    entry = operation(V5, "leaveSession")
    assert parameters(entry) == []
    assert promised(entry, "operation.effect", effect="left")["counts"]


def test_end_session_for_all_takes_nothing_and_ends_it_for_everybody():
    entry = operation(V5, "endSessionForAll")
    assert parameters(entry) == []
    assert promised(entry, "operation.effect", effect="ended_for_all")["counts"]


def test_the_package_that_is_imported():
    assert operation(V5, "joinSession")["on"] == "CometChatCalls"
