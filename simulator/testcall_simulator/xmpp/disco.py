"""What a client may ask about the service: features, ICE servers, whether it lives. Pure answers to IQs."""

from __future__ import annotations

from collections.abc import Iterable

from testcall_simulator.xmpp.names import (
    DATA_FORM,
    DISCO_INFO,
    DISCO_ITEMS,
    EXTDISCO,
    JINGLE,
    MUC,
    MUC_ROOMINFO,
    PING,
    SESSION,
    Addresses,
)
from testcall_simulator.xmpp.room import Occupant, Room
from testcall_simulator.xmpp.xml import Element, iq_error, iq_result, make, name_of, payload

_PEER_FEATURES = (
    JINGLE,
    "urn:xmpp:jingle:apps:rtp:1",
    "urn:xmpp:jingle:apps:rtp:audio",
    "urn:xmpp:jingle:apps:rtp:video",
    "urn:xmpp:jingle:transports:ice-udp:1",
    "urn:xmpp:jingle:apps:dtls:0",
)


def ask_domain(request: Element, addresses: Addresses, *, region: str = "") -> Element:
    """Answer an IQ to the domain. Whatever is not known is refused as unavailable, never left without an answer."""
    asked = payload(request)
    about = name_of(asked) if asked is not None else ("", "")
    if request.get("type") == "set":
        return iq_result(request) if about == (SESSION, "session") else iq_error(request, "service-unavailable")
    if about == (PING, "ping"):
        return iq_result(request)
    if about == (EXTDISCO, "services"):
        return iq_result(request, make(EXTDISCO, "services"))
    if about == (DISCO_INFO, "query"):
        return iq_result(request, _domain_info(addresses, region))
    if about == (DISCO_ITEMS, "query"):
        components = (addresses.rooms, addresses.focus, addresses.end_conference)
        return iq_result(request, make(DISCO_ITEMS, "query", None, *_items(components)))
    return iq_error(request, "service-unavailable")


def ask_component(request: Element, identity: tuple[str, str], features: Iterable[str]) -> Element:
    """Answer an IQ to a component, of which only its identity (category, type) and features can be asked."""
    asked = payload(request)
    if request.get("type") == "get" and asked is not None and name_of(asked) == (DISCO_INFO, "query"):
        return iq_result(request, _info([(*identity, "")], features))
    if request.get("type") == "get" and asked is not None and name_of(asked) == (PING, "ping"):
        return iq_result(request)
    return iq_error(request, "service-unavailable")


def ask_peer(request: Element) -> Element:
    """Answer an IQ to a virtual occupant: it has the features of a call's participant, and refuses the rest."""
    return ask_component(request, ("client", "web"), _PEER_FEATURES)


def room_info(request: Element, room: Room) -> Element:
    """What the SDK asks about the room it has joined: meeting id and the start of the session (ms of the epoch)."""
    query = _info([("conference", "text", room.key.name)], (MUC, "muc_unmoderated", "muc_nonanonymous", "muc_hidden"))
    form = make(DATA_FORM, "x", {"type": "result"}, field("FORM_TYPE", MUC_ROOMINFO, kind="hidden"))
    form.append(field("muc#roominfo_meetingId", room.meeting_id))
    form.append(field("muc#roominfo_created_timestamp", str(room.created_ms)))
    form.append(field("muc#roominfo_occupants", str(len(room.occupants) + 1)))
    query.append(form)
    return iq_result(request, query)


def room_items(request: Element, room: Room, asker: Occupant) -> Element:
    """Who is in the room."""
    occupants = (room.address(asker, one.nick) for one in room.occupants)
    return iq_result(request, make(DISCO_ITEMS, "query", None, *_items(occupants)))


def field(var: str, value: str, *, kind: str | None = None, label: str | None = None) -> Element:
    """A field of a data form (XEP-0004)."""
    attributes = {"var": var}
    if kind is not None:
        attributes["type"] = kind
    if label is not None:
        attributes["label"] = label
    return make(DATA_FORM, "field", attributes, make(DATA_FORM, "value", text=value))


def _domain_info(addresses: Addresses, region: str) -> Element:
    """v5 takes from the identities, by type, the address of a component out of the name."""
    identities = [("server", "im", "testcall"), ("component", "end_conference", addresses.end_conference)]
    if region:
        identities.append(("server", "region", region))
    return _info(identities, (DISCO_INFO, DISCO_ITEMS, PING, EXTDISCO))


def _info(identities: Iterable[tuple[str, str, str]], features: Iterable[str]) -> Element:
    query = make(DISCO_INFO, "query")
    for category, kind, name in identities:
        attributes = {"category": category, "type": kind} | ({"name": name} if name else {})
        query.append(make(DISCO_INFO, "identity", attributes))
    query.extend(make(DISCO_INFO, "feature", {"var": feature}) for feature in features)
    return query


def _items(addresses: Iterable[str]) -> list[Element]:
    return [make(DISCO_ITEMS, "item", {"jid": address}) for address in addresses]
