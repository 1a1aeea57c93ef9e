"""A JSON-RPC 2.0 peer that trusts nobody: newline-delimited messages over any transport, with limits.

:class:`Peer` matches replies to requests and hands notifications on. It stops at the first thing that an honest adapter
never does (rubbish, a reply that nobody asked for, a second reply, an oversized line, a flood) and from then on every
request fails with that :class:`~testcall_conformance.errors.AdapterFailure`. It starts no process and opens no socket.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from testcall_conformance.adapters.base import Limits
from testcall_conformance.errors import AdapterFailure, FailureKind
from testcall_conformance.protocol import MISSING, NOTIFICATIONS, UNSUPPORTED, Notification

_METHOD_NOT_FOUND = -32601  # JSON-RPC 2.0, section 5.1
_KIND_OF_CODE: dict[int, FailureKind] = {
    MISSING: "missing",
    UNSUPPORTED: "unsupported",
    _METHOD_NOT_FOUND: "unsupported",
}


class Transport(ABC):
    """Moves lines. The peer sets ``received`` and ``lost`` before anything is sent."""

    def __init__(self) -> None:
        self.received: Callable[[bytes | str], None] = lambda _line: None
        """Called with each whole line (without its newline)."""
        self.lost: Callable[[AdapterFailure], None] = lambda _failure: None
        """Called when no more lines will come, with the reason."""

    @abstractmethod
    async def send(self, line: bytes) -> None:
        """Send one line; returns when it has been handed over, which a peer that does not read can delay for ever."""


class Peer:
    """The runner's end of one connection to an adapter."""

    def __init__(self, transport: Transport, limits: Limits, on_message: Callable[[Notification], None]) -> None:
        self._transport = transport
        self._limits = limits
        self._on_message = on_message
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._given_up: set[int] = set()
        self._last_id = 0
        self._messages = 0
        self.failure: AdapterFailure | None = None
        transport.received = self._received
        transport.lost = self.fail

    async def request(self, method: str, params: Mapping[str, Any], limit_s: float) -> Any:
        """Send a request and wait for its result; raises :class:`AdapterFailure`, ``hang`` after ``limit_s`` seconds."""
        if self.failure is not None:
            raise self.failure
        self._last_id += 1
        number = self._last_id
        line = orjson.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            async with asyncio.timeout(limit_s):
                await self._transport.send(line)
                return await future
        except TimeoutError:
            self._given_up.add(number)
            self.fail(AdapterFailure("hang", f"no reply to {method} within {limit_s:g} s"))
            raise self._failed() from None
        finally:
            del self._waiting[number]
            if future.done() and not future.cancelled():
                future.exception()  # taken notice of: it may have failed while the request was still being sent

    def fail(self, failure: AdapterFailure) -> None:
        """End the connection: all waiting and all later requests fail with the first failure."""
        if self.failure is None:
            self.failure = failure
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(failure)

    def _failed(self) -> AdapterFailure:
        return self.failure or AdapterFailure("crash", "the connection is closed")

    def _received(self, line: bytes | str) -> None:
        if self.failure is not None:
            return
        try:
            self._take(line)
        except AdapterFailure as failure:
            self.fail(failure)

    def _take(self, line: bytes | str) -> None:
        if len(line) > self._limits.line_bytes:
            raise AdapterFailure("oversized", f"a line of {len(line)} bytes; the limit is {self._limits.line_bytes}")
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError as wrong:
            raise AdapterFailure("rubbish", f"a line that is no JSON ({wrong}): {excerpt(line)}") from None
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            raise AdapterFailure("rubbish", f"a line that is no JSON-RPC 2.0 message: {excerpt(line)}")
        if "method" in message:
            self._take_notification(message, line)
        else:
            self._take_reply(message, line)

    def _take_notification(self, message: dict[str, Any], line: bytes | str) -> None:
        self._messages += 1
        if self._messages > self._limits.messages:
            raise AdapterFailure("flood", f"more than {self._limits.messages} notifications")
        model = NOTIFICATIONS.get(str(message["method"]))
        if model is None or "id" in message:
            raise AdapterFailure("rubbish", f"an adapter may only send {', '.join(NOTIFICATIONS)}: {excerpt(line)}")
        try:
            notification = model.model_validate(message.get("params"))
        except ValidationError as wrong:
            raise AdapterFailure("rubbish", f"{message['method']} with wrong params, {first_error(wrong)}") from None
        self._on_message(notification)

    def _take_reply(self, message: dict[str, Any], line: bytes | str) -> None:
        number = message.get("id")
        future = self._waiting.get(number) if type(number) is int else None
        if future is None or type(number) is not int:
            answered = type(number) is int and 0 < number <= self._last_id and number not in self._given_up
            kind: FailureKind = "duplicate" if answered else "unasked"
            raise AdapterFailure(kind, f"a {'second ' if answered else ''}reply to request {number!r}: {excerpt(line)}")
        if future.done():
            raise AdapterFailure("duplicate", f"a second reply to request {number!r}: {excerpt(line)}")
        if ("result" in message) == ("error" in message):
            raise AdapterFailure("rubbish", f"a reply has either result or error: {excerpt(line)}")
        if "result" in message:
            future.set_result(message["result"])
        else:
            future.set_exception(_refusal(message["error"], line))


def _refusal(error: Any, line: bytes | str) -> AdapterFailure:
    if not isinstance(error, dict) or type(error.get("code")) is not int or not isinstance(error.get("message"), str):
        raise AdapterFailure("rubbish", f"an error has an integer code and a message: {excerpt(line)}")
    data = error.get("data")
    kind = _KIND_OF_CODE.get(error["code"], "refused")
    detail = error["message"] if kind == "missing" else f"{error['message']} ({error['code']})"
    return AdapterFailure(kind, detail, data if isinstance(data, dict) else {})


def excerpt(line: bytes | str, length: int = 120) -> str:
    """The beginning of ``line`` for a message, on one line, whatever bytes it holds."""
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else line
    text = text[: length + 1].encode("unicode_escape").decode("ascii")
    return text[:length] + "…" if len(text) > length else text


def first_error(wrong: ValidationError) -> str:
    """The first complaint of pydantic on one line: where and what."""
    error = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in error["loc"]) or "the message"
    return f"{where}: {error['msg']}"
