"""The published build 4.2.6, unmodified, through the browser adapter: what was seen of it by hand is what the adapter tells."""

import contextlib

import pytest
import pytest_asyncio

from testcall_conformance.adapters import connect
from testcall_conformance.adapters.browser import NOWHERE
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import Addresses, Callback, Invoke, Log, Uncaught, WorldInfo
from testcall_conformance.values import UNDEFINED, Builder, Container, Function, New, decode, encode
from testcall_simulator.media.sources import Pattern, Tone
from testcall_simulator.simulator import Simulator

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SDK = "CometChatCalls"
APP_SETTINGS = f"{SDK}.CallAppSettingsBuilder"
CALL_SETTINGS = f"{SDK}.CallSettingsBuilder"
EVENTS = ["onUserJoined", "onUserLeft", "onUserListUpdated", "onCallEnded", "onError", "onSessionTimeout", "onUserMuted",
          "onCallEndButtonPressed"]  # fmt: skip


class Build:
    """One instance of the build in its page."""

    def __init__(self, adapter):
        self.adapter = adapter
        self.messages = []
        self.instance = "alice"

    async def open(self, world):
        self.world = world
        self.adapter.on_message = self.messages.append
        await self.adapter.open(self.instance, world)
        self.messages.clear()
        return self

    async def __call__(self, operation, *arguments, on=SDK):
        return await self.adapter.invoke(
            Invoke(instance=self.instance, on=on, operation=operation, arguments=encode(list(arguments)))
        )

    async def init(self):
        return await self("init", app_settings(self.world.app_id, self.world.region, self.world.addresses.calls))

    async def until(self, kind, where=lambda _message: True):
        for _ in range(1000):
            for message in self.messages:
                if isinstance(message, kind) and where(message):
                    return message
            await self("getAudioInputDevices")  # gives the page a turn
        raise AssertionError(f"no {kind.__name__}; got {self.messages}")

    async def event(self, name):
        return await self.until(Callback, lambda message: message.name == name)

    @contextlib.asynccontextmanager
    async def call(self, simulator, session, *calls):
        """A call of alice in ``session``, joined."""
        await self.init()
        token = (await self("generateToken", session, simulator.world.users["alice"].auth_token)).value["token"]
        listener = New(f"{SDK}.OngoingCallListener", [{name: Function("L") for name in EVENTS}])
        settings = Builder(CALL_SETTINGS, [("setCallListener", [listener]), *calls])
        assert (await self("startSession", token, settings, Container())).ended == "resolved"
        await self.event("onUserJoined")
        yield


def app_settings(*values):
    setters = ("setAppId", "setRegion", "setHost")
    return Builder(APP_SETTINGS, [(name, [value]) for name, value in zip(setters, values, strict=False)])


def world_of(simulator, **given):
    return WorldInfo(
        app_id=simulator.world.app.app_id,
        region=simulator.world.app.region,
        addresses=Addresses(**simulator.addresses.for_sdk(4)),
        ca=str(simulator.addresses.ca_path),
        **given,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def adapter():
    made = await connect("npm:@cometchat/calls-sdk-javascript@4.2.6")
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def refused(adapter):
    """A page that is shared by what is refused before any call."""
    build = await Build(adapter).open(WorldInfo(app_id="app", addresses=NOWHERE))
    build.instance = "alice"
    yield build


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(adapter):
    return await Build(adapter).open(WorldInfo(app_id="app", addresses=NOWHERE))


@pytest_asyncio.fixture(loop_scope="module")
async def simulator():
    async with Simulator() as running:
        yield running


def rejected(ended):
    assert ended.ended == "rejected"
    assert not ended.error.is_error
    assert set(ended.error.own) == {"code", "message"}
    return ended.error.own["code"], ended.error.own["message"]


async def test_it_is_known(adapter):
    assert (adapter.description.sdk.version, adapter.description.contract) == ("4.2.6", "calls/javascript-v4")
    for operation in ("init", "generateToken", "startSession", "endSession", "addCallEventListener"):
        assert adapter.description.offers(SDK, operation)


class TestInit:
    @pytest.mark.parametrize("value", [UNDEFINED, None, {}, "x"])
    async def test_not_the_settings_class(self, refused, value):
        code, message = rejected(await refused("init", value))
        assert (code, message) == (
            "INVALID_CALL_APP_SETTINGS",
            "appSettings must be an instance of CallAppSettings class",
        )

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            (app_settings(), "Invalid app id, please check your appSettings"),
            (app_settings("", "us"), "Invalid app id, please check your appSettings"),
            (app_settings(1, "us"), "Invalid app id, please check your appSettings"),
            (app_settings("a"), "Invalid region, please check your appSettings"),
            (app_settings("a", "xx"), "Invalid region, please check your appSettings"),
            (app_settings("a", "us", 1), "Invalid host, please check your appSettings"),
        ],
    )
    async def test_a_wrong_setting(self, refused, settings, message):
        assert rejected(await refused("init", settings)) == ("INVALID_CALL_APP_SETTINGS", message)

    @pytest.mark.parametrize("region", ["us", "eu", "in", "US", "EU", "IN"])
    async def test_a_known_region_resolves_undefined(self, refused, region):
        ended = await refused("init", app_settings("a", region))
        assert (ended.ended, decode(ended.value)) == ("resolved", UNDEFINED)


class TestTokens:
    async def test_before_init(self, fresh):
        code, _message = rejected(await fresh("generateToken", "s", "t"))
        assert code == "INVALID_CALL_APP_SETTINGS"

    @pytest.mark.parametrize(("arguments", "which"), [([], "authToken"), (["s"], "authToken"), (["s", None], "authToken"),
                                                      ([None, "t"], "sessionID"), ([1, "t"], "sessionID")])  # fmt: skip
    async def test_a_wrong_argument(self, refused, arguments, which):
        await refused("init", app_settings("a", "us"))
        code, message = rejected(await refused("generateToken", *arguments))
        assert (code, message.split()[1]) == ("INVALID_ARGUMENT_EXCEPTION", which)

    async def test_without_a_host_setting_the_request_goes_to_the_region_and_we_answer_it(self, fresh):
        await fresh("init", app_settings("myapp", "eu"))
        rejected(await fresh("generateToken", "s", "t"))
        outside = await fresh.until(Log, lambda message: message.data.get("request", {}).get("method") == "POST")
        assert outside.data["request"]["url"] == "https://myapp.call-eu.cometchat.io/v3.0/call_tokens"


class TestSettings:
    @pytest.mark.parametrize("value", [UNDEFINED, None, {}, "x", Builder(CALL_SETTINGS, build=False),
                                       Builder(f"{SDK}.PresenterSettingsBuilder")])  # fmt: skip
    async def test_not_the_settings_class(self, refused, value):
        code, message = rejected(await refused("startSession", "t", value, Container()))
        assert (code, message) == ("INVALID_CALL_SETTINGS", "callSettings must be an instance of CallSettings class")

    @pytest.mark.parametrize(
        "name", ["setIsAudioOnlyCall", "enableDefaultLayout", "showEndCallButton", "startWithAudioMuted"]
    )
    async def test_a_setter_that_wants_a_boolean(self, refused, name):
        code, message = rejected(
            await refused("startSession", "t", Builder(CALL_SETTINGS, [(name, ["x"])]), Container())
        )
        assert (code, message) == ("INVALID_CALL_SETTINGS", f"{name} method must be provided a boolean value.")

    async def test_an_idle_time_that_is_too_short(self, refused):
        settings = Builder(CALL_SETTINGS, [("setIdleTimeoutPeriod", [-1])])
        code, message = rejected(await refused("startSession", "t", settings, Container()))
        assert (code, message) == ("INVALID_CALL_SETTINGS", "Minimum value for idleTimeoutPeriod is 120 seconds.")

    async def test_a_setter_that_the_build_does_not_have(self, refused):
        with pytest.raises(AdapterFailure) as raised:
            await refused("startSession", "t", Builder(CALL_SETTINGS, [("setNothing", [1])]), Container())
        assert (raised.value.kind, raised.value.data) == ("missing", {"missing": f"{CALL_SETTINGS}.setNothing"})


class TestCallToken:
    @pytest.mark.parametrize("token", [UNDEFINED, None, "", "abc", 5, "a.b.c"])
    async def test_a_bad_one_goes_to_on_error_of_the_listener(self, fresh, token):
        await fresh.init()
        listener = New(f"{SDK}.OngoingCallListener", [{"onError": Function("L")}])
        ended = await fresh(
            "startSession", token, Builder(CALL_SETTINGS, [("setCallListener", [listener])]), Container()
        )
        assert (ended.ended, decode(ended.value)) == ("resolved", UNDEFINED)
        error = decode((await fresh.event("onError")).arguments)[0]
        assert error.own == {"code": "INVALID_ARGUMENT_EXCEPTION", "message": "callToken must be valid please verify."}

    async def test_a_bad_one_without_a_listener_is_uncaught(self, fresh):
        await fresh.init()
        assert (await fresh("startSession", "abc", Builder(CALL_SETTINGS), Container())).ended == "resolved"
        uncaught = await fresh.until(Uncaught)
        assert (uncaught.origin, uncaught.error.own["code"]) == ("unhandledrejection", "INVALID_ARGUMENT_EXCEPTION")


class TestWithoutASession:
    @pytest.mark.parametrize(
        "operation", ["endSession", "muteAudio", "pauseVideo", "setMode", "startRecording", "switchCamera"]
    )
    async def test_it_returns_undefined(self, refused, operation):
        ended = await refused(operation)
        assert (ended.ended, decode(ended.value)) == ("returned", UNDEFINED)

    async def test_choosing_a_device_throws_its_type_error(self, fresh):
        ended = await fresh("setAudioInputDevice", "x")
        assert (ended.ended, ended.error.type, ended.error.is_error) == ("threw", "TypeError", True)

    async def test_call_details_without_a_token(self, refused):
        assert rejected(await refused("getCallDetails"))[0] == "NOT_ENOUGH_PARAMETERS"


@pytest.mark.media
class TestACall:
    async def test_media_flow_both_ways_and_controls_work(self, adapter, simulator):
        alice = await Build(adapter).open(world_of(simulator))
        async with alice.call(simulator, "room-1"):
            bob = await simulator.join_peer("room-1", "bob", audio=Tone(), video=Pattern())
            await alice.until(Callback, lambda m: m.name == "onUserJoined" and m.arguments[0]["uid"] == "bob")
            await bob.wait_sees("alice", min_frames=5, timeout_s=20)
            seen = await received_video(adapter)
            assert (seen["width"], seen["height"]) == (640, 360)
            look = await adapter.capability("alice", "look", {"role": "button", "name": "End call"})
            assert look == {"visible": True, "enabled": True, "text": "End call", "count": 1}
            await adapter.capability("alice", "press", {"role": "button", "name": "cc-end-call"})
            await alice.event("onCallEndButtonPressed")
            await alice.event("onCallEnded")
            await simulator.trace.wait(lambda e: e.name == "occupant_left", what="alice's leaving", timeout_s=20)

    async def test_a_setting_takes_a_control_away(self, adapter, simulator):
        alice = await Build(adapter).open(world_of(simulator))
        async with alice.call(simulator, "room-2", ("showEndCallButton", [False])):
            look = await adapter.capability("alice", "look", {"role": "button", "name": "cc-end-call"})
            other = await adapter.capability("alice", "look", {"role": "button", "name": "cc-audio"})
            assert (look["visible"], other["visible"]) == (False, True)

    async def test_no_device_means_no_socket(self, adapter, simulator):
        alice = await Build(adapter).open(world_of(simulator, devices="none"))
        await alice.init()
        token = (await alice("generateToken", "room-3", simulator.world.users["alice"].auth_token)).value["token"]
        await alice("startSession", token, Builder(CALL_SETTINGS), Container())
        await adapter.page("alice").get_by_text("No microphone & camera detected").first.wait_for(timeout=20_000)
        assert (await adapter.capability("alice", "observe", {}))["sockets"] == []

    async def test_two_idle_minutes_pass_in_a_moment(self, adapter, simulator):
        alice = await Build(adapter).open(world_of(simulator, clock="virtual"))
        async with alice.call(simulator, "room-4", ("setIdleTimeoutPeriod", [120])):
            await adapter.capability("alice", "advance", {"ms": 119_000})
            assert not [m for m in alice.messages if isinstance(m, Callback) and m.name == "onSessionTimeout"]
            await adapter.capability("alice", "advance", {"ms": 5_000})
            timed_out = await alice.event("onSessionTimeout")
            assert 119_000 <= timed_out.clock_ms <= 125_000


async def received_video(adapter):
    for _ in range(1000):
        tracks = (await adapter.capability("alice", "observe", {}))["tracks"]
        video = [track for track in tracks if track["kind"] == "video" and track["frames"] > 5]
        audio = [track for track in tracks if track["kind"] == "audio" and track["energy"] > 0]
        if video and audio:
            return video[0]
    raise AssertionError("no media arrived")
