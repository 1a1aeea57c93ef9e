"""Call logs and transcripts: what these operations do, by concept.

A request is the settings object that a builder made; its cursor lives as long as it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from testcall_conformance.reference.client.logs import PAGE_SIZE, Cursor
from testcall_conformance.reference.dialect import DialectSdk
from testcall_conformance.reference.objects import Settings, effective
from testcall_conformance.reference.operations_setup import Arguments
from testcall_conformance.reference.refusals import Refusal
from testcall_conformance.values import UNDEFINED, Ref

_QUERY: Mapping[str, str] = {
    "log_type": "type",
    "log_status": "status",
    "log_category": "mode",
    "log_direction": "direction",
    "log_uid": "uid",
    "log_guid": "guid",
    "log_has_recording": "hasRecording",
    "log_has_transcriptions": "hasTranscription",
}
"""Setting concept → query parameter of the service (rest-api/calls-apis/list-calls)."""


def build_request(sdk: DialectSdk, _given: Arguments, target: Any) -> Any:
    """What a builder builds."""
    if not isinstance(target, Settings):
        raise Refusal("unknown_error", "there is no builder")
    made = Settings(target.key, sdk.contract.settings[target.key].name, dict(target.values))
    return {"": sdk.heap.keep(made, made.cls)}


async def next_page(sdk: DialectSdk, given: Arguments, target: Any) -> Any:
    """The next page of the request."""
    records = await _cursor(sdk, target).next(sdk.client.api, _headers(sdk, given))
    return [_record(sdk, item) for item in records]


async def previous_page(sdk: DialectSdk, given: Arguments, target: Any) -> Any:
    """The page before."""
    records = await _cursor(sdk, target).previous(sdk.client.api, _headers(sdk, given))
    return [_record(sdk, item) for item in records]


def current_page(sdk: DialectSdk, _given: Arguments, target: Any) -> Any:
    """Where the request stands."""
    return _cursor(sdk, target).current


def total_pages(sdk: DialectSdk, _given: Arguments, target: Any) -> Any:
    """How many pages there are."""
    return _cursor(sdk, target).total


async def call_details(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """The log of one call, as the list of one."""
    if "auth_token" not in given or not sdk.contract.operations["get_call_details"].delivers.failure:
        return None  # declared, and documented as not supported
    path = f"calls/{quote(str(given.get('session_id')), safe='')}"
    service = sdk.client.api.service
    answer = await sdk.client.api.request("GET", service.url(service.calls, path), _headers(sdk, given))
    data = answer.get("data")  # one call, as the REST documentation says, or a list, as the declarations say
    return [_record(sdk, item) for item in (data if isinstance(data, list) else [data]) if isinstance(item, dict)]


def _cursor(sdk: DialectSdk, target: Any) -> Cursor:
    if not isinstance(target, Settings):
        raise Refusal("unknown_error", "there is no request")
    if target.cursor is None:
        members = sdk.contract.settings[target.key].members
        values = {key: effective(setting, target.values.get(key, UNDEFINED)) for key, setting in members.items()}
        limit = members["page_size"]
        size = values.get("page_size")
        per_page = int(size) if isinstance(size, (int, float)) and not isinstance(size, bool) else PAGE_SIZE
        per_page = int(min(max(per_page, limit.minimum or 1), limit.maximum or per_page))
        session = values.get("transcript_session_id")
        path = f"calls/{quote(str(session), safe='')}/transcriptions" if session is not None else "calls"
        query = {name: _text(values[key]) for key, name in _QUERY.items() if has_value(values.get(key))}
        target.cursor = Cursor(path, query, per_page)
    return target.cursor


def has_value(value: Any) -> bool:
    """Whether a setting has a value: some have neither one nor a default."""
    return value is not None and value is not UNDEFINED


def _headers(sdk: DialectSdk, given: Arguments) -> dict[str, str]:
    """The auth token that was given, else that of the logged-in user."""
    token = given.get("auth_token")
    user = sdk.client.user
    return {
        "appId": sdk.client.api.service.app_id,
        "authToken": token if isinstance(token, str) else user.auth_token if user is not None else "",
    }


def _record(sdk: DialectSdk, item: dict[str, Any]) -> Mapping[str, Any]:
    """A record as facts, and as something with getters."""
    reference = sdk.heap.keep(item, "CallLog")
    return {**item, "": Ref(reference.id, reference.cls, item)}


def _text(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
