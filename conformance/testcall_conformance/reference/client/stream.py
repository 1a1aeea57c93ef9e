"""One XMPP stream: log in, ask, answer pings, survive a lost connection where the service allows it, close.

It knows streams, not calls: what a stanza means is decided by whoever gets it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from testcall_conformance.reference.client import xml
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.frames import Frames
from testcall_conformance.reference.client.ledger import Ledger
from testcall_conformance.reference.client.xml import attribute, child, local, namespace, tag

ANSWER_TIMEOUT_S = 10.0  # as the vendor's client waits for an IQ
RESUME_AFTER_S = (0.1, 0.5, 1.0, 2.0, 4.0)  # pauses before each try to resume; ours, the documents name no window

logger = logging.getLogger(__name__)


class StreamUser(Protocol):
    """Whoever uses a stream."""

    def on_stanza(self, stanza: etree._Element) -> None:
        """A stanza came that is no answer to a request of ours and no ping."""

    def on_interrupted(self) -> None:
        """The connection is gone; the stream tries to resume."""

    def on_restored(self) -> None:
        """The stream goes on, and nothing was lost."""

    def on_lost(self, reason: str) -> None:
        """The stream is gone for good, without our asking."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stream leads: ``url`` with its token, ``domain``, and the authority that is trusted."""

    url: str
    domain: str
    ca: str | None


class XmppStream:
    """A stream to ``place`` for ``user``."""

    def __init__(self, place: Place, user: StreamUser) -> None:
        self._place = place
        self._user = user
        self._frames: Frames | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ledger = Ledger()
        self._answers: dict[str, asyncio.Future[etree._Element]] = {}
        self._count = 0
        self._closing = False
        self.jid = ""

    async def open(self) -> str:
        """Connect, authenticate anonymously, bind; returns the full JID. :class:`CallFailure` says which step failed."""
        features = await self._login(self._place.url)
        self._reader = asyncio.create_task(self._run(), name=f"xmpp {self._place.domain}")
        bound = await self.request("set", None, tag("bind", {"xmlns": xml.BIND}))
        bind = child(bound, "bind")
        self.jid = (xml.text_of(bind, "jid") or "") if bind is not None else ""
        if not self.jid:
            raise CallFailure("bad_response", "the signalling service bound no address")
        session = child(features, "session")
        if session is not None and child(session, "optional") is None:
            await self.request("set", None, tag("session", {"xmlns": xml.SESSION}))
        if child(features, "sm", xml.SM) is not None:
            await self._send(tag("enable", {"xmlns": xml.SM, "resume": "true"}))
            self._ledger.enable()
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
        whom = to or self._place.domain
        try:
            await self.send(tag("iq", {"xmlns": xml.CLIENT, "id": ident, "type": kind, "to": to}, payload))
            answer = await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            raise CallFailure("no_answer", f"{whom} did not answer a {kind} within {timeout_s:g} s") from None
        finally:
            self._answers.pop(ident, None)
        if answer.get("type") == "error":
            condition = xml.error_condition(answer)
            raise CallFailure("server_error", f"{whom} refused: {condition}", {"code": condition})
        return answer

    async def send(self, stanza: str) -> None:
        """Send one stanza, now or after resuming; :class:`CallFailure` ``connection_lost`` when there is no stream any more."""
        self._ledger.sent(stanza)
        try:
            await self._send(stanza)
        except CallFailure:
            if self._closing or not self._ledger.resumable:
                raise

    async def close(self) -> None:
        """End the stream in both directions; never raises."""
        self._closing = True
        frames = self._frames
        if frames is not None:
            with contextlib.suppress(CallFailure):
                await frames.send(f'<close xmlns="{xml.FRAMING}" />')
            await frames.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        self._forget("the stream was closed")

    def drop(self) -> None:
        """Lose the connection without a word, as a network would (for tests)."""
        if self._frames is not None:
            self._frames.drop()

    # --- logging in --------------------------------------------------------------------------------------------------

    async def _login(self, url: str) -> etree._Element:
        """Connect and authenticate; the features of the stream that follows."""
        self._frames = await Frames.connect(url, self._place.ca)
        await self._features()
        await self._send(tag("auth", {"xmlns": xml.SASL, "mechanism": "ANONYMOUS"}))
        answer = await self._frames.receive()
        if local(answer) != "success":
            raise CallFailure("connection_failed", f"the signalling service refused the login: {_failure(answer)}")
        return await self._features()

    async def _features(self) -> etree._Element:
        assert self._frames is not None
        await self._send(tag("open", {"xmlns": xml.FRAMING, "to": self._place.domain, "version": "1.0"}))
        for expected in ("open", "features"):
            answer = await self._frames.receive()
            if local(answer) != expected:
                what = f"the signalling service sent <{local(answer)}> instead of <{expected}>"
                raise CallFailure("connection_failed", what)
        return answer

    async def _resume(self) -> bool:
        """Try to go on where the stream broke off; what the service has not handled is sent again."""
        separator = "&" if "?" in self._place.url else "?"
        url = f"{self._place.url}{separator}previd={self._ledger.ident}"
        ask = tag("resume", {"xmlns": xml.SM, "h": str(self._ledger.handled), "previd": self._ledger.ident})
        for pause_s in RESUME_AFTER_S:
            await asyncio.sleep(pause_s)
            try:
                await self._login(url)
                await self._send(ask)
                assert self._frames is not None
                answer = await self._frames.receive()
                if local(answer) != "resumed":
                    return False
                self._ledger.acknowledge(int(attribute(answer, "h", "0")))
                for stanza in self._ledger.unacknowledged:
                    await self._send(stanza)
            except CallFailure as failure:
                logger.info("not resumed yet: %s", failure)
            else:
                return True
        return False

    # --- what comes in -----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            reason = await self._read()
            if self._closing or not self._ledger.resumable:
                break
            self._user.on_interrupted()
            if not await self._resume():
                break
            self._user.on_restored()
        self._forget(reason)
        if not self._closing:
            self._closing = True
            self._user.on_lost(reason)

    async def _read(self) -> str:
        """Take frames until the connection ends; why it ended."""
        assert self._frames is not None
        frames = self._frames
        try:
            async for element in frames:
                if local(element) == "close" and namespace(element) == xml.FRAMING:
                    self._ledger.ident = ""  # the service ended the stream: there is nothing to resume
                else:
                    await self._take(element)
        except CallFailure as failure:
            await frames.close()
            return failure.message
        return "the service closed the stream"

    async def _take(self, element: etree._Element) -> None:
        name = local(element)
        if namespace(element) == xml.SM:
            await self._manage(element)
        elif name in {"iq", "presence", "message"}:
            self._ledger.took()
            await self._stanza(element)

    async def _manage(self, element: etree._Element) -> None:
        match local(element):
            case "enabled":
                resume = element.get("resume") in {"true", "1"}
                self._ledger.ident = attribute(element, "id") if resume else ""
            case "r":
                await self._send(tag("a", {"xmlns": xml.SM, "h": str(self._ledger.handled)}))
            case "a":
                self._ledger.acknowledge(int(attribute(element, "h", "0")))

    async def _stanza(self, stanza: etree._Element) -> None:
        if local(stanza) != "iq" or stanza.get("type") == "set":
            self._user.on_stanza(stanza)
        elif stanza.get("type") == "get":
            await self._answer_get(stanza)
        else:
            future = self._answers.get(attribute(stanza, "id"))
            if future is not None and not future.done():
                future.set_result(stanza)

    async def _answer_get(self, stanza: etree._Element) -> None:
        head = {"xmlns": xml.CLIENT, "to": stanza.get("from"), "id": stanza.get("id")}
        if child(stanza, "ping", xml.PING) is not None:
            await self.send(tag("iq", {**head, "type": "result"}))
            return
        unavailable = tag("service-unavailable", {"xmlns": xml.STANZA_ERRORS})
        await self.send(tag("iq", {**head, "type": "error"}, tag("error", {"type": "cancel"}, unavailable)))

    async def _send(self, text: str) -> None:
        if self._frames is None:
            raise CallFailure("connection_lost", "there is no signalling connection")
        await self._frames.send(text)

    def _forget(self, reason: str) -> None:
        for future in self._answers.values():
            if not future.done():
                future.set_exception(CallFailure("connection_lost", reason))
        self._frames = None


def _failure(answer: etree._Element) -> str:
    return next((local(item) for item in answer if local(item) not in {"", "text"}), local(answer))
