"""Routes of the management API, and of the files that the service makes."""

from __future__ import annotations

from testcall_simulator.http import bodies, files, webhook_admin
from testcall_simulator.http.route import DONE, EACH, PAGE, SEARCH, Route

_ACCOUNT = ("AUTH_ERR_EMPTY_AUTH_HEADER", "AUTH_ERR_NO_ACCESS", "AUTH_ERR_INVALID_APPID")
_KNOWN = (*_ACCOUNT, "ERR_WEBHOOK_NOT_FOUND")
_WEBHOOK = {
    "type": "object",
    "required": ["id", "name", "webhookURL", "enabled", "createdAt", "updatedAt"],
    "properties": {
        **{name: {"type": "string"} for name in ("id", "name", "webhookURL")},
        "enabled": {"type": "boolean"},
    },
}

MANAGEMENT: tuple[Route, ...] = (
    Route(
        name="create_webhook",
        surface="management",
        method="POST",
        path="/apps/{appId}/webhooks",
        handler=webhook_admin.create_webhook,
        summary="Make a webhook",
        credentials=("key",),
        body=bodies.CREATE_WEBHOOK,
        answers=_WEBHOOK,
        refusals=(*_ACCOUNT, "ERR_BAD_REQUEST"),
    ),
    Route(
        name="list_webhooks",
        surface="management",
        method="GET",
        path="/apps/{appId}/webhooks",
        handler=webhook_admin.list_webhooks,
        summary="List webhooks",
        credentials=("key",),
        query={**PAGE, **SEARCH},
        answers={"type": "array", "items": _WEBHOOK},
        refusals=_ACCOUNT,
    ),
    Route(
        name="get_webhook",
        surface="management",
        method="GET",
        path="/apps/{appId}/webhooks/{webhookId}",
        handler=webhook_admin.get_webhook,
        summary="One webhook",
        credentials=("key",),
        answers=_WEBHOOK,
        refusals=_KNOWN,
    ),
    Route(
        name="update_webhook",
        surface="management",
        method="PUT",
        path="/apps/{appId}/webhooks/{webhookId}",
        handler=webhook_admin.update_webhook,
        summary="Change a webhook",
        credentials=("key",),
        body=bodies.UPDATE_WEBHOOK,
        answers=_WEBHOOK,
        refusals=(*_KNOWN, "ERR_BAD_REQUEST"),
    ),
    Route(
        name="delete_webhook",
        surface="management",
        method="DELETE",
        path="/apps/{appId}/webhooks/{webhookId}",
        handler=webhook_admin.delete_webhook,
        summary="Delete a webhook",
        credentials=("key",),
        answers=DONE,
        refusals=_KNOWN,
    ),
    Route(
        name="add_triggers",
        surface="management",
        method="POST",
        path="/apps/{appId}/webhooks/{webhookId}/triggers",
        handler=webhook_admin.add_triggers,
        summary="Say what a webhook is told of",
        credentials=("key",),
        body=bodies.TRIGGER_IDS,
        answers=EACH,
        refusals=(*_KNOWN, "ERR_BAD_REQUEST"),
    ),
    Route(
        name="list_triggers",
        surface="management",
        method="GET",
        path="/apps/{appId}/webhooks/{webhookId}/triggers",
        handler=webhook_admin.list_triggers,
        summary="What a webhook is told of",
        credentials=("key",),
        query=PAGE,
        answers={"type": "array", "items": {"type": "object", "required": ["id", "description"]}},
        refusals=_KNOWN,
    ),
    Route(
        name="remove_triggers",
        surface="management",
        method="DELETE",
        path="/apps/{appId}/webhooks/{webhookId}/triggers",
        handler=webhook_admin.remove_triggers,
        summary="Say what a webhook is told of no more",
        credentials=("key",),
        body=bodies.TRIGGER_IDS,
        answers=DONE,
        refusals=(*_KNOWN, "ERR_BAD_REQUEST", "ERR_TRIGGER_NOT_FOUND"),
    ),
    # -- files -----------------------------------------------------------------------------------------------------------
    Route(
        name="get_recording",
        surface="files",
        method="GET",
        path="/recordings/{file}",
        handler=files.get_recording,
        summary="A recording's file; it holds no media",
        media_type="video/mp4",
        refusals=("ERR_API_NOT_FOUND",),
    ),
    Route(
        name="get_transcript",
        surface="files",
        method="GET",
        path="/transcripts/{file}",
        handler=files.get_transcript,
        summary="A transcript's file",
        refusals=("ERR_API_NOT_FOUND",),
    ),
)
