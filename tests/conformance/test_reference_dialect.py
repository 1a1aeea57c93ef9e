"""The reference SDK behind the adapter messages: an invented dialect from its contract alone, and the real JavaScript ones."""

from __future__ import annotations

import asyncio

import pytest
from invented_dialect import invented
from reference_world import GIVE_UP_S

from testcall_conformance.adapters.choose import connect
from testcall_conformance.errors import AdapterFailure, ConformanceError
from testcall_conformance.protocol import Addresses, Callback, Invoke, Late, Uncaught, WorldInfo
from testcall_conformance.reference import ReferenceAdapter
from testcall_conformance.smoke import is_usable, smoke
from testcall_simulator.simulator import Simulator


def function(name: str, does=None):
    return {"$": "function", "id": name} | ({"does": does} if does is not None else {})


class Driver:
    """One instance of an adapter at a simulator, and all that it told."""

    def __init__(self, adapter: ReferenceAdapter, sim: Simulator, major: int, name: str, **world: object) -> None:
        self.adapter = adapter
        self.sim = sim
        self.name = name
        self.messages: list[object] = []
        self._more = asyncio.Event()
        addresses = Addresses(**sim.addresses.for_sdk(major))
        users = sim.world
        self.world = WorldInfo(
            app_id=users.app.app_id,
            auth_key=users.auth_key,
            addresses=addresses,
            ca=str(sim.addresses.ca_path),
            **world,
        )

    async def open(self):
        previous = self.adapter.on_message

        def take(message):
            previous(message)
            if message.instance == self.name:
                self.messages.append(message)
                self._more.set()

        self.adapter.on_message = take
        await self.adapter.open(self.name, self.world)
        return self

    async def __call__(self, on: object, operation: str, arguments: object = (), **more: object):
        values = list(arguments) if isinstance(arguments, tuple) else arguments
        return await self.adapter.invoke(
            Invoke(instance=self.name, on=on, operation=operation, arguments=values, **more)
        )

    @property
    def called(self) -> list[str]:
        return [message.function for message in self.messages if isinstance(message, Callback)]

    async def callback(self, function: str) -> Callback:
        async with asyncio.timeout(GIVE_UP_S):
            while True:
                found = [item for item in self.messages if isinstance(item, Callback) and item.function == function]
                if found:
                    return found[0]
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def sim():
    async with Simulator() as made:
        yield made


@pytest.fixture
async def adapters(sim):
    made: list[ReferenceAdapter] = []

    def make(contract, **options):
        made.append(ReferenceAdapter(contract, {"media": "none", **options}))
        return made[-1]

    yield make
    for adapter in made:
        await adapter.stop()


# --- any dialect -----------------------------------------------------------------------------------------------------

SETTINGS = {"$": "builder", "class": "ValgBygger", "new": [], "calls": [], "build": True}


async def telefon(adapters, sim, name: str, uid: str | None = None, **options) -> Driver:
    world = {"clock": "virtual"} if options.pop("virtual", False) else {}
    driver = await Driver(adapters(invented(), **options), sim, 5, name, **world).open()
    setup = {"$": "new", "class": "Oppsett", "arguments": {"program": driver.world.app_id, "sted": "us"}}
    if uid is not None:
        assert (await driver("Telefon", "start", {"oppsett": setup})).ended == "success_callback"
        told = await driver("Telefon", "loggInn", {"hvem": uid, "noekkel": driver.world.auth_key})
        assert told.ended == "success_callback"
    return driver


async def inside(driver: Driver, settings=SETTINGS, room: str = "rom"):
    token = await driver("Telefon", "lagBillett", {"rom": room})
    return await driver("Telefon", "gaaInn", {"billett": token.value, "valg": settings})


async def test_its_description_is_the_contracts(adapters):
    description = await adapters(invented()).start()
    assert description.contract == "calls/invented-v9"
    assert "Telefon.loggInn" in description.operations
    assert "stille" in description.operations
    assert "nokonKom" in description.events


async def test_results_and_errors_come_in_the_dialects_way(adapters, sim):
    driver = await telefon(adapters, sim, "a")
    ended = await driver("Telefon", "loggInn", {"hvem": "alice"})
    assert (ended.ended, ended.error.type, ended.error.own["kode"]) == ("error_callback", "Ulykke", "IKKE_KLAR")
    assert (await driver("Telefon", "start", {"oppsett": {}})).error.own["kode"] == "FEIL_OPPSETT"
    for wrong in ({"program": 5, "sted": "us"}, {"sted": "us"}, {"program": "x", "sted": 7}):
        bad = {"$": "new", "class": "Oppsett", "arguments": wrong}
        assert (await driver("Telefon", "start", {"oppsett": bad})).error.own["kode"] == "FEIL_OPPSETT"
    driver = await telefon(adapters, sim, "b", "alice")
    ended = await driver("Telefon", "loggInn", {"hvem": " "})
    assert ended.error.own == {"kode": "HVEM", "melding": "Hvem er det"}
    ended = await driver("Telefon", "loggInn", {"hvem": "alice"})
    assert ended.value == {"UID": "alice", "name": "Alice"}
    assert (await driver("Telefon", "lagBillett", {"rom": ""})).error.own["kode"] == "HVOR"
    assert isinstance((await driver("Telefon", "lagBillett", {"rom": "her"})).value, str)


async def test_a_code_of_the_service_passes_through_where_a_clause_says_so(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice")
    ended = await driver("Telefon", "gaaInn", {"billett": "falsk", "valg": SETTINGS})
    assert ended.ended == "error_callback"
    assert ended.error.own["kode"] == "AUTH_ERR_TOKEN_INVALID_SIGNATURE"


async def test_the_session_is_an_object_with_its_own_operations(adapters, sim):
    alice, bob = await telefon(adapters, sim, "a", "alice"), await telefon(adapters, sim, "b", "bob")
    ears = {name: function(f"f:{name}") for name in ("nokonKom", "blestille", "ute")}
    await alice("Telefon", "lytt", {"merke": "en", "lytter": {"$": "new", "class": "Lytter", "arguments": [ears]}})
    session = (await inside(alice)).value
    assert session["$"] == "ref"
    await inside(bob)
    assert (await alice.callback("f:nokonKom")).arguments == [{"UID": "bob", "name": "Bob"}]
    await alice(session["id"], "stille", {})
    assert (await alice.callback("f:blestille")).name == "blestille"
    await sim.trace.wait(lambda event: event.name == "source_muted", what="mute", timeout_s=GIVE_UP_S)
    await alice(session["id"], "gaaUt", {})
    await alice.callback("f:ute")


async def test_settings_come_from_builders_and_are_judged_by_the_contract(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice")
    short = {**SETTINGS, "calls": [["ventetid", [69]]]}
    assert (await inside(driver, short)).error.own["kode"] == "FEIL_VALG"
    assert (await inside(driver, {**SETTINGS, "build": False})).error.own["kode"] == "FEIL_VALG"
    assert (await inside(driver, {"bareLyd": True})).error.own["kode"] == "FEIL_VALG"
    wrong = {**SETTINGS, "calls": [["bareLyd", ["ja"]]]}
    assert (await inside(driver, wrong)).error.own["kode"] == "FEIL_VALG"
    with pytest.raises(AdapterFailure, match="finnesIkke"):
        await inside(driver, {**SETTINGS, "calls": [["finnesIkke", [1]]]})
    quiet = {**SETTINGS, "calls": [["startStille", [True]], ["ventetid", [70]]]}
    assert (await inside(driver, quiet)).ended == "success_callback"
    assert not sim.trace.select(kind="wire", name="source_unmuted", where=lambda event: event.data["kind"] == "audio")


async def test_builders_and_settings_answer_for_themselves(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice")
    built = {**SETTINGS, "calls": [["bareLyd", [True]]], "id": "valg"}
    assert (await inside(driver, built)).ended == "success_callback"
    assert (await driver("valg", "erBareLyd")).value is True


async def test_idle_time_runs_on_the_clock_that_is_advanced(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice", virtual=True)
    ears = {name: function(f"f:{name}") for name in ("forLenge", "ute")}
    await driver("Telefon", "lytt", {"merke": "en", "lytter": ears})
    await inside(driver, {**SETTINGS, "calls": [["ventetid", [100]]]})
    await driver.adapter.capability("a", "advance", {"ms": 99_999})
    assert driver.called == []
    await driver.adapter.capability("a", "advance", {"ms": 1})
    await driver.callback("f:ute")
    assert driver.called == ["f:forLenge", "f:ute"]


async def test_controls_follow_the_settings(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice")
    look = {"role": "knapp", "name": "Slutt"}
    assert not (await driver.adapter.capability("a", "look", look))["visible"]
    await inside(driver, {**SETTINGS, "calls": [["visSlutt", [False]]]})
    assert (await driver.adapter.capability("a", "look", look))["count"] == 0
    with pytest.raises(AdapterFailure, match="no knapp 'Slutt'"):
        await driver.adapter.capability("a", "press", look)
    other = await telefon(adapters, sim, "b", "bob")
    await other(
        "Telefon", "lytt", {"merke": "en", "lytter": {"trykket": function("f:trykket"), "ute": function("f:ute")}}
    )
    await inside(other, room="annet")
    assert (await other.adapter.capability("b", "look", look))["visible"]
    await other.adapter.capability("b", "press", look)
    await other.callback("f:ute")
    assert other.called == ["f:trykket", "f:ute"]


async def test_a_listener_under_a_key_in_use_replaces_and_can_be_removed(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice")
    for name in ("gammel", "ny"):
        await driver("Telefon", "lytt", {"merke": "en", "lytter": {"ute": function(name)}})
    await driver("Telefon", "lytt", {"merke": "to", "lytter": {"ute": function("glemt")}})
    await driver("Telefon", "glem", {"merke": "to"})
    session = (await inside(driver)).value
    await driver(session["id"], "gaaUt", {})
    await driver.callback("ny")
    assert driver.called == ["ny"]


async def test_a_callback_that_throws_keeps_nobody_from_being_called(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice")
    await driver("Telefon", "lytt", {"merke": "en", "lytter": {"ute": function("kaster", "throws")}})
    again = [{"on": "Telefon", "operation": "lagBillett", "arguments": {"rom": "igjen"}}]
    await driver("Telefon", "lytt", {"merke": "to", "lytter": {"ute": function("handler", again)}})
    session = (await inside(driver)).value
    await driver(session["id"], "gaaUt", {})
    await driver.callback("handler")
    assert any(isinstance(message, Uncaught) for message in driver.messages)
    async with asyncio.timeout(GIVE_UP_S):
        while not any(isinstance(message, Late) for message in driver.messages):
            await asyncio.sleep(0)
            await driver.adapter.capability("a", "observe", {})
    late = next(message for message in driver.messages if isinstance(message, Late))
    assert (late.invoke, late.ended) == ("handler/1", "success_callback")


async def test_another_alternative_of_a_conflict_can_be_chosen(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice", C01="throws")
    ended = await driver("Telefon", "gaaInn", {"billett": "x", "valg": {}})
    assert (ended.ended, ended.error.own["kode"]) == ("threw", "FEIL_VALG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C99": "x"}, "has no conflict C99; it has X-C01"),
        ({"C01": "x"}, "X-C01 has no alternative 'x'; it has callback, throws"),
        ({"media": "loud"}, "real or none"),
    ],
)
def test_a_choice_that_is_none_is_told_in_one_line(options, message):
    with pytest.raises(ConformanceError, match=message):
        ReferenceAdapter(invented(), options)


async def test_what_the_contract_has_not_is_missing(adapters, sim):
    driver = await telefon(adapters, sim, "a", "alice")
    for on, operation in (("Telefon", "ring"), ("Radio", "start"), ("$call_session", "stille")):
        with pytest.raises(AdapterFailure) as caught:
            await driver(on, operation)
        assert caught.value.kind == "missing"
    with pytest.raises(AdapterFailure) as caught:
        await driver.adapter.invoke(Invoke(instance="nobody", on="Telefon", operation="start"))
    assert caught.value.kind == "refused"


# --- the JavaScript dialects -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("contract", ["calls/javascript-v4", "calls/javascript-v5"])
async def test_it_is_a_good_adapter(contract):
    adapter = await connect(f"reference:{contract}?media=none")
    findings = await smoke(adapter)
    assert is_usable(findings)
    assert [finding for finding in findings if finding.level != "ok"] == []


async def test_an_unknown_contract_is_told_in_one_line():
    with pytest.raises(ConformanceError, match="reference:calls/no-such: no contract 'calls/no-such'"):
        await connect("reference:calls/no-such")


async def test_javascript_5_from_init_to_leave(adapters, sim):
    adapter = adapters("calls/javascript-v5")
    js = await Driver(adapter, sim, 5, "a").open()
    calls = "CometChatCalls"
    ended = await js(calls, "init", ({"appId": "testapp", "region": "xx"},))
    assert (ended.ended, ended.value["success"], ended.value["error"]["name"]) == (
        "resolved",
        False,
        "VALIDATION_ERROR",
    )
    assert ended.value["error"]["message"].startswith("Invalid app settings: ")
    ended = await js(calls, "generateToken", ("room",))
    assert ended.error.own["errorCode"] == "ERROR_SDK_NOT_INITIALIZED"
    good = {"appId": "testapp", "region": "us"}
    assert (await js(calls, "init", (good,))).value == {"success": True, "error": None}
    assert (await js(calls, "login", ("al ice", "key"))).error.own["errorCode"] == "ERROR_UID_WITH_SPACE"
    assert (await js(calls, "login", ("alice",))).error.own["errorCode"] == "ERROR_API_KEY_NOT_FOUND"
    assert (await js(calls, "logout")).error.own["errorCode"] == "ERROR_NO_USER_LOGGED_IN"
    assert (await js(calls, "login", ("alice", js.world.auth_key))).value["uid"] == "alice"
    for event in ("onSessionJoined", "onSessionLeft", "onConnectionClosed"):
        await js(calls, "addEventListener", (event, function(event)))
    unsubscribe = await js(calls, "addEventListener", ("onSessionLeft", function("never")))
    await js(unsubscribe.value["id"], "()")
    token = (await js(calls, "generateToken", ("room",))).value["token"]
    container = {"$": "container", "id": "c", "state": "attached"}
    ended = await js(calls, "joinSession", ("rubbish", {}, container))
    assert (ended.ended, ended.value["error"]["name"]) == ("resolved", "COMET_CHAT_API_ERROR")
    ended = await js(calls, "joinSession", (token, {}, container))
    assert ended.value == {"data": {"$": "undefined"}, "error": None}
    await js(calls, "leaveSession")
    await js.callback("onConnectionClosed")
    assert js.called == ["onSessionJoined", "onSessionLeft", "onConnectionClosed"]


async def test_javascript_5_takes_calls_of_javascript_4(adapters, sim):
    js = await Driver(adapters("calls/javascript-v5"), sim, 5, "a").open()
    calls = "CometChatCalls"
    await js(calls, "init", ({"appId": "testapp", "region": "us"},))
    await js(calls, "login", ("alice", js.world.auth_key))
    token = (await js(calls, "generateToken", ("room",))).value["token"]
    listener = {
        "$": "new",
        "class": f"{calls}.OngoingCallListener",
        "arguments": [{"onUserListUpdated": function("list")}],
    }
    builder = [["startWithAudioMuted", [True]], ["setCallListener", [listener]]]
    settings = {"$": "builder", "class": f"{calls}.CallSettingsBuilder", "new": [], "calls": builder, "build": True}
    ended = await js(calls, "startSession", (token, settings, {"$": "container", "id": "c"}))
    assert ended.value["error"] is None
    assert not sim.trace.select(kind="wire", name="source_unmuted", where=lambda event: event.data["kind"] == "audio")


async def test_javascript_4_from_init_to_leave(adapters, sim):
    js = await Driver(adapters("calls/javascript-v4"), sim, 4, "a").open()
    calls = "CometChatCalls"
    ended = await js(calls, "init", ({"appId": "testapp"},))
    assert (ended.ended, ended.error.own["code"]) == ("rejected", "INVALID_CALL_APP_SETTINGS")
    setup = [["setAppId", ["testapp"]], ["setRegion", ["us"]]]
    builder = {"$": "builder", "class": f"{calls}.CallAppSettingsBuilder", "new": [], "calls": setup, "build": True}
    assert (await js(calls, "init", (builder,))).value == {"$": "undefined"}
    assert (await js(calls, "generateToken", ("room",))).error.own["code"] == "INVALID_ARGUMENT_EXCEPTION"
    ended = await js(calls, "generateToken", ("room", "unknown-token"))
    assert ended.error.own["code"] == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"
    auth = sim.world.issue_auth_token(sim.world.user("alice")).token
    token = (await js(calls, "generateToken", ("room", auth))).value["token"]
    heard = {name: function(f"s:{name}") for name in ("onUserListUpdated", "onCallEnded", "onError", "onUserJoined")}
    listener = {"$": "new", "class": f"{calls}.OngoingCallListener", "arguments": [heard]}
    settings = {
        "$": "builder",
        "class": f"{calls}.CallSettingsBuilder",
        "new": [],
        "calls": [["setCallListener", [listener]]],
        "build": True,
    }
    container = {"$": "container", "id": "c"}
    assert (await js(calls, "startSession", (token, {}, container))).error.own["code"] == "INVALID_CALL_SETTINGS"
    assert (await js(calls, "startSession", (token, settings, container))).value == {"$": "undefined"}
    peer = await sim.signalling.join_peer("room", "bob")
    assert (await js.callback("s:onUserJoined")).arguments == [{"name": "Bob", "avatar": "", "uid": "bob"}]
    await peer.leave()
    await js.callback("s:onCallEnded")
