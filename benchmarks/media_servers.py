"""``python -m benchmarks.media_servers forward|relay``: one publisher's audio and video to many legs.

``forward`` is the simulator's bridge, which forwards RTP without decoding; ``relay`` is aiortc's ``MediaRelay``, which decodes
once and encodes for each leg. A line ``{"legs": n}`` makes n more legs (the first of all is the publisher's): for each an offer
``{"nick", "sdp"}`` goes out and its answer must come in; ``{"connected": n}`` follows when all are connected.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from benchmarks.lines import lines_of_stdin
from benchmarks.media_clients import PUBLISHER
from testcall_contract.trace import Trace
from testcall_simulator.jingle import Jingle, Source, read_jingle, write_jingle
from testcall_simulator.media.aiortc_internals import ice_connection, offer_addresses
from testcall_simulator.media.bridge import MediaBridge
from testcall_simulator.sdp import read_sdp, write_sdp

CONNECT_S = 60


class Forward:
    """The simulator's bridge."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.bridge = MediaBridge("bench", self.trace, self._iq)
        self.offers: dict[str, Jingle] = {}

    async def _iq(self, nick: str, element: Any, by: str = "") -> None:
        message = read_jingle(element)
        if message.action == "session-initiate":
            self.offers[nick] = message

    async def offer(self, nick: str) -> str:
        """The offer of a new leg."""
        await self.bridge.add_leg(nick, nick)
        return write_sdp(self.offers[nick].contents)

    async def accept(self, nick: str, sdp: str) -> None:
        """Its answer. As an SDK's it tells no candidates, and names its sources."""
        contents = [
            replace(
                content,
                sources=tuple(_named(nick, content.media, source) for source in content.sources if nick == PUBLISHER),
                transport=None if content.transport is None else replace(content.transport, candidates=()),
            )
            for content in read_sdp(sdp)
        ]
        accept = Jingle("session-accept", self.offers[nick].sid, tuple(contents), responder=nick)
        await self.bridge.on_jingle(nick, write_jingle(accept))

    async def connected(self, nick: str) -> None:
        """Wait until the leg is up."""
        await self.trace.wait(
            lambda event: event.name == "media_connected" and event.data["occupant"] == nick, timeout_s=CONNECT_S
        )


def _named(nick: str, media: str, source: Source) -> Source:
    return Source(source.ssrc, name=f"{nick}-{media[0]}0", msid=source.msid, cname=source.cname)


class Relay:
    """aiortc's MediaRelay."""

    def __init__(self) -> None:
        self.relay = MediaRelay()
        self.legs: dict[str, RTCPeerConnection] = {}
        self.up: dict[str, asyncio.Event] = {}

    async def offer(self, nick: str) -> str:
        """The offer of a new connection, which sends what the publisher sends."""
        connection = self.legs[nick] = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        up = self.up[nick] = asyncio.Event()
        connection.on("connectionstatechange", lambda: connection.connectionState == "connected" and up.set())
        for kind in ("audio", "video"):
            if nick == PUBLISHER:
                connection.addTransceiver(kind, direction="recvonly")
            else:
                connection.addTrack(self.relay.subscribe(self._track(kind)))
        offer = await connection.createOffer()
        offer_addresses(ice_connection(connection), ["127.0.0.1"])
        await connection.setLocalDescription(offer)
        return connection.localDescription.sdp

    def _track(self, kind: str) -> Any:
        return next(one.track for one in self.legs[PUBLISHER].getReceivers() if one.track.kind == kind)

    async def accept(self, nick: str, sdp: str) -> None:
        """Its answer."""
        await self.legs[nick].setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def connected(self, nick: str) -> None:
        """Wait until the connection is up."""
        await asyncio.wait_for(self.up[nick].wait(), CONNECT_S)


async def serve(server: Forward | Relay) -> None:
    """Make legs as told."""
    lines: AsyncIterator[str] = lines_of_stdin()
    print(json.dumps({"ready": True}), flush=True)
    made = 0
    async for line in lines:
        nicks = [f"leg{n}" if n else PUBLISHER for n in range(made, made + json.loads(line)["legs"])]
        made += len(nicks)
        for nick in nicks:
            print(json.dumps({"nick": nick, "sdp": await server.offer(nick)}), flush=True)
            await server.accept(nick, json.loads(await anext(lines))["sdp"])
        for nick in nicks:
            await server.connected(nick)
        print(json.dumps({"connected": made}), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:

        async def run() -> None:
            await serve(Forward() if sys.argv[1] == "forward" else Relay())

        runner.run(run())
