"""A load generator for HTTP: keep-alive connections, each with one request under way, responses parsed by httptools.

It costs about a third of the cheapest server measured with it, so that one core drives one core.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httptools
import uvloop


@dataclass(frozen=True, slots=True)
class Call:
    """One request, the same each time."""

    port: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def encoded(self) -> bytes:
        """The request as it goes over the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Accept: application/json"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load saw: requests answered in so many seconds, latencies in milliseconds, the last body."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    body: bytes

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class _Connection(asyncio.Protocol):
    def __init__(self, load: _Load) -> None:
        self.load = load
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.body = b""
        self.asked = time.perf_counter()
        self.transport.write(self.load.request)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        if self.load.answered(self.parser.get_status_code(), time.perf_counter() - self.asked, self.body):
            asyncio.get_running_loop().call_soon(self.ask)
        else:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.lost(error)


class _Load:
    def __init__(self, request: bytes, requests: int, connections: int) -> None:
        self.request = request
        self.left = requests
        self.open = connections
        self.latencies: list[float] = []
        self.body = b""
        self.failure: str | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answered(self, status: int, seconds: float, body: bytes) -> bool:
        self.latencies.append(seconds)
        self.body = body
        if status not in (200, 201):
            self.failure = f"status {status}: {body[:200]!r}"
        self.left -= 1
        return self.left >= self.open and self.failure is None

    def lost(self, error: Exception | None) -> None:
        self.open -= 1
        if self.left > 0 and self.open == 0 and self.failure is None:
            self.failure = f"the server closed all connections ({error})"
        if self.open == 0 and not self.done.done():
            self.done.set_result(None)


async def _drive(call: Call, requests: int, connections: int) -> Outcome:
    load = _Load(call.encoded(), requests, connections)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    await asyncio.gather(
        *(loop.create_connection(lambda: _Connection(load), "127.0.0.1", call.port) for _ in range(connections))
    )
    await load.done
    seconds = time.perf_counter() - began
    if load.failure is not None:
        raise RuntimeError(f"{call.method} {call.path}: {load.failure}")
    latencies = sorted(load.latencies)
    at = [latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000 for share in (0.5, 0.99)]
    return Outcome(len(latencies), seconds, *at, load.body)


def drive(call: Call, requests: int, connections: int = 16) -> Outcome:
    """Send ``requests`` requests over so many connections; every answer must be 200 or 201."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_drive(call, requests, connections))
