"""Who asks: the app, the user and the key behind a request, or the refusal of it."""

from __future__ import annotations

from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from testcall_simulator.http.messages import Request
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.tokens import ApiKey, AuthToken, KeyScope
from testcall_simulator.world import App, User, World

BodyT = TypeVar("BodyT", bound=BaseModel)


def named_app(world: World, request: Request) -> App | None:
    """The app that address and ``appId`` header name, None if neither names one; refused if unknown, elsewhere, or two."""
    header = request.header("appid") or None
    app_id = request.place.app_id or header
    if app_id is None:
        return None
    app = world.apps.get(app_id) or next(
        (app for known, app in world.apps.items() if known.lower() == app_id.lower()), None
    )
    if (
        app is None
        or (request.place.region is not None and request.place.region != app.region)
        or (header is not None and header.lower() != app.app_id.lower())
    ):
        raise Refusal("AUTH_ERR_INVALID_APPID")
    return app


def authenticated(world: World, request: Request) -> tuple[AuthToken, User]:
    """The user whose ``authToken`` the request carries; a token of another app than the address names is unknown there."""
    app = named_app(world, request)
    value = request.header("authtoken")
    if not value:
        raise Refusal("AUTH_ERR_EMPTY_AUTH_TOKEN")
    token = world.find_auth_token(value)
    if token is None or (app is not None and app.app_id != token.app_id):
        raise Refusal("AUTH_ERR_AUTH_TOKEN_NOT_FOUND")
    user = world.find_user(token.app_id, token.uid)
    if user is None:
        raise Refusal("AUTH_ERR_AUTH_TOKEN_NOT_FOUND")
    return token, user


def keyed(world: World, request: Request, *scopes: KeyScope) -> ApiKey:
    """The API key of the request; refused without one, with one of another app, or with none of ``scopes``."""
    app = named_app(world, request)
    value = request.header("apikey")
    if not value:
        raise Refusal("AUTH_ERR_EMPTY_APIKEY")
    key = world.find_key(value)
    if key is None or (app is not None and app.app_id != key.app_id):
        raise Refusal("AUTH_ERR_APIKEY_NOT_FOUND")
    if key.scope not in scopes:
        raise Refusal("AUTH_ERR_NO_ACCESS")
    return key


def body_of(request: Request, model: type[BodyT]) -> BodyT:
    """The JSON body as ``model``; an empty body counts as ``{}``."""
    try:
        return model.model_validate_json(request.wire.body or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refusal("ERR_BAD_REQUEST", f"{where}: {first['msg']}" if where else str(first["msg"])) from None


def json_of(request: Request) -> Any:
    """The JSON body whatever its shape; an empty body counts as ``{}``."""
    try:
        return orjson.loads(request.wire.body or b"{}")
    except orjson.JSONDecodeError:
        raise Refusal("ERR_BAD_REQUEST", "The body is not JSON.") from None
