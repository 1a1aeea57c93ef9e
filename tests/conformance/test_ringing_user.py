"""Headless users who ring each other; and the guide's example, which has to run as it stands there."""

import re
from pathlib import Path

import pytest

from testcall import RingingUser, Simulator
from testcall_conformance.ringing_user import CallFailure

GUIDE = Path(__file__).parents[2] / "docs" / "ringing.md"


@pytest.mark.asyncio
async def test_the_guides_example_runs(capsys):
    (example,) = [
        code for code in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL) if "RingingUser" in code
    ]
    names: dict = {}
    exec(compile(example, str(GUIDE), "exec"), names)
    await names["bob_takes_every_call"]()
    assert capsys.readouterr().out == "1\n"


@pytest.mark.asyncio
async def test_calls_are_rejected_busy_and_cancelled():
    async with Simulator() as sim, RingingUser(sim, "alice") as alice, RingingUser(sim, "bob") as bob:
        for answer, status in ((bob.reject, "rejected"), (bob.busy, "busy")):
            call = await alice.ring("bob")
            await answer(await bob.incoming())
            assert (await alice.told("outgoing_call_rejected")).status == status
            assert (alice.active, call.metadata) == (None, None)
        call = await alice.ring("bob", metadata={"room": 7})
        assert (await bob.incoming()).metadata == {"room": 7}
        await alice.cancel(call)
        assert (await bob.told("incoming_call_cancelled")).session_id == call.session_id
        assert alice.active is None


@pytest.mark.asyncio
async def test_nobody_answers_a_short_call():
    async with Simulator() as sim, RingingUser(sim, "alice") as alice, RingingUser(sim, "bob") as bob:
        call = await alice.ring("bob", timeout_s=1)
        assert (await alice.told("outgoing_call_rejected")).status == "unanswered"
        assert (await bob.told("incoming_call_cancelled")).session_id == call.session_id


@pytest.mark.asyncio
async def test_a_group_is_rung_and_each_member_is_told():
    async with Simulator() as sim:
        sim.world.add_group("team", ["alice", "bob", "carol"])
        async with (
            RingingUser(sim, "alice") as alice,
            RingingUser(sim, "bob") as bob,
            RingingUser(sim, "carol") as carol,
        ):
            call = await alice.ring("team", group=True)
            assert {(await one.incoming()).session_id for one in (bob, carol)} == {call.session_id}
            await carol.reject(call)
            assert (await alice.told("outgoing_call_rejected")).by["uid"] == "carol"
            assert alice.active is not None, "the others are still rung"


@pytest.mark.asyncio
async def test_the_services_refusal_arrives_with_its_code():
    async with Simulator() as sim, RingingUser(sim, "alice") as alice:
        with pytest.raises(CallFailure) as refused:
            await alice.ring("alice")
        assert refused.value.server["code"] == "ERR_CALLING_SELF"
        with pytest.raises(TimeoutError, match=r"alice was not told incoming_call within 0\.05 s"):
            await alice.incoming(timeout_s=0.05)


@pytest.mark.asyncio
async def test_a_device_whose_socket_broke_comes_back(monkeypatch):
    monkeypatch.setattr("testcall_conformance.reference.client.ringing_socket.RETRY_S", 0.01)
    async with Simulator() as sim, RingingUser(sim, "bob") as bob:
        before = sim.trace.last_seq
        sim.ringing.drop("testapp", "bob")
        await sim.trace.wait(lambda e: e.name == "device_connected", what="bob again", timeout_s=10, after=before)
        ring = await sim.ring("alice", "bob")
        assert (await bob.incoming()).session_id == ring.session_id


def test_from_a_test_that_isnt_asynchronous():
    with Simulator() as sim:
        bob = sim.run(RingingUser(sim, "bob").connect())
        sim.run(sim.ring("alice", "bob"))
        call = sim.run(bob.incoming())
        sim.run(bob.accept(call))
        assert sim.world.find_call("testapp", call.session_id).status == "ongoing"
        sim.run(bob.close())
