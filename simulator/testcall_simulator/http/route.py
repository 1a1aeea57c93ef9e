"""What a route is, and the shapes and refusals that several of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from testcall_simulator.http import bodies
from testcall_simulator.http.addressing import Surface
from testcall_simulator.http.messages import Request, Response
from testcall_simulator.world import World

Handler = Callable[[World, Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of the table.

    ``path`` is within the surface, without API version; ``{name}`` stands for one segment. ``credentials`` are headers, of
    which the route wants one. ``query`` maps a parameter to its JSON Schema, ``answers`` the JSON Schema of ``data``.
    ``media_type`` other than JSON: the answer is a file and has no envelope.
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
    media_type: str = "application/json"


USER_REFUSALS = ("AUTH_ERR_EMPTY_AUTH_TOKEN", "AUTH_ERR_AUTH_TOKEN_NOT_FOUND", "AUTH_ERR_INVALID_APPID")
KEY_REFUSALS = ("AUTH_ERR_EMPTY_APIKEY", "AUTH_ERR_APIKEY_NOT_FOUND", "AUTH_ERR_NO_ACCESS", "AUTH_ERR_INVALID_APPID")
DONE = {
    "type": "object",
    "required": ["success"],
    "properties": {"success": {"const": True}, "message": {"type": "string"}},
}
AUTH_TOKEN = {
    "type": "object",
    "required": ["uid", "authToken", "createdAt"],
    "properties": {"uid": {"type": "string"}, "authToken": {"type": "string"}, "createdAt": {"type": "integer"}},
}
USER = {
    "type": "object",
    "required": ["uid", "name", "avatar", "status", "role"],
    "properties": {
        name: {"type": "string"} for name in ("uid", "name", "avatar", "status", "role", "authToken", "jwt")
    },
}
GROUP = {
    "type": "object",
    "required": ["guid", "name", "type", "owner", "membersCount"],
    "properties": {
        **{name: {"type": "string"} for name in ("guid", "name", "owner", "icon")},
        "type": {"enum": ["public", "password", "private"]},
        "membersCount": {"type": "integer"},
    },
}
EACH = {
    "type": "object",
    "additionalProperties": {"type": "object", "required": ["success"], "properties": {"success": {"type": "boolean"}}},
}
"""An answer for each of several."""
CALL = {"type": "object", "required": ["sessionId", "type", "mode", "status", "participants", "mid"]}
CALL_MESSAGE = {
    "type": "object",
    "required": ["id", "conversationId", "sender", "receiverType", "receiver", "category", "type", "data", "sentAt"],
    "properties": {"category": {"const": "call"}, "type": {"enum": ["audio", "video"]}, "data": {"type": "object"}},
}
SEARCH = {"searchKey": {"type": "string"}}
PAGE = {"page": {"type": "integer", "minimum": 1}, "perPage": {"type": "integer", "minimum": 1, "maximum": 1000}}
