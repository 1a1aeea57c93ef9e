"""The vendor's published Chat SDK in a real browser against the simulator, alone and together with its Calls SDK."""

import asyncio

import pytest
import pytest_asyncio

from testcall_conformance.adapters import ConnectOptions
from testcall_conformance.adapters.browser_find import find_browser
from testcall_conformance.packages import resolve
from testcall_simulator.exchange import Page
from testcall_simulator.faults import Fault
from testcall_simulator.hints import browser_arguments
from testcall_simulator.simulator import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
LIMIT_S = 60
FLAGS = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
]
SETUP = """
  const told = [], wrong = [], connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) { super(...given); connections.push(this); }
  };
  const received = async (kind, member, least) => {  // of the other page's sound or picture
    for (const connection of connections)
      for (const report of (await connection.getStats()).values())
        if (report.type === "inbound-rtp" && report.kind === kind && report[member] >= least) return true;
    return false;
  };
  addEventListener("unhandledrejection", (event) => wrong.push(String(event.reason && event.reason.message || event.reason)));
  addEventListener("error", (event) => wrong.push(event.message));
  const shown = (call) => call && ({id: call.getSessionId(), status: call.status, action: call.getAction(), type: call.getType(),
    by: call.getSender() && call.getSender().getUid(), from: call.getCallInitiator() && call.getCallInitiator().getUid(),
    to: call.getCallReceiver() && (call.getReceiverType() === "group" ? call.getCallReceiver().getGuid()
                                                                      : call.getCallReceiver().getUid()),
    joined: call.getJoinedAt() ?? null, metadata: call.getMetadata()});
  async function settled(promise) {
    try { return {value: await promise}; } catch (error) { return {refused: error}; }
  }
  async function logIn({appId, admin, client, uid, key, token, calls}) {
    const builder = new CometChat.AppSettingsBuilder().subscribePresenceForAllUsers().setRegion("us")
      .autoEstablishSocketConnection(true);
    if (admin) builder.overrideAdminHost(admin).overrideClientHost(client);
    await CometChat.init(appId, builder.build());
    const listener = {};
    for (const name of ["onIncomingCallReceived", "onOutgoingCallAccepted", "onOutgoingCallRejected",
                        "onIncomingCallCancelled", "onCallEndedMessageReceived"])
      listener[name] = (call) => told.push([name, shown(call)]);
    CometChat.addCallListener("calls", new CometChat.CallListener(listener));
    const connection = {};
    for (const name of ["onConnected", "inConnecting", "onDisconnected"])
      connection[name] = () => told.push([name, {}]);
    CometChat.addConnectionListener("connection", new CometChat.ConnectionListener(connection));
    const user = token ? await CometChat.login(token) : await CometChat.login(uid, key);
    if (calls) await CometChatCalls.init(
      new CometChatCalls.CallAppSettingsBuilder().setAppId(appId).setRegion("us").setHost(calls).build());
    return user.getUid();
  }
  const ring = async (to, type, receiverType, timeout, metadata) => {
    const call = new CometChat.Call(to, type, receiverType);
    if (metadata) call.setMetadata(metadata);
    return shown(await CometChat.initiateCall(call, timeout));
  };
  const release = () => { CometChat.clearActiveCall(); CometChatCalls.endSession(); told.push(["released", {}]); };
  async function startSession(session) {  // and end it, as the documentation of the Calls SDK wants it with ringing
    const listener = {
      onCallEndButtonPressed: () => { told.push(["onCallEndButtonPressed", {}]); CometChat.endCall(session).then(release); },
      onCallEnded: () => { told.push(["onCallEnded", {}]); release(); },
    };
    for (const name of ["onUserJoined", "onUserLeft", "onUserListUpdated"])
      listener[name] = (value) => told.push([name, JSON.parse(JSON.stringify(value ?? null))]);
    const user = await CometChat.getLoggedinUser();
    const {token} = await CometChatCalls.generateToken(session, user.getAuthToken());
    const settings = new CometChatCalls.CallSettingsBuilder()
      .setCallListener(new CometChatCalls.OngoingCallListener(listener)).build();
    await CometChatCalls.startSession(token, settings, document.getElementById("call"));
  }
"""
PAGE = f"""<!doctype html><meta charset="utf-8"><div id="call" style="width: 900px; height: 600px"></div>
<script>{SETUP}</script><script src="/chat.js"></script>"""


class User:
    """A user of the real Chat SDK in a fresh browser context. ``expect`` waits for what its listeners are told, in order."""

    def __init__(self, page, uid):
        self.page, self.uid, self.read = page, uid, 0

    async def do(self, call):
        """What a call of the SDK resolves with; an ``AssertionError`` with what it rejects with."""
        ended = await asyncio.wait_for(
            self.page.evaluate(f"settled((async () => {call})()).then((ended) => JSON.parse(JSON.stringify(ended)))"),
            LIMIT_S,
        )
        assert "refused" not in ended, ended["refused"]
        return ended.get("value")

    async def refused(self, call):
        """What a call of the SDK rejects with."""
        ended = await asyncio.wait_for(self.page.evaluate(f"settled((async () => {call})())"), LIMIT_S)
        return ended["refused"]

    async def expect(self, name, **fields):
        wanted = "([n, v]) => n === name && Object.entries(fields).every(([k, f]) => v && v[k] === f)"
        find = f"([start, name, fields]) => told.findIndex((one, i) => i >= start && ({wanted})(one))"
        await self.page.wait_for_function(
            f"(given) => ({find})(given) >= 0", arg=[self.read, name, fields], timeout=LIMIT_S * 1000
        )
        index = await self.page.evaluate(find, [self.read, name, fields])
        self.read = index + 1
        return (await self.page.evaluate("(index) => told[index]", index))[1]

    async def unread(self):
        return [name for name, _ in (await self.page.evaluate("told"))[self.read :]]

    async def wrong(self):
        return await self.page.evaluate("wrong")

    async def active(self):
        return await self.page.evaluate("(CometChat.getActiveCall() || {sessionId: null}).sessionId")


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
        chat = await resolve("npm:@cometchat/chat-sdk-javascript@4.2.0", ConnectOptions())
        simulator.pages["/"] = Page(PAGE)
        simulator.pages["/chat.js"] = Page(chat.files[chat.entry], "text/javascript")
        yield simulator


@pytest_asyncio.fixture(loop_scope="module")
async def log_in(browser, sim):
    """Logs a user of the Chat SDK in, in a context of their own; returns once the socket is authenticated."""
    contexts = []

    async def log_in(uid, *, by_token=False, clock=False, calls=False):
        context = await browser.new_context(ignore_https_errors=True)
        contexts.append(context)
        await context.route(lambda url: ".localhost" not in url, lambda route: route.fulfill(status=404, body=""))
        page = await context.new_page()
        if clock:
            await page.clock.install()
        await page.goto(f"{sim.addresses.app_origin}/")
        before = sim.trace.last_seq
        given = {
            "appId": "testapp",
            "admin": sim.addresses.chat_admin_host,
            "client": sim.addresses.chat_client_host,
            "uid": uid,
            "key": sim.world.auth_key,
            "token": sim.world.user(uid).auth_token if by_token else None,
            "calls": sim.addresses.calls_base(4) if calls else None,
        }
        assert await page.evaluate("(given) => logIn(given)", given) == uid
        user = User(page, uid)
        await user.expect("onConnected")
        await service(sim, "device_connected", after=before, uid=uid)
        return user

    yield log_in
    for context in contexts:
        await context.close()


async def service(sim, name, after=0, **data):
    return await sim.trace.wait(
        lambda event: event.name == name and all(event.data.get(key) == value for key, value in data.items()),
        what=f"{name} {data}",
        timeout_s=LIMIT_S,
        after=after,
    )


async def rung(alice, bob, arguments="'bob', 'video', 'user'"):
    """The session in which alice rings bob, once bob heard of it."""
    call = await alice.do(f"ring({arguments})")
    assert (await bob.expect("onIncomingCallReceived"))["id"] == call["id"]
    return call["id"]


async def test_a_call_is_rung_accepted_counted_and_ended(log_in, sim):
    alice, bob = await log_in("alice"), await log_in("bob", by_token=True)
    call = await alice.do("ring('bob', 'video', 'user', undefined, {room: 7})")
    assert (call["status"], call["by"], call["to"], call["metadata"]) == ("initiated", "alice", "bob", {"room": 7})
    heard = await bob.expect("onIncomingCallReceived")
    assert heard == call
    assert await alice.active() == call["id"]
    accepted = await bob.do(f"shown(await CometChat.acceptCall('{call['id']}'))")
    assert (accepted["status"], accepted["by"], accepted["from"]) == ("ongoing", "bob", "alice")
    assert (await alice.expect("onOutgoingCallAccepted"))["status"] == "ongoing"
    await sim.join_peer(call["id"], "alice")
    assert await bob.do(f"CometChat.getCallParticipantCount('{call['id']}', 'default')") == 1
    ended = await bob.do(f"shown(await CometChat.endCall('{call['id']}'))")
    assert (ended["status"], ended["by"]) == ("ended", "bob")
    assert (await alice.expect("onCallEndedMessageReceived", id=call["id"]))["status"] == "ended"
    assert (await alice.active(), await bob.active()) == (None, None)
    assert (await alice.unread(), await bob.unread()) == ([], [])
    assert (await alice.wrong(), await bob.wrong()) == ([], [])


async def test_a_call_is_rejected_busy_and_cancelled(log_in):
    alice, bob = await log_in("alice"), await log_in("bob")
    for status in ("rejected", "busy"):
        session = await rung(alice, bob)
        done = await bob.do(f"shown(await CometChat.rejectCall('{session}', '{status}'))")
        assert done["status"] == status
        assert (await alice.expect("onOutgoingCallRejected", id=session))["status"] == status
        assert await alice.active() is None
    session = await rung(alice, bob, "'bob', 'audio', 'user'")
    assert (await alice.do(f"shown(await CometChat.rejectCall('{session}', 'cancelled'))"))["status"] == "cancelled"
    cancelled = await bob.expect("onIncomingCallCancelled", id=session)
    assert (cancelled["status"], cancelled["type"]) == ("cancelled", "audio")
    assert (await bob.refused(f"CometChat.acceptCall('{session}')"))["code"] == "ERR_CALL_TERMINATED"


async def test_a_call_that_nobody_answers_is_unanswered_after_45_s_of_the_callers_clock(log_in, sim):
    alice, bob = await log_in("alice", clock=True), await log_in("bob")
    session = await rung(alice, bob)
    before = sim.trace.last_seq
    for step_ms in (14_000, 14_000, 14_000, 2_000):  # pings and their answers pass in between
        await alice.page.clock.fast_forward(step_ms)
        await alice.page.evaluate("CometChat.getConnectionStatus()")
    assert not sim.trace.select(name="update_call", after=before)
    await alice.page.clock.fast_forward(1_500)
    assert (await bob.expect("onIncomingCallCancelled", id=session))["status"] == "unanswered"
    assert (await alice.expect("onOutgoingCallRejected", id=session))["status"] == "unanswered"
    assert await alice.active() is None
    assert sim.world.find_call("testapp", session).status == "unanswered"


async def test_the_services_refusals_arrive_with_their_codes(log_in):
    alice = await log_in("alice")
    assert (await alice.refused("ring('alice', 'video', 'user')"))["code"] == "ERR_CALLING_SELF"
    assert (await alice.refused("ring('nobody', 'video', 'user')"))["code"] == "ERR_UID_NOT_FOUND"
    assert (await alice.refused("ring('nothing', 'video', 'group')"))["code"] == "ERR_GUID_NOT_FOUND"
    assert (await alice.refused("CometChat.acceptCall('no-such')"))["code"] == "ERR_CALL_SESSION_NOT_FOUND"
    assert (await alice.refused("CometChat.acceptCall('')"))["code"] == "ERR_EMPTY_CALL_SESSION_ID"


async def test_a_group_is_rung_and_every_device_of_the_others_hears_it(log_in, sim):
    sim.world.add_group("team", ["alice", "bob", "carol"])
    alice, bob, tablet = await log_in("alice"), await log_in("bob"), await log_in("bob")
    session = await rung(alice, bob, "'team', 'video', 'group'")
    assert (await tablet.expect("onIncomingCallReceived", id=session))["to"] == "team"
    await bob.do(f"shown(await CometChat.acceptCall('{session}'))")
    assert (await alice.expect("onOutgoingCallAccepted", id=session))["by"] == "bob"
    await sim.set_ring(session, "carol", "ongoing")
    assert (await alice.expect("onOutgoingCallAccepted", id=session))["by"] == "carol"
    assert await tablet.unread() == []


async def test_those_in_a_direct_session_are_counted_by_its_short_id(log_in, sim):
    alice = await log_in("alice")
    for uid in ("carol", "dave"):
        await sim.join_peer("Daily", uid)
    assert await alice.do("CometChat.getCallParticipantCount('Daily', 'direct')") == 2
    assert await alice.do("CometChat.getCallParticipantCount('nobody-there', 'direct')") == 0


async def test_it_comes_back_after_its_socket_broke_and_hears_on(log_in, sim):
    bob = await log_in("bob")
    before = sim.trace.last_seq
    sim.ringing.drop("testapp", "bob")
    await bob.expect("onDisconnected")
    await bob.expect("onConnected")
    await service(sim, "device_connected", after=before, uid="bob")
    ring = await sim.ring("alice", "bob")
    await bob.expect("onIncomingCallReceived", id=ring.session_id)
    await sim.set_ring(ring.session_id, "alice", "cancelled")
    await bob.expect("onIncomingCallCancelled", id=ring.session_id)
    assert len(await bob.page.evaluate("told.filter(([name]) => name === 'onIncomingCallReceived')")) == 1


async def test_the_control_page_rings_and_shows_the_frames(browser, log_in, sim):
    bob = await log_in("bob")
    control = await browser.new_page()
    await control.goto(f"{sim.addresses.control}#token={sim.control_token}")
    await control.fill("#ring [name=caller]", "alice")
    await control.fill("#ring [name=receiver]", "bob")
    await control.click("#ring button")
    session = (await bob.expect("onIncomingCallReceived", status="initiated"))["id"]
    shown = control.locator("#trace tr", has_text=session)
    await shown.filter(has=control.get_by_text("chat", exact=True)).filter(has_text="message").first.wait_for()
    await shown.filter(has_text="call_status").first.wait_for()
    await control.close()


async def test_an_app_that_knows_only_the_vendors_hosts_rings_by_a_resolver_rule(sim):
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        path = find_browser(playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=path, args=[*FLAGS, *browser_arguments(sim)])
        users = []
        for uid in ("alice", "bob"):
            page = await (await browser.new_context(ignore_https_errors=True)).new_page()
            await page.goto(f"{sim.addresses.app_origin}/")
            await page.evaluate("logIn", {"appId": "testapp", "uid": uid, "key": sim.world.auth_key})
            users.append(User(page, uid))
            await users[-1].expect("onConnected")
            await service(sim, "device_connected", uid=uid)
        alice, bob = users
        session = await rung(alice, bob)
        await bob.do(f"CometChat.acceptCall('{session}')")
        await alice.expect("onOutgoingCallAccepted", id=session)
        assert await alice.do(f"CometChat.getCallParticipantCount('{session}', 'default')") == 0
        await browser.close()
    hosts = {
        event.data["url"].split("/")[2] for event in sim.trace if event.name in ("me", "initiate_call", "room_size")
    }
    assert hosts == {"testapp.apiclient-us.cometchat.io", "xmpp.rtc-us.cometchat.io"}


@pytest.mark.media
async def test_a_call_is_rung_and_held_with_both_sdks_in_each_page(log_in, sim):
    calls = await resolve("npm:@cometchat/calls-sdk-javascript@4.2.6", ConnectOptions())
    sim.pages["/"] = Page(PAGE + '<script src="/calls.js"></script>')
    sim.pages["/calls.js"] = Page(calls.files[calls.entry], "text/javascript")
    alice, bob = await log_in("alice", calls=True), await log_in("bob", calls=True)
    session = await held(sim, alice, bob)
    await alice.page.get_by_role("button", name="End call").first.click()
    await alice.expect("onCallEndButtonPressed")
    await over(sim, session, alice, bob)
    session = await held(sim, bob, alice)  # the same pages, the other way round
    await bob.do(f"CometChat.endCall('{session}').then(release)")
    await over(sim, session, bob, alice)
    assert (await alice.wrong(), await bob.wrong()) == ([], [])


async def held(sim, caller, callee):
    """A call that is rung, accepted and held, with sound and picture both ways; its session."""
    session = await rung(caller, callee, f"'{callee.uid}', 'video', 'user'")
    await callee.do(f"CometChat.acceptCall('{session}')")
    await caller.expect("onOutgoingCallAccepted", id=session)
    for user in (caller, callee):
        await user.do(f"startSession('{session}')")
        await user.expect("onUserJoined", uid=user.uid)
        await service(sim, "occupant_joined", uid=user.uid, session=session)
    await caller.expect("onUserJoined", uid=callee.uid)
    for user in (caller, callee):
        await service(sim, "media_connected", uid=user.uid, session=session)
        for wanted in ("'video', 'framesDecoded', 10", "'audio', 'totalAudioEnergy', 0.0001"):
            await user.page.wait_for_function(f"received({wanted})", timeout=LIMIT_S * 1000)
    assert await caller.do(f"CometChat.getCallParticipantCount('{session}', 'default')") == 2
    return session


async def over(sim, session, *users):
    """The first of the users has ended the call: both are out of it, in both SDKs, and nothing is left of it on their pages."""
    await users[1].expect("onCallEndedMessageReceived", id=session)
    for user in users:
        await service(sim, "occupant_left", uid=user.uid, session=session, reason="left")
        await user.page.wait_for_function("told.some(([name]) => name === 'released')", timeout=LIMIT_S * 1000)
        await user.page.wait_for_function(
            "document.getElementById('call').childElementCount === 0", timeout=LIMIT_S * 1000
        )
        await user.page.evaluate("{ told.length = 0; for (const one of connections.splice(0)) one.close(); }")
        user.read = 0
        assert await user.active() is None
    assert sim.world.find_call("testapp", session).status == "ended"


async def test_what_the_suite_holds_against_it_is_seen_in_a_plain_page(log_in, sim):
    """CJ4-ACTIVE-015, CJ4-RING-070, CJ4-END-030, CJ4-ERR-190, without any adapter."""
    alice = await log_in("alice")
    assert await alice.do("[CometChat.getActiveCall() === null, CometChat.getActiveCall() === undefined]") == [
        True,
        False,
    ]
    session = (await alice.do("ring('bob', 'video', 'user')"))["id"]
    assert (await alice.do(f"shown(await CometChat.endCall('{session}'))"))["status"] == "ended"
    assert sim.world.find_call("testapp", session).status == "initiated", "the service has refused to end it"
    session = (await alice.do("ring('bob', 'video', 'user')"))["id"]
    await sim.set_ring(session, "bob", "ongoing")
    await alice.expect("onOutgoingCallAccepted", id=session)
    broken = sim.faults.add(Fault("http", "close", "*", times=None))
    assert (await alice.do(f"shown(await CometChat.endCall('{session}'))"))["status"] == "ended"
    sim.faults.remove(broken)
    assert sim.world.find_call("testapp", session).status == "ongoing", "the service was never asked"
    await alice.do("CometChat.logout()")
    refused = await alice.refused("ring('bob', 'video', 'user')")
    assert refused["code"] == "USER_NOT_LOGED_IN", "documented as USER_NOT_LOGGED_IN"
