"""Shows deviations of a published build in a plain page: the SDK's script, a few lines of JavaScript, and no adapter of ours.

What ``testcall run`` reports as a failure has to be visible without testcall's machinery, too. Each probe below is what an
application would write; the page says what happened. The calling service is the simulator, the browser is real.

    python tools/plain_page.py npm:@cometchat/calls-sdk-javascript@4.2.6
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from playwright.async_api import async_playwright

from testcall_conformance.adapters import ConnectOptions
from testcall_conformance.adapters.browser_find import find_browser
from testcall_conformance.packages import resolve
from testcall_simulator.exchange import Page
from testcall_simulator.media.sources import Pattern, tone_of
from testcall_simulator.simulator import Simulator

PRELUDE = """
const seen = [];
const settle = (promise) => Promise.resolve(promise).then(
  (value) => "resolved with " + JSON.stringify(value),
  (error) => "rejected with " + JSON.stringify(error));
const app = () => new CometChatCalls.CallAppSettingsBuilder().setAppId(world.app).setRegion("us").setHost(world.host).build();
const names = ["onUserJoined", "onUserLeft", "onUserMuted", "onUserUnMuted", "onUserListUpdated", "onCallEnded", "onError"];
const listener = () => new CometChatCalls.OngoingCallListener(Object.fromEntries(
  names.map((name) => [name, (...given) => seen.push(name + " " + JSON.stringify(given[0] ?? null))])));
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const join = async () => {
  await CometChatCalls.init(app());
  const { token } = await CometChatCalls.generateToken(world.session, world.auth);
  const settings = new CometChatCalls.CallSettingsBuilder().setCallListener(listener()).build();
  await CometChatCalls.startSession(token, settings, document.getElementById("call"));
  while (!seen.some((line) => line.startsWith("onUserListUpdated"))) await wait(50);
};
window.addEventListener("unhandledrejection", (event) => seen.push("unhandled rejection: " + event.reason));
"""

PROBES: dict[str, tuple[str, str]] = {
    "JS4-ADD-030": (
        "addCallEventListener before init",
        "try { CometChatCalls.addCallEventListener('a', listener()); return 'returned' } catch (e) { return 'threw ' + e }",
    ),
    "JS4-JOIN-060": (
        "startSession before init, with a good token",
        "const s = new CometChatCalls.CallSettingsBuilder().setCallListener(listener()).build();"
        "const how = await settle(CometChatCalls.startSession(world.token, s, document.getElementById('call')));"
        "await wait(500); return [how, ...seen].join('; ')",
    ),
    "JS4-PRES-040": (
        "joinPresentation before init, with a good token",
        "const s = new CometChatCalls.PresenterSettingsBuilder().setCallListener(listener()).build();"
        "const how = await settle(CometChatCalls.joinPresentation(world.token, s, document.getElementById('call')));"
        "await wait(500); return [how, ...seen].join('; ')",
    ),
    "JS4-JOINED-020": (
        "onUserJoined at the own join, nobody else there",
        "await join(); await wait(500); return seen.filter((l) => l.startsWith('onUserJoined')).join('; ') || 'not called'",
    ),
    "JS4-USERMUTED-010": (
        "onUserMuted after muteAudio(true), 7 s after the join",
        "await join(); await wait(7000); CometChatCalls.muteAudio(true); await wait(2500);"
        "return seen.filter((l) => l.startsWith('onUserMuted')).join('; ') || 'not called'",
    ),
    "JS4-USERUNMUTED-010": (
        "onUserUnMuted after muteAudio(true) and muteAudio(false), 7 s after the join",
        "await join(); await wait(7000); CometChatCalls.muteAudio(true); await wait(500); CometChatCalls.muteAudio(false);"
        "await wait(2500); return seen.filter((l) => l.startsWith('onUserUnMuted')).join('; ') || 'not called'",
    ),
    "JS4-USERMUTED-020": (
        "onUserMuted when bob mutes, 7 s after the join",
        "await join(); await wait(7000); await bob('mute'); await wait(2500);"
        "return seen.filter((l) => l.startsWith('onUserMuted')).join('; ') || 'not called'",
    ),
    "JS4-USERUNMUTED-030": (
        "onUserUnMuted when bob unmutes, 7 s after the join",
        "await join(); await wait(7000); await bob('mute'); await wait(500); await bob('unmute'); await wait(2500);"
        "return seen.filter((l) => l.startsWith('onUserUnMuted')).join('; ') || 'not called'",
    ),
    "JS4-ENDED-040": (
        "onCallEnded at the own endSession() in a call of three",
        "await bob('carol'); await join(); await wait(1500); CometChatCalls.endSession(); await wait(1500);"
        "return seen.filter((l) => l.startsWith('onCallEnded')).join('; ') || 'not called'",
    ),
    "JS4-MEDIA-120, -130": (
        "what bob gets of a viewer: presenter settings with setIsPresenter(false)",
        "await bob('here'); await CometChatCalls.init(app());"
        "const { token } = await CometChatCalls.generateToken(world.session, world.auth);"
        "const s = new CometChatCalls.PresenterSettingsBuilder().setIsPresenter(false).setCallListener(listener()).build();"
        "await CometChatCalls.joinPresentation(token, s, document.getElementById('call')); await wait(5000);"
        "return await bob('listen')",
    ),
    "JS4-SESSION-050": (
        "a viewer calls startScreenShare()",
        "await bob('here'); await CometChatCalls.init(app());"
        "const { token } = await CometChatCalls.generateToken(world.session, world.auth);"
        "const s = new CometChatCalls.PresenterSettingsBuilder().setIsPresenter(false).setCallListener(listener()).build();"
        "await CometChatCalls.joinPresentation(token, s, document.getElementById('call')); await wait(3000);"
        "CometChatCalls.startScreenShare(); await wait(3000); return await bob('screens')",
    ),
    "JS4-DEV-120": (
        "the microphone in use after setAudioInputDevice(another id), by the tracks that are sent",
        "const made = []; const P = RTCPeerConnection;"
        "window.RTCPeerConnection = new Proxy(P, { construct: (t, a) => { const c = new t(...a); made.push(c); return c } });"
        "await bob('here'); await join(); await wait(2000);"
        "const mics = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === 'audioinput');"
        "const other = mics.at(-1).deviceId; CometChatCalls.setAudioInputDevice(other); await wait(3000);"
        "const sent = made.flatMap((c) => c.getSenders()).map((x) => x.track).filter((t) => t?.kind === 'audio');"
        "return `asked for ${other.slice(0, 8)} of ${mics.length}; sent: ${sent.map((t) => t.getSettings().deviceId?.slice(0, 8))}`",
    ),
    "JS4-PSET-IDLE-030": (
        "getIdleTimeoutPeriod of presenter settings in which nothing was set",
        "return String(new CometChatCalls.PresenterSettingsBuilder().build().getIdleTimeoutPeriod())",
    ),
    "JS4-LOG-110": (
        "getCallDetails where nobody answers",
        "await CometChatCalls.init(new CometChatCalls.CallAppSettingsBuilder().setAppId(world.app).setRegion('us')"
        ".setHost('https://localhost:9/v3.0/').build());"
        "return await settle(CometChatCalls.getCallDetails(world.session, world.auth))",
    ),
}
"""Clause → (what is tried, the body of an async function of the page)."""


async def main(sdk: str, only: list[str]) -> None:
    """Try every probe (or ``only`` some) in a fresh page and print what was seen."""
    package = await resolve(sdk, ConnectOptions())
    async with Simulator() as simulator, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(playwright.chromium.executable_path),
            args=["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--no-sandbox"],
        )
        html = b"<!doctype html><div id=call style='width:900px;height:600px'></div><script src=/sdk.js></script>"
        simulator.pages["/plain"] = Page(html, "text/html")
        simulator.pages["/sdk.js"] = Page(package.files[package.entry], "text/javascript")
        for number, (clause, (tried, body)) in enumerate(PROBES.items()):
            if only and not any(clause.startswith(start) for start in only):
                continue
            seen = await _probe(simulator, browser, f"plain-{number}", body)
            sys.stdout.write(f"{clause}\n  {tried}\n  seen: {seen}\n")
        await browser.close()


async def _probe(simulator: Simulator, browser: Any, session: str, body: str) -> str:
    world = simulator.world
    alice = world.user("alice")
    sources = {"audio": tone_of(1), "video": Pattern()}
    peer = await simulator.join_peer(session, "bob", **sources) if "bob(" in body else None
    context = await browser.new_context(ignore_https_errors=True, permissions=["camera", "microphone"])
    page = await context.new_page()

    others: list[Any] = []

    async def bob(what: str) -> str:
        if what == "carol":
            others.append(await simulator.join_peer(session, "carol"))
        elif what == "listen" and peer is not None:
            sound, picture = await peer.hears("alice", window_s=1.0), await peer.sees("alice", window_s=1.0)
            return f"{sound.frames} audio frames at {sound.level_dbov} dBov, {picture.frames} video frames"
        elif what == "screens":
            shared = simulator.trace.select(
                name="screen_share_started", where=lambda e: e.data.get("session") == session
            )
            return f"{len(shared)} screens shared"
        elif what in ("mute", "unmute") and peer is not None:
            await peer.mute_audio(what == "mute")
        return ""

    await page.expose_function("bob", bob)
    await page.goto(f"{simulator.addresses.app_origin}/plain")
    facts = {
        "app": world.app.app_id, "host": simulator.addresses.calls_base(4), "auth": alice.auth_token, "session": session,
        "token": world.issue_call_token(alice, session),
    }  # fmt: skip
    try:
        return str(await page.evaluate(f"async (world) => {{ {PRELUDE} {body} }}", facts))
    finally:
        await context.close()
        for one in (peer, *others):
            if one is not None:
                await one.leave()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "npm:@cometchat/calls-sdk-javascript@4.2.6", sys.argv[2:]))
