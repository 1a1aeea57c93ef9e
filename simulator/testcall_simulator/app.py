"""The ASGI edge and the listening sockets: bytes to request values and back, no rule of the service.

:class:`ServiceApp` is plain ASGI, for the calls API is the hot path; the control page and the signalling socket get
Starlette's objects. :class:`Listener` is uvicorn's protocol (httptools, sans-I/O websockets) on a socket that is bound
already, without uvicorn's main loop: that one ticks every 100 ms and takes 200 ms to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from websockets.exceptions import InvalidState

from testcall_simulator.errors import SimulatorError
from testcall_simulator.exchange import HttpExchange
from testcall_simulator.http.addressing import locate, split_authority
from testcall_simulator.http.messages import Response, WireRequest

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONTROL_PREFIX = "/_testcall"
SIGNALLING_PATH = "/xmpp-websocket"
MAX_BODY = 1 << 20
"""Bytes of a request body; more is refused, as a service would."""
_LOG = logging.getLogger("testcall_simulator.server")
_DRAIN_S = 1.0
"""How long requests in progress may take to end when the simulator stops."""


class WebSocketService(Protocol):
    """What serves a kind of socket (``xmpp_edge.SignallingService``, ``ringing_edge.RingingService``)."""

    async def websocket(self, ws: Any) -> None:
        """Serve one socket (a Starlette ``WebSocket``, not accepted yet) until it closes."""


class ServiceApp:
    """The ASGI application of one simulator. ``control``, ``signalling`` and ``ringing`` are made when first asked for."""

    def __init__(
        self,
        exchange: HttpExchange,
        control: Callable[[], Callable[[Scope, Receive, Send], Awaitable[None]]],
        signalling: Callable[[], WebSocketService],
        ringing: Callable[[], WebSocketService],
    ) -> None:
        self._exchange = exchange
        self._control = control
        self._signalling = signalling
        self._ringing = ringing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request or one WebSocket."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["path"].startswith(CONTROL_PREFIX):
            await self._control()(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        if body is None:
            await send_response(send, Response(413, b"", {"connection": "close"}))
            return
        response = await self._exchange.answer(wire_request(scope, body))
        if response is None:
            await break_connection(receive, send)
        else:
            await send_response(send, response)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.websockets import WebSocket

        ws = WebSocket(scope, receive, send)
        host, _ = split_authority(ws.headers.get("host", ""))
        if scope["path"] == SIGNALLING_PATH:
            await self._signalling().websocket(ws)
        elif locate(host, scope["path"]).surface == "chat":
            await self._ringing().websocket(ws)
        else:
            await ws.close()


def wire_request(scope: Scope, body: bytes) -> WireRequest:
    """The request value of an ASGI ``scope``."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    server = scope.get("server") or ("localhost", None)
    authority = headers.get("host") or (f"{server[0]}:{server[1]}" if server[1] else server[0])
    return WireRequest(
        method=scope["method"],
        scheme=scope["scheme"],
        authority=authority,
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
    )


async def read_body(receive: Receive) -> bytes | None:
    """The whole request body; None if it is larger than :data:`MAX_BODY`."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(chunks)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def send_response(send: Send, response: Response) -> None:
    """Send ``response``; JSON unless its headers say otherwise."""
    body = response.encoded()
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    if "content-type" not in response.headers and body:
        headers.append((b"content-type", b"application/json"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def break_connection(receive: Receive, send: Send) -> None:
    """Cut the TCP connection without an answer. ASGI has no way to say so; uvicorn's objects have."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise SimulatorError("can't break the connection: this server is not uvicorn's httptools protocol")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":  # uvicorn complains of a silent application while connected
        pass


def bind(host: str, port: int) -> socket.socket:
    """A listening socket's precursor: bound, not listening. ``port`` 0 picks a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )  # else two stanzas in a row cost a delayed ACK, 40 ms
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _logging_elsewhere(protocol: Any) -> Any:
    """Uvicorn's protocol class, with our own logger: its own is shared by all servers of the process, and tells whole addresses."""

    class Protocol(protocol):  # type: ignore[misc]
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.logger = self.conn.logger = _LOG
            self.conn.debug = False  # else websockets tells each frame

    return Protocol


def without_queries(record: logging.LogRecord) -> bool:
    """Cut the queries out of what is logged: a call token stands in the address of a signalling socket."""
    if isinstance(record.args, tuple):
        record.args = tuple(_QUERY.sub("?…", value) if isinstance(value, str) else value for value in record.args)
    return True


_QUERY = re.compile(r"\?\S+")
_LOG.addFilter(without_queries)


class Listener:
    """One bound socket, served in the running event loop from :meth:`start` to :meth:`stop`."""

    def __init__(self, app: ServiceApp, sock: socket.socket, context: ssl.SSLContext | None) -> None:
        from uvicorn import Config
        from uvicorn.server import ServerState

        self._config = Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
        )
        self._config.load()
        self._config.ws_protocol_class = _logging_elsewhere(self._config.ws_protocol_class)
        self._state = ServerState()
        self._sock = sock
        self._context = context
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._sock.getsockname()[1])

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: self._config.http_protocol_class(  # type: ignore[call-arg]
                config=self._config, server_state=self._state, app_state={}, _loop=loop
            ),
            sock=self._sock,
            ssl=self._context,
            backlog=self._config.backlog,
        )

    async def stop(self) -> None:
        """Stop listening, let answers in progress end, then cut what is left."""
        if self._server is not None:
            self._server.close()
        self._sock.close()
        for connection in list(self._state.connections):
            with contextlib.suppress(InvalidState):  # a WebSocket that is closing already
                connection.shutdown()
        if self._state.tasks:
            _, unfinished = await asyncio.wait(set(self._state.tasks), timeout=_DRAIN_S)
            for task in unfinished:
                task.cancel()
            if unfinished:
                await asyncio.wait(unfinished, timeout=_DRAIN_S)
        for connection in list(self._state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)
