"""Stream management (XEP-0198): what a client is kept for, what it finds when it comes back."""

import pytest
from xmpp_wire import AUTH, BIND, CLOSE, ENABLE, OPEN, Wire, who

from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.clients import MAX_UNACKED, Ledger
from testcall_simulator.xmpp.routing import Options
from testcall_simulator.xmpp.xml import StreamError

KEY = fx.RoomKey("app1", "s1")
ACK_REQUEST = '<r xmlns="urn:xmpp:sm:3"/>'


def resume(wire, client, handled, uid="alice", grant=True):
    again = wire.socket(uid, grant=grant)
    again.send(OPEN, AUTH, OPEN)
    again.take()
    again.send(f'<resume xmlns="urn:xmpp:sm:3" previd="{client.previous}" h="{handled}"/>')
    again.room, again.nick, again.jid = client.room, client.nick, client.jid
    return again


def names(client):
    return [one.tag.rpartition("}")[2] for one in client.take()]


def test_enabling_tells_for_how_long_one_is_kept():
    client = Wire(Options(resume_seconds=7)).bound()
    client.send(ENABLE)
    (enabled,) = client.take()
    assert (enabled.get("resume"), enabled.get("max")) == ("true", "7")


def test_enabling_twice_or_before_binding_fails():
    client = Wire().bound(manage=True)
    client.send(ENABLE)
    assert names(client) == ["failed"]
    early = Wire().socket()
    early.send(OPEN, AUTH, OPEN)
    early.take()
    early.send(ENABLE)
    assert names(early) == ["failed"]


def test_the_service_counts_the_clients_stanzas_from_enabling_on():
    client = Wire().bound(manage=True)
    client.send(ACK_REQUEST)
    assert client.take()[-1].get("h") == "0"
    client.join("s1", "a")
    client.take()
    client.send(ACK_REQUEST)
    assert client.take()[-1].get("h") == "2"


def test_an_occupant_whose_socket_broke_stays_and_nobody_is_told():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    bob = wire.joined("bob")
    bob.take()
    alice.drop()
    assert bob.frames == []
    assert wire.expected == [fx.Expect(alice.jid, 1, 60)]


def test_who_resumes_gets_what_it_missed_in_order_and_nothing_twice():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    handled = alice.handled
    alice.drop()
    for uid in ("bob", "carol", "dave"):
        wire.peer(uid)
    again = resume(wire, alice, handled)
    resumed, *missed = again.take()
    assert (resumed.tag, resumed.get("previd"), resumed.get("h")) == ("{urn:xmpp:sm:3}resumed", alice.previous, "2")
    assert [who(one) for one in missed if one.tag.endswith("presence")] == ["bob9", "carol9", "dave9"]
    again.presence()
    assert [(who(one), one.get("type")) for one in again.stanzas()] == [("alice1", None)]
    assert "socket_resumed" in wire.names_decided()


def test_only_the_present_absence_expires():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    alice.drop()
    again = resume(wire, alice, alice.handled)
    wire.do(wire.core.expired(alice.jid, 1))
    assert wire.core.rooms[KEY].get("alice1") is not None
    again.drop()
    wire.do(wire.core.expired(alice.jid, 1))
    assert wire.core.rooms[KEY].get("alice1") is not None
    wire.do(wire.core.expired(alice.jid, wire.expected[-1].absence))
    assert KEY not in wire.core.rooms


def test_stanzas_that_were_on_the_way_when_the_socket_broke_come_again():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    sent = [frame for frame in alice.frames if frame.startswith(("<presence", "<message"))]
    alice.drop()
    again = resume(wire, alice, 2)
    again.frames.pop(0)
    assert again.frames == sent[1:]


def test_who_does_not_come_back_in_time_leaves():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    bob = wire.joined("bob")
    bob.take()
    alice.drop()
    wire.do(wire.core.expired(alice.jid, 1))
    assert [(who(one), one.get("type")) for one in bob.stanzas()] == [("alice1", "unavailable")]
    assert wire.decided[-1].data["reason"] == "timeout"
    again = resume(wire, alice, 0)
    assert names(again) == ["failed"]
    again.send(BIND)
    assert names(again) == ["iq"]


def test_a_client_without_stream_management_leaves_with_its_socket():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    bob.take()
    alice.drop()
    assert [one.get("type") for one in bob.stanzas()] == ["unavailable"]
    assert wire.decided[-1].data["reason"] == "dropped"
    assert wire.expected == []


def test_a_clean_end_is_no_absence():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    alice.send(CLOSE)
    assert wire.expected == []
    assert wire.core.rooms == {}


@pytest.mark.parametrize("grant", [fx.Grant("app1", "s1", "mallory"), fx.Grant("app2", "s1", "alice"), fx.GUEST])
def test_nobody_resumes_another(grant):
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    alice.drop()
    assert names(resume(wire, alice, 0, grant=grant)) == ["failed"]
    assert wire.core.rooms[KEY].get("alice1") is not None


def test_resuming_while_the_old_socket_lives_ends_the_old_one_and_keeps_the_occupant():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    handled = alice.handled
    alice.take()
    again = resume(wire, alice, handled)
    assert names(again) == ["resumed"]
    assert names(alice) == ["error", "close"]
    assert not alice.alive
    assert wire.core.rooms[KEY].get("alice1") is not None
    assert wire.expected == []


def test_acknowledging_more_than_was_sent_is_an_error():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    alice.take()
    alice.send('<a xmlns="urn:xmpp:sm:3" h="4000"/>')
    assert names(alice) == ["error", "close"]
    bob = wire.joined("bob", manage=True)
    bob.drop()
    assert names(resume(wire, bob, 4000, uid="bob")) == ["failed"]


def test_a_client_that_never_acknowledges_is_ended_before_it_fills_the_memory():
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    bob = wire.joined("bob")
    for _ in range(MAX_UNACKED):
        bob.presence()
        alice.frames.clear()
        bob.frames.clear()
        if not alice.alive:
            break
    assert not alice.alive
    assert bob.alive


def test_a_ledger_counts_across_the_wrap():
    ledger = Ledger("id", True, sent=2**32 - 2)
    for text in ("a", "b", "c"):
        ledger.count_out(text)
    assert ledger.sent == 1
    ledger.acknowledge(2**32 - 1)
    assert list(ledger.waiting()) == ["b", "c"]
    ledger.acknowledge(1)
    assert list(ledger.waiting()) == []
    with pytest.raises(StreamError):
        ledger.acknowledge(2)
