"""The OpenAPI 3.1 document of the simulated HTTP, made from the route table.

It describes the simulator, not the vendor's API: what it refuses and answers, in the form that a client generator or a
fuzzer reads. Paths are those of the address form by path, ``/<app>/<surface>/v3.0/…``, which needs no names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from testcall_simulator.http.addressing import Surface
from testcall_simulator.http.limits import LIMITED
from testcall_simulator.http.refusals import STATUS_AND_TEXT
from testcall_simulator.http.route import Route
from testcall_simulator.http.routes import ROUTES

_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "devMessage", "source", "code"],
            "properties": {name: {"type": "string"} for name in ("message", "devMessage", "source", "code")},
        }
    },
}
_PREFIX: dict[Surface, str] = {
    "call": "/{appId}/call/v3.0",
    "api": "/{appId}/api/v3.0",
    "apiclient": "/{appId}/apiclient/v3.0",
    "metrics": "/{appId}/metrics",
    "management": "/management",
    "files": "/files",
    "xmpp": "",
}
_CREDENTIALS = {
    "authToken": "What a user is known by",
    "callToken": "What a session is entered with",
    "apikey": "Key of the app",
    "key": "Key of the account, for the management API; wants the secret too",
    "secret": "Secret of the account",
}


def openapi_document(app_ids: Sequence[str] = (), examples: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The document. ``app_ids`` are the only ones that paths may name, if given; ``examples`` are values for parts of paths."""
    parts = {name: {"type": "string", "minLength": 1, "examples": [value]} for name, value in (examples or {}).items()}
    if app_ids:
        parts["appId"] = {"type": "string", "enum": list(app_ids)}
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(path_of(route), {})[route.method.lower()] = _operation(route, parts)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "testcall simulator: the calling service over HTTP",
            "version": "3.0",
            "description": "A simulation on this machine, not the vendor's service.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ENVELOPE},
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": name, "description": text}
                for name, text in _CREDENTIALS.items()
            },
        },
    }


def path_of(route: Route) -> str:
    """The path of a route in the address form by path, with ``{name}`` for what differs."""
    return _PREFIX[route.surface] + route.path


def _operation(route: Route, parts: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.surface],
        "parameters": _parameters(route, parts),
        "responses": _responses(route),
        "security": [{name: [], **({"secret": []} if name == "key" else {})} for name in route.credentials],
    }
    if route.body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": route.body}}}
    return operation


def _parameters(route: Route, parts: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    in_path = [part[1:-1] for part in path_of(route).split("/") if part.startswith("{")]
    anything = {"type": "string", "minLength": 1}
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": parts.get(name, anything)} for name in in_path
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()]
    return parameters


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": _success(route)}
    by_status: dict[int, list[str]] = {}
    for code in (*route.refusals, *(("ERR_TOO_MANY_REQUESTS",) if route.surface in LIMITED else ())):
        by_status.setdefault(STATUS_AND_TEXT[code][0], []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "Refused: " + ", ".join(dict.fromkeys(codes)),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
    return responses


def _success(route: Route) -> dict[str, Any]:
    if route.name == "xmpp_keep_alive":
        return {"description": "Empty"}
    if route.media_type != "application/json":
        return {
            "description": "The file",
            "content": {route.media_type: {"schema": {"type": "string", "format": "binary"}}},
        }
    if route.name == "get_transcript":
        schema: dict[str, Any] = {"type": "object", "required": ["sessionId", "tid", "lines"]}
    elif route.name == "room_size":
        schema = {
            "type": "object",
            "required": ["participants"],
            "properties": {"participants": {"type": "integer", "minimum": 0}},
        }
    else:
        schema = {"type": "object", "required": ["data"], "properties": {"data": route.answers or {}}}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}
