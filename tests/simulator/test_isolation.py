"""Apps and sessions are apart: every route and every kind of stanza is tried from one app at another whose data is marked.

Nothing that comes back bears the mark, and nothing of the other app is changed by it.
"""

import itertools

import httpx
import pytest
from xmpp_wire import DOMAIN, Wire

from testcall_simulator import Simulator, World, captures, ring_service
from testcall_simulator.calls import Line
from testcall_simulator.http.routes import ROUTES
from testcall_simulator.openapi import path_of
from testcall_simulator.xmpp.effects import GUEST

MARK = "m4rk"
BODIES = [
    {},
    {"sessionId": "s1"},
    {"receiver": "alice", "receiverType": "user", "type": "audio"},
    {"receiver": "team", "receiverType": "group", "type": "audio"},
    {"status": "ongoing"},
    {"status": "ended"},
    {
        "uid": "new",
        "name": "New",
        "permanent": True,
        "uidsToActivate": ["alice", "only"],
        "participants": ["alice", "only"],
    },
    {"guid": "new", "name": "New", "type": "public", "owner": "only", "triggerIds": ["call_started"]},
    {"id": "new", "name": "New", "webhookURL": "http://127.0.0.1:1/", "enabled": False},
]
"""What may be in a body that is aimed at the other app; what doesn't fit a route is refused there, which is an answer too."""


def filled(world, app_id, mark):
    """An app in which there is something of everything. The other app has all names of this one, and some of its own."""
    world.add_app(app_id)
    own = ["only"] if mark else []
    for uid in ("alice", "bob", *own):
        world.add_user(uid, f"{uid}-{mark}", app_id=app_id, metadata={"about": mark}, avatar=f"https://{mark}.invalid/")
    for guid in ("team", *own):
        world.add_group(guid, ["alice", "bob"], name=f"{guid}-{mark}", app_id=app_id)
    for webhook in ("hook", *own):
        world.add_webhook(webhook, f"http://127.0.0.1:1/{mark}", app_id=app_id)
    for session in ("s1", *own):
        world.enter(app_id, session, "alice", device_id=mark)
        captures.begin(world, f"{app_id}-{session}", "transcript")
        captures.hear(world, f"{app_id}-{session}", Line(0, "alice", mark, mark))
        captures.end(world, app_id, session, f"{app_id}-{session}")
    if mark:
        caller = world.user("alice", app_id)
        ring_service.initiate(world, caller, "bob", type="audio", metadata={"about": mark})


@pytest.fixture(scope="module")
def place():
    world = World()
    filled(world, "mine", "")
    filled(world, "theirs", MARK)
    sim = Simulator(world=world.begin())
    with httpx.Client(transport=sim.transport()) as http:
        yield sim, http, world.snapshot()


def state(world, app_id):
    """All that an app has."""
    tokens = [token for user in world.users_of(app_id).values() for token in world.auth_tokens_of(user)]
    groups, webhooks = world.ringing.groups_of(app_id), world.webhooks.of(app_id)
    return world.users_of(app_id), tokens, groups, webhooks, world.calls_of(app_id), world.apps[app_id]


def parts(world, theirs):
    """What stands for the parts of a path: names of the other app, or names that both have."""
    token = world.user("alice", "theirs").auth_token
    name = "only" if theirs else None
    found = {"uid": name or "alice", "guid": name or "team", "sessionId": name or "s1", "webhookId": name or "hook"}
    return {**found, "authToken": token, "file": "recording.mp4"}


def headers_of(world, route):
    """Credentials of the own app, in every header that one may try them in."""
    alice = world.user("alice", "mine")
    keys = [("apikey", world.key_of("mine", "fullAccess")), ("key", world.key_of("mine", "fullAccess"))]
    both = dict([*keys, ("secret", world.key_of("mine", "fullAccess"))])
    tokens = {"authToken": alice.auth_token, "callToken": world.issue_call_token(alice, "s1")}
    yield from (
        both,
        tokens,
        {**both, "onBehalfOf": "only"},
        {**tokens, "appId": "theirs"},
        {**both, "appId": "theirs"},
    )


BASES = {
    "by path, own app": lambda route, known: path_of(route).format(appId="mine", **known),
    "by path, other app": lambda route, known: path_of(route).format(appId="theirs", **known),
    "by name, no app": lambda route, known: (
        f"https://{NAMES[route.surface]}.localhost" + route.path.format(appId="theirs", **known)
    ),
    "by name, other app": lambda route, known: (
        f"https://theirs.{NAMES[route.surface]}.localhost" + route.path.format(appId="theirs", **known)
    ),
}
NAMES = {
    "call": "calls",
    "api": "api",
    "apiclient": "client",
    "metrics": "metrics",
    "xmpp": "xmpp",
    "management": "apimgmt",
    "files": "files",
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_no_route_shows_or_changes_another_app(place, route):
    sim, http, before = place
    untouched = state(sim.world, "theirs")
    for build, theirs in itertools.product(BASES.values(), (True, False)):
        sim.world.restore(before)
        url = build(route, parts(sim.world, theirs))
        for headers in list(headers_of(sim.world, route)):
            for body in BODIES if route.body is not None else [{}]:
                answer = http.request(
                    route.method, httpx.URL("http://127.0.0.1:80").join(url), headers=headers, json=body
                )
                assert MARK not in answer.text, (url, headers, body)
                assert MARK not in str(answer.headers), (url, headers)
                assert answer.status_code < 500
        assert state(sim.world, "theirs") == untouched
    sim.world.restore(before)


def test_the_mark_is_seen_by_whom_it_belongs_to(place):
    """Else the test above could not fail."""
    sim, http, _ = place
    seen = 0
    for route in ROUTES:
        if route.method != "GET" or not route.credentials:
            continue
        alice = sim.world.user("alice", "theirs")
        own = {"apikey": sim.world.key_of("theirs", "fullAccess"), "authToken": alice.auth_token}
        account = {"key": sim.world.management_key, "secret": sim.world.management_secret}
        url = path_of(route).format(appId="theirs", **parts(sim.world, True))
        for headers in (own, {"authToken": alice.auth_token}, account):
            seen += MARK in http.get("http://127.0.0.1" + url, headers=headers).text
    assert seen >= 15


# --- stanzas

ROOM = f"s1@conference.{DOMAIN}"
IQS = {
    "ping": ("get", '<ping xmlns="urn:xmpp:ping"/>'),
    "disco info": ("get", '<query xmlns="http://jabber.org/protocol/disco#info"/>'),
    "disco items": ("get", '<query xmlns="http://jabber.org/protocol/disco#items"/>'),
    "extdisco": ("get", '<services xmlns="urn:xmpp:extdisco:2"/>'),
    "conference": ("set", f'<conference xmlns="http://jitsi.org/protocol/focus" room="{ROOM}"/>'),
    "owner form": ("get", '<query xmlns="http://jabber.org/protocol/muc#owner"/>'),
    "owner set": ("set", '<query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query>'),
    "kick": ("set", '<query xmlns="http://jabber.org/protocol/muc#admin"><item nick="vic1" role="none"/></query>'),
    "grant": (
        "set",
        '<query xmlns="http://jabber.org/protocol/muc#admin"><item jid="{jid}" affiliation="owner"/></query>',
    ),
    "members": ("get", '<query xmlns="http://jabber.org/protocol/muc#admin"><item affiliation="owner"/></query>'),
    "mute audio": ("set", f'<mute xmlns="http://jitsi.org/jitmeet/audio" jid="{ROOM}/vic1">true</mute>'),
    "mute video": ("set", f'<mute xmlns="http://jitsi.org/jitmeet/video" jid="{ROOM}/vic1">true</mute>'),
    "record": ("set", '<jibri xmlns="http://jitsi.org/protocol/jibri" action="start" recording_mode="file"/>'),
    "stream": ("set", '<jibri xmlns="http://jitsi.org/protocol/jibri" action="start" recording_mode="stream"/>'),
    "transcribe": ("set", '<dial xmlns="urn:xmpp:rayo:1"/>'),
    "jingle": ("set", '<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="s"/>'),
    "terminate": ("set", '<jingle xmlns="urn:xmpp:jingle:1" action="session-terminate" sid="s"/>'),
    "session": ("set", '<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>'),
    "bind": ("set", '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>'),
}
OTHERS = {
    "join": '<presence to="{to}"><x xmlns="http://jabber.org/protocol/muc"/></presence>',
    "join as a guest": '<presence to="{to}"><x xmlns="http://jabber.org/protocol/muc"/><initial_config app_id="app2"/></presence>',
    "presence": '<presence to="{to}"><nick xmlns="http://jabber.org/protocol/nick">x</nick></presence>',
    "leave": '<presence to="{to}" type="unavailable"/>',
    "subscribe": '<presence to="{to}" type="subscribe"/>',
    "probe": '<presence to="{to}" type="probe"/>',
    "groupchat": '<message to="{to}" type="groupchat"><body>x</body></message>',
    "subject": '<message to="{to}" type="groupchat"><subject>x</subject></message>',
    "private": '<message to="{to}" type="chat"><body>x</body></message>',
    "json": '<message to="{to}" type="groupchat"><json-message xmlns="http://jitsi.org/jitmeet">{{}}</json-message></message>',
    "end for all": '<message to="{to}"><end_conference/></message>',
    "invite": '<message to="{to}"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="a@b"/></x></message>',
}
STANZAS = {
    **{f"iq {name}": f'<iq id="1" type="{kind}" to="{{to}}">{inside}</iq>' for name, (kind, inside) in IQS.items()},
    **OTHERS,
}
TO = [
    "",
    DOMAIN,
    f"focus.{DOMAIN}",
    f"conference.{DOMAIN}",
    f"endconference.{DOMAIN}",
    ROOM,
    f"{ROOM}/focus",
    f"{ROOM}/vic1",
    "{jid}",
]


def theirs(wire):
    return {key: room for key, room in wire.core.rooms.items() if key.app_id == "app2"}


@pytest.mark.parametrize("inside", ["in a session of the same name", "in another session", "a guest", "not bound"])
@pytest.mark.parametrize("name", STANZAS)
def test_no_stanza_shows_or_changes_another_session(name, inside):
    wire = Wire()
    secret = f"<secret>{MARK}</secret>"
    victim = wire.joined("vera", "s1", app="app2", nick="vic1", children=secret, manage=True)
    second = wire.joined("vito", "s1", app="app2", nick="vic2", children=secret)
    second.send(f'<message xmlns="jabber:client" to="{ROOM}" type="groupchat"><subject>{MARK}</subject></message>')
    if inside == "in a session of the same name":
        attacker = wire.joined("mal", "s1", app="app1", nick="mal1")
    elif inside == "in another session":
        attacker = wire.joined("mal", "s9", app="app1", nick="mal1")
    elif inside == "a guest":
        wire.joined(
            "bob", "s1", app="app1", nick="bob1"
        )  # else a guest may enter the only session of that name: SDK 4's screens
        attacker = wire.bound("", grant=GUEST)
    else:
        attacker = wire.socket("mal", "s1", app="app1")
    before = theirs(wire)
    for one in wire.clients.values():
        one.take()
    if inside == "a guest" and name == "join as a guest":
        return  # it names the app, and may
    for to in (address.format(jid=victim.jid) for address in TO):
        stanza = STANZAS[name].replace("{to}", to).replace("{jid}", victim.jid).replace("{{}}", "{}")
        attacker.send(stanza.replace(" ", ' xmlns="jabber:client" ', 1))
    assert MARK not in "".join(attacker.frames)
    assert "vera" not in "".join(attacker.frames)
    assert (victim.frames, second.frames) == ([], [])
    assert theirs(wire) == before
