"""A client of the bridge for tests: an aiortc connection that answers the Jingle offer as a browser's SDK would."""

import asyncio
import fractions
import json
import math

import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from testcall_contract.redaction import Secrets
from testcall_contract.trace import Trace
from testcall_simulator.jingle import Jingle, Source, read_jingle, write_jingle
from testcall_simulator.media import rtcp, rtp
from testcall_simulator.media.aiortc_internals import ice_connection, offer_addresses, tap_receivers
from testcall_simulator.media.bridge import MediaBridge
from testcall_simulator.media.encoding import draw_pattern
from testcall_simulator.media.probe import OccupantProbe
from testcall_simulator.media.sources import Pattern
from testcall_simulator.sdp import read_sdp, write_sdp

SMALL = Pattern(320, 180, 15)


class ToneTrack(MediaStreamTrack):
    kind = "audio"

    def __init__(self, hz=1000, amplitude=6000):
        super().__init__()
        self.hz = hz
        self.amplitude = amplitude
        self.index = 0
        self.start = None

    async def recv(self):
        loop = asyncio.get_running_loop()
        if self.start is None:
            self.start = loop.time()
        await asyncio.sleep(max(0, self.start + self.index * 0.02 - loop.time()))
        times = (np.arange(960) + self.index * 960) / 48000
        samples = (self.amplitude * np.sin(2 * math.pi * self.hz * times)).astype(np.int16)
        both = np.repeat(samples, 2).reshape(1, -1)  # mono would lose 3 dB in aiortc's resampler
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, self.index * 960, fractions.Fraction(1, 48000)
        self.index += 1
        return frame


class PatternTrack(MediaStreamTrack):
    kind = "video"

    def __init__(self, pattern=SMALL, source=77):
        super().__init__()
        self.pattern = pattern
        self.source = source
        self.index = 0
        self.start = None
        self.paused = False

    async def recv(self):
        loop = asyncio.get_running_loop()
        if self.start is None:
            self.start = loop.time()
        await asyncio.sleep(max(0, self.start + self.index / self.pattern.fps - loop.time()))
        picture = draw_pattern(self.pattern, self.source, self.index % (2 * self.pattern.fps))
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = self.index, fractions.Fraction(1, self.pattern.fps)
        self.index += 1
        return frame


class Client:
    """One SDK occupant. Remote packets are sorted by SSRC into probes, one per announced source."""

    def __init__(self, nick, bridge, audio=None, video=None):
        self.nick = nick
        self.bridge = bridge
        self.audio = audio or ToneTrack()
        self.video = video or PatternTrack()
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.remote = {}  # ssrc -> Source
        self.probes = {}  # source name -> OccupantProbe
        self.packets = {}  # source name -> count
        self.channel = None
        self.messages = asyncio.Queue()
        self.changed = asyncio.Condition()
        self.sid = None
        self.offer = None
        self.terminated = None
        self.on_terminate = lambda: None

    async def iq(self, element):
        message = read_jingle(element)
        if message.action == "session-initiate":
            await self.answer(message)
        elif message.action == "session-terminate":
            self.terminated = message.reason
            self.on_terminate()
        elif message.action in ("source-add", "source-remove"):
            for content in message.contents:
                for source in content.sources:
                    if message.action == "source-add":
                        self.remote[source.ssrc] = source
                        self.packets[source.name] = 0
                        self.probes[source.name] = OccupantProbe(source.name, self.asks(source.ssrc))
                    else:
                        del self.remote[source.ssrc]
        async with self.changed:
            self.changed.notify_all()

    async def answer(self, offer):
        self.sid, self.offer = offer.sid, offer
        self.connection.addTrack(self.audio)
        self.connection.addTrack(self.video)
        await self.connection.setRemoteDescription(RTCSessionDescription(write_sdp(offer.contents), "offer"))
        tap_receivers(self.connection, self.rtp)
        offer_addresses(ice_connection(self.connection), ["127.0.0.1"])
        self.channel = self.connection.createDataChannel(
            "JVB data channel", protocol="http://jitsi.org/protocols/colibri"
        )
        self.channel.on("message", lambda text: self.messages.put_nowait(json.loads(text)))
        answer = await self.connection.createAnswer()
        await self.connection.setLocalDescription(answer)
        contents = []
        for content in read_sdp(self.connection.localDescription.sdp):
            letter = content.media[0]
            # As the browser's: no candidates, named sources, its own retransmission stream.
            sources = tuple(
                Source(s.ssrc, name=f"{self.nick}-{letter}0", msid=s.msid, cname=s.cname) for s in content.sources
            )
            transport = content.transport.__class__(
                ufrag=content.transport.ufrag,
                pwd=content.transport.pwd,
                fingerprints=content.transport.fingerprints,
                setup=content.transport.setup,
                sctp_port=content.transport.sctp_port,
            )
            contents.append(
                content.__class__(
                    name=content.name,
                    media=content.media,
                    senders=content.senders,
                    codecs=content.codecs,
                    sources=sources,
                    groups=content.groups,
                    transport=transport,
                )
            )
        accept = write_jingle(Jingle("session-accept", offer.sid, tuple(contents), responder=self.nick))
        self.task = asyncio.create_task(self.bridge.on_jingle(self.nick, accept))

    def asks(self, ssrc):
        def ask():
            dtls = self.connection.getTransceivers()[0].receiver.transport
            self.task = asyncio.ensure_future(dtls._send_rtp(rtcp.picture_loss(1, ssrc)))

        return ask

    def rtp(self, data):
        packet = rtp.parse(data)
        source = self.remote.get(packet.ssrc)
        if source is None:
            return
        self.packets[source.name] += 1
        probe = self.probes[source.name]
        if packet.payload_type == 96:
            probe.audio_packet(packet)
        else:
            probe.video_packet("VP8", packet)

    async def until_told_of(self, *names, timeout_s=20):
        def all_there():
            return {source.name for source in self.remote.values()} >= set(names)

        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(all_there), timeout_s)

    async def until_gone(self, name, timeout_s=20):
        async with self.changed:
            await asyncio.wait_for(
                self.changed.wait_for(lambda: name not in {s.name for s in self.remote.values()}), timeout_s
            )

    async def until_closed(self, timeout_s=20):
        closed = asyncio.Event()
        self.connection.on(
            "connectionstatechange", lambda: self.connection.connectionState == "closed" and closed.set()
        )
        if self.connection.connectionState != "closed":
            await asyncio.wait_for(closed.wait(), timeout_s)

    async def close(self):
        await self.connection.close()


class Harness:
    """A bridge and its clients."""

    def __init__(self):
        self.trace = Trace(Secrets())
        self.clients = {}
        self.bridge = MediaBridge("sess-1", self.trace, self.send_iq)

    async def send_iq(self, nick, element):
        await self.clients[nick].iq(element)

    async def join(self, nick, **tracks):
        client = self.clients[nick] = Client(nick, self.bridge, **tracks)
        await self.bridge.add_leg(nick, f"uid-{nick}")
        await self.trace.wait(
            lambda e: e.name == "media_connected" and e.data["occupant"] == nick, what="media", timeout_s=20
        )
        return client

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        for client in self.clients.values():
            await client.close()
        await self.bridge.close()
