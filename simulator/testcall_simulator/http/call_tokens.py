"""Call tokens: made for a user and a session, and verified when a session begins (one path, two methods).

The two answers to the verification are those that real builds were seen to accept: SDK 4's, and SDK 5's, which asks with
``configVersion=1`` and checks the answer against a schema of its own (where optional means absent, never null).
"""

from __future__ import annotations

from typing import Any

from testcall_simulator.http.bodies import CREATE_CALL_TOKEN, body_of
from testcall_simulator.http.identity import authenticated, named_app
from testcall_simulator.http.messages import Request, Response, data
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.tokens import CallToken, CallTokenError
from testcall_simulator.world import App, User, World


def create_call_token(world: World, request: Request) -> Response:
    """POST call_tokens: a token with which the user of the ``authToken`` may enter a session."""
    auth_token, user = authenticated(world, request)
    session_id = (body_of(request, CREATE_CALL_TOKEN).get("sessionId") or "").strip()
    if not session_id:
        raise Refusal("ERR_EMPTY_CALL_SESSION_ID")
    _admit(world, user, session_id)
    room = world.room_of(world.find_app(user.app_id), session_id)
    minted = world.issue_call_token(user, room, auth_token.token)
    return data({"token": minted}, about={"uid": user.uid, "session": room})


def verify_call_token(world: World, request: Request) -> Response:
    """GET call_tokens: what a session needs to begin, in the form of SDK 4 or, for ``configVersion``, of SDK 5."""
    named = named_app(world, request)
    value = request.header("calltoken")
    try:
        call_token = world.read_call_token(value)
    except CallTokenError as error:
        raise Refusal("AUTH_ERR_TOKEN_INVALID_SIGNATURE", f"This call token is not valid ({error.reason}).") from None
    if named is not None and named.app_id != call_token.app_id:
        raise Refusal("AUTH_ERR_TOKEN_INVALID_SIGNATURE", "This call token is of another app.")
    app = world.find_app(call_token.app_id)
    user = world.user(call_token.uid, app.app_id)
    _admit(world, user, call_token.session_id)
    form = _settings_v5 if "configVersion" in request.query else _settings_v4
    about = {"uid": user.uid, "session": call_token.session_id}
    return data(form(app, user, call_token, value, request), about=about)


def _admit(world: World, user: User, session_id: str) -> None:
    app = world.find_app(user.app_id)
    session = world.find_session(app.app_id, world.room_of(app, session_id))
    if session is not None and not session.admits(user.uid):
        raise Refusal("ERR_CALL_NOT_A_PART")


def _settings_v4(app: App, user: User, call_token: CallToken, value: str, request: Request) -> dict[str, Any]:
    links = request.links
    return {
        "callToken": value,
        "settings": {
            "WEBRTC_HOST": links.domain,
            "PRESENTER_MODE_ENABLED": app.settings.presenter_mode,
            "ANALYTICS_HOST": links.analytics_host,
            "ANALYTICS_VERSION": "v1",
        },
        "payload": {
            "room": call_token.session_id,
            "data": {
                "appId": app.app_id,
                "region": app.region,
                "authToken": call_token.auth_token,
                "sessionId": call_token.session_id,
                "passthrough": None,
                "user": {"uid": user.uid, "name": user.name, "avatar": user.avatar},
            },
        },
    }


def _settings_v5(app: App, user: User, call_token: CallToken, value: str, request: Request) -> dict[str, Any]:
    links = request.links
    shown_user: dict[str, Any] = {"uid": user.uid, "name": user.name, "status": "online", "role": user.role}
    if user.avatar:
        shown_user["avatar"] = user.avatar
    return {
        "callToken": value,
        "sessionId": call_token.session_id,
        "user": shown_user,
        "settings": {
            "WEBRTC_HOST": links.domain,
            "ANALYTICS_HOST": links.analytics_host,
            "ANALYTICS_VERSION": "v1",
            "PRESENTER_MODE_ENABLED": app.settings.presenter_mode,
            "connectionConfig": {
                "hosts": {"domain": links.domain, "muc": links.muc},
                "hiddenDomain": links.recorder,
                "serviceUrl": links.service_url,
                "p2p": {"enabled": app.settings.p2p},
                "bridgeChannel": {"preferSctp": True},
            },
        },
    }
