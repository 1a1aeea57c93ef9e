"""Media that really flows: between two reference clients through the bridge, and to and from a peer of the simulator."""

import asyncio

import pytest
from reference_world import GIVE_UP_S, Device, calling

from testcall_conformance.reference.client import aiortc_internals, sources
from testcall_simulator.media.sources import Pattern, Tone

pytestmark = pytest.mark.media


@pytest.fixture(params=["v4", "v5"])
async def call(request):
    async with calling(request.param) as made:
        yield made


def reading(device: Device, of: str, media: str):
    """What ``device`` receives of the occupant ``of``, or nothing yet."""
    found = [item for item in device.client.readings() if (item.owner, item.media) == (of, media)]
    return found[0] if found else None


def frames(device: Device, of: str, media: str) -> int:
    found = reading(device, of, media)
    return found.frames if found else 0


async def received(device: Device, of: str, media: str, more: int = 5):
    """Wait for ``more`` frames than there are now."""
    wanted = frames(device, of, media) + more
    async with asyncio.timeout(GIVE_UP_S):
        while frames(device, of, media) < wanted:
            await device.client.session.next_frame()
    return reading(device, of, media)


def nick(device: Device) -> str:
    return device.client.session.me.nick


async def test_two_clients_hear_and_see_each_other(call):
    alice, bob = await call.joined("alice", media=True), await call.joined("bob", media=True)
    for device, other in ((alice, bob), (bob, alice)):
        sound = await received(device, nick(other), "audio", 30)
        assert sound.level_dbov == pytest.approx(sources.TONE_LEVEL_DBOV, abs=2)
        picture = await received(device, nick(other), "video")
        assert (picture.width, picture.height) == (sources.WIDTH, sources.HEIGHT)
        assert 0 <= picture.mark < sources.LOOP_FRAMES
    await call.service_saw("media_connected", uid="alice")
    await call.service_saw("media_connected", uid="bob")


async def test_muted_means_that_nothing_comes(call):
    alice, bob = await call.joined("alice", media=True), await call.joined("bob", media=True)
    await received(bob, nick(alice), "audio")
    alice.client.session.mute(True)
    await bob.told("participant_audio_muted")
    await received(bob, nick(alice), "video", 3)  # what was under way has arrived
    heard = frames(bob, nick(alice), "audio")
    await received(bob, nick(alice), "video", 10)  # one second, told by the picture
    assert frames(bob, nick(alice), "audio") == heard
    alice.client.session.mute(False)
    await received(bob, nick(alice), "audio")


async def test_paused_means_that_nothing_is_seen(call):
    alice, bob = await call.joined("alice", media=True), await call.joined("bob", media=True)
    await received(bob, nick(alice), "video")
    alice.client.session.pause(True)
    await bob.told("participant_video_paused")
    await received(bob, nick(alice), "audio", 10)
    seen = frames(bob, nick(alice), "video")
    await received(bob, nick(alice), "audio", 50)  # one second, told by the sound
    assert frames(bob, nick(alice), "video") == seen
    alice.client.session.pause(False)
    await received(bob, nick(alice), "video")


async def test_whoever_joins_later_is_received_too(call):
    alice, bob = await call.joined("alice", media=True), await call.joined("bob", media=True)
    await received(alice, nick(bob), "video")
    carol = await call.joined("carol", media=True)
    for device in (alice, bob):
        await received(device, nick(carol), "audio")
        await received(device, nick(carol), "video")
    await received(carol, nick(alice), "video")
    gone = nick(bob)
    await bob.client.leave()
    await alice.told("participant_left")
    await received(alice, nick(carol), "video", 10)
    assert reading(alice, gone, "video") is None


async def test_a_peer_of_the_service_is_received_and_receives(call):
    alice = await call.joined("alice", media=True)
    peer = await call.sim.join_peer("room-1", "bob", audio=Tone(500, -30.0), video=Pattern(320, 180, 10))
    sound = await received(alice, peer.nick, "audio", 30)
    assert sound.level_dbov == pytest.approx(-30, abs=2)
    assert (await received(alice, peer.nick, "video")).width == 320
    await peer.wait_hears("alice")
    await peer.wait_sees("alice")
    heard = await peer.hears("alice", window_s=0.5)
    assert heard.level_dbov == pytest.approx(sources.TONE_LEVEL_DBOV, abs=2)
    seen = await peer.sees("alice", window_s=0.5)
    assert (seen.width, seen.height) == (sources.WIDTH, sources.HEIGHT)
    alice.client.session.mute(True)
    await peer.wait_silent("alice")
    alice.client.session.pause(True)
    await peer.wait_dark("alice")
    alice.client.session.mute(False)
    alice.client.session.pause(False)
    await peer.wait_hears("alice")
    await peer.wait_sees("alice")


async def test_joining_muted_sends_nothing_until_unmuted(call):
    alice = await call.joined("alice", media=True, start_audio_muted=True, start_video_paused=True)
    peer = await call.sim.join_peer("room-1", "bob", audio=Tone(), video=None)
    await received(alice, peer.nick, "audio", 50)
    assert (await peer.hears("alice", window_s=0.3)).frames == 0
    alice.client.session.mute(False)
    await peer.wait_hears("alice")
    alice.client.session.pause(False)
    await peer.wait_sees("alice")


async def test_an_audio_call_can_become_a_video_call(call):
    alice = await call.joined("alice", media=True, audio_only=True)
    peer = await call.sim.join_peer("room-1", "bob", audio=Tone(), video=None)
    await peer.wait_hears("alice")
    assert (await peer.sees("alice", window_s=0.3)).frames == 0
    alice.client.session.switch_to_video()
    await peer.wait_sees("alice")
    await call.service_saw("source_unmuted", uid="alice", kind="video")


async def test_a_viewer_sends_nothing_and_can_not_unmute():
    async with calling("v4") as call:
        call.sim.world.configure(None, presenter_mode=True)
        alice = await call.joined("alice", media=True, presenter=False)
        peer = await call.sim.join_peer("room-1", "bob", audio=Tone(), video=None)
        await received(alice, peer.nick, "audio", 20)
        alice.client.session.mute(False)
        alice.client.session.pause(False)
        assert (await peer.hears("alice", window_s=0.3)).frames == 0
        assert "audio_unmuted" not in alice.names
        assert call.service_events("source_unmuted", uid="alice") == []


async def test_an_audio_only_call_sends_no_picture(call):
    alice = await call.joined("alice", media=True, audio_only=True)
    bob = await call.joined("bob", media=True)
    await received(bob, nick(alice), "audio", 50)
    assert frames(bob, nick(alice), "video") == 0
    await received(alice, nick(bob), "audio")


async def test_nothing_is_held_after_leaving(call):
    alice, bob = await call.joined("alice", media=True), await call.joined("bob", media=True)
    await received(alice, nick(bob), "audio")
    await alice.client.leave()
    assert alice.client.readings() == []
    await call.service_saw("media_closed", uid="alice")
    await call.service_saw("socket_closed", uid="alice")


def test_the_private_names_of_aiortc_are_still_there():
    from aiortc import RTCPeerConnection
    from aiortc.rtcrtpsender import RTCRtpSender

    async def check():
        pc = RTCPeerConnection()
        pc.addTransceiver("audio")
        aiortc_internals.gather_on_loopback(pc)
        await pc.setLocalDescription(await pc.createOffer())
        lines = [line for line in pc.localDescription.sdp.splitlines() if line.startswith("a=candidate")]
        await pc.close()
        return lines

    lines = asyncio.run(check())
    assert lines
    assert all(" 127.0.0.1 " in line for line in lines)
    assert callable(RTCRtpSender._send_keyframe)


def test_a_picture_carries_its_number():
    assert [sources.read_mark(sources.pattern(number)) for number in (0, 1, 37, 255)] == [0, 1, 37, 255]
    assert sources.read_mark(sources.pattern(3) // 255 + 128) is None
