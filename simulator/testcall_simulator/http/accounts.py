"""Users and what they are known by: creating users, their auth tokens, logging in and out.

The admin side takes an API key. Making users and auth tokens is open to ``authOnly`` keys too (the pages disagree whether
making users is; an SDK's login needs the tokens), everything else wants ``fullAccess``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from testcall_simulator.http.addressing import Links
from testcall_simulator.http.bodies import CREATE_AUTH_TOKEN, CREATE_USER, LOGIN, body_of
from testcall_simulator.http.identity import authenticated, keyed
from testcall_simulator.http.messages import Request, Response, data
from testcall_simulator.http.paging import paged
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.tokens import AuthToken
from testcall_simulator.world import App, User, World

_TOKENS_PER_PAGE = 100


def create_user(world: World, request: Request) -> Response:
    """POST users."""
    key = keyed(world, request, "fullAccess", "authOnly")
    asked = body_of(request, CREATE_USER)
    uid = asked["uid"].lower()
    if uid in world.users_of(key.app_id):
        raise Refusal("ERR_UID_ALREADY_EXISTS")
    user = world.add_user(
        uid,
        asked["name"],
        app_id=key.app_id,
        avatar=asked.get("avatar", ""),
        role=asked.get("role", "default"),
        metadata=asked.get("metadata"),
    )
    user = world.change_user(uid, key.app_id, **more_of(asked))
    shown = user_object(user)
    return data(shown | {"authToken": user.auth_token} if asked.get("withAuthToken") else shown, about={"uid": uid})


def create_auth_token(world: World, request: Request) -> Response:
    """POST users/{uid}/auth_tokens: a new one each time; older ones stay good."""
    user = user_of_key(world, request, "fullAccess", "authOnly")
    token = world.issue_auth_token(user, **_device(body_of(request, CREATE_AUTH_TOKEN)))
    return data(_token_object(token), about={"uid": user.uid})


def list_auth_tokens(world: World, request: Request) -> Response:
    """GET users/{uid}/auth_tokens."""
    user = user_of_key(world, request, "fullAccess")
    return paged([_token_object(token) for token in world.auth_tokens_of(user)], request.query, _TOKENS_PER_PAGE)


def get_auth_token(world: World, request: Request) -> Response:
    """GET users/{uid}/auth_tokens/{authToken}."""
    return data(_token_object(_token_of_path(world, request)))


def update_auth_token(world: World, request: Request) -> Response:
    """PUT users/{uid}/auth_tokens/{authToken}."""
    token = _token_of_path(world, request)
    return data(_token_object(world.change_auth_token(token, **_device(body_of(request, LOGIN)))))


def delete_auth_token(world: World, request: Request) -> Response:
    """DELETE users/{uid}/auth_tokens/{authToken}."""
    world.revoke_auth_token(_token_of_path(world, request).token)
    return data({"success": True, "message": "The auth token is deleted."})


def flush_auth_tokens(world: World, request: Request) -> Response:
    """DELETE users/{uid}/auth_tokens."""
    user = user_of_key(world, request, "fullAccess")
    for token in world.auth_tokens_of(user):
        world.revoke_auth_token(token.token)
    return data({"success": True, "message": "All auth tokens of the user are deleted."})


def log_in(world: World, request: Request) -> Response:
    """PUT me: the user behind the ``authToken``; the device is noted."""
    token, user = authenticated(world, request)
    world.change_auth_token(token, **_device(body_of(request, LOGIN)))
    mine = {
        "authToken": token.token,
        "jwt": world.issue_user_jwt(user),
        "settings": chat_settings(world.find_app(user.app_id), request.links),
    }
    return data(user_object(user) | {"status": "online", "lastActiveAt": world.now()} | mine, about={"uid": user.uid})


def who_am_i(world: World, request: Request) -> Response:
    """GET me. The Chat SDK fetches a fresh ``jwt`` by it."""
    token, user = authenticated(world, request)
    mine = {"authToken": token.token, "jwt": world.issue_user_jwt(user)}
    return data(user_object(user) | {"status": "online"} | mine, about={"uid": user.uid})


def settings(world: World, request: Request) -> Response:
    """GET settings: what a login answers among other things."""
    _, user = authenticated(world, request)
    return data(chat_settings(world.find_app(user.app_id), request.links), about={"uid": user.uid})


def log_out(world: World, request: Request) -> Response:
    """DELETE me: the session of the device ends; the token stays good, as auth tokens don't expire."""
    _, user = authenticated(world, request)
    return data({"success": True, "message": "Logged out."}, about={"uid": user.uid})


def user_object(user: User) -> dict[str, Any]:
    """A user as the service shows it. ``status`` is offline unless the caller says otherwise."""
    shown: dict[str, Any] = {
        "uid": user.uid,
        "name": user.name,
        "avatar": user.avatar,
        "status": "offline",
        "role": user.role,
        "createdAt": user.created_at,
        "metadata": dict(user.metadata),
    }
    more = {"link": user.link, "statusMessage": user.status_message, "tags": list(user.tags)}
    return shown | {name: value for name, value in more.items() if value}


def more_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The rest of what a body says of a user, under the names of :class:`~testcall_simulator.world.User`."""
    names = {"link": "link", "statusMessage": "status_message"}
    more = {ours: asked[name] for name, ours in names.items() if name in asked}
    return more | {"tags": tuple(asked["tags"])} if "tags" in asked else more


def chat_settings(app: App, links: Links) -> dict[str, Any]:
    """Where the Chat SDK finds the service from its login on; its ringing socket it learns nowhere else."""
    return {
        "REGION": app.region,
        "ADMIN_API_HOST": links.admin_host,
        "CLIENT_API_HOST": links.client_host,
        "CHAT_API_VERSION": "v3.0",
        "CHAT_HOST": links.chat_host,
        "CHAT_WSS_PORT": links.chat_port,
        "WEBRTC_HOST": links.domain,
        "WEBRTC_API_SUBDOMAIN": "xmpp",
        "ANALYTICS_HOST": links.analytics_host,
        "ANALYTICS_VERSION": "v1",
        "ANALYTICS_PING_DISABLED": False,
    }


def _device(login: dict[str, Any]) -> dict[str, str]:
    return {"platform": login.get("platform", ""), "device_id": login.get("deviceId", "")}


def user_of_key(world: World, request: Request, *scopes: Any) -> User:
    """The user that the path names, for a key with one of ``scopes``."""
    key = keyed(world, request, *scopes)
    user = world.find_user(key.app_id, request.path["uid"])
    if user is None:
        raise Refusal("ERR_UID_NOT_FOUND")
    return user


def _token_of_path(world: World, request: Request) -> AuthToken:
    user = user_of_key(world, request, "fullAccess")
    token = world.find_auth_token(request.path["authToken"])
    if token is None or token.app_id != user.app_id:
        raise Refusal("ERR_AUTH_TOKEN_NOT_FOUND")
    if token.uid != user.uid:
        raise Refusal("ERR_AUTHTOKEN_NOT_ACCESSIBLE")
    return token


def _token_object(token: AuthToken) -> dict[str, Any]:
    return {"uid": token.uid, "authToken": token.token, "createdAt": token.created_at}
