"""The example adapter: small, honest, and its fake SDK keeps or breaks its promises as it is told."""

import shutil
from pathlib import Path

import pytest

from testcall_conformance.adapters import ConnectOptions, connect
from testcall_conformance.protocol import Addresses, Callback, Invoke, Uncaught, WorldInfo
from testcall_conformance.smoke import smoke
from testcall_conformance.values import UNDEFINED, Builder, Container, Function, New, decode, encode
from testcall_simulator.simulator import Simulator

EXAMPLE = Path(__file__).parents[2] / "examples" / "node-adapter"
SDK = "CometChatCalls"
EVENTS = ["onUserJoined", "onUserLeft", "onUserListUpdated", "onCallEnded", "onError"]


class Build:
    """The fake SDK behind the example adapter, at a simulator."""

    def __init__(self, adapter, simulator):
        self.adapter = adapter
        self.simulator = simulator
        self.trace = simulator.trace

    async def __call__(self, operation, *arguments):
        call = Invoke(instance="alice", on=SDK, operation=operation, arguments=encode(list(arguments)))
        return await self.adapter.invoke(call)

    async def init(self):
        app = self.simulator.world.app
        setters = [
            ("setAppId", [app.app_id]),
            ("setRegion", [app.region]),
            ("setHost", [self.simulator.addresses.calls_base(4)]),
        ]
        return await self("init", Builder(f"{SDK}.CallAppSettingsBuilder", setters))

    async def join(self, session):
        await self.init()
        token = (await self("generateToken", session, self.simulator.world.users["alice"].auth_token)).value["token"]
        listener = New(f"{SDK}.OngoingCallListener", [{name: Function("L") for name in EVENTS}])
        settings = Builder(f"{SDK}.CallSettingsBuilder", [("setCallListener", [listener])])
        await self("startSession", token, settings, Container())
        await self.service("occupant_joined")

    async def service(self, name, timeout_s=20, **data):
        def found(event):
            return event.name == name and event.data.get("uid") == "alice" and data.items() <= event.data.items()

        return await self.trace.wait(found, what=name, timeout_s=timeout_s)


@pytest.fixture
async def build(request, messages):
    faults = getattr(request, "param", "")
    options = ConnectOptions(environment={"FAKE_SDK_FAULTS": faults})
    adapter = await connect(f"exec:node {EXAMPLE / 'adapter.js'}", options=options)
    adapter.on_message = messages.append
    async with Simulator() as simulator:
        await adapter.start()
        world = WorldInfo(
            app_id=simulator.world.app.app_id,
            addresses=Addresses(**simulator.addresses.for_sdk(4)),
            ca=str(simulator.addresses.ca_path),
        )
        await adapter.open("alice", world)
        yield Build(adapter, simulator)
        await adapter.stop()


@pytest.fixture
def messages():
    return []


def events(messages):
    return [message.name for message in messages if isinstance(message, Callback)]


def faulty(name):
    return pytest.mark.parametrize("build", [name], indirect=True)


def test_node_is_there():
    assert shutil.which("node"), "the example needs Node.js 20 or newer"


def test_the_adapter_is_as_short_as_the_docs_say():
    assert len((EXAMPLE / "adapter.js").read_text().splitlines()) < 120


async def test_smoke_finds_nothing():
    adapter = await connect(f"exec:node {EXAMPLE / 'adapter.js'}")
    assert [finding for finding in await smoke(adapter) if finding.level != "ok"] == []


async def test_it_joins_sees_a_peer_mutes_and_leaves(build, messages):
    await build.join("room-1")
    bob = await build.simulator.join_peer("room-1", "bob")
    await build("muteAudio")
    await build.service("source_muted", kind="audio")
    await build("pauseVideo", True)
    await build.service("source_muted", kind="video")
    await bob.leave()
    await build("unMuteAudio")
    await build.service("source_unmuted", kind="audio")
    await build("endSession")
    await build.service("occupant_left", reason="left")
    assert events(messages) == [
        "onUserListUpdated", "onUserJoined", "onUserListUpdated", "onUserLeft", "onUserListUpdated", "onCallEnded",
    ]  # fmt: skip


async def test_what_is_wrong_is_refused_as_the_dialect_says(build):
    not_settings = await build("init", {})
    await build.init()
    no_token = await build("generateToken", "s")
    unknown = await build("generateToken", "s", "nobody-has-this-token")
    unbuilt = await build("startSession", "t", Builder(f"{SDK}.CallSettingsBuilder", build=False), Container())
    codes = [ended.error.own["code"] for ended in (not_settings, no_token, unknown, unbuilt)]
    assert codes[:2] == ["INVALID_CALL_APP_SETTINGS", "INVALID_ARGUMENT_EXCEPTION"]
    assert codes[2].startswith("AUTH_ERR")
    assert codes[3] == "INVALID_CALL_SETTINGS"


async def test_a_bad_call_token_resolves_and_nobody_catches_it(build, messages):
    await build.init()
    ended = await build("startSession", "abc", Builder(f"{SDK}.CallSettingsBuilder"), Container())
    await build("setMode")
    uncaught = [message for message in messages if isinstance(message, Uncaught)]
    assert (ended.ended, decode(ended.value)) == ("resolved", UNDEFINED)
    assert uncaught[0].error.own["code"] == "INVALID_ARGUMENT_EXCEPTION"


@faulty("init-takes-anything")
async def test_fault_init_takes_anything(build):
    assert (await build("init", {})).ended == "resolved"


@faulty("wrong-code")
async def test_fault_wrong_code(build):
    await build.init()
    assert (await build("generateToken", "s")).error.own["code"] == "ERROR"


@faulty("no-user-left")
async def test_fault_no_user_left(build, messages):
    await build.join("room-2")
    bob = await build.simulator.join_peer("room-2", "bob")
    await bob.leave()
    await build("unMuteAudio")
    await build("endSession")
    await build.service("occupant_left")
    assert "onCallEnded" in events(messages)
    assert "onUserLeft" not in events(messages)


@faulty("mute-stays-local")
async def test_fault_mute_stays_local(build):
    await build.join("room-3")
    assert (await build("muteAudio")).ended == "returned"
    await build("endSession")
    left = await build.service("occupant_left")
    muted = [
        event
        for event in build.trace.select(name="source_muted")
        if event.seq < left.seq and event.data["uid"] == "alice"
    ]
    assert muted == []


@faulty("leaves-without-a-word")
async def test_fault_leaves_without_a_word(build):
    await build.join("room-4")
    assert (await build("endSession")).ended == "returned"
    await build.trace.wait(lambda event: event.name == "socket_closed", what="the socket's end", timeout_s=20)
    assert build.trace.select(name="occupant_left", where=lambda event: event.data["reason"] == "left") == []
