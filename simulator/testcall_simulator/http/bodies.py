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
LOGIN: Schema = {"type": "object", "properties": _LOGIN}
CREATE_AUTH_TOKEN: Schema = {"type": "object", "properties": {**_LOGIN, "force": {"type": "boolean"}}}
CREATE_USER: Schema = {
    "type": "object",
    "required": ["uid", "name"],
    "properties": {
        "uid": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"},  # documentation, properties and constraints
        "name": _TEXT,
        "avatar": _TEXT,
        "role": _TEXT,
        "metadata": {"type": "object"},
        "withAuthToken": {"type": "boolean"},
    },
}

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "string": str,
    "boolean": bool,
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
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(isinstance(value, _TYPES[kind]) for kind in kinds):
        return f"{where}: a value of type {' or '.join(kinds)} is wanted"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}: one of {', '.join(schema['enum'])} is wanted"
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        return f"{where}: the value doesn't fit {schema['pattern']}"
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                return f"{name}: is missing"
        for name, inner in schema.get("properties", {}).items():
            if name in value and (problem := misfit(value[name], inner, name)) is not None:
                return problem
    return None
