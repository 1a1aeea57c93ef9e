"""Users, from the outside: the admin side lists, shows, changes, deletes and brings back; a client looks at others of its app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from testcall_simulator.http.accounts import more_of, user_object, user_of_key
from testcall_simulator.http.bodies import DELETE_USER, REACTIVATE_USERS, UPDATE_USER, body_of
from testcall_simulator.http.identity import authenticated, keyed
from testcall_simulator.http.messages import Request, Response, data
from testcall_simulator.http.paging import paged
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.world import User, World

_PER_PAGE = 100
_SEEN_PER_PAGE = 30
_UNSET: dict[str, Any] = {
    "avatar": "",
    "link": "",
    "metadata": {},
    "role": "default",
    "statusMessage": "",
    "tags": [],
}
"""What ``unset`` may name, and what is left then."""


def list_users(world: World, request: Request) -> Response:
    """GET users (admin): those of the app, in the order in which they were made."""
    key = keyed(world, request, "fullAccess")
    return paged([user_object(user) for user in _found(world, key.app_id, request)], request.query, _PER_PAGE)


def get_user(world: World, request: Request) -> Response:
    """GET users/{uid} (admin)."""
    user = user_of_key(world, request, "fullAccess")
    return data(user_object(user), about={"uid": user.uid})


def update_user(world: World, request: Request) -> Response:
    """PUT users/{uid}: what the body names changes; ``unset`` empties."""
    user = user_of_key(world, request, "fullAccess")
    asked = body_of(request, UPDATE_USER)
    asked = {name: _UNSET[name] for name in asked.get("unset", ()) if name in _UNSET} | asked
    changes = {name: asked[name] for name in ("name", "avatar", "role", "metadata") if name in asked}
    user = world.change_user(user.uid, user.app_id, **changes, **more_of(asked))
    return data(user_object(user), about={"uid": user.uid})


def delete_user(world: World, request: Request) -> Response:
    """DELETE users/{uid}: deactivated, or forgotten with ``permanent``."""
    user = user_of_key(world, request, "fullAccess")
    if body_of(request, DELETE_USER).get("permanent"):
        world.remove_user(user.uid, user.app_id)
    else:
        world.change_user(user.uid, user.app_id, active=False)
    return data({"success": True, "message": f"The user {user.uid} is deleted."}, about={"uid": user.uid})


def reactivate_users(world: World, request: Request) -> Response:
    """PUT users: brings deactivated users back; each is answered for itself."""
    key = keyed(world, request, "fullAccess")
    answers: dict[str, Any] = {}
    for uid in body_of(request, REACTIVATE_USERS)["uidsToActivate"]:
        known = world.users_of(key.app_id).get(uid.lower())
        if known is not None:
            world.change_user(known.uid, key.app_id, active=True)
        answers[uid] = {"success": known is not None, "message": "Active." if known is not None else "No such user."}
    return data(answers)


def see_users(world: World, request: Request) -> Response:
    """GET users (client): the others of the app."""
    _, me = authenticated(world, request)
    others = [user for user in _found(world, me.app_id, request) if user.uid != me.uid]
    return paged([user_object(user) for user in others], request.query, _SEEN_PER_PAGE)


def see_user(world: World, request: Request) -> Response:
    """GET users/{uid} (client)."""
    _, me = authenticated(world, request)
    user = world.find_user(me.app_id, request.path["uid"])
    if user is None:
        raise Refusal("ERR_UID_NOT_FOUND")
    return data(user_object(user), about={"uid": me.uid})


def _found(world: World, app_id: str, request: Request) -> Iterable[User]:
    """The active users of an app that ``searchKey`` (in uid or name) and ``role`` ask for."""
    query = request.query
    wanted, role = query.get("searchKey", "").lower(), query.get("role", "")
    for user in world.users_of(app_id).values():
        if user.active and role in ("", user.role) and (wanted in user.uid or wanted in user.name.lower()):
            yield user
