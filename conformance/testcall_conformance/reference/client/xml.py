"""Stanzas as text and as elements: the client's own writer and reader, nothing shared with the service.

Writing yields text, so that what is sent is exactly what stands here; reading is lxml without entities, DTDs or network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from testcall_conformance.reference.client.failure import CallFailure

CLIENT = "jabber:client"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"  # RFC 7395
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
SESSION = "urn:ietf:params:xml:ns:xmpp-session"
SM = "urn:xmpp:sm:3"
PING = "urn:xmpp:ping"
DISCO = "http://jabber.org/protocol/disco#info"
EXTDISCO = "urn:xmpp:extdisco:2"
MUC = "http://jabber.org/protocol/muc"
MUC_USER = "http://jabber.org/protocol/muc#user"
NICK = "http://jabber.org/protocol/nick"
FOCUS = "http://jitsi.org/protocol/focus"
JIBRI = "http://jitsi.org/protocol/jibri"
JINGLE = "urn:xmpp:jingle:1"
JITSI = "http://jitsi.org/jitmeet"
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"


def tag(name: str, attributes: Mapping[str, str | None] | None = None, *children: str, text: str = "") -> str:
    """One element as text. ``xmlns`` is an attribute like any other; attributes that are ``None`` are left out."""
    head = "".join(f" {key}={quoteattr(value)}" for key, value in (attributes or {}).items() if value is not None)
    body = escape(text) + "".join(children)
    return f"<{name}{head}>{body}</{name}>" if body else f"<{name}{head}/>"


def parse(text: str) -> etree._Element:
    """The element in one frame; :class:`CallFailure` ``bad_response`` when it is no well-formed XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise CallFailure("bad_response", f"the signalling service sent XML that can't be read: {error}") from None


def local(element: etree._Element) -> str:
    """An element's name without its namespace; empty for comments."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def namespace(element: etree._Element) -> str:
    """An element's namespace, empty when it has none."""
    return (etree.QName(element).namespace or "") if isinstance(element.tag, str) else ""


def children(element: etree._Element, name: str, ns: str | None = None) -> Iterator[etree._Element]:
    """Direct children of that name, in any namespace or only in ``ns``."""
    for child in element:
        if local(child) == name and (ns is None or namespace(child) == ns):
            yield child


def child(element: etree._Element, name: str, ns: str | None = None) -> etree._Element | None:
    """The first such direct child, or ``None``."""
    return next(children(element, name, ns), None)


def text_of(element: etree._Element, name: str) -> str | None:
    """Text of the first direct child of that name; ``None`` when there is no such child."""
    found = child(element, name)
    return None if found is None else (found.text or "")


def attribute(element: etree._Element, name: str, default: str = "") -> str:
    """An attribute as text."""
    value = element.get(name)
    return default if value is None else str(value)


def error_condition(stanza: etree._Element) -> str:
    """The defined condition of an error stanza (RFC 6120 §8.3.3), ``undefined-condition`` when it names none."""
    error = child(stanza, "error")
    if error is not None:
        for item in error:
            if namespace(item) == STANZA_ERRORS and local(item) != "text":
                return local(item)
    return "undefined-condition"
