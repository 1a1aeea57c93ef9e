"""Webhooks: what is told, in the documented form, to a real HTTP server, with the documented retries."""

import asyncio
import base64
import contextlib
import json

import httpx
import pytest

from testcall_contract.loader import load
from testcall_contract.shapes import mismatch
from testcall_simulator import Simulator, SimulatorError, VirtualClock, WorldError, default_world
from testcall_simulator.simulate import _add_webhook
from testcall_simulator.webhooks import TRIGGERS
from testcall_simulator.world_file import load_world

CONTRACT = load("rest/webhooks")
SHAPES = {event.name: event.payload[0].shape for event in CONTRACT.events.values()}
TRANSCRIPT = {
    "sessionId": str,
    "tid": str,
    "transcriptDate": str,
    "transcript_url": str,
    "startTime": int,
    "endTime": int,
}
"""Of this message only the management API tells."""


class Receiver:
    """A web server on a socket of this machine. It answers with ``statuses`` in turn, then 200; ``got`` is (headers, body)."""

    def __init__(self, *statuses, headers=""):
        self.statuses, self.headers, self.got, self.bodies = list(statuses), headers, [], asyncio.Queue()
        self.hang = asyncio.Event()
        self.hang.set()

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                status = self.statuses.pop(0) if self.statuses else 200
                self.got.append((head, body))
                await self.hang.wait()
                writer.write(f"HTTP/1.1 {status} X\r\n{self.headers}Content-Length: 0\r\n\r\n".encode())
                await writer.drain()
                self.bodies.put_nowait(body)

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/hook?a=b"
        return self

    async def __aexit__(self, *exc_info):
        self.hang.set()
        self.server.close()

    @property
    def triggers(self):
        return [body["trigger"] for _, body in self.got]

    async def until(self, trigger):
        """All bodies up to the first of that trigger."""
        found = []
        async with asyncio.timeout(20):
            while not found or found[-1]["trigger"] != trigger:
                found.append(await self.bodies.get())
        return found


@contextlib.asynccontextmanager
async def told(*statuses, headers="", clock=None, **choices):
    async with Receiver(*statuses, headers=headers) as receiver, Simulator(clock=clock) as sim:
        sim.world.add_webhook("hook", receiver.url, **choices)
        yield sim, receiver


def keeps_the_contract(bodies):
    for body in bodies:
        if body["trigger"] == "transcription_generated":
            assert {name: type(value) for name, value in body["data"].items()} == TRANSCRIPT
            continue
        assert mismatch(SHAPES[body["trigger"]], body, CONTRACT.type_shapes) is None, body


async def test_a_session_is_told_from_its_start_to_its_end_in_the_documented_form_and_order():
    async with told() as (sim, receiver):
        alice, bob = await sim.join_peer("s", "alice"), await sim.join_peer("s", "bob")
        await sim.start_recording("s")
        await sim.start_transcription("s")
        await sim.speak("s", bob.nick, "good morning")
        await sim.stop_transcription("s")
        await sim.stop_recording("s")
        await bob.leave()
        await alice.leave()
        bodies = await receiver.until("meeting_ended")
    assert [body["trigger"] for body in bodies] == [
        "meeting_started",
        "meeting_participant_joined",
        "meeting_participant_joined",
        "transcription_generated",
        "recording_generated",
        "meeting_participant_left",
        "meeting_participant_left",
        "meeting_ended",
    ]
    keeps_the_contract(bodies)
    assert {(body["appId"], body["region"], body["webhook"]) for body in bodies} == {("testapp", "us", "hook")}
    assert [body["data"]["occupant"]["name"] for body in bodies[1:3]] == ["Alice", "Bob"]
    assert {one["name"] for one in bodies[-1]["data"]["all_occupants"]} == {"Alice", "Bob"}
    assert "POST /hook?a=b HTTP/1.1" in receiver.got[0][0]
    assert "content-type: application/json" in receiver.got[0][0].lower()


async def test_a_ringing_call_that_is_answered_is_told_as_a_call():
    async with told() as (sim, receiver):
        ring = await sim.ring("alice", "bob")
        await sim.set_ring(ring.session_id, "bob", "ongoing")
        alice, bob = await sim.join_peer(ring.session_id, "alice"), await sim.join_peer(ring.session_id, "bob")
        await alice.leave()
        await bob.leave()
        bodies = await receiver.until("call_ended")
    assert [body["trigger"] for body in bodies] == [
        "call_initiated",
        "call_started",
        "call_participant_joined",
        "call_participant_joined",
        "call_participant_left",
        "call_participant_left",
        "call_ended",
    ]
    keeps_the_contract(bodies)
    assert bodies[0]["data"]["call"]["data"]["entities"]["on"]["entity"]["sessionid"] == ring.session_id


@pytest.mark.parametrize(
    ("status", "who", "trigger", "sender", "receiver"),
    [
        ("rejected", "bob", "call_rejected", "bob", "alice"),
        ("busy", "bob", "call_busy", "bob", "alice"),
        ("cancelled", "alice", "call_cancelled", "alice", "bob"),
        ("unanswered", "alice", "call_unanswered", "alice", "bob"),
    ],
)
async def test_a_ringing_call_that_is_not_answered_is_told(status, who, trigger, sender, receiver):
    async with told() as (sim, server):
        ring = await sim.ring("alice", "bob")
        await sim.set_ring(ring.session_id, who, status)
        bodies = await server.until(trigger)
    keeps_the_contract(bodies)
    call = bodies[-1]["data"]["call"]
    assert [body["trigger"] for body in bodies] == ["call_initiated", trigger]
    assert (call["sender"], call["receiver"], call["data"]) == (sender, receiver, {"action": status})


async def test_of_a_group_neither_reject_nor_busy_is_told():
    async with told() as (sim, server):
        sim.world.add_group("team", ["alice", "bob"])
        ring = await sim.ring("alice", "team", receiver_type="group")
        await sim.set_ring(ring.session_id, "bob", "rejected")
        await sim.set_ring(ring.session_id, "alice", "cancelled")
        bodies = await server.until("call_cancelled")
    assert [body["trigger"] for body in bodies] == ["call_initiated", "call_cancelled"]


async def test_what_an_sdk_tells_of_itself_is_told_when_it_enters():
    config = {"is_video_muted": "false", "sdk_version": "4.2.6", "sdk": "react", "rubbish": "x"}
    async with told() as (sim, server):
        sim.world.enter("testapp", "s", "alice", device_id="d", config=config)
        bodies = await server.until("meeting_participant_joined")
    keeps_the_contract(bodies)
    assert bodies[-1]["data"]["initial_config"]["call_version"] == "4.2.6"
    assert "rubbish" not in bodies[-1]["data"]["initial_config"]


async def attempts(sim, count):
    """Wait until so many attempts are traced; their statuses, errors and the service's times."""
    found = []
    for _ in range(count):
        seen = found[-1].seq if found else 0
        found.append(await sim.trace.wait(lambda event: event.name == "webhook", timeout_s=20, after=seen))
    return found


async def test_a_server_that_fails_twice_is_told_after_10_and_30_seconds_and_nothing_overtakes():
    clock = VirtualClock()
    async with told(500, 503, retry=True, clock=clock) as (sim, server):
        sim.world.enter("testapp", "s", "alice", device_id="d")
        sim.world.leave("testapp", "s", "alice", device_id="d")
        await attempts(sim, 1)
        await clock.advance(9.9)
        assert server.triggers == ["meeting_started"]
        await clock.advance(0.1)
        await attempts(sim, 2)
        await clock.advance(29.9)
        assert server.triggers == ["meeting_started"] * 2
        await clock.advance(0.1)
        await sim.webhooks.idle()
    assert server.triggers == ["meeting_started"] * 3 + [
        "meeting_participant_joined",
        "meeting_participant_left",
        "meeting_ended",
    ]
    assert len({json.dumps(body) for _, body in server.got[:3]}) == 1


async def test_after_the_second_retry_a_message_is_given_up_and_the_next_one_is_tried():
    clock = VirtualClock()
    async with told(500, 404, 302, retry=True, clock=clock) as (sim, server):
        sim.world.enter("testapp", "s", "alice", device_id="d")
        for count, seconds in ((1, 10), (2, 30)):
            await attempts(sim, count)
            await clock.advance(seconds)
        await sim.webhooks.idle()
        events = [event.data for event in sim.trace if event.name == "webhook"]
    assert server.triggers == ["meeting_started"] * 3 + ["meeting_participant_joined"]
    assert [(data["attempt"], data["status"]) for data in events] == [(1, 500), (2, 404), (3, 302), (1, 200)]


async def test_without_retries_a_message_is_tried_once():
    async with told(500) as (sim, server):
        sim.world.enter("testapp", "s", "alice", device_id="d")
        await sim.webhooks.idle()
    assert server.triggers == ["meeting_started", "meeting_participant_joined"]


async def test_a_redirection_is_not_followed():
    async with Receiver() as elsewhere, told(307, headers=f"Location: {elsewhere.url}\r\n") as (sim, server):
        sim.world.enter("testapp", "s", "alice", device_id="d")
        await sim.webhooks.idle()
    assert elsewhere.got == []
    assert server.triggers[0] == "meeting_started"


async def test_no_proxy_of_the_environment_sees_a_message(monkeypatch):
    async with Receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with told() as (sim, server):
            sim.world.enter("testapp", "s", "alice", device_id="d")
            await sim.webhooks.idle()
    assert proxy.got == []
    assert len(server.got) == 2


async def test_a_server_that_is_silent_or_away_is_an_error_in_the_trace():
    async with told() as (sim, server):
        server.hang.clear()
        sim.world.add_webhook("away", "http://127.0.0.1:9/")
        sim.world.enter("testapp", "s", "alice", device_id="d")
        first = await sim.trace.wait(lambda e: e.name == "webhook" and e.data["webhook"] == "away", timeout_s=20)
        silent = await sim.trace.wait(lambda e: e.name == "webhook" and e.data["webhook"] == "hook", timeout_s=20)
    assert "error" in first.data
    assert "no answer within 2 s" in silent.data["error"]


async def test_basic_authentication_is_sent_and_hidden_from_the_trace():
    async with told(username="user", password="pass-of-the-user") as (sim, server):
        sim.world.enter("testapp", "s", "alice", device_id="d")
        await sim.webhooks.idle()
    expected = base64.b64encode(b"user:pass-of-the-user").decode()
    assert f"authorization: Basic {expected}".lower() in server.got[0][0].lower()
    assert "pass-of-the-user" not in str([event.data for event in sim.trace])


async def test_only_what_is_wanted_of_the_own_app_is_told():
    async with told(triggers=["meeting_ended"]) as (sim, server):
        sim.world.add_app("other")
        sim.world.add_user("zoe", app_id="other")
        sim.world.enter("other", "s", "zoe", device_id="d")
        sim.world.leave("other", "s", "zoe", device_id="d")
        sim.world.enter("testapp", "s", "alice", device_id="d")
        sim.world.leave("testapp", "s", "alice", device_id="d")
        bodies = await server.until("meeting_ended")
    assert [(body["trigger"], body["appId"]) for body in bodies] == [("meeting_ended", "testapp")]


def test_a_world_may_change_in_another_thread():
    world = default_world()
    with Simulator(world=world) as sim:

        async def receive():
            async with Receiver() as receiver:
                world.add_webhook("hook", receiver.url)
                await asyncio.to_thread(world.enter, "testapp", "s", "alice", device_id="d")
                return await receiver.until("meeting_participant_joined")

        assert len(sim.run(receive(), 20)) == 2


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://h/", "http or https"),
        ("http:///x", "http or https"),
        ("http://h:99999/", "no address"),
        ("http://h/ a", "space"),
    ],
)
def test_an_address_to_which_nothing_can_be_sent_is_refused(url, why):
    with pytest.raises(WorldError, match=why):
        default_world().add_webhook("hook", url)


def test_an_unknown_trigger_is_refused():
    with pytest.raises(WorldError, match="no trigger call_lost"):
        default_world().add_webhook("hook", "http://127.0.0.1/", triggers=["call_lost"])


# --- over the management API


@pytest.fixture
def sim():
    return Simulator()


@pytest.fixture
def management(sim):
    headers = {"key": sim.world.management_key, "secret": sim.world.management_secret, "X-Webhook-Version": "2"}
    with httpx.Client(
        transport=sim.transport(), base_url="https://apimgmt.cometchat.io/apps/testapp/", headers=headers
    ) as http:
        yield http


NEW = {
    "id": "w1",
    "name": "One",
    "webhookURL": "http://127.0.0.1:1/",
    "useBasicAuth": True,
    "username": "u",
    "password": "secret1",
}


def code(answer):
    return answer.json()["error"]["code"]


def test_a_webhook_is_made_shown_changed_and_deleted(sim, management):
    shape = CONTRACT.operations["rest_create_webhook"].delivers.success.value
    answer = management.post("webhooks", json=NEW).json()
    assert mismatch(shape, answer, CONTRACT.type_shapes) is None
    assert "secret1" not in str(answer)
    assert code(management.post("webhooks", json=NEW)) == "ERR_BAD_REQUEST"
    assert [one["id"] for one in management.get("webhooks", params={"searchKey": "ON"}).json()["data"]] == ["w1"]
    assert (
        management.put("webhooks/w1", json={"enabled": False, "retryOnFailure": True}).json()["data"]["enabled"]
        is False
    )
    changed = sim.world.webhooks.find("testapp", "w1")
    assert (changed.enabled, changed.retry, changed.username) == (False, True, "u")
    assert management.request("DELETE", "webhooks/w1").json()["data"]["success"]
    assert code(management.get("webhooks/w1")) == "ERR_WEBHOOK_NOT_FOUND"


def test_triggers_are_added_each_for_itself_and_taken_away(management):
    management.post("webhooks", json=NEW)
    answers = management.post("webhooks/w1/triggers", json={"triggerIds": ["call_started", "call_lost"]}).json()["data"]
    assert {name: answer["success"] for name, answer in answers.items()} == {"call_started": True, "call_lost": False}
    assert [one["id"] for one in management.get("webhooks/w1/triggers").json()["data"]] == ["call_started"]
    assert (
        code(management.request("DELETE", "webhooks/w1/triggers", json={"triggerIds": ["x"]}))
        == "ERR_TRIGGER_NOT_FOUND"
    )
    management.request("DELETE", "webhooks/w1/triggers", json={"triggerIds": ["call_started"]})
    assert management.get("webhooks/w1/triggers").json()["data"] == []


def test_a_webhook_of_the_older_kind_takes_no_triggers_of_calls(management):
    management.post("webhooks", json=NEW, headers={"X-Webhook-Version": ""})
    answers = management.post("webhooks/w1/triggers", json={"triggerIds": list(TRIGGERS)}).json()["data"]
    assert not any(answer["success"] for answer in answers.values())


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({"key": ""}, "AUTH_ERR_EMPTY_AUTH_HEADER"),
        ({"secret": ""}, "AUTH_ERR_EMPTY_AUTH_HEADER"),
        ({"key": "x"}, "AUTH_ERR_NO_ACCESS"),
    ],
)
def test_the_management_api_wants_key_and_secret(management, headers, refusal):
    assert code(management.get("webhooks", headers=headers)) == refusal


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhookURL": "nowhere"},
        {"id": "a b"},
        {"id": "x" * 51},
        {"webhookURL": "http://h/" + "x" * 250},
        {"enabled": 1},
    ],
)
def test_a_webhook_that_does_not_fit_is_refused(management, wrong):
    assert code(management.post("webhooks", json=NEW | wrong)) == "ERR_BAD_REQUEST"


def test_an_app_may_have_25(management):
    for number in range(25):
        assert management.post("webhooks", json=NEW | {"id": f"w{number}"}).status_code == 200
    assert code(management.post("webhooks", json=NEW | {"id": "w25"})) == "ERR_BAD_REQUEST"


# --- as a user gives them


def test_an_address_of_the_command_line_is_told_of_everything_in_every_app_with_retries():
    world = default_world()
    world.add_app("other")
    _add_webhook(world, "webhook-1", "http://us%40er:pass%3Aword@127.0.0.1:3000/hook?x=1")
    for app_id in ("testapp", "other"):
        (webhook,) = world.webhooks.of(app_id)
        assert (webhook.url, webhook.username, webhook.password) == (
            "http://127.0.0.1:3000/hook?x=1",
            "us@er",
            "pass:word",
        )
        assert (webhook.retry, webhook.triggers) == (True, frozenset(TRIGGERS))


@pytest.mark.parametrize("address", ["nowhere", "http://", "http://h:99999/", "http://[::1/"])
def test_an_address_of_the_command_line_that_is_none_is_refused_in_one_line(address):
    with pytest.raises(SimulatorError) as refused:
        _add_webhook(default_world(), "webhook-1", address)
    assert "\n" not in str(refused.value)


def test_a_world_file_has_webhooks(tmp_path):
    file = tmp_path / "world.yaml"
    file.write_text(
        "apps: [{app_id: shop, webhooks: [{url: 'http://127.0.0.1:1/', triggers: [meeting_ended], retry: false}]}]"
    )
    (webhook,) = load_world(file).webhooks.of("shop")
    assert (webhook.id, webhook.retry, webhook.triggers) == ("webhook", False, frozenset({"meeting_ended"}))
    file.write_text("apps: [{app_id: shop, webhooks: [{url: nowhere}]}]")
    with pytest.raises(WorldError, match="http or https"):
        load_world(file)
