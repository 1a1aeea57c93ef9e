"""The room, the recorder and what the application is told: pure, with presences written by hand."""

import pytest

from testcall_conformance.reference.client import happenings, xml
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.presence import read_presence
from testcall_conformance.reference.client.recording import RecordingWatch
from testcall_conformance.reference.client.room import Changed, Entered, Gone, Joined, Left, Refused, Room
from testcall_conformance.reference.client.wire_v4 import WireV4
from testcall_conformance.reference.client.wire_v5 import WireV5


def presence(nick: str, body: str = "", *, kind: str = "", status: tuple[int, ...] = (), role: str = "participant"):
    codes = "".join(f'<status code="{code}"/>' for code in status)
    muc = f'<x xmlns="http://jabber.org/protocol/muc#user"><item jid="{nick}@d/r" role="{role}"/>{codes}</x>'
    head = f' type="{kind}"' if kind else ""
    return read_presence(
        xml.parse(f'<presence xmlns="jabber:client" from="room@muc/{nick}"{head}>{body}{muc}</presence>')
    )


def v4(uid: str, muted: str = "false") -> str:
    return (
        f'<user_object uid="{uid}" name="{uid.title()}" avatar="" joinnedAt="7"/>'
        f'<SourceInfo>{{"x-a0":{{"muted":{muted}}},"x-v0":{{"muted":false}}}}</SourceInfo>'
    )


def test_others_then_ourselves():
    room = Room("me", WireV4())
    assert room.apply(presence("focus")) == []
    (there,) = room.apply(presence("b1", v4("bob")))
    assert isinstance(there, Joined)
    assert there.before_us
    assert happenings.joined(there, []) == []
    assert room.apply(presence("me", v4("alice"), status=(110,), role="moderator")) == [Entered(moderator=True)]
    (later,) = room.apply(presence("c1", v4("carol")))
    assert [event.name for event in happenings.joined(later, [later.participant])] == [
        "participant_joined",
        "participant_list_changed",
    ]
    assert [who.uid for who in room.others.values()] == ["bob", "carol"]


def test_a_mute_is_told_once_and_with_its_author():
    room = Room("me", WireV4())
    room.apply(presence("b1", v4("bob")))
    (change,) = room.apply(presence("b1", v4("bob", "true")))
    assert isinstance(change, Changed)
    assert [event.name for event in happenings.changed(change)] == ["participant_audio_muted", "user_muted"]
    assert room.apply(presence("b1", v4("bob", "true"))) == []


def test_who_says_nothing_about_a_source_is_muted():
    room = Room("me", WireV4())
    (there,) = room.apply(presence("b1", '<user_object uid="bob" name="Bob"/>'))
    assert there.participant.audio_muted
    assert there.participant.video_paused


def test_the_last_one_to_stay_is_told_that_the_call_ended():
    room = Room("me", WireV4())
    room.apply(presence("b1", v4("bob")))
    room.apply(presence("c1", v4("carol")))
    (gone,) = room.apply(presence("c1", kind="unavailable"))
    assert isinstance(gone, Left)
    assert [event.name for event in happenings.left(gone, [1, 2])] == ["participant_left", "participant_list_changed"]
    (gone,) = room.apply(presence("b1", kind="unavailable"))
    assert [event.name for event in happenings.left(gone, [1])][-1] == "call_ended"


@pytest.mark.parametrize(
    ("status", "inner", "reason"),
    [((110,), "", "left"), ((110, 307), "", "kicked"), ((110,), "<destroy/>", "ended")],
)
def test_how_we_went(status, inner, reason):
    room = Room("me", WireV5())
    room.apply(presence("me", status=(110,)))
    stanza = presence("me", kind="unavailable", status=status)
    if inner:
        text = (
            '<presence xmlns="jabber:client" from="room@muc/me" type="unavailable">'
            '<x xmlns="http://jabber.org/protocol/muc#user"><destroy/><status code="110"/></x></presence>'
        )
        stanza = read_presence(xml.parse(text))
    assert room.apply(stanza) == [Gone(reason)]


def test_a_refusal_names_its_condition():
    text = (
        '<presence xmlns="jabber:client" from="room@muc/me" type="error"><error type="cancel">'
        '<not-allowed xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>'
    )
    assert Room("me", WireV5()).apply(read_presence(xml.parse(text))) == [Refused("not-allowed")]


def test_v5_participants_come_from_user_info():
    room = Room("me", WireV5())
    body = (
        '<user-info>{"uid":"bob","avatar":null}</user-info><nick xmlns="http://jabber.org/protocol/nick">Bob B</nick>'
    )
    (change,) = room.apply(presence("b1", body + "<jitsi_participant_raisedHand>17</jitsi_participant_raisedHand>"))
    who = change.participant
    assert (who.pid, who.uid, who.name, who.avatar, who.hand_raised) == ("b1", "bob", "Bob B", "", True)
    assert room.apply(presence("c1", "<nick>Carol</nick>")) == []


def test_a_recorder_or_the_focus_tells_of_recordings():
    watch = RecordingWatch()
    watch.command("START_SCREEN_RECORDING", {"uid": "bob", "name": "Bob"})
    recorder = presence("j1", "<stats-id>jibri-1</stats-id>")
    (event,) = watch.take(recorder, lambda nick: None)
    assert (event.name, event.data["user"]) == ("recording_started", {"uid": "bob", "name": "Bob"})
    assert watch.take(recorder, lambda nick: None) == []
    assert [event.name for event in watch.take(presence("j1", kind="unavailable"), lambda nick: None)] == [
        "recording_stopped"
    ]
    status = '<jibri-recording-status recording_mode="stream" status="on" initiator="room@muc/b1"/>'
    bob = Room("me", WireV4()).apply(presence("b1", v4("bob")))[0].participant
    assert [event.name for event in watch.take(presence("focus", status), {"b1": bob}.get)] == [
        "streaming_started",
        "participant_streaming_started",
    ]


def test_what_is_no_xml_is_a_bad_response():
    with pytest.raises(CallFailure, match="can't be read"):
        xml.parse("<presence")
    with pytest.raises(CallFailure):
        xml.parse('<!DOCTYPE x [<!ENTITY e "a">]><x>&e;')
