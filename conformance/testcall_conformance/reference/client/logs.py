"""Records of the service that come in pages: call logs and transcripts. A cursor asks for one page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.http import CallApi

PAGE_SIZE = 30  # default of both majors (js4 declarations, js5 TranscriptRequestBuilder)


class Cursor:
    """Pages below ``path`` of the calls host. ``current`` and ``total`` are 0 before the first page has come."""

    def __init__(self, path: str, query: Mapping[str, str], per_page: int = PAGE_SIZE) -> None:
        self._path = path
        self._query = dict(query)
        self._per_page = per_page
        self._busy = False
        self.current = 0
        self.total = 0

    async def next(self, api: CallApi, headers: Mapping[str, str]) -> list[dict[str, Any]]:
        """The next page; empty after the last."""
        self._alone()
        if self.total and self.current >= self.total:
            return []
        return await self._fetch(api, headers, self.current + 1)

    async def previous(self, api: CallApi, headers: Mapping[str, str]) -> list[dict[str, Any]]:
        """The page before; empty on the first, and before any page has come."""
        self._alone()
        return await self._fetch(api, headers, self.current - 1) if self.current > 1 else []

    def _alone(self) -> None:
        if self._busy:
            raise CallFailure("request_in_progress", "another request for these records is under way")

    async def _fetch(self, api: CallApi, headers: Mapping[str, str], page: int) -> list[dict[str, Any]]:
        self._busy = True
        try:
            query = urlencode({"page": str(page), "perPage": str(self._per_page), **self._query})
            url = api.service.url(api.service.calls, f"{self._path}?{query}")
            answer = await api.request("GET", url, {"Accept": "application/json", **headers})
        finally:
            self._busy = False
        items, pagination = answer.get("data"), _pagination(answer)
        if not isinstance(items, list):
            raise CallFailure("bad_response", "the service's answer has no list of records")
        self.current = pagination.get("current_page", page)
        self.total = pagination.get("total_pages", self.current)
        return [item for item in items if isinstance(item, dict)]


def _pagination(answer: Mapping[str, Any]) -> dict[str, int]:
    meta = answer.get("meta")
    found = meta.get("pagination") if isinstance(meta, dict) else None
    return {key: value for key, value in found.items() if isinstance(value, int)} if isinstance(found, dict) else {}
