"""The OpenAPI 3.1 document of the simulated HTTP, made from the route table.

It describes the simulator, not the vendor's API: what it refuses and answers, in the form that a client generator or a
fuzzer reads. Paths are those of the address form by path, ``/<app>/<surface>/v3.0/…``, which needs no names.
"""

from __future__ import annotations

from typing import Any

from testcall_simulator.http.addressing import Surface
from testcall_simulator.http.refusals import STATUS_AND_TEXT
from testcall_simulator.http.routes import ROUTES, Route

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
    "xmpp": "",
}
_DESCRIPTIONS = {
    "authToken": "What a user is known by",
    "callToken": "What a session is entered with",
    "apikey": "Key of the app",
}


def openapi_document(server: str = "/") -> dict[str, Any]:
    """The document; ``server`` is the address that paths are relative to."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(_PREFIX[route.surface] + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "testcall simulator: the calling service over HTTP",
            "version": "3.0",
            "description": "A simulation on this machine, not the vendor's service.",
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": {"Error": _ENVELOPE}},
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.surface],
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.body is not None:
        schema = route.body.model_json_schema(ref_template="#/components/schemas/{model}")
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    template = _PREFIX[route.surface] + route.path
    in_path = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    text = {"type": "string"}
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": text | {"minLength": 1}} for name in in_path
    ]
    # A header that is missing is refused with a code of its own, so that to a client it is "required".
    parameters += [
        {"name": name, "in": "header", "required": True, "schema": text, "description": _DESCRIPTIONS[name]}
        for name in route.headers
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()]
    return parameters


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": _success(route)}
    by_status: dict[int, list[str]] = {}
    for code in route.refusals:
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
    if route.name == "room_size":
        schema: dict[str, Any] = {
            "type": "object",
            "required": ["participants"],
            "properties": {"participants": {"type": "integer", "minimum": 0}},
        }
    else:
        schema = {"type": "object", "required": ["data"], "properties": {"data": route.answers or {}}}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}
