"""Seed document 002, "Call Session" of JavaScript 4: the table of CallSettingsBuilder, row by row."""

import pytest
from outside import explain, must, page, promised, setting

V4 = "calls/javascript-v4"
TABLE = ("Call Session", "Call Settings")


def row(name):
    return setting(V4, name, of="CallSettings")


def default(name):
    """The default of a row, which has to be a promise of the table."""
    entry = row(name)
    clause = promised(entry, "setting.default")
    assert must(clause)
    assert page(clause) == TABLE
    assert entry["has_default"]
    return entry["default"]


def effect(name):
    """What a row is for, which has to be a promise of the table."""
    entry = row(name)
    clause = promised(entry, "setting.effect")
    assert must(clause)
    assert page(clause) == TABLE
    return entry["effect"]["kind"], entry["effect"]["args"]


def test_the_builder_of_call_settings():
    found = [e for e in explain(V4, "CallSettings") if e["kind"] == "settings_object"]
    assert [e["builder"] for e in found] == ["CometChatCalls.CallSettingsBuilder"]
    assert [e["build"] for e in found] == ["build"]


def test_the_builder_has_all_fourteen_rows_of_the_table():
    (settings,) = [e for e in explain(V4, "CallSettings") if e["kind"] == "settings_object"]
    assert set(settings["members"]) >= {
        "enableDefaultLayout",
        "setIsAudioOnlyCall",
        "setCallListener",
        "setMode",
        "startWithAudioMuted",
        "startWithVideoMuted",
        "showEndCallButton",
        "showMuteAudioButton",
        "showPauseVideoButton",
        "showScreenShareButton",
        "showModeButton",
        "showSwitchToVideoCallButton",
        "setMainVideoContainerSetting",
        "setIdleTimeoutPeriod",
    }


@pytest.mark.parametrize(
    "name",
    [
        "enableDefaultLayout",
        "setIsAudioOnlyCall",
        "startWithAudioMuted",
        "startWithVideoMuted",
        "showEndCallButton",
        "showMuteAudioButton",
        "showPauseVideoButton",
        "showScreenShareButton",
        "showModeButton",
        "showSwitchToVideoCallButton",
    ],
)
def test_takes_a_boolean(name):
    assert row(name)["type"] == "boolean"


# -- defaults ------------------------------------------------------------------------------------------------------------


def test_the_default_layout_is_on_by_default():
    assert default("enableDefaultLayout") is True


def test_a_call_has_video_by_default():
    assert default("setIsAudioOnlyCall") is False


def test_the_mode_is_default_by_default():
    assert default("setMode") == "DEFAULT"


def test_the_microphone_is_on_by_default():
    assert default("startWithAudioMuted") is False


def test_the_camera_is_on_by_default():
    assert default("startWithVideoMuted") is False


def test_the_end_control_is_there_by_default():
    assert default("showEndCallButton") is True


def test_the_microphone_control_is_there_by_default():
    assert default("showMuteAudioButton") is True


def test_the_camera_control_is_there_by_default():
    assert default("showPauseVideoButton") is True


def test_the_screen_share_control_is_there_by_default():
    assert default("showScreenShareButton") is True


def test_the_mode_control_is_there_by_default():
    assert default("showModeButton") is True


def test_the_control_for_switching_to_video_is_there_by_default():
    assert default("showSwitchToVideoCallButton") is True


def test_an_idle_call_ends_after_180_seconds_by_default():
    assert default("setIdleTimeoutPeriod") == 180


def test_there_is_no_listener_by_default():
    assert not row("setCallListener")["has_default"]


def test_no_main_video_container_setting_is_named_as_default():
    assert not row("setMainVideoContainerSetting")["has_default"]


# -- what they do ----------------------------------------------------------------------------------------------------------


def test_the_default_layout_is_about_the_built_in_controls():
    assert effect("enableDefaultLayout") == ("controls_shown", {})


def test_true_makes_an_audio_call():
    assert effect("setIsAudioOnlyCall") == ("no_video", {"when": [True]})


def test_the_listener_gets_events():
    assert effect("setCallListener") == ("listener_called", {})


def test_two_modes_are_available():
    entry = row("setMode")
    clause = promised(entry, "setting.accepts", values=["DEFAULT", "SPOTLIGHT"])
    assert entry["values"] == ["DEFAULT", "SPOTLIGHT"]
    assert must(clause)
    assert page(clause) == TABLE


def test_the_mode_is_about_the_layout():
    assert effect("setMode") == ("layout_at_join", {})


def test_starting_muted():
    assert effect("startWithAudioMuted") == ("audio_muted_at_join", {})


def test_starting_with_the_camera_off():
    assert effect("startWithVideoMuted") == ("video_paused_at_join", {})


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("showEndCallButton", "end_call"),
        ("showMuteAudioButton", "audio"),
        ("showPauseVideoButton", "video"),
        ("showScreenShareButton", "screen_share"),
        ("showModeButton", "layout"),
        ("showSwitchToVideoCallButton", "switch_to_video"),
    ],
)
def test_shows_or_hides_its_control(name, control):
    kind, arguments = effect(name)
    assert kind == "control_shown"
    assert arguments["control"] == control


def test_the_control_for_switching_to_video_belongs_to_audio_calls():
    _, arguments = effect("showSwitchToVideoCallButton")
    assert arguments["under"] == {"audio_only": True}


def test_a_main_video_container_setting_is_accepted():
    clause = promised(row("setMainVideoContainerSetting"), "setting.accepts")
    assert must(clause)
    assert page(clause) == TABLE


def test_the_idle_period_is_a_number_of_seconds():
    entry = row("setIdleTimeoutPeriod")
    assert (entry["type"], entry["unit"]) == ("number", "s")
    assert effect("setIdleTimeoutPeriod")[0] == "idle_period"


def test_the_idle_warning_comes_60_seconds_before_the_end():
    clauses = [p for p in row("setIdleTimeoutPeriod")["promises"] if p["rule"] == "setting.effect" and p.get("counts")]
    (warning,) = [c for c in clauses if (c.get("arguments") or {}).get("effect", {}).get("kind") == "idle_prompt"]
    assert warning["arguments"]["effect"]["args"]["before_end_s"] == 60
    assert must(warning)
    assert page(warning) == TABLE


def test_the_idle_period_is_there_since_4_1_0():
    entry = row("setIdleTimeoutPeriod")
    assert entry["since"] == "4.1.0"
    assert promised(entry, "setting.default")["since"] == "4.1.0"
