"""A request in, the name of its route and the answer out: routing, CORS, refusals. Pure, given the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from testcall_simulator.errors import WorldError
from testcall_simulator.http.addressing import Links, Place, links_for, locate, split_authority
from testcall_simulator.http.limits import LIMITED, spend
from testcall_simulator.http.messages import Request, Response, WireRequest
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.http.route import Route
from testcall_simulator.http.routes import PREFLIGHT, UNKNOWN, find_route
from testcall_simulator.world import App, World

_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
_HEADERS = "accept, apikey, appid, authorization, authtoken, calltoken, content-type, onbehalfof, resource, sdk"
CORS: Mapping[str, str] = {"access-control-allow-origin": "*"}
"""On every answer, refusals too: without it a page can't read the code of an error."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request with the place and the route it found; ``route`` is None when there is none."""

    wire: WireRequest
    place: Place
    route: Route | None
    path: Mapping[str, str]

    @property
    def name(self) -> str:
        """What the trace calls the exchange."""
        if self.wire.method == "OPTIONS":
            return PREFLIGHT
        return self.route.name if self.route is not None else UNKNOWN


def arrive(wire: WireRequest) -> Arrival:
    """Find place and route of ``wire``."""
    place, route, path = _found(wire.method, wire.authority, wire.path)
    return Arrival(wire, place, route, path)


@lru_cache(maxsize=1024)
def _found(method: str, authority: str, path: str) -> tuple[Place, Route | None, Mapping[str, str]]:
    host, _ = split_authority(authority)
    place = locate(host, path)
    found = find_route(method, place)
    return (place, *found) if found else (place, None, {})


def respond(world: World, arrival: Arrival, tls_port: int) -> Response:
    """The service's answer. Whatever a client sends, this is an answer and no exception."""
    if arrival.wire.method == "OPTIONS":
        return preflight(arrival.wire)
    left: Mapping[str, str] = {}
    try:
        if arrival.route is None:
            raise Refusal("ERR_API_NOT_FOUND")
        if arrival.place.surface in LIMITED and (app := _app_of(world, arrival)) is not None:
            left = spend(world, app, arrival.route.name)
        request = Request(arrival.wire, arrival.place, lambda: _links(world, arrival, tls_port), arrival.path)
        response = arrival.route.handler(world, request)
    except Refusal as refusal:
        response = refusal.response()
    except WorldError as error:
        response = Refusal("ERR_BAD_REQUEST", str(error)).response()
    headers = {**CORS, **left, **response.headers}
    return Response(response.status, response.encoded(), headers, response.about, response.notice)


def preflight(wire: WireRequest) -> Response:
    """The answer to a CORS preflight (Fetch standard, "CORS-preflight request").

    Allowed are all methods and headers that SDKs use, and whatever headers this one asks for.
    """
    asked = wire.headers.get("access-control-request-headers", "")
    headers = {
        **CORS,
        "access-control-allow-methods": _METHODS,
        "access-control-allow-headers": f"{_HEADERS}, {asked}" if asked else _HEADERS,
        "access-control-max-age": "600",
    }
    return Response(204, b"", headers)


def _app_of(world: World, arrival: Arrival) -> App | None:
    """The app that address or header name, else that of the credential; nothing is checked here."""
    headers = arrival.wire.headers
    named = arrival.place.app_id or headers.get("appid")
    if named:
        return world.apps.get(named)
    credential = world.find_auth_token(headers.get("authtoken", "")) or world.find_key(headers.get("apikey", ""))
    return world.apps.get(credential.app_id) if credential is not None else None


def _links(world: World, arrival: Arrival, tls_port: int) -> Links:
    place = arrival.place
    app = world.apps.get(place.app_id or arrival.wire.headers.get("appid", ""))
    region = place.region or (app.region if app is not None else "us")
    app_id = place.app_id or (app.app_id if app is not None else "")
    return links_for(
        place, arrival.wire.scheme, arrival.wire.authority, region=region, app_id=app_id, tls_port=tls_port
    )
