"""A hostile client: whatever it sends, in whatever order, the service lives, answers or closes, and gives nothing away.

The attacker holds a token of one session. The victims sit in another session of the same app and in a session of the same
name of another app; a bystander sits with the attacker. All of it against the core, without sockets; a few also over one.
"""

import asyncio
import contextlib
import random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from lxml import etree
from xmpp_wire import AUTH, BIND, CLOSE, DOMAIN, ENABLE, OPEN, Wire

from testcall_simulator.errors import SimulatorError
from testcall_simulator.jingle import JingleError, read_jingle
from testcall_simulator.xmpp.xml import MAX_FRAME, StreamError, parse

SECRET, MARK = "hush-hush", "from-the-attacker"
VICTIM_NICK = "v1ct1m00"
ROOMS = [f"{name}@conference.{DOMAIN}" for name in ("s1", "s2", "s3")]
ADDRESSES = [
    "", DOMAIN, f"focus.{DOMAIN}", f"conference.{DOMAIN}", f"endconference.{DOMAIN}", f"auth.{DOMAIN}", "elsewhere.example",
    *ROOMS, *(f"{room}/{nick}" for room in ROOMS for nick in ("focus", "att1", "by1", "peer9", VICTIM_NICK, "x/y@z", "")),
    "@", "/", "a@b@c/d/e", "\u00e9@\u00e9/\u00e9", "x" * 2000,
]  # fmt: skip
NAMESPACES = [
    "jabber:client", "jabber:server", "", "urn:x", "urn:xmpp:ping", "urn:xmpp:jingle:1", "urn:xmpp:sm:3",
    "http://jabber.org/protocol/muc", "http://jabber.org/protocol/muc#user", "http://jabber.org/protocol/muc#owner",
    "http://jabber.org/protocol/muc#admin", "http://jabber.org/protocol/disco#info", "http://jitsi.org/protocol/focus",
    "http://jabber.org/protocol/disco#items", "http://jitsi.org/protocol/jibri", "http://jitsi.org/jitmeet/audio",
    "urn:ietf:params:xml:ns:xmpp-bind", "urn:ietf:params:xml:ns:xmpp-sasl", "urn:ietf:params:xml:ns:xmpp-framing",
    "http://etherx.jabber.org/streams", "urn:xmpp:extdisco:2", "jabber:x:data", "http://jabber.org/protocol/nick",
]  # fmt: skip
NAMES = [
    "iq", "presence", "message", "x", "query", "jingle", "mute", "jibri", "conference", "end_conference", "ping", "bind", "item",
    "session", "enable", "resume", "r", "a", "open", "close", "auth", "response", "abort", "body", "subject", "SourceInfo",
    "user-info", "user_object", "nick", "initial_config", "stats-id", "content", "services", "destroy", "error", "features",
]  # fmt: skip
VALUES = [
    "set", "get", "result", "error", "groupchat", "chat", "unavailable", "subscribe", "true", "start", "stop", "file", "owner",
    "none", "participant", "session-initiate", "session-accept", "session-terminate", "1", "-1", "99999999999999999999", MARK, "",
]  # fmt: skip
KEYS = [
    "type",
    "id",
    "to",
    "from",
    "jid",
    "room",
    "nick",
    "role",
    "affiliation",
    "action",
    "sid",
    "h",
    "previd",
    "recording_mode",
]
TEXTS = ["", "true", "{", '{"uid":"alice"}', "[" * 500, '{"a-a0":{"muted":0}}', MARK, "\ud7ff\U0010ffff", "]]>"]


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@st.composite
def elements(draw, depth=2, names=NAMES, namespaces=NAMESPACES):
    """Elements of the protocol, put together wrongly."""
    name, namespace = draw(st.sampled_from(names)), draw(st.sampled_from(namespaces))
    given = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES + ADDRESSES), max_size=4))
    inside = draw(st.lists(elements(depth=depth - 1), max_size=2)) if depth else []
    about = "".join(f' {key}="{escaped(value)}"' for key, value in given.items())
    text = escaped(draw(st.sampled_from(TEXTS)))
    return f'<{name} xmlns="{namespace}"{about}>{text}{"".join(inside)}</{name}>'


@st.composite
def requests(draw):
    """An IQ request as the rules want it, with anything inside, to anybody."""
    kind, to = draw(st.sampled_from(["get", "set"])), draw(st.sampled_from(ADDRESSES))
    inside = draw(st.lists(elements(depth=1), max_size=2))
    return "request", kind, to, "".join(inside)


stanzas = elements(names=["iq", "presence", "message"], namespaces=["jabber:client"])
handshake = st.sampled_from([OPEN, AUTH, BIND, ENABLE, CLOSE, OPEN.replace(DOMAIN, "elsewhere.example")])
rubbish = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["<", "<a", "<a/><b/>", "</a>", "<a b=c/>", "<a>&x;</a>", "\ufeff<a/>", "\x00", " ", "<?xml?><a/>"]
    ),
    stanzas.flatmap(lambda text: st.integers(0, len(text)).map(lambda cut: text[:cut])),
)
last_words = st.one_of(elements(), handshake, rubbish)
plans = st.tuples(
    st.lists(st.one_of(requests(), requests(), stanzas), max_size=8), st.lists(last_words, max_size=3)
).map(lambda parts: parts[0] + parts[1])
"""Last comes what ends a stream at once: before it there is something to end."""


class Scene:
    """Who is there when the attack begins."""

    def __init__(self, logged_in, p2p):
        self.wire = Wire(p2p=lambda app_id: p2p)
        secret = f"<secret>{SECRET}</secret>"
        self.victims = [
            self.wire.joined("vera", "s2", nick=VICTIM_NICK, children=secret, manage=True),
            self.wire.joined("vera", "s1", app="app2", nick=VICTIM_NICK, children=secret, manage=True),
        ]
        self.bystander = self.wire.joined("bob", "s1", nick="by1")
        self.wire.peer("pia", "s1", nick="peer9")
        self.attacker = self.wire.socket("mal", "s1") if not logged_in else self.wire.joined("mal", "s1", nick="att1")
        self.before = self.state()
        for client in self.wire.clients.values():
            client.take()

    def state(self):
        """The other sessions, as the service has them."""
        return [room for key, room in sorted(self.wire.core.rooms.items()) if (key.app_id, key.name) != ("app1", "s1")]

    def do(self, number, act):
        """Send one frame; the id of the answer that has to come, if one has to."""
        if isinstance(act, str):
            self.attacker.send(act)
            return None
        _, kind, to, inside = act
        about = f' to="{escaped(to)}"' if to else ""
        self.attacker.send(f'<iq xmlns="jabber:client" id="fuzz-{number}" type="{kind}"{about}>{inside}</iq>')
        return f"fuzz-{number}"


@given(plans, st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_a_client_sends_is_answered_or_ends_it_and_reaches_no_other_session(plan, logged_in, p2p):
    scene = Scene(logged_in, p2p)
    attacker = scene.attacker
    for number, act in enumerate(plan):
        ready = attacker.alive and logged_in
        waits_for = scene.do(number, act)
        answers = [one for one in map(etree.fromstring, attacker.frames) if one.get("id") == waits_for is not None]
        if waits_for and ready and attacker.alive and not_relayed(act, scene):
            assert [one.get("type") in {"result", "error"} for one in answers] == [True], act
            event("answered")
        elif not attacker.alive:
            assert CLOSE_NAME in attacker.frames[-1]
            event("closed")
    seen = "".join(attacker.frames)
    assert SECRET not in seen
    assert "vera" not in seen
    for victim in scene.victims:
        assert victim.alive
        assert victim.frames == []
    assert scene.state() == scene.before
    assert all(etree.fromstring(frame) is not None for frame in scene.bystander.frames)
    assert scene.bystander.ask("get", DOMAIN, '<ping xmlns="urn:xmpp:ping"/>').get("type") == "result"


@given(st.lists(requests(), min_size=1, max_size=8), st.booleans())
@settings(deadline=None)
def test_every_request_is_answered_exactly_once_unless_another_client_has_to_answer_it(plan, p2p):
    scene = Scene(True, p2p)
    for number, request in enumerate(plan):
        scene.do(number, request)
    assert scene.attacker.alive
    answered = [one.get("id") for one in scene.attacker.stanzas() if one.get("type") in {"result", "error"}]
    assert [one for one in answered if one.startswith("fuzz-")] == [
        f"fuzz-{number}" for number, request in enumerate(plan) if not_relayed(request, scene)
    ]


CLOSE_NAME = "<close "


def not_relayed(act, scene):
    """Whether the service itself has to answer: a request to another client is that client's to answer."""
    _, _, to, inside = act
    relayed = {f"s1@conference.{DOMAIN}/{client.nick}" for client in (scene.bystander, scene.attacker)}
    return to not in relayed or not inside


@given(st.permutations([OPEN, AUTH, OPEN, BIND]))
@settings(deadline=None)
def test_a_login_in_any_other_order_ends_the_stream(order):
    client = Wire().socket()
    client.send(*order)
    right = order == [OPEN, AUTH, OPEN, BIND]
    assert client.alive is right
    if not right:
        assert "urn:ietf:params:xml:ns:xmpp-streams" in "".join(client.frames)
        assert CLOSE_NAME in client.frames[-1]


BOMB = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
HOSTILE = {
    "a nest of entities": BOMB + '<iq xmlns="jabber:client">&c;</iq>',
    "an entity of a file": '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><iq xmlns="jabber:client">&a;</iq>',
    "a parameter entity": '<!DOCTYPE a [<!ENTITY % a SYSTEM "http://elsewhere.example/x"> %a;]><iq xmlns="jabber:client"/>',
    "an external type": '<!DOCTYPE a SYSTEM "http://elsewhere.example/x.dtd"><iq xmlns="jabber:client"/>',
    "a bomb behind a declaration": '<?xml version="1.0"?>' + BOMB + "<a>&c;</a>",
    "a stylesheet": '<?xml-stylesheet href="http://elsewhere.example/"?><iq xmlns="jabber:client"/>',
    "a comment": '<iq xmlns="jabber:client"><!-- --></iq>',
    "an inclusion": '<!--x--><x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
    "too long": f'<message xmlns="jabber:client"><body>{"x" * MAX_FRAME}</body></message>',
    "too deep": '<message xmlns="jabber:client">' + "<a>" * 30_000 + "</a>" * 30_000 + "</message>",
    "attributes that repeat": '<iq xmlns="jabber:client" id="1" id="2"/>',
    "an unbound prefix": '<iq xmlns="jabber:client"><a:b/></iq>',
    "no character at all": '<iq xmlns="jabber:client">&#0;</iq>',
    "half a character": '<iq xmlns="jabber:client">\ud800</iq>',
    "two roots": '<iq xmlns="jabber:client"/><iq xmlns="jabber:client"/>',
}


@pytest.mark.parametrize("frame", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("logged_in", [True, False], ids=["logged in", "at the door"])
def test_hostile_xml_ends_the_stream_of_its_sender_and_of_nobody_else(frame, logged_in):
    scene = Scene(logged_in, p2p=True)
    scene.attacker.send(frame)
    assert not scene.attacker.alive
    assert CLOSE_NAME in scene.attacker.frames[-1]
    assert "root:" not in "".join(scene.attacker.frames)
    assert all(client.alive for client in (*scene.victims, scene.bystander))


WIDE = {
    "many attributes": "<x " + " ".join(f'a{number}="1"' for number in range(5000)) + "/>",
    "many children": "<x>" + "<a/>" * 20_000 + "</x>",
    "many namespaces": "".join(f'<a xmlns="urn:n{number}"/>' for number in range(5000)),
    "a long name": f"<{'a' * 50_000}/>",
    "deep json": f"<user-info>{'[' * 50_000}</user-info>",
    "huge numbers": f"<SourceInfo>{{&quot;a-v0&quot;:{'9' * 50_000}}}</SourceInfo>",
}


@pytest.mark.parametrize("children", WIDE.values(), ids=WIDE)
def test_what_is_large_but_allowed_is_relayed_and_does_no_harm(children):
    scene = Scene(True, p2p=False)
    scene.attacker.presence(children)
    assert scene.attacker.alive
    assert [one.tag for one in scene.bystander.stanzas()] == ["{jabber:client}presence"]


CALLS = ["iq", "presence", "message"]


@pytest.mark.parametrize("room", ["s2", "s1"])
@pytest.mark.parametrize("nick", ["", "/focus", f"/{VICTIM_NICK}"])
@pytest.mark.parametrize("kind", CALLS)
def test_no_stanza_reaches_another_session_or_tells_who_is_there(room, nick, kind):
    """For s1 the attacker is of another app, in a session of the same name."""
    scene = Scene(True, p2p=True)
    if room == "s1":
        scene.attacker = scene.wire.bound("mal", "s9", app="app1")
        scene.victims = scene.victims[1:]
    to = f"{room}@conference.{DOMAIN}{nick}"
    inside = {
        "iq": '<query xmlns="http://jabber.org/protocol/disco#items"/>',
        "presence": "",
        "message": "<body>x</body>",
    }[kind]
    about = {"iq": ' type="get"', "presence": "", "message": ' type="groupchat"'}[kind]
    scene.attacker.send(f'<{kind} xmlns="jabber:client" id="1" to="{to}"{about}>{inside}</{kind}>')
    (answer,) = [one for one in scene.attacker.stanzas() if one.get("id") == "1"]
    assert answer.get("type") == "error"
    assert VICTIM_NICK not in etree.tostring(answer, encoding="unicode").replace(to, "")
    assert all(victim.frames == [] for victim in scene.victims)


@given(elements(names=["resume", "enable", "a", "r"], namespaces=["urn:xmpp:sm:3"]), st.booleans())
@settings(deadline=None)
def test_nobody_takes_over_the_stream_of_another(frame, guess):
    scene = Scene(False, p2p=False)
    victim = scene.victims[0]
    victim.drop()
    scene.attacker.send(OPEN, AUTH, OPEN)
    scene.attacker.take()
    known = f'<resume xmlns="urn:xmpp:sm:3" previd="{victim.previous}" h="0"/>'
    scene.attacker.send(known if guess else frame)
    assert "resumed" not in "".join(scene.attacker.frames)
    assert SECRET not in "".join(scene.attacker.frames)


@given(
    elements(
        depth=3, names=["content", "description", "transport", "source", "candidate", "payload-type", "rtp-hdrext"]
    )
)
@settings(deadline=None)
def test_jingle_of_any_kind_is_read_or_refused_in_one_line(inside):
    text = f'<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="s">{inside}</jingle>'
    for namespace in ("urn:xmpp:jingle:1", "urn:xmpp:jingle:apps:rtp:1", "urn:xmpp:jingle:transports:ice-udp:1"):
        with contextlib.suppress(JingleError, StreamError):
            read_jingle(parse(text.replace('xmlns="urn:x"', f'xmlns="{namespace}"')))


@pytest.mark.parametrize(
    "inside",
    [
        '<payload-type id="1" name="opus" clockrate="48000" channels="two"/>',
        '<payload-type id="one" name="opus" clockrate="48000"/>',
        '<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="x"/>',
        '<ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="FID"><source ssrc="x"/></ssrc-group>',
        '<rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="x" uri="u"/>',
    ],
)
def test_numbers_that_are_none_are_refused_by_name(inside):
    description = f'<description xmlns="urn:xmpp:jingle:apps:rtp:1" media="audio">{inside}</description>'
    with pytest.raises(JingleError, match="must be a whole number"):
        read_jingle(jingle(f'<content name="audio">{description}</content>'))


@pytest.mark.parametrize("wrong", ['component="x"', 'port="x"', 'priority=""', 'rel-addr="1.2.3.4" rel-port="x"'])
def test_candidates_with_numbers_that_are_none_are_refused_by_name(wrong):
    good = {
        "component": 1,
        "priority": 1,
        "port": 9,
        "foundation": 1,
        "ip": "127.0.0.1",
        "protocol": "udp",
        "type": "host",
    }
    about = " ".join(f'{name}="{value}"' for name, value in good.items() if f"{name}=" not in wrong.split(" ")[0])
    transport = f'<transport xmlns="urn:xmpp:jingle:transports:ice-udp:1"><candidate {about} {wrong}/></transport>'
    with pytest.raises(JingleError, match="must be a whole number"):
        read_jingle(jingle(f'<content name="audio">{transport}</content>'))


def jingle(inside):
    return etree.fromstring(f'<jingle xmlns="urn:xmpp:jingle:1" action="session-accept" sid="s">{inside}</jingle>')


# --- over sockets


async def test_bytes_of_any_kind_close_their_own_socket_and_the_service_goes_on():
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    from testcall_simulator.simulator import Simulator

    noise = random.Random(5)
    async with Simulator() as sim:
        address = sim.addresses.plain_xmpp

        async def attack(frames):
            async with connect(address, subprotocols=["xmpp"]) as socket:
                with contextlib.suppress(ConnectionClosed):
                    for frame in frames:
                        await socket.send(frame)
                    async with asyncio.timeout(20):
                        while True:
                            await socket.recv()
                assert socket.close_code is not None

        blobs = [[noise.randbytes(size)] for size in (0, 1, 7, 4096, 300_000)]
        texts = [["x" * 2_000_000], ["\x00"], [OPEN.replace("localhost:8443", "nowhere")], [OPEN, b"\xff\xfe"]]
        await asyncio.gather(*(attack(frames) for frames in [*blobs, *texts]))
        peer = await sim.join_peer("s1", "bob")
        assert sim.occupants("s1") == {peer.nick: "bob"}
        with pytest.raises(SimulatorError):
            await sim.kick("s1", "nobody")
