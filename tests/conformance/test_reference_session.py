"""The calling client against the simulator, signalling only: both wires, two devices in one session."""

import pytest
from reference_world import auth_token, calling, service_of

from testcall_conformance.reference.client.client import CallClient
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.model import JoinOptions, Service


@pytest.fixture(params=["v4", "v5"])
async def call(request):
    async with calling(request.param) as made:
        yield made


async def test_the_service_sees_the_user_of_the_token(call):
    alice = await call.joined("alice")
    joined = await call.service_saw("occupant_joined", uid="alice")
    assert joined.data["occupant"] == alice.client.session.me.nick
    assert alice.names[-2:] == ["session_joined", "participant_list_changed"]
    assert alice.client.state == "in_session"


async def test_two_see_each_other_come_and_go(call):
    alice = await call.joined("alice")
    bob = await call.joined("bob")
    came = await alice.told("participant_joined")
    assert (came.data["participant"].uid, came.data["participant"].name) == ("bob", "Bob")
    listed = await bob.told("participant_list_changed")
    assert {who.uid for who in listed.data["participants"]} == {"alice", "bob"}
    await bob.client.leave()
    assert (await alice.told("participant_left")).data["participant"].uid == "bob"
    await alice.told("call_ended")
    assert alice.names[-3:] == ["participant_left", "participant_list_changed", "call_ended"]
    assert bob.names[-3:] == ["session_left", "call_ended", "connection_closed"]
    assert (await call.service_saw("occupant_left", uid="bob")).data["reason"] == "left"
    await call.service_saw("socket_closed", uid="bob")
    assert bob.client.state == "initialized"


async def test_a_call_of_three_does_not_end_when_one_leaves(call):
    alice, bob, carol = [await call.joined(uid) for uid in ("alice", "bob", "carol")]
    await carol.client.leave()
    await alice.told("participant_left")
    await bob.told("participant_left")
    assert "call_ended" not in alice.names + bob.names + carol.names


async def test_mutes_are_seen_on_the_wire_and_by_the_others(call):
    alice, bob = await call.joined("alice"), await call.joined("bob")
    await alice.told("participant_joined")
    alice.client.session.mute(True)
    alice.client.session.pause(True)
    await call.service_saw("source_muted", uid="alice", kind="audio")
    await call.service_saw("source_muted", uid="alice", kind="video")
    assert (await bob.told("participant_audio_muted")).data["participant"].uid == "alice"
    await bob.told("participant_video_paused")
    assert "audio_muted" in alice.names
    alice.client.session.mute(False)
    await bob.told("participant_audio_unmuted")
    assert alice.names.count("audio_unmuted") == 1


async def test_muting_twice_is_muting_once(call):
    alice = await call.joined("alice")
    alice.client.session.mute(True)
    alice.client.session.mute(True)
    await call.service_saw("source_muted", uid="alice", kind="audio")
    assert alice.names.count("audio_muted") == 1


async def test_joining_muted_is_seen_from_the_first_presence(call):
    await call.joined("alice", start_audio_muted=True, start_video_paused=True)
    await call.service_saw("occupant_joined", uid="alice")
    assert call.service_events("source_unmuted", uid="alice") == []


async def test_kicked(call):
    alice, bob = await call.joined("alice"), await call.joined("bob")
    await call.sim.signalling.kick("room-1", alice.client.session.me.nick)
    await alice.told("connection_closed")
    await bob.told("participant_left")
    assert not alice.client.in_session
    assert "session_left" in alice.names


async def test_ended_by_the_service(call):
    alice, bob = await call.joined("alice"), await call.joined("bob")
    await call.sim.signalling.end_session("room-1")
    await alice.told("connection_closed")
    await bob.told("connection_closed")


async def test_ended_for_all_by_one(call):
    alice, bob = await call.joined("alice"), await call.joined("bob")
    await alice.client.session.end_for_all()
    await alice.told("connection_closed")
    await bob.told("connection_closed")


async def test_a_lost_connection_is_resumed_and_nothing_is_lost(call):
    alice, bob = await call.joined("alice"), await call.joined("bob")
    alice.client.session.drop()
    await alice.told("connection_lost")
    alice.client.session.mute(True)  # sent while there is no connection
    carol = await call.joined("carol")
    await alice.told("connection_restored")
    await bob.told("participant_audio_muted")
    assert [event.data["participant"].uid for event in alice.events if event.name == "participant_joined"] == [
        "bob",
        "carol",
    ]
    await call.service_saw("socket_resumed", uid="alice")
    assert call.service_events("occupant_left") == []
    await carol.client.leave()
    assert "connection_closed" not in alice.names


async def test_a_connection_that_the_service_will_not_resume_ends_the_session(call):
    call.sim.signalling.core.configure(stream_management=False)
    alice, bob = await call.joined("alice"), await call.joined("bob")
    alice.client.session.drop()
    await alice.told("connection_closed")
    assert alice.names[-3:] == ["connection_lost", "session_left", "connection_closed"]
    assert not alice.client.in_session
    await bob.told("participant_left")


async def test_alone_too_long(call):
    device = await call.device("alice", virtual_clock=True)
    options = JoinOptions(media=False, idle_before_prompt_ms=60_000, idle_after_prompt_ms=60_000)
    await device.client.join(await call.token(device), options)
    bob = await call.joined("bob")
    await device.told("participant_joined")
    device.client.timers.advance(1_000_000)
    await bob.client.leave()
    await device.told("participant_left")
    device.client.timers.advance(119_999)
    assert device.client.session.prompted
    assert "session_timed_out" not in device.names
    device.client.timers.advance(1)
    await device.told("connection_closed")
    assert "session_timed_out" in device.names
    await call.service_saw("occupant_left", uid="alice")


async def test_leave_and_join_again(call):
    alice = await call.joined("alice")
    await alice.client.leave()
    await alice.client.leave()
    await alice.client.join(await call.token(alice, "room-2"), JoinOptions(media=False))
    await call.service_saw("occupant_joined", uid="alice", session="room-2")
    assert alice.names.count("session_left") == 1


async def test_recording_is_told_by_the_services_word(call):
    alice, bob = await call.joined("alice"), await call.joined("bob")
    alice.client.session.record(True)
    for device in (alice, bob):
        assert (await device.told("recording_started")).data["user"]["uid"] == "alice"
    alice.client.session.record(False)
    for device in (alice, bob):
        await device.told("recording_stopped")


# --- refusals: one clear message each --------------------------------------------------------------------------------


async def refused(condition: str, awaitable) -> CallFailure:
    with pytest.raises(CallFailure) as caught:
        await awaitable
    assert caught.value.condition == condition
    assert "\n" not in caught.value.message
    return caught.value


async def test_nothing_works_before_initialising(call):
    client = CallClient(call.wire)
    assert client.state == "not_initialized"
    await refused("sdk_not_initialized", client.generate_token("s", "t"))
    await refused("sdk_not_initialized", client.join("t", JoinOptions()))
    await refused("sdk_not_initialized", client.login("alice", "key"))


async def test_an_unknown_auth_token_is_refused_with_the_services_code(call):
    device = await call.device("alice")
    failure = await refused("api_error", device.client.generate_token("room-1", "no-such-token"))
    assert failure.server["code"] == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"


async def test_a_refused_call_token_keeps_the_services_code(call):
    device = await call.device("alice")
    failure = await refused("api_error", device.client.join("garbage", JoinOptions(media=False)))
    assert failure.server["code"]
    assert device.client.state == "initialized"
    assert call.service_events("socket_opened") == []


async def test_one_session_at_a_time(call):
    alice = await call.joined("alice")
    await refused("session_active", alice.client.join(await call.token(alice), JoinOptions(media=False)))
    assert alice.client.in_session


async def test_a_service_that_is_not_there(call):
    client = CallClient(call.wire)
    await client.initialize(Service("app", "us", "http://127.0.0.1:1/v3.0/"))
    failure = await refused("network_failure", client.generate_token("s", "some-token"))
    assert "127.0.0.1:1" in failure.message
    await client.close()


async def test_logins():
    async with calling("v5") as call:
        device = await call.device("alice")
        assert device.client.user.name == "Alice"
        assert "login_succeeded" in device.names
        await device.client.login_with_token(auth_token(call.sim, "bob"))
        assert device.client.user.uid == "bob"
        await device.client.logout()
        assert device.client.user is None
        await refused("no_user_logged_in", device.client.logout())
        failure = await refused("api_error", device.client.login("nobody", call.sim.world.auth_key))
        assert failure.server["code"]
        assert device.names[-1] == "login_failed"
        await refused("not_logged_in", device.client.generate_token("room-1"))


async def test_presenter_mode_needs_the_application():
    async with calling("v4") as call:
        call.sim.world.configure(None, presenter_mode=False)
        device = await call.device("alice")
        token = await call.token(device)
        await refused("presenter_mode_disabled", device.client.join(token, JoinOptions(media=False, presenter=True)))


async def test_initialising_again_replaces_the_service(call):
    device = await call.device("alice")
    await device.client.initialize(service_of(call.sim, call.wire))
    assert await call.token(device)
