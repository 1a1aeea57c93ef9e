"""The bridge against a real browser, no SDK: Chromium answers the offer, media goes both ways.

The page is not shown the placeholder sources: where no SSRC is told, Chromium takes the first that comes, and one publisher
can be watched without renegotiation. Renegotiation is the SDK's part and is shown with real builds.
"""

import asyncio
from dataclasses import replace

import pytest

from testcall_contract.trace import Trace
from testcall_simulator.jingle import Jingle, read_jingle, write_jingle
from testcall_simulator.media.bridge import MediaBridge
from testcall_simulator.media.sources import Pattern, Tone
from testcall_simulator.sdp import read_sdp, write_sdp

pytestmark = [pytest.mark.media, pytest.mark.browser]

PAGE = """<!doctype html><video id="remote" autoplay playsinline></video><script>
async function answer(offer) {
  const pc = window.pc = new RTCPeerConnection();
  const remote = new MediaStream();
  pc.ontrack = event => { remote.addTrack(event.track); document.getElementById('remote').srcObject = remote; };
  await pc.setRemoteDescription({type: 'offer', sdp: offer});
  const local = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 320, height: 180}});
  window.local = local;
  for (const track of local.getTracks()) pc.addTrack(track, local);
  const channel = pc.createDataChannel('JVB data channel', {protocol: 'http://jitsi.org/protocols/colibri'});
  window.messages = [];
  channel.onmessage = event => messages.push(JSON.parse(event.data));
  await pc.setLocalDescription(await pc.createAnswer());
  return pc.localDescription.sdp;
}
async function seen() {
  let audio = 0, video = 0, lost = 0;
  (await pc.getStats()).forEach(report => {
    if (report.type !== 'inbound-rtp') return;
    lost += report.packetsLost;
    if (report.kind === 'audio') audio += report.totalAudioEnergy;
    else video += report.framesDecoded;
  });
  const element = document.getElementById('remote');
  return {audio, video, lost, width: element.videoWidth, height: element.videoHeight, time: element.currentTime};
}
</script>"""


class Call:
    """A page that is in a session of the bridge."""

    def __init__(self, page):
        self.page = page
        self.trace = Trace()
        self.bridge = MediaBridge("sess-1", self.trace, self.send_iq)
        self.told = []

    async def send_iq(self, nick, element):
        message = read_jingle(element)
        self.told.append(message)
        if message.action == "session-initiate":
            offer = [replace(content, sources=()) for content in message.contents]
            sdp = await self.page.evaluate("answer", write_sdp(offer))
            # The SDK's answer has no candidates: the bridge finds the browser by its checks.
            contents = tuple(
                replace(content, transport=replace(content.transport, candidates=())) for content in read_sdp(sdp)
            )
            self.task = asyncio.create_task(
                self.bridge.on_jingle(nick, write_jingle(Jingle("session-accept", message.sid, contents)))
            )

    async def until(self, condition, what):
        """What the page sees once ``condition`` holds of it; asked again after each second's media events."""
        async with asyncio.timeout(30):
            while not condition(seen := await self.page.evaluate("seen()")):
                await self.trace.wait(lambda e: e.kind == "media", what=what, timeout_s=30, after=self.trace.last_seq)
        return seen


@pytest.fixture
async def call(chromium_path):
    from playwright.async_api import async_playwright

    flags = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        "--allow-loopback-in-peer-connection",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(playwright), args=[*flags, "--autoplay-policy=no-user-gesture-required"]
        )
        context = await browser.new_context()
        page = await context.new_page()
        await page.route("**/*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        await page.goto("https://page.invalid/")
        call = Call(page)
        yield call
        await call.bridge.close()
        await browser.close()


@pytest.fixture
def chromium_path():
    from testcall_conformance.adapters.browser_find import find_browser

    return lambda playwright: find_browser(playwright.chromium.executable_path)


async def test_a_browser_and_a_peer_hear_and_see_each_other(call):
    call.bridge.add_publisher("bob", "bob", Tone(700), Pattern(640, 360, 15))
    await call.bridge.add_leg("alice", "alice")
    await call.trace.wait(lambda e: e.name == "media_connected", what="media", timeout_s=30)

    probe = call.bridge.probe("alice")
    await probe.wait_hears(10, timeout_s=30)
    seen = await probe.wait_sees(10, timeout_s=30)
    assert (seen[-1].width, seen[-1].height) == (320, 180)

    first = await call.until(lambda s: s["video"] > 20 and s["audio"] > 0 and s["time"] > 0, "pictures in the page")
    assert (first["width"], first["height"]) == (640, 360)
    assert first["lost"] == 0
    later = await call.until(lambda s: s["time"] > first["time"] and s["video"] > first["video"], "more pictures")
    assert later["audio"] > first["audio"]

    # What the browser says of its own level, without decoding.
    event = await call.trace.wait(
        lambda e: e.name == "received" and "level_dbov" in e.data, what="a level", timeout_s=30
    )
    assert -60 < event.data["level_dbov"] < -3

    await call.page.evaluate("local.getTracks().forEach(track => track.enabled = false)")
    await probe.wait_silent(1.5, timeout_s=30)  # the fake device beeps once a second
    assert {"colibriClass": "ServerHello", "version": "testcall"} in await call.page.evaluate("messages")


async def test_closing_the_browser_closes_its_media(call):
    await call.bridge.add_leg("alice", "alice")
    await call.trace.wait(lambda e: e.name == "media_connected", what="media", timeout_s=30)
    await call.page.evaluate("pc.close()")
    event = await call.trace.wait(lambda e: e.name == "media_closed", what="closing", timeout_s=30)
    assert event.data["occupant"] == "alice"
