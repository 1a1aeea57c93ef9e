"""What occupants ask of their room: its configuration, kicks, affiliations, its end. And what a join has to satisfy."""

from __future__ import annotations

from typing import cast

from testcall_simulator.xmpp.disco import field, room_info, room_items
from testcall_simulator.xmpp.effects import Say
from testcall_simulator.xmpp.names import (
    DATA_FORM,
    DISCO_INFO,
    DISCO_ITEMS,
    FOCUS_NICK,
    MUC,
    MUC_ADMIN,
    MUC_OWNER,
    MUC_ROOMCONFIG,
    PING,
)
from testcall_simulator.xmpp.room import Affiliation, Change, Occupant, Room, destroy, leave, real_jid, set_affiliation
from testcall_simulator.xmpp.xml import (
    Element,
    child,
    child_text,
    iq_error,
    iq_result,
    make,
    name_of,
    payload,
)

_AFFILIATIONS = {"owner", "admin", "member", "none"}


def refusal(room: Room | None, nick: str, *, invited: bool, limit: int) -> tuple[str, str] | None:
    """Why ``nick`` may not enter, as (condition, error type), or ``None``. Conditions: XEP-0045 §7.2.

    A room that doesn't exist is made by the focus, so only who asked for the conference gets one.
    """
    if room is None:
        return None if invited else ("not-allowed", "cancel")
    if nick == FOCUS_NICK or room.get(nick) is not None:
        return "conflict", "cancel"
    if len(room.participants) >= limit:
        return "service-unavailable", "wait"
    return None


def presence_error(sent: Element, condition: str, kind: str) -> Element:
    """The answer to a presence that didn't get in."""
    error = iq_error(sent, condition, kind)
    error.insert(0, make(MUC, "x"))
    return error


def ask_room(room: Room, asker: Occupant, request: Element) -> Change:
    """An occupant's IQ to the room itself. What is not known is refused as unavailable."""
    asked = payload(request)
    about = name_of(asked) if asked is not None else ("", "")
    kind = request.get("type")
    if asked is None or kind not in {"get", "set"}:
        return _answer(room, asker, iq_error(request, "bad-request", "modify"))
    if kind == "get" and about == (DISCO_INFO, "query"):
        return _answer(room, asker, room_info(request, room))
    if kind == "get" and about == (DISCO_ITEMS, "query"):
        return _answer(room, asker, room_items(request, room, asker))
    if kind == "get" and about == (PING, "ping"):
        return _answer(room, asker, iq_result(request))
    if about == (MUC_OWNER, "query"):
        return _configure(room, asker, request, asked)
    if kind == "set" and about == (MUC_ADMIN, "query"):
        return _administer(room, asker, request, asked)
    return _answer(room, asker, iq_error(request, "service-unavailable"))


def _configure(room: Room, asker: Occupant, request: Element, asked: Element) -> Change:
    """Owners get the form, and may submit it or destroy the room. The submitted values change nothing here."""
    if asker.affiliation != "owner":
        return _answer(room, asker, iq_error(request, "forbidden", "auth"))
    if request.get("type") == "get":
        return _answer(room, asker, iq_result(request, make(MUC_OWNER, "query", None, _form())))
    end = child(asked, MUC_OWNER, "destroy")
    if end is None:
        return _answer(room, asker, iq_result(request))
    change = destroy(room, child_text(end, "reason", MUC_OWNER) or None)
    return Change(change.room, (Say(asker.nick, iq_result(request)), *change.effects))


def _administer(room: Room, asker: Occupant, request: Element, asked: Element) -> Change:
    """Kick (role ``none``) and affiliations: a moderator's and an owner's right."""
    item = child(asked, MUC_ADMIN, "item")
    if item is None:
        return _answer(room, asker, iq_error(request, "bad-request", "modify"))
    role, affiliation = item.get("role"), item.get("affiliation")
    target = room.get(item.get("nick", "")) or next(
        (one for one in room.occupants if real_jid(one, asker) == item.get("jid")), None
    )
    if target is None:
        return _answer(room, asker, iq_error(request, "item-not-found"))
    result = Say(asker.nick, iq_result(request))
    if role == "none":
        if asker.role != "moderator":
            return _answer(room, asker, iq_error(request, "forbidden", "auth"))
        change = leave(
            room, target.nick, "kicked", actor=asker.nick, text=child_text(item, "reason", MUC_ADMIN) or None
        )
        return Change(change.room, (result, *change.effects))
    if affiliation in _AFFILIATIONS:
        if asker.affiliation != "owner":
            return _answer(room, asker, iq_error(request, "forbidden", "auth"))
        change = set_affiliation(room, target.nick, cast("Affiliation", affiliation))
        return Change(change.room, (result, *change.effects))
    return _answer(room, asker, iq_error(request, "not-allowed"))


def _form() -> Element:
    """Room configuration; the SDK looks for ``muc#roomconfig_whois`` and submits it as ``anyone``."""
    form = make(DATA_FORM, "x", {"type": "form"}, field("FORM_TYPE", MUC_ROOMCONFIG, kind="hidden"))
    form.append(field("muc#roomconfig_roomname", "", kind="text-single", label="Name"))
    whois = field("muc#roomconfig_whois", "anyone", kind="list-single", label="Who may see real addresses")
    for value in ("moderators", "anyone"):
        whois.append(make(DATA_FORM, "option", {"label": value}, make(DATA_FORM, "value", text=value)))
    form.append(whois)
    return form


def _answer(room: Room, asker: Occupant, stanza_: Element) -> Change:
    return Change(room, (Say(asker.nick, stanza_),))
