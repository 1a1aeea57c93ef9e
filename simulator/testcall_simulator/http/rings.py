"""Ringing over the client API: what the Chat SDK's ``initiateCall``, ``acceptCall``, ``rejectCall`` and ``endCall`` send."""

from __future__ import annotations

from testcall_simulator import ring_service
from testcall_simulator.http.bodies import INITIATE_CALL, UPDATE_CALL, UPDATE_CALL_TYPE, body_of
from testcall_simulator.http.identity import authenticated
from testcall_simulator.http.messages import Request, Response
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.ring_service import Rung
from testcall_simulator.ringing import TABLE, RingRefusedError
from testcall_simulator.world import World

INITIATE_REFUSALS = (
    "ERR_CALLING_SELF",
    "ERR_UID_NOT_FOUND",
    "ERR_GUID_NOT_FOUND",
    "ERR_GROUP_NOT_JOINED",
    "ERR_BLOCKED_RECEIVER",
    "ERR_BLOCKED_SENDER",
    "ERR_CALL_BUSY_SELF",
    "ERR_CALL_BUSY_USER",
    "ERR_CALL_BUSY_GROUP",
)
UPDATE_REFUSALS = (
    "ERR_CALL_SESSION_NOT_FOUND",
    "ERR_CALL_NOT_A_PART",
    *dict.fromkeys(row.code for row in TABLE if row.code),
    "ERR_CALL_GROUP_ALREADY_JOINED",
    "ERR_CALL_GROUP_ALREADY_LEFT",
)

TYPE_REFUSALS = ("ERR_CALL_SESSION_NOT_FOUND", "ERR_CALL_NOT_A_PART", "ERR_CALL_TERMINATED")


def initiate_call(world: World, request: Request) -> Response:
    """POST calls."""
    _, user = authenticated(world, request)
    asked = body_of(request, INITIATE_CALL)
    try:
        rung = ring_service.initiate(
            world,
            user,
            asked["receiver"],
            receiver_type=asked["receiverType"],
            type=asked["type"],
            metadata=asked.get("metadata"),
            device_id=request.header("resource"),
        )
    except RingRefusedError as refused:
        raise Refusal(refused.code, refused.message) from None
    return _answer(rung, user.uid)


def update_call(world: World, request: Request) -> Response:
    """PUT calls/{sessionId}."""
    _, user = authenticated(world, request)
    session_id = request.path["sessionId"]
    if not session_id.strip():
        raise Refusal("ERR_EMPTY_CALL_SESSION_ID")
    status = body_of(request, UPDATE_CALL)["status"]
    try:
        rung = ring_service.update(world, user, session_id, status, device_id=request.header("resource"))
    except RingRefusedError as refused:
        raise Refusal(refused.code, refused.message) from None
    return _answer(rung, user.uid)


def update_call_type(world: World, request: Request) -> Response:
    """PATCH calls/{sessionId}/type: an audio call becomes one with video, or the other way round."""
    _, user = authenticated(world, request)
    wanted = body_of(request, UPDATE_CALL_TYPE)["type"]
    try:
        rung = ring_service.change_type(
            world, user, request.path["sessionId"], wanted, device_id=request.header("resource")
        )
    except RingRefusedError as refused:
        raise Refusal(refused.code, refused.message) from None
    return _answer(rung, user.uid)


def update_no_call(world: World, request: Request) -> Response:
    """PUT calls/: what becomes of an empty session id."""
    authenticated(world, request)
    raise Refusal("ERR_EMPTY_CALL_SESSION_ID")


def _answer(rung: Rung, uid: str) -> Response:
    about = {"uid": uid, "session": rung.ring.session_id}
    return Response(200, {"data": rung.message}, about=about, notice=rung.notice)
