"""Shows deviations of a published build in a plain page: the SDK's script, a few lines of JavaScript, and no adapter of ours.

What ``testcall run`` reports as a failure has to be visible without testcall's machinery, too. Each probe below is what an
application would write; the page says what happened. The calling service is the simulator, the browser is real.

    python tools/plain_page.py npm:@cometchat/calls-sdk-javascript@4.2.6
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Error, async_playwright

from testcall_conformance.adapters import ConnectOptions
from testcall_conformance.adapters.browser_find import find_browser
from testcall_conformance.packages import resolve
from testcall_simulator.exchange import Page
from testcall_simulator.media.sources import Pattern, tone_of
from testcall_simulator.simulator import Simulator

Deed = Callable[[Simulator, str, Any], Awaitable[str | None]]

PRELUDE = """
const seen = [];
const settle = (promise) => Promise.resolve(promise).then(
  (value) => "resolved with " + JSON.stringify(value),
  (error) => "rejected with " + JSON.stringify(error));
const app = () => new CometChatCalls.CallAppSettingsBuilder().setAppId(world.app).setRegion("us").setHost(world.host).build();
const names = ["onUserJoined", "onUserLeft", "onUserMuted", "onUserUnMuted", "onUserListUpdated", "onCallEnded", "onError",
  "onRecordingStarted", "onRecordingStopped"];
const told = (name) => seen.filter((line) => line.startsWith(name)).join("; ") || "not called";
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
        "const made = [], P = RTCPeerConnection, asked = [], media = navigator.mediaDevices, get = media.getUserMedia.bind(media);"
        "media.getUserMedia = (c) => { if (c.audio) asked.push(JSON.stringify(c.audio.deviceId)?.slice(0, 30)); return get(c) };"
        "window.RTCPeerConnection = new Proxy(P, { construct: (t, a) => { const c = new t(...a); made.push(c); return c } });"
        "await bob('here'); await join(); await wait(2000);"
        "const mics = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === 'audioinput');"
        "const other = mics.at(-1).deviceId; CometChatCalls.setAudioInputDevice(other); await wait(3000);"
        "const sent = made.flatMap((c) => c.getSenders()).map((x) => x.track).filter((t) => t?.kind === 'audio');"
        "const ids = sent.map((t) => t.getSettings().deviceId?.slice(0, 8));"
        "return `asked for ${other.slice(0, 8)} of ${mics.length}; getUserMedia deviceId: ${asked}; sent: ${ids}`",
    ),
    "JS4-RECORDED-010, JS4-UNRECORDED-010": (
        "onRecordingStarted and onRecordingStopped when the application records, 7 s after the join",
        "await bob('here'); await join(); await wait(7000); CometChatCalls.startRecording(); await wait(3000);"
        "CometChatCalls.stopRecording(); await wait(3000);"
        "return [await bob('recordings'), told('onRecordingStarted'), told('onRecordingStopped')].join('; ')",
    ),
    "JS4-RECORDED-020, JS4-UNRECORDED-020": (
        "the same when bob records",
        "await bob('here'); await join(); await wait(7000); await bob('record'); await wait(3000);"
        "await bob('stop recording'); await wait(3000);"
        "return [await bob('recordings'), told('onRecordingStarted'), told('onRecordingStopped')].join('; ')",
    ),
    "resumed": (
        "what a build hears after its signalling connection was cut and resumed: carol joins, bob leaves",
        "await bob('here'); await join(); await wait(3000); await bob('cut'); await wait(1000); await bob('carol');"
        "await wait(3000); await bob('leave'); await wait(2000); const calm = [told('onUserJoined'), told('onUserLeft')];"
        "CometChatCalls.muteAudio(true); await wait(1500); const sent = await bob('muted'); CometChatCalls.endSession();"
        "await wait(3000); return [...calm, sent, await bob('signalling'), told('onCallEnded')].join(' | ')",
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


async def _here(_: Simulator, __: str, ___: Any) -> None:
    """Bob is in the session: that he is asked for at all has let him join."""


async def _listen(_: Simulator, __: str, peer: Any) -> str:
    sound, picture = await peer.hears("alice", window_s=1.0), await peer.sees("alice", window_s=1.0)
    return f"{sound.frames} audio frames at {sound.level_dbov} dBov, {picture.frames} video frames"


async def _mute(_: Simulator, __: str, peer: Any) -> None:
    await peer.mute_audio(True)


async def _unmute(_: Simulator, __: str, peer: Any) -> None:
    await peer.mute_audio(False)


async def _leave(_: Simulator, __: str, peer: Any) -> None:
    await peer.leave()


async def _record(simulator: Simulator, session: str, peer: Any) -> None:
    about = {"uid": peer.uid, "name": "Bob", "pid": peer.nick}
    await peer.command("START_SCREEN_RECORDING", about, "true")
    await simulator.start_recording(session, by=peer.nick)


async def _stop_recording(simulator: Simulator, session: str, peer: Any) -> None:
    await peer.command("stopScreenRecording", {"uid": peer.uid, "name": "Bob", "pid": peer.nick}, "true")
    await simulator.stop_recording(session)


async def _cut(simulator: Simulator, session: str, _: Any) -> None:
    nick = next(nick for nick, uid in simulator.occupants(session).items() if uid == "alice")
    await simulator.drop_socket(session, nick)
    await simulator.trace.wait(
        lambda e: e.name == "socket_resumed" and e.data.get("session") == session, what="a resumption", timeout_s=20
    )


def _count(name: str, what: str) -> Deed:
    async def count(simulator: Simulator, session: str, _: Any) -> str:
        found = simulator.trace.select(name=name, where=lambda e: e.data.get("session") == session)
        return f"{len(found)} {what}"

    return count


async def _signalling(simulator: Simulator, session: str, _: Any) -> str:
    kinds = ("socket_opened", "socket_resumed", "occupant_left", "socket_closed")
    found = simulator.trace.select(where=lambda e: e.name in kinds and e.data.get("uid") == "alice")
    mine = [e for e in found if e.data.get("session") == session]
    return ", ".join(e.name + (f" ({e.data['reason']})" if "reason" in e.data else "") for e in mine)


DEEDS: dict[str, Deed] = {
    "here": _here,
    "listen": _listen,
    "screens": _count("screen_share_started", "screens shared"),
    "recordings": _count("recording_started", "recordings by the service"),
    "muted": _count("source_muted", "sources muted"),
    "signalling": _signalling,
    "mute": _mute,
    "unmute": _unmute,
    "leave": _leave,
    "record": _record,
    "stop recording": _stop_recording,
    "cut": _cut,
}
"""What the page can ask of bob and of the service; an answer is text."""


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
    peer = await simulator.join_peer(session, "bob", audio=tone_of(1), video=Pattern()) if "bob(" in body else None
    context = await browser.new_context(ignore_https_errors=True, permissions=["camera", "microphone"])
    page = await context.new_page()

    others: list[Any] = []

    async def bob(what: str) -> str:
        if what == "carol":
            others.append(await simulator.join_peer(session, "carol"))
            return ""
        return str(await DEEDS[what](simulator, session, peer) or "")

    await page.expose_function("bob", bob)
    await page.goto(f"{simulator.addresses.app_origin}/plain")
    facts = {
        "app": world.app.app_id, "host": simulator.addresses.calls_base(4), "auth": alice.auth_token, "session": session,
        "token": world.issue_call_token(alice, session),
    }  # fmt: skip
    try:
        return str(await page.evaluate(f"async (world) => {{ {PRELUDE} {body} }}", facts))
    except Error as thrown:  # a build that has no such class or method
        return thrown.message.splitlines()[0]
    finally:
        await context.close()
        for one in (peer, *others):
            if one is not None:
                await one.leave()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "npm:@cometchat/calls-sdk-javascript@4.2.6", sys.argv[2:]))
