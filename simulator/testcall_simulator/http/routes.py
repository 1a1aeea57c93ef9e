"""The service's HTTP as one table. Matching, handling, tracing and the OpenAPI document all read it; nothing else lists routes."""

from __future__ import annotations

from functools import lru_cache

from testcall_simulator.http.addressing import Place, Surface
from testcall_simulator.http.route import Route
from testcall_simulator.http.route_admin import ADMIN
from testcall_simulator.http.route_calls import CALLS
from testcall_simulator.http.route_client import CLIENT
from testcall_simulator.http.route_management import MANAGEMENT

UNKNOWN = "unknown"
"""The name in the trace of a request that has no route."""
PREFLIGHT = "preflight"
"""The name in the trace of a CORS preflight."""

ROUTES: tuple[Route, ...] = (*CALLS, *ADMIN, *CLIENT, *MANAGEMENT)


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
