"""The contract of calls/javascript-v4 has what the package has, and the reverse.

The published package is asked twice: a page with the unmodified build is reflected upon, and the type declarations beside it are
read. A name that the package has and the contract lacks is a gap. A name that the contract has and the package lacks is one that
some document promises: the contract has to carry it as a conflict, or say why it can't be tested.
"""

import copy

import pytest
import pytest_asyncio
from declarations import constant, literals, shape, strings
from surfaces import HOLDER, LISTENER, REFLECT, contracted, declared, private

from testcall_conformance.adapters.base import ConnectOptions
from testcall_conformance.adapters.browser_start import start_browser
from testcall_conformance.packages import resolve
from testcall_contract.loader import load

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LEFT_OUT = {}
"""Names that the package has and the contract lacks, each with the reason. There are none."""


@pytest.fixture(scope="module")
def contract():
    return load("calls/javascript-v4")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def package():
    return await resolve("npm:@cometchat/calls-sdk-javascript@4.2.6", ConnectOptions())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reflect(package):
    """A function that reflects upon a page with the build, after a script has changed it."""
    started = await start_browser(ConnectOptions())

    async def reflected(change=""):
        page = await started.browser.new_page()
        await page.add_script_tag(content=package.files[package.entry].decode("utf-8"))
        await page.evaluate(f"() => {{ {change} }}")
        found = await page.evaluate(REFLECT)
        await page.close()
        return set(found["names"]), found["values"]

    yield reflected
    await started.browser.close()
    await started.playwright.stop()


def gaps(contract, there, hidden):
    """What the package has and the contract lacks, and what the contract has and the package lacks without saying so."""
    names, disputed = contracted(contract)
    open_to_question = {name for name in names if name in disputed or f"{HOLDER}.{name.split('#')[0]}" in disputed}
    return there - names - hidden - set(LEFT_OUT), names - there - open_to_question


async def test_the_declarations_describe_the_build(package, reflect):
    """So that a name which the reader of declarations overlooks, or one that is declared only, is noticed."""
    names, everything = declared(package.files)
    there, _ = await reflect()
    assert names - there == set()
    assert there - names <= private(everything)
    assert len(names) > 150


async def test_the_contract_has_what_the_build_has_and_the_reverse(contract, package, reflect):
    there, _ = await reflect()
    assert gaps(contract, there, private(declared(package.files)[1])) == (set(), set())


async def test_the_contract_has_what_is_declared_and_the_reverse(contract, package):
    names, _ = declared(package.files)
    assert gaps(contract, names, set()) == (set(), set())


async def test_names_that_the_package_lacks_are_recorded(contract, reflect):
    there, _ = await reflect()
    names, disputed = contracted(contract)
    assert {f"{LISTENER}(onAudioModesUpdated)", "CometChatCalls.VirtualBackgroundBuilder"} <= names - there
    missing = [name for name in disputed if name not in there]
    assert {"CometChatCalls.AUDIO_MODE", "PresenterSettingsBuilder#setEventListener"} <= set(missing)
    known = {promise for ids in disputed.values() for promise in ids}
    assert all(promise.startswith("JS4-") for promise in known)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("CometChatCalls.reconnect = function () {}", "CometChatCalls.reconnect"),
        ("CometChatCalls.CallSettingsBuilder.prototype.setQuality = function () {}", "CallSettingsBuilder#setQuality"),
        ("CometChatCalls.CallSettings.POSITION_CENTRE = 'centre'", "CometChatCalls.CallSettings.POSITION_CENTRE"),
        ("const Old = CometChatCalls.OngoingCallListener;"
         "CometChatCalls.OngoingCallListener = class { constructor(it) { it.onUserWaved; return new Old(it); } }",
         "OngoingCallListener(onUserWaved)"),
    ],
    ids=["operation", "setting", "constant", "event"],
)  # fmt: skip
async def test_a_name_that_a_build_adds_is_noticed(change, name, contract, package, reflect):
    there, _ = await reflect(change)
    assert gaps(contract, there, private(declared(package.files)[1])) == ({name}, set())


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("delete CometChatCalls.switchCamera", "CometChatCalls.switchCamera"),
        ("delete CometChatCalls.CallSettingsBuilder.prototype.setMode", "CallSettingsBuilder#setMode"),
        ("delete CometChatCalls.MODE", "CometChatCalls.MODE"),
    ],
    ids=["operation", "setting", "constant"],
)
async def test_a_name_that_a_build_drops_is_noticed(change, name, contract, package, reflect):
    there, _ = await reflect(change)
    assert gaps(contract, there, private(declared(package.files)[1])) == (set(), {name})


@pytest.mark.parametrize(
    ("section", "key", "name"),
    [
        ("operations", "switch_camera", "CometChatCalls.switchCamera"),
        ("events", "call_ended", f"{LISTENER}(onCallEnded)"),
        ("constants", "mode", "CometChatCalls.MODE"),
    ],
)
async def test_a_name_that_the_contract_loses_or_invents_is_noticed(section, key, name, contract, package):
    names, _ = declared(package.files)
    items = dict(getattr(contract, section))
    item = items.pop(key)
    assert gaps(contract.model_copy(update={section: items}), names, set()) == ({name}, set())
    field = "path" if section == "constants" else "name"
    changed = copy.copy(items) | {key: item, "invented": item.model_copy(update={field: "CometChatCalls.invented"})}
    assert len(gaps(contract.model_copy(update={section: changed}), names, set())[1]) == 1


# --- beyond names ----------------------------------------------------------------------------------------------------


async def test_constants_have_the_values_of_the_build(contract, reflect):
    _, values = await reflect()
    assert {c.path: values.get(c.path) for c in contract.constants.values()} == {
        c.path: c.value for c in contract.constants.values()
    }


async def test_operations_take_what_is_declared(contract, package):
    _, everything = declared(package.files)
    for operation in contract.operations.values():
        member = everything[operation.on or HOLDER].member(operation.name)
        if member.parameters is None:  # typeof ListenerHandlers.addCallEventListener
            owner, _, name = member.type.removeprefix("typeof ").partition(".")
            member = everything[owner].member(name)
        told = [f"{p.name}{'?' if p.optional else ''}" for p in operation.parameters]
        assert told == [name for name, _ in member.parameters], operation.name


async def test_enums_have_the_declared_values(contract, package):
    _, everything = declared(package.files)
    seen = 0
    for settings in contract.settings.values():
        builder = everything[settings.builder.removeprefix(f"{HOLDER}.")]
        for setting in settings.members.values():
            parameters = builder.member(setting.setter).parameters if setting.setter else ()
            values = literals(parameters[0][1]) if parameters else []
            if values:
                seen += 1
                assert set(values) == set(setting.values), setting.name
    assert seen >= 4
    region = next(c for c in everything.values() if c.name == "_TRegion")
    assert set(literals(region.text)) == set(contract.settings["app_settings"].members["region"].values)


async def test_declared_payloads_have_the_declared_members(contract, package):
    _, everything = declared(package.files)
    data = everything["ICallEventsData"]
    events = {event.name for event in contract.events.values()}
    assert data.public() <= events
    found = {
        type_.source.partition("ICallEventsData.")[2]: type_.shape["object"]
        for type_ in contract.types.values()
        if (type_.source or "").startswith("types#ICallEventsData.")
    }
    assert found
    for name, members in found.items():
        assert _members(members) == _declared_members(shape(data.member(name).type)), name


def _members(members):
    return {name: _members(inner["object"]) if isinstance(inner, dict) else None for name, inner in members.items()}


def _declared_members(members):
    return {name: inner and _declared_members(inner) for name, inner in members.items()}


async def test_declared_codes_are_error_codes(contract, package):
    _, everything = declared(package.files)
    codes = strings(everything["GENERAL_ERROR"].text, "code")
    known = {error.code for error in contract.errors.values()}
    disputed = {a.args.get("code") for e in contract.errors.values() for c in e.conflicts for a in c.alternatives}
    assert len(codes) >= 7
    assert codes - known - disputed == set()
    assert constant(everything["REGION"].text)["us"] == "us"
