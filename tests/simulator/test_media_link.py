"""Media of an SDK and a virtual participant without the bridge, against a stock aiortc client that plays the SDK."""

import asyncio
import re
from dataclasses import replace

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from media_client import Harness, PatternTrack, ToneTrack

from testcall_contract.trace import Trace
from testcall_simulator.jingle import Jingle, read_jingle, write_jingle
from testcall_simulator.media import rtcp, rtp
from testcall_simulator.media.aiortc_internals import ice_connection, offer_addresses, tap_receivers
from testcall_simulator.media.bridge import MediaBridge
from testcall_simulator.media.impairment import Impairment
from testcall_simulator.media.probe import OccupantProbe
from testcall_simulator.media.sources import Pattern, Tone
from testcall_simulator.sdp import read_sdp, write_sdp

pytestmark = pytest.mark.media


class Far:
    """The SDK's end. ``bare`` leaves candidates out of its descriptions; they are told later."""

    def __init__(self):
        self.trace = Trace()
        self.bridge = MediaBridge("sess-1", self.trace, self.send_iq)
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.said, self.told = asyncio.Queue(), {}
        self.probes = {media: OccupantProbe(media, lambda: None) for media in ("audio", "video")}
        self.codecs = {}
        self.peer = self.bridge.add_publisher("bob", "bob", Tone(700), Pattern(320, 180, 15))

    async def send_iq(self, nick, element, by="focus"):
        self.said.put_nowait((nick, by, read_jingle(element)))

    async def hear(self, jingle):
        await self.bridge.on_link_jingle("bob", "alice", "alice", write_jingle(jingle))

    def tap(self):
        tap_receivers(self.connection, self.rtp)
        offer_addresses(ice_connection(self.connection), ["127.0.0.1"])

    def described(self, action, sid):
        contents = []
        for content in read_sdp(self.connection.localDescription.sdp):
            self.candidates = content.transport.candidates
            sources = tuple(replace(one, name=f"alice-{content.media[0]}0") for one in content.sources)
            transport = replace(content.transport, candidates=())
            contents.append(replace(content, sources=sources, transport=transport))
        self.contents = contents
        return Jingle(action, sid, tuple(contents))

    def take(self, message):
        for content in message.contents:
            self.codecs |= {codec.id: codec.name for codec in content.codecs}
            for source in content.sources:
                self.told[source.ssrc] = (content.media, source.name)

    async def trickle(self, sid):
        audio = self.contents[0]
        hidden = replace(self.candidates[0], ip="0f3c.local")
        await self.hear(
            Jingle(
                "transport-info",
                sid,
                (replace(audio, transport=replace(audio.transport, candidates=(hidden, *self.candidates))),),
            )
        )

    def rtp(self, data):
        packet = rtp.parse(data)
        media, _ = self.told[packet.ssrc]
        if media == "audio":
            self.probes[media].audio_packet(packet)
        else:
            self.probes[media].video_packet(self.codecs[packet.payload_type], packet)

    async def close(self):
        await self.bridge.close()
        await self.connection.close()


@pytest.fixture
async def far():
    far = Far()
    yield far
    await far.close()


async def answers(far):
    """Take the virtual participant's offer."""
    await far.bridge.offer_link("bob", "alice", "alice")
    nick, by, offer = await far.said.get()
    assert (nick, by, offer.action) == ("alice", "bob", "session-initiate")
    far.connection.addTrack(ToneTrack())
    far.connection.addTrack(PatternTrack())
    await far.connection.setRemoteDescription(RTCSessionDescription(write_sdp(offer.contents), "offer"))
    far.tap()
    await far.connection.setLocalDescription(await far.connection.createAnswer())
    far.take(offer)
    await far.hear(far.described("session-accept", offer.sid))
    return offer


async def offers(far):
    """Make an offer, with payload types of a browser, that the virtual participant answers."""
    far.connection.addTrack(ToneTrack())
    far.connection.addTrack(PatternTrack())
    offer = await far.connection.createOffer()
    audio, video = offer.sdp.split("m=video")
    audio = (
        re.sub(r"SAVPF 96\b", "SAVPF 111", audio).replace("rtpmap:96 ", "rtpmap:111 ").replace("fmtp:96 ", "fmtp:111 ")
    )
    sdp = "m=video".join((audio, video))
    far.tap()
    await far.connection.setLocalDescription(RTCSessionDescription(sdp, "offer"))
    await far.hear(far.described("session-initiate", "x1"))
    nick, by, answer = await far.said.get()
    assert (nick, by, answer.action, answer.sid) == ("alice", "bob", "session-accept", "x1")
    far.take(answer)
    assert [codec.id for codec in answer.contents[0].codecs if codec.name == "opus"] == [111]
    await far.connection.setRemoteDescription(RTCSessionDescription(write_sdp(answer.contents), "answer"))
    return answer


@pytest.mark.parametrize("negotiate", [answers, offers])
async def test_both_hear_and_see_each_other_whoever_offers(far, negotiate):
    message = await negotiate(far)
    assert [(content.name, content.media) for content in message.contents] == [("0", "audio"), ("1", "video")]
    assert all(len(content.codecs) >= 2 for content in message.contents)
    await far.trickle(message.sid)
    event = await far.trace.wait(lambda e: e.name == "media_connected", what="media", timeout_s=20)
    assert (event.data["uid"], event.data["link"]) == ("alice", "bob")
    await far.peer.wait_hears("alice", 10, 20)
    await far.peer.wait_sees("alice", 5, 20)
    await far.probes["audio"].wait_hears(10, timeout_s=20)
    await far.probes["video"].wait_sees(5, timeout_s=20)
    assert {name for _, name in far.told.values()} == {"bob-a0", "bob-v0"}
    through_the_bridge = {source.ssrc for source in far.peer.sources}
    assert not through_the_bridge & set(far.told)

    await far.hear(Jingle("session-terminate", message.sid, reason="success"))
    closed = await far.trace.wait(lambda e: e.name == "media_closed", what="the end", timeout_s=20)
    assert closed.data["reason"] == "removed"


async def test_jingle_of_another_session_is_noted_and_left(far):
    offer = await answers(far)
    await far.hear(Jingle("session-terminate", "another", reason="success"))
    await far.hear(far.described("session-accept", "another"))
    notes = [event.data["text"] for event in far.trace.select(kind="log")]
    assert [note.split()[0] for note in notes] == ["session-terminate", "session-accept"]
    await far.trickle(offer.sid)
    await far.trace.wait(lambda e: e.name == "media_connected", what="media", timeout_s=20)


async def test_the_network_of_an_occupant_is_that_of_its_link_too(far):
    before, _ = far.bridge.impair("alice", up=Impairment())
    offer = await answers(far)
    await far.trickle(offer.sid)
    await far.trace.wait(lambda e: e.name == "media_connected", what="media", timeout_s=20)
    assert before.passed > 0
    after, _ = far.bridge.impair("alice", up=Impairment())
    await far.peer.wait_hears("alice", 5, 20)
    assert after.passed > 0


class Deaf(Harness):
    """An SDK that takes no offer of anybody but the bridge."""

    async def send_iq(self, nick, element, by="focus"):
        if by == "focus":
            await super().send_iq(nick, element)


async def test_who_takes_no_offer_is_measured_at_the_bridge():
    async with Deaf() as harness:
        bob = harness.bridge.add_publisher("bob", "uid-bob", Tone(700), None)
        await harness.bridge.offer_link("bob", "alice", "uid-alice")
        await harness.join("alice")
        await harness.trace.wait(
            lambda e: e.kind == "media" and e.name == "received", what="a measurement", timeout_s=20
        )
        await bob.wait_hears("uid-alice", 5, 20)


def test_ssrcs_are_found_wherever_rtcp_says_them():
    report = rtcp.sender_report(1, timestamp=5, packets=6, octets=7, cname="c", ntp=8)
    assert rtcp.renumber(report, {1: 9}) == rtcp.sender_report(9, timestamp=5, packets=6, octets=7, cname="c", ntp=8)
    assert rtcp.renumber(rtcp.picture_loss(1, 2), {2: 9}) == rtcp.picture_loss(1, 9)
    lost = rtcp.negative_acknowledgement(1, 2, [3])
    assert rtcp.renumber(lost, {1: 8, 2: 9}) == rtcp.negative_acknowledgement(8, 9, [3])
    fir = bytes([0x84, 206, 0, 4, *[0, 0, 0, 1], *[0, 0, 0, 0], *[0, 0, 0, 2], *[7, 0, 0, 0]])
    assert list(rtcp.read(rtcp.renumber(fir, {2: 9}))) == [rtcp.KeyFrameRequest(9)]
    for cut in range(len(report)):
        assert len(rtcp.renumber(report[:cut], {1: 9})) == cut
