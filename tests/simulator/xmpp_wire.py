"""Clients of the signalling core for tests: frames in, frames out, no socket. What each was sent is kept in order."""

import itertools
import uuid

from lxml import etree

from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.routing import Options
from testcall_simulator.xmpp.service import Service
from testcall_simulator.xmpp.virtual import Persona

DOMAIN = "localhost:8443"
OPEN = f'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="{DOMAIN}" version="1.0"/>'
AUTH = '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>'
BIND = '<iq xmlns="jabber:client" id="_bind_auth_2" type="set"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'
ENABLE = '<enable xmlns="urn:xmpp:sm:3" resume="true"/>'
CLOSE = '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>'
NS = {
    "c": "jabber:client",
    "muc": "http://jabber.org/protocol/muc#user",
    "err": "urn:ietf:params:xml:ns:xmpp-stanzas",
    "sm": "urn:xmpp:sm:3",
}


class Wire:
    """A service with clients. ``decided`` collects what the service decided, ``media`` what it wants of the bridge."""

    def __init__(self, options=None, **choices):
        numbers = itertools.count(1)
        self.core = Service(
            new_id=lambda: str(uuid.UUID(int=next(numbers) << 96, version=4)),
            now_ms=lambda: 1_750_000_000_000,
            options=options or Options(),
            **choices,
        )
        self.names = (f"s{number}" for number in itertools.count(1))
        self.clients = {}
        self.decided, self.media, self.expected, self.asked = [], [], [], []

    def do(self, effects):
        for effect in effects:
            match effect:
                case fx.Deliver(socket, text):
                    if self.clients[socket].alive:
                        self.clients[socket].frames.append(text)
                        self.clients[socket].handled += text.startswith(("<iq", "<presence", "<message"))
                case fx.Hangup(socket, _):
                    self.clients[socket].alive = False
                case fx.Decided():
                    self.decided.append(effect)
                case fx.Expect():
                    self.expected.append(effect)
                case fx.PeerAsked():
                    self.asked.append(effect)
                case _:
                    self.media.append(effect)
        for name, client in list(self.clients.items()):
            if not client.alive and not client.reported:
                client.reported = True
                self.do(self.core.lost(name))

    def socket(self, uid="alice", session="s1", app="app1", grant=True):
        name = next(self.names)
        client = self.clients[name] = Client(self, name)
        granted = fx.Grant(app, session, uid) if grant is True else grant
        self.do(self.core.opened(name, granted))
        return client

    def bound(self, uid="alice", session="s1", app="app1", manage=False, grant=True):
        client = self.socket(uid, session, app, grant)
        client.send(OPEN, AUTH, OPEN, BIND)
        client.jid = client.take()[-1].findtext(".//{*}jid")
        if manage:
            client.send(ENABLE)
            client.previous, client.handled = client.take()[-1].get("id"), 0
        return client

    def joined(self, uid="alice", session="s1", app="app1", nick=None, children="", manage=False):
        client = self.bound(uid, session, app, manage)
        client.join(session, nick or f"{uid}1", children)
        return client

    def peer(self, uid="bob", session="s1", app="app1", nick=None, **states):
        persona = Persona(nick or f"{uid}9", uid, uid.capitalize(), **states)
        self.do(self.core.join_virtual(fx.Grant(app, session, uid), persona))
        return persona

    def names_decided(self, *left_out):
        return [one.name for one in self.decided if one.name not in left_out]


class Client:
    """One socket of the wire."""

    def __init__(self, wire, name):
        self.wire, self.name = wire, name
        self.frames, self.alive, self.reported = [], True, False
        self.jid = self.previous = self.room = self.nick = None
        self.ids = itertools.count(1)
        self.handled = 0  # stanzas that came since stream management was enabled

    def send(self, *frames):
        for frame in frames:
            self.wire.do(self.wire.core.received(self.name, frame))
        return self

    def take(self):
        """All frames since the last time, parsed; stream management left in."""
        frames, self.frames = self.frames, []
        return [etree.fromstring(frame) for frame in frames]

    def stanzas(self):
        return [one for one in self.take() if one.tag.startswith("{jabber:client}")]

    def iq(self, kind, to, payload):
        number = f"i{next(self.ids)}"
        self.send(f'<iq xmlns="jabber:client" id="{number}" type="{kind}" to="{to}">{payload}</iq>')
        return number

    def ask(self, kind, to, payload):
        """The answer to an IQ; the other stanzas that came are put back."""
        number = self.iq(kind, to, payload)
        mine = [frame for frame in self.frames if f'id="{number}"' in frame]
        assert len(mine) == 1, self.frames
        self.frames.remove(mine[0])
        return etree.fromstring(mine[0])

    def conference(self, session):
        payload = f'<conference xmlns="http://jitsi.org/protocol/focus" room="{session}@conference.{DOMAIN}"/>'
        return self.ask("set", f"focus.{DOMAIN}", payload)

    def join(self, session, nick, children=""):
        self.conference(session)
        self.room, self.nick = f"{session}@conference.{DOMAIN}", nick
        self.presence('<x xmlns="http://jabber.org/protocol/muc"/>' + children)
        return self

    def presence(self, children="", kind=None):
        about = f' type="{kind}"' if kind else ""
        return self.send(f'<presence xmlns="jabber:client" to="{self.room}/{self.nick}"{about}>{children}</presence>')

    def drop(self):
        self.alive, self.reported = False, True
        self.wire.do(self.wire.core.lost(self.name))


def codes(presence):
    """Status codes of a presence."""
    return [status.get("code") for status in presence.iterfind("muc:x/muc:status", NS)]


def condition(stanza):
    """The condition of an error stanza."""
    assert stanza.get("type") == "error", etree.tostring(stanza)
    return etree.QName(stanza.find("c:error", NS)[0]).localname


def who(stanza):
    """The nick that a stanza comes from."""
    return stanza.get("from").partition("/")[2]
