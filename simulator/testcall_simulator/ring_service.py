"""Ringing over a world: making and changing ringing calls, the call messages about them, and their place in the call log.

Pure, given the world. What comes out is a :class:`Rung`: the call, the message that answers the actor, and the notice for the
others' devices, which whoever called carries to them. The legal steps are those of :mod:`testcall_simulator.ringing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from testcall_simulator.calls import CallStatus
from testcall_simulator.http.accounts import user_object
from testcall_simulator.ring_book import Group
from testcall_simulator.ringing import (
    Change,
    Notice,
    ReceiverType,
    Ring,
    RingRefusedError,
    RingStatus,
    begun,
    changed,
)
from testcall_simulator.world import App, User, World

_IN_LOG: Mapping[RingStatus, CallStatus] = {
    "rejected": "rejected",
    "busy": "busy",
    "cancelled": "canceled",
    "unanswered": "unanswered",
    "ended": "ended",
}
"""How the call log spells the end of a call."""


@dataclass(frozen=True, slots=True)
class Rung:
    """What came of an act: the call, the call message for the actor, the notice for the others (None: nobody hears of it)."""

    ring: Ring
    message: dict[str, Any]
    notice: Notice | None


def initiate(
    world: World,
    caller: User,
    receiver: str,
    *,
    receiver_type: ReceiverType = "user",
    type: Literal["audio", "video"] = "video",
    metadata: Mapping[str, Any] | None = None,
    device_id: str = "",
) -> Rung:
    """``caller`` rings a user or a group."""
    receiver = receiver.lower()
    parties = _parties(world, caller, receiver, receiver_type)
    app, now = world.find_app(caller.app_id), world.now()
    ring = Ring(
        app_id=app.app_id,
        session_id=_new_session_id(world, app),
        mid=world.ringing.next_message_id(),
        caller=caller.uid,
        receiver_type=receiver_type,
        receiver=receiver,
        type=type,
        parties=parties,
        initiated_at=now,
        metadata=metadata,
    )
    world.open_session(
        ring.session_id,
        app_id=app.app_id,
        initiator=caller.uid,
        mode="call",
        type=type,
        receiver=receiver,
        receiver_type=receiver_type,
        members=parties,
    )
    return _carried_out(world, begun(ring), ring.mid, device_id)


def update(world: World, user: User, session_id: str, status: RingStatus, *, device_id: str = "") -> Rung:
    """``user`` asks for another status of a call."""
    ring = world.ringing.find(user.app_id, session_id)
    if ring is None:
        raise RingRefusedError("ERR_CALL_SESSION_NOT_FOUND")
    change = changed(ring, user.uid, status, world.now())
    _log(world, change)
    return _carried_out(world, change, world.ringing.next_message_id(), device_id)


def change_type(
    world: World, user: User, session_id: str, type: Literal["audio", "video"], *, device_id: str = ""
) -> Rung:
    """``user`` makes a call one of audio or of video; nobody else is told, for no source tells that somebody is."""
    ring = world.ringing.find(user.app_id, session_id)
    if ring is None:
        raise RingRefusedError("ERR_CALL_SESSION_NOT_FOUND")
    if user.uid not in ring.parties:
        raise RingRefusedError("ERR_CALL_NOT_A_PART")
    if ring.is_over:
        raise RingRefusedError("ERR_CALL_TERMINATED")
    ring = world.ringing.put(replace(ring, type=type))
    call = world.find_session(ring.app_id, ring.session_id)
    if call is not None:
        world.record(replace(call, type=type))
    change = Change(ring, user.uid, ring.status, frozenset())
    return Rung(ring, call_message(world, change, world.ringing.next_message_id(), device_id), None)


def _parties(world: World, caller: User, receiver: str, receiver_type: ReceiverType) -> frozenset[str]:
    """All whom the call concerns, once nothing forbids it."""
    app = world.find_app(caller.app_id)
    if receiver_type == "group":
        group = world.ringing.find_group(app.app_id, receiver)
        if group is None:
            raise RingRefusedError("ERR_GUID_NOT_FOUND")
        if caller.uid not in group.members:
            raise RingRefusedError("ERR_GROUP_NOT_JOINED")
        if any((ring.receiver_type, ring.receiver) == ("group", receiver) for ring in _going_on(world, app)):
            raise RingRefusedError("ERR_CALL_BUSY_GROUP")
        parties = group.members
    else:
        _check_receiver(world, app, caller, receiver)
        parties = frozenset({caller.uid, receiver})
    if any(caller.uid in ring.joined for ring in _going_on(world, app)):
        raise RingRefusedError("ERR_CALL_BUSY_SELF")
    return parties


def _check_receiver(world: World, app: App, caller: User, receiver: str) -> None:
    if receiver == caller.uid:
        raise RingRefusedError("ERR_CALLING_SELF")
    if world.find_user(app.app_id, receiver) is None:
        raise RingRefusedError("ERR_UID_NOT_FOUND")
    if world.ringing.has_blocked(app.app_id, caller.uid, receiver):
        raise RingRefusedError("ERR_BLOCKED_RECEIVER")
    if world.ringing.has_blocked(app.app_id, receiver, caller.uid):
        raise RingRefusedError("ERR_BLOCKED_SENDER")
    if app.settings.refuse_busy_receiver and any(receiver in ring.joined for ring in _going_on(world, app)):
        raise RingRefusedError("ERR_CALL_BUSY_USER")


def _going_on(world: World, app: App) -> list[Ring]:
    """Answered calls that still count: those whose media session has come to its end keep nobody busy."""
    rings = world.ringing.ongoing(app.app_id)
    return [ring for ring in rings if world.find_session(app.app_id, ring.session_id) is not None]


def _new_session_id(world: World, app: App) -> str:
    """As the documentation's examples look: version, region, app, epoch seconds and hexadecimal noise."""
    noise = world.new_id().replace("-", "")
    return f"v1.{app.region}.{app.app_id}.{world.now()}{noise}".lower()


def _log(world: World, change: Change) -> None:
    """The call log follows, but a call in which somebody still is ends there with the last exit."""
    ring = change.ring
    call = world.find_session(ring.app_id, ring.session_id)
    if call is None:
        return
    if ring.status == "ongoing" and call.status == "initiated":
        world.record(replace(call, status="ongoing", started_at=ring.joined_at))
    elif ring.is_over and not call.present:
        world.record(replace(call, status=_IN_LOG[ring.status], ended_at=ring.ended_at))


def _carried_out(world: World, change: Change, message_id: str, device_id: str) -> Rung:
    ring = world.ringing.put(change.ring)
    message = call_message(world, change, message_id, device_id)
    world.rang(ring, change.status, message)
    notice = None
    if change.tell:
        notice = Notice(
            ring.app_id, change.tell, change.by, ring.receiver, ring.receiver_type, device_id, message=message
        )
    return Rung(ring, message, notice)


def call_message(world: World, change: Change, message_id: str, device_id: str) -> dict[str, Any]:
    """The message about ``change``, as HTTP answers and frames carry it. Absent values are left out, never null."""
    ring, now = change.ring, world.now()
    caller = _entity("user", _shown_user(world, ring.app_id, ring.caller))
    receiver = _receiver(world, ring)
    about: dict[str, Any] = {
        "sessionid": ring.session_id,
        "conversationId": ring.conversation_id,
        "sender": ring.caller,
        "receiverType": ring.receiver_type,
        "receiver": ring.receiver,
        "status": change.status,
        "type": ring.type,
        "initiatedAt": ring.initiated_at,
        "mid": ring.mid,
        "data": {"entities": {"sender": caller, "receiver": receiver}},
    }
    data: dict[str, Any] = {"action": change.status, "resource": device_id}
    if ring.joined_at is not None:
        about["joinedAt"] = ring.joined_at
    if ring.metadata is not None:
        about["data"] = {"metadata": dict(ring.metadata), **about["data"]}
        data["metadata"] = dict(ring.metadata)
    data["entities"] = {
        "by": _entity("user", _shown_user(world, ring.app_id, change.by)),
        "on": _entity("call", about),
        "for": receiver,
    }
    return {
        "id": message_id,
        "muid": "",
        "conversationId": ring.conversation_id,
        "sender": change.by,
        "receiverType": ring.receiver_type,
        "receiver": ring.receiver,
        "category": "call",
        "type": ring.type,
        "data": data,
        "sentAt": now,
        "updatedAt": now,
    }


def _entity(kind: str, entity: dict[str, Any]) -> dict[str, Any]:
    return {"entityType": kind, "entity": entity}


def _receiver(world: World, ring: Ring) -> dict[str, Any]:
    if ring.receiver_type == "user":
        return _entity("user", _shown_user(world, ring.app_id, ring.receiver))
    group = world.ringing.find_group(ring.app_id, ring.receiver)
    return _entity("group", group_object(group) if group is not None else {"guid": ring.receiver})


def _shown_user(world: World, app_id: str, uid: str) -> dict[str, Any]:
    user = world.find_user(app_id, uid)
    return user_object(user) | {"status": "online"} if user is not None else {"uid": uid, "name": uid}


def group_object(group: Group) -> dict[str, Any]:
    """A group as the service shows it."""
    return {
        "guid": group.guid,
        "name": group.name,
        "icon": group.icon,
        "type": group.type,
        "owner": group.owner,
        "membersCount": len(group.members),
        "createdAt": group.created_at,
    }
