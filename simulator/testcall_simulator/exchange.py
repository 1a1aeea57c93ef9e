"""One HTTP exchange, whoever carries it: sockets, an in-process transport and respx all come through here.

The edge adds what the pure service leaves out: the test's own pages, faults, and the trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from testcall_contract.trace import Trace
from testcall_simulator.http.messages import Response, WireRequest
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.http.service import Arrival, arrive, respond
from testcall_simulator.world import World

_CREDENTIALS = ("authtoken", "apikey", "calltoken", "authorization", "cookie", "key", "secret")
_SHORT = 16
"""Credentials of fewer characters are a test's deliberate garbage; longer ones that we didn't issue may be somebody's."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the test, served on the app origin. ``content`` may be a path, read when asked for."""

    content: bytes | str | Path
    media_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> bytes:
        """The content as bytes."""
        if isinstance(self.content, Path):
            return self.content.read_bytes()
        return self.content.encode() if isinstance(self.content, str) else self.content


class HttpExchange:
    """Answers requests of one simulator and traces them."""

    def __init__(self, world: World, trace: Trace, pages: Mapping[str, Page]) -> None:
        self.world = world
        self.trace = trace
        self.pages = pages
        self.tls_port = 0
        """Where the simulator speaks TLS; 0 before it does."""

    async def answer(self, wire: WireRequest) -> Response:
        """The answer to ``wire``, traced."""
        return self.answer_now(wire)

    def answer_now(self, wire: WireRequest) -> Response:
        """The same without waiting: faults that delay don't."""
        arrival = arrive(wire)
        if arrival.place.surface == "pages":
            return self._page(arrival)
        try:
            response = respond(self.world, arrival, self.tls_port)
        except Exception as error:
            response = Refusal(
                "ERR_EXCEPTION", f"The simulator failed: {error!r}; this is a defect of testcall."
            ).response()
        self._record(arrival, response)
        return response

    def _page(self, arrival: Arrival) -> Response:
        page = self.pages.get(arrival.place.path)
        if page is None:
            response = Response(404, b"no such page", {"content-type": "text/plain"})
        else:
            response = Response(200, page.read(), {"content-type": page.media_type, **page.headers})
        wire = arrival.wire
        self.trace.add(
            "wire", "service", "page", channel="http", method=wire.method, url=wire.url, status=response.status
        )
        return response

    def _record(self, arrival: Arrival, response: Response) -> None:
        wire = arrival.wire
        about = dict(response.about)
        if "uid" not in about and (token := self.world.find_auth_token(wire.headers.get("authtoken", ""))) is not None:
            about["uid"] = token.uid
        self.trace.add(
            "wire",
            "service",
            arrival.name,
            channel="http",
            method=wire.method,
            url=wire.url,
            status=response.status,
            request={"headers": self._shown_headers(wire.headers), "body": shown_body(wire.body)},
            response={"body": shown_body(response.body)},
            **about,
        )

    def _shown_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        shown = dict(headers)
        for name in _CREDENTIALS:
            value = shown.get(name, "")
            if len(value) >= _SHORT and self.trace.secrets.redact_text(value) == value:
                shown[name] = f"<unknown {name}, {len(value)} characters>"
        return shown


def shown_body(body: Any) -> Any:
    """A body as the trace shows it: JSON as a value, other text as text, what is neither by its size."""
    if not isinstance(body, bytes):
        return body
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"<{len(body)} bytes>"
