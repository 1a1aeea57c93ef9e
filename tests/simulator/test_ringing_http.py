"""Ringing over the client API, in process: what is answered, what is refused, and what the call log shows of it."""

import httpx
import pytest

from testcall_simulator import Simulator
from testcall_simulator.clock import VirtualClock
from testcall_simulator.errors import WorldError
from testcall_simulator.ringing import RingRefusedError
from testcall_simulator.world_file import load_world

CLIENT = "https://testapp.apiclient-us.cometchat.io/v3.0"
CALLS = "https://testapp.call-us.cometchat.io/v3.0"


@pytest.fixture
def sim():
    return Simulator(clock=VirtualClock())


@pytest.fixture
def http(sim):
    with httpx.Client(transport=sim.transport()) as client:
        yield client


@pytest.fixture
def ask(sim, http):
    """A request of a user to the client API: the answer's ``data``, or the code of its refusal."""

    def ask(uid, method, path, body=None, *, app="testapp", headers=None):
        url = CLIENT.replace("testapp", app) + path
        mine = {"authToken": sim.world.user(uid, app).auth_token, "resource": f"{uid}-device", "appId": app}
        answer = http.request(method, url, headers=mine | (headers or {}), json=body).json()
        return answer["data"] if "data" in answer else answer["error"]["code"]

    return ask


def ring_body(receiver="bob", receiver_type="user", kind="video", **more):
    return {
        "type": kind,
        "receiverType": receiver_type,
        "category": "call",
        "status": "initiated",
        "receiver": receiver,
        **more,
    }


@pytest.fixture
def ring(ask):
    def ring(caller="alice", receiver="bob", receiver_type="user", **more):
        return ask(caller, "POST", "/calls", ring_body(receiver, receiver_type, **more))

    return ring


@pytest.fixture
def put(ask):
    def put(uid, session, status):
        return ask(uid, "PUT", f"/calls/{session}", {"status": status})

    return put


def session_of(message):
    return message["data"]["entities"]["on"]["entity"]["sessionid"]


def status_of(message):
    return message if isinstance(message, str) else message["data"]["entities"]["on"]["entity"]["status"]


def test_the_call_message_has_all_that_the_sdk_reads(sim, ring):
    message = ring(metadata={"k": "v"}, data={"metadata": {"k": "v"}})
    now = int(sim.clock.now())
    on, by, to = (message["data"]["entities"][name] for name in ("on", "by", "for"))
    assert message["category"] == "call"
    assert (message["type"], message["receiverType"], message["sender"], message["receiver"]) == (
        "video",
        "user",
        "alice",
        "bob",
    )
    assert (message["data"]["action"], message["data"]["resource"]) == ("initiated", "alice-device")
    assert (message["sentAt"], message["conversationId"]) == (now, "alice_user_bob")
    assert (by["entityType"], by["entity"]["uid"], to["entity"]["uid"], on["entityType"]) == (
        "user",
        "alice",
        "bob",
        "call",
    )
    call = on["entity"]
    assert call["sessionid"].startswith(f"v1.us.testapp.{now}")
    assert (call["status"], call["type"], call["initiatedAt"]) == ("initiated", "video", now)
    assert call["data"]["entities"]["sender"]["entity"]["uid"] == "alice"
    assert message["data"]["metadata"] == call["data"]["metadata"] == {"k": "v"}
    assert "joinedAt" not in call


def test_what_a_call_was_told_is_told_again_with_each_change(ring, put):
    session = session_of(ring(metadata={"k": "v"}))
    accepted = put("bob", session, "ongoing")
    assert (accepted["data"]["action"], status_of(accepted)) == ("ongoing", "ongoing")
    assert accepted["data"]["entities"]["by"]["entity"]["uid"] == "bob"
    assert accepted["data"]["entities"]["on"]["entity"]["data"]["entities"]["sender"]["entity"]["uid"] == "alice"
    assert accepted["data"]["metadata"] == {"k": "v"}
    assert accepted["data"]["entities"]["on"]["entity"]["joinedAt"] > 0


def test_each_session_and_message_has_an_id_of_its_own(ring, put):
    first, second = ring(), ring("carol", "dave")
    assert session_of(first) != session_of(second)
    assert len({first["id"], second["id"], put("bob", session_of(first), "ongoing")["id"]}) == 3


@pytest.mark.parametrize(
    ("by", "status", "in_log"),
    [
        ("bob", "rejected", "rejected"),
        ("bob", "busy", "busy"),
        ("alice", "cancelled", "canceled"),
        ("alice", "unanswered", "unanswered"),
    ],
)
def test_a_call_that_is_not_answered_is_over(sim, ring, put, by, status, in_log):
    session = session_of(ring())
    assert status_of(put(by, session, status)) == status
    assert put("bob", session, "ongoing") == "ERR_CALL_TERMINATED"
    call = sim.world.find_call("testapp", session)
    assert (call.status, call.mode, call.initiator, call.receiver) == (in_log, "call", "alice", "bob")


def test_an_answered_call_ends_once(sim, ring, put):
    session = session_of(ring())
    assert put("alice", session, "ended") == "ERR_CALL_NOT_STARTED"
    put("bob", session, "ongoing")
    assert sim.world.find_call("testapp", session).status == "ongoing"
    assert status_of(put("alice", session, "ended")) == "ended"
    assert put("bob", session, "ended") == "ERR_CALL_TERMINATED"
    assert sim.world.find_call("testapp", session).status == "ended"


def test_a_call_in_which_somebody_still_is_stays_in_the_log_until_the_last_exit(sim, ring, put):
    session = session_of(ring())
    put("bob", session, "ongoing")
    sim.world.enter("testapp", session, "bob", device_id="d")
    put("alice", session, "ended")
    assert sim.world.find_call("testapp", session).status == "ongoing"
    sim.world.leave("testapp", session, "bob", device_id="d")
    assert sim.world.find_call("testapp", session).status == "ended"


@pytest.mark.parametrize(
    ("receiver", "kind", "code"),
    [
        ("alice", "user", "ERR_CALLING_SELF"),
        ("ALICE", "user", "ERR_CALLING_SELF"),
        ("nobody", "user", "ERR_UID_NOT_FOUND"),
        ("", "user", "ERR_UID_NOT_FOUND"),
        ("bob", "group", "ERR_GUID_NOT_FOUND"),
        ("others", "group", "ERR_GROUP_NOT_JOINED"),
        ("bob", "room", "ERR_BAD_REQUEST"),
        (7, "user", "ERR_BAD_REQUEST"),
    ],
)
def test_who_cannot_be_rung_is_refused(sim, ring, receiver, kind, code):
    sim.world.add_group("others", ["bob", "carol"])
    assert ring("alice", receiver, kind) == code
    assert sim.world.calls_of() == []


@pytest.mark.parametrize("change", [{"type": "film"}, {"status": "ongoing"}, {"metadata": 5}, {"receiver": None}])
def test_a_body_that_does_not_fit_is_refused(ask, change):
    assert ask("alice", "POST", "/calls", ring_body() | change) == "ERR_BAD_REQUEST"


def test_whoever_is_blocked_or_blocks_does_not_ring(sim, ring):
    sim.world.ringing.block("testapp", "alice", "bob")
    assert ring("alice", "bob") == "ERR_BLOCKED_RECEIVER"
    assert ring("bob", "alice") == "ERR_BLOCKED_SENDER"
    sim.world.ringing.unblock("testapp", "alice", "bob")
    assert status_of(ring("alice", "bob")) == "initiated"


def test_who_is_in_a_call_rings_nobody_else_and_is_rung(sim, ring, put):
    put("bob", session_of(ring()), "ongoing")
    assert ring("alice", "carol") == ring("bob", "carol") == "ERR_CALL_BUSY_SELF"
    assert status_of(put("bob", session_of(ring("carol", "bob")), "busy")) == "busy"
    sim.world.configure(refuse_busy_receiver=True)
    assert ring("carol", "bob") == "ERR_CALL_BUSY_USER"


def test_a_call_that_all_have_left_keeps_nobody_busy(sim, ring, put):
    session = session_of(ring())
    put("bob", session, "ongoing")
    sim.world.enter("testapp", session, "alice")
    sim.world.leave("testapp", session, "alice")
    assert status_of(ring("alice", "carol")) == "initiated"
    assert status_of(put("bob", session, "ended")) == "ended"


def test_a_group_has_one_call_at_a_time(sim, ring, put):
    sim.world.add_group("team", ["alice", "bob", "carol"])
    session = session_of(ring("alice", "team", "group"))
    assert put("bob", session, "busy") == "ERR_CALL_GROUP_INVALID_STATUS"
    accepted = put("bob", session, "ongoing")
    assert accepted["data"]["entities"]["for"]["entity"]["guid"] == "team"
    assert accepted["conversationId"] == "group_team"
    assert ring("carol", "team", "group") == "ERR_CALL_BUSY_GROUP"


def test_strangers_and_other_apps_learn_nothing_of_a_call(sim, ring, put, ask, http):
    sim.world.add_app("other")
    sim.world.add_user("bob", app_id="other")
    session = session_of(ring())
    assert put("carol", session, "ongoing") == "ERR_CALL_NOT_A_PART"
    assert ask("bob", "PUT", f"/calls/{session}", {"status": "ongoing"}, app="other") == "ERR_CALL_SESSION_NOT_FOUND"
    assert ask("bob", "POST", "/calls", ring_body("alice"), app="other") == "ERR_UID_NOT_FOUND"
    token = {"authToken": sim.world.user("carol").auth_token}
    refused = http.post(f"{CALLS}/call_tokens", headers=token, json={"sessionId": session}).json()
    assert refused["error"]["code"] == "ERR_CALL_NOT_A_PART"
    assert status_of(put("bob", session, "ongoing")) == "ongoing"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/calls/none", {"status": "ongoing"}, "ERR_CALL_SESSION_NOT_FOUND"),
        ("/calls/undefined", {"status": "ended"}, "ERR_CALL_SESSION_NOT_FOUND"),
        ("/calls/", {"status": "ongoing"}, "ERR_EMPTY_CALL_SESSION_ID"),
        ("/calls/%20", {"status": "ongoing"}, "ERR_EMPTY_CALL_SESSION_ID"),
        ("/calls/none", {"status": "weird"}, "ERR_BAD_REQUEST"),
        ("/calls/none", {}, "ERR_BAD_REQUEST"),
        ("/calls/none", {"status": ["ended"]}, "ERR_BAD_REQUEST"),
    ],
)
def test_an_update_of_nothing_is_refused(ask, path, body, code):
    assert ask("bob", "PUT", path, body) == code


def test_without_a_login_nobody_rings(http):
    for method, path in (("POST", "/calls"), ("PUT", "/calls/s"), ("PUT", "/calls/"), ("GET", "/settings")):
        assert http.request(method, CLIENT + path, json={}).json()["error"]["code"] == "AUTH_ERR_EMPTY_AUTH_TOKEN"


@pytest.mark.parametrize(
    ("base", "admin", "client", "chat", "port"),
    [
        (
            "https://testapp.apiclient-us.cometchat.io/v3.0",
            "testapp.api-us.cometchat.io",
            "testapp.apiclient-us.cometchat.io",
            "testapp.websocket-us.cometchat.io",
            443,
        ),
        ("https://client.localhost:9/v3.0", "api.localhost:9", "client.localhost:9", "chat.localhost", 9),
        (
            "https://127.0.0.1:9/testapp/apiclient",
            "127.0.0.1:9/testapp/api",
            "127.0.0.1:9/testapp/apiclient",
            "127.0.0.1",
            9,
        ),
    ],
)
def test_a_login_tells_where_the_service_is_in_the_form_of_the_request(sim, http, base, admin, client, chat, port):
    mine = {"authToken": sim.world.user("alice").auth_token}
    told = http.put(f"{base}/me", headers=mine, json={"platform": "WEB"}).json()["data"]["settings"]
    assert http.get(f"{base}/settings", headers=mine).json()["data"] == told
    assert (told["ADMIN_API_HOST"], told["CLIENT_API_HOST"]) == (admin, client)
    assert (told["CHAT_HOST"], told["CHAT_WSS_PORT"], told["CHAT_API_VERSION"]) == (chat, port, "v3.0")


def test_the_sdks_reports_are_answered(sim, http):
    mine = {"authToken": sim.world.user("alice").auth_token}
    told = http.post(f"{CLIENT}/user_sessions", headers=mine, json={"sessionId": "abc", "data": {}}).json()["data"]
    assert told["sessionId"] == "abc"
    ping = http.post("https://metrics-us.cometchat.io/v1/ping", headers={"appId": "testapp"}, json={"uid": "alice"})
    assert ping.json()["data"]["success"] is True


def test_rooms_are_counted_by_either_of_their_names(sim, http):
    sim.world.enter("testapp", "daily", "alice")
    sizes = {
        room: http.get(f"https://xmpp.rtc-us.cometchat.io/room-size?domain=d&room={room}").json()["participants"]
        for room in ("daily", "Daily", "v1.us.testapp.daily", "v1.us.other.daily", "nightly")
    }
    assert sizes == {"daily": 1, "Daily": 1, "v1.us.testapp.daily": 1, "v1.us.other.daily": 0, "nightly": 0}


async def test_users_of_the_world_ring_by_themselves(sim):
    ring = await sim.ring("alice", "bob", type="audio")
    assert (await sim.set_ring(ring.session_id, "bob", "ongoing")).status == "ongoing"
    assert sim.world.find_call("testapp", ring.session_id).status == "ongoing"
    with pytest.raises(RingRefusedError, match="ERR_CALL_USER_ALREADY_JOINED"):
        await sim.set_ring(ring.session_id, "bob", "ongoing")


def test_a_restored_world_rings_as_before(sim, ring, put):
    session = session_of(ring())
    snapshot = sim.world.snapshot()
    put("bob", session, "rejected")
    sim.world.restore(snapshot)
    assert status_of(put("bob", session, "ongoing")) == "ongoing"


def test_the_same_seed_gives_the_same_session_ids():
    def first():
        return Simulator(clock=VirtualClock(), seed=5)

    one, two = first(), first()
    ids = []
    for sim in (one, two):
        with httpx.Client(transport=sim.transport()) as http:
            headers = {"authToken": sim.world.user("alice").auth_token}
            ids.append(session_of(http.post(f"{CLIENT}/calls", headers=headers, json=ring_body()).json()["data"]))
    assert ids[0] == ids[1]


async def test_the_control_api_rings_and_answers():
    async with Simulator() as sim, httpx.AsyncClient(headers={"x-testcall-token": sim.control_token}) as http:
        rung = (await http.post(f"{sim.addresses.control}rings", json={"caller": "alice", "receiver": "bob"})).json()
        url = f"{sim.addresses.control}rings/{rung['session']}"
        assert (await http.post(url, json={"uid": "bob", "status": "ongoing"})).json()["status"] == "ongoing"
        refused = await http.post(url, json={"uid": "carol", "status": "ended"})
        assert (refused.status_code, refused.json()["error"]) == (400, "ERR_CALL_NOT_A_PART")


def test_a_world_file_has_groups(tmp_path):
    file = tmp_path / "world.yaml"
    file.write_text(
        "apps: [{app_id: shop, users: [{uid: ann}, {uid: ben}], groups: [{guid: Team, members: [ann, ben]}]}]"
    )
    group = load_world(file).ringing.find_group("shop", "team")
    assert (group.name, group.owner, group.members) == ("Team", "ann", {"ann", "ben"})
    file.write_text("apps: [{app_id: shop, groups: [{guid: team, members: [nobody]}]}]")
    with pytest.raises(WorldError, match="nobody"):
        load_world(file)
