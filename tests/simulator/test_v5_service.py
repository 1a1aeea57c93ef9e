"""What SDK 5 needs of the service beyond a join: a second try after a refusal, peer calls, being alone."""

import json

import httpx
from xmpp_wire import DOMAIN, Wire

from testcall_simulator import Simulator
from testcall_simulator.xmpp.effects import Grant

END = f'<message xmlns="jabber:client" to="endconference.{DOMAIN}"><end_conference/></message>'
CALLS = "https://testapp.call-us.cometchat.io/v3.0/call_tokens"


def v5(uid):
    return f"<user-info>{json.dumps({'uid': uid})}</user-info>"


async def verified(sim, token):
    async with httpx.AsyncClient(transport=sim.transport(), headers={"appId": "testapp", "callToken": token}) as http:
        return await http.get(CALLS, params={"configVersion": 1})


async def test_after_a_refused_verification_the_next_one_succeeds_and_nothing_is_left_of_the_first():
    async with Simulator() as sim:
        good = sim.world.issue_call_token(sim.world.user("alice"), "s1")
        before = sim.world.snapshot()
        for bad in ("garbage", good + "x", sim.world.user("alice").auth_token):
            answer = await verified(sim, bad)
            assert answer.json()["error"]["code"] == "AUTH_ERR_TOKEN_INVALID_SIGNATURE"
        assert list(sim.world.calls) == []
        assert sim.world.snapshot().state.auth_tokens == before.state.auth_tokens
        for _ in range(2):
            assert (await verified(sim, good)).json()["data"]["sessionId"] == "s1"


def test_who_dials_again_with_the_token_of_an_earlier_session_enters_that_session_again():
    """As a page does whose new token was refused: it keeps what it had."""
    wire = Wire()
    alice = wire.joined("alice", children=v5("alice"))
    alice.presence(kind="unavailable")
    alice.send('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>')
    again = wire.joined("alice", nick="alice2", children=v5("alice"))
    assert again.alive
    assert wire.names_decided().count("session_created") == 2


def test_the_one_token_is_good_for_two_occupants_at_a_time():
    wire = Wire()
    wire.joined("alice", nick="one", children=v5("alice"))
    second = wire.joined("alice", nick="two", children=v5("alice"))
    assert second.alive
    (room,) = wire.core.rooms.values()
    assert [one.nick for one in room.participants] == ["one", "two"]


def test_leaving_a_peer_call_ends_it_and_who_leaves_is_told_so():
    """In a peer call SDK 5 leaves by the component that ends the session; its leaving ends with its own farewell."""
    wire = Wire(p2p=lambda app_id: True)
    alice, bob = wire.joined("alice", children=v5("alice")), wire.joined("bob", children=v5("bob"))
    for one in (alice, bob):
        one.take()
    alice.send(END)
    for one in (alice, bob):
        farewell = [stanza for stanza in one.stanzas() if stanza.get("type") == "unavailable"][-1]
        assert farewell.get("from").endswith(f"/{one.nick}")
        assert farewell.find(".//{*}destroy") is not None
    assert wire.core.rooms == {}
    assert wire.names_decided()[-1] == "session_ended"


def test_the_last_other_one_of_a_peer_call_may_go_in_any_way():
    """SDK 5 then leaves by itself: what it needs is to be told that the other is gone."""
    for go in (lambda one: one.presence(kind="unavailable"), lambda one: one.drop()):
        wire = Wire(p2p=lambda app_id: True)
        alice, bob = wire.joined("alice", children=v5("alice")), wire.joined("bob", children=v5("bob"))
        alice.take()
        go(bob)
        assert [one.get("type") for one in alice.stanzas()] == ["unavailable"]
        assert alice.alive


def test_who_is_alone_is_left_alone():
    """The idle timer is the SDK's; recorder and transcriber are no company: SDK 5 knows them by their domain, name and feature."""
    wire = Wire()
    alice = wire.joined("alice", children=v5("alice"))
    key = Grant("app1", "s1", "alice").room
    alice.take()
    wire.do(wire.core.record(key, on=True))
    wire.do(wire.core.transcribe(key, on=True))
    others = [one for one in alice.stanzas() if one.tag.endswith("presence") and not one.get("from").endswith("/focus")]
    real = [one.find(".//{*}item").get("jid") for one in others]
    assert [jid.partition("@")[2].partition("/")[0] for jid in real] == [f"recorder.{DOMAIN}", DOMAIN]
    assert [one.findtext("{http://jabber.org/protocol/nick}nick") for one in others] == [None, "Transcriber"]
    assert wire.media == []
