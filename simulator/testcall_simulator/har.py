"""The HTTP of a trace as a HAR 1.2 file, which browsers' developer tools open. Secrets were removed when it was traced."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from testcall_contract.trace import TraceEvent


def har_document(events: Iterable[TraceEvent], epoch_offset_ns: int) -> dict[str, Any]:
    """The HTTP exchanges among ``events``. ``epoch_offset_ns``: what to add to monotonic time for time since the epoch."""
    entries = [_entry(event, epoch_offset_ns) for event in events if event.data.get("channel") == "http"]
    return {"log": {"version": "1.2", "creator": {"name": "testcall simulator", "version": "1"}, "entries": entries}}


def _entry(event: TraceEvent, epoch_offset_ns: int) -> dict[str, Any]:
    data = event.data
    request, response = data.get("request", {}), data.get("response", {})
    query = parse_qsl(urlsplit(data["url"]).query, keep_blank_values=True)
    shown = {
        "method": data["method"],
        "url": data["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request.get("headers", {}).items()),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": -1,
    }
    if (body := request.get("body")) is not None:
        shown["postData"] = {"mimeType": "application/json", "text": _text(body)}
    text = _text(response.get("body"))
    return {
        "startedDateTime": datetime.fromtimestamp((event.at_ns + epoch_offset_ns) / 1e9, UTC).isoformat(),
        "time": 0,
        "request": shown,
        "response": {
            "status": data["status"],
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": {"size": len(text), "mimeType": "application/json", "text": text},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": event.name,
    }


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]


def _text(body: Any) -> str:
    if body is None:
        return ""
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
