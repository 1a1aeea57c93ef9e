"""The Chat SDK's socket: who may listen, who hears what, and what comes of frames that no SDK sends."""

import asyncio
import contextlib
import json
import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from testcall_simulator import Simulator
from testcall_simulator.chat_socket import ChatSockets, Decided, Deliver, Device, Hangup
from testcall_simulator.errors import SimulatorError
from testcall_simulator.faults import Fault
from testcall_simulator.ringing import Notice

LIMIT_S = 20


def auth(uid, jwt="good", device="d1", app="app"):
    return json.dumps({"appId": app, "deviceId": device, "type": "auth", "sender": uid, "body": {"auth": jwt}})


@pytest.fixture
def core():
    """Everybody of any app whose jwt is `good` is who they say."""
    return ChatSockets(lambda app_id, uid, jwt: app_id if jwt == "good" else None)


def joined(core, socket, uid, **about):
    core.opened(socket)
    return core.received(socket, auth(uid, **about))


def notice(*to, app="app"):
    return Notice(app, frozenset(to), "alice", "bob", "user", "d0", {"category": "call"})


def heard(core, told):
    return [effect.socket for effect in core.tell(told)]


def test_a_device_that_says_who_it_is_is_answered_as_the_sdk_wants_it(core):
    answer, decided = joined(core, "s1", "bob")
    assert isinstance(answer, Deliver)
    assert (answer.frame["type"], answer.frame["body"]) == ("auth", {"code": "200", "status": "OK"})
    assert decided == Decided("device_connected", Device("app", "bob", "d1"))
    assert core.received("s1", '{"action":"ping","ack":"true"}') == [Deliver("s1", {"action": "pong"})]


@pytest.mark.parametrize(
    "frame", [auth("bob", "bad"), auth("bob", None), auth(None), '{"type":"auth"}', '{"type":"auth","body":7}']
)
def test_a_device_that_is_not_who_it_says_hears_nothing(core, frame):
    core = ChatSockets(lambda app_id, uid, jwt: app_id if jwt == "good" and uid else None)
    core.opened("s1")
    answer, decided = core.received("s1", frame)
    assert answer.frame["body"]["code"] == "401"
    assert decided.name == "device_refused"
    assert heard(core, notice("bob", "")) == []


def test_all_devices_of_those_it_is_for_hear_a_notice_and_nobody_else(core):
    for socket, uid, device, app in (
        ("s1", "alice", "d0", "app"),
        ("s2", "bob", "d1", "app"),
        ("s3", "bob", "d2", "app"),
        ("s4", "bob", "d3", "other"),
        ("s5", "carol", "d4", "app"),
    ):
        joined(core, socket, uid, device=device, app=app)
    assert heard(core, notice("bob")) == ["s2", "s3"]
    assert heard(core, notice("bob", "carol")) == ["s2", "s3", "s5"]
    assert heard(core, notice("bob", app="other")) == ["s4"]
    frame = core.tell(notice("carol"))[0].frame
    assert (frame["type"], frame["deviceId"], frame["receiver"], frame["body"]) == (
        "message",
        "d0",
        "carol",
        {"category": "call"},
    )


def test_a_device_that_comes_back_does_not_hear_twice(core):
    joined(core, "s1", "bob")
    joined(core, "s2", "bob")
    assert heard(core, notice("bob")) == ["s2"]
    assert core.closed("s1") == []
    assert core.closed("s2") == [Decided("device_gone", Device("app", "bob", "d1"))]
    assert heard(core, notice("bob")) == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not JSON", 1008),
        ("[]", 1008),
        ("7", 1008),
        ("", 1008),
        (None, 1003),
        ("{}", 1008),
        ('{"action":"ping"}', 1008),
        ("x" * 262_145, 1009),
    ],
)
def test_what_comes_before_or_makes_no_sense_closes_the_socket(core, frame, code):
    core.opened("s1")
    assert core.received("s1", frame) == [Hangup("s1", code)]


def test_what_the_service_does_not_know_is_let_be(core):
    joined(core, "s1", "bob")
    assert core.received("s1", '{"type":"presence","body":{}}') == []


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.recursive(
                st.none() | st.text() | st.integers(),
                lambda x: (
                    st.lists(x) | st.dictionaries(st.sampled_from(["type", "action", "body", "auth", "sender", "x"]), x)
                ),
            ).map(json.dumps),
        )
    )
)
def test_no_frame_breaks_it_or_lets_anybody_listen(frames):
    core = ChatSockets(lambda app_id, uid, jwt: None)
    core.opened("s1")
    for frame in frames:
        for effect in core.received("s1", frame):
            assert isinstance(effect, (Deliver, Hangup, Decided))
    assert core.device_of("s1") is None


# -- over real sockets -------------------------------------------------------------------------------------------------


@pytest.fixture
async def sim():
    async with Simulator() as simulator:
        yield simulator


class Client:
    """A client of the socket, by a library of its own."""

    def __init__(self, ws):
        self.ws = ws

    async def send(self, frame):
        await self.ws.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    async def get(self):
        return json.loads(await asyncio.wait_for(self.ws.recv(), LIMIT_S))

    async def until_closed(self):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.wait_for(self.ws.recv(), LIMIT_S)
        return self.ws.close_code


@pytest.fixture
async def open_socket(sim):
    """Opens a socket; with ``uid``, logs in first and authenticates."""
    opened = []

    async def open_socket(uid=None, *, device="d1", app="testapp", tls=False):
        if tls:
            trust = ssl.create_default_context(cafile=sim.addresses.ca_path)
            ws = await connect(
                f"wss://127.0.0.1:{sim.addresses.tls_port}/", ssl=trust, server_hostname="chat.localhost"
            )
        else:
            ws = await connect(f"ws://127.0.0.1:{sim.addresses.port}/")
        opened.append(ws)
        client = Client(ws)
        if uid is not None:
            await client.send(auth(uid, sim.world.issue_user_jwt(sim.world.user(uid, app)), device, app))
            assert (await client.get())["body"]["code"] == "200"
        return client

    yield open_socket
    for ws in opened:
        await ws.close()


async def request(sim, uid, method, path, body, app="testapp", device="d0"):
    headers = {"authToken": sim.world.user(uid, app).auth_token, "resource": device}
    async with httpx.AsyncClient() as http:
        base = sim.addresses.plain_client_base(app_id=app)
        return (await http.request(method, base + path, headers=headers, json=body)).json()["data"]


RING = {"type": "audio", "receiverType": "user", "receiver": "bob"}


async def test_a_ringing_call_reaches_every_device_of_the_receiver(sim, open_socket):
    phone, tablet = await open_socket("bob", device="phone"), await open_socket("bob", device="tablet", tls=True)
    answer = await request(sim, "alice", "POST", "/calls", RING)
    for device in (phone, tablet):
        frame = await device.get()
        assert (frame["body"], frame["deviceId"]) == (answer, "d0")


async def test_the_answer_goes_to_the_caller_and_the_other_device_hears_nothing(sim, open_socket):
    alice, tablet = await open_socket("alice"), await open_socket("bob", device="tablet")
    session = (await request(sim, "alice", "POST", "/calls", RING))["data"]["entities"]["on"]["entity"]["sessionid"]
    assert (await tablet.get())["body"]["data"]["action"] == "initiated"
    await request(sim, "bob", "PUT", f"/calls/{session}", {"status": "ongoing"})
    assert (await alice.get())["body"]["data"]["action"] == "ongoing"
    await request(sim, "bob", "PUT", f"/calls/{session}", {"status": "ended"})
    assert (await alice.get())["body"]["data"]["action"] == "ended"
    await tablet.send({"action": "ping", "ack": "true"})
    assert await tablet.get() == {"action": "pong"}, "nothing came in between"


async def test_apps_do_not_hear_of_each_other(sim, open_socket):
    sim.world.add_app("other")
    for uid in ("alice", "bob"):
        sim.world.add_user(uid, app_id="other")
    here, there = await open_socket("bob"), await open_socket("bob", app="other")
    await request(sim, "alice", "POST", "/calls", RING, app="other")
    assert (await there.get())["appId"] == "other"
    await here.send({"action": "ping", "ack": "true"})
    assert await here.get() == {"action": "pong"}


async def test_a_token_of_another_user_or_app_or_none_opens_nothing(sim, open_socket):
    sim.world.add_app("other")
    sim.world.add_user("bob", app_id="other")
    world = sim.world
    call_token = world.issue_call_token(world.user("bob"), "s1")
    jwts = [
        world.issue_user_jwt(world.user("alice")),
        world.issue_user_jwt(world.user("bob", "other")),
        call_token,
        "x.y.z",
        "",
    ]
    client = await open_socket()
    for jwt in jwts:
        await client.send(auth("bob", jwt, app="testapp"))
        assert (await client.get())["body"]["code"] == "401", jwt
    await request(sim, "alice", "POST", "/calls", RING)
    await client.send("{}")
    assert await client.until_closed() == 1008


async def test_a_deactivated_user_may_not_listen(sim, open_socket):
    jwt = sim.world.issue_user_jwt(sim.world.user("dave"))
    sim.world.change_user("dave", active=False)
    client = await open_socket()
    await client.send(auth("dave", jwt, app="testapp"))
    assert (await client.get())["body"]["code"] == "401"


@pytest.mark.parametrize(("frame", "code"), [(b"\x00", 1003), ("rubbish", 1008), ("x" * 262_145, 1009)])
async def test_rubbish_closes_the_socket(open_socket, frame, code):
    client = await open_socket("bob")
    await client.send(frame)
    assert await client.until_closed() == code


async def test_all_of_it_is_traced_and_no_secret_is(sim, open_socket):
    await request(sim, "bob", "PUT", "/me", {"platform": "WEB"})
    bob = await open_socket("bob")
    answer = await request(sim, "alice", "POST", "/calls", RING)
    await bob.get()
    session = answer["data"]["entities"]["on"]["entity"]["sessionid"]
    said = [event for event in sim.trace if event.data.get("channel") == "chat"]
    assert [(event.name, event.data["direction"]) for event in said] == [
        ("auth", "in"),
        ("auth", "out"),
        ("message", "out"),
    ]
    assert (said[-1].data["uid"], said[-1].data["session"]) == ("bob", session)
    assert [event.data["status"] for event in sim.trace.select(name="call_status")] == ["initiated"]
    everything = repr([event.data for event in sim.trace])
    assert sim.world.user("bob").auth_token not in everything
    assert "eyJ" not in everything


async def test_a_device_can_be_cut_off_and_comes_back(sim, open_socket):
    bob = await open_socket("bob")
    sim.ringing.drop("testapp", "bob")
    assert await bob.until_closed() == 1006
    await sim.trace.wait(lambda event: event.name == "device_gone", what="device_gone", timeout_s=LIMIT_S)
    with pytest.raises(SimulatorError, match="no connected device"):
        sim.ringing.drop("testapp", "bob")
    back = await open_socket("bob")
    await sim.ring("alice", "bob")
    assert (await back.get())["body"]["data"]["action"] == "initiated"


async def test_faults_strike_its_frames(sim, open_socket):
    bob = await open_socket("bob")
    sim.faults.add(Fault("chat", "drop", name="pong", direction="out"))
    sim.faults.add(Fault("chat", "duplicate", name="message", uid="bob"))
    await bob.send({"action": "ping", "ack": "true"})
    await sim.ring("alice", "bob")
    frames = [await bob.get(), await bob.get()]
    assert frames[0] == frames[1]
    assert frames[0]["type"] == "message"
    with pytest.raises(SimulatorError, match="no fault 'error'"):
        Fault("chat", "error")


async def test_stopping_closes_its_sockets():
    async with Simulator() as sim:
        client = Client(await connect(f"ws://127.0.0.1:{sim.addresses.port}/"))
        await client.send(auth("bob", sim.world.issue_user_jwt(sim.world.user("bob")), app="testapp"))
        await client.get()
    assert await client.until_closed() == 1001


def test_a_simulator_in_its_own_thread_rings_too():
    with Simulator() as sim:

        async def listen():
            async with connect(f"ws://127.0.0.1:{sim.addresses.port}/") as ws:
                client = Client(ws)
                await client.send(auth("bob", sim.world.issue_user_jwt(sim.world.user("bob")), app="testapp"))
                await client.get()
                async with httpx.AsyncClient(transport=sim.transport()) as http:
                    headers = {"authToken": sim.world.user("alice").auth_token}
                    await http.post("https://testapp.apiclient-us.cometchat.io/v3.0/calls", headers=headers, json=RING)
                return await client.get()

        assert asyncio.run(listen())["body"]["receiver"] == "bob"
