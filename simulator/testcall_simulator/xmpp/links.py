"""Media from one occupant to the other: what a virtual occupant does when it is alone with an SDK.

The SDKs themselves do it by Jingle that the room relays; no rule is needed for them. A virtual one does as SDK 5 does: of two
who are alone the one with the smaller nick offers, straight after joining, or some seconds after a third has left; a third who
comes ends it.
"""

from __future__ import annotations

from testcall_simulator.xmpp.effects import EndLink, OfferLink, RoomEffect
from testcall_simulator.xmpp.room import Room, pair

BACK_SECONDS = 5.0
"""How long SDK 5 waits after a third has left."""


def link(room: Room | None) -> tuple[str, str] | None:
    """Nicks of the virtual occupant and of the SDK that it is alone with; None when there is no such pair."""
    two = pair(room) if room is not None else None
    if two is None or {one.kind for one in two} != {"peer", "sdk"}:
        return None
    first, second = two
    return (first.nick, second.nick) if first.kind == "peer" else (second.nick, first.nick)


def changed(before: Room | None, after: Room) -> tuple[RoomEffect, ...]:
    """What a virtual occupant has to do when the room has become another."""
    was, now = link(before), link(after)
    if was == now or not after.participants:
        return ()
    ended: tuple[RoomEffect, ...] = (EndLink(after.key, was[0]),) if was is not None else ()
    if now is None or now[0] > now[1]:
        return ended
    third_left = before is not None and len(before.participants) > 2
    sdk = after.present(now[1])
    return (*ended, OfferLink(after.key, now[0], sdk.nick, sdk.uid, BACK_SECONDS if third_left else 0.0))
