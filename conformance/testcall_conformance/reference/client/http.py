"""The service's HTTP side: one request, one JSON object, or one :class:`CallFailure`.

The documented error body is ``{"error": {"code", "message", "devMessage", "source"}}``; the status is not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.model import Service
from testcall_conformance.reference.client.network import request_parts, trust

TIMEOUT_S = 20.0  # ours: the documents name no limit for a request


class CallApi:
    """HTTP requests to one service. ``transport`` replaces the network (in-process services)."""

    def __init__(self, service: Service, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.service = service
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The whole JSON object of the answer.

        Raises :class:`CallFailure`: ``network_failure`` (no answer), ``bad_response`` (no JSON object), ``api_error``
        (the answer has an ``error``, which is passed on).
        """
        where, host, extensions = request_parts(url)
        try:
            response = await self._client().request(
                method, where, headers={**host, **headers}, json=body, extensions=extensions
            )
        except httpx.HTTPError as error:
            raise CallFailure("network_failure", f"{method} {url} got no answer: {_reason(error)}") from None
        try:
            answer = response.json()
        except ValueError:
            raise CallFailure("bad_response", f"{method} {url} answered {response.status_code} without JSON") from None
        if not isinstance(answer, dict):
            raise CallFailure("bad_response", f"{method} {url} answered JSON that is no object")
        refusal = answer.get("error")
        if isinstance(refusal, dict):
            raise CallFailure("api_error", str(refusal.get("message") or "the service refused the request"), refusal)
        return answer

    async def data(
        self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The ``data`` member of the answer; ``bad_response`` when it has none."""
        answer = await self.request(method, url, headers, body)
        data = answer.get("data")
        if not isinstance(data, dict):
            raise CallFailure("bad_response", f"{method} {url} answered without a data object")
        return data

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if self._http is not None:
            client, self._http = self._http, None
            await client.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(
                transport=self._transport,
                verify=trust(self.service.ca) if self._transport is None else False,
                trust_env=False,
                timeout=TIMEOUT_S,
            )
        return self._http


def required(data: Mapping[str, Any], path: str) -> str:
    """The non-empty string at the dotted ``path``; ``bad_response`` when it isn't there."""
    value: Any = data
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, str) or not value:
        raise CallFailure("bad_response", f"the service's answer has no {path}")
    return value


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
