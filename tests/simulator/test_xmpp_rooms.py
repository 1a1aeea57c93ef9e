"""Rooms (XEP-0045): who is told what, in which order; roles; kicks; ends; guests."""

import pytest
from xmpp_wire import CLOSE, DOMAIN, NS, Wire, codes, condition, who

from testcall_simulator.errors import SimulatorError
from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.routing import Options

NICK = '<nick xmlns="http://jabber.org/protocol/nick">{}</nick>'
V4 = '<user_object uid="alice" name="Alice"/><uid>alice</uid>'


def source_info(nick, **states):
    kinds = {"audio": "a0", "video": "v0", "screen": "v1"}
    told = ",".join(
        f'"{nick}-{kinds[kind]}":{{"muted":{str(muted).lower()}'
        + (',"videoType":"desktop"}' if kind == "screen" else "}")
        for kind, muted in states.items()
    )
    return f"<SourceInfo>{{{told}}}</SourceInfo>"


def test_who_enters_sees_the_focus_first_then_the_others_then_itself_then_the_subject():
    wire = Wire()
    wire.joined("alice")
    wire.peer("carol")
    bob = wire.joined("bob")
    presences = bob.stanzas()
    assert [who(one) for one in presences] == ["focus", "alice1", "carol9", "bob1", ""]
    assert [one.tag.rpartition("}")[2] for one in presences][-1] == "message"
    assert codes(presences[3]) == ["100", "110"]
    assert presences[-1].find("c:subject", NS) is not None


def test_the_first_to_enter_is_told_that_the_room_was_created():
    assert codes(Wire().joined().stanzas()[1]) == ["100", "110", "201"]


def test_the_real_jid_of_the_focus_begins_with_the_focusjid_of_the_conference_answer():
    client = Wire().bound()
    answer = client.conference("s1")[0]
    assert (answer.get("ready"), answer.get("room")) == ("true", f"s1@conference.{DOMAIN}")
    client.join("s1", "alice1")
    item = client.stanzas()[0].find("muc:x/muc:item", NS)
    assert item.get("jid").startswith(answer.get("focusjid") + "/")
    assert (item.get("affiliation"), item.get("role")) == ("owner", "moderator")


def test_every_occupant_carries_its_real_jid():
    wire = Wire()
    alice = wire.joined("alice")
    wire.peer("carol")
    bob = wire.joined("bob")
    items = [one.find("muc:x/muc:item", NS) for one in bob.stanzas() if one.tag.endswith("presence")]
    assert all(item.get("jid") for item in items)
    assert items[1].get("jid") == alice.jid


def test_presence_children_are_relayed_verbatim_to_all_and_to_the_sender():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    alice.take()
    bob.take()
    children = (
        '<stats-id>Ann-x</stats-id><user_object uid="alice" name="Ann &amp; &lt;Co&gt;" avatar=""/>'
        + NICK.format("Ännchen 🎈")
        + '<ON_CONFERENCE_JOINED mode="DEFAULT"/><x xmlns="some:other"><deep a="1">t</deep></x>'
    )
    alice.presence(children)
    for client in (alice, bob):
        (frame,) = client.frames
        assert children in frame, frame
        assert frame.count('xmlns="jabber:client"') == 1


def test_only_the_request_to_join_is_taken_out_of_a_presence_and_a_forged_muc_user_too():
    wire = Wire()
    client = wire.joined("alice", children='<x xmlns="http://jabber.org/protocol/muc#user"><item role="x"/></x>')
    own = client.stanzas()[1]
    assert own.find("{http://jabber.org/protocol/muc}x") is None
    assert len(own.findall("muc:x", NS)) == 1
    assert own.find("muc:x/muc:item", NS).get("role") == "moderator"


def test_everybody_is_a_moderator_unless_only_the_first_is_to_be():
    everyone = Wire()
    first = Wire(Options(moderators="first"))
    for wire, roles in ((everyone, ["moderator", "moderator"]), (first, ["moderator", "participant"])):
        wire.joined("alice")
        wire.joined("bob")
        assert [one.data["role"] for one in wire.decided if one.name == "occupant_joined"] == roles


def test_leaving_is_confirmed_with_110_and_told_to_the_others_with_what_was_said():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    alice.take()
    bob.take()
    bob.presence("<status>bye</status>", kind="unavailable")
    (told,) = alice.stanzas()
    assert (told.get("type"), who(told), codes(told)) == ("unavailable", "bob1", [])
    assert told.findtext("c:status", namespaces=NS) == "bye"
    (own,) = bob.stanzas()
    assert (own.get("type"), codes(own)) == ("unavailable", ["110"])


def test_presence_of_leaving_the_service_leaves_the_room_and_closing_does_too():
    wire = Wire()
    alice, bob, carol = wire.joined("alice"), wire.joined("bob"), wire.joined("carol")
    alice.take()
    bob.send('<presence xmlns="jabber:client" type="unavailable"/>')
    carol.send(CLOSE)
    assert [(who(one), one.get("type")) for one in alice.stanzas()] == [
        ("bob1", "unavailable"),
        ("carol1", "unavailable"),
    ]
    reasons = [one.data["reason"] for one in wire.decided if one.name == "occupant_left"]
    assert reasons == ["left", "left"]


def test_a_client_that_left_may_enter_again():
    wire = Wire()
    alice = wire.joined("alice")
    alice.presence(kind="unavailable")
    alice.take()
    alice.join("s1", "alice2")
    assert [who(one) for one in alice.stanzas()] == ["focus", "alice2", ""]


@pytest.mark.parametrize(
    ("prepare", "room", "nick", "error"),
    [
        (lambda wire: None, "other", "a", "not-allowed"),
        (lambda wire: wire.joined("bob", nick="taken"), "s1", "taken", "conflict"),
        (lambda wire: wire.joined("bob"), "s1", "focus", "conflict"),
        (lambda wire: [wire.joined(uid) for uid in ("bob", "carol")], "s1", "a", "service-unavailable"),
    ],
)
def test_a_join_that_is_not_allowed_is_refused_with_a_presence_error(prepare, room, nick, error):
    wire = Wire(Options(max_participants=2))
    prepare(wire)
    alice = wire.bound("alice")
    alice.conference("s1")
    alice.room, alice.nick = f"{room}@conference.{DOMAIN}", nick
    alice.presence('<x xmlns="http://jabber.org/protocol/muc"/>')
    (refused,) = alice.stanzas()
    assert condition(refused) == error
    assert refused.get("from") == f"{alice.room}/{nick}"
    assert "join_refused" in wire.names_decided()


def test_a_room_is_opened_only_by_who_asked_for_the_conference():
    alice = Wire().bound("alice")
    alice.room, alice.nick = f"s1@conference.{DOMAIN}", "a"
    alice.presence('<x xmlns="http://jabber.org/protocol/muc"/>')
    assert condition(alice.stanzas()[0]) == "not-allowed"


def test_who_was_taken_out_and_goes_on_talking_opens_no_new_room():
    wire = Wire()
    alice = wire.joined("alice")
    alice.presence(kind="unavailable")
    alice.take()
    alice.presence("<nick xmlns='http://jabber.org/protocol/nick'>Alice</nick>")
    (refused,) = alice.stanzas()
    assert condition(refused) == "item-not-found"
    assert wire.names_decided().count("occupant_joined") == 1


def test_the_world_may_close_a_session_to_somebody():
    wire = Wire(gate=lambda grant: "forbidden" if grant.uid == "mallory" else None)
    mallory = wire.bound("mallory")
    mallory.join("s1", "m")
    assert condition(mallory.stanzas()[0]) == "forbidden"


def test_another_nick_is_not_acceptable_while_one_is_in():
    alice = Wire().joined("alice")
    alice.take()
    alice.nick = "somebody"
    alice.presence()
    assert condition(alice.stanzas()[0]) == "not-acceptable"


def test_a_conference_for_another_room_is_refused():
    assert condition(Wire().bound("alice").conference("s2")) == "not-allowed"


def test_a_session_id_in_capitals_is_the_room_in_lower_case():
    client = Wire().bound("alice", session="Session-ONE")
    client.join("session-one", "a")
    assert [who(one) for one in client.stanzas()] == ["focus", "a", ""]


def test_groupchat_goes_to_all_and_back_and_a_subject_is_kept_for_the_next():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    alice.take()
    bob.take()
    alice.send(f'<message xmlns="jabber:client" type="groupchat" to="{alice.room}"><body>hi</body></message>')
    alice.send(
        f'<message xmlns="jabber:client" type="groupchat" to="{alice.room}"><subject>{{"a":1}}</subject></message>'
    )
    for client in (alice, bob):
        said, subject = client.stanzas()
        assert (said.findtext("c:body", namespaces=NS), who(said)) == ("hi", "alice1")
        assert subject.findtext("c:subject", namespaces=NS) == '{"a":1}'
    assert wire.joined("carol").stanzas()[-1].findtext("c:subject", namespaces=NS) == '{"a":1}'


def test_private_messages_reach_one_occupant():
    wire = Wire()
    alice, bob, carol = wire.joined("alice"), wire.joined("bob"), wire.joined("carol")
    for client in (alice, bob, carol):
        client.take()
    alice.send(f'<message xmlns="jabber:client" type="chat" to="{alice.room}/bob1"><body>psst</body></message>')
    assert [who(one) for one in bob.stanzas()] == ["alice1"]
    assert carol.stanzas() == []
    alice.send(f'<message xmlns="jabber:client" type="chat" to="{alice.room}/nobody"><body>?</body></message>')
    assert condition(alice.stanzas()[0]) == "item-not-found"


def test_a_message_to_a_room_from_outside_is_not_acceptable():
    wire = Wire()
    wire.joined("alice")
    bob = wire.bound("bob")
    bob.send(f'<message xmlns="jabber:client" type="groupchat" to="s1@conference.{DOMAIN}"><body>hi</body></message>')
    assert condition(bob.stanzas()[0]) == "not-acceptable"


def test_a_kick_by_the_service_shows_307_to_all_and_110_to_the_kicked():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    alice.take()
    bob.take()
    wire.do(wire.core.remove(fx.RoomKey("app1", "s1"), "bob1", "kicked", "enough"))
    (told,) = alice.stanzas()
    (own,) = bob.stanzas()
    assert (codes(told), codes(own)) == (["307"], ["307", "110"])
    assert own.findtext("muc:x/muc:item/muc:reason", namespaces=NS) == "enough"


def test_a_moderator_kicks_and_another_may_not():
    kick = '<query xmlns="http://jabber.org/protocol/muc#admin"><item nick="{}" role="none"><reason>out</reason></item></query>'
    wire = Wire(Options(moderators="first"))
    alice, bob = wire.joined("alice"), wire.joined("bob")
    assert condition(bob.ask("set", bob.room, kick.format("alice1"))) == "forbidden"
    bob.take()
    assert alice.ask("set", alice.room, kick.format("bob1")).get("type") == "result"
    own = bob.stanzas()[-1]
    assert own.find("muc:x/muc:item/muc:actor", NS).get("nick") == "alice1"
    assert condition(alice.ask("set", alice.room, kick.format("bob1"))) == "item-not-found"


def test_an_owner_makes_another_a_moderator_and_all_are_told():
    wire = Wire(Options(moderators="first"))
    alice, bob = wire.joined("alice"), wire.joined("bob")
    bob.take()
    grant = f'<query xmlns="http://jabber.org/protocol/muc#admin"><item jid="{bob.jid}" affiliation="owner"/></query>'
    assert alice.ask("set", alice.room, grant).get("type") == "result"
    item = bob.stanzas()[-1].find("muc:x/muc:item", NS)
    assert (item.get("affiliation"), item.get("role")) == ("owner", "moderator")
    assert condition(alice.ask("set", alice.room, grant.replace("owner", "king"))) == "not-allowed"


def test_the_configuration_form_has_the_field_that_the_sdk_looks_for():
    alice = Wire().joined("alice")
    ask = '<query xmlns="http://jabber.org/protocol/muc#owner"/>'
    form = alice.ask("get", alice.room, ask)
    assert form.find(".//{jabber:x:data}field[@var='muc#roomconfig_whois']") is not None
    assert alice.ask("set", alice.room, ask).get("type") == "result"


def test_the_configuration_is_the_owners():
    wire = Wire(Options(moderators="first"))
    wire.joined("alice")
    bob = wire.joined("bob")
    assert condition(bob.ask("get", bob.room, '<query xmlns="http://jabber.org/protocol/muc#owner"/>')) == "forbidden"


def test_an_owner_destroys_the_room():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    bob.take()
    end = '<query xmlns="http://jabber.org/protocol/muc#owner"><destroy><reason>done</reason></destroy></query>'
    assert alice.ask("set", alice.room, end).get("type") == "result"
    own = bob.stanzas()[-1]
    assert own.findtext("muc:x/muc:destroy/muc:reason", namespaces=NS) == "done"
    assert wire.core.rooms == {}


def test_the_room_tells_its_meeting_id_and_start():
    alice = Wire().joined("alice")
    info = alice.ask("get", alice.room, '<query xmlns="http://jabber.org/protocol/disco#info"/>')
    values = {one.get("var"): one.findtext("{*}value") for one in info.iterfind(".//{jabber:x:data}field")}
    assert values["muc#roominfo_created_timestamp"] == "1750000000000"
    assert values["muc#roominfo_meetingId"]


def test_the_session_is_created_by_the_first_and_ended_by_the_last_participant():
    wire = Wire()
    alice = wire.joined("alice")
    wire.joined("bob").send(CLOSE)
    alice.send(CLOSE)
    ignored = ("socket_opened", "socket_closed")
    assert wire.names_decided(*ignored) == [
        "session_created", "occupant_joined", "occupant_joined", "occupant_left", "occupant_left", "session_ended",
    ]  # fmt: skip
    assert wire.media[-1] == fx.CloseMedia(fx.RoomKey("app1", "s1"))
    assert wire.core.rooms == {}


def test_what_a_source_info_changes_is_told_once():
    wire = Wire()
    alice = wire.joined("alice", children=source_info("alice1", audio=False, video=True))
    for states in ({"audio": False, "video": True}, {"audio": True, "video": True}, {"audio": True}, {}):
        alice.presence(source_info("alice1", **states))
    told = [(one.name, one.data["kind"]) for one in wire.decided if one.name.startswith("source_")]
    assert told == [("source_unmuted", "audio"), ("source_muted", "video"), ("source_muted", "audio")]


def test_a_desktop_source_is_a_screen_share_that_ends_with_its_occupant_at_the_latest():
    wire = Wire()
    alice = wire.joined("alice")
    alice.presence(source_info("alice1", screen=False))
    alice.presence(source_info("alice1", screen=True))
    alice.presence(source_info("alice1", screen=False))
    alice.send(CLOSE)
    told = [one.name for one in wire.decided if one.name.startswith("screen_")]
    assert told == ["screen_share_started", "screen_share_stopped"] * 2


@pytest.mark.parametrize("rubbish", ["{", "[]", "1", '{"a":1,"x-a0":null,"-":{}}', "{" * 2000, "&lt;x/&gt;", "\u2028"])
def test_rubbish_in_a_presence_is_relayed_and_reads_as_nothing(rubbish):
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    bob.take()
    alice.presence(f"<SourceInfo>{rubbish}</SourceInfo><user-info>{rubbish}</user-info>")
    assert len(bob.frames) == 1
    assert not [one for one in wire.decided if one.name.startswith("source_")]


def test_sdk_4_is_told_the_end_by_its_command_and_others_by_a_destroyed_room():
    wire = Wire()
    four = wire.joined("alice", children=V4)
    five = wire.joined("bob", children='<user-info>{"uid":"bob"}</user-info>')
    wire.peer("carol")
    four.take()
    five.take()
    wire.do(wire.core.end(fx.RoomKey("app1", "s1")))
    (command,) = four.stanzas()
    assert (who(command), command[0].tag) == ("focus", "{jabber:client}endSessionForAll")
    (gone,) = five.stanzas()
    assert gone.find("muc:x/muc:destroy", NS) is not None
    four.presence(kind="unavailable")
    reasons = [(one.uid, one.data["reason"]) for one in wire.decided if one.name == "occupant_left"]
    assert reasons == [("bob", "ended"), ("carol", "ended"), ("alice", "ended")]
    assert wire.names_decided()[-1] == "session_ended"


def test_a_guest_enters_a_running_session_only():
    wire = Wire()
    guest = wire.bound(grant=fx.GUEST)
    assert condition(guest.conference("s1")) == "not-allowed"
    guest.join("s1", "g")
    assert condition(guest.stanzas()[0]) == "not-allowed"
    wire.joined("alice")
    guest.join("s1", "g")
    assert [who(one) for one in guest.stanzas()] == ["focus", "alice1", "g", ""]


def test_a_guest_does_not_choose_between_two_apps_and_may_name_one():
    wire = Wire()
    wire.joined("alice", app="one")
    wire.joined("bob", app="two")
    guest = wire.bound(grant=fx.GUEST)
    guest.join("s1", "g")
    assert condition(guest.stanzas()[0]) == "not-allowed"
    guest.join("s1", "g", '<initial_config app_id="two"/>')
    assert [who(one) for one in guest.stanzas()] == ["focus", "bob1", "g", ""]


def test_a_shared_screen_is_its_users():
    wire = Wire()
    wire.joined("alice", children=NICK.format("Alice") + "<stats-id>Ann-1</stats-id>")
    wire.joined("alice2", children=NICK.format("Alice") + "<stats-id>Joe-2</stats-id>")
    screen = wire.bound(grant=fx.GUEST)
    screen.join("s1", "screen1", NICK.format("Alice(Screen)") + "<stats-id>Joe-2</stats-id>")
    joined = wire.decided[-1]
    assert (joined.name, joined.uid, joined.data["screen"]) == ("occupant_joined", "alice2", True)


def test_virtual_participants_tell_all_that_both_majors_want_in_their_first_presence():
    wire = Wire()
    alice = wire.joined("alice")
    alice.take()
    wire.peer("bob")
    presence = alice.stanzas()[0]
    told = {child.tag.rpartition("}")[2] for child in presence}
    assert {"stats-id", "nick", "SourceInfo", "uid", "user_object", "user-info"} <= told


def test_a_virtual_participant_can_send_a_command_once():
    wire = Wire()
    alice = wire.joined("alice")
    bob = wire.peer("bob")
    alice.take()
    from testcall_simulator.xmpp.xml import make

    wire.do(wire.core.say_virtual(fx.RoomKey("app1", "s1"), bob, (make("jabber:client", "NOISY_MIC", {"a": "b"}),)))
    assert alice.stanzas()[0].find("c:NOISY_MIC", NS).get("a") == "b"
    assert wire.joined("carol").frames[2].count("NOISY_MIC") == 0


def test_acts_on_nobody_and_nothing_say_so():
    wire = Wire()
    key = fx.RoomKey("app1", "s1")
    with pytest.raises(SimulatorError, match="no session s1"):
        wire.core.end(key)
    wire.joined("alice")
    with pytest.raises(SimulatorError, match="no occupant bob"):
        wire.core.remove(key, "bob", "kicked")
    wire.peer("bob")
    with pytest.raises(SimulatorError, match="conflict"):
        wire.peer("bob")


def test_media_starts_with_the_second_participant_and_reaches_every_sdk_once():
    wire = Wire()
    wire.joined("alice")
    assert wire.media == []
    wire.peer("bob")
    wire.joined("carol").send(CLOSE)
    key = fx.RoomKey("app1", "s1")
    assert wire.media == [
        fx.AddLeg(key, "alice1", "alice"),
        fx.AddLeg(key, "carol1", "carol"),
        fx.RemoveLeg(key, "carol1"),
    ]
    wire.do(wire.core.remove(key, "bob9", "left"))
    assert wire.media[-1] == fx.RemovePublisher(key, "bob9")


def test_who_has_no_client_is_of_the_recipients_own_domain():
    wire = Wire()
    wire.peer("bob")
    wire.do(wire.core.record(fx.RoomKey("app1", "s1"), on=True))
    alice = wire.joined("alice")
    jids = {
        who(one): one.find("muc:x/muc:item", NS).get("jid") for one in alice.stanzas() if one.tag.endswith("presence")
    }
    assert jids["bob9"].endswith(f"@{DOMAIN}/peer")
    assert next(one for nick, one in jids.items() if nick.startswith("jibri")).endswith(f"@recorder.{DOMAIN}/recorder")


def test_the_gate_holds_for_virtual_participants_too():
    wire = Wire(gate=lambda grant: "forbidden" if grant.uid == "mallory" else None)
    with pytest.raises(SimulatorError, match="mallory can't join session s1 as a peer: forbidden"):
        wire.peer("mallory")


def test_choices_can_be_changed_on_the_way():
    wire = Wire()
    wire.core.configure(max_participants=1, stream_management=False)
    wire.joined("alice")
    bob = wire.bound("bob")
    bob.join("s1", "b")
    assert condition(bob.stanzas()[0]) == "service-unavailable"
    with pytest.raises(SimulatorError, match="no such option"):
        wire.core.configure(colour="red")
