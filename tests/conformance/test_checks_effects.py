"""What operations do, what media flows, what roles may: judged by what the service and the page show."""

from __future__ import annotations

import pytest
from played import V5, Played, asked, case, check_case

from testcall_conformance.checks.effects import _trial_name
from testcall_conformance.scenes import Scene, tour


def does(effect, concept, **args):
    return asked("operation.effect", "operation", concept, effect=effect, **args)


def trial(question, concept, *, before=(), after=(), contract="calls/javascript-v4", ended="returned"):
    one = Played(Scene.of("in_call"), contract).joined()
    for name, data in before:
        one.service(name, **data)
    one.begin(_trial_name(question)).call(concept, "act", ended)
    for name, data in after:
        one.service(name, **data)
    return one.end(_trial_name(question))


AUDIO = {"kind": "audio"}
MUTE = does("audio_muted", "mute_audio", value=True)
HAND = asked("operation.effect", "operation", "raise_hand", contract=V5, effect="hand_raised")
RECORD = does("recording_requested", "start_recording")
SHARE = does("screen_shared", "start_screen_share")
UNSHARE = does("screen_unshared", "stop_screen_share")


def tour_act(name, cause, contract="calls/javascript-v4"):
    return Played(tour(name), contract).begin("join_with_peer").joined().end("join_with_peer").begin(cause)


def hand(text):
    one = Played(Scene.of("in_call"), V5).joined().begin(_trial_name(HAND)).call("raise_hand", "act")
    return one.stanza(text).end(_trial_name(HAND))


def held(**data):
    return tour_act("rejoin", "leave").call("leave_session", "act").left().held("held", **data).end("leave")


SIGNS = [
    case("the service sees it", MUTE, True, trial(MUTE, "mute_audio", before=[("source_unmuted", AUDIO)], after=[("source_muted", AUDIO)])),
    case("it doesn't", MUTE, False, trial(MUTE, "mute_audio", before=[("source_unmuted", AUDIO)])),
    case("the other source changed", MUTE, False, trial(MUTE, "mute_audio", before=[("source_unmuted", AUDIO)], after=[("source_muted", {"kind": "video"})])),
    case("somebody else's source changed", MUTE, False, trial(MUTE, "mute_audio", before=[("source_unmuted", AUDIO)], after=[("source_muted", {"kind": "audio", "uid": "bob"})])),
    case("it was so before", MUTE, None, trial(MUTE, "mute_audio", before=[("source_muted", AUDIO)])),
    case("no such operation", MUTE, None, trial(MUTE, "mute_audio", before=[("source_unmuted", AUDIO)], ended="absent")),
    case("by a stanza", HAND, True, hand("<presence><jitsi_participant_raisedHand>17</jitsi_participant_raisedHand></presence>")),
    case("not by that stanza", HAND, False, hand("<presence><nick>Alice</nick></presence>")),
    case("recording starts", RECORD, True, trial(RECORD, "start_recording", after=[("recording_started", {})])),
    case("recording doesn't", RECORD, False, trial(RECORD, "start_recording")),
    case("a screen is shared", SHARE, True, tour_act("sharing", "screen_share_start").call("start_screen_share", "act").service("screen_share_started")),
    case("none is", SHARE, False, tour_act("sharing", "screen_share_start").call("start_screen_share", "act")),
    case("nothing was shared, so nothing stops", UNSHARE, None, tour_act("sharing", "screen_share_stop").call("stop_screen_share", "act")),
    case("the participant leaves", does("left", "leave_session"), True, tour_act("rejoin", "leave").call("leave_session", "act").left()),
    case("a broken socket is no leave", does("left", "leave_session"), False, tour_act("rejoin", "leave").call("leave_session", "act").left(reason="dropped")),
    case("it never joined", does("left", "leave_session"), None, Played(tour("rejoin")).begin("leave")),
]  # fmt: skip

LIVE = {"local": [{"kind": "audio", "state": "live"}], "connections": [{"connection": "connected"}], "sockets": []}
FREE = {
    "local": [{"kind": "audio", "state": "ended"}],
    "connections": [{"connection": "closed"}],
    "sockets": [{"state": 3}],
}

HELD = [
    case("released", does("released", "leave_session"), True, held(**FREE)),
    case("a track is live", does("released", "leave_session"), False, held(**(FREE | {"local": LIVE["local"]}))),
    case("a connection is open", does("released", "leave_session"), False, held(**(FREE | {"connections": LIVE["connections"]}))),
    case("a socket is open", does("released", "leave_session"), False, held(**(FREE | {"sockets": [{"state": 1}]}))),
    case("nobody left", does("released", "leave_session"), None, tour_act("rejoin", "leave")),
    case("unmounted", does("unmounted", "leave_session"), True, held(containers={"c": 0})),
    case("something stays", does("unmounted", "leave_session"), False, held(containers={"c": 2})),
    case("rendered", does("rendered", "join_session"), True, Played(tour("rejoin")).joined().held("shown", containers={"c": 1})),
    case("nothing is rendered", does("rendered", "join_session"), False, Played(tour("rejoin")).joined().held("shown", containers={"c": 0})),
    case("others stay", asked("operation.effect", "operation", "leave_session", contract=V5, effect="others_stay"), True, held()),
    case("others have to go", asked("operation.effect", "operation", "leave_session", contract=V5, effect="others_stay"), False, tour_act("rejoin", "leave").left().left("bob")),
]  # fmt: skip


def login(label, user, value, concept="login"):
    return (
        Played(Scene.of("login_state", operation="login"), V5)
        .call("get_logged_in_user", label, value=user)
        .call("is_user_logged_in", label, value=value)
    )


IN = asked("operation.effect", "operation", "login", contract=V5, effect="logged_in")
OUT = asked("operation.effect", "operation", "logout", contract=V5, effect="logged_out")
LEAVES = asked("operation.effect", "operation", "logout", contract=V5, effect="left")

CALLS = [
    case("logged in", IN, True, login("during", {"uid": "alice"}, True)),
    case("as somebody else", IN, False, login("during", {"uid": "bob"}, True)),
    case("logged out", OUT, True, login("after", None, False)),
    case("still logged in", OUT, False, login("after", {"uid": "alice"}, True)),
    case("nobody asked", OUT, None, Played(Scene.of("login_state"), V5)),
    case("joined", does("joined", "join_session"), True, Played().call("join_session").joined()),
    case("not joined", does("joined", "join_session"), False, Played().call("join_session")),
    case("not as the user", does("joined_as_user", "join_session"), False, Played().call("join_session").joined("bob")),
    case("initialised", does("initialized", "initialize"), True, Played().call("generate_token", ended="resolved")),
    case("not initialised", does("initialized", "initialize"), False, Played().fails("generate_token", "X")),
    case("logging out leaves", LEAVES, True, Played(Scene.of("logout_in_call"), V5).joined().call("logout").left()),
    case("logging out doesn't", LEAVES, False, Played(Scene.of("logout_in_call"), V5).joined().call("logout")),
    case("settles before", asked("operation.settles", "operation", "join_session", when="before"), True, Played().call("join_session").joined()),
    case("settles after", asked("operation.settles", "operation", "join_session", when="before"), False, Played().joined().call("join_session")),
    case("never joined", asked("operation.settles", "operation", "join_session", when="before"), None, Played().call("join_session")),
]  # fmt: skip


def device(in_use, *, wanted="mic-2", wished=()):
    one = Played(tour("devices")).begin("join").joined().begin("device_change")
    one.call("get_audio_inputs", "devices", value=[{"deviceId": "mic-1", "kind": "audioinput"}])
    one.call("set_audio_input", "act", arguments=[wanted])
    return one.held("devices", in_use=[{"kind": "audioinput", "device": in_use, "wished": list(wished)}])


def listed(value):
    return (
        Played(tour("devices"))
        .begin("join")
        .joined()
        .begin("device_change")
        .call("get_audio_inputs", "devices", value=value)
    )


def cameras(before, after):
    one = Played(Scene.of("every_call", session=True)).joined().held("cameras:switch_camera", cameras=before)
    return one.call("switch_camera", "probe:switch_camera").held("cameras:switch_camera", cameras=after)


MIC = does("device_set", "set_audio_input", value="audioinput")
LIST = does("devices_listed", "get_audio_inputs", value="audioinput")

DEVICES = [
    case("in use", MIC, True, device("mic-2")),
    case("another is", MIC, False, device("mic-1")),
    case("another is, though asked for", MIC, None, device("default", wished=["mic-2"])),
    case("another is, and asked for", MIC, False, device("default", wished=["mic-1"])),
    case("there was none to change to", MIC, None, Played(tour("devices")).begin("join").joined().begin("device_change")),
    case("listed", LIST, True, listed([{"deviceId": "a", "kind": "audioinput"}])),
    case("of another kind", LIST, False, listed([{"deviceId": "a", "kind": "videoinput"}])),
    case("an empty list", LIST, False, listed([])),
    case("the camera stays", does("camera_kept", "switch_camera"), True, cameras(["c"], ["c"])),
    case("the camera changes", does("camera_kept", "switch_camera"), False, cameras(["c"], ["d"])),
    case("there is no camera", does("camera_kept", "switch_camera"), None, cameras([], [])),
    case("video is added", does("video_added", "switch_to_video"), True, tour_act("audio_call", "switch_to_video").call("switch_to_video", "act").measured("video", True)),
    case("video is not", does("video_added", "switch_to_video"), False, tour_act("audio_call", "switch_to_video").call("switch_to_video", "act").measured("video", False)),
]  # fmt: skip


def delegates(concept, to):
    return asked("operation.delegates", "operation", concept, contract=V5, to=to)


SHARES = delegates("start_screen_share_v4", "start_screen_share")

DELEGATED = [
    case("the old name shares", SHARES, True, trial(SHARES, "start_screen_share_v4", after=[("screen_share_started", {})], contract=V5)),
    case("the old name does nothing", SHARES, False, trial(SHARES, "start_screen_share_v4", contract=V5)),
    case("the old name joins", delegates("join_session_v4", "join_session"), True, Played(contract=V5).call("join_session_v4").joined()),
    case("the old name leaves nobody", delegates("leave_session_v4", "leave_session"), False, Played(contract=V5).joined().call("leave_session_v4")),
]  # fmt: skip


def media(rule, kind="audio", **args):
    return asked(rule, "media", "media", media=kind, **args)


def met(kind, present, *, connected=True, name="measured"):
    one = Played(tour("media")).begin("join_with_peer").joined()
    if connected:
        one.service("media_connected")
    return one.measured(kind, present, name)


def changed(cause, before, after):
    return met("audio", before).end("join_with_peer").begin(cause).measured("audio", after, waited_s=0.4)


def under(kind, present, *, connected=True):
    one = Played(Scene.of("joined_media", values=())).joined()
    if connected:
        one.service("media_connected")
    return one.measured(kind, present)


MEDIA = [
    case("decoded", media("media.sends"), True, met("audio", True)),
    case("nothing comes", media("media.sends"), False, met("audio", False)),
    case("the offer was not even taken", media("media.sends"), False, met("audio", False, connected=False)),
    case("taken, but no connection came up", media("media.sends"), None, met("audio", False, connected=False).stanza("<iq><jingle action='session-accept'/></iq>")),
    case("never joined", media("media.sends"), None, Played(tour("media")).begin("join_with_peer")),
    case("in a voice session", media("media.sends", when="audio_only"), True, under("audio", True)),
    case("rendered", media("media.renders"), True, met("audio", True, name="rendered")),
    case("not rendered", media("media.renders"), False, met("audio", False, name="rendered")),
    case("stops", media("media.stops", cause="mute_audio"), True, changed("mute_audio", True, False)),
    case("goes on", media("media.stops", cause="mute_audio"), False, changed("mute_audio", True, True)),
    case("there was none to stop", media("media.stops", cause="mute_audio"), None, changed("mute_audio", False, False)),
    case("is back", media("media.resumes", cause="unmute_audio"), True, changed("unmute_audio", False, True)),
    case("stays away", media("media.resumes", cause="unmute_audio"), False, changed("unmute_audio", False, False)),
    case("ends with the leave", media("media.stops", cause="leave"), True, held(**FREE)),
    case("goes on after the leave", media("media.stops", cause="leave"), False, held(**LIVE)),
    case("none, as it should", media("media.sends_none", "video", when="audio_only"), True, under("video", False)),
    case("some all the same", media("media.sends_none", "video", when="audio_only"), False, under("video", True)),
    case("nobody could measure", media("media.sends_none", "video", when="audio_only"), None, under("video", False, connected=False)),
]  # fmt: skip


def token(about, **args):
    return asked("session.token", "session", "session", about=about, **args)


def role(about):
    return asked("session.role", "session", "session", about=about, accepted=False)


def acted(name):
    return Played(Scene.of("role", role="viewer")).joined().service("media_connected").begin(name)


def elsewhere(session):
    return (
        Played(Scene.of("token", about="other_session"))
        .joined("bob", session="other")
        .call("join_session")
        .joined(session=session)
    )


SESSION = [
    case("its own session", token("own_session"), True, Played().call("join_session").joined()),
    case("no session", token("own_session"), False, Played().call("join_session")),
    case("not another's", token("other_session", accepted=False), True, elsewhere("s")),
    case("another's", token("other_session", accepted=False), False, elsewhere("other")),
    case("where somebody is", token("same_session"), True, Played().joined("bob").call("join_session").joined()),
    case("alone somewhere else", token("same_session"), False, Played().joined("bob").call("join_session").joined(session="t")),
    case("not called", token("early", accepted=True), None, Played()),
    case("no second join", asked("session.single", "session", "session"), True, Played().joined().call("join_session")),
    case("a second join", asked("session.single", "session", "session"), False, Played().joined().call("join_session").joined()),
    case("no first join", asked("session.single", "session", "session"), None, Played().call("join_session")),
    case("joins again", asked("session.rejoin", "session", "session"), True, Played(tour("rejoin")).joined().begin("rejoin").joined()),
    case("doesn't join again", asked("session.rejoin", "session", "session"), False, Played(tour("rejoin")).joined().begin("rejoin")),
    case("never joined", asked("session.rejoin", "session", "session"), None, Played(tour("rejoin")).begin("rejoin")),
    case("isolated", asked("session.isolated", "session", "session"), True, elsewhere("s")),
    case("something gets through", asked("session.isolated", "session", "session"), False, elsewhere("s").callback("participant_joined", {"uid": "bob"})),
    case("no controls", role("viewer_controls"), True, acted("role:controls").look(False, control="audio").look(True, control="end_call")),
    case("a control", role("viewer_controls"), False, acted("role:controls").look(True, control="audio").look(True, control="end_call")),
    case("nothing was found at all", role("viewer_controls"), None, acted("role:controls").look(False, control="audio")),
    case("no screen", role("viewer_screen_share"), True, acted("role:share").call("start_screen_share", "act")),
    case("a screen", role("viewer_screen_share"), False, acted("role:share").service("screen_share_started")),
    case("not heard", role("viewer_unmute"), True, acted("role:unmute").measured("audio", False)),
    case("heard", role("viewer_unmute"), False, acted("role:unmute").measured("audio", True)),
]  # fmt: skip

CASES = [*SIGNS, *HELD, *CALLS, *DEVICES, *DELEGATED, *MEDIA, *SESSION]


@pytest.mark.parametrize("one", CASES, ids=str)
def test_it_is_judged_as_it_was_played(one):
    check_case(one)
