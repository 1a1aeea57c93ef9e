"""Serves the page and the build's files on this machine, over TLS: ``https://app.localhost:PORT``.

A real server and not Playwright's ``fulfill``: Chromium asks for permission before a page whose address it does not know may
reach this machine (Local Network Access), and a page from here needs none. HTTP/1.1, GET, one answer a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

_HEAD_LIMIT_S = 10.0


@dataclass(frozen=True)
class Asset:
    """One file that the page may ask for."""

    content: bytes
    content_type: str


class PageServer:
    """Serves ``assets`` (path → file) until it is stopped; everything else is 404."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = assets
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def origin(self) -> str:
        """Origin of the page; it has a port once the server runs."""
        return f"https://app.localhost:{self.port}"

    async def start(self) -> None:
        """Listen on a free port of the loopback interface, with a certificate made on the spot."""
        import trustme

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("app.localhost").configure_cert(context)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_HEAD_LIMIT_S):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(head, self._assets))
            await writer.drain()
        writer.close()


def answer(head: bytes, assets: Mapping[str, Asset]) -> bytes:
    """The whole HTTP answer to a request's head."""
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    asset = assets.get(words[1].split("?")[0]) if len(words) == 3 and words[0] == "GET" else None
    if asset is None:
        return _answer("404 Not Found", Asset(b"not there", "text/plain"))
    if asset.content_type == "text/css" and b"\r\nsec-fetch-dest: script" in head.lower():
        asset = Asset(b"", "text/javascript")  # a module that imports its style sheet
    return _answer("200 OK", asset)


def _answer(status: str, asset: Asset) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {asset.content_type}; charset=utf-8\r\nContent-Length: {len(asset.content)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + asset.content
