"""IQs: discovery, ping, relay between occupants, Jingle to the focus, mute, recording, the end for all."""

import pytest
from lxml import etree
from xmpp_wire import DOMAIN, NS, Wire, codes, condition, who

from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.routing import Options

KEY = fx.RoomKey("app1", "s1")
DISCO = '<query xmlns="http://jabber.org/protocol/disco#info"/>'
PING = '<ping xmlns="urn:xmpp:ping"/>'
JIBRI = '<jibri xmlns="http://jitsi.org/protocol/jibri" action="{}" recording_mode="{}"/>'
MUTE = '<mute xmlns="http://jitsi.org/jitmeet/{}" jid="{}">{}</mute>'
END = '<message xmlns="jabber:client" to="{}"><end_conference/></message>'


def test_the_domain_tells_ping_and_where_to_end_a_conference():
    info = Wire().bound().ask("get", DOMAIN, DISCO)
    features = {one.get("var") for one in info.iterfind(".//{*}feature")}
    identities = {one.get("type"): one.get("name") for one in info.iterfind(".//{*}identity")}
    assert "urn:xmpp:ping" in features
    assert identities["end_conference"] == f"endconference.{DOMAIN}"
    assert identities["im"]


def test_ping_and_ice_servers_are_answered():
    client = Wire().bound()
    assert client.ask("get", DOMAIN, PING).get("type") == "result"
    services = client.ask("get", DOMAIN, '<services xmlns="urn:xmpp:extdisco:2"/>')
    assert services[0].tag == "{urn:xmpp:extdisco:2}services"
    assert len(services[0]) == 0


@pytest.mark.parametrize(
    "to", [DOMAIN, f"conference.{DOMAIN}", f"focus.{DOMAIN}", f"endconference.{DOMAIN}", "x.example"]
)
@pytest.mark.parametrize("kind", ["get", "set"])
def test_what_is_not_known_is_refused_as_unavailable_and_never_left_without_an_answer(kind, to):
    assert condition(Wire().bound().ask(kind, to, '<query xmlns="jabber:iq:roster"/>')) == "service-unavailable"


@pytest.mark.parametrize("to", ["s1@conference.{}", "s1@conference.{}/focus", "s1@conference.{}/bob9"])
def test_that_holds_in_rooms_too(to):
    wire = Wire()
    alice = wire.joined("alice")
    wire.peer("bob")
    for kind in ("get", "set"):
        assert (
            condition(alice.ask(kind, to.format(DOMAIN), '<query xmlns="jabber:iq:roster"/>')) == "service-unavailable"
        )


def test_components_tell_what_they_are():
    client = Wire().bound()
    assert client.ask("get", f"conference.{DOMAIN}", DISCO).find(".//{*}identity").get("category") == "conference"
    assert client.ask("get", f"endconference.{DOMAIN}", DISCO).find(".//{*}identity").get("type") == "end_conference"


@pytest.mark.parametrize(
    "iq",
    [
        '<iq xmlns="jabber:client" type="get"><ping xmlns="urn:xmpp:ping"/></iq>',
        '<iq xmlns="jabber:client" id="1"><ping xmlns="urn:xmpp:ping"/></iq>',
        '<iq xmlns="jabber:client" id="1" type="get"/>',
        '<iq xmlns="jabber:client" id="1" type="strange"><ping xmlns="urn:xmpp:ping"/></iq>',
    ],
)
def test_an_iq_that_is_none_is_a_bad_request(iq):
    client = Wire().bound()
    client.send(iq)
    assert condition(client.stanzas()[0]) == "bad-request"


def test_answers_of_clients_are_never_answered():
    client = Wire().joined()
    client.take()
    for kind in ("result", "error"):
        for to in (DOMAIN, f"{client.room}/focus", f"{client.room}/nobody", client.room, "x.example"):
            client.iq(kind, to, "")
    assert client.frames == []


def test_iqs_are_relayed_between_occupants_both_ways_with_room_addresses():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    bob.take()
    alice.take()
    jingle = '<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="a"><content name="0"/></jingle>'
    number = alice.iq("set", f"{alice.room}/bob1", jingle)
    (asked,) = bob.stanzas()
    assert (asked.get("from"), asked.get("to"), asked.get("id")) == (f"{alice.room}/alice1", bob.jid, number)
    assert etree.tostring(asked[0]).decode() == jingle
    bob.send(f'<iq xmlns="jabber:client" type="result" id="{number}" to="{asked.get("from")}"/>')
    (answer,) = alice.stanzas()
    assert (answer.get("from"), answer.get("type"), answer.get("id")) == (f"{alice.room}/bob1", "result", number)


def test_an_iq_to_nobody_or_from_outside_is_refused():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.bound("bob")
    assert condition(alice.ask("set", f"{alice.room}/nobody", PING)) == "item-not-found"
    assert condition(bob.ask("set", f"{alice.room}/alice1", PING)) == "not-acceptable"
    assert condition(bob.ask("get", f"other@conference.{DOMAIN}", DISCO)) == "item-not-found"


def test_jingle_for_the_focus_is_answered_and_handed_on():
    wire = Wire()
    alice = wire.joined("alice")
    wire.peer("bob")
    accept = '<jingle xmlns="urn:xmpp:jingle:1" action="session-accept" sid="a"/>'
    assert alice.ask("set", f"{alice.room}/focus", accept).get("type") == "result"
    received = wire.media[-1]
    assert (type(received), received.nick) == (fx.JingleReceived, "alice1")
    assert received.jingle.get("action") == "session-accept"


def test_the_focus_sends_iqs_from_its_room_address():
    wire = Wire()
    alice = wire.joined("alice")
    alice.take()
    from testcall_simulator.xmpp.xml import make

    wire.do(wire.core.focus_iq(KEY, "alice1", make("urn:xmpp:jingle:1", "jingle", {"action": "session-initiate"})))
    (asked,) = alice.stanzas()
    assert (asked.get("type"), asked.get("from"), asked.get("to")) == ("set", f"{alice.room}/focus", alice.jid)
    assert asked.get("id")
    wire.do(wire.core.focus_iq(KEY, "nobody", make("urn:xmpp:jingle:1", "jingle")))
    assert alice.stanzas() == []


@pytest.mark.parametrize("media", ["audio", "video"])
def test_a_moderator_mutes_another_through_the_focus(media):
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    bob.take()
    order = MUTE.format(media, f"{alice.room}/bob1", "true")
    assert alice.ask("set", f"{alice.room}/focus", order).get("type") == "result"
    (told,) = bob.stanzas()
    assert (told.get("from"), told.get("type"), told[0].text) == (f"{bob.room}/focus", "set", "true")
    assert (told[0].tag, told[0].get("actor")) == (f"{{http://jitsi.org/jitmeet/{media}}}mute", f"{bob.room}/alice1")


def test_a_virtual_participant_is_asked_to_mute_itself():
    wire = Wire()
    alice = wire.joined("alice")
    wire.peer("bob")
    alice.ask("set", f"{alice.room}/focus", MUTE.format("video", f"{alice.room}/bob9", "true"))
    assert wire.asked == [fx.PeerAsked(KEY, "bob9", "video", True)]


def test_nobody_unmutes_another_and_only_moderators_mute():
    wire = Wire(Options(moderators="first"))
    alice, bob = wire.joined("alice"), wire.joined("bob")
    focus = f"{alice.room}/focus"
    assert condition(alice.ask("set", focus, MUTE.format("audio", f"{alice.room}/bob1", "false"))) == "not-allowed"
    assert condition(bob.ask("set", focus, MUTE.format("audio", f"{alice.room}/alice1", "true"))) == "not-allowed"
    assert condition(bob.ask("set", focus, MUTE.format("audio", f"{alice.room}/nobody", "true"))) == "item-not-found"
    assert condition(bob.ask("set", focus, MUTE.format("audio", "other@x/alice1", "true"))) == "item-not-found"
    assert bob.ask("set", focus, MUTE.format("audio", f"{alice.room}/bob1", "false")).get("type") == "result"


def test_the_service_itself_may_tell_an_occupant_to_mute():
    wire = Wire()
    alice = wire.joined("alice")
    alice.take()
    wire.do(wire.core.mute(KEY, "alice1", "audio"))
    assert alice.stanzas()[0][0].get("actor") == f"{alice.room}/focus"


def statuses(stanzas):
    found = [one.find("{http://jitsi.org/protocol/jibri}jibri-recording-status") for one in stanzas]
    return [one.get("status") for one in found if one is not None]


def test_a_recording_tells_pending_then_a_recorder_without_nick_then_on():
    wire = Wire()
    alice = wire.joined("alice")
    alice.take()
    answer = alice.ask("set", f"{alice.room}/focus", JIBRI.format("start", "file"))
    assert answer[0].get("session_id")
    pending, machine, on = alice.stanzas()
    assert statuses([pending, on]) == ["pending", "on"]
    assert "jibri" in machine.findtext("c:stats-id", namespaces=NS)
    assert machine.find("{http://jabber.org/protocol/nick}nick") is None
    assert machine.findtext("c:session_id", namespaces=NS) == answer[0].get("session_id")
    assert machine.findtext("c:mode", namespaces=NS) == "file"
    assert machine.find("muc:x/muc:item", NS).get("jid").endswith(f"@recorder.{DOMAIN}/recorder")
    assert on[0].get("initiator") == f"{alice.room}/alice1"
    started = wire.decided[-1]
    assert (started.name, started.uid) == ("recording_started", "alice")


def test_the_recorder_leaves_when_the_recording_stops():
    wire = Wire()
    alice = wire.joined("alice")
    focus = f"{alice.room}/focus"
    alice.ask("set", focus, JIBRI.format("start", "file"))
    alice.take()
    assert alice.ask("set", focus, JIBRI.format("stop", "file"))[0].get("status") == "off"
    gone, off = alice.stanzas()
    assert gone.get("type") == "unavailable"
    assert statuses([off]) == ["off"]
    assert wire.decided[-1].name == "recording_stopped"


@pytest.mark.parametrize(
    ("before", "request_", "error"),
    [
        ([], ("stop", "file"), "item-not-found"),
        ([("start", "file")], ("start", "file"), "unexpected-request"),
        ([("start", "file")], ("start", "stream"), "unexpected-request"),
        ([("start", "file")], ("stop", "stream"), "item-not-found"),
        ([], ("pause", "file"), "bad-request"),
        ([], ("start", "tape"), "bad-request"),
    ],
)
def test_a_recording_request_out_of_place_is_refused(before, request_, error):
    alice = Wire().joined("alice")
    focus = f"{alice.room}/focus"
    for one in before:
        alice.ask("set", focus, JIBRI.format(*one))
    assert condition(alice.ask("set", focus, JIBRI.format(*request_))) == error


def test_streaming_is_told_as_streaming():
    wire = Wire()
    alice = wire.joined("alice")
    alice.ask("set", f"{alice.room}/focus", JIBRI.format("start", "stream"))
    alice.ask("set", f"{alice.room}/focus", JIBRI.format("stop", "stream"))
    assert [one for one in wire.names_decided() if one.startswith("stream")] == [
        "streaming_started",
        "streaming_stopped",
    ]


def test_who_enters_during_a_recording_is_told_of_it():
    wire = Wire()
    wire.joined("alice")
    wire.do(wire.core.record(KEY, on=True))
    wire.do(wire.core.record(KEY, on=True))
    bob = wire.joined("bob")
    focus, _, machine, *_ = bob.stanzas()
    assert statuses([focus]) == ["on"]
    assert who(machine).startswith("jibri")


def test_a_recorder_keeps_no_session_alive_and_its_recording_ends_with_it():
    wire = Wire()
    alice = wire.joined("alice")
    wire.do(wire.core.record(KEY, on=True))
    assert wire.media == []
    alice.presence(kind="unavailable")
    assert wire.core.rooms == {}
    assert wire.names_decided().count("recording_stopped") == 1
    assert wire.names_decided().count("session_ended") == 1


def test_end_conference_ends_the_session_for_all():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    alice.take()
    bob.take()
    bob.send(END.format(f"endconference.{DOMAIN}"))
    for client in (alice, bob):
        (gone,) = client.stanzas()
        assert gone.find("muc:x/muc:destroy", NS) is not None
        assert codes(gone) == ["110"]
    assert wire.names_decided()[-1] == "session_ended"
    assert wire.core.rooms == {}


def test_end_conference_of_one_who_is_no_moderator_or_not_there_does_nothing():
    wire = Wire(Options(moderators="first"))
    alice, bob, carol = wire.joined("alice"), wire.joined("bob"), wire.bound("carol")
    for client in (bob, carol):
        client.send(END.format(f"endconference.{DOMAIN}"))
    alice.send(END.format(f"endconference.{DOMAIN}").replace("end_conference", "other"))
    assert len(wire.core.rooms[KEY].occupants) == 2
