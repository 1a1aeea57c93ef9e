"""The service's HTTP as one table. Matching, handling, tracing and the OpenAPI document all read it; nothing else lists routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from testcall_simulator.http import accounts, bodies, call_logs, call_tokens, rings, telemetry
from testcall_simulator.http.addressing import Place, Surface
from testcall_simulator.http.messages import Request, Response
from testcall_simulator.world import World

Handler = Callable[[World, Request], Response]

UNKNOWN = "unknown"
"""The name in the trace of a request that has no route."""
PREFLIGHT = "preflight"
"""The name in the trace of a CORS preflight."""


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of the table.

    ``path`` is within the surface, without API version; ``{name}`` stands for one segment. ``credentials`` are headers, of
    which the route wants one. ``query`` maps a parameter to its JSON Schema, ``answers`` the JSON Schema of ``data``.
    """

    name: str
    surface: Surface
    method: str
    path: str
    handler: Handler
    summary: str
    credentials: tuple[str, ...] = ()
    query: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    body: bodies.Schema | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()


_USER_REFUSALS = ("AUTH_ERR_EMPTY_AUTH_TOKEN", "AUTH_ERR_AUTH_TOKEN_NOT_FOUND", "AUTH_ERR_INVALID_APPID")
_KEY_REFUSALS = ("AUTH_ERR_EMPTY_APIKEY", "AUTH_ERR_APIKEY_NOT_FOUND", "AUTH_ERR_NO_ACCESS", "AUTH_ERR_INVALID_APPID")
_DONE = {
    "type": "object",
    "required": ["success"],
    "properties": {"success": {"const": True}, "message": {"type": "string"}},
}
_AUTH_TOKEN = {
    "type": "object",
    "required": ["uid", "authToken", "createdAt"],
    "properties": {"uid": {"type": "string"}, "authToken": {"type": "string"}, "createdAt": {"type": "integer"}},
}
_USER = {
    "type": "object",
    "required": ["uid", "name", "avatar", "status", "role"],
    "properties": {
        name: {"type": "string"} for name in ("uid", "name", "avatar", "status", "role", "authToken", "jwt")
    },
}
_CALL = {"type": "object", "required": ["sessionId", "type", "mode", "status", "participants", "mid"]}
_CALL_MESSAGE = {
    "type": "object",
    "required": ["id", "conversationId", "sender", "receiverType", "receiver", "category", "type", "data", "sentAt"],
    "properties": {"category": {"const": "call"}, "type": {"enum": ["audio", "video"]}, "data": {"type": "object"}},
}
_PAGE = {"page": {"type": "integer", "minimum": 1}, "perPage": {"type": "integer", "minimum": 1, "maximum": 1000}}

ROUTES: tuple[Route, ...] = (
    # -- calls API ---------------------------------------------------------------------------------------------------
    Route(
        name="create_call_token",
        surface="call",
        method="POST",
        path="/call_tokens",
        handler=call_tokens.create_call_token,
        summary="Make a call token for the user of the authToken and a session",
        credentials=("authToken",),
        body=bodies.CREATE_CALL_TOKEN,
        answers={"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}},
        refusals=(*_USER_REFUSALS, "ERR_EMPTY_CALL_SESSION_ID", "ERR_BAD_REQUEST", "ERR_CALL_NOT_A_PART"),
    ),
    Route(
        name="verify_call_token",
        surface="call",
        method="GET",
        path="/call_tokens",
        handler=call_tokens.verify_call_token,
        summary="Verify a call token; answers what a session needs to begin (SDK 4; SDK 5 with configVersion)",
        credentials=("callToken",),
        query={"configVersion": {"type": "integer", "minimum": 1}},
        answers={"type": "object", "required": ["callToken", "settings"]},
        refusals=("AUTH_ERR_TOKEN_INVALID_SIGNATURE", "AUTH_ERR_INVALID_APPID", "ERR_CALL_NOT_A_PART"),
    ),
    Route(
        name="list_calls",
        surface="call",
        method="GET",
        path="/calls",
        handler=call_logs.list_calls,
        summary="List calls: the user's own for an authToken, the app's for an apikey",
        credentials=("authToken", "apikey"),
        query={
            **_PAGE,
            "type": {"enum": ["audio", "video"]},
            "mode": {"enum": ["call", "meet", "presenter"]},
            "direction": {"enum": ["incoming", "outgoing"]},
            **{
                name: {"type": "string"}
                for name in call_logs.FILTERS
                if name not in ("type", "mode", "hasRecording", "hasTranscription")
            },
            "hasRecording": {"type": "boolean"},
            "hasTranscription": {"type": "boolean"},
        },
        answers={"type": "array", "items": _CALL},
        refusals=(*_USER_REFUSALS, *_KEY_REFUSALS, "ERR_UID_NOT_FOUND"),
    ),
    Route(
        name="get_call",
        surface="call",
        method="GET",
        path="/calls/{sessionId}",
        handler=call_logs.get_call,
        summary="One call: an object for an apikey, a list of one for an authToken",
        credentials=("authToken", "apikey"),
        answers={"oneOf": [_CALL, {"type": "array", "items": _CALL}]},
        refusals=(*_USER_REFUSALS, *_KEY_REFUSALS, "ERR_UID_NOT_FOUND", "ERR_CALL_SESSION_NOT_FOUND"),
    ),
    Route(
        name="list_transcriptions",
        surface="call",
        method="GET",
        path="/calls/{sessionId}/transcriptions",
        handler=call_logs.list_transcriptions,
        summary="Transcriptions of a call",
        credentials=("authToken", "apikey"),
        query=_PAGE,
        answers={"type": "array", "items": {"type": "object"}},
        refusals=(*_USER_REFUSALS, *_KEY_REFUSALS, "ERR_UID_NOT_FOUND", "ERR_CALL_SESSION_NOT_FOUND"),
    ),
    # -- admin REST API ------------------------------------------------------------------------------------------------
    Route(
        name="create_user",
        surface="api",
        method="POST",
        path="/users",
        handler=accounts.create_user,
        summary="Make a user",
        credentials=("apikey",),
        body=bodies.CREATE_USER,
        answers=_USER,
        refusals=(*_KEY_REFUSALS, "ERR_BAD_REQUEST", "ERR_UID_ALREADY_EXISTS"),
    ),
    Route(
        name="create_auth_token",
        surface="api",
        method="POST",
        path="/users/{uid}/auth_tokens",
        handler=accounts.create_auth_token,
        summary="Make an auth token for a user",
        credentials=("apikey",),
        body=bodies.CREATE_AUTH_TOKEN,
        answers=_AUTH_TOKEN,
        refusals=(*_KEY_REFUSALS, "ERR_UID_NOT_FOUND", "ERR_BAD_REQUEST"),
    ),
    Route(
        name="list_auth_tokens",
        surface="api",
        method="GET",
        path="/users/{uid}/auth_tokens",
        handler=accounts.list_auth_tokens,
        summary="List the auth tokens of a user",
        credentials=("apikey",),
        query=_PAGE,
        answers={"type": "array", "items": _AUTH_TOKEN},
        refusals=(*_KEY_REFUSALS, "ERR_UID_NOT_FOUND"),
    ),
    Route(
        name="flush_auth_tokens",
        surface="api",
        method="DELETE",
        path="/users/{uid}/auth_tokens",
        handler=accounts.flush_auth_tokens,
        summary="Delete all auth tokens of a user",
        credentials=("apikey",),
        answers=_DONE,
        refusals=(*_KEY_REFUSALS, "ERR_UID_NOT_FOUND"),
    ),
    Route(
        name="get_auth_token",
        surface="api",
        method="GET",
        path="/users/{uid}/auth_tokens/{authToken}",
        handler=accounts.get_auth_token,
        summary="One auth token of a user",
        credentials=("apikey",),
        answers=_AUTH_TOKEN,
        refusals=(*_KEY_REFUSALS, "ERR_UID_NOT_FOUND", "ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE"),
    ),
    Route(
        name="update_auth_token",
        surface="api",
        method="PUT",
        path="/users/{uid}/auth_tokens/{authToken}",
        handler=accounts.update_auth_token,
        summary="Note platform and device on an auth token",
        credentials=("apikey",),
        body=bodies.LOGIN,
        answers=_AUTH_TOKEN,
        refusals=(
            *_KEY_REFUSALS,
            "ERR_UID_NOT_FOUND",
            "ERR_AUTH_TOKEN_NOT_FOUND",
            "ERR_AUTHTOKEN_NOT_ACCESSIBLE",
            "ERR_BAD_REQUEST",
        ),
    ),
    Route(
        name="delete_auth_token",
        surface="api",
        method="DELETE",
        path="/users/{uid}/auth_tokens/{authToken}",
        handler=accounts.delete_auth_token,
        summary="Delete an auth token",
        credentials=("apikey",),
        answers=_DONE,
        refusals=(*_KEY_REFUSALS, "ERR_UID_NOT_FOUND", "ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE"),
    ),
    # -- client API ----------------------------------------------------------------------------------------------------
    Route(
        name="me",
        surface="apiclient",
        method="PUT",
        path="/me",
        handler=accounts.log_in,
        summary="Log in with an auth token",
        credentials=("authToken",),
        body=bodies.LOGIN,
        answers=_USER,
        refusals=(*_USER_REFUSALS, "ERR_BAD_REQUEST"),
    ),
    Route(
        name="get_me",
        surface="apiclient",
        method="GET",
        path="/me",
        handler=accounts.who_am_i,
        summary="The user of an auth token",
        credentials=("authToken",),
        answers=_USER,
        refusals=_USER_REFUSALS,
    ),
    Route(
        name="log_out",
        surface="apiclient",
        method="DELETE",
        path="/me",
        handler=accounts.log_out,
        summary="Log out",
        credentials=("authToken",),
        answers=_DONE,
        refusals=_USER_REFUSALS,
    ),
    Route(
        name="settings",
        surface="apiclient",
        method="GET",
        path="/settings",
        handler=accounts.settings,
        summary="Where the Chat SDK finds the service",
        credentials=("authToken",),
        answers={"type": "object", "required": ["CLIENT_API_HOST", "CHAT_API_VERSION", "CHAT_HOST", "CHAT_WSS_PORT"]},
        refusals=_USER_REFUSALS,
    ),
    Route(
        name="initiate_call",
        surface="apiclient",
        method="POST",
        path="/calls",
        handler=rings.initiate_call,
        summary="Ring a user or a group",
        credentials=("authToken",),
        body=bodies.INITIATE_CALL,
        answers=_CALL_MESSAGE,
        refusals=(*_USER_REFUSALS, "ERR_BAD_REQUEST", *rings.INITIATE_REFUSALS),
    ),
    Route(
        name="update_call",
        surface="apiclient",
        method="PUT",
        path="/calls/{sessionId}",
        handler=rings.update_call,
        summary="Accept, reject, cancel or end a ringing call, or tell that it is not answered",
        credentials=("authToken",),
        body=bodies.UPDATE_CALL,
        answers=_CALL_MESSAGE,
        refusals=(*_USER_REFUSALS, "ERR_BAD_REQUEST", *rings.UPDATE_REFUSALS),
    ),
    Route(
        name="update_no_call",
        surface="apiclient",
        method="PUT",
        path="/calls/",
        handler=rings.update_no_call,
        summary="The same without a session id, which is refused",
        credentials=("authToken",),
        refusals=(*_USER_REFUSALS, "ERR_EMPTY_CALL_SESSION_ID"),
    ),
    Route(
        name="report_user_session",
        surface="apiclient",
        method="POST",
        path="/user_sessions",
        handler=telemetry.report_user_session,
        summary="An SDK tells where it runs",
        credentials=("authToken",),
        body=bodies.ANY_OBJECT,
        answers=_DONE,
        refusals=(*_USER_REFUSALS, "ERR_BAD_REQUEST"),
    ),
    # -- analytics and signalling hosts ----------------------------------------------------------------------------------
    Route(
        name="call_ping",
        surface="metrics",
        method="POST",
        path="/v1/calls/ping",
        handler=telemetry.call_ping,
        summary="An SDK in a call says so, every minute",
        body=bodies.ANY_OBJECT,
        answers=_DONE,
        refusals=("AUTH_ERR_INVALID_APPID", "ERR_BAD_REQUEST"),
    ),
    Route(
        name="chat_ping",
        surface="metrics",
        method="POST",
        path="/v1/ping",
        handler=telemetry.chat_ping,
        summary="A Chat SDK that is logged in says so, every minute",
        body=bodies.ANY_OBJECT,
        answers=_DONE,
        refusals=("AUTH_ERR_INVALID_APPID", "ERR_BAD_REQUEST"),
    ),
    Route(
        name="xmpp_keep_alive",
        surface="xmpp",
        method="GET",
        path="/xmpp-websocket",
        handler=telemetry.keep_alive,
        summary="Keep-alive of the signalling socket, over plain HTTP",
    ),
    Route(
        name="room_size",
        surface="xmpp",
        method="GET",
        path="/room-size",
        handler=telemetry.room_size,
        summary="How many are in a room",
        query={"domain": {"type": "string"}, "room": {"type": "string"}},
    ),
)


def find_route(method: str, place: Place) -> tuple[Route, dict[str, str]] | None:
    """The route for ``method`` at ``place``, with what its path says; None if there is none."""
    segments = tuple(place.path.split("/")[1:])
    for pattern, route in _by_shape().get((place.surface, method, len(segments)), ()):
        path: dict[str, str] = {}
        for expected, found in zip(pattern, segments, strict=True):
            if expected.startswith("{"):
                if not found:
                    break
                path[expected[1:-1]] = found
            elif expected != found:
                break
        else:
            return route, path
    return None


@lru_cache(maxsize=1)
def _by_shape() -> dict[tuple[Surface, str, int], list[tuple[tuple[str, ...], Route]]]:
    table: dict[tuple[Surface, str, int], list[tuple[tuple[str, ...], Route]]] = {}
    for route in ROUTES:
        pattern = tuple(route.path.split("/")[1:])
        table.setdefault((route.surface, route.method, len(pattern)), []).append((pattern, route))
    return table
