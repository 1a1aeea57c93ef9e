"""``python -m benchmarks.media_clients``: the far ends of all legs, in a process of their own, for both servers alike.

Lines of JSON come in: ``{"nick", "sdp"}`` is an offer, answered with ``{"nick", "sdp"}``; ``{"count": true}`` asks how many RTP
packets each nick has got. The nick ``pub`` sends a tone and a small picture; the others send nothing and decode nothing.
"""

from __future__ import annotations

import asyncio
import fractions
import json
import sys
from typing import Any

import av
import numpy as np
import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from benchmarks.lines import lines_of_stdin
from testcall_simulator.media.aiortc_internals import ice_connection, offer_addresses, tap_receivers

PUBLISHER = "pub"


class Tone(MediaStreamTrack):
    """A tone of 440 Hz, 48 kHz stereo, 20 ms a frame."""

    kind = "audio"
    period_s = 0.02

    def __init__(self) -> None:
        super().__init__()
        self.count, self.start = 0, 0.0

    async def recv(self) -> Any:
        await self.due()
        times = (np.arange(960) + self.count * 960) / 48000
        samples = np.repeat((6000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16), 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, self.count * 960, fractions.Fraction(1, 48000)
        self.count += 1
        return frame

    async def due(self) -> None:
        """Wait until the next frame's time has come."""
        now = asyncio.get_running_loop().time()
        self.start = self.start or now
        await asyncio.sleep(max(0.0, self.start + self.count * self.period_s - now))


class Picture(Tone):
    """A moving gradient, 320 × 240, 15 frames a second."""

    kind = "video"
    period_s = 1 / 15

    async def recv(self) -> Any:
        await self.due()
        planes = np.full((360, 320), 128, np.uint8)
        planes[:240] = (np.arange(320) + 4 * self.count) % 256
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = self.count, fractions.Fraction(1, 15)
        self.count += 1
        return frame


class Clients:
    """All far ends and what they got."""

    def __init__(self) -> None:
        self.connections: dict[str, RTCPeerConnection] = {}
        self.packets: dict[str, int] = {}

    async def answer(self, nick: str, sdp: str) -> str:
        """Make a connection for ``nick`` and answer an offer."""
        connection = self.connections[nick] = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if nick == PUBLISHER:
            connection.addTrack(Tone())
            connection.addTrack(Picture())
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        self._tap(nick, connection)
        offer_addresses(ice_connection(connection), ["127.0.0.1"])
        await connection.setLocalDescription(await connection.createAnswer())
        return connection.localDescription.sdp

    def _tap(self, nick: str, connection: RTCPeerConnection) -> None:
        """Count packets as soon as they are decrypted: no jitter buffer, no decoder."""
        self.packets[nick] = 0

        def arrived(data: bytes) -> None:
            self.packets[nick] += 1

        tap_receivers(connection, arrived)


async def main() -> None:
    """Serve until standard input ends."""
    clients = Clients()
    print(json.dumps({"ready": True}), flush=True)
    async for line in lines_of_stdin():
        asked = json.loads(line)
        if "sdp" in asked:
            print(
                json.dumps({"nick": asked["nick"], "sdp": await clients.answer(asked["nick"], asked["sdp"])}),
                flush=True,
            )
        else:
            print(json.dumps(clients.packets), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    sys.exit(0)
