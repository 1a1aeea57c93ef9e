"""``connect:NAME`` an adapter that dials in: a WebSocket listener, one message a text frame.

``connect:android-lab`` listens on this machine only. ``connect:android-lab?host=0.0.0.0&port=4713&token=SECRET`` lets a
device of the network in; a token is then required. The adapter opens ``ws://HOST:PORT/NAME?token=SECRET``, and again each
time that the connection ends, until it is accepted: a run starts its adapter more than once. One adapter at a time can listen
on a port.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit

from testcall_conformance.adapters.base import ConnectOptions, Limits
from testcall_conformance.adapters.jsonrpc import Peer, Transport
from testcall_conformance.adapters.remote import RemoteAdapter
from testcall_conformance.errors import AdapterFailure, ConformanceError
from testcall_conformance.protocol import Description, Log

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection

DEFAULT_PORT = 4713
_POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1
_TRY_AGAIN_LATER = 1013  # IANA WebSocket close code registry


class WebSocketAdapter(RemoteAdapter):
    """An adapter that connects to us by a name. ``address`` is known once it listens."""

    def __init__(self, spec: str, options: ConnectOptions) -> None:
        super().__init__(options)
        self.name, self._host, self._port, self._token = _spec(spec)
        self.address = ""
        self._server: Server | None = None
        self._waiting: asyncio.Future[ServerConnection] | None = None
        self._socket: _Socket | None = None

    async def listen(self) -> str:
        """Listen, if it does not yet, and return the address that the adapter has to dial (without a token)."""
        if self._server is None:
            from websockets.asyncio.server import serve

            try:
                self._server = await serve(
                    self._accept, self._host, self._port, max_size=self._limits.line_bytes, compression=None
                )
            except OSError as wrong:
                reason = wrong.strerror or str(wrong)
                raise AdapterFailure(
                    "start",
                    f"cannot listen on {self._host}:{self._port} ({reason}); choose another with connect:{self.name}?port=N",
                ) from None
            self._port = next(iter(self._server.sockets)).getsockname()[1]  # 0 picked one: keep it for the next start
            self.address = f"ws://{self._host}:{self._port}/{self.name}"
        return self.address

    async def start(self) -> Description:
        """Listen, wait until the adapter dials in, and ask what it is."""
        if self._socket is not None:
            await self.stop()
        return await self._begin()

    async def _connect(self) -> Peer:
        address = await self.listen()
        self._deliver(Log(text=f"waiting for {self.name!r} to dial {address}"))
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._limits.start_s):
                connection = await self._waiting
        except TimeoutError:
            raise AdapterFailure(
                "start", f"no adapter dialled {address} as {self.name!r} within {self._limits.start_s:g} s"
            ) from None
        finally:
            self._waiting = None
        self._socket = _Socket(connection, self._limits)
        peer = Peer(self._socket, self._limits, self._deliver)
        self._socket.begin()
        return peer

    async def _disconnect(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.end()
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await server.wait_closed()

    async def _accept(self, connection: ServerConnection) -> None:
        """Let one adapter in while one is waited for; tell every other why not."""
        refusal = self._refusal(connection)
        if refusal is not None:
            await connection.close(_POLICY_VIOLATION, refusal)
        elif self._waiting is None or self._waiting.done():
            await connection.close(_TRY_AGAIN_LATER, "no adapter of this name is waited for now")
        else:
            self._waiting.set_result(connection)
            await connection.wait_closed()

    def _refusal(self, connection: ServerConnection) -> str | None:
        request = connection.request
        assert request is not None
        parts = urlsplit(request.path)
        if parts.path.strip("/") != self.name:
            return f"this runner waits for {self.name!r}"
        given = parse_qs(parts.query).get("token", [""])[0]
        if self._token:
            return None if hmac.compare_digest(given.encode(), self._token.encode()) else "wrong or missing token"
        origin = request.headers.get("Origin")
        if origin and not _is_local(urlsplit(origin).hostname or ""):
            return "a page of another site may not dial in without a token"
        return None


class _Socket(Transport):
    """One accepted WebSocket."""

    def __init__(self, connection: ServerConnection, limits: Limits) -> None:
        super().__init__()
        self._connection = connection
        self._limits = limits
        self._reader: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._reader = asyncio.create_task(self._read())

    async def send(self, line: bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):  # the reader reports the loss
            await self._connection.send(line, text=True)

    async def end(self) -> None:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(self._limits.stop_s):
                await self._connection.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        from websockets.exceptions import ConnectionClosed

        received: Callable[[bytes | str], None] = self.received
        try:
            while True:
                for line in _lines(await self._connection.recv()):
                    received(line)
        except ConnectionClosed as closed:
            self.lost(_loss(closed, self._limits))


def _lines(frame: bytes | str) -> list[bytes | str]:
    """The messages of a frame: one, or several separated by newlines."""
    if isinstance(frame, str):
        return [line for line in frame.split("\n") if line.strip()]
    return [line for line in frame.split(b"\n") if line.strip()]


def _loss(closed: Exception, limits: Limits) -> AdapterFailure:
    from websockets.exceptions import ConnectionClosed

    assert isinstance(closed, ConnectionClosed)
    if closed.sent is not None and closed.sent.code == 1009:  # RFC 6455: message too big
        return AdapterFailure("oversized", f"a message over {limits.line_bytes} bytes")
    code = closed.rcvd.code if closed.rcvd is not None else None
    return AdapterFailure("crash", f"the connection closed ({code})" if code else "the connection broke")


def _spec(spec: str) -> tuple[str, str, int, str]:
    """Name, host, port and token of ``NAME?host=…&port=…&token=…``."""
    name, _, query = spec.partition("?")
    options = dict(parse_qsl(query))
    unknown = set(options) - {"host", "port", "token"}
    if not name or "/" in name or unknown:
        raise ConformanceError(f"--sdk connect:{spec} is not connect:NAME, with ?host=, ?port= and ?token= if needed")
    host, port, token = (
        options.get("host", "127.0.0.1"),
        options.get("port", str(DEFAULT_PORT)),
        options.get("token", ""),
    )
    if not port.isdigit() or int(port) > 65535:
        raise ConformanceError(f"--sdk connect:{spec}: {port!r} is no port")
    if not _is_local(host) and not token:
        raise ConformanceError(f"--sdk connect:{spec}: listening beyond this machine needs a token; add &token=SECRET")
    return name, host, int(port), token


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
