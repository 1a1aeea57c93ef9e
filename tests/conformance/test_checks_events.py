"""Events: that they fire, that they don't, what they carry, which comes first."""

from __future__ import annotations

import pytest
from played import V5, Played, asked, case, check_case

from testcall_conformance.scenes import Scene, tour

BOB, CAROL = {"uid": "bob", "name": "Bob", "avatar": ""}, {"uid": "carol", "name": "Carol", "avatar": ""}


def acted(cause, *, contract="calls/javascript-v4", name="with_peer"):
    return (
        Played(tour(name), contract)
        .begin("join_with_peer")
        .joined()
        .callback("participant_list_changed", [BOB])
        .end("join_with_peer")
        .begin(cause)
    )


def joined(rule="event.fires", **args):
    return asked(rule, "event", "participant_joined", cause=args.pop("cause", "remote_join"), **args)


FIRES = [
    case("it fires", joined(), True, acted("remote_join").callback("participant_joined", CAROL)),
    case("it doesn't", joined(), False, acted("remote_join"), seen="nothing fired"),
    case("something else does", joined(), False, acted("remote_join").callback("participant_left", CAROL), seen="what fired: participant_left"),
    case("exactly so often", joined(times=1), True, acted("remote_join").callback("participant_joined", CAROL).callback("participant_joined", CAROL, label="settings.settings_listener")),
    case("too often", joined(times=1), False, acted("remote_join").callback("participant_joined", CAROL).callback("participant_joined", CAROL)),
    case("never, as it should", joined(times=0), True, acted("remote_join")),
    case("never, where nobody heard anything", joined(times=0), None, Played(tour("with_peer")).begin("join_with_peer").joined().begin("remote_join")),
    case("the build never joined", joined(), None, Played(tour("with_peer")).begin("remote_join")),
    case("before the act doesn't count", joined(), False, Played(tour("with_peer")).begin("join_with_peer").joined().callback("participant_joined", BOB).begin("remote_join")),
    case("after the act doesn't count", joined(), False, acted("remote_join").end("remote_join").begin("remote_leave").callback("participant_joined", CAROL)),
    case("closing the last act's instance doesn't count", asked("event.silent", "event", "call_ended", cause="leave"), True, acted("leave").left().end("leave").callback("call_ended")),
    case("nothing was shared, so nobody is accused", asked("event.fires", "event", "screen_share_started", cause="screen_share_start"), None, acted("screen_share_start").call("start_screen_share", "act")),
    case("shared, and not told", asked("event.fires", "event", "screen_share_started", cause="screen_share_start"), False, acted("screen_share_start").call("start_screen_share", "act").service("screen_share_started")),
    case("no control, nobody is accused", asked("event.fires", "event", "call_end_button_pressed", cause="button_end_call"), None, acted("button_end_call")),
    case("pressed, and not told", asked("event.fires", "event", "call_end_button_pressed", cause="button_end_call"), False, acted("button_end_call").add("step", "alice-1", "press", control="end_call")),
    case("told to the listener that is meant", asked("event.fires", "event", "error", cause="token_refused", who="call_event_listener"), False, Played(tour("refused")).begin("token_refused").callback("error", {}, label="settings.settings_listener")),
    case("told to it", asked("event.fires", "event", "error", cause="token_refused", who="call_event_listener"), True, Played(tour("refused")).begin("token_refused").callback("error", {})),
    case("the connection was back before its act", asked("event.fires", "event", "connection_restored", contract=V5, cause="connection_restored"), True, Played(tour("lost"), V5).joined().begin("connection_lost").service("socket_closed").callback("connection_restored").end("connection_lost").begin("connection_restored").end("connection_restored")),
]  # fmt: skip

SILENT = [
    case("silent", joined("event.silent", cause="join"), True, Played(tour("alone")).begin("join").joined().callback("participant_list_changed", [])),
    case("not silent", joined("event.silent", cause="join"), False, Played(tour("alone")).begin("join").joined().callback("participant_joined", {"uid": "alice"})),
    case("about a peer who was there is no breach", joined("event.silent", cause="join_with_peer"), True, Played(tour("with_peer")).begin("join_with_peer").joined().callback("participant_joined", BOB)),
    case("nobody heard anything at all", joined("event.silent", cause="join"), None, Played(tour("alone")).begin("join").joined()),
    case("nobody joined", joined("event.silent", cause="join"), None, Played(tour("alone")).begin("join")),
]  # fmt: skip


def listed(about, cause="remote_join"):
    return asked("event.payload", "event", "participant_list_changed", cause=cause, about=about)


def people(*uids):
    return [{"uid": uid, "name": uid, "avatar": ""} for uid in uids]


PAYLOAD = [
    case("of the shape", joined("event.payload"), True, acted("remote_join").callback("participant_joined", CAROL)),
    case("of another", joined("event.payload"), False, acted("remote_join").callback("participant_joined", {"uid": 3})),
    case("without an argument", joined("event.payload"), False, acted("remote_join").callback("participant_joined")),
    case("it didn't fire", joined("event.payload"), None, acted("remote_join")),
    case("about who joined", joined("event.payload", about="who"), True, acted("remote_join").callback("participant_joined", CAROL)),
    case("about somebody else", joined("event.payload", about="who"), False, acted("remote_join").callback("participant_joined", BOB)),
    case("an argument where none is", asked("event.payload", "event", "screen_share_started", cause="screen_share_start"), False, acted("screen_share_start").callback("screen_share_started", {"x": 1})),
    case("everybody in the list", listed("full_list"), True, acted("remote_join").callback("participant_list_changed", people("alice", "bob", "carol"))),
    case("somebody is missing", listed("full_list"), False, acted("remote_join").callback("participant_list_changed", people("alice", "carol"))),
    case("the others, whoever else", listed("others_in_list"), True, acted("remote_join").callback("participant_list_changed", people("bob", "carol"))),
    case("one of the others is missing", listed("others_in_list"), False, acted("remote_join").callback("participant_list_changed", people("alice", "bob"))),
    case("ourselves", listed("local_in_list"), True, acted("remote_join").callback("participant_list_changed", people("alice"))),
    case("without ourselves", listed("local_in_list"), False, acted("remote_join").callback("participant_list_changed", people("bob"))),
]  # fmt: skip


def order(**args):
    return joined("event.order", **args)


ORDER = [
    case("before", order(before="participant_list_changed"), True, acted("remote_join").callback("participant_joined", CAROL).callback("participant_list_changed", [])),
    case("not before", order(before="participant_list_changed"), False, acted("remote_join").callback("participant_list_changed", []).callback("participant_joined", CAROL)),
    case("after", order(after="participant_list_changed"), True, acted("remote_join").callback("participant_list_changed", []).callback("participant_joined", CAROL)),
    case("one of them is missing", order(after="participant_list_changed"), None, acted("remote_join").callback("participant_joined", CAROL)),
]  # fmt: skip


def heard(*labels, scene="listeners"):
    one = (
        Played(Scene.of(scene, listener="call_event_listener"))
        .begin("join")
        .joined()
        .begin("remote_join")
        .joined("carol")
    )
    for label in labels:
        one.callback("participant_joined", CAROL, label=label)
    return one


def listens(rule, **args):
    return asked(rule, "listener", "call_event_listener", **args)


def subscribed(rule, *labels, done=True):
    one = Played(Scene.of("listeners", listener="event_function"), V5).begin("join").joined()
    if done:
        one.call("unsubscribe", "unsubscribed").call("abort", "aborted")
    one.begin("remote_join")
    for label in labels:
        one.callback("participant_joined", CAROL, label=label)
    return one


def function(rule):
    return asked(rule, "listener", "event_function", contract=V5)


def registered(*labels, fails=False):
    one = Played(Scene.of("registration", listener="call_event_listener", when="after_join")).begin("join").joined()
    one.call("add_event_listener", "probe", "threw" if fails else "returned", **({"code": "X"} if fails else {}))
    one.begin("remote_join").joined("carol")
    for label in labels:
        one.callback("participant_joined", CAROL, label=label)
    return one


LISTENERS = [
    case("both are called", listens("listener.adds_up"), True, heard("one", "two")),
    case("only one is", listens("listener.adds_up"), False, heard("one")),
    case("nobody is", listens("listener.adds_up"), None, heard()),
    case("the new one only", listens("listener.replaces"), True, heard("new")),
    case("the old one too", listens("listener.replaces"), False, heard("new", "old")),
    case("both, where both stay", listens("listener.replaces", replaces=False), True, heard("new", "old")),
    case("the removed one isn't", listens("listener.removes"), True, heard("one", "two")),
    case("the removed one is", listens("listener.removes"), False, heard("one", "two", "removed")),
    case("nobody is, so removal can't be told", listens("listener.removes"), None, heard()),
    case("with one callback", listens("listener.optional_callbacks"), True, heard("partial")),
    case("with one callback, not called", listens("listener.optional_callbacks"), False, heard("one")),
    case("the other is called though one threw", listens("listener.throws"), True, heard("thrower", "other", scene="thrower")),
    case("the other is not", listens("listener.throws"), False, heard("thrower", scene="thrower")),
    case("unsubscribed", function("listener.unsubscribes"), True, subscribed("x", "one", "two")),
    case("unsubscribed and called", function("listener.unsubscribes"), False, subscribed("x", "one", "two", "unsubscribed")),
    case("no function to unsubscribe", function("listener.unsubscribes"), False, subscribed("x", "one", "two", done=False)),
    case("aborted", function("listener.aborts"), True, subscribed("x", "one", "two")),
    case("aborted and called", function("listener.aborts"), False, subscribed("x", "one", "two", "aborted")),
    case("nothing to abort with", function("listener.aborts"), None, subscribed("x", "one", "two", done=False)),
    case("it lives on", listens("listener.survives", cause="rejoin"), True, heard("one", scene="survival")),
    case("it doesn't", listens("listener.survives", cause="rejoin"), False, heard(scene="survival")),
    case("another listener is no proof of life", listens("listener.survives", cause="rejoin"), False, heard("settings.settings_listener", scene="survival")),
    case("it should not", listens("listener.survives", cause="rejoin", survives=False), True, heard(scene="survival")),
    case("the build did not join again", listens("listener.survives", cause="rejoin"), None, Played(Scene.of("survival", listener="x")).begin("join").joined()),
    case("registered in time", listens("listener.when", when="after_join"), True, registered("probe")),
    case("registered in vain", listens("listener.when", when="after_join"), False, registered()),
    case("registration fails", listens("listener.when", when="after_join"), False, registered(fails=True)),
    case("never registered", listens("listener.when", when="after_join"), None, Played(Scene.of("registration", listener="x"))),
]  # fmt: skip

CASES = [*FIRES, *SILENT, *PAYLOAD, *ORDER, *LISTENERS]


@pytest.mark.parametrize("one", CASES, ids=str)
def test_it_is_judged_as_it_was_played(one):
    check_case(one)
