"""Every published build of SDK 4 that we have, unmodified, in a real browser: what a call is made of, against the simulator."""

import asyncio

import pytest
import pytest_asyncio
from sdk_page import LIMIT_S, Pages, chromium, service

from testcall_simulator.media.sources import Pattern, tone_of
from testcall_simulator.simulator import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.asyncio(loop_scope="module")]
BUILDS = ("4.0.12", "4.1.0", "4.2.1", "4.2.4", "4.2.6")
IDLE_S = 120
"""The shortest period that the builds take."""
STEP_MS = 4000
"""A step of the page's clock: under the 5 s in which the SDK expects the answer to a ping."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sim():
    async with Simulator() as simulator:
        yield simulator


@pytest_asyncio.fixture(loop_scope="module")
async def pages(browser, sim):
    made = Pages(browser, sim)
    yield made
    await made.close()


async def bob_in(sim, session):
    return await sim.join_peer(session, "bob", audio=tone_of(1), video=Pattern())


@pytest.mark.parametrize("version", BUILDS)
async def test_a_build_joins_exchanges_media_shares_records_and_leaves_clean(pages, sim, version):
    alice = await pages.user(version, "alice")
    await alice.join("s1")
    bob = await bob_in(sim, "s1")
    assert (await alice.expect("onUserJoined", uid="bob"))["name"] == "Bob"
    assert {user["uid"] for user in await alice.expect("onUserListUpdated")} == {"alice", "bob"}
    await asyncio.gather(bob.wait_hears("alice"), bob.wait_sees("alice"), alice.receives(audio=1, video=1))

    await silenced_and_back(sim, alice, bob)
    await shared(sim, alice)
    await recorded(sim, alice, version)

    await bob.leave()
    await alice.expect("onUserLeft", uid="bob")
    assert [user["uid"] for user in await alice.expect("onUserListUpdated")] == ["alice"]
    await alice.call("endSession")
    assert (await service(sim, "occupant_left", uid="alice")).data["reason"] == "left"
    await service(sim, "socket_closed", uid="alice")
    await alice.holds_nothing()
    assert "unhandled" not in await alice.told()


async def silenced_and_back(sim, alice, bob):
    for method, kind, gone, back in (
        ("muteAudio", "audio", bob.wait_silent, bob.wait_hears),
        ("pauseVideo", "video", bob.wait_dark, bob.wait_sees),
    ):
        before = sim.trace.last_seq
        await alice.call(method, True)
        await service(sim, "source_muted", before, uid="alice", kind=kind)
        await gone("alice")
        await alice.call(method, False)
        await service(sim, "source_unmuted", before, uid="alice", kind=kind)
        await back("alice")


async def shared(sim, alice):
    """The screen goes through a second socket, that has no token, and an occupant of its own."""
    await alice.call("startScreenShare")
    await alice.expect("onScreenShareStarted")
    started = await service(sim, "screen_share_started")
    assert (started.data["uid"], started.data["occupant"] != alice.nick) == ("alice", True)
    await alice.call("stopScreenShare")
    await alice.expect("onScreenShareStopped")
    await service(sim, "screen_share_stopped", uid="alice")


async def recorded(sim, alice, version):
    """The recorder runs for every build; those before 4.2.1 don't tell the listener (``docs/deviations-javascript-v4.md``)."""
    tells = version not in ("4.0.12", "4.1.0")
    await alice.call("startRecording")
    assert (await service(sim, "recording_started")).data["uid"] == "alice"
    await sim.trace.wait(
        lambda event: "START_SCREEN_RECORDING" in str(event.data.get("stanza")),
        what="the build's word",
        timeout_s=LIMIT_S,
    )
    if tells:
        assert (await alice.expect("onRecordingStarted"))["user"]["uid"] == "alice"
    await alice.call("stopRecording")
    await service(sim, "recording_stopped", uid="alice")
    if tells:
        await alice.expect("onRecordingStopped")


@pytest.mark.parametrize("version", BUILDS)
async def test_a_build_obeys_an_end_for_all_and_is_kicked(pages, sim, version):
    alice = await pages.user(version, "alice")
    await alice.join("ended")
    await bob_in(sim, "ended")
    await alice.expect("onUserJoined", uid="bob")
    await sim.end_session("ended")
    assert (await service(sim, "occupant_left", uid="alice")).data["reason"] == "ended"
    await alice.expect("onCallEnded")
    await service(sim, "socket_closed", uid="alice")
    await alice.join("kicked")
    await bob_in(sim, "kicked")
    await alice.expect("onUserJoined", uid="bob")
    await sim.kick("kicked", alice.nick)
    assert (await service(sim, "occupant_left", session="kicked", uid="alice")).data["reason"] == "kicked"
    await alice.expect("onCallEnded")


@pytest.mark.parametrize("version", BUILDS)
async def test_a_build_resumes_after_its_socket_was_cut(pages, sim, version):
    """Each build resumes its stream (XEP-0198) as the same occupant, and its media goes on.

    4.2.6 has lost its handlers then: it hears of nobody, and tells nobody that it mutes.
    """
    alice = await pages.user(version, "alice")
    await alice.join("cut")
    bob = await bob_in(sim, "cut")
    await alice.expect("onUserJoined", uid="bob")
    await asyncio.gather(bob.wait_hears("alice"), alice.receives(audio=1, video=1))
    nick, before = alice.nick, sim.trace.last_seq
    await sim.drop_socket("cut", nick)
    again = await service(sim, "socket_resumed", before, uid="alice")
    assert (again.data["occupant"], again.data["session"]) == (nick, "cut")
    await sim.join_peer("cut", "carol")
    if version != "4.2.6":
        await alice.expect("onUserJoined", uid="carol")
    await alice.call("muteAudio", True)
    await bob.wait_silent("alice")
    if version != "4.2.6":
        await service(sim, "source_muted", again.seq, uid="alice", kind="audio")
    else:
        assert "onUserJoined" not in await alice.told()
        assert not sim.trace.select(name="source_muted", where=lambda event: event.seq > again.seq)
    await alice.call("endSession")
    assert (await service(sim, "occupant_left", before, uid="alice")).data["reason"] == "left"
    if version != "4.2.6":  # which lets go of its media most times then, but not each time
        await alice.holds_nothing()


@pytest.mark.parametrize("version", BUILDS)
async def test_a_build_times_out_when_it_is_alone(pages, sim, version):
    """By the page's clock; signalling and its pings go on all the while. 4.0.12 has no such setting."""
    alice = await pages.user(version, "alice", virtual_clock=True)
    if version == "4.0.12":
        assert not await alice.page.evaluate("'setIdleTimeoutPeriod' in CometChatCalls.CallSettingsBuilder.prototype")
        return
    await alice.join("s1", idle=IDLE_S)
    passed = 0
    while "onSessionTimeout" not in await alice.told():
        assert passed < 1.5 * IDLE_S * 1000
        await alice.page.clock.run_for(STEP_MS)
        passed += STEP_MS
    assert passed >= IDLE_S * 1000 - STEP_MS
    assert (await service(sim, "occupant_left", uid="alice")).data["reason"] == "left"
    assert len(sim.trace.select(name="socket_opened")) == 1


@pytest.mark.parametrize("versions", [BUILDS[:3], BUILDS[2:]], ids="-".join)
async def test_three_pages_in_one_session_see_and_hear_each_other(pages, sim, versions):
    users = [await pages.user(version, uid) for version, uid in zip(versions, ("alice", "bob", "carol"), strict=True)]
    for user in users:
        await user.join("s1")
    await asyncio.gather(*(user.receives(audio=2, video=2) for user in users))
    await users[0].call("endSession")
    for user in users[1:]:
        await user.expect("onUserLeft", uid="alice")
