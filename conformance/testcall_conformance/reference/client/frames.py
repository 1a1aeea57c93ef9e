"""Frames of RFC 7395: one WebSocket, one XML element a frame. It moves them and knows no stanza."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from lxml import etree
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from testcall_conformance.reference.client import xml
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.network import address_of, trust

TIMEOUT_S = 10.0  # to connect, and for each frame of a login
MAX_FRAME = 1 << 20  # bytes; a stanza of the service is a few kilobytes


class Frames:
    """An open connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @staticmethod
    async def connect(url: str, ca: str | None) -> Frames:
        """Connect to a ``ws:`` or ``wss:`` URL; :class:`CallFailure` ``connection_failed`` when that is not possible."""
        host, port = address_of(url)
        secure = urlsplit(url).scheme == "wss"
        try:
            socket = await connect(
                url,
                host=host,
                port=port,
                ssl=trust(ca) if secure else None,
                subprotocols=[Subprotocol("xmpp")],
                compression=None,
                proxy=None,
                ping_interval=None,
                max_size=MAX_FRAME,
                open_timeout=TIMEOUT_S,
                close_timeout=2.0,
            )
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
            raise CallFailure("connection_failed", f"no signalling connection to {host}:{port}: {error}") from None
        return Frames(socket)

    async def send(self, text: str) -> None:
        """Send one frame; :class:`CallFailure` ``connection_lost`` when the connection is gone."""
        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            raise CallFailure("connection_lost", f"the signalling connection is gone: {error}") from None

    async def receive(self) -> etree._Element:
        """The next frame, within the time that a login may take."""
        try:
            frame = await asyncio.wait_for(self._socket.recv(), TIMEOUT_S)
        except TimeoutError:
            raise CallFailure("no_answer", "the signalling service stays silent during login") from None
        except ConnectionClosed as error:
            raise CallFailure("connection_lost", f"the signalling service closed the connection: {error}") from None
        return xml.parse(frame if isinstance(frame, str) else frame.decode())

    async def __aiter__(self) -> AsyncIterator[etree._Element]:
        """All frames until the connection ends; :class:`CallFailure` when it ends badly or a frame can't be read."""
        try:
            async for frame in self._socket:
                yield xml.parse(frame if isinstance(frame, str) else frame.decode())
        except ConnectionClosed as error:
            raise CallFailure("connection_lost", str(error)) from None

    async def close(self) -> None:
        """Close; never raises."""
        await self._socket.close()

    def drop(self) -> None:
        """Cut the connection without a word."""
        self._socket.transport.abort()
