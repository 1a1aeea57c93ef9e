"""Who asks: the app, the user and the key behind a request, or the refusal of it."""

from __future__ import annotations

from testcall_simulator.http.messages import Request
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.tokens import ApiKey, AuthToken, KeyScope
from testcall_simulator.world import App, User, World


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
