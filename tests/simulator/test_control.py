"""The control API: who is let in, and what it tells and does."""

import httpx
import pytest

from testcall_simulator import Simulator, VirtualClock


@pytest.fixture
async def sim():
    async with Simulator(clock=VirtualClock()) as running:
        yield running


@pytest.fixture
async def control(sim):
    headers = {"x-testcall-token": sim.control_token}
    async with httpx.AsyncClient(base_url=sim.addresses.control, headers=headers) as client:
        yield client


SECRETS = ["world", "sessions", "trace", "trace.jsonl", "trace.har", "faults", "clock"]


@pytest.mark.parametrize("path", SECRETS)
async def test_without_its_token_it_tells_nothing(sim, control, path):
    assert (await control.get(path)).status_code == 200
    for token in ("", "x", sim.control_token[:-1]):
        answer = await control.get(path, headers={"x-testcall-token": token})
        assert answer.status_code == 403
        assert "token" in answer.json()["error"]


async def test_a_page_of_another_origin_is_refused(sim, control):
    for origin in (
        "https://evil.example",
        "null",
        sim.addresses.https,
        f"https://app.localhost:{sim.addresses.tls_port}",
    ):
        assert (await control.get("world", headers={"origin": origin})).status_code == 403
    assert (await control.get("world", headers={"origin": sim.addresses.http})).status_code == 200


async def test_a_name_that_somebody_points_at_this_machine_is_refused(control):
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example"):
        assert (await control.get("world", headers={"host": host})).status_code == 403
    for host in ("localhost:1", "calls.localhost", "[::1]:80"):
        assert (await control.get("world", headers={"host": host})).status_code == 200


async def test_another_machine_is_refused(sim):
    """Shown at the application, for a test has only this machine."""
    from testcall_simulator.control import Control

    transport = httpx.ASGITransport(app=Control(sim).app, client=("192.168.1.7", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.get("/_testcall/health", headers={"x-testcall-token": sim.control_token})
    assert answer.status_code == 403


async def test_no_other_origin_may_read_it_by_cors(control):
    answer = await control.get("health")
    assert "access-control-allow-origin" not in answer.headers


async def test_health_assumptions_and_page_need_no_token(sim):
    async with httpx.AsyncClient(base_url=sim.addresses.control) as http:
        assert (await http.get("health")).json() == {"status": "ok"}
        assert {"id", "text", "shows"} == set((await http.get("assumptions")).json()[0])
        page = await http.get("")
    assert page.headers["content-type"].startswith("text/html")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert sim.control_token not in page.text
    assert sim.world.auth_key not in page.text


async def test_it_shows_the_world(sim, control):
    (app,) = (await control.get("world")).json()["apps"]
    assert (app["app_id"], app["auth_key"]) == ("testapp", sim.world.auth_key)
    assert [user["uid"] for user in app["users"]] == ["alice", "bob", "carol", "dave"]


async def test_it_changes_and_restores_the_world(sim, control):
    snapshot = (await control.post("world/snapshots")).json()["id"]
    assert (await control.post("world/users", json={"uid": "erin", "name": "Erin"})).json()["uid"] == "erin"
    assert (await control.patch("world/apps/testapp", json={"p2p": True})).json()["settings"]["p2p"] is True
    assert (await control.post(f"world/snapshots/{snapshot}/restore")).status_code == 200
    assert "erin" not in sim.world.users
    assert sim.world.app.settings.p2p is False


async def test_it_shows_who_is_in_a_session(sim, control):
    sim.world.enter("testapp", "daily", "alice")
    (session,) = (await control.get("sessions")).json()
    assert (session["sessionId"], session["participants"][0]["uid"]) == ("daily", "alice")


async def test_it_shows_the_trace_in_three_forms(sim, control):
    async with httpx.AsyncClient() as http:
        headers = {"authToken": sim.world.user("alice").auth_token}
        await http.post(sim.addresses.plain_calls_base() + "/call_tokens?x=1", headers=headers, json={"sessionId": "s"})
        await http.get(sim.addresses.plain_calls_base() + "/calls", headers=headers)
    events = (await control.get("trace")).json()["events"]
    assert [event["name"] for event in events] == ["create_call_token", "list_calls"]
    assert [event["name"] for event in (await control.get("trace?after=1")).json()["events"]] == ["list_calls"]
    assert [event["seq"] for event in (await control.get("trace?session=s")).json()["events"]] == [1]
    assert (await control.get("trace?kind=media")).json()["events"] == []
    lines = (await control.get("trace.jsonl?name=list_calls")).text.splitlines()
    assert len(lines) == 1
    har = (await control.get("trace.har")).json()["log"]
    assert har["version"] == "1.2"
    first = har["entries"][0]
    assert first["request"]["queryString"] == [{"name": "x", "value": "1"}]
    assert first["request"]["postData"]["text"] == '{"sessionId": "s"}'
    assert sim.world.user("alice").auth_token not in repr(har)


async def test_it_puts_faults_in_force_and_out(sim, control):
    added = (await control.post("faults", json={"channel": "http", "does": "status", "status": 503})).json()["id"]
    async with httpx.AsyncClient() as http:
        assert (await http.get(sim.addresses.plain_calls_base() + "/calls")).status_code == 503
    assert (await control.get("faults")).json()[0]["struck"] == 1
    await control.delete(f"faults/{added}")
    await control.post("faults", json={"channel": "xmpp", "does": "drop"})
    await control.delete("faults")
    assert (await control.get("faults")).json() == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"channel": "http", "does": "explode"}),
        ("POST", "faults", {"channel": "http", "does": "drop", "nmae": "me"}),
        ("POST", "faults", []),
        ("DELETE", "faults/fault-9", None),
        ("POST", "world/users", {"uid": "alice"}),
        ("POST", "world/users", {}),
        ("PATCH", "world/apps/nix", {}),
        ("PATCH", "world/apps/testapp", {"no_such": 1}),
        ("POST", "world/snapshots/nix/restore", {}),
        ("GET", "trace?after=x", None),
        ("GET", "trace?limit=-1", None),
        ("POST", "clock/advance", {"seconds": -1}),
        ("POST", "clock/advance", {}),
        ("POST", "sessions/s/peers", {"uid": "nobody"}),
    ],
)
async def test_what_makes_no_sense_is_refused_in_one_line(control, method, path, body):
    answer = await control.request(method, path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert "\n" not in answer.json()["error"]


async def test_it_advances_a_virtual_clock(sim, control):
    before = (await control.get("clock")).json()
    assert before["virtual"] is True
    assert (await control.post("clock/advance", json={"seconds": 90})).json()["now"] == before["now"] + 90
    assert sim.clock.now() == before["now"] + 90


async def test_the_hosts_clock_is_not_advanced():
    async with Simulator() as sim, httpx.AsyncClient(base_url=sim.addresses.control) as http:
        answer = await http.post("clock/advance", json={"seconds": 1}, headers={"x-testcall-token": sim.control_token})
    assert answer.status_code == 400


async def test_what_is_controlled_is_not_traced(sim, control):
    await control.get("world")
    assert len(sim.trace) == 0


async def test_recording_transcription_and_captions_are_directed(sim, control):
    nick = (await control.post("sessions/s/peers", json={"uid": "alice", "audio": False, "video": False})).json()[
        "nick"
    ]
    assert (await control.post("sessions/s/recording", json={})).status_code == 200
    refused = await control.post("sessions/s/captions", json={"nick": nick, "text": "early"})
    assert "start a transcription" in refused.json()["error"]
    await control.post("sessions/s/transcription", json={"on": True})
    assert (await control.post("sessions/s/captions", json={"nick": nick, "text": "hello"})).status_code == 200
    for what in ("recording", "transcription"):
        assert (await control.post(f"sessions/s/{what}", json={"on": False})).status_code == 200
    call = sim.world.find_call("testapp", "s")
    assert (len(call.recordings), [line.text for line in call.transcriptions[0].lines]) == (1, ["hello"])


async def test_webhooks_are_added_listed_and_removed(sim, control):
    asked = {
        "id": "h",
        "url": "http://127.0.0.1:1/",
        "triggers": ["meeting_ended"],
        "password": "not-to-be-told",
        "username": "u",
    }
    assert (await control.post("webhooks", json=asked)).json() == {"appId": "testapp", "id": "h"}
    listed = await control.get("webhooks")
    assert [one["triggers"] for one in listed.json()] == [["meeting_ended"]]
    assert "not-to-be-told" not in listed.text
    assert (await control.post("webhooks", json=asked)).status_code == 400
    assert (await control.post("webhooks", json={"url": "nowhere"})).status_code == 400
    await control.delete("webhooks/h")
    assert (await control.get("webhooks")).json() == []


async def test_a_network_is_made_bad(sim, control):
    pytest.importorskip("aiortc")
    nick = (await control.post("sessions/s/peers", json={"uid": "alice"})).json()["nick"]
    seen = []
    bridge = sim.signalling._media[sim.signalling._key("s", None)].bridge
    bridge.impair = lambda nick, **bad: seen.append((nick, bad["up"].loss, bad["down"], bad["seed"]))
    assert (
        await control.post("sessions/s/impair", json={"nick": nick, "up": {"loss": 0.1}, "seed": 3})
    ).status_code == 200
    assert seen == [(nick, 0.1, None, 3)]
    for wrong in ({"up": {"los": 1}}, {"up": {"loss": 2}}, {"down": {"loss": "x"}}):
        answer = await control.post("sessions/s/impair", json={"nick": nick, **wrong})
        assert (answer.status_code, "\n" in answer.json()["error"]) == (400, False), answer.text
    assert (await control.post("sessions/s/impair", json={"nick": "nobody"})).status_code == 400
