"""Groups and who is in them. The owner is their only admin; a group outlives the members that it loses, but not its owner's wish."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from testcall_simulator.http.accounts import user_object
from testcall_simulator.http.bodies import CREATE_GROUP, MEMBERS, UPDATE_GROUP, body_of
from testcall_simulator.http.identity import authenticated, keyed
from testcall_simulator.http.messages import Request, Response, data
from testcall_simulator.http.paging import paged
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.ring_book import Group
from testcall_simulator.ring_service import group_object
from testcall_simulator.world import World

_PER_PAGE = 100
_SEEN_PER_PAGE = 30


def create_group(world: World, request: Request) -> Response:
    """POST groups: ``owner`` (else the user ``onBehalfOf``) and ``members`` by scope may be in it at once."""
    key = keyed(world, request, "fullAccess")
    asked = body_of(request, CREATE_GROUP)
    members = asked.get("members", {})
    guid = asked["guid"].lower()
    if world.ringing.find_group(key.app_id, guid) is not None:
        raise Refusal("ERR_GUID_ALREADY_EXISTS")
    owner = (asked.get("owner") or request.header("onbehalfof")).lower()
    if owner and world.find_user(key.app_id, owner) is None:
        raise Refusal("ERR_UID_NOT_FOUND")
    asked_in = [uid for scope in MEMBERS["properties"] for uid in members.get(scope, ())]
    known = {uid.lower() for uid in asked_in if world.find_user(key.app_id, uid) is not None}
    group = Group(
        guid,
        asked["name"],
        key.app_id,
        owner,
        frozenset({*known, owner} - {""}),
        asked.get("icon", ""),
        world.now(),
        asked["type"],
        asked.get("description", ""),
    )
    return data(_shown(world.ringing.add_group(group)))


def list_groups(world: World, request: Request) -> Response:
    """GET groups (admin): those of the app, oldest first."""
    key = keyed(world, request, "fullAccess")
    return paged([_shown(group) for group in _found(world, key.app_id, request)], request.query, _PER_PAGE)


def get_group(world: World, request: Request) -> Response:
    """GET groups/{guid} (admin)."""
    return data(_shown(_group_of_key(world, request)))


def update_group(world: World, request: Request) -> Response:
    """PUT groups/{guid}: what the body names changes."""
    group = _group_of_key(world, request)
    asked = body_of(request, UPDATE_GROUP)
    if "owner" in asked and asked["owner"].lower() not in group.members:
        raise Refusal("ERR_NOT_A_MEMBER")
    changes: dict[str, Any] = {name: asked[name] for name in ("name", "icon", "description") if name in asked}
    changes |= {"owner": asked["owner"].lower()} if "owner" in asked else {}
    return data(_shown(world.ringing.put_group(replace(group, **changes))))


def delete_group(world: World, request: Request) -> Response:
    """DELETE groups/{guid}."""
    group = _group_of_key(world, request)
    world.ringing.remove_group(group.app_id, group.guid)
    return data({"success": True, "message": f"The group {group.guid} is deleted."})


def list_members(world: World, request: Request) -> Response:
    """GET groups/{guid}/members."""
    group = _group_of_key(world, request)
    shown = []
    for uid in sorted(group.members):
        if (user := world.find_user(group.app_id, uid)) is not None:
            shown.append(user_object(user) | {"scope": _scope(group, uid), "joinedAt": group.created_at})
    return paged(shown, request.query, _PER_PAGE)


def add_members(world: World, request: Request) -> Response:
    """POST groups/{guid}/members: by scope; who can't be added is told so alone."""
    group = _group_of_key(world, request)
    answers: dict[str, Any] = {}
    for scope, uids in body_of(request, MEMBERS).items():
        if scope not in MEMBERS["properties"]:
            continue
        answers[scope] = {}
        for uid in uids:
            known = world.find_user(group.app_id, uid)
            answers[scope][uid] = {"success": known is not None}
            if known is None:
                answers[scope][uid]["error"] = Refusal("ERR_UID_NOT_FOUND").response().body["error"]
            else:
                group = world.ringing.put_group(replace(group, members=group.members | {known.uid}))
    return data(answers)


def remove_member(world: World, request: Request) -> Response:
    """DELETE groups/{guid}/members/{uid}."""
    group, uid = _group_of_key(world, request), request.path["uid"].lower()
    if uid not in group.members:
        raise Refusal("ERR_NOT_A_MEMBER")
    world.ringing.put_group(replace(group, members=group.members - {uid}))
    return data({"success": True, "message": f"{uid} is in the group {group.guid} no more."}, about={"uid": uid})


def see_groups(world: World, request: Request) -> Response:
    """GET groups (client): those that are open to all, and those that the user is in."""
    _, me = authenticated(world, request)
    seen = [group for group in _found(world, me.app_id, request) if _visible(group, me.uid)]
    return paged([_seen(group, me.uid) for group in seen], request.query, _SEEN_PER_PAGE)


def see_group(world: World, request: Request) -> Response:
    """GET groups/{guid} (client)."""
    _, me = authenticated(world, request)
    group = world.ringing.find_group(me.app_id, request.path["guid"])
    if group is None or not _visible(group, me.uid):
        raise Refusal("ERR_GUID_NOT_FOUND")
    return data(_seen(group, me.uid), about={"uid": me.uid})


def _group_of_key(world: World, request: Request) -> Group:
    key = keyed(world, request, "fullAccess")
    group = world.ringing.find_group(key.app_id, request.path["guid"])
    if group is None:
        raise Refusal("ERR_GUID_NOT_FOUND")
    return group


def _found(world: World, app_id: str, request: Request) -> list[Group]:
    wanted = request.query.get("searchKey", "").lower()
    groups = world.ringing.groups_of(app_id)
    return [group for group in groups if wanted in group.guid or wanted in group.name.lower()]


def _visible(group: Group, uid: str) -> bool:
    return group.type != "private" or uid in group.members


def _scope(group: Group, uid: str) -> str:
    return "admin" if uid == group.owner else "participant"


def _shown(group: Group) -> dict[str, Any]:
    shown = group_object(group)
    return shown | {"description": group.description} if group.description else shown


def _seen(group: Group, uid: str) -> dict[str, Any]:
    """A group as one of its members sees it, or another."""
    mine = {"hasJoined": uid in group.members}
    return _shown(group) | (mine | {"scope": _scope(group, uid)} if uid in group.members else mine)
