"""What holds whatever clients do: nothing raises, order is kept, apps and sessions stay apart, everybody agrees who is there."""

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from xmpp_wire import AUTH, BIND, CLOSE, DOMAIN, ENABLE, NS, OPEN, Wire, codes, who

from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.xml import StreamError, copy, make, parse, serialize

xml_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_.-]{0,8}", fullmatch=True)
attributes = st.dictionaries(names.filter(lambda name: not name.lower().startswith("xml")), xml_text, max_size=3)


@st.composite
def elements(draw, depth=2):
    children = draw(st.lists(elements(depth=depth - 1), max_size=2)) if depth else []
    namespace = draw(st.sampled_from(["jabber:client", "urn:x", "http://jabber.org/protocol/nick"]))
    return make(namespace, draw(names), draw(attributes), *children, text=draw(xml_text) or None)


fragments = st.sampled_from(
    [
        OPEN,
        AUTH,
        BIND,
        CLOSE,
        ENABLE,
        "<iq",
        "</iq>",
        "<!DOCTYPE x>",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "&x;",
        "<?xml?>",
        "\x00",
    ]
    + ['<resume xmlns="urn:xmpp:sm:3" previd="x" h="1"/>', '<a xmlns="urn:xmpp:sm:3" h="99999999999999999999"/>']
    + [f'<presence xmlns="jabber:client" to="s1@conference.{DOMAIN}/a" type="{kind}"/>' for kind in ("", "error", "x")]
    + [f'<message xmlns="jabber:client" to="{to}"><body/></message>' for to in (DOMAIN, "@", "/", "a@b@c/d/e", "")]
)
frames = st.one_of(fragments, st.text(max_size=40), st.lists(fragments, max_size=3).map("".join))


@given(st.lists(frames, max_size=12), st.booleans())
@settings(max_examples=300, deadline=None)
@example(["<a" + " b='c'" * 9], True)
def test_no_frame_of_a_client_raises_and_what_is_sent_back_is_well_formed(sent, log_in):
    wire = Wire()
    client = wire.joined("alice") if log_in else wire.socket()
    client.send(*sent)
    for frame in client.frames:
        etree.fromstring(frame)


@given(st.binary(max_size=60))
def test_parsing_gives_an_element_or_a_stream_error(data):
    with contextlib.suppress(StreamError):
        parse(data.decode("utf-8", "surrogateescape"))


@given(elements())
def test_an_element_survives_copying_and_writing(element):
    assert serialize(parse(serialize(copy(element)))) == serialize(element)


@given(st.lists(elements(), max_size=4))
@settings(deadline=None)
def test_presence_children_come_out_as_they_went_in(children):
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    bob.take()
    alice.presence("".join(serialize(child) for child in children))
    (told,) = bob.stanzas()
    assert told[-1].tag == f"{{{NS['muc']}}}x"
    told.remove(told[-1])
    assert [canonical(child) for child in told] == [canonical(child) for child in children]


def canonical(element):
    return element.tag, dict(element.attrib), element.text or "", [canonical(child) for child in element]


APPS, SESSIONS, USERS = ("one", "two"), ("s1", "s2"), ("ann", "ben")
steps = st.lists(
    st.tuples(
        st.sampled_from(["join", "say", "presence", "leave", "drop", "close", "peer", "kick", "end", "record"]),
        st.sampled_from(APPS),
        st.sampled_from(SESSIONS),
        st.sampled_from(USERS),
    ),
    max_size=30,
)


def play(wire, clients, step, number):
    """One step of a random session; returns what it marks, if it marks anything."""
    act, app, session, uid = step
    key, name = fx.RoomKey(app, session), (app, session, uid)
    client = clients.get(name)
    room = wire.core.rooms.get(key)
    mark = f"{app}.{session}.{number}"
    if act == "join" and (client is None or not client.alive):
        clients[name] = wire.bound(uid, session, app)
        clients[name].join(session, f"{app}{session}{uid}", f"<mark>{mark}</mark>")
    elif act == "say" and client is not None and client.alive:
        client.send(f'<message xmlns="jabber:client" type="groupchat" to="{client.room}"><mark>{mark}</mark></message>')
    elif act == "presence" and client is not None and client.alive:
        client.presence(f"<mark>{mark}</mark>")
    elif act in {"leave", "close"} and client is not None and client.alive:
        client.presence(kind="unavailable") if act == "leave" else client.send(CLOSE)
    elif act == "drop" and client is not None and client.alive:
        client.drop()
    elif act == "peer" and (room is None or room.get(f"{app}{session}{uid}p") is None):
        wire.peer(uid, session, app, nick=f"{app}{session}{uid}p")
    elif room is not None and act == "kick":
        wire.do(wire.core.remove(key, room.occupants[0].nick, "kicked"))
    elif room is not None and act == "end":
        wire.do(wire.core.end(key))
    elif room is not None and act == "record":
        wire.do(wire.core.record(key, on=room.recording is None))


def sees(client):
    """Who a client believes to be in its room, from the stanzas alone."""
    present = set()
    for frame in client.frames:
        told = etree.fromstring(frame)
        if told.tag != "{jabber:client}presence" or told.get("type") == "error":
            continue
        if told.get("type") is None:
            present.add(who(told))
        elif "110" in codes(told):
            present.clear()
        else:
            present.discard(who(told))
    return present - {"focus"}


@given(steps)
@settings(max_examples=150, deadline=None)
def test_apps_and_sessions_stay_apart_and_everybody_knows_who_is_there(plan):
    wire, clients = Wire(), {}
    everybody = []
    for number, step in enumerate(plan):
        play(wire, clients, step, number)
        everybody.extend(one for one in clients.values() if one not in everybody)
        for (app, session, _), client in clients.items():
            room = wire.core.rooms.get(fx.RoomKey(app, session))
            inside = {one.nick for one in room.occupants} if room is not None else set()
            if client.alive:
                assert sees(client) == (inside if client.nick in inside else set())
    for client in everybody:
        home = f"{client.nick[:3]}.{client.room.partition('@')[0]}."
        marks = [
            one.findtext("c:mark", namespaces=NS) for one in client.take() if one.tag.startswith("{jabber:client}")
        ]
        assert all(mark.startswith(home) for mark in marks if mark)
    for room in wire.core.rooms.values():
        assert room.participants
    joined = wire.names_decided().count("occupant_joined") - wire.names_decided().count("occupant_left")
    assert joined == sum(len(room.occupants) for room in wire.core.rooms.values())
    sessions = wire.names_decided().count("session_created") - wire.names_decided().count("session_ended")
    assert sessions == len(wire.core.rooms)


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from(["presence", "message"])), max_size=25))
@settings(deadline=None)
def test_every_recipient_gets_all_stanzas_in_the_order_in_which_they_were_sent(said):
    wire = Wire()
    clients = [wire.joined(uid) for uid in ("ann", "ben", "cal")]
    for client in clients:
        client.take()
    for number, (index, kind) in enumerate(said):
        client = clients[index]
        if kind == "presence":
            client.presence(f"<mark>{number}</mark>")
        else:
            head = f'type="groupchat" to="{client.room}"'
            client.send(f'<message xmlns="jabber:client" {head}><mark>{number}</mark></message>')
    expected = [(str(number), clients[index].nick) for number, (index, _) in enumerate(said)]
    for client in clients:
        assert [(one.findtext("c:mark", namespaces=NS), who(one)) for one in client.stanzas()] == expected


@given(st.data())
@settings(deadline=None)
def test_whatever_is_lost_on_the_way_a_resumed_client_gets_every_stanza_once_and_in_order(data):
    wire = Wire()
    alice = wire.joined("alice", manage=True)
    bob = wire.joined("bob")
    alice_line, heard, number = alice, [], 0
    handled = alice.handled - len([frame for frame in alice.frames if frame.startswith(("<presence", "<message"))])
    for _ in range(data.draw(st.integers(1, 4))):
        for _ in range(data.draw(st.integers(0, 8))):
            bob.presence(f"<mark>{number}</mark>")
            number += 1
        stanzas = alice_line.stanzas()
        arrived = data.draw(st.integers(0, len(stanzas)))
        heard.extend(stanzas[:arrived])
        handled += arrived
        alice_line.drop()
        bob.presence(f"<mark>{number}</mark>")
        number += 1
        again = wire.socket("alice")
        again.send(OPEN, AUTH, OPEN)
        again.take()
        again.send(f'<resume xmlns="urn:xmpp:sm:3" previd="{alice.previous}" h="{handled}"/>')
        alice_line = again
    heard.extend(alice_line.stanzas())
    marks = [mark for one in heard if (mark := one.findtext("c:mark", namespaces=NS)) is not None]
    assert marks == [str(one) for one in range(number)]


@pytest.mark.parametrize("uid", ["", "a'b\"<>&", "ünï"])
def test_uids_of_any_kind_do_not_break_a_presence(uid):
    wire = Wire()
    alice = wire.joined("alice")
    wire.peer(uid, nick="p")
    assert alice.take()
