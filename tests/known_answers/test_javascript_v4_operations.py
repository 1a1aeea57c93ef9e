"""Seed document 002, "Call Session" of JavaScript 4: token, start, end, and the methods during a call."""

import pytest
from outside import carried, conflict, explain, must, operation, page, parameters, promised, silent

V4 = "calls/javascript-v4"


def says(name, heading):
    """An operation without failure whose place in the document is ``heading``."""
    entry = operation(V4, name)
    clause = promised(entry, "operation.exists")
    assert must(clause)
    assert page(clause) == ("Call Session", heading)
    return entry


def session():
    (entry,) = [e for e in explain(V4, "session") if e["kind"] == "session"]
    return entry


def test_a_token_is_made_of_a_session_id_and_an_auth_token():
    entry = says("generateToken", "Generate Call Token")
    assert [name.lower() for name in parameters(entry)] == ["sessionid", "authtoken"]
    assert not any(p["optional"] for p in entry["parameters"])


def test_the_token_comes_in_an_object():
    success = operation(V4, "generateToken")["delivers"]["success"]
    shape = [e["shape"] for e in explain(V4, "call_token") if e["kind"] == "type"]
    assert success == {"ends": ["resolved"], "value": "call_token"}
    assert shape == ["{token: string}"]


def test_a_failed_token_rejects():
    assert operation(V4, "generateToken")["delivers"]["failure"]["ends"] == ["rejected"]


def test_a_token_is_for_one_session_and_one_user():
    assert must(promised(session(), "session.token", about="other_session", accepted=False))
    assert must(promised(session(), "session.token", about="user"))


def test_a_token_can_be_made_ahead_of_time():
    assert must(promised(session(), "session.token", about="early", accepted=True))


def test_a_session_starts_with_token_settings_and_element():
    entry = says("startSession", "Start Call Session")
    assert parameters(entry) == ["callToken", "callSettings", "htmlElement"]


def test_the_interface_is_drawn_in_the_element():
    clause = promised(operation(V4, "startSession"), "operation.effect", effect="rendered")
    assert must(clause)
    assert page(clause) == ("Call Session", "Start Call Session")


def test_one_sample_passes_the_token_and_another_the_whole_object():
    sides = conflict(operation(V4, "startSession"), "operation.accepts", form="token_object")
    assert [side["accepted"] for side in sides] == [False, True]


def test_end_session_ends_the_session_and_frees_the_devices():
    entry = says("endSession", "End Call")
    assert parameters(entry) == []
    assert must(promised(entry, "operation.effect", effect="left"))
    assert must(promised(entry, "operation.effect", effect="released"))


def test_switch_camera_is_there_since_4_2_0():
    assert says("switchCamera", "Switch Camera")["since"] == "4.2.0"


def test_switch_camera_does_nothing_on_a_desktop():
    assert must(promised(operation(V4, "switchCamera"), "operation.effect", effect="camera_kept"))


def test_mute_audio_with_true_mutes():
    assert must(promised(says("muteAudio", "Mute Audio"), "operation.effect", effect="audio_muted", value=True))


def test_mute_audio_with_false_unmutes():
    assert must(promised(operation(V4, "muteAudio"), "operation.effect", effect="audio_unmuted", value=False))


def test_pause_video_with_true_pauses():
    assert must(promised(says("pauseVideo", "Pause Video"), "operation.effect", effect="video_paused", value=True))


def test_pause_video_with_false_resumes():
    assert must(promised(operation(V4, "pauseVideo"), "operation.effect", effect="video_resumed", value=False))


def test_start_screen_share_shares_with_others():
    entry = says("startScreenShare", "Start Screen Share")
    assert must(promised(entry, "operation.effect", effect="screen_shared"))


def test_stop_screen_share_ends_the_sharing():
    entry = says("stopScreenShare", "Stop Screen Share")
    assert must(promised(entry, "operation.effect", effect="screen_unshared"))


@pytest.mark.parametrize("mode", ["DEFAULT", "SPOTLIGHT"])
def test_set_mode_changes_the_layout_during_the_call(mode):
    assert must(promised(says("setMode", "Set Mode"), "operation.effect", effect="layout_set", value=mode))


@pytest.mark.parametrize(
    ("name", "heading", "kind"),
    [
        ("getAudioInputDevices", "Get Audio Input Devices", "audioinput"),
        ("getAudioOutputDevices", "Get Audio Output Devices", "audiooutput"),
        ("getVideoInputDevices", "Get Video Input Devices", "videoinput"),
    ],
)
def test_devices_are_listed_at_once(name, heading, kind):
    entry = says(name, heading)
    assert parameters(entry) == []
    assert entry["delivers"]["success"] == {"ends": ["returned"], "value": "[device]"}
    assert must(promised(entry, "operation.effect", effect="devices_listed", value=kind))


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("setAudioInputDevice", "Set Audio Input Device"),
        ("setAudioOutputDevice", "Set Audio Output Device"),
        ("setVideoInputDevice", "Set Video Input Device"),
    ],
)
def test_a_device_is_set_by_its_id(name, heading):
    entry = says(name, heading)
    assert parameters(entry) == ["deviceId"]
    assert must(promised(entry, "operation.effect", effect="device_set"))


def test_switch_to_video_call_sends_the_camera_to_the_others():
    entry = says("switchToVideoCall", "Switch To Video Call")
    assert must(promised(entry, "operation.effect", effect="video_added"))


@pytest.mark.parametrize("name", ["muteAudio", "pauseVideo", "startScreenShare", "setMode", "switchToVideoCall"])
def test_no_page_tells_what_a_method_of_a_call_does_without_one(name):
    entry = operation(V4, name)
    assert silent(entry, "operation.requires", condition="no_session")
    assert carried(entry) == set()
