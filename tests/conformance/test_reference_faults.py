"""What the calling client does when the service misbehaves: every failure is one condition and one clear sentence."""

import pytest
from reference_world import calling

from testcall_conformance.reference.client import stream
from testcall_conformance.reference.client.client import CallClient
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.model import JoinOptions
from testcall_simulator.faults import Fault


@pytest.fixture(params=["v4", "v5"])
async def call(request):
    async with calling(request.param) as made:
        yield made


async def fails(awaitable, *conditions: str) -> CallFailure:
    with pytest.raises(CallFailure) as caught:
        await awaitable
    assert caught.value.condition in conditions, caught.value
    assert caught.value.message
    assert "\n" not in caught.value.message
    return caught.value


async def join_with(call, fault: Fault, *conditions: str) -> CallFailure:
    device = await call.device("alice")
    token = await call.token(device)
    call.sim.faults.add(fault)
    failure = await fails(device.client.join(token, JoinOptions(media=False)), *conditions)
    assert device.client.state == "initialized"
    call.sim.faults.clear()
    await device.client.join(await call.token(device), JoinOptions(media=False))
    assert device.client.in_session
    return failure


@pytest.mark.parametrize(
    ("fault", "conditions"),
    [
        (Fault("http", "drop", "verify_call_token"), ("network_failure",)),
        (Fault("http", "corrupt", "verify_call_token"), ("bad_response", "network_failure")),
        (Fault("http", "error", "verify_call_token", code="ERR_SOMETHING"), ("api_error",)),
    ],
)
async def test_a_token_that_can_not_be_redeemed(call, fault, conditions):
    await join_with(call, fault, *conditions)


@pytest.mark.parametrize("name", ["open", "auth", "success", "features"])
async def test_a_login_that_is_cut_off(call, name):
    fault = Fault("xmpp", "close", name)
    await join_with(call, fault, "connection_lost", "connection_failed", "no_answer")


async def test_a_conference_request_that_arrives_broken(call):
    fault = Fault("xmpp", "corrupt", "iq", contains="protocol/focus")
    await join_with(call, fault, "connection_lost", "bad_response", "server_error", "no_answer", "connection_failed")


async def test_a_conference_request_that_a_break_delays(call):
    device = await call.device("alice")
    call.sim.faults.add(Fault("xmpp", "close", "iq", contains="protocol/focus"))
    await device.client.join(await call.token(device), JoinOptions(media=False))
    await call.service_saw("socket_resumed")
    assert device.client.in_session


async def test_a_conference_that_is_refused(call):
    fault = Fault("xmpp", "error", "iq", contains="protocol/focus", code="not-allowed")
    failure = await join_with(call, fault, "server_error")
    assert "not-allowed" in failure.message


async def test_a_room_that_is_full(call):
    call.sim.signalling.core.configure(max_participants=1)
    await call.joined("alice")
    bob = await call.device("bob")
    failure = await fails(bob.client.join(await call.token(bob), JoinOptions(media=False)), "connection_failed")
    assert failure.message == "the room refuses the join: service-unavailable"
    assert bob.names[-1] == "connection_failed"
    assert not bob.client.in_session


async def test_a_service_that_ends_while_we_are_in_it(call, monkeypatch):
    monkeypatch.setattr(stream, "RESUME_AFTER_S", (0.0, 0.01))
    alice = await call.joined("alice")
    await call.sim.__aexit__(None, None, None)
    await alice.told("connection_closed")
    assert alice.names[-3:] == ["connection_lost", "session_left", "connection_closed"]
    assert not alice.client.in_session


async def test_leaving_while_the_connection_is_gone_ends_at_once(call):
    alice = await call.joined("alice")
    alice.client.session.drop()
    await alice.client.leave()
    assert alice.names[-1] == "connection_closed"
    assert alice.names.count("session_left") == 1


async def test_a_duplicated_presence_is_told_once(call):
    alice = await call.joined("alice")
    call.sim.faults.add(Fault("xmpp", "duplicate", "presence", direction="out", uid="alice", times=None))
    bob = await call.joined("bob")
    await alice.told("participant_joined")
    await bob.client.leave()
    await alice.told("participant_left")
    assert alice.names.count("participant_joined") == 1


async def test_whoever_asks_before_anything_is_told_so():
    client = CallClient("v5")
    await fails(client.logout(), "no_user_logged_in")
    assert client.readings() == []
    await client.leave()
