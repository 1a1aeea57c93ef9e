"""The media of sessions at the edge: one bridge a session, worked off in order by one task, so that signalling never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from testcall_contract.trace import Trace
from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.names import FOCUS_NICK
from testcall_simulator.xmpp.xml import Element


class Bridge(Protocol):
    """The media of one session (``media.bridge.MediaBridge``)."""

    async def add_leg(self, nick: str, uid: str) -> None:
        """Start media with an occupant that has an SDK."""

    async def on_jingle(self, nick: str, jingle: Element) -> None:
        """Take an occupant's Jingle."""

    async def remove_leg(self, nick: str) -> None:
        """End media with an occupant."""

    def add_publisher(self, nick: str, uid: str, audio: Any, video: Any) -> Any:
        """Publish a virtual participant's media."""

    async def remove_publisher(self, nick: str) -> None:
        """End a virtual participant's media."""

    async def offer_link(self, peer: str, nick: str, uid: str) -> None:
        """Let a virtual participant offer an occupant media without the bridge."""

    async def on_link_jingle(self, peer: str, nick: str, uid: str, jingle: Element) -> None:
        """Take an occupant's Jingle for a virtual participant."""

    async def end_link(self, peer: str) -> None:
        """End a virtual participant's media without the bridge."""

    def impair(self, nick: str, *, up: Any = None, down: Any = None, seed: int = 0) -> Any:
        """Make an occupant's network bad from now on."""

    def send_endpoint_message(self, sender: str, payload: Any, to: str = "") -> None:
        """Say something over the data channel to one occupant, or to all."""

    async def close(self) -> None:
        """End all."""


class SendIq(Protocol):
    """Sends an IQ to an occupant: of the focus, or of the virtual participant ``by``."""

    def __call__(self, nick: str, child: Element, by: str = FOCUS_NICK) -> Awaitable[None]:
        """Send it."""


BridgeFactory = Callable[[str, Trace, SendIq], Bridge]
"""Makes the bridge of a session from its id, the trace, and what sends IQs to occupants."""


def media_bridges(session_id: str, trace: Trace, send_iq: SendIq) -> Bridge:
    """The real bridges. Loads aiortc."""
    from testcall_simulator.media.bridge import MediaBridge

    return MediaBridge(session_id, trace, send_iq)


class SessionMedia:
    """The media of one session: its bridge, and the work on it in order. What fails there is logged, and the call goes on."""

    def __init__(self, bridge: Bridge | None, key: fx.RoomKey, trace: Trace) -> None:
        self.bridge = bridge
        self._key = key
        self._trace = trace
        self._work: asyncio.Queue[fx.MediaEffect | None] = asyncio.Queue()

    def put(self, work: fx.MediaEffect) -> None:
        """Do this after what was put before."""
        self._work.put_nowait(work)

    def close(self) -> None:
        """End all, after what was put before."""
        self._work.put_nowait(None)

    async def run(self) -> None:
        """Do the work until it is closed."""
        while (work := await self._work.get()) is not None:
            if self.bridge is not None:
                await self._guarded(_media_step(self.bridge, work))
        if self.bridge is not None:
            await self._guarded(self.bridge.close())

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self._trace.add("log", "service", "media_failed", session=self._key.name, error=repr(error))


async def _media_step(bridge: Bridge, work: fx.MediaEffect) -> None:
    match work:
        case fx.AddLeg(_, nick, uid):
            await bridge.add_leg(nick, uid)
        case fx.RemoveLeg(_, nick):
            await bridge.remove_leg(nick)
        case fx.JingleReceived(_, nick, jingle):
            await bridge.on_jingle(nick, jingle)
        case fx.RemovePublisher(_, nick):
            await bridge.remove_publisher(nick)
        case fx.OfferLink(_, nick, to, uid):
            await bridge.offer_link(nick, to, uid)
        case fx.LinkJingle(_, nick, sender, uid, jingle):
            await bridge.on_link_jingle(nick, sender, uid, jingle)
        case fx.EndLink(_, nick):
            await bridge.end_link(nick)
