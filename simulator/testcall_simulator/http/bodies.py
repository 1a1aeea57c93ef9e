"""Request bodies: their JSON Schemas, which the OpenAPI document shows, and the check of a body against them.

Only the few words of JSON Schema that these schemas use are understood; a word that isn't is a mistake in this file. What a
schema doesn't name is let be, for SDKs send more than is documented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import orjson

from testcall_simulator.http.messages import Request
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.ringing import STATUSES, ReceiverType

Schema = Mapping[str, Any]

_TEXT = {"type": "string"}
_LOGIN = {"platform": _TEXT, "deviceId": _TEXT}

ANY_OBJECT: Schema = {"type": "object"}
CREATE_CALL_TOKEN: Schema = {"type": "object", "properties": {"sessionId": {"type": ["string", "null"]}}}
INITIATE_CALL: Schema = {
    "type": "object",
    "required": ["receiver", "receiverType", "type"],
    "properties": {
        "receiver": _TEXT,
        "receiverType": {"type": "string", "enum": list(get_args(ReceiverType))},
        "type": {"type": "string", "enum": ["audio", "video"]},
        "status": {"type": "string", "enum": ["initiated"]},
        "metadata": {"type": ["object", "null"]},
    },
}
UPDATE_CALL: Schema = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"type": "string", "enum": list(STATUSES)}},
}
UPDATE_CALL_TYPE: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"type": "string", "enum": ["audio", "video"]}},
}
LOGIN: Schema = {"type": "object", "properties": _LOGIN}
CREATE_AUTH_TOKEN: Schema = {"type": "object", "properties": {**_LOGIN, "force": {"type": "boolean"}}}
_ID = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"}
"""A uid or guid: documentation, properties and constraints."""
_TEXTS = {"type": "array", "items": _TEXT}
_USER = {
    "name": _TEXT,
    "avatar": _TEXT,
    "link": _TEXT,
    "role": _TEXT,
    "statusMessage": _TEXT,
    "metadata": {"type": "object"},
    "tags": _TEXTS,
}
CREATE_USER: Schema = {
    "type": "object",
    "required": ["uid", "name"],
    "properties": {"uid": _ID, **_USER, "withAuthToken": {"type": "boolean"}},
}
UPDATE_USER: Schema = {"type": "object", "properties": {**_USER, "unset": _TEXTS}}
DELETE_USER: Schema = {"type": "object", "properties": {"permanent": {"type": "boolean"}}}
REACTIVATE_USERS: Schema = {
    "type": "object",
    "required": ["uidsToActivate"],
    "properties": {"uidsToActivate": {**_TEXTS, "maxItems": 25}},
}
_GROUP = {"name": _TEXT, "icon": _TEXT, "description": _TEXT, "owner": _TEXT}
MEMBERS: Schema = {
    "type": "object",
    "properties": {
        **{scope: {**_TEXTS, "maxItems": 25} for scope in ("admins", "moderators", "participants")},
    },
}
CREATE_GROUP: Schema = {
    "type": "object",
    "required": ["guid", "name", "type"],
    "properties": {
        "guid": _ID,
        **_GROUP,
        "type": {"type": "string", "enum": ["public", "password", "private"]},
        "members": MEMBERS,
    },
}
UPDATE_GROUP: Schema = {"type": "object", "properties": _GROUP}
_WEBHOOK = {  # lengths: management API
    "name": {"type": "string", "maxLength": 50},
    "webhookURL": {"type": "string", "maxLength": 255},
    "useBasicAuth": {"type": "boolean"},
    "username": {"type": "string", "maxLength": 50},
    "password": {"type": "string", "maxLength": 100},
    "enabled": {"type": "boolean"},
    "retryOnFailure": {"type": "boolean"},
}
CREATE_WEBHOOK: Schema = {
    "type": "object",
    "required": ["id", "name", "webhookURL"],
    "properties": {"id": {"type": "string", "pattern": r"^[^\s/]{1,50}$"}, **_WEBHOOK},
}
UPDATE_WEBHOOK: Schema = {"type": "object", "properties": _WEBHOOK}
TRIGGER_IDS: Schema = {"type": "object", "required": ["triggerIds"], "properties": {"triggerIds": _TEXTS}}

_TYPES: dict[str, type] = {
    "object": dict,
    "string": str,
    "boolean": bool,
    "array": list,
    "null": type(None),
}


def body_of(request: Request, schema: Schema) -> dict[str, Any]:
    """The JSON body, which fits ``schema``; an empty body counts as ``{}``."""
    try:
        body = orjson.loads(request.wire.body or b"{}")
    except orjson.JSONDecodeError:
        raise Refusal("ERR_BAD_REQUEST", "The body is not JSON.") from None
    problem = misfit(body, schema, "body")
    if problem is not None:
        raise Refusal("ERR_BAD_REQUEST", problem)
    fitting: dict[str, Any] = body
    return fitting


def misfit(value: Any, schema: Schema, where: str) -> str | None:
    """Why ``value`` doesn't fit ``schema``, in one line; None if it does."""
    wanted = schema["type"]
    kinds = _TYPES[wanted] if isinstance(wanted, str) else tuple(_TYPES[kind] for kind in wanted)
    if not isinstance(value, kinds):
        return f"{where}: a value of type {wanted if isinstance(wanted, str) else ' or '.join(wanted)} is wanted"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}: one of {', '.join(schema['enum'])} is wanted"
    if "maxLength" in schema and isinstance(value, str) and len(value) > schema["maxLength"]:
        return f"{where}: at most {schema['maxLength']} characters are wanted"
    if "pattern" in schema and isinstance(value, str) and not re.fullmatch(schema["pattern"], value):
        return f"{where}: the value doesn't fit {schema['pattern']}"
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            return f"{where}: at most {schema['maxItems']} are wanted"
        problems = (misfit(item, schema["items"], f"{where}.{number}") for number, item in enumerate(value))
        return next((problem for problem in problems if problem is not None), None)
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                return f"{name}: is missing"
        for name, inner in schema.get("properties", {}).items():
            if name in value and (problem := misfit(value[name], inner, name)) is not None:
                return problem
    return None
