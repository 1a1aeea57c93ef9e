"""Where documents disagree, every alternative can be chosen, and the reference SDK then follows it."""

import asyncio

import pytest
from invented_dialect import invented
from reference_world import GIVE_UP_S
from test_reference_dialect import Driver, function

from testcall_conformance.reference import ReferenceAdapter
from testcall_conformance.reference.alternatives import choose
from testcall_contract.loader import contract_names, load
from testcall_contract.promises import promises
from testcall_simulator.simulator import Simulator

CALLS = "CometChatCalls"
CONTAINER = {"$": "container", "id": "c", "state": "attached"}


@pytest.fixture
async def sim():
    async with Simulator() as made:
        yield made


@pytest.fixture
async def javascript_5(sim):
    made: list[ReferenceAdapter] = []

    async def make(**choices) -> Driver:
        adapter = ReferenceAdapter("calls/javascript-v5", {"media": "none", **choices})
        made.append(adapter)
        driver = await Driver(adapter, sim, 5, "a", clock="virtual").open()
        await driver(CALLS, "init", ({"appId": "testapp", "region": "us"},))
        await driver(CALLS, "login", ("alice", driver.world.auth_key))
        return driver

    yield make
    for adapter in made:
        await adapter.stop()


@pytest.mark.parametrize("name", [name for name in contract_names() if name.startswith(("calls/", "chat/"))])
def test_every_alternative_of_every_contract_can_be_chosen(name):
    contract = load(name)
    conflicts = [promise for promise in promises(contract) if promise.kind == "conflict"]
    for conflict in conflicts:
        for alternative in conflict.alternatives:
            chosen = choose(contract, {conflict.id: alternative.id})
            assert chosen.contract == name


def test_nothing_chosen_means_the_first():
    first, second = choose(invented(), {}), choose(invented(), {"X-C01": "throws"})
    ways = [contract.operations["join_session"].delivers.failure.how for contract in (first, second)]
    assert ways == ["error_callback", "threw"]


async def test_a_failed_join_resolves_or_rejects(javascript_5):
    ended = await (await javascript_5())(CALLS, "joinSession", ("rubbish", {}, CONTAINER))
    assert (ended.ended, ended.value["error"]["name"]) == ("resolved", "COMET_CHAT_API_ERROR")
    ended = await (await javascript_5(C01="rejects"))(CALLS, "joinSession", ("rubbish", {}, CONTAINER))
    assert (ended.ended, ended.error.own["name"]) == ("rejected", "COMET_CHAT_API_ERROR")


async def test_the_token_object_is_taken_or_not(javascript_5):
    for choices, good in (({}, False), ({"C17": "object_too"}, True)):
        driver = await javascript_5(**choices)
        token = (await driver(CALLS, "generateToken", ("room",))).value
        ended = await driver(CALLS, "joinSession", (token, {}, CONTAINER))
        assert (ended.value["error"] is None) is good
        await driver.adapter.stop()


async def test_the_default_of_the_idle_period_is_the_chosen_one(javascript_5):
    for choices, after_ms in (({}, 180_000), ({"C36": "120000"}, 120_000)):
        driver = await javascript_5(**choices)
        await driver(CALLS, "addEventListener", ("onSessionTimedOut", function("over")))
        token = (await driver(CALLS, "generateToken", ("room",))).value["token"]
        await driver(CALLS, "joinSession", (token, {}, CONTAINER))
        await driver.adapter.capability("a", "advance", {"ms": 60_000 + after_ms - 1})
        assert driver.called == []
        await driver.adapter.capability("a", "advance", {"ms": 1})
        async with asyncio.timeout(GIVE_UP_S):
            await driver.callback("over")
        await driver.adapter.stop()


async def test_without_devices_one_joins_without_media_or_not_at_all(javascript_5, sim):
    for choices, joined in (({}, True), ({"C43": "required"}, False)):
        driver = await javascript_5(**choices)
        driver.world = driver.world.model_copy(update={"devices": "denied"})
        await driver.open()
        await driver(CALLS, "init", ({"appId": "testapp", "region": "us"},))
        await driver(CALLS, "login", ("alice", driver.world.auth_key))
        token = (await driver(CALLS, "generateToken", ("room",))).value["token"]
        ended = await driver(CALLS, "joinSession", (token, {}, CONTAINER))
        assert (ended.value["error"] is None) is joined
        await driver(CALLS, "unmuteAudio")
        await driver.adapter.stop()
    assert not sim.trace.select(kind="wire", name="source_unmuted")
