"""Our media talk with the bridge: what its Jingle asks for, and the leg that does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from testcall_conformance.reference.client import jingle
from testcall_conformance.reference.client.jingle import Source
from testcall_conformance.reference.client.media import MediaLeg
from testcall_conformance.reference.client.stream import XmppStream
from testcall_conformance.reference.client.xml import attribute


class MediaTalk:
    """The talk with ``focus`` over ``stream``.

    ``on_message`` gets what the bridge sends over the data channel, ``on_state`` the states of the media connection.
    """

    def __init__(
        self,
        stream: XmppStream,
        focus: str,
        *,
        on_message: Callable[[dict[str, Any]], None],
        on_state: Callable[[str], None],
    ) -> None:
        self._stream = stream
        self._focus = focus
        self._on_message = on_message
        self._on_state = on_state
        self._nick = ""
        self._wanted: dict[str, bool] = {}
        self._audio_only = False
        self.leg: MediaLeg | None = None

    def prepare(self, nick: str, audio_only: bool, sending: dict[str, bool]) -> None:
        """Be ready for an offer; ``sending`` says of each kind whether it is to be sent."""
        self._nick, self._audio_only, self._wanted = nick, audio_only, dict(sending)
        self.leg = MediaLeg(nick, audio_only, self._on_message, self._on_state)

    def send(self, kind: str, enabled: bool) -> None:
        """Send our source of that kind from now on, or no longer."""
        self._wanted[kind] = enabled
        if self.leg is not None:
            self.leg.send(kind, enabled)

    async def add_video(self) -> None:
        """Send a picture in a call that had none."""
        self._audio_only, self._wanted["video"] = False, True
        if self.leg is None:
            return
        ssrc = await self.leg.add_video()
        if ssrc is not None:
            source = Source(f"{self._nick}-v0", self._nick, "video", (ssrc,))
            await self._stream.request("set", self._focus, jingle.source_change("source-add", self.leg.sid, source))

    async def take(self, payload: etree._Element, sender: str, responder: str) -> None:
        """Do what a Jingle request asks for. Offers of anybody but the focus are declined."""
        action = attribute(payload, "action")
        leg = self.leg
        if leg is None or sender != self._focus:
            if action == "session-initiate":
                refusal = jingle.terminate(attribute(payload, "sid"), "decline")
                await self._stream.request("set", sender, refusal)
            return
        match action:
            case "session-initiate":
                offer = jingle.read_offer(payload, sender)
                accept = await leg.answer(offer, responder, dict(self._wanted))
                await self._stream.request("set", sender, accept)
            case "source-add":
                await leg.add(jingle.read_sources(payload))
            case "source-remove":
                await leg.remove(jingle.read_sources(payload))
            case "session-terminate":
                self.leg = MediaLeg(self._nick, self._audio_only, self._on_message, self._on_state)
                await leg.close()

    async def close(self) -> None:
        """End the talk."""
        if self.leg is not None:
            await self.leg.close()
