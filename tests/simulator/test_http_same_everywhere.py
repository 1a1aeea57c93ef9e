"""A request is answered the same over a socket, by the httpx transport, and by respx: status, headers, body."""

import httpx
import pytest

from testcall_simulator import Simulator, VirtualClock, default_world
from testcall_simulator.http.routes import ROUTES
from testcall_simulator.openapi import path_of

PARTS = {"appId": "testapp", "uid": "alice", "guid": "team", "sessionId": "s1", "webhookId": "hook", "file": "x.mp4"}
OF_THE_SOCKET = {"content-length", "date", "server", "connection", "keep-alive", "transfer-encoding"}


@pytest.fixture(scope="module")
def place():
    world = default_world(clock=VirtualClock())
    world.add_group("team", ["alice", "bob"])
    world.add_webhook("hook", "http://127.0.0.1:1/", enabled=False)
    world.enter("testapp", "s1", "alice", device_id="d")
    with Simulator(world=world) as sim:
        yield sim, world.snapshot()


def asked(sim, route, good):
    alice = sim.world.user("alice")
    headers = {
        "apikey": sim.world.rest_key,
        "callToken": sim.world.issue_call_token(alice, "s1"),
        "key": sim.world.management_key,
        "secret": sim.world.management_secret,
        "appId": "testapp",
    }
    if "authToken" in route.credentials:
        headers = {"authToken": alice.auth_token, "appId": "testapp"}
    url = path_of(route).format(**PARTS, authToken=alice.auth_token)
    body = (
        {"json": {"uid": "new", "name": "New", "guid": "new", "type": "public", "sessionId": "s1"}}
        if route.body
        else {}
    )
    return {"method": route.method, "url": sim.addresses.http + url, "headers": headers if good else {}, **body}


def shown(answer):
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_SOCKET}
    return answer.status_code, headers, answer.content


@pytest.mark.parametrize("good", [True, False], ids=["good credentials", "none"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_an_answer_is_the_same_however_it_is_carried(place, route, good):
    sim, before = place
    answers = []
    for how in ("socket", "transport", "respx"):
        sim.world.restore(before)
        request = asked(sim, route, good)
        if how == "socket":
            answers.append(shown(httpx.request(**request)))
        elif how == "transport":
            with httpx.Client(transport=sim.transport()) as http:
                answers.append(shown(http.request(**request)))
        else:
            with sim.mocked():
                answers.append(shown(httpx.request(**request)))
    assert answers[0] == answers[1] == answers[2]
    assert "access-control-allow-origin" in answers[0][1]
