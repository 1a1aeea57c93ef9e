"""Two who are alone and may have media without the bridge: who offers whom, who ends it, and when the bridge comes in."""

import json

import pytest
from lxml import etree
from xmpp_wire import DOMAIN, NS, Wire, condition

from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.routing import Options

JINGLE = '<jingle xmlns="urn:xmpp:jingle:1" action="{}" sid="s"/>'
V4 = '<user_object uid="x"/>'


def v5(uid):
    return f"<user-info>{json.dumps({'uid': uid})}</user-info>"


@pytest.fixture
def wire(reserve):
    return Wire(Options(bridge_in_reserve=reserve), p2p=lambda app_id: app_id == "app1")


@pytest.fixture
def reserve():
    return False


def join(wire, uid, nick, children=None, app="app1"):
    return wire.joined(uid, app=app, nick=nick, children=v5(uid) if children is None else children)


def media(wire):
    """What the bridge was asked since the last time: names and the nicks that it is about."""
    asked, wire.media = wire.media, []
    return [(type(one).__name__, one.nick) for one in asked]


@pytest.mark.parametrize("reserve", [True])
def test_the_bridge_may_stand_in_reserve_for_two(wire):
    join(wire, "alice", "aa")
    wire.peer("bob", nick="00")
    assert media(wire) == [("AddLeg", "aa"), ("OfferLink", "00")]


def test_two_of_sdk_5_are_left_to_themselves_and_a_third_brings_the_bridge(wire):
    join(wire, "alice", "aa")
    join(wire, "bob", "bb")
    assert media(wire) == []
    carol = join(wire, "carol", "cc")
    assert media(wire) == [("AddLeg", "aa"), ("AddLeg", "bb"), ("AddLeg", "cc")]
    carol.presence(kind="unavailable")
    assert media(wire) == [("RemoveLeg", "cc")]


@pytest.mark.parametrize(("app", "children"), [("app2", None), ("app1", V4)])
def test_without_the_setting_or_with_an_sdk_4_the_bridge_is_there_from_two(wire, app, children):
    join(wire, "alice", "aa", app=app)
    join(wire, "bob", "bb", children, app=app)
    assert media(wire) == [("AddLeg", "aa"), ("AddLeg", "bb")]


def test_who_turns_out_to_be_of_sdk_4_gets_the_bridge(wire):
    join(wire, "alice", "aa")
    bob = join(wire, "bob", "bb")
    bob.presence(V4)
    assert media(wire) == [("AddLeg", "aa"), ("AddLeg", "bb")]


@pytest.mark.parametrize(("nick", "offers"), [("00", True), ("zz", False)])
def test_of_a_virtual_participant_and_an_sdk_the_smaller_nick_offers(wire, nick, offers):
    join(wire, "alice", "aa")
    wire.peer("bob", nick=nick)
    expected = [fx.OfferLink(fx.RoomKey("app1", "s1"), nick, "aa", "alice", 0.0)] if offers else []
    assert wire.media == expected


def test_a_third_ends_what_a_virtual_participant_had_and_it_offers_again_five_seconds_after_that_one_left(wire):
    join(wire, "alice", "aa")
    wire.peer("bob", nick="00")
    wire.media = []
    carol = join(wire, "carol", "cc")
    assert media(wire) == [("AddLeg", "aa"), ("AddLeg", "cc"), ("EndLink", "00")]
    carol.presence(kind="unavailable")
    assert wire.media[-1] == fx.OfferLink(fx.RoomKey("app1", "s1"), "00", "aa", "alice", 5.0)


def test_a_virtual_participant_ends_its_side_when_the_sdk_leaves(wire):
    alice = join(wire, "alice", "aa")
    wire.peer("bob", nick="00")
    wire.media = []
    alice.presence(kind="unavailable")
    assert media(wire) == [("EndLink", "00")]


def test_jingle_for_a_virtual_participant_is_answered_and_handed_on(wire):
    alice = join(wire, "alice", "aa")
    wire.peer("bob", nick="zz")
    answer = alice.ask("set", f"{alice.room}/zz", JINGLE.format("session-initiate"))
    assert answer.get("type") == "result"
    (heard,) = wire.media
    assert (heard.nick, heard.sender, heard.uid, heard.jingle.get("action")) == (
        "zz",
        "aa",
        "alice",
        "session-initiate",
    )


def test_where_media_goes_through_the_bridge_a_virtual_participant_refuses_jingle(wire):
    alice = join(wire, "alice", "aa", app="app2")
    wire.peer("bob", nick="zz", app="app2")
    answer = alice.ask("set", f"{alice.room}/zz", JINGLE.format("session-initiate"))
    assert condition(answer) == "service-unavailable"


def test_what_a_virtual_participant_says_comes_from_its_own_address(wire):
    alice = join(wire, "alice", "aa")
    wire.peer("bob", nick="zz")
    alice.take()
    jingle = etree.fromstring(JINGLE.format("session-accept"))
    wire.do(wire.core.focus_iq(fx.RoomKey("app1", "s1"), "aa", jingle, "zz"))
    (iq,) = alice.stanzas()
    assert iq.get("from") == f"s1@conference.{DOMAIN}/zz"
    assert iq.find("{urn:xmpp:jingle:1}jingle", NS) is not None
