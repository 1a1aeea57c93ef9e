"""Payloads, timelines and sequence diagrams, each on its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from testcall_reports.html.payload import aligned, pretty, pretty_xml, stanza_label, visible
from testcall_reports.html.sequence import MAX_LANES, sequence_svg
from testcall_reports.html.timeline import clock_text, lanes_of, moments_of, span_text
from testcall_reports.record import CallbackLine, Divergence, MediaLine, OutcomeLine, StepLine, WireLine

KEYS = ["channel", "stanza", "url", "status", "request", "response", "body", "headers", "uid", "occupant", "direction", "error", "own",
        "code", "arguments", "ended", "message", "media", "frames", "level_dbov", "reason", "kind", "$", "http", "xmpp"]  # fmt: skip


def test_a_stanza_is_indented_and_broken_xml_is_shown_as_it_came():
    assert pretty_xml("<iq type='set'><a><b/></a></iq>").split("\n")[1] == "  <a>"
    for broken in ("<iq><a>", "no xml", "", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>" * 5000):
        assert pretty_xml(broken) == broken


@pytest.mark.parametrize(
    ("name", "stanza", "label"),
    [
        ("iq", "<iq type='set' to='x'><jingle action='source-add' sid='1'/></iq>", "iq set jingle source-add"),
        ("presence", '<presence type="unavailable"/>', "presence unavailable"),
        ("presence", "<presence to='a'><x/><SourceInfo>{}</SourceInfo></presence>", "presence SourceInfo"),
        ("open", "garbage", "open"),
    ],
)
def test_a_stanza_is_named_by_what_it_is_about(name, stanza, label):
    assert stanza_label(name, stanza) == label


def test_an_http_exchange_shows_both_directions():
    data = {"channel": "http", "method": "POST", "url": "https://h/p", "status": 401,
            "request": {"headers": {"appid": "a"}, "body": '{"token":"<t>"}'}, "response": {"body": {"error": {"code": "E"}}}}  # fmt: skip
    assert pretty(data).split("\n") == [
        "POST https://h/p",
        "> appid: a",
        '> {"token": "<t>"}',
        "< 401",
        '< {"error": {"code": "E"}}',
    ]


def test_members_of_the_same_name_face_each_other():
    rows = aligned({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "x": 9})
    facing = [(row.expected, row.seen, row.same) for row in rows]
    assert ('  "a": 1,', '  "a": 1,', True) in facing
    assert ('  "b": 2,', '  "b": 5,', False) in facing
    assert ('  "c": 3', '  "x": 9', False) in facing


def test_a_last_member_equals_a_middle_one_and_an_absent_one_does_not():
    rows = aligned({"a": 1}, {"a": 1, "b": 2})
    assert [(row.expected, row.same) for row in rows if '"a"' in (row.expected or "")] == [('  "a": 1', True)]
    assert [row.same for row in rows if row.expected is None] == [False]


def test_nothing_seen_is_said_in_words():
    assert [(row.expected, row.seen) for row in aligned("onUserLeft", None)] == [("onUserLeft", "nothing")]
    assert aligned(None, None) == []


def test_control_characters_become_visible():
    assert visible("a\x00b\x1b\n\tc\r\x7f\u202ed") == "a␀b␛\n\tc␡□d"


def events():
    return [
        StepLine(seq=1, at_ns=5_000_000, actor="alice", name="muteAudio", data={"arguments": []}),
        WireLine(seq=2, at_ns=17_500_000, actor="service", name="presence", data={"channel": "xmpp", "direction": "in", "uid": "alice"}),
        WireLine(seq=3, at_ns=18_000_000, actor="service", name="iq", data={"channel": "xmpp", "direction": "out", "uid": "bob"}),
        CallbackLine(seq=4, at_ns=19_000_000, actor="bob", name="onMuted", data={"arguments": [{"uid": "alice"}]}),
        MediaLine(seq=5, at_ns=905_000_000, actor="bob", name="received", data={"occupant": "alice", "media": "audio", "frames": 3}),
        OutcomeLine(seq=6, at_ns=906_000_000, actor="alice", name="x", data={"ended": "rejected", "error": {"own": {"code": "E1"}}}),
    ]  # fmt: skip


def test_each_event_has_its_sender_its_receiver_and_its_time():
    told = [(one.source, one.to, one.label, one.when) for one in moments_of(events())]
    assert told == [
        ("test", "alice", "muteAudio()", "0.0 ms"),
        ("alice", "service", "presence", "12.5 ms"),
        ("service", "bob", "iq", "13.0 ms"),
        ("bob", "test", 'onMuted({"uid": "alice"})', "14.0 ms"),
        ("alice", "bob", "audio received 3 frames", "900 ms"),
        ("alice", "test", "rejected E1", "901 ms"),
    ]


def wire(seq, name, actor="service", **data):
    return WireLine(seq=seq, at_ns=seq * 1_000_000, actor=actor, name=name, data=data)


def test_ringing_is_told_by_what_became_of_the_call():
    call = {"type": "video", "sender": "bob", "data": {"action": "ongoing"}}
    lines = [
        wire(1, "auth", "alice", channel="chat", direction="in", uid="alice", frame={"type": "auth", "body": {"auth": "<jwt>"}}),
        wire(2, "auth", channel="chat", direction="out", uid="alice", frame={"type": "auth", "body": {"code": "200"}}),
        wire(3, "call_status", channel="service", status="ongoing", uid="bob", session="s"),
        wire(4, "message", channel="chat", direction="out", uid="alice", frame={"type": "message", "body": call}),
        wire(5, "ping", "alice", channel="chat", direction="in", uid="alice", frame={"action": "ping"}),
        wire(6, "text", "alice", channel="chat", direction="in", uid="alice", frame="no JSON"),
    ]  # fmt: skip
    assert [(one.source, one.to, one.label, one.channel) for one in moments_of(lines)] == [
        ("alice", "service", "auth", "chat"),
        ("service", "alice", "auth 200", "chat"),
        ("service", "", "call status ongoing bob", "service"),
        ("service", "alice", "video call ongoing by bob", "chat"),
        ("alice", "service", "ping", "chat"),
        ("alice", "service", "text", "chat"),
    ]
    assert sequence_svg(moments_of(lines), "C-1").count("sq-tip sq-chat") == 5


def test_the_service_stands_between_the_participants():
    assert lanes_of(moments_of(events())) == ["test", "alice", "service", "bob"]


def test_the_divergence_is_marked_and_an_absence_gets_its_own_row():
    present = moments_of(events(), Divergence(seq=5, expected="silence"))
    assert [one.mark for one in present] == ["", "", "", "", "divergence", ""]
    absent = moments_of(events(), Divergence(seq=4, absent=True, expected="onUserLeft"))
    assert [one.mark for one in absent] == ["", "", "", "", "absent", "", ""]
    assert absent[4].label == "onUserLeft did not come"
    assert absent[4].source == "bob"


def test_of_many_events_the_first_and_the_last_are_kept():
    many = [StepLine(seq=n, at_ns=n, actor="alice", name=f"s{n}") for n in range(1, 101)]
    kept = [one.seq for one in moments_of(many, limit=8)]
    assert kept == [1, 2, 95, 96, 97, 98, 99, 100]


def test_the_drawing_has_a_lifeline_for_each_party_and_a_row_for_each_event():
    svg = sequence_svg(moments_of(events(), Divergence(seq=5)), "C-1")
    assert svg.count('class="sq-life"') == 4
    assert svg.count('class="sq-label"') == 6
    assert svg.count('class="sq-mark"') == 1
    assert "Sequence diagram: C-1" in svg


def test_a_drawing_that_no_page_can_hold_is_left_out():
    crowd = [StepLine(seq=n, actor=f"user{n}", name="join") for n in range(1, MAX_LANES + 2)]
    assert sequence_svg(moments_of(crowd), "C-1") == ""
    assert sequence_svg([], "C-1") == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([StepLine, WireLine, CallbackLine, OutcomeLine, MediaLine]), st.text(max_size=9), JSON
        ),
        max_size=5,
    ),
    JSON,
    JSON,
)
def test_no_evidence_whatever_breaks_a_report(found, expected, seen):
    lines = [
        model(
            seq=n, actor=name, name=name, data=data if isinstance(data, dict) else {"arguments": data, "stanza": data}
        )
        for n, (model, name, data) in enumerate(found, 1)
    ]
    svg = sequence_svg(moments_of(lines, Divergence(seq=1, absent=True)), "C-1")
    if svg:
        etree.fromstring(str(svg).encode())
    for row in aligned(expected, seen):
        assert row.expected is not None or row.seen is not None


@pytest.mark.parametrize(("ms", "text"), [(0, "0.0 ms"), (99.94, "99.9 ms"), (812.3, "812 ms"), (12_345, "12.35 s")])
def test_times_are_written_as_people_write_them(ms, text):
    assert clock_text(ms) == text


@pytest.mark.parametrize(("seconds", "text"), [(4.21, "4.2 s"), (701, "11 min 41 s"), (7500, "2 h 5 min")])
def test_so_are_durations(seconds, text):
    assert span_text(seconds) == text
