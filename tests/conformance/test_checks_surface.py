"""What is there, what it returns, what the interface shows; records, and requests for them."""

from __future__ import annotations

import pytest
from played import UNDEFINED, V5, Played, asked, case, check_case

from testcall_conformance.scenes import Scene, tour

SURFACE = {"kind": "surface"}

# --- there, constants ------------------------------------------------------------------------------------------------

BUILDER = asked("surface.exists", "settings_object", "app_settings", path="A.B", members=["setRegion", "build"])
GONE = asked("surface.exists", "settings_object", "app_settings", path="A.B", exists=False)


def looked(**there):
    one = Played(**SURFACE)
    for name, has in there.items():
        path = "path:A.B" if name == "B" else f"member:A.B.{name}"
        one.call(path, "look", "returned" if has else "absent", {"$": "function"})
    return one


MODE = asked("constant.value", "constant", "mode")


def constant(value, ended="returned", key="mode"):
    return Played(**SURFACE).call(f"constant:{key}", "read", ended, value)


VALUE = dict(MODE.promise.subject.item.value)
THERE = [
    case("with its members", BUILDER, True, looked(B=True, setRegion=True, build=True)),
    case("without one member", BUILDER, False, looked(B=True, setRegion=False, build=True), seen="setRegion"),
    case("not there", BUILDER, False, looked(B=False)),
    case("gone as it should be", GONE, True, looked(B=False)),
    case("still there", GONE, False, looked(B=True)),
    case("nobody looked", BUILDER, None, Played(**SURFACE)),
    case("its value", MODE, True, constant({"$": "ref", "own": VALUE})),
    case("more members", MODE, True, constant({"$": "ref", "own": VALUE | {"ALIAS": 1}})),
    case("another value", MODE, False, constant({"$": "ref", "own": VALUE | {next(iter(VALUE)): "odd"}})),
    case("no constant", MODE, False, constant(UNDEFINED, "absent")),
    case("not read", MODE, None, Played(**SURFACE)),
]  # fmt: skip


# --- types -----------------------------------------------------------------------------------------------------------

MINUTES = asked("type.getter", "type", "call_log", getter="getTotalAudioMinutes", shape="number")
TOKEN = asked("type.shape", "type", "call_token", operation="generate_token")
JOINER = asked("type.shape", "type", "participant", contract=V5, event="participant_joined", cause="remote_join")


def got(value, ended="returned"):
    return Played(kind="record_getters").call("getter:call_log.getTotalAudioMinutes", "read", ended, value)


def made(value, ended="resolved"):
    return Played(operation="generate_token").call("generate_token", ended=ended, value=value)


def came(*arguments):
    one = Played(tour("with_peer"), V5).begin("remote_join")
    return one.callback("participant_joined", *arguments).end("remote_join")


BOB = {"pid": "p1", "uid": "bob", "name": "Bob", "avatar": ""}
TYPES = [
    case("a getter's value", MINUTES, True, got(1.5)),
    case("of another type", MINUTES, False, got("1.5")),
    case("undefined", MINUTES, False, got(UNDEFINED)),
    case("it throws", MINUTES, False, got(UNDEFINED, "threw")),
    case("no getter", MINUTES, False, got(UNDEFINED, "absent")),
    case("no record to ask", MINUTES, None, Played(kind="record_getters")),
    case("delivered by an operation", TOKEN, True, made({"token": "t"})),
    case("another shape by an operation", TOKEN, False, made({"token": 5})),
    case("the operation failed", TOKEN, None, made(UNDEFINED, "rejected")),
    case("nothing delivered", TOKEN, None, Played(operation="generate_token")),
    case("no event", JOINER, None, Played(tour("with_peer"), V5).begin("remote_join").end("remote_join")),
    case("as an event's argument", JOINER, True, came(BOB)),
    case("an event without it", JOINER, False, came()),
    case("an event with another thing", JOINER, False, came("bob")),
]  # fmt: skip


# --- the interface ---------------------------------------------------------------------------------------------------

CLASS = asked("surface.css_class", "settings_object", "session_settings", **{"class": "cc-name-label"})
LEAVE = asked("control.effect", "operation", "leave_session", control="end_call", effect="left")
STAY = asked(
    "control.effect",
    "setting",
    "idle_timeout",
    object_key="session_settings",
    control="idle_stay",
    effect="idle_extended",
)


def css(**shown):
    one = Played(kind="css").joined()
    for name, visible in shown.items():
        one.look(visible, css_class=name.replace("_", "-"))
    return one


def pressed(control, act, *, left=False, steps=0):
    one = Played(tour("end_button")).joined().begin(act)
    one.add("step", "alice-1", "press", control=control)
    for n in range(steps):
        one.add("step", "alice-1", "advance", total_ms=120_000 + 15_000 * n)
    return (one.left() if left else one).end(act)


UI = [
    case("visible", CLASS, True, css(cc_name_label=True)),
    case("another is, this isn't", CLASS, False, css(cc_name_label=False, cc_main_container=True)),
    case("none is: our look is at fault", CLASS, None, css(cc_name_label=False, cc_main_container=False)),
    case("nobody joined", CLASS, None, Played(kind="css").look(True, css_class="cc-name-label")),
    case("leaves", LEAVE, True, pressed("end_call", "button_end_call", left=True)),
    case("stays", LEAVE, False, pressed("end_call", "button_end_call")),
    case("no control to press", LEAVE, None, Played(tour("end_button")).joined().begin("button_end_call").end("button_end_call")),
    case("goes on", STAY, True, pressed("idle_stay", "idle:stay", steps=9)),
    case("ends all the same", STAY, False, pressed("idle_stay", "idle:stay", left=True, steps=5)),
    case("the clock stood", STAY, None, pressed("idle_stay", "idle:stay")),
]  # fmt: skip


# --- records ---------------------------------------------------------------------------------------------------------

NEXT = asked("operation.effect", "operation", "call_logs_fetch_next", effect="next_page")
BACK = asked("operation.effect", "operation", "call_logs_fetch_previous", effect="previous_page")
NONE = asked("operation.effect", "operation", "call_logs_fetch_next", effect="no_page", state="last")
RACE = asked("operation.effect", "operation", "transcripts_fetch_next", contract=V5, effect="fetch_completes")


def page(one, label, ids, *, ended="resolved", given=None, concept="call_logs_fetch_next", **item):
    """A fetch; ``ids``: what the service answers, ``given``: how many items come."""
    one._calls += 1
    one.add("step", "alice-1", concept, label=label, call=one._calls, arguments=[])
    if ids is not None:
        one.http("list_calls", {"data": [{"sessionId": i} | item for i in ids]}, url="https://x/calls?perPage=2")
    value = [{"$": "ref"}] * (len(ids or ()) if given is None else given)
    return one.add("outcome", "alice-1", concept, label=label, call=one._calls, ended=ended, value=value, error=None)


def pages(*labelled, **more):
    one = Played(kind="pages")
    for label, ids in labelled:
        page(one, label, ids, **more)
    return one


PAGES = [
    case("the next items", NEXT, True, pages(("page-1", "ab"), ("page-2", "cd"))),
    case("the same again", NEXT, False, pages(("page-1", "ab"), ("page-2", "ab"))),
    case("fewer than the service gave", NEXT, False, pages(("page-1", "ab"), ("page-2", "cd"), given=1)),
    case("it fails", NEXT, False, page(pages(("page-1", "ab")), "page-2", None, ended="rejected")),
    case("not called", NEXT, None, pages(("page-1", "ab"))),
    case("the items before", BACK, True, pages(("page-1", "ab"), ("page-2", "cd"), ("back", "ab"))),
    case("not the items before", BACK, False, pages(("page-1", "ab"), ("page-2", "cd"), ("back", "cd"))),
    case("an empty list past the last", NONE, True, pages(("past", ""))),
    case("items past the last", NONE, False, pages(("past", "ab"))),
    case("not called past the last", NONE, None, pages(("page-1", "ab"))),
    case("ends well", RACE, True, Played(contract=V5, kind="fetch_race").call("transcripts_fetch_next", "first", "resolved", [])),
    case("is spoilt by the second", RACE, False, Played(contract=V5, kind="fetch_race").fails("transcripts_fetch_next", "X", "first")),
    case("was not begun", RACE, None, Played(contract=V5, kind="fetch_race")),
]  # fmt: skip

LIMIT = asked("setting.effect", "setting", "page_size", object_key="call_log_request")
TYPE = asked("setting.effect", "setting", "log_type", object_key="call_log_request")
TAKES = asked("setting.accepts", "setting", "log_type", object_key="call_log_request")


def fetched(key, value, ids, **more):
    return page(Played(kind="records", object="call_log_request", values=((key, value),)), "probe", ids, **more)


REQUESTS = [
    case("no more than the limit", LIMIT, True, fetched("page_size", 2, "ab")),
    case("more than the limit", LIMIT, False, fetched("page_size", 2, "abc")),
    case("another limit is asked for", LIMIT, False, fetched("page_size", 1, "a")),
    case("the fetch fails", LIMIT, False, fetched("page_size", 2, None, ended="rejected")),
    case("no fetch", LIMIT, None, Played(kind="records", object="call_log_request", values=(("page_size", 2),))),
    case("only those", TYPE, True, fetched("log_type", "audio", "ab", type="audio")),
    case("others too", TYPE, False, fetched("log_type", "audio", "ab", type="video")),
    case("nothing came", TYPE, None, fetched("log_type", "audio", "")),
    case("one filter of which nothing comes", TYPE, True, fetched("log_type", "audio", ""), fetched("log_type", "video", "ab", type="video")),
    case("taken", TAKES, True, fetched("log_type", "audio", "")),
    case("refused", TAKES, False, fetched("log_type", "audio", None, ended="rejected")),
]  # fmt: skip

REGION, HOST = (asked("setting.effect", "setting", key, object_key="app_settings") for key in ("region", "calls_host"))


def asks(url=None, *, route=None):
    one = Played(Scene.of("app_effect", values=())).call("generate_token", ended="rejected", code="X")
    if route:
        one.http(route)
    return one.add("log", "alice-1", "held", request={"url": url}) if url else one


APP = [
    case("the region's address", REGION, True, asks("https://1.calls-eu.example/v3/call_tokens")),
    case("another region's", REGION, False, asks("https://1.calls-us.example/v3/call_tokens")),
    case("no request", REGION, None, asks()),
    case("another request only", REGION, None, asks("https://1.calls-eu.example/settings")),
    case("the host that was set", HOST, True, asks(route="create_call_token")),
    case("not the host that was set", HOST, False, asks()),
    case("no call", HOST, None, Played(Scene.of("app_effect", values=()))),
]  # fmt: skip


@pytest.mark.parametrize("one", [*THERE, *TYPES, *UI, *PAGES, *REQUESTS, *APP], ids=str)
def test_judged(one):
    check_case(one)
