"""Namespaces and addresses of the signalling. Every name that a client must match stands here once."""

from __future__ import annotations

from dataclasses import dataclass

CLIENT = "jabber:client"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
"""RFC 7395: ``<open/>`` and ``<close/>``."""
STREAM = "http://etherx.jabber.org/streams"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
SESSION = "urn:ietf:params:xml:ns:xmpp-session"
SM = "urn:xmpp:sm:3"
"""XEP-0198, stream management."""
PING = "urn:xmpp:ping"
DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
EXTDISCO = "urn:xmpp:extdisco:2"
DATA_FORM = "jabber:x:data"
MUC = "http://jabber.org/protocol/muc"
MUC_USER = "http://jabber.org/protocol/muc#user"
MUC_OWNER = "http://jabber.org/protocol/muc#owner"
MUC_ADMIN = "http://jabber.org/protocol/muc#admin"
MUC_ROOMCONFIG = "http://jabber.org/protocol/muc#roomconfig"
MUC_ROOMINFO = "http://jabber.org/protocol/muc#roominfo"
NICK = "http://jabber.org/protocol/nick"
FOCUS = "http://jitsi.org/protocol/focus"
JIBRI = "http://jitsi.org/protocol/jibri"
JINGLE = "urn:xmpp:jingle:1"
RAYO = "urn:xmpp:rayo:1"
TRANSCRIBER = "http://jitsi.org/protocol/transcriber"
MUTE = {"audio": "http://jitsi.org/jitmeet/audio", "video": "http://jitsi.org/jitmeet/video"}
"""Namespaces of ``<mute/>``, by kind of media."""
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

CLOSE = f'<close xmlns="{FRAMING}" />'
"""The end of a stream. The SDK's library compares it as a string: exactly one space before ``/>``, else it waits 3 s."""

FOCUS_NICK = "focus"
"""Resource of the focus in every room; Jingle from any other address is refused by the SDK."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The components of one XMPP domain, as a client that speaks to that domain sees them.

    One service answers for several domains at once (a region's host, ``localhost:PORT`` with and without TLS), so addresses
    are made per recipient.
    """

    domain: str

    @property
    def rooms(self) -> str:
        """The MUC component."""
        return f"conference.{self.domain}"

    @property
    def focus(self) -> str:
        """The component that answers conference requests."""
        return f"focus.{self.domain}"

    @property
    def focus_user(self) -> str:
        """Bare real JID of the focus occupant: the ``focusjid`` of a conference answer."""
        return f"focus@auth.{self.domain}"

    @property
    def end_conference(self) -> str:
        """The component that ends a session for all."""
        return f"endconference.{self.domain}"

    @property
    def recorder(self) -> str:
        """Domain of recorders' real JIDs: the ``hiddenDomain`` of a client's configuration."""
        return f"recorder.{self.domain}"

    def room(self, name: str, nick: str | None = None) -> str:
        """JID of a room, or of an occupant in it."""
        return f"{name}@{self.rooms}" + (f"/{nick}" if nick is not None else "")


@dataclass(frozen=True, slots=True)
class Jid:
    """A JID in parts; absent parts are empty."""

    local: str
    domain: str
    resource: str

    @property
    def bare(self) -> str:
        """The JID without resource."""
        return f"{self.local}@{self.domain}" if self.local else self.domain


def jid(text: str) -> Jid:
    """Split a JID (RFC 7622 §3.2): the first ``/`` starts the resource, the first ``@`` before it ends the local part."""
    bare, _, resource = text.partition("/")
    local, at, domain = bare.partition("@")
    return Jid(local, domain, resource) if at else Jid("", bare, resource)
