"""The service's HTTP as one table. Matching, handling, tracing and the OpenAPI document all read it; nothing else lists routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from testcall_simulator.http import call_tokens
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

    ``path`` is within the surface, without API version; ``{name}`` stands for one segment. ``headers`` are those that the
    route refuses to be without. ``query`` maps a parameter to its JSON Schema, ``answers`` the JSON Schema of ``data``.
    """

    name: str
    surface: Surface
    method: str
    path: str
    handler: Handler
    summary: str
    headers: tuple[str, ...] = ()
    query: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    body: type[BaseModel] | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()


ROUTES: tuple[Route, ...] = (
    Route(
        name="create_call_token",
        surface="call",
        method="POST",
        path="/call_tokens",
        handler=call_tokens.create_call_token,
        summary="Make a call token for the user of the authToken and a session",
        headers=("authToken",),
        body=call_tokens.CreateCallToken,
        answers={"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}},
        refusals=(
            "AUTH_ERR_EMPTY_AUTH_TOKEN",
            "AUTH_ERR_AUTH_TOKEN_NOT_FOUND",
            "AUTH_ERR_INVALID_APPID",
            "ERR_EMPTY_CALL_SESSION_ID",
            "ERR_BAD_REQUEST",
            "ERR_CALL_NOT_A_PART",
        ),
    ),
    Route(
        name="verify_call_token",
        surface="call",
        method="GET",
        path="/call_tokens",
        handler=call_tokens.verify_call_token,
        summary="Verify a call token; answers what a session needs to begin (SDK 4; SDK 5 with configVersion)",
        headers=("callToken",),
        query={"configVersion": {"type": "integer", "minimum": 1}},
        answers={"type": "object", "required": ["callToken", "settings"]},
        refusals=("AUTH_ERR_TOKEN_INVALID_SIGNATURE", "AUTH_ERR_INVALID_APPID", "ERR_CALL_NOT_A_PART"),
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
