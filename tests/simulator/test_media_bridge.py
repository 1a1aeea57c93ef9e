"""The bridge against an aiortc client that answers as the SDK does."""

import asyncio
import itertools

import numpy as np
import pytest
from media_client import Client, Harness, PatternTrack, ToneTrack

from testcall_contract.trace import TraceTimeoutError
from testcall_simulator.jingle import Candidate, Content, Jingle, Transport, write_jingle
from testcall_simulator.media.impairment import Impairment
from testcall_simulator.media.probe import dominant_frequency
from testcall_simulator.media.sources import MediaError, Pattern, Tone

pytestmark = pytest.mark.media


def frequency(frames):
    return dominant_frequency(np.concatenate([frame.samples for frame in frames[5:]]))


@pytest.fixture
async def harness():
    async with Harness() as harness:
        yield harness


async def test_what_a_client_sends_is_decoded_at_its_leg(harness):
    await harness.join("alice", audio=ToneTrack(1200), video=PatternTrack(Pattern(320, 180, 15), source=77))
    probe = harness.bridge.probe("alice")
    heard = await probe.wait_hears(25, timeout_s=20)
    seen = await probe.wait_sees(5, timeout_s=20)
    assert (seen[0].width, seen[0].height) == (320, 180)
    assert {frame.mark.source for frame in seen} == {77}
    assert frequency(heard) == pytest.approx(1200, abs=5)
    assert heard[-1].level_dbov == pytest.approx(-17.8, abs=1)


async def test_a_publisher_is_heard_and_seen_by_the_client(harness):
    harness.bridge.add_publisher("bob", "bob", Tone(700, -20), Pattern(320, 180, 15))
    alice = await harness.join("alice")
    await alice.until_told_of("bob-a0", "bob-v0")
    audio, video = alice.probes["bob-a0"], alice.probes["bob-v0"]
    heard = await audio.wait_hears(25, timeout_s=20)
    assert frequency(heard) == pytest.approx(700, abs=3)
    assert heard[-1].level_dbov == pytest.approx(-20, abs=1)
    seen = await video.wait_sees(20, timeout_s=20)
    numbers = [frame.mark.number for frame in seen]
    assert numbers == list(range(numbers[0], numbers[0] + 20)) or 0 in numbers


async def test_mute_is_heard_as_silence_and_pause_stops_frames(harness):
    alice = await harness.join("alice")
    publisher = harness.bridge.add_publisher("bob", "bob", Tone(), Pattern(320, 180, 15))
    await alice.until_told_of("bob-a0", "bob-v0")
    audio, video = alice.probes["bob-a0"], alice.probes["bob-v0"]
    await audio.wait_hears(10, timeout_s=20)
    await video.wait_sees(3, timeout_s=20)

    publisher.mute_audio(True)
    publisher.pause_video(True)
    await audio.wait_silent(0.3, timeout_s=20)
    packets = alice.packets["bob-a0"]
    assert (await audio.hears(0.3)).peak_dbov == -127
    assert alice.packets["bob-a0"] > packets, "silence is sent, not nothing"
    await video.wait_dark(0.5, timeout_s=20)

    publisher.mute_audio(False)
    publisher.pause_video(False)
    await audio.wait_hears(10, timeout_s=20)
    seen = await video.wait_sees(3, timeout_s=20)
    assert seen[0].mark.number < 3, "it begins again with a key frame"


async def test_removing_a_publisher_takes_its_sources_back_and_stops_its_packets(harness):
    alice = await harness.join("alice")
    publisher = harness.bridge.add_publisher("bob", "bob", Tone(), Pattern(320, 180, 15))
    await alice.until_told_of("bob-a0", "bob-v0")
    await alice.probes["bob-a0"].wait_hears(5, timeout_s=20)
    before = harness.bridge._legs["alice"].transport.packets_sent
    await harness.bridge.remove_publisher("bob")
    await alice.until_gone("bob-a0")
    assert alice.remote == {}
    made = publisher.audio.packets, publisher.video.packets
    sent = harness.trace.last_seq
    await harness.trace.wait(lambda e: e.name == "received", what="a second", timeout_s=20, after=sent)
    after = harness.bridge._legs["alice"].transport.packets_sent
    # Receiver reports go on, about one a second; media would be 65 packets.
    assert after - before < 10
    assert (publisher.audio.packets, publisher.video.packets) == made


async def test_a_third_is_forwarded_without_decoding(harness, monkeypatch):
    from testcall_simulator.media import probe

    made = []
    monkeypatch.setattr(probe.VideoDecoder, "_work", lambda *a: made.append("video"))
    monkeypatch.setattr(probe.AudioDecoder, "decode", lambda *a: made.append("audio") or [])
    clients = [
        await harness.join(nick, audio=ToneTrack(hz), video=PatternTrack(source=source))
        for nick, hz, source in (("alice", 500, 1), ("carol", 900, 2), ("dave", 1300, 3))
    ]
    for client in clients:
        others = [f"{other.nick}-{letter}0" for other in clients if other is not client for letter in "av"]
        await client.until_told_of(*others)
        for name in others:
            while client.packets[name] < 20:
                seq = harness.trace.last_seq
                await harness.trace.wait(lambda e: e.name == "received", what="packets", timeout_s=20, after=seq)
    assert made == []
    monkeypatch.undo()
    for client, name, hz in ((clients[0], "carol", 900), (clients[1], "dave", 1300), (clients[2], "alice", 500)):
        heard = client.probes[f"{name}-a0"]
        assert frequency(await heard.wait_hears(25, timeout_s=20)) == pytest.approx(hz, abs=5)


async def test_a_viewer_gets_a_key_frame_when_it_asks(harness):
    alice = await harness.join("alice")
    await harness.join("carol", video=PatternTrack(source=9))
    await alice.until_told_of("carol-v0")
    # The stock sender makes its only key frame at the start: whoever begins to look later depends on asking.
    await harness.bridge.probe("carol").wait_sees(5, timeout_s=20)
    seen = await alice.probes["carol-v0"].wait_sees(5, timeout_s=20)
    assert {frame.mark.source for frame in seen} == {9}


async def test_the_data_channel_greets_relays_and_is_traced(harness):
    alice = await harness.join("alice")
    carol = await harness.join("carol")
    assert (await alice.messages.get())["colibriClass"] == "ServerHello"
    assert (await carol.messages.get())["colibriClass"] == "ServerHello"
    alice.channel.send('{"colibriClass":"EndpointMessage","to":"carol","msgPayload":{"a":1}}')
    got = await carol.messages.get()
    assert got == {"colibriClass": "EndpointMessage", "to": "carol", "msgPayload": {"a": 1}, "from": "alice"}
    event = await harness.trace.wait(
        lambda e: e.name == "EndpointMessage" and e.data["direction"] == "in", what="trace", timeout_s=5
    )
    assert (event.data["channel"], event.data["occupant"]) == ("datachannel", "alice")


async def test_leaving_closes_media_and_is_told_to_the_others(harness):
    alice = await harness.join("alice")
    await harness.join("carol")
    await alice.until_told_of("carol-a0", "carol-v0")
    await harness.bridge.remove_leg("carol")
    await alice.until_gone("carol-a0")
    event = await harness.trace.wait(lambda e: e.name == "media_closed", what="closing", timeout_s=20)
    assert event.data["occupant"] == "carol"


async def test_media_events_tell_what_was_received_and_that_it_stopped(harness):
    await harness.join("alice", video=PatternTrack(Pattern(320, 180, 15)))
    event = await harness.trace.wait(
        lambda e: e.kind == "media" and e.data["media"] == "video" and e.data["frames"] > 5,
        what="video",
        timeout_s=20,
    )
    assert (event.name, event.data["occupant"], event.data["width"], event.data["height"]) == (
        "received",
        "alice",
        320,
        180,
    )


async def test_a_peer_measures_a_user_by_name_whenever_it_comes(harness):
    peer = harness.bridge.add_publisher("bob", "bob", Tone(), None)
    assert (await peer.hears("uid-alice", 0.05)).frames == 0
    waiting = asyncio.create_task(peer.wait_sees("uid-alice", 3, 20))
    await harness.join("alice", audio=ToneTrack(800))
    await waiting
    await peer.wait_hears("uid-alice", 5, 20)
    heard = await peer.hears("uid-alice", 0.5)
    assert (heard.frequency_hz, heard.window_s) == (pytest.approx(800, abs=5), 0.5)


async def test_waiting_for_what_does_not_come_says_so(harness):
    await harness.join("alice")
    probe = harness.bridge.probe("alice")
    await probe.wait_hears(1, timeout_s=20)
    with pytest.raises(TraceTimeoutError, match=r"silence of alice for 0.2 s did not come within 0.5 s"):
        await probe.wait_silent(0.2, timeout_s=0.5)
    with pytest.raises(TraceTimeoutError, match="audible frames of nobody"):
        await harness.bridge.probe("nobody").wait_hears(1, timeout_s=0.1)


async def test_loss_on_the_way_to_the_service_is_asked_for_again(harness):
    await harness.join("alice", video=PatternTrack(Pattern(320, 180, 15), source=7))
    await harness.bridge.probe("alice").wait_sees(1, timeout_s=20)
    (up, _) = harness.bridge.impair("alice", up=Impairment(loss=0.15), seed=4)
    numbers = [frame.mark.number for frame in await harness.bridge.probe("alice").wait_sees(45, timeout_s=20)]
    assert up.dropped > 0
    skipped = sum((after - before - 1) % 30 for before, after in itertools.pairwise(numbers))
    assert skipped < 15, "what was lost came again; else each loss takes half a second"


async def test_a_black_hole_is_silence_and_ends(harness):
    alice = await harness.join("alice")
    harness.bridge.add_publisher("bob", "bob", Tone(), None)
    await alice.until_told_of("bob-a0")
    heard = alice.probes["bob-a0"]
    await heard.wait_hears(5, timeout_s=20)
    harness.bridge.impair("alice", up=Impairment(black_hole=True), down=Impairment(black_hole=True))
    await heard.wait_silent(0.3, timeout_s=20)
    await harness.bridge.probe("alice").wait_silent(0.3, timeout_s=20)
    harness.bridge.impair("alice")
    await heard.wait_hears(5, timeout_s=20)
    await harness.bridge.probe("alice").wait_hears(5, timeout_s=20)


async def test_media_can_be_dropped_under_a_running_call(harness):
    await harness.join("alice")
    await harness.bridge.drop_media("alice")
    event = await harness.trace.wait(lambda e: e.name == "media_closed", what="closing", timeout_s=20)
    assert event.data["occupant"] == "alice"
    await harness.clients["alice"].until_closed()


async def test_nothing_is_left_after_the_end(harness):
    await harness.join("alice")
    harness.bridge.add_publisher("bob", "bob", Tone(), Pattern(320, 180, 15))
    await harness.bridge.probe("alice").wait_sees(1, timeout_s=20)
    await harness.bridge.close()
    await harness.bridge.close()
    await harness.clients["alice"].close()
    me = asyncio.current_task()
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks() if task is not me}
    assert not [name for name in names if "Media" in name or "aioice" in name or "RTC" in name or "Connection" in name]
    with pytest.raises(MediaError, match="no second publisher for bob, and none after the end"):
        harness.bridge.add_publisher("bob", "bob", None, None)


async def test_leaving_in_the_middle_of_the_offer_does_no_harm(harness):
    harness.clients["alice"] = client = Client("alice", harness.bridge)
    joining = asyncio.create_task(harness.bridge.add_leg("alice", "alice"))
    await asyncio.sleep(0)
    await harness.bridge.remove_leg("alice")
    await joining
    assert client.sid is None
    await harness.join("alice")


async def test_jingle_of_nobody_and_of_another_session_is_left(harness):
    alice = await harness.join("alice")
    for nick, sid in (("nobody", alice.sid), ("alice", "other")):
        await harness.bridge.on_jingle(nick, write_jingle(Jingle("session-terminate", sid)))
    assert harness.bridge.connected("alice")
    assert len(harness.trace.select(kind="log", name="media")) == 2
    await harness.bridge.on_jingle("alice", write_jingle(Jingle("session-terminate", alice.sid, reason="success")))
    assert not harness.bridge.connected("alice")


async def test_an_occupant_that_lost_its_connection_gets_another(harness):
    alice = await harness.join("alice")
    harness.bridge.add_publisher("bob", "bob", Tone(700), None)
    await alice.until_told_of("bob-a0")
    first = alice.sid
    fresh = harness.clients["alice"] = Client("alice", harness.bridge)
    complaint = Jingle("session-terminate", first, reason="connectivity-error", bridge_session=first, restart=True)
    await harness.bridge.on_jingle("alice", write_jingle(complaint))
    await fresh.until_told_of("bob-a0")
    assert fresh.sid != first
    await fresh.probes["bob-a0"].wait_hears(5, timeout_s=20)
    await alice.close()


async def test_a_complaint_about_ice_ends_the_session_and_offers_another(harness):
    alice = await harness.join("alice")
    fresh = Client("alice", harness.bridge)
    alice.on_terminate = lambda: harness.clients.update(alice=fresh)
    await harness.bridge.on_jingle("alice", write_jingle(Jingle("session-info", alice.sid, ice_failed=True)))
    assert alice.terminated == "success"
    assert fresh.sid not in (None, alice.sid)
    await alice.close()


async def test_candidates_may_come_later(harness):
    alice = await harness.join("alice")
    candidate = Candidate("1", 1, "udp", 1, "127.0.0.1", 9, "host")
    content = Content("audio", "audio", transport=Transport("u", "p", candidates=(candidate,)))
    await harness.bridge.on_jingle("alice", write_jingle(Jingle("transport-info", alice.sid, (content,))))
    assert harness.bridge.connected("alice")


async def test_all_are_told_who_speaks(harness):
    alice = await harness.join("alice")
    assert (await alice.messages.get())["colibriClass"] == "ServerHello"
    loud = harness.bridge.add_publisher("bob", "bob", Tone(700, -20), None)
    harness.bridge.add_publisher("carol", "carol", Tone(500, -30), None)
    told = await alice.messages.get()
    assert (told["dominantSpeakerEndpoint"], told["previousSpeakers"]) == ("bob", [])
    loud.mute_audio(True)
    told = await alice.messages.get()
    assert (told["dominantSpeakerEndpoint"], told["previousSpeakers"]) == ("carol", ["bob"])
    event = harness.trace.select(name="dominant_speaker_changed")[-1]
    assert (event.data["channel"], event.data["occupant"], event.data["uid"]) == ("service", "carol", "carol")


async def test_a_tap_sees_every_packet_with_its_time(harness):
    seen = []
    harness.bridge.switch.taps.append(seen.append)
    harness.bridge.add_publisher("bob", "bob", Tone(), None)
    alice = await harness.join("alice")
    await alice.until_told_of("bob-a0")
    await alice.probes["bob-a0"].wait_hears(5, timeout_s=20)
    await harness.bridge.probe("alice").wait_hears(5, timeout_s=20)
    sent = [one.packet.sequence_number for one in seen if one.direction == "out"]
    assert sent == list(range(sent[0], sent[0] + len(sent)))
    assert {one.occupant for one in seen if one.direction == "in"} == {"alice"}
    times = [one.at_ns for one in seen]
    assert times == sorted(times)


async def test_how_others_are_connected_is_told_over_the_channel_of_virtual_ones_too(harness):
    """A peer call of SDK 5 gives up the other side when nothing of the kind comes for 10 s."""
    alice, carol = await harness.join("alice"), await harness.join("carol")
    harness.bridge.add_publisher("bob", "bob", Tone(), None)
    for one in (alice, carol):
        while (await one.messages.get())["colibriClass"] != "ServerHello":
            pass
    carol.channel.send('{"colibriClass": "EndpointStats", "connectionQuality": 50}')
    told = {}
    async with asyncio.timeout(20):
        while told.keys() != {"bob", "carol"}:
            message = await alice.messages.get()
            if message["colibriClass"] == "EndpointStats":
                told[message["from"]] = message["connectionQuality"]
    assert told == {"bob": 100, "carol": 50}
