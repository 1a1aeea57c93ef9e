"""A plain page with the vendor's published SDK in a real browser, and its user: for tests of the simulator against real builds."""

from contextlib import asynccontextmanager

from testcall_conformance.adapters import ConnectOptions
from testcall_conformance.adapters.browser_find import find_browser
from testcall_conformance.packages import resolve
from testcall_simulator.exchange import Page

LIMIT_S = 30
FLAGS = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
]
PAGE = """<!doctype html><meta charset="utf-8"><div id="call" style="width: 900px; height: 600px"></div>
<script>
  const told = [], connections = [], captured = [], media = MediaDevices.prototype, capture = media.getUserMedia;
  addEventListener("unhandledrejection", (event) => told.push(["unhandled", String(event.reason)]));
  window.RTCPeerConnection = new Proxy(RTCPeerConnection, {construct(type, given) {
    const made = new type(...given);
    connections.push(made);
    return made;
  }});
  media.getUserMedia = async function (...given) {
    const stream = await capture.apply(this, given);
    captured.push(...stream.getTracks());
    return stream;
  };
  async function received() {  // how many incoming tracks have been heard, and seen
    const counts = {audio: 0, video: 0};
    for (const connection of connections.filter((one) => one.signalingState !== "closed"))
      for (const report of (await connection.getStats()).values())
        if (report.type === "inbound-rtp" && (report.kind === "audio" ? report.totalAudioEnergy : report.framesDecoded) > 0)
          counts[report.kind] += 1;
    return counts;
  }
  const held = () => ({
    connections: connections.filter((one) => one.signalingState !== "closed").length,
    tracks: captured.filter((one) => one.readyState === "live").length,
    elements: document.getElementById("call").childElementCount,
  });
  async function join(host, authToken, session, idle) {
    const sdk = CometChatCalls, listener = {};
    for (const name of ["onUserJoined", "onUserLeft", "onUserListUpdated", "onCallEnded", "onError", "onUserMuted",
                        "onRecordingStarted", "onRecordingStopped", "onScreenShareStarted", "onScreenShareStopped",
                        "onSessionTimeout"])
      listener[name] = (...values) => told.push([name, JSON.parse(JSON.stringify(values))[0]]);
    const app = new sdk.CallAppSettingsBuilder().setAppId("testapp").setRegion("us").setHost(host).build();
    await sdk.init(app);
    const {token} = await sdk.generateToken(session, authToken);
    const builder = new sdk.CallSettingsBuilder().setCallListener(new sdk.OngoingCallListener(listener));
    if (idle) builder.setIdleTimeoutPeriod(idle);
    await sdk.startSession(token, builder.build(), document.getElementById("call"));
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


@asynccontextmanager
async def chromium():
    """A running browser."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        path = find_browser(playwright.chromium.executable_path)
        running = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        await running.close()


class User:
    """A user of the real SDK in a page. ``expect`` waits for what its listener is told, in order."""

    def __init__(self, sim, page, uid, session):
        self.sim, self.page, self.uid, self.session = sim, page, uid, session
        self.read = 0

    @property
    def nick(self):
        occupants = self.sim.signalling.occupants(self.session)
        return next(nick for nick, uid in occupants.items() if uid == self.uid)

    async def call(self, method, *values):
        await self.page.evaluate(f"(values) => CometChatCalls.{method}(...values)", list(values))

    async def join(self, session, idle=None):
        """Join; returns once the listener was told of it."""
        self.session = session
        token = self.sim.world.user(self.uid).auth_token
        given = [self.sim.addresses.calls_base(4), token, session, idle]
        await self.page.evaluate("(given) => join(...given)", given)
        await self.expect("onUserJoined", uid=self.uid)
        await self.expect("onUserListUpdated")

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

    async def receives(self, *, audio, video):
        """Wait until so many incoming tracks were heard and seen in the page."""
        enough = "async ([audio, video]) => { const n = await received(); return n.audio >= audio && n.video >= video }"
        await self.page.wait_for_function(enough, arg=[audio, video], polling=250, timeout=LIMIT_S * 1000)

    async def holds_nothing(self):
        """Wait until the page holds no connection, no captured track, and the container is empty."""
        nothing = "() => Object.values(held()).every((count) => count === 0)"
        await self.page.wait_for_function(nothing, polling=100, timeout=LIMIT_S * 1000)


class Pages:
    """Fresh pages with a build, one per ``visit``."""

    def __init__(self, browser, sim):
        self.browser, self.sim = browser, sim
        self.contexts = []

    async def serve(self, version):
        """Have the simulator serve that build; the path of its page."""
        package = await resolve(f"npm:@cometchat/calls-sdk-javascript@{version}", ConnectOptions())
        path, script = f"/{version}", f"/{version}.js"
        self.sim.pages[path] = Page(PAGE.replace("/sdk.js", script))
        self.sim.pages[script] = Page(package.files[package.entry], "text/javascript")
        return path

    async def visit(self, version, *, virtual_clock=False):
        """A fresh page; nothing that it asks of other hosts leaves the machine."""
        path = await self.serve(version)
        context = await self.browser.new_context(ignore_https_errors=True)
        self.contexts.append(context)
        await context.route(lambda url: ".localhost" not in url, lambda route: route.fulfill(status=404, body=""))
        if virtual_clock:
            await context.clock.install()
        page = await context.new_page()
        await page.goto(f"{self.sim.addresses.app_origin}{path}")
        return page

    async def user(self, version, uid, **options):
        """A user in a fresh page, not in a session yet."""
        return User(self.sim, await self.visit(version, **options), uid, "")

    async def close(self):
        for context in self.contexts:
            await context.close()


async def service(sim, name, after=0, **data):
    """The service's next event of that name and data."""
    return await sim.trace.wait(
        lambda event: event.name == name and all(event.data.get(key) == value for key, value in data.items()),
        what=f"{name} {data}",
        timeout_s=LIMIT_S,
        after=after,
    )
