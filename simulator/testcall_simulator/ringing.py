"""Ringing as values: what a ringing call is, which status may follow which, by whom, and with what code all else is refused.

Everything that affects a ringing call is in :data:`TABLE`: its rows are tried from the top, the first that fits decides. The
statuses and the codes are documented (ringing page of the Chat SDK; error codes of the Calls API); where those leave a choice,
the row is one of the ``RING`` entries of ``assumptions.py``.

This file knows no world, no users' names, no wire. Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from testcall_simulator.errors import SimulatorError

RingStatus = Literal["initiated", "ongoing", "rejected", "busy", "cancelled", "unanswered", "ended"]
"""What a client may ask for and a call may be (``CometChat.CALL_STATUS``)."""
ReceiverType = Literal["user", "group"]
Role = Literal["caller", "callee"]
"""Who somebody is in a call: the one who rang, or one who was rung (each member of a group)."""

STATUSES: tuple[RingStatus, ...] = get_args(RingStatus)
OVER: frozenset[RingStatus] = frozenset({"rejected", "busy", "cancelled", "unanswered", "ended"})
"""Statuses from which there is no way on."""

_ANYBODY: frozenset[Role] = frozenset({"caller", "callee"})
_CALLER: frozenset[Role] = frozenset({"caller"})
_CALLEE: frozenset[Role] = frozenset({"callee"})
_ALL: frozenset[RingStatus] = frozenset(STATUSES)
_BOTH: frozenset[ReceiverType] = frozenset({"user", "group"})


class RingRefusedError(SimulatorError):
    """The service refuses to ring, or to change a call; ``code`` is what the client is told."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}" if message else code)


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of a call to such a receiver, in such a status, when it is asked to take one of ``to``.

    Either ``after`` is its status from then on, if one of ``by`` asks, or ``code`` refuses it.
    """

    receiver: frozenset[ReceiverType]
    now: frozenset[RingStatus]
    to: frozenset[RingStatus]
    by: frozenset[Role] = frozenset()
    after: RingStatus | None = None
    code: str = ""


def _refuse(code: str, *, receiver: str = "", now: str = "", to: str = "") -> Row:
    return Row(_some(receiver, _BOTH), _some(now, _ALL), _some(to, _ALL), code=code)


def _allow(by: frozenset[Role], now: RingStatus, to: RingStatus, after: RingStatus, receiver: str = "") -> Row:
    return Row(_some(receiver, _BOTH), frozenset({now}), frozenset({to}), by, after)


def _some(words: str, otherwise: Any) -> Any:
    return frozenset(words.split()) if words else otherwise


TABLE: tuple[Row, ...] = (
    _refuse("ERR_CALL_INVALID_INIT", to="initiated"),
    _refuse("ERR_CALL_TERMINATED", now=" ".join(OVER)),
    _refuse("ERR_CALL_GROUP_INVALID_STATUS", receiver="group", to="busy"),
    # while it rings
    _allow(_CALLEE, "initiated", "ongoing", "ongoing"),
    _allow(_CALLEE, "initiated", "rejected", "rejected", "user"),
    _allow(_CALLEE, "initiated", "rejected", "initiated", "group"),  # it rings on for the others
    _allow(_CALLEE, "initiated", "busy", "busy", "user"),
    _allow(_CALLER, "initiated", "cancelled", "cancelled"),
    _allow(_CALLER, "initiated", "unanswered", "unanswered"),
    _refuse("ERR_CALL_NOT_STARTED", now="initiated", to="ended"),
    # while it goes on
    _refuse("ERR_CALL_USER_ALREADY_JOINED", receiver="user", now="ongoing", to="ongoing"),
    _allow(_ANYBODY, "ongoing", "ongoing", "ongoing", "group"),  # another member comes
    _allow(_ANYBODY, "ongoing", "ended", "ended"),  # of a group, one who is in leaves; the last one ends it
    _refuse("ERR_CALL_ONGOING_TO_INVALID", now="ongoing"),
)
"""The rows; see the module."""

WRONG_ROLE = "ERR_BAD_REQUEST"
"""The code for a step that is legal, but not for who asks; no page attributes one."""


@dataclass(frozen=True, slots=True)
class Ring:
    """One ringing call.

    ``caller`` is a uid, ``receiver`` a uid or guid, ``parties`` all uids that it concerns, the caller's included. ``joined``
    are those who are in it, ``gone`` those who left it (a group call outlives a member's leaving). ``mid`` is the id of the
    message that began it.
    """

    app_id: str
    session_id: str
    mid: str
    caller: str
    receiver_type: ReceiverType
    receiver: str
    type: Literal["audio", "video"]
    parties: frozenset[str]
    initiated_at: int
    status: RingStatus = "initiated"
    joined: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    joined_at: int | None = None
    ended_at: int | None = None
    metadata: Mapping[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing can change it any more."""
        return self.status in OVER

    @property
    def conversation_id(self) -> str:
        """The conversation that it belongs to."""
        if self.receiver_type == "group":
            return f"group_{self.receiver}"
        return "_user_".join(sorted((self.caller, self.receiver)))

    def role_of(self, uid: str) -> Role:
        """Who ``uid`` is in it; refused for one who is no party."""
        if uid not in self.parties:
            raise RingRefusedError("ERR_CALL_NOT_A_PART")
        return "caller" if uid == self.caller else "callee"

    def others(self, uid: str) -> frozenset[str]:
        """All parties but ``uid``."""
        return self.parties - {uid}


@dataclass(frozen=True, slots=True)
class Change:
    """A ringing call after one of its parties did something. ``tell``: who hears of it, by the status that was asked for."""

    ring: Ring
    by: str
    status: RingStatus
    tell: frozenset[str]


@dataclass(frozen=True, slots=True)
class Notice:
    """A call message on its way to the devices of ``to`` (uids of one app); ``device_id`` is the one that caused it."""

    app_id: str
    to: frozenset[str]
    by: str
    receiver: str
    receiver_type: ReceiverType
    device_id: str
    message: Mapping[str, Any] = field(repr=False)


def row_for(receiver_type: ReceiverType, now: RingStatus, to: RingStatus) -> Row:
    """The row that decides; every combination has one."""
    return next(row for row in TABLE if receiver_type in row.receiver and now in row.now and to in row.to)


def begun(ring: Ring) -> Change:
    """A call that was made just now: all but the caller hear of it."""
    return Change(replace(ring, joined=frozenset({ring.caller})), ring.caller, "initiated", ring.others(ring.caller))


def changed(ring: Ring, uid: str, status: RingStatus, now: int) -> Change:
    """``ring`` after ``uid`` asked for ``status``; :class:`RingRefusedError` if that may not be."""
    role = ring.role_of(uid)
    row = row_for(ring.receiver_type, ring.status, status)
    if row.after is None:
        raise RingRefusedError(row.code)
    if role not in row.by:
        raise RingRefusedError(WRONG_ROLE, f"The {role} of a call may not set it to {status}.")
    if status == "ongoing":
        return _entered(ring, uid, now)
    if status == "ended":
        return _left(ring, uid, now)
    after = replace(ring, status=row.after, ended_at=now if row.after in OVER else None)
    return Change(after, uid, status, ring.others(uid))


def _entered(ring: Ring, uid: str, now: int) -> Change:
    if ring.status == "ongoing" and uid in ring.joined:
        raise RingRefusedError("ERR_CALL_GROUP_ALREADY_JOINED")
    joined_at = ring.joined_at if ring.joined_at is not None else now
    after = replace(ring, status="ongoing", joined=ring.joined | {uid}, gone=ring.gone - {uid}, joined_at=joined_at)
    return Change(after, uid, "ongoing", ring.others(uid))


def _left(ring: Ring, uid: str, now: int) -> Change:
    over = replace(ring, status="ended", joined=frozenset(), gone=ring.gone | ring.joined, ended_at=now)
    if ring.receiver_type == "user":
        return Change(over, uid, "ended", ring.others(uid))
    if uid not in ring.joined:
        raise RingRefusedError("ERR_CALL_GROUP_ALREADY_LEFT" if uid in ring.gone else "ERR_CALL_NOT_A_PART")
    if ring.joined != {uid}:
        return Change(replace(ring, joined=ring.joined - {uid}, gone=ring.gone | {uid}), uid, "ended", frozenset())
    return Change(over, uid, "ended", ring.others(uid))
