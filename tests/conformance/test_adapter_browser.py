"""The browser adapter with a small build of our own: every way a call can end, every tagged value, both walls."""

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio

from testcall_conformance.adapters import ConnectOptions, Limits, connect
from testcall_conformance.adapters.browser import NOWHERE
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import Callback, Invoke, Late, Log, Uncaught, WorldInfo
from testcall_conformance.values import (
    UNDEFINED,
    Builder,
    Container,
    Function,
    New,
    Ref,
    decode,
    encode,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
SMALL_BUILD = Path(__file__).parent / "hostile" / "small_build.js"


class Driver:
    """An adapter, and what it sent."""

    def __init__(self, adapter):
        self.adapter = adapter
        self.messages = []
        adapter.on_message = self.messages.append

    async def open(self, **world):
        await self.adapter.open("alice", WorldInfo(app_id="app", addresses=NOWHERE, **world))
        self.messages.clear()

    async def __call__(self, operation, *arguments, on="Small", timeout_ms=2000, **given):
        call = Invoke(
            instance="alice",
            on=on,
            operation=operation,
            arguments=encode(list(arguments)),
            timeout_ms=timeout_ms,
            **given,
        )
        return await self.adapter.invoke(call)

    async def value(self, operation, *arguments, **given):
        return decode((await self(operation, *arguments, **given)).value)

    async def until(self, kind, count=1):
        """The first ``count`` messages of a kind; asks the page in between, so that it has had its turn."""
        for _ in range(500):
            found = [message for message in self.messages if isinstance(message, kind)]
            if len(found) >= count:
                return found
            await self("greet")
        raise AssertionError(f"{count} {kind.__name__} did not come; got {self.messages}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    adapter = await connect(f"file:{SMALL_BUILD}", options=ConnectOptions(contract="calls/javascript-v4"))
    await adapter.start()
    yield adapter
    await adapter.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def sdk(browser):
    driver = Driver(browser)
    await driver.open()
    return driver


async def test_describe_lists_what_the_build_has(browser):
    description = await browser.start()
    assert description.offers("Small", "greet")
    assert description.offers("Small.SettingsBuilder", "setName")
    assert not description.offers("Small", "nothing")


@pytest.mark.parametrize(
    ("operation", "ended", "value"),
    [
        ("greet", "returned", "hello"),
        ("nothingAtAll", "returned", UNDEFINED),
        ("resolves", "resolved", {"token": "t"}),
        ("thenable", "resolved", 5),
    ],
)
async def test_a_call_ends_as_it_ends(sdk, operation, ended, value):
    result = await sdk(operation)
    assert result.ended == ended
    assert decode(result.value) == value


async def test_a_thrown_error_keeps_every_own_property_but_the_stack(sdk):
    result = await sdk("throws")
    assert result.ended == "threw"
    assert (result.error.type, result.error.is_error) == ("RangeError", True)
    assert result.error.own == {"message": "too far", "code": "FAR"}


async def test_a_rejection_that_is_no_error_says_so(sdk):
    result = await sdk("rejects")
    assert (result.ended, result.error.is_error, result.error.own) == (
        "rejected",
        False,
        {"code": "X", "details": {"$": "undefined"}},
    )


async def test_a_rejected_string_is_kept_as_a_value(sdk):
    result = await sdk("rejectsText")
    assert (result.error.type, result.error.value) == ("string", "no")


async def test_a_call_that_never_ends_is_never_and_its_end_is_late(sdk):
    result = await sdk("settlesWhenTold", timeout_ms=20, id="the-call")
    assert result.ended == "never"
    await sdk("tell", "done")
    (late,) = await sdk.until(Late)
    assert (late.invoke, late.ended, late.value) == ("the-call", "resolved", "done")


async def test_a_thenable_that_settles_twice_is_late_the_second_time(sdk):
    result = await sdk("settlesTwice")
    (late,) = await sdk.until(Late)
    assert (result.ended, result.value) == ("resolved", 1)
    assert (late.ended, late.error.value) == ("rejected", 2)


async def test_what_the_build_lacks_is_named(sdk):
    for on, operation, arguments, what in [
        ("Small", "nothing", [], "Small.nothing"),
        ("Nobody", "greet", [], "Nobody"),
        ("Small", "echo", [Builder("Small.SettingsBuilder", [("setNothing", [])])], "Small.SettingsBuilder.setNothing"),
    ]:
        with pytest.raises(AdapterFailure) as raised:
            await sdk(operation, *arguments, on=on)
        assert (raised.value.kind, raised.value.data) == ("missing", {"missing": what})


async def test_an_error_while_an_argument_is_built_is_the_build_s_own(sdk):
    result = await sdk("echo", Builder("Small.SettingsBuilder", [("setName", [7])]))
    assert (result.ended, result.during, result.error.own["message"]) == ("threw", "arguments", "name must be a string")


@pytest.mark.parametrize(
    "value",
    [
        UNDEFINED,
        None,
        True,
        0,
        -0.0,
        float("inf"),
        float("-inf"),
        "ü\u2028",
        [1, [UNDEFINED]],
        {"a": {"$": 1}},
        {"$": "x"},
    ],
)
async def test_values_arrive_and_come_back(sdk, value):
    assert encode(await sdk.value("echo", value)) == encode(value)


async def test_nan_arrives(sdk):
    assert await sdk.value("kindOf", float("nan")) == "NaN"


@pytest.mark.parametrize(
    ("container", "seen"),
    [
        (Container("c1"), "element in page, 1280x720"),
        (Container("c2", "detached"), "element not in page, 0x0"),
        (Container("c3", "hidden"), "element in page, 0x0"),
        (Container("c4", "text"), "text node"),
        (Container("c5", "document"), "document"),
        (Container("c6", "none"), "null"),
    ],
)
async def test_containers_are_what_they_say(sdk, container, seen):
    assert await sdk.value("kindOf", container) == seen


async def test_a_container_is_found_again_by_its_id(sdk):
    assert await sdk.value("sameThing", Container("c"), Container("c")) is True
    assert await sdk.value("sameThing", Container("c"), Container("d")) is False


async def test_builders_are_built_or_not_and_properties_are_set(sdk):
    built = await sdk.value("kindOf", Builder("Small.SettingsBuilder", [("setName", ["n"])]))
    unbuilt = await sdk.value("kindOf", Builder("Small.SettingsBuilder", build=False))
    own = (await sdk.value("echo", Builder("Small.SettingsBuilder", [("setName", ["n"])], sets={"size": 3}))).own
    assert (built, unbuilt, own) == ("Settings", "SettingsBuilder", {"name": "n", "size": 3})


async def test_a_named_object_can_be_used_again_as_target_and_argument(sdk):
    await sdk("echo", Builder("Small.SettingsBuilder", [("setName", ["n"])], id="mine"))
    assert await sdk.value("getName", on="mine") == "n"
    assert await sdk.value("sameThing", Ref("mine"), Ref("mine")) is True


async def test_a_returned_object_with_methods_is_a_reference_that_can_be_called(sdk):
    subscription = await sdk.value("subscribe", Function("f"))
    assert isinstance(subscription, Ref)
    assert await sdk.value("count", on=subscription.id) == 1
    unsubscribe = subscription.own["remove"]
    assert await sdk.value("()", on=unsubscribe.id) == "removed"


async def test_a_property_is_read_with_the_signature_get(sdk):
    assert await sdk.value("MODES", signature="get") == {"A": "a"}


async def test_callbacks_come_with_member_name_order_and_time(sdk):
    listener = New("Small.Listener", [{"onFirst": Function("L"), "onSecond": Function("L")}])
    await sdk("listen", listener)
    await sdk("fire")
    first, second = await sdk.until(Callback, 2)
    assert [(c.function, c.name, decode(c.arguments), c.seq) for c in (first, second)] == [
        ("L", "onFirst", [{"uid": "bob"}], 1),
        ("L", "onSecond", [], 2),
    ]
    assert 0 < first.at_ms <= second.at_ms


async def test_a_callback_may_call_back_and_its_result_is_late(sdk):
    step = {"on": "Small", "operation": "resolves", "arguments": []}
    await sdk("listen", {"onFirst": Function("f", [step])})
    await sdk("fire")
    (late,) = await sdk.until(Late)
    assert (late.invoke, late.ended, late.value) == ("f/1", "resolved", {"token": "t"})


async def test_a_callback_that_throws_reaches_the_build(sdk):
    await sdk("listen", {"onFirst": Function("f", "throws")})
    result = await sdk("fire")
    assert (result.ended, result.error.own["message"]) == ("threw", "thrown on purpose by the function f")


async def test_a_function_returns_what_it_is_told(sdk):
    assert await sdk.value("callIt", Function("f", returns=[1])) == [1]
    assert await sdk.value("callIt", Function("g")) is UNDEFINED


async def test_what_nobody_caught_is_reported(sdk):
    await sdk("rejectsUnseen")
    await sdk("throwsLater")
    first, second = await sdk.until(Uncaught, 2)
    assert {(m.origin, m.error.own["message"]) for m in (first, second)} == {
        ("unhandledrejection", "nobody saw"),
        ("error", "later"),
    }


async def test_a_cycle_and_a_dom_node_do_not_stop_it(sdk):
    assert (await sdk.value("cycle"))["self"].cls == "cycle"
    assert (await sdk.value("node")).cls == "HTMLDivElement"


async def test_requests_to_elsewhere_are_answered_and_reported_and_leave_nothing(sdk):
    status, body = await sdk.value("fetchIt", "https://metrics.example.com/v1?x=1")
    assert (status, "TESTCALL_OUTSIDE" in body) == (404, True)
    seen = [m.data["request"] for m in await sdk.until(Log) if "request" in m.data]
    assert seen == [{"url": "https://metrics.example.com/v1?x=1", "method": "GET", "type": "fetch"}]


async def test_a_websocket_to_elsewhere_does_not_open(sdk):
    assert await sdk.value("socketState", "wss://example.com/") == "error"
    assert await sdk.value("socketState", "wss://192.0.2.1/") == "error"


async def test_another_port_of_this_machine_is_elsewhere(sdk):
    status, _body = await sdk.value("fetchIt", "http://127.0.0.1:65533/")
    assert status == 404


@pytest.mark.parametrize(
    ("devices", "name"), [("denied", "NotAllowedError"), ("none", "NotFoundError"), ("granted", "2 tracks")]
)
async def test_devices_are_granted_denied_or_absent(browser, devices, name):
    sdk = Driver(browser)
    await sdk.open(devices=devices)
    assert await sdk.value("askForDevices") == name


async def test_a_virtual_clock_moves_timers_by_hours(browser):
    sdk = Driver(browser)
    await sdk.open(clock="virtual")
    await sdk("startTimer", 3_600_000)
    await browser.capability("alice", "advance", {"ms": 3_500_000})
    assert await sdk.value("timerFired") is False
    await browser.capability("alice", "advance", {"ms": 100_000})
    assert await sdk.value("timerFired") is True
    result = await sdk("settlesWhenTold", timeout_ms=20)
    assert result.ended == "never", "the adapter's own limit runs on the real clock"


async def test_a_real_clock_cannot_be_moved(sdk):
    with pytest.raises(AdapterFailure) as raised:
        await sdk.adapter.capability("alice", "advance", {"ms": 1})
    assert raised.value.kind == "unsupported"


async def test_observe_shows_media_connections_and_what_is_held(sdk):
    await sdk("loopMedia", Container("here"))
    for _ in range(500):
        seen = await sdk.adapter.capability("alice", "observe", {})
        video = [t for t in seen["tracks"] if t["kind"] == "video"]
        if video and video[0]["frames"] > 0:
            break
    assert video[0]["frames"] > 0
    assert [c["connection"] for c in seen["connections"]] == ["connected", "connected"]
    assert {t["state"] for t in seen["local"]} == {"live"}
    assert seen["elements"][0]["tag"] == "video"
    assert seen["containers"] == {"here": 1}
    await sdk("stopMedia")
    seen = await sdk.adapter.capability("alice", "observe", {})
    assert {c["signaling"] for c in seen["connections"]} == {"closed"}
    assert {t["state"] for t in seen["local"]} == {"ended"}


async def test_controls_are_found_and_pressed_by_role_and_name(sdk):
    await sdk("render", Container("ui"))
    look = await sdk.adapter.capability("alice", "look", {"role": "button", "name": "End"})
    absent = await sdk.adapter.capability("alice", "look", {"role": "button", "name": "Other"})
    await sdk.adapter.capability("alice", "press", {"role": "button", "name": "End"})
    assert look == {"visible": True, "enabled": True, "text": "End", "count": 1}
    assert absent["count"] == 0
    assert await sdk.value("pressed") == 1


@pytest.mark.parametrize("name", ["wrong", "Mute", "mic"])
async def test_a_control_without_a_proper_name_is_found_by_tooltip_or_test_id(sdk, name):
    await sdk("render", Container("ui"))
    look = await sdk.adapter.capability("alice", "look", {"role": "button", "name": name})
    assert look == {"visible": True, "enabled": False, "text": "m", "count": 1}


async def test_a_control_that_is_not_there_cannot_be_pressed(sdk, monkeypatch):
    monkeypatch.setattr("testcall_conformance.adapters.browser_ui._PRESS_MS", 50.0)
    with pytest.raises(AdapterFailure, match="no button 'Nothing' that can be pressed") as raised:
        await sdk.adapter.capability("alice", "press", {"role": "button", "name": "Nothing"})
    assert not raised.value.needs_restart


async def test_a_page_that_hangs_is_told_and_a_fresh_one_works(browser):
    adapter = await connect(
        f"file:{SMALL_BUILD}", options=ConnectOptions(contract="c/j-v4", limits=Limits(grace_s=1, close_s=5))
    )
    await adapter.start()
    sdk = Driver(adapter)
    await sdk.open()
    with pytest.raises(AdapterFailure) as raised:
        await sdk("hangs", timeout_ms=50)
    assert raised.value.kind == "hang"
    await sdk.open()
    assert await sdk.value("greet") == "hello"
    await adapter.stop()


async def test_a_page_that_leaves_is_told(sdk):
    with pytest.raises(AdapterFailure) as raised:
        await sdk("leavesThePage", timeout_ms=5000)
    assert raised.value.kind == "crash"
    await sdk.open()
    assert await sdk.value("greet") == "hello"


async def test_two_instances_share_nothing(browser):
    sdk = Driver(browser)
    await sdk.open()
    await browser.open("bob", WorldInfo(app_id="app", addresses=NOWHERE))
    await sdk("store", "mine")
    theirs = await browser.invoke(Invoke(instance="bob", on="Small", operation="stored"))
    await browser.close("bob")
    assert theirs.value is None


async def test_a_script_can_be_put_before_the_build():
    mutant = "window.beforeTheBuild = typeof window.Small;"
    adapter = await connect(f"file:{SMALL_BUILD}", options=ConnectOptions(contract="c/j-v4", init_scripts=[mutant]))
    await adapter.start()
    sdk = Driver(adapter)
    await sdk.open()
    assert await sdk.value("beforeTheBuild", on="window", signature="get") == "undefined"
    await adapter.stop()


async def test_a_build_that_does_not_load_is_told(tmp_path):
    script = tmp_path / "broken.js"
    script.write_text("window.Small = (;")
    adapter = await connect(f"file:{script}", options=ConnectOptions(contract="c/j-v4"))
    with pytest.raises(AdapterFailure) as raised:
        await adapter.start()
    assert raised.value.kind == "start"
    assert "SyntaxError" in raised.value.detail


async def test_a_build_that_is_a_module_of_several_files_is_loaded(tmp_path):
    files = {
        "package.json": '{"name": "esm", "version": "5.1.2", "type": "module", "exports": {".": {"import": "./dist/sdk.mjs"}}}',
        "dist/sdk.mjs": 'import { word } from "./part.mjs";\nimport "./style.css";\n'
        "class Small { static greet() { return word; } }\nexport { Small };\n",
        "dist/part.mjs": 'export const word = "from a part";\n',
        "dist/style.css": "body { color: red }",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    adapter = await connect(f"file:{tmp_path}", options=ConnectOptions(contract="calls/javascript-v5"))
    description = await adapter.start()
    sdk = Driver(adapter)
    await sdk.open()
    assert await sdk.value("greet") == "from a part"
    assert (description.sdk.version, description.offers("Small", "greet")) == ("5.1.2", True)
    await adapter.stop()


async def test_a_trace_is_kept_when_asked_for(tmp_path):
    options = ConnectOptions(contract="c/j-v4", trace_dir=tmp_path)
    adapter = await connect(f"file:{SMALL_BUILD}", options=options)
    await adapter.start()
    sdk = Driver(adapter)
    await sdk.open()
    first = await adapter.keep_trace("alice", "first")
    second = await adapter.keep_trace("alice", "second")
    await adapter.stop()
    assert first.stat().st_size > 1000
    assert second.exists()


async def test_with_keep_open_pages_stay_until_the_user_closes_the_browser():
    adapter = await connect(f"file:{SMALL_BUILD}", options=ConnectOptions(contract="c/j-v4", keep_open=True))
    await adapter.start()
    sdk = Driver(adapter)
    await sdk.open()
    page, browser = adapter.page("alice"), adapter._browser
    await adapter.close("alice")
    assert not page.is_closed()
    told = asyncio.Event()
    adapter.on_message = lambda message: told.set() if "stays open" in getattr(message, "text", "") else None
    stopping = asyncio.create_task(adapter.stop())
    await told.wait()
    assert not stopping.done()
    await browser.close()
    await stopping


async def test_a_browser_that_dies_is_told_and_can_be_started_again():
    adapter = await connect(f"file:{SMALL_BUILD}", options=ConnectOptions(contract="c/j-v4"))
    await adapter.start()
    sdk = Driver(adapter)
    await sdk.open()
    await adapter._browser.close()
    with pytest.raises(AdapterFailure) as raised:
        await sdk("greet")
    assert raised.value.kind == "crash"
    with pytest.raises(AdapterFailure):
        await sdk.open()
    await adapter.stop()
    await adapter.start()
    await sdk.open()
    assert await sdk.value("greet") == "hello"
    await adapter.stop()
