"""The vendor's published SDK in a real browser against the simulator: the proof that the signalling is what it expects.

What every published build does in a call is in ``test_real_builds.py``; here is what one build is enough for.
"""

import asyncio

import pytest
import pytest_asyncio
from sdk_page import Pages, User, chromium, service

from testcall_simulator.simulator import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.asyncio(loop_scope="module")]
VERSION = "4.2.6"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sim():
    async with Simulator() as simulator:
        yield simulator


@pytest_asyncio.fixture(loop_scope="module")
async def enter(browser, sim):
    """Lets a user of the SDK enter a session; returns once its listener was told that it has."""
    pages = Pages(browser, sim)

    async def enter(uid="alice", session="s1"):
        user = await pages.user(VERSION, uid)
        await user.join(session)
        return user

    async def by_library(uid, *, p2p=False):
        """The same by the library inside the SDK, in the way in which SDK 5 uses it."""
        page, token, at = await pages.visit(VERSION), sim.world.user(uid).auth_token, sim.addresses
        given = [at.calls_base(4), token, "s1", f"localhost:{at.tls_port}", at.xmpp, p2p]
        nick = await page.evaluate("(given) => joinByLibrary(...given)", given)
        user = User(sim, page, uid, "s1")
        await user.expect("joined")
        assert user.nick == nick
        return user

    enter.by_library = by_library
    yield enter
    await pages.close()


async def test_it_obeys_the_focus_that_mutes_it(enter, sim):
    alice = await enter("alice")
    await sim.join_peer("s1", "bob")
    await service(sim, "source_unmuted", uid="alice", kind="audio")
    await sim.mute_participant("s1", alice.nick, "audio")
    await service(sim, "source_muted", uid="alice", kind="audio")


async def test_two_clients_of_the_library_connect_without_the_bridge_by_relayed_jingle(enter):
    alice, bob = await enter.by_library("alice", p2p=True), await enter.by_library("bob", p2p=True)
    await asyncio.gather(alice.expect("p2p", active=True), bob.expect("p2p", active=True))


async def test_moderators_mute_record_and_kick_through_the_library(enter):
    alice, bob = await enter.by_library("alice"), await enter.by_library("bob")
    await alice.expect("user joined", nick=bob.nick)
    left = bob.nick
    await alice.page.evaluate(f"conference.muteParticipant('{left}', 'audio')")
    await bob.expect("mute", kind="audio", muted=True, by=alice.nick)
    await alice.page.evaluate(
        "async () => { window.recording = (await conference.startRecording({mode: 'file'})).getID(); }"
    )
    for user in (alice, bob):
        await user.expect("recorder", status="on", by=alice.nick)
    await alice.page.evaluate("async () => { await conference.stopRecording(recording); }")
    for user in (alice, bob):
        await user.expect("recorder", status="off")
    await alice.page.evaluate(f"conference.kickParticipant('{left}', 'enough')")
    await bob.expect("kicked", by=alice.nick, reason="enough")
    await alice.expect("user left", nick=left)


async def test_a_conference_is_ended_through_its_component_and_the_connection_closes_at_once(enter, sim):
    alice, bob = await enter.by_library("alice"), await enter.by_library("bob")
    await bob.page.evaluate("conference.end()")
    await asyncio.gather(*(user.expect("failed", error="conference.destroyed") for user in (alice, bob)))
    await service(sim, "session_ended", reason="ended")
    disconnected = "const before = performance.now(); await connection.disconnect(); return performance.now() - before"
    assert await bob.page.evaluate(f"async () => {{ {disconnected} }}") < 2500  # 3 s when the close is spelt otherwise
