"""Seed document 002, "Call Session" of JavaScript 4: the listener's callbacks, and how listeners are registered."""

import pytest
from outside import event, explain, must, only, operation, page, parameters, promised, shapes

V4 = "calls/javascript-v4"

CALLBACKS = (
    "onUserJoined",
    "onUserLeft",
    "onUserListUpdated",
    "onCallEnded",
    "onCallEndButtonPressed",
    "onError",
    "onMediaDeviceListUpdated",
    "onUserMuted",
    "onScreenShareStarted",
    "onScreenShareStopped",
    "onCallSwitchedToVideo",
    "onSessionTimeout",
)


@pytest.mark.parametrize("name", CALLBACKS)
def test_the_callback_can_be_given_with_the_settings_and_be_added(name):
    ways = event(V4, name)["via"]
    assert "addCallEventListener" in [way.get("registered_by") for way in ways]
    assert "CometChatCalls.OngoingCallListener" in [way.get("class") for way in ways]


def test_a_user_who_joins_is_told():
    entry = event(V4, "onUserJoined")
    assert must(promised(entry, "event.fires", cause="remote_join"))
    assert shapes(entry) == ["user"]


def test_a_user_who_leaves_is_told():
    entry = event(V4, "onUserLeft")
    assert must(promised(entry, "event.fires", cause="remote_leave"))
    assert shapes(entry) == ["user"]


def test_the_list_of_users_is_told_when_somebody_joins_or_leaves():
    entry = event(V4, "onUserListUpdated")
    assert must(promised(entry, "event.fires", cause="remote_join"))
    assert must(promised(entry, "event.fires", cause="remote_leave"))
    assert shapes(entry) == ["user_list"]


def test_the_remote_participant_is_told_that_the_call_ended():
    entry = event(V4, "onCallEnded")
    assert must(promised(entry, "event.fires", cause="last_remote_leave"))
    assert shapes(entry) == []


def test_whoever_presses_the_end_control_is_told():
    entry = event(V4, "onCallEndButtonPressed")
    assert must(promised(entry, "event.fires", cause="button_end_call"))
    assert (shapes(entry), entry["audience"]) == ([], "local")


def test_an_error_comes_with_the_exception():
    assert shapes(event(V4, "onError")) == ["exception"]


def test_the_list_of_devices_is_told_as_the_samples_type_it_too():
    entry = event(V4, "onMediaDeviceListUpdated")
    assert must(promised(entry, "event.fires", cause="device_list_change"))
    (shape,) = shapes(entry)
    assert "list" in shape.split(" | ")


def test_a_muted_user_is_told_by_one_event():
    entry = event(V4, "onUserMuted")
    assert must(promised(entry, "event.fires", cause="remote_mute_audio"))
    assert shapes(entry) == ["mute_event"]


def test_the_start_of_a_screen_share_is_told_without_arguments():
    entry = event(V4, "onScreenShareStarted")
    assert must(promised(entry, "event.fires", cause="screen_share_start"))
    assert shapes(entry) == []


def test_the_end_of_a_screen_share_is_told_without_arguments():
    entry = event(V4, "onScreenShareStopped")
    assert must(promised(entry, "event.fires", cause="screen_share_stop"))
    assert shapes(entry) == []


def test_the_remote_participant_is_told_that_the_call_is_a_video_call_now():
    entry = event(V4, "onCallSwitchedToVideo")
    clause = promised(entry, "event.fires", cause="remote_switch_to_video")
    assert must(clause)
    assert page(clause) == ("Call Session", "Switch To Video Call")
    assert (len(shapes(entry)), entry["audience"]) == (1, "remote")


def test_an_idle_call_that_ended_is_told_without_arguments():
    entry = event(V4, "onSessionTimeout")
    assert must(promised(entry, "event.fires", cause="idle_timeout"))
    assert shapes(entry) == []


# -- registering -----------------------------------------------------------------------------------------------------------


def by_id():
    return only([e for e in explain(V4, "call_event_listener") if e["kind"] == "listener"], "listeners by id")


def test_a_listener_is_added_with_an_id_and_an_object():
    entry = operation(V4, "addCallEventListener")
    assert len(parameters(entry)) == 2
    assert entry["parameters"][0]["type"] == "string"
    assert by_id()["keyed"]
    assert by_id()["form"] == "object"


def test_a_listener_is_removed_by_its_id_alone():
    entry = operation(V4, "removeCallEventListener")
    assert [p["type"] for p in entry["parameters"]] == ["string"]


def test_registering_under_the_same_id_replaces_the_listener():
    clause = promised(by_id(), "listener.replaces", replaces=True)
    assert must(clause)
    assert page(clause) == ("Call Session", "Call Listeners")


def test_removing_a_listener_leaves_the_others_alone():
    clause = promised(by_id(), "listener.removes")
    assert must(clause)
    assert page(clause) == ("Call Session", "Call Listeners")


def test_several_listeners_can_be_registered():
    clause = promised(by_id(), "listener.adds_up")
    assert must(clause)
    assert page(clause) == ("Call Session", "Call Listeners")
