"""One HTTP exchange, whoever carries it: sockets, an in-process transport and respx all come through here.

The edge adds what the pure service leaves out: the test's own pages, faults, and the trace.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from testcall_contract.trace import Trace
from testcall_simulator.faults import Deed, Fault, Faults, Message
from testcall_simulator.http.messages import Response, WireRequest
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.http.routes import PREFLIGHT
from testcall_simulator.http.service import CORS, Arrival, arrive, respond
from testcall_simulator.ringing import Notice
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


@dataclass(slots=True)
class _Pending:
    """A request on its way: what its route is and what faults strike it."""

    arrival: Arrival
    faults: list[Fault]

    @property
    def delay_s(self) -> float:
        return sum(fault.delay_s for fault in self.faults if fault.does == "delay") if self.faults else 0.0

    def strikes(self, *deeds: Deed) -> Fault | None:
        return next((fault for fault in self.faults if fault.does in deeds), None) if self.faults else None


class HttpExchange:
    """Answers requests of one simulator and traces them."""

    def __init__(self, world: World, trace: Trace, pages: Mapping[str, Page], faults: Faults) -> None:
        self.world = world
        self.trace = trace
        self.pages = pages
        self.faults = faults
        self.tls_port = 0
        """Where the simulator speaks TLS; 0 before it does."""
        self.tell: Callable[[Notice], None] = _nobody
        """Carries a notice to others' devices; it must not wait, for the answer goes first."""

    async def answer(self, wire: WireRequest) -> Response | None:
        """The answer to ``wire``, traced; None when a fault says that the connection breaks instead."""
        pending = self._begin(wire)
        if pending.delay_s:
            await self.world.clock.sleep(pending.delay_s)
        return self._finish(pending)

    def answer_now(self, wire: WireRequest) -> Response | None:
        """The same for a caller without event loop; a delay blocks it."""
        pending = self._begin(wire)
        if pending.delay_s:
            time.sleep(pending.delay_s)
        return self._finish(pending)

    def _begin(self, wire: WireRequest) -> _Pending:
        arrival = arrive(wire)
        if not self.faults:
            return _Pending(arrival, [])
        token = self.world.find_auth_token(wire.headers.get("authtoken", ""))
        text = wire.body.decode(errors="replace")
        message = Message("http", arrival.name, "in", token.uid if token else None, None, f"{wire.url}\n{text}")
        return _Pending(arrival, self.faults.strike(message))

    def _finish(self, pending: _Pending) -> Response | None:
        arrival = pending.arrival
        if arrival.place.surface == "pages" and arrival.name != PREFLIGHT:
            return self._page(arrival)
        if not pending.faults:
            response = self._respond(arrival)
            self._record(arrival, response)
            return response
        if pending.strikes("drop", "close"):
            self._record(arrival, Response(0, b""))
            return None
        response = self._answered(pending)
        self._record(arrival, response)
        return response

    def _answered(self, pending: _Pending) -> Response:
        if (fault := pending.strikes("error")) is not None:
            refused = Refusal(fault.code, fault.message, status=fault.status).response()
            return replace(refused, headers={**CORS, **refused.headers})
        if pending.strikes("duplicate"):
            self._respond(pending.arrival)
        response = self._respond(pending.arrival)
        if (fault := pending.strikes("status")) is not None:
            response = replace(response, status=fault.status)
        if pending.strikes("corrupt"):
            body = response.encoded()
            response = replace(response, body=body[: len(body) // 2])
        return response

    def _respond(self, arrival: Arrival) -> Response:
        try:
            response = respond(self.world, arrival, self.tls_port)
            if response.notice is not None:
                self.tell(response.notice)
            return response
        except Exception as error:
            self.trace.add("log", "service", "http_failed", url=arrival.wire.url, error=traceback.format_exc())
            refused = Refusal(
                "ERR_EXCEPTION", f"The simulator failed: {error!r}; this is a defect of testcall."
            ).response()
            return replace(refused, headers=CORS)

    def _page(self, arrival: Arrival) -> Response:
        page = self.pages.get(arrival.place.path)
        try:
            content = page.read() if page is not None else b""
        except OSError as error:
            page, missing = None, f"no such page: {error}"
        else:
            missing = "no such page"
        if page is None and arrival.place.path == "/favicon.ico":
            response = Response(204, b"")  # browsers ask for it by themselves and complain when there is none
        elif page is None:
            response = Response(404, missing.encode(), {"content-type": "text/plain"})
        else:
            response = Response(200, content, {"content-type": page.media_type, **page.headers})
        wire = arrival.wire
        self.trace.add(
            "wire", "service", "page", channel="http", method=wire.method, url=wire.url, status=response.status
        )
        return response

    def _record(self, arrival: Arrival, response: Response) -> None:
        about = response.about
        if "uid" not in about:
            token = self.world.find_auth_token(arrival.wire.headers.get("authtoken", ""))
            about = {**about, "uid": token.uid} if token is not None else about
        wire = arrival.wire
        given = (wire.method, wire.url, wire.headers, wire.body, response.status, response.body, about)
        self.trace.add_later("wire", "service", arrival.name, self._shown, given)

    def _shown(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        status: int,
        answer: Any,
        about: Mapping[str, str],
    ) -> dict[str, Any]:
        return {
            "channel": "http",
            "method": method,
            "url": url,
            "status": status,
            "request": {"headers": self._shown_headers(headers), "body": shown_body(body)},
            "response": {"body": shown_body(answer)},
            **about,
        }

    def _shown_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        shown = dict(headers)
        for name in _CREDENTIALS:
            value = shown.get(name, "")
            if len(value) >= _SHORT and self.trace.secrets.redact_text(value) == value:
                shown[name] = f"<unknown {name}, {len(value)} characters>"
        return shown


def _nobody(notice: Notice) -> None:
    """Nobody listens for notices."""


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
