"""Call logs: the list with its filters and pages, one call, its transcriptions.

Two kinds of caller share these paths: a backend with an API key sees all calls of its app (``onBehalfOf``: those of that
user) in the documented form; an SDK with an auth token sees its user's own calls, with users expanded, and one call as a
list of one, which is what SDK 4 maps over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from testcall_simulator.calls import Call, call_object, transcription_object
from testcall_simulator.http.identity import authenticated, keyed
from testcall_simulator.http.messages import Request, Response, data
from testcall_simulator.http.paging import paged
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.world import World

_CALLS_PER_PAGE = 30
_TRANSCRIPTIONS_PER_PAGE = 100

FILTERS: Mapping[str, Callable[[Call, str], bool]] = {
    "type": lambda call, wanted: call.type == wanted,
    "mode": lambda call, wanted: call.mode == wanted,
    "status": lambda call, wanted: _one_spelling(call.status) == _one_spelling(wanted),
    "receiverType": lambda call, wanted: call.receiver_type == wanted,
    "participantsCount": lambda call, wanted: str(len(call.participations)) == wanted,
    "startedAt": lambda call, wanted: str(call.started_at) == wanted,
    "endedAt": lambda call, wanted: str(call.ended_at) == wanted,
    "hasRecording": lambda call, wanted: bool(call.recordings) == _yes(wanted),
    "hasTranscription": lambda call, wanted: bool(call.transcriptions) == _yes(wanted),
    "uid": lambda call, wanted: call.involves(wanted.lower()),
    "guid": lambda call, wanted: (call.receiver_type, call.receiver) == ("group", wanted),
}
"""Query parameter → whether a call fits it. ``direction`` needs to know who asks and stands in :func:`list_calls`."""


def list_calls(world: World, request: Request) -> Response:
    """GET calls: newest first."""
    app_id, uid, is_sdk = _caller(world, request)
    query = request.query
    found = [call for call in world.calls_of(app_id) if uid is None or call.involves(uid)]
    for name, wanted in query.items():
        if name in FILTERS and wanted:
            found = [call for call in found if FILTERS[name](call, wanted)]
    if uid is not None and query.get("direction") in ("incoming", "outgoing"):
        found = [call for call in found if (call.initiator == uid) == (query["direction"] == "outgoing")]
    return paged([_shown(world, call, is_sdk) for call in found], query, _CALLS_PER_PAGE)


def get_call(world: World, request: Request) -> Response:
    """GET calls/{sessionId}: the newest call of that session id."""
    call, is_sdk = _call_of_path(world, request)
    shown = _shown(world, call, is_sdk)
    return data([shown] if is_sdk else shown, about={"session": call.session_id})


def list_transcriptions(world: World, request: Request) -> Response:
    """GET calls/{sessionId}/transcriptions: newest first."""
    call, _ = _call_of_path(world, request)
    shown = [transcription_object(call, transcript) for transcript in reversed(call.transcriptions)]
    return paged(shown, request.query, _TRANSCRIPTIONS_PER_PAGE)


def _call_of_path(world: World, request: Request) -> tuple[Call, bool]:
    app_id, uid, is_sdk = _caller(world, request)
    call = world.find_call(app_id, world.room_of(world.find_app(app_id), request.path["sessionId"]))
    if call is None or not (uid is None or call.involves(uid)):
        raise Refusal("ERR_CALL_SESSION_NOT_FOUND")
    return call, is_sdk


def _caller(world: World, request: Request) -> tuple[str, str | None, bool]:
    """App, user (None: the whole app), and whether it is an SDK; who shows nothing is refused as a server, as the pages say."""
    if "apikey" not in request.wire.headers and "authtoken" in request.wire.headers:
        _, user = authenticated(world, request)
        return user.app_id, user.uid, True
    key = keyed(world, request, "fullAccess")
    uid = request.header("onbehalfof")
    if not uid:
        return key.app_id, None, False
    behalf = world.find_user(key.app_id, uid)
    if behalf is None:
        raise Refusal("ERR_UID_NOT_FOUND")
    return key.app_id, behalf.uid, False


def _shown(world: World, call: Call, is_sdk: bool) -> dict[str, Any]:
    shown = call_object(call, world.now())
    if not is_sdk:
        return shown
    for stay in shown["participants"]:
        if (user := world.find_user(call.app_id, stay["uid"])) is not None:
            stay |= {"name": user.name, "avatar": user.avatar}
    entities = {"initiator": _entity(world, call, call.initiator)}
    if call.receiver and call.receiver_type == "user":
        entities["receiver"] = _entity(world, call, call.receiver)
    return shown | {"data": {"entities": {role: entity for role, entity in entities.items() if entity is not None}}}


def _entity(world: World, call: Call, uid: str) -> dict[str, Any] | None:
    user = world.find_user(call.app_id, uid)
    if user is None:
        return None
    return {"entityType": "user", "entity": {"uid": user.uid, "name": user.name, "avatar": user.avatar}}


def _one_spelling(status: str) -> str:
    return "canceled" if status == "cancelled" else status


def _yes(text: str) -> bool:
    return text.lower() in ("true", "1")
