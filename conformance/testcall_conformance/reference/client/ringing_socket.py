"""The socket of the ringing client: says who it is, answers for being alive, and hands on what is told. It knows no calls."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.network import address_of, trust

TIMEOUT_S = 10.0  # to connect, and for the answer to who we are
PING_S = 15.0  # as the vendor's client pings
RETRY_S = 5.0  # and comes back


class RingingSocket:
    """A connection to ``url`` (``wss:``) that is made again when it breaks. ``heard`` gets the body of every message."""

    def __init__(self, url: str, ca: str | None, heard: Callable[[Mapping[str, Any]], None]) -> None:
        self._url = url
        self._ca = ca
        self._heard = heard
        self._who: dict[str, Any] = {}
        self._socket: ClientConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, app_id: str, uid: str, device: str, jwt: str) -> None:
        """Connect and be known; :class:`CallFailure` ``connection_failed`` or ``auth_token_invalid``."""
        body = {"auth": jwt, "deviceId": device, "presenceSubscription": "", "params": {"platform": "python"}}
        self._who = {"appId": app_id, "deviceId": device, "type": "auth", "sender": uid, "body": body}
        await self._connect()
        self.background(self._run())
        self.background(self._ping())

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Let ``work`` go on; it ends with the connection."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Disconnect; never raises."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _connect(self) -> None:
        host, port = address_of(self._url)
        try:
            self._socket = await connect(
                self._url, host=host, port=port, ssl=trust(self._ca), compression=None, proxy=None, ping_interval=None,
                open_timeout=TIMEOUT_S, close_timeout=2.0,
            )  # fmt: skip
            await self._socket.send(json.dumps(self._who))
            answer = json.loads(await asyncio.wait_for(self._socket.recv(), TIMEOUT_S))
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError, ConnectionClosed, ValueError) as error:
            raise CallFailure("connection_failed", f"no ringing connection to {host}:{port}: {error}") from None
        if not isinstance(answer, dict) or (answer.get("body") or {}).get("code") != "200":
            raise CallFailure("auth_token_invalid", "the ringing service doesn't take the device")

    async def _run(self) -> None:
        """Hand on what comes; come back when the connection breaks."""
        while True:
            assert self._socket is not None
            with contextlib.suppress(ConnectionClosed):
                async for frame in self._socket:
                    self._take(frame)
            await asyncio.sleep(RETRY_S)
            with contextlib.suppress(CallFailure):
                await self._connect()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            if self._socket is not None:
                with contextlib.suppress(ConnectionClosed):
                    await self._socket.send(json.dumps({"action": "ping", "ack": "true"}))

    def _take(self, frame: str | bytes) -> None:
        try:
            told = json.loads(frame)
        except ValueError:
            return
        if isinstance(told, dict) and told.get("type") == "message" and isinstance(told.get("body"), dict):
            self._heard(told["body"])
