"""One XMPP stream over a WebSocket (RFC 7395): open, authenticate, bind, ask, answer pings, close.

It knows streams, not calls: what a stanza means is decided by whoever gets it (``on_stanza``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from lxml import etree
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from testcall_conformance.reference.client import xml
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.network import address_of, trust
from testcall_conformance.reference.client.xml import attribute, child, local, tag

ANSWER_TIMEOUT_S = 10.0  # as the vendor's client waits for an IQ
MAX_FRAME = 1 << 20  # bytes; a stanza of the service is a few kilobytes

logger = logging.getLogger(__name__)


class XmppStream:
    """A stream to ``url`` for ``domain``.

    ``on_stanza`` gets every stanza that is no answer to a request of ours and no ping; ``on_lost`` is called once when the
    socket goes without our asking.
    """

    def __init__(
        self,
        url: str,
        domain: str,
        ca: str | None,
        on_stanza: Callable[[etree._Element], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._url = url
        self._domain = domain
        self._ca = ca
        self._on_stanza = on_stanza
        self._on_lost = on_lost
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[str, asyncio.Future[etree._Element]] = {}
        self._count = 0
        self._closing = False
        self.jid = ""

    async def open(self) -> str:
        """Connect, authenticate anonymously, bind; returns the full JID. :class:`CallFailure` says which step failed."""
        await self._connect()
        await self._features()
        await self._send(tag("auth", {"xmlns": xml.SASL, "mechanism": "ANONYMOUS"}))
        answer = await self._receive()
        if local(answer) != "success":
            raise CallFailure("connection_failed", f"the signalling service refused the login: {_failure(answer)}")
        features = await self._features()
        self._reader = asyncio.create_task(self._read(), name=f"xmpp {self._domain}")
        bound = await self.request("set", None, tag("bind", {"xmlns": xml.BIND}))
        bind = child(bound, "bind")
        self.jid = (xml.text_of(bind, "jid") or "") if bind is not None else ""
        if not self.jid:
            raise CallFailure("bad_response", "the signalling service bound no address")
        session = child(features, "session")
        if session is not None and child(session, "optional") is None:
            await self.request("set", None, tag("session", {"xmlns": xml.SESSION}))
        return self.jid

    async def request(
        self, kind: str, to: str | None, payload: str, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> etree._Element:
        """Send an IQ and return its result.

        :class:`CallFailure`: ``server_error`` when the answer is an error, with the stanza error as ``server["code"]``;
        ``no_answer`` when none comes; ``connection_lost`` when the stream goes first.
        """
        self._count += 1
        ident = f"r{self._count}"
        future: asyncio.Future[etree._Element] = asyncio.get_running_loop().create_future()
        self._answers[ident] = future
        try:
            await self.send(tag("iq", {"xmlns": xml.CLIENT, "id": ident, "type": kind, "to": to}, payload))
            answer = await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            raise CallFailure(
                "no_answer", f"{to or self._domain} did not answer a {kind} within {timeout_s:g} s"
            ) from None
        finally:
            self._answers.pop(ident, None)
        if answer.get("type") == "error":
            condition = xml.error_condition(answer)
            raise CallFailure("server_error", f"{to or self._domain} refused: {condition}", {"code": condition})
        return answer

    async def send(self, stanza: str) -> None:
        """Send one stanza; :class:`CallFailure` ``connection_lost`` when there is no stream any more."""
        await self._send(stanza)

    async def close(self) -> None:
        """End the stream in both directions; never raises."""
        self._closing = True
        socket = self._socket
        if socket is not None:
            with contextlib.suppress(CallFailure):
                await self._send(f'<close xmlns="{xml.FRAMING}" />')
            await socket.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        self._forget("the stream was closed")

    def drop(self) -> None:
        """Lose the socket without a word, as a network would (for tests of reconnection)."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _connect(self) -> None:
        host, port = address_of(self._url)
        secure = urlsplit(self._url).scheme == "wss"
        try:
            self._socket = await connect(
                self._url,
                host=host,
                port=port,
                ssl=trust(self._ca) if secure else None,
                subprotocols=[Subprotocol("xmpp")],
                compression=None,
                proxy=None,
                ping_interval=None,
                max_size=MAX_FRAME,
                open_timeout=ANSWER_TIMEOUT_S,
                close_timeout=2.0,
            )
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
            raise CallFailure("connection_failed", f"no signalling connection to {host}:{port}: {error}") from None

    async def _features(self) -> etree._Element:
        await self._send(tag("open", {"xmlns": xml.FRAMING, "to": self._domain, "version": "1.0"}))
        answer = await self._receive()
        if local(answer) != "open":
            raise CallFailure(
                "connection_failed", f"the signalling service answered <{local(answer)}> instead of <open>"
            )
        features = await self._receive()
        if local(features) != "features":
            raise CallFailure(
                "connection_failed", f"the signalling service sent <{local(features)}> instead of features"
            )
        return features

    async def _receive(self) -> etree._Element:
        socket = self._socket
        if socket is None:
            raise CallFailure("connection_lost", "there is no signalling connection")
        try:
            frame = await asyncio.wait_for(socket.recv(), ANSWER_TIMEOUT_S)
        except TimeoutError:
            raise CallFailure("no_answer", "the signalling service stays silent during login") from None
        except ConnectionClosed as error:
            raise CallFailure("connection_lost", f"the signalling service closed the connection: {error}") from None
        return xml.parse(frame if isinstance(frame, str) else frame.decode())

    async def _send(self, stanza: str) -> None:
        if self._socket is None:
            raise CallFailure("connection_lost", "there is no signalling connection")
        try:
            await self._socket.send(stanza)
        except ConnectionClosed as error:
            raise CallFailure("connection_lost", f"the signalling connection is gone: {error}") from None

    async def _read(self) -> None:
        assert self._socket is not None
        reason = "the service closed the stream"
        try:
            async for frame in self._socket:
                await self._take(xml.parse(frame if isinstance(frame, str) else frame.decode()))
        except ConnectionClosed as error:
            reason = str(error)
        except CallFailure as failure:
            reason = failure.message
            await self._socket.close(1002)
        self._forget(reason)
        if not self._closing:
            self._closing = True
            self._on_lost(reason)

    async def _take(self, stanza: etree._Element) -> None:
        name = local(stanza)
        if name == "iq" and stanza.get("type") in {"result", "error"}:
            future = self._answers.get(attribute(stanza, "id"))
            if future is not None and not future.done():
                future.set_result(stanza)
            return
        if name == "iq" and stanza.get("type") == "get":
            await self._answer_get(stanza)
            return
        if name in {"iq", "presence", "message"}:
            self._on_stanza(stanza)

    async def _answer_get(self, stanza: etree._Element) -> None:
        head = {"xmlns": xml.CLIENT, "to": stanza.get("from"), "id": stanza.get("id")}
        if child(stanza, "ping", xml.PING) is not None:
            await self._send(tag("iq", {**head, "type": "result"}))
            return
        unavailable = tag("service-unavailable", {"xmlns": xml.STANZA_ERRORS})
        await self._send(tag("iq", {**head, "type": "error"}, tag("error", {"type": "cancel"}, unavailable)))

    def _forget(self, reason: str) -> None:
        for future in self._answers.values():
            if not future.done():
                future.set_exception(CallFailure("connection_lost", reason))
        self._socket = None


def _failure(answer: etree._Element) -> str:
    return next((local(item) for item in answer if local(item) not in {"", "text"}), local(answer))
