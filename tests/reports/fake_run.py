"""A made-up run that looks like a real one: three builds, some 600 clauses, failures with their evidence.

``python tests/reports/fake_run.py OUT_DIR`` writes the record and its HTML report, to be looked at.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from testcall_reports.record import (
    BuildLine,
    CallbackLine,
    Divergence,
    FindingLine,
    FooterLine,
    HostFacts,
    InstrumentLine,
    Item,
    Measurement,
    MediaLine,
    OutcomeLine,
    RecordLine,
    RunLine,
    Source,
    StepLine,
    UnitLine,
    VerdictLine,
    Wait,
    WireLine,
)
from testcall_reports.writer import write_lines

DOCS = "https://www.cometchat.com/docs/calls/javascript"
V5 = "calls/javascript-v5"
V4 = "calls/javascript-v4"

FAMILIES = {
    "preconditions": ("PRE", "joinSession", "An operation that needs a logged-in user fails when nobody is logged in."),
    "return shapes": ("RET", "generateToken", "The resolved value of generateToken has the member token, a text."),
    "error codes": ("ERR", "login", "An empty auth key gives the code ERROR_API_KEY_NOT_FOUND."),
    "settings": ("SET", "sessionType", "With the session type VOICE no video track is published."),
    "tokens": ("TOK", "generateToken", "A token is made for the session id that was given."),
    "events": ("EVT", "onParticipantJoined", "Every other participant hears once that somebody joined."),
    "session rules": ("SES", "leaveSession", "After leaving, the session's events are no longer delivered."),
    "in-call actions": ("ACT", "muteAudio", "No sound of a muted participant reaches the others."),
    "user interface": ("UI", "hideControlPanel", "A hidden control panel is not visible."),
    "devices": ("DEV", "getAudioInputDevices", "The list of audio inputs has the device id and the label of each."),
    "idle time": ("IDL", "idleTimeoutPeriodBeforePrompt", "The prompt is shown after the first idle period."),
    "media": ("MED", "resumeVideo", "Frames of a resumed camera reach the others again."),
    "release": ("REL", "leaveSession", "Every camera and microphone track has ended after leaving."),
}
PAGES = [
    ("Join Session", "join-session", "Join Session", "20e18728"),
    ("Session Settings", "session-settings", "Session Settings Builder", "7d9db02c"),
    ("Events", "events", "Session Events", "b151f7e9"),
    ("Actions", "actions", "Audio Controls", "7d9db02c"),
    ("Authentication", "authentication", "Error Handling", "ced73fe4"),
]


class Script:
    """Collects the events of one work unit; each call returns the line's number."""

    def __init__(self, unit: str, start_ms: float = 0) -> None:
        self.unit = unit
        self.lines: list[RecordLine] = []
        self._ms = start_ms
        self._seq = 0

    def _add(self, model, wait_ms: float, **values) -> int:
        self._ms += wait_ms
        self._seq += 1
        self.lines.append(model(unit=self.unit, seq=self._seq, at_ns=int(self._ms * 1e6), **values))
        return self._seq

    def step(self, actor, name, wait=2.0, **data):
        return self._add(StepLine, wait, actor=actor, name=name, data=data)

    def outcome(self, actor, name, wait=2.0, **data):
        return self._add(OutcomeLine, wait, actor=actor, name=name, data=data)

    def callback(self, actor, name, *arguments, wait=1.0):
        return self._add(CallbackLine, wait, actor=actor, name=name, data={"arguments": list(arguments)})

    def http(self, actor, name, method, url, status, request=None, response=None, wait=11.0):
        data = {"channel": "http", "uid": actor, "method": method, "url": url, "status": status}
        data |= {"request": {"headers": {"appid": "testapp"}, "body": request}, "response": {"body": response}}
        return self._add(WireLine, wait, actor=actor, name=name, data=data)

    def xmpp(self, uid, name, direction, stanza, wait=4.0):
        data = {"channel": "xmpp", "uid": uid, "direction": direction, "stanza": stanza}
        return self._add(WireLine, wait, actor="service", name=name, data=data)

    def service(self, name, wait=3.0, **data):
        return self._add(WireLine, wait, actor="service", name=name, data={"channel": "service", **data})

    def media(self, actor, name, wait=500.0, **data):
        return self._add(MediaLine, wait, actor=actor, name=name, data=data)

    def verdict(self, **values) -> None:
        self._add(VerdictLine, 1.0, **values)

    def finding(self, **values) -> None:
        self._add(FindingLine, 1.0, **values)


def source(page=0, **changes):
    title, path, heading, revision = PAGES[page % len(PAGES)]
    anchor = heading.lower().replace(" ", "-")
    return Source(
        **{"title": title, "url": f"{DOCS}/{path}#{anchor}", "heading": heading, "revision": revision, **changes}
    )


def refused_join(build: str) -> Script:
    script = Script(f"{build}-join")
    first = script.step(
        "alice", "joinSession", arguments=["<call token of another app>", {"sessionType": "VIDEO"}, "<container>"]
    )
    script.http(
        "alice",
        "verify_call_token",
        "POST",
        "https://calls.localhost:45123/v3.0/calls/verify",
        401,
        {"token": "<call token of another app>"},
        {"error": {"code": "ERR_TOKEN_INVALID", "message": "The call token is not valid for this app."}},
    )
    script.callback("alice", "onConnectionFailed", {"reason": "token"})
    last = script.outcome(
        "alice",
        "rejected",
        ended="rejected",
        error={
            "type": "CometChatException",
            "is_error": False,
            "own": {"code": "ERR_TOKEN_INVALID", "message": "not valid"},
        },
    )
    script.verdict(
        build=build,
        contract=V5,
        clause="JS5-JOIN-010",
        text="A join that fails resolves with an error object; it does not reject.",
        family="return shapes",
        rule="operation.delivers_failure",
        item=Item(kind="operation", name="joinSession"),
        source=source(0, heading="Error Handling"),
        verdict="fail",
        attribution="sdk",
        reason="The promise was rejected, where the page promises a resolved value with the member error.",
        expected={"ended": "resolved", "value": {"error": {"errorCode": "…", "errorDescription": "…"}}},
        seen={"ended": "rejected", "error": {"code": "ERR_TOKEN_INVALID", "message": "not valid"}},
        evidence=tuple(range(first, last + 1)),
        first_divergence=Divergence(seq=last, expected="resolved {error}", seen="rejected"),
        assumptions=("The service answers a token of another app with status 401 and the code ERR_TOKEN_INVALID.",),
        waits=(Wait(what="joinSession ends", waited_s=0.02, limit_s=10),),
        proof="real_build",
        replay="testcall run --sdk npm:@cometchat/calls-sdk-javascript@5.0.7 --clause JS5-JOIN-010 --seed 41",
    )
    return script


STANZA_MUTE = (
    '<presence xmlns="jabber:client" to="room1@conference.localhost/a1b2"><x xmlns="http://jabber.org/protocol/muc"/>'
    '<SourceInfo>{"a1b2-a0":{"muted":true},"a1b2-v0":{"muted":false,"videoType":"camera"}}</SourceInfo></presence>'
)


def mute_leak(build: str) -> Script:
    script = Script(f"{build}-mute", 1000)
    first = script.step("alice", "joinSession", arguments=["<call token>", {"sessionType": "VIDEO"}, "<container>"])
    script.xmpp("alice", "presence", "in", STANZA_MUTE.replace("true", "false", 1), wait=40)
    script.service("occupant_joined", uid="alice", session="room1")
    script.outcome("alice", "resolved", ended="resolved", value={"$": "undefined"}, wait=6)
    script.callback("alice", "onSessionJoined", wait=9)
    script.step("bob", "join peer", session="room1", audio="tone 440 Hz")
    script.xmpp(
        "alice",
        "iq",
        "out",
        "<iq type='set' id='j1' to='alice'><jingle xmlns='urn:xmpp:jingle:1' action='source-add' "
        "sid='s1'><content name='audio'><description media='audio'><source ssrc='1234' name='b0b0-a0'/></description>"
        "</content></jingle></iq>",
        wait=31,
    )
    script.callback("alice", "onParticipantJoined", {"uid": "bob", "name": "Bob", "audioMuted": False}, wait=5)
    script.service("media_connected", uid="alice", wait=48)
    script.step("alice", "muteAudio", arguments=[])
    script.outcome("alice", "returned", ended="returned", value={"$": "undefined"}, wait=1)
    script.callback("alice", "onAudioMuted")
    script.xmpp("alice", "presence", "in", STANZA_MUTE, wait=12)
    script.service("source_muted", uid="alice")
    last = script.media(
        "bob",
        "received",
        session="room1",
        occupant="alice",
        media="audio",
        frames=48,
        level_dbov=-21.4,
        window_s=1.0,
        wait=1040,
    )
    script.verdict(
        build=build,
        contract=V5,
        clause="JS5-ACT-007",
        family="in-call actions",
        rule="action.effect",
        text="No sound of a muted participant reaches the others.",
        item=Item(kind="operation", name="muteAudio"),
        source=source(3),
        verdict="fail",
        attribution="sdk",
        reason="bob still received sound of alice (−21.4 dBov) one second after onAudioMuted.",
        expected={"media": "audio", "level_dbov": "below -80"},
        seen={"media": "audio", "level_dbov": -21.4, "frames": 48},
        evidence=tuple(range(first, last + 1)),
        first_divergence=Divergence(seq=last, expected="silence", seen="-21.4 dBov"),
        waits=(Wait(what="sound of alice ends", waited_s=4.6, limit_s=5),),
        proof="behaviour_mutant",
        replay="testcall replay failures/JS5-ACT-007.yaml",
    )
    return script


def missing_event(build: str, contract: str = V4) -> Script:
    script = Script(f"{build}-missing", 500)
    script.step(
        "alice",
        "startSession",
        arguments=[
            "<call token>",
            {
                "$": "builder",
                "class": "CometChatCalls.CallSettingsBuilder",
                "new": [],
                "calls": [["enableDefaultLayout", [True]]],
                "build": True,
            },
            "<container>",
        ],
    )
    script.service("occupant_joined", uid="alice", session="room2", wait=90)
    script.step("bob", "join peer", session="room2")
    script.service("occupant_joined", uid="bob", session="room2", wait=4)
    script.callback("alice", "onUserListUpdated", [{"uid": "alice"}, {"uid": "bob"}], wait=7)
    script.step("bob", "leave")
    last = script.service("occupant_left", uid="bob", session="room2", reason="left")
    script.verdict(
        build=build,
        contract=contract,
        clause="JS4-EVT-021",
        family="events",
        rule="event.cause",
        level="should",
        text="The listener onUserLeft is called when another participant leaves.",
        item=Item(kind="event", name="onUserLeft"),
        source=source(
            2, authority="secondary", url="https://www.cometchat.com/docs/calls/v4/javascript/call-session#listeners"
        ),
        verdict="fail",
        attribution="sdk",
        reason="onUserLeft did not come within 5 s after bob had left.",
        expected="onUserLeft {uid: bob}",
        seen="nothing",
        evidence=tuple(range(1, last + 1)),
        first_divergence=Divergence(seq=last, absent=True, expected="onUserLeft {uid: bob}"),
        waits=(Wait(what="onUserLeft", waited_s=5.0, limit_s=5.0),),
        proof="operator_only",
    )
    return script


def findings(build: str, contract: str) -> Script:
    script = Script(f"{build}-findings")
    script.finding(
        type="conflict",
        build=build,
        contract=contract,
        id="JS5-C36",
        text="The default of idleTimeoutPeriodAfterPrompt is given twice, with different numbers.",
        does="180000",
        alternatives=("180000", "120000"),
        sources=(source(1), source(2, title="Idle Timeout", heading="Configure")),
    )
    script.finding(
        type="conflict",
        build=build,
        contract=contract,
        id="JS5-C01",
        text="A failing join resolves with an error, or it rejects.",
        does="rejects",
        alternatives=("resolves_error", "rejects"),
        sources=(source(0), source(4, title="Troubleshooting", heading="Joining a Session")),
    )
    script.finding(
        type="silence",
        build=build,
        contract=contract,
        id="JS5-S04",
        text="What a second leaveSession does is not said.",
        does="does nothing: returns undefined, sends no stanza, calls no listener",
    )
    script.finding(
        type="silence",
        build=build,
        contract=contract,
        id="JS5-S11",
        text="Whether login while logged in replaces the user is not said.",
        does="resolves with the user who was logged in first",
        sources=(source(4),),
        assumptions=("The service accepts any number of logins of one user.",),
    )
    script.finding(
        type="observation",
        build=build,
        contract=contract,
        id="JS5-O02",
        text="Requests that leave for hosts other than the service's.",
        does="one GET of a font file, answered by the suite",
    )
    return script


def bulk(build: str, contract: str, prefix: str, count: int, seed: int, rates: dict[str, float]) -> Script:
    """``count`` clauses over all families, with the given shares of verdicts other than pass."""
    rng = random.Random(seed)
    script = Script(f"{build}-bulk", 2000)
    names = list(FAMILIES)
    for number in range(count):
        family = names[number * len(names) // count]
        code, item, text = FAMILIES[family]
        first = script.step("alice", item, arguments=[])
        last = script.outcome("alice", "resolved", ended="resolved", value={"token": "<call token>"})
        picked = rng.random()
        verdict = "pass"
        for name, share in rates.items():
            picked -= share
            if picked < 0:
                verdict = name
                break
        level = rng.choices(["must", "should", "info"], [7, 2, 1])[0]
        values = {"counts": verdict not in ("holds", "differs"), "basis": "documented", "level": level}
        if verdict in ("holds", "differs"):
            values["basis"] = "assumed"
        if verdict not in ("pass", "holds", "differs"):
            values["attribution"] = {"not_run": "adapter", "error": "adapter", "inconclusive": "machine"}.get(
                verdict, "sdk"
            )
        values["reason"] = {
            "not_run": rng.choice(
                [
                    "The adapter has no capability clock.",
                    "The adapter has no capability observe.",
                    "Needs a second instance; the adapter has one.",
                ]
            ),
            "error": "The adapter did not answer within 30 s; the page was closed.",
            "inconclusive": "The interval 430–560 ms contains the limit of 500 ms.",
            "known_fail": "Known failure: accepted until the next minor release (CALL-812).",
            "unexpected_pass": "Passes, but is listed as a known failure (CALL-640); remove the entry.",
            "fail": "The value has another shape than the page says.",
            "differs": "Measured 812 ms where we assume 500 ms.",
        }.get(verdict, "")
        if verdict == "inconclusive":
            values["measurement"] = Measurement(
                what="time to silence", value=495, low=430, high=560, limit=500, noise=25, samples=20
            )
        if verdict == "fail":
            values |= {
                "expected": {"token": "a text", "kind": "call"},
                "seen": {"token": "<call token>", "kind": None, "uid": "alice"},
            }
        script.verdict(
            build=build,
            contract=contract,
            clause=f"{prefix}-{code}-{number:03d}",
            text=text,
            family=family,
            rule="operation.delivers",
            item=Item(kind="operation", name=item),
            source=source(number),
            verdict=verdict,
            evidence=(first, last),
            proof=rng.choice(["real_build", "behaviour_mutant", "operator_only", "operator_only", "unproven"]),
            waits=(Wait(what="the promise settles", waited_s=rng.random() * 2, limit_s=10),),
            **values,
        )
    return script


def fake_run(clauses: int = 200) -> list[RecordLine]:
    """The lines of a whole run over three builds with about ``3 × clauses`` verdicts."""
    host = HostFacts(
        system="Linux",
        release="6.8",
        machine="x86_64",
        cpus=2,
        memory_mb=7936,
        python="3.11.7",
        browser="Chromium 156",
        packages={"testcall": "0.1.0", "playwright": "1.65.2", "aiortc": "1.16.0"},
    )
    run = RunLine(
        seq=1,
        suite_version="0.1.0",
        command="testcall run --sdk npm:@cometchat/calls-sdk-javascript@5.0.7 --sdk … --profile full",
        seed=41,
        profile="full",
        started_at=datetime(2026, 11, 20, 9, 41, 7, tzinfo=UTC),
        host=host,
    )
    package = "npm:@cometchat/calls-sdk-javascript"
    browser = "browser (Chromium 156)"
    builds = [
        BuildLine(
            seq=2,
            id="js-5.0.7",
            sdk=f"{package}@5.0.7",
            name="Calls SDK for JavaScript",
            version="5.0.7",
            contract=V5,
            adapter=browser,
            capabilities=("clock", "observe", "ui", "instances: 4"),
        ),
        BuildLine(
            seq=3,
            id="js-4.2.6",
            sdk=f"{package}@4.2.6",
            name="Calls SDK for JavaScript",
            version="4.2.6",
            contract=V4,
            adapter=browser,
            capabilities=("ui",),
        ),
        BuildLine(
            seq=4,
            id="reference-v5",
            sdk=f"reference:{V5}",
            name="Reference SDK",
            version="0.1.0",
            contract=V5,
            adapter="in process",
            is_reference=True,
            capabilities=("clock", "observe", "instances: 8"),
        ),
    ]
    rates = {
        "fail": 0.02,
        "known_fail": 0.02,
        "inconclusive": 0.02,
        "not_run": 0.08,
        "holds": 0.06,
        "differs": 0.02,
        "error": 0.005,
        "unexpected_pass": 0.005,
    }
    scripts = [
        refused_join("js-5.0.7"),
        mute_leak("js-5.0.7"),
        bulk("js-5.0.7", V5, "JS5", clauses, 1, rates),
        findings("js-5.0.7", V5),
        missing_event("js-4.2.6"),
        bulk("js-4.2.6", V4, "JS4", clauses, 2, rates),
        findings("js-4.2.6", V4),
        bulk("reference-v5", V5, "JS5", clauses, 3, {"not_run": 0.03, "holds": 0.08}),
    ]
    lines: list[RecordLine] = [run, *builds]
    lines.append(
        InstrumentLine(
            seq=5, name="calibration", data={"pair": "audio", "bias_ms": 81.6, "spread_ms": 3.2, "samples": 200}
        )
    )
    lines.append(
        InstrumentLine(
            seq=6, name="calibration", data={"pair": "video", "bias_ms": 38.4, "spread_ms": 5.9, "samples": 200}
        )
    )
    lines.append(InstrumentLine(seq=7, name="loop_lag", data={"p50_ms": 0.2, "p95_ms": 1.9, "max_ms": 14.0}))
    for script in scripts:
        lines.append(
            UnitLine(
                unit=script.unit, build=script.unit.rsplit("-", 1)[0], group=script.unit.rsplit("-", 1)[1], at_ns=1
            )
        )
        lines += script.lines
    lines.append(FooterLine(seq=8, finished_at=datetime(2026, 11, 20, 9, 52, 48, tzinfo=UTC), duration_s=701.3))
    return lines


if __name__ == "__main__":
    from testcall_reports.commands import render_html

    folder = Path(sys.argv[1])
    write_lines(folder / "record.jsonl", fake_run())
    render_html(folder, folder / "report.html")
