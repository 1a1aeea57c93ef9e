"""Webhooks over the management API: making, showing, changing and deleting them, and what they are told of.

Two headers, ``key`` and ``secret``, open it; they are the account's, so they hold for all apps of the world.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from testcall_simulator.errors import WorldError
from testcall_simulator.http.bodies import CREATE_WEBHOOK, TRIGGER_IDS, UPDATE_WEBHOOK, body_of
from testcall_simulator.http.messages import Request, Response, data
from testcall_simulator.http.paging import paged
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.webhooks import CALLS_VERSION, TRIGGERS, Webhook, url_problem
from testcall_simulator.world import App, World

_PER_PAGE = 100
_NAMES = {
    "name": "name",
    "webhookURL": "url",
    "enabled": "enabled",
    "retryOnFailure": "retry",
    "username": "username",
    "password": "password",
}
"""Member of a body → field of :class:`~testcall_simulator.webhooks.Webhook`."""


def create_webhook(world: World, request: Request) -> Response:
    """POST apps/{appId}/webhooks. It is told of nothing before it has triggers."""
    app = _app(world, request)
    asked = body_of(request, CREATE_WEBHOOK)
    now = world.now()
    made = Webhook(app.app_id, asked["id"], asked["name"], asked["webhookURL"], version=_version(request))
    try:
        world.webhooks.add(replace(_changed(made, asked), created_at=now, updated_at=now))
    except WorldError as error:
        raise Refusal("ERR_BAD_REQUEST", str(error)) from None
    webhook = world.webhooks.find(app.app_id, asked["id"])
    assert webhook is not None
    world.hide_secrets_of(webhook)
    return data(_shown(webhook))


def list_webhooks(world: World, request: Request) -> Response:
    """GET apps/{appId}/webhooks: ``searchKey`` is looked for in id and name."""
    app = _app(world, request)
    wanted = request.query.get("searchKey", "").lower()
    found = [one for one in world.webhooks.of(app.app_id) if wanted in one.id.lower() or wanted in one.name.lower()]
    return paged([_shown(webhook) for webhook in found], request.query, _PER_PAGE)


def get_webhook(world: World, request: Request) -> Response:
    """GET apps/{appId}/webhooks/{webhookId}."""
    return data(_shown(_webhook(world, request)))


def update_webhook(world: World, request: Request) -> Response:
    """PUT apps/{appId}/webhooks/{webhookId}: what the body names changes."""
    webhook = _webhook(world, request)
    changed = replace(_changed(webhook, body_of(request, UPDATE_WEBHOOK)), updated_at=world.now())
    world.hide_secrets_of(changed)
    return data(_shown(world.webhooks.put(changed)))


def delete_webhook(world: World, request: Request) -> Response:
    """DELETE apps/{appId}/webhooks/{webhookId}."""
    webhook = _webhook(world, request)
    world.webhooks.remove(webhook.app_id, webhook.id)
    return data({"success": True, "message": f"The webhook {webhook.id} is deleted."})


def add_triggers(world: World, request: Request) -> Response:
    """POST …/triggers: each is answered for itself."""
    webhook = _webhook(world, request)
    answers: dict[str, Any] = {}
    for trigger in body_of(request, TRIGGER_IDS)["triggerIds"]:
        problem = _problem(webhook, trigger)
        answers[trigger] = {"success": not problem, "message": problem or "Added."}
        if not problem:
            webhook = world.webhooks.put(replace(webhook, triggers=webhook.triggers | {trigger}))
    return data(answers)


def list_triggers(world: World, request: Request) -> Response:
    """GET …/triggers: those of the webhook."""
    webhook = _webhook(world, request)
    shown = [{"id": name, "description": text} for name, text in TRIGGERS.items() if name in webhook.triggers]
    return paged(shown, request.query, _PER_PAGE)


def remove_triggers(world: World, request: Request) -> Response:
    """DELETE …/triggers."""
    webhook = _webhook(world, request)
    gone = frozenset(body_of(request, TRIGGER_IDS)["triggerIds"])
    if gone - TRIGGERS.keys():
        raise Refusal("ERR_TRIGGER_NOT_FOUND")
    world.webhooks.put(replace(webhook, triggers=webhook.triggers - gone))
    return data({"success": True, "message": "Removed."})


def _app(world: World, request: Request) -> App:
    """The app that the path names, for whoever shows the account's key and secret."""
    key, secret = request.header("key"), request.header("secret")
    if not key or not secret:
        raise Refusal("AUTH_ERR_EMPTY_AUTH_HEADER")
    matches = [
        hmac.compare_digest(shown.encode(), own.encode())
        for shown, own in ((key, world.management_key), (secret, world.management_secret))
    ]
    if not all(matches):
        raise Refusal("AUTH_ERR_NO_ACCESS", "This key or this secret is wrong.")
    app = world.apps.get(request.path["appId"])
    if app is None:
        raise Refusal("AUTH_ERR_INVALID_APPID")
    return app


def _webhook(world: World, request: Request) -> Webhook:
    app = _app(world, request)
    webhook = world.webhooks.find(app.app_id, request.path["webhookId"])
    if webhook is None:
        raise Refusal("ERR_WEBHOOK_NOT_FOUND")
    return webhook


def _version(request: Request) -> int:
    stated = request.header("x-webhook-version")
    if stated not in ("", "1", "2"):
        raise Refusal("ERR_BAD_REQUEST", "x-webhook-version: 2 is wanted, or nothing for webhooks of the older kind")
    return int(stated or 1)


def _problem(webhook: Webhook, trigger: str) -> str:
    if trigger not in TRIGGERS:
        return "There is no such trigger."
    if webhook.version != CALLS_VERSION:
        return f"Triggers of calls need a webhook that was made with X-Webhook-Version: {CALLS_VERSION}."
    return ""


def _changed(webhook: Webhook, asked: dict[str, Any]) -> Webhook:
    if "webhookURL" in asked and (problem := url_problem(asked["webhookURL"])):
        raise Refusal("ERR_BAD_REQUEST", f"webhookURL: {problem}")
    changes = {ours: asked[name] for name, ours in _NAMES.items() if name in asked}
    if asked.get("useBasicAuth") is False:
        changes |= {"username": "", "password": ""}
    return replace(webhook, **changes)


def _shown(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "name": webhook.name,
        "webhookURL": webhook.url,
        "useBasicAuth": bool(webhook.username),
        "retryOnFailure": webhook.retry,
        "enabled": webhook.enabled,
        "createdAt": webhook.created_at,
        "updatedAt": webhook.updated_at,
    }
