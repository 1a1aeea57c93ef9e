"""SDK 5's way of using its library, shown with the same library inside SDK 4.2.6: a page of ours drives it as SDK 5 does.

No build of SDK 5 runs here. The page (``pages/v5_standin.html``) makes SDK 5's requests, takes SDK 5's answers, and says in
presence what SDK 5 says; the library is the vendor's, brought from the registry.
"""

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio

from testcall_conformance.adapters import ConnectOptions
from testcall_conformance.adapters.browser_find import find_browser
from testcall_conformance.packages import resolve
from testcall_simulator.exchange import Page
from testcall_simulator.media.sources import Pattern, Tone
from testcall_simulator.simulator import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.asyncio(loop_scope="module")]
LIMIT_S = 60
PAGE = Path(__file__).parent / "pages" / "v5_standin.html"
FLAGS = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
]


class User:
    """A user of the stand-in in a fresh page. ``expect`` finds what it was told, in any order, each once."""

    def __init__(self, sim, page, uid):
        self.sim, self.page, self.uid, self.pid = sim, page, uid, None
        self.read = set()

    async def call(self, function, *arguments):
        return await self.page.evaluate(f"(given) => {function}(...given)", list(arguments))

    async def expect(self, name, **fields):
        """The first ``name`` with these fields that was not expected before."""
        find = """([name, fields, read]) => told.findIndex(([one, value], index) =>
            one === name && !read.includes(index) && Object.entries(fields).every(([key, field]) => value[key] === field))"""
        given = [name, fields, sorted(self.read)]
        await self.page.wait_for_function(f"(given) => ({find})(given) >= 0", arg=given, timeout=LIMIT_S * 1000)
        index = await self.page.evaluate(find, given)
        self.read.add(index)
        return (await self.page.evaluate("(index) => told[index]", index))[1]

    async def receives(self, *others):
        """Wait until it decodes pictures and hears sound of these, more than before."""
        before = await self.call("received")
        for other in others:
            start = before.get(other.pid, {"frames": 0, "energy": 0})
            more = """async ([pid, frames, energy]) => {
              const now = (await received())[pid];
              return now !== undefined && now.frames > frames + 5 && now.energy > energy;
            }"""
            await self.page.wait_for_function(
                more, arg=[other.pid, start["frames"], start["energy"]], timeout=LIMIT_S * 1000, polling=200
            )

    async def told(self):
        return [name for name, _ in await self.page.evaluate("told")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        path = find_browser(playwright.chromium.executable_path)
        running = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sim():
    async with Simulator() as simulator:
        simulator.world.configure(p2p=True)
        simulator.signalling.configure(moderators="first")
        yield simulator


@pytest_asyncio.fixture(loop_scope="module")
async def enter(browser, sim):
    """Lets users join as with SDK 5; returns once each was told that it has."""
    package = await resolve("npm:@cometchat/calls-sdk-javascript@4.2.6", ConnectOptions())
    sim.pages["/"] = Page(PAGE)
    sim.pages["/sdk.js"] = Page(package.files[package.entry], "text/javascript")
    contexts = []

    async def enter(uid, session="s1", **settings):
        context = await browser.new_context(ignore_https_errors=True)
        contexts.append(context)
        await context.route(lambda url: ".localhost" not in url, lambda route: route.fulfill(status=404, body=""))
        page = await context.new_page()
        await page.goto(f"{sim.addresses.app_origin}/")
        user, addresses = User(sim, page, uid), sim.addresses.for_sdk(5)
        hosts = {"host": addresses["calls"], "adminHost": addresses["api"], "clientHost": addresses["client"]}
        await user.call("login", {"appId": sim.world.app.app_id, "region": "us", **hosts}, uid, sim.world.auth_key)
        user.pid = await user.call("joinSession", await user.call("generateToken", session), settings)
        await user.expect("onSessionJoined")
        return user

    yield enter
    for context in contexts:
        await context.close()


async def service(sim, name, **data):
    return await sim.trace.wait(
        lambda event: event.name == name and all(event.data.get(key) == value for key, value in data.items()),
        what=f"{name} {data}",
        timeout_s=LIMIT_S,
    )


async def test_two_are_peer_to_peer_three_through_the_forwarder_and_two_again(enter, sim):
    alice, bob = await enter("alice", "Room-1"), await enter("bob", "room-1")
    assert await alice.page.evaluate("JitsiMeetJS.version") == "09993fc8"
    assert (await alice.expect("onParticipantJoined", uid="bob"))["pid"] == bob.pid
    await asyncio.gather(alice.expect("p2p", active=True), bob.expect("p2p", active=True))
    await asyncio.gather(alice.receives(bob), bob.receives(alice))

    carol = await enter("carol", "room-1")
    await asyncio.gather(*(service(sim, "media_connected", uid=uid) for uid in ("alice", "bob", "carol")))
    await asyncio.gather(alice.expect("p2p", active=False), bob.expect("p2p", active=False))
    await asyncio.gather(alice.receives(bob, carol), bob.receives(alice, carol), carol.receives(alice, bob))

    await carol.call("leaveSession")
    await carol.expect("onConnectionClosed")
    await alice.expect("onParticipantLeft", uid="carol")
    await asyncio.gather(alice.expect("p2p", active=True), bob.expect("p2p", active=True))
    await asyncio.gather(alice.receives(bob), bob.receives(alice))
    assert "unhandled" not in await alice.told()


async def test_two_need_no_bridge_at_all(enter, sim):
    sim.signalling.configure(bridge_in_reserve=False)
    alice, bob = await enter("alice"), await enter("bob")
    await asyncio.gather(alice.receives(bob), bob.receives(alice))
    assert not sim.trace.select(name="media_connected")
    carol = await enter("carol")
    await asyncio.gather(alice.receives(bob, carol), bob.receives(alice, carol), carol.receives(alice, bob))


@pytest.mark.parametrize("smaller", [True, False], ids=["the peer offers", "the page offers"])
async def test_a_virtual_participant_takes_part_peer_to_peer(enter, sim, smaller, monkeypatch):
    nick = "00000000" if smaller else "ffffffff"
    nicks = iter([nick, "00000001"])
    monkeypatch.setattr(sim.signalling, "_free_nick", lambda key: next(nicks))
    alice = await enter("alice")
    bob = await sim.join_peer("s1", "bob", audio=Tone(600), video=Pattern(320, 180, 15))
    bob.pid = bob.nick
    await alice.expect("p2p", active=True)
    await service(sim, "media_connected", uid="alice", link=nick)
    await bob.wait_hears("alice", 10)
    await bob.wait_sees("alice", 5)
    await alice.receives(bob)

    await bob.mute_audio(True)
    await alice.expect("mute", mine=False, kind="audio", muted=True, uid="bob")
    await alice.call("muteAudio")
    await bob.wait_silent("alice", 1.5)

    carol = await sim.join_peer("s1", "carol", audio=Tone(900), video=Pattern(320, 180, 15))
    carol.pid = carol.nick
    await alice.expect("p2p", active=False)
    await alice.receives(carol)
    await carol.wait_sees("alice", 5)
    await carol.leave()
    await alice.expect("p2p", active=True)
    await bob.wait_sees("alice", 5)


async def test_the_first_is_moderator_and_mutes_others_who_may_not_mute_it(enter, sim):
    alice = await enter("alice")
    await alice.expect("role", me=True, role="moderator")
    bob = await enter("bob")
    assert [await user.page.evaluate("standIn.conference.isModerator()") for user in (alice, bob)] == [True, False]
    await alice.expect("onParticipantJoined", uid="bob")
    await service(sim, "source_unmuted", uid="bob", kind="audio")
    await alice.call("muteParticipant", bob.pid)
    await bob.expect("mute", mine=True, kind="audio", muted=True, by=alice.pid)
    await service(sim, "source_muted", uid="bob", kind="audio")
    await alice.expect("mute", mine=False, kind="audio", muted=True, uid="bob")
    await alice.call("pauseParticipantVideo", bob.pid)
    await bob.expect("mute", mine=True, kind="video", muted=True, by=alice.pid)
    await bob.call("muteParticipant", alice.pid)
    refused = await sim.trace.wait(
        lambda event: event.name == "iq" and event.data.get("uid") == "bob" and "not-allowed" in event.data["stanza"],
        what="a refusal",
        timeout_s=LIMIT_S,
    )
    assert refused.data["direction"] == "out"
    assert not sim.trace.select(name="source_muted", where=lambda event: event.data["uid"] == "alice")


async def test_a_raised_hand_is_seen_by_the_others(enter):
    alice, bob = await enter("alice"), await enter("bob")
    await alice.expect("onParticipantJoined", uid="bob")
    await bob.call("raiseHand")
    await alice.expect("onParticipantHandRaised", uid="bob")
    await bob.call("lowerHand")
    await alice.expect("onParticipantHandLowered", uid="bob")


async def test_ending_for_all_takes_everybody_out_and_is_a_moderators_right(enter, sim):
    alice, bob = await enter("alice"), await enter("bob")
    # The library's track.dispose() waits for ever when its session ends amid the handshake between two peers.
    await asyncio.gather(alice.expect("p2p", active=True), bob.expect("p2p", active=True))
    await bob.call("endSessionForAll")
    await bob.call("raiseHand")
    await alice.expect("onParticipantHandRaised", uid="bob")
    assert not sim.trace.select(name="session_ended")
    await alice.call("endSessionForAll")
    await asyncio.gather(*(user.expect("onConnectionClosed") for user in (alice, bob)))
    await service(sim, "session_ended", reason="ended")
