"""What SDKs report about themselves, and what they ask the signalling host over plain HTTP."""

from __future__ import annotations

from testcall_simulator.http.bodies import ANY_OBJECT, body_of
from testcall_simulator.http.identity import authenticated
from testcall_simulator.http.messages import Request, Response, data
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.world import World


def call_ping(world: World, request: Request) -> Response:
    """POST v1/calls/ping on the analytics host: SDK 4 sends it every 60 s of a call."""
    app_id = request.header("appid")
    if app_id and app_id not in world.apps:
        raise Refusal("AUTH_ERR_INVALID_APPID")
    session = body_of(request, ANY_OBJECT).get("sessionId")
    return data({"success": True}, about={"session": session.lower()} if isinstance(session, str) else None)


def report_user_session(world: World, request: Request) -> Response:
    """POST user_sessions: which SDK runs where."""
    _, user = authenticated(world, request)
    body_of(request, ANY_OBJECT)
    return data({"success": True}, about={"uid": user.uid})


def keep_alive(world: World, request: Request) -> Response:
    """GET xmpp-websocket without an upgrade: the SDKs' keep-alive. Nothing to say."""
    return Response(200, b"", {"content-type": "text/plain"})


def room_size(world: World, request: Request) -> Response:
    """GET room-size: how many are in a room; 0 for a room that nobody is in. The answer has no envelope."""
    room = request.query.get("room", "").lower()
    present = sum(len(call.present) for call in world.sessions if call.session_id == room)
    return Response(200, {"participants": present}, about={"session": room} if room else {})
