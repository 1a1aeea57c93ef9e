"""What SDKs report about themselves, and what they ask the signalling host over plain HTTP."""

from __future__ import annotations

from testcall_simulator.calls import Call
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


def chat_ping(world: World, request: Request) -> Response:
    """POST v1/ping on the analytics host: the Chat SDK sends it after its login and every 60 s."""
    app_id = request.header("appid")
    if app_id and app_id not in world.apps:
        raise Refusal("AUTH_ERR_INVALID_APPID")
    uid = body_of(request, ANY_OBJECT).get("uid")
    return data({"success": True}, about={"uid": uid} if isinstance(uid, str) else None)


def report_user_session(world: World, request: Request) -> Response:
    """POST user_sessions: which SDK runs where."""
    _, user = authenticated(world, request)
    told = body_of(request, ANY_OBJECT)
    answer = {"success": True, "sessionId": told["sessionId"]} if "sessionId" in told else {"success": True}
    return data(answer, about={"uid": user.uid})


def keep_alive(world: World, request: Request) -> Response:
    """GET xmpp-websocket without an upgrade: the SDKs' keep-alive. Nothing to say."""
    return Response(200, b"", {"content-type": "text/plain"})


def room_size(world: World, request: Request) -> Response:
    """GET room-size: how many are in a room; 0 for a room that nobody is in. The answer has no envelope.

    The Chat SDK asks for a direct session by its id behind version, region and app, whatever the room is called.
    """
    asked = request.query.get("room", "").lower()
    present = sum(len(call.present) for call in world.sessions if asked in _names(world, call))
    return Response(200, {"participants": present}, about={"session": asked} if asked else {})


def _names(world: World, call: Call) -> tuple[str, ...]:
    app = world.find_app(call.app_id)
    prefix = f"v1.{app.region}.{app.app_id}.".lower()
    return (call.session_id,) if call.session_id.startswith(prefix) else (call.session_id, prefix + call.session_id)
