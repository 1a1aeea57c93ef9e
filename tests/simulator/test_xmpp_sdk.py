"""The vendor's published SDK in a real browser against the simulator: the proof that the signalling is what it expects."""

import asyncio

import pytest
import pytest_asyncio

from testcall_conformance.adapters import ConnectOptions
from testcall_conformance.adapters.browser_find import find_browser
from testcall_conformance.packages import resolve
from testcall_simulator.exchange import Page
from testcall_simulator.simulator import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.asyncio(loop_scope="module")]
LIMIT_S = 60
FLAGS = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
]
PAGE = """<!doctype html><meta charset="utf-8"><div id="call" style="width: 900px; height: 600px"></div>
<script>
  const told = [];
  addEventListener("unhandledrejection", (event) => told.push(["unhandled", String(event.reason)]));
  async function join(host, authToken, session) {
    const sdk = CometChatCalls, listener = {};
    for (const name of ["onUserJoined", "onUserLeft", "onUserListUpdated", "onCallEnded", "onError", "onUserMuted",
                        "onRecordingStarted", "onRecordingStopped", "onScreenShareStarted", "onScreenShareStopped"])
      listener[name] = (...values) => told.push([name, JSON.parse(JSON.stringify(values))[0]]);
    const app = new sdk.CallAppSettingsBuilder().setAppId("testapp").setRegion("us").setHost(host).build();
    await sdk.init(app);
    const {token} = await sdk.generateToken(session, authToken);
    const settings = new sdk.CallSettingsBuilder().setCallListener(new sdk.OngoingCallListener(listener)).build();
    await sdk.startSession(token, settings, document.getElementById("call"));
  }
  async function joinByLibrary(host, authToken, session, domain, serviceUrl, p2p) {
    const sdk = CometChatCalls, library = window.JitsiMeetJS;
    const app = new sdk.CallAppSettingsBuilder().setAppId("testapp").setRegion("us").setHost(host).build();
    await sdk.init(app);
    const {token} = await sdk.generateToken(session, authToken);
    library.setLogLevel("error");
    library.init({});
    const options = {hosts: {domain, muc: "conference." + domain}, serviceUrl, hiddenDomain: "recorder." + domain,
                     p2p: {enabled: p2p}, bridgeChannel: {preferSctp: true}};
    const connection = window.connection = new library.JitsiConnection(null, token, options);
    await new Promise((resolve, reject) => {
      connection.addEventListener(library.events.connection.CONNECTION_ESTABLISHED, resolve);
      connection.addEventListener(library.events.connection.CONNECTION_FAILED, reject);
      connection.connect();
    });
    const conference = window.conference = connection.initJitsiConference(session, options);
    const {events} = library;
    conference.on(events.conference.CONFERENCE_JOINED, () => told.push(["joined", {}]));
    conference.on(events.conference.USER_JOINED, (nick) => told.push(["user joined", {nick}]));
    conference.on(events.conference.USER_LEFT, (nick) => told.push(["user left", {nick}]));
    conference.on(events.conference.KICKED, (by, reason) => told.push(["kicked", {by: by.getId(), reason}]));
    conference.on(events.conference.CONFERENCE_FAILED, (error) => told.push(["failed", {error}]));
    conference.on(events.conference.P2P_STATUS, (_, active) => told.push(["p2p", {active}]));
    conference.on(events.conference.RECORDER_STATE_CHANGED, (one) => {
      const by = one.getInitiator();
      told.push(["recorder", {status: one.getStatus(), by: by && (by.getId ? by.getId() : by)}]);
    });
    conference.on(events.conference.TRACK_MUTE_CHANGED, (track, by) =>
      told.push(["mute", {muted: track.isMuted(), kind: track.getType(), by: by && by.getId()}]));
    for (const track of await library.createLocalTracks({devices: ["audio", "video"]})) await conference.addTrack(track);
    conference.join();
    return conference.myUserId();
  }
</script><script src="/sdk.js"></script>"""


class User:
    """A user of the real SDK in a fresh page. ``expect`` waits for what its listener is told, in order."""

    def __init__(self, sim, page, uid, session):
        self.sim, self.page, self.uid, self.session = sim, page, uid, session
        self.read = 0

    @property
    def nick(self):
        occupants = self.sim.signalling.occupants(self.session)
        return next(nick for nick, uid in occupants.items() if uid == self.uid)

    async def call(self, method):
        await self.page.evaluate(f"CometChatCalls.{method}()")

    async def expect(self, name, **fields):
        """The payload of the next ``name`` whose fields are these."""
        wanted = "([n, v]) => n === name && Object.entries(fields).every(([k, f]) => v && v[k] === f)"
        find = f"([start, name, fields]) => told.findIndex((one, i) => i >= start && ({wanted})(one))"
        await self.page.wait_for_function(
            f"(given) => ({find})(given) >= 0", arg=[self.read, name, fields], timeout=LIMIT_S * 1000
        )
        index = await self.page.evaluate(find, [self.read, name, fields])
        self.read = index + 1
        return (await self.page.evaluate("(index) => told[index]", index))[1]

    async def told(self):
        """Names of all that the listener was told and that was not read yet."""
        return [name for name, _ in (await self.page.evaluate("told"))[self.read :]]


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
        yield simulator


@pytest.fixture
def version():
    return "4.2.6"


@pytest_asyncio.fixture(loop_scope="module")
async def enter(browser, sim, version):
    """Lets a user of the SDK enter a session; returns once its listener was told that it has."""
    package = await resolve(f"npm:@cometchat/calls-sdk-javascript@{version}", ConnectOptions())
    sim.pages["/"] = Page(PAGE)
    sim.pages["/sdk.js"] = Page(package.files[package.entry], "text/javascript")
    contexts = []

    async def visit():
        context = await browser.new_context(ignore_https_errors=True)
        contexts.append(context)
        await context.route(lambda url: ".localhost" not in url, lambda route: route.fulfill(status=404, body=""))
        page = await context.new_page()
        await page.goto(f"{sim.addresses.app_origin}/")
        return page

    async def enter(uid="alice", session="s1"):
        page, token = await visit(), sim.world.user(uid).auth_token
        await page.evaluate("(given) => join(...given)", [sim.addresses.calls_base(4), token, session])
        user = User(sim, page, uid, session)
        await user.expect("onUserJoined", uid=uid)
        await user.expect("onUserListUpdated")
        return user

    async def by_library(uid, *, p2p=False):
        """The same by the library inside the SDK, in the way in which SDK 5 uses it."""
        page, token, at = await visit(), sim.world.user(uid).auth_token, sim.addresses
        given = [at.calls_base(4), token, "s1", f"localhost:{at.tls_port}", at.xmpp, p2p]
        nick = await page.evaluate("(given) => joinByLibrary(...given)", given)
        user = User(sim, page, uid, "s1")
        await user.expect("joined")
        assert user.nick == nick
        return user

    enter.by_library = by_library
    yield enter
    for context in contexts:
        await context.close()


async def service(sim, name, after=0, **data):
    return await sim.trace.wait(
        lambda event: event.name == name and all(event.data.get(key) == value for key, value in data.items()),
        what=f"{name} {data}",
        timeout_s=LIMIT_S,
        after=after,
    )


@pytest.mark.parametrize("version", ["4.2.6", "4.0.12"])
async def test_it_joins_sees_a_peer_come_and_go_and_ends_cleanly(enter, sim):
    alice = await enter("alice", "Session-1")
    peer = await sim.join_peer("session-1", "bob")
    assert (await alice.expect("onUserJoined", uid="bob"))["name"] == "Bob"
    assert {user["uid"] for user in await alice.expect("onUserListUpdated")} == {"alice", "bob"}
    await service(sim, "media_connected", uid="alice")
    await peer.leave()
    await alice.expect("onUserLeft", uid="bob")
    assert [user["uid"] for user in await alice.expect("onUserListUpdated")] == ["alice"]
    await alice.call("endSession")
    assert (await service(sim, "occupant_left", uid="alice")).data["reason"] == "left"
    await service(sim, "socket_closed", uid="alice")
    assert "unhandled" not in await alice.told()


async def test_two_of_them_see_each_other(enter, sim):
    alice, bob = await enter("alice"), await enter("bob")
    await alice.expect("onUserJoined", uid="bob")
    await asyncio.gather(*(service(sim, "media_connected", uid=uid) for uid in ("alice", "bob")))
    await bob.call("endSession")
    await alice.expect("onUserLeft", uid="bob")


@pytest.mark.parametrize("version", ["4.0.12"])
async def test_it_survives_the_loss_of_its_socket(enter, sim):
    """Newer builds resume too, and hear nothing from then on: their XMPP library loses its handlers (seen in 4.2.6)."""
    alice = await enter("alice")
    await sim.join_peer("s1", "bob")
    await alice.expect("onUserJoined", uid="bob")
    await sim.drop_socket("s1", alice.nick)
    await service(sim, "socket_closed")
    await sim.join_peer("s1", "carol")
    await service(sim, "socket_resumed", uid="alice")
    await alice.expect("onUserJoined", uid="carol")
    assert not sim.trace.select(name="occupant_left")


async def test_it_takes_a_kick_for_the_end_of_the_call(enter, sim):
    alice = await enter("alice")
    await sim.join_peer("s1", "bob")
    await alice.expect("onUserJoined", uid="bob")
    await sim.kick("s1", alice.nick)
    await alice.expect("onCallEnded")


async def test_it_ends_cleanly_when_the_session_is_ended_for_all(enter, sim):
    alice = await enter("alice")
    await sim.join_peer("s1", "bob")
    await alice.expect("onUserJoined", uid="bob")
    await sim.end_session("s1")
    await alice.expect("onCallEnded")
    await service(sim, "session_ended", reason="ended")
    await service(sim, "socket_closed")
    assert len(sim.trace.select(name="socket_opened")) == 1


async def test_it_records(enter, sim):
    alice = await enter("alice")
    await alice.call("startRecording")
    assert (await alice.expect("onRecordingStarted"))["user"]["uid"] == "alice"
    await alice.call("stopRecording")
    await alice.expect("onRecordingStopped")
    assert [event.data["uid"] for event in sim.trace.select(name="recording_started")] == ["alice"]


async def test_it_shares_its_screen_through_a_second_socket_without_token(enter, sim):
    alice = await enter("alice")
    await sim.join_peer("s1", "bob")
    await alice.expect("onUserJoined", uid="bob")
    await alice.call("startScreenShare")
    await alice.expect("onScreenShareStarted")
    started = await service(sim, "screen_share_started")
    assert (started.data["uid"], started.data["occupant"] != alice.nick) == ("alice", True)
    await alice.call("stopScreenShare")
    await alice.expect("onScreenShareStopped")
    await service(sim, "screen_share_stopped", uid="alice")


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
