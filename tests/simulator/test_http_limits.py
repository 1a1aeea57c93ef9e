"""Rate limits of the admin and the client API: counted per app and minute, told, and refused with 429."""

import httpx
import pytest

from testcall_simulator import Simulator, VirtualClock

ME = "https://testapp.apiclient-us.cometchat.io/v3.0/me"
CALLS = "https://testapp.call-us.cometchat.io/v3.0/calls"


@pytest.fixture
def sim():
    simulator = Simulator(clock=VirtualClock(start=1_800_000_010))
    simulator.world.configure(requests_per_minute=3, core_requests_per_minute=2)
    return simulator


@pytest.fixture
def http(sim):
    mine = {"authToken": sim.world.user("alice").auth_token}
    with httpx.Client(transport=sim.transport(), headers=mine) as client:
        yield client


def left(answer):
    return answer.headers["x-rate-limit"], answer.headers["x-rate-limit-remaining"]


def test_every_answer_tells_what_is_left(http):
    assert left(http.get(ME)) == ("3", "2")
    assert left(http.get(ME, headers={"authToken": "garbage"})) == ("3", "1")


def test_logins_have_a_limit_of_their_own_and_count_towards_all(http):
    assert left(http.put(ME)) == ("2", "1")
    assert left(http.put(ME)) == ("2", "0")
    refused = http.put(ME)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "ERR_TOO_MANY_REQUESTS")
    assert (refused.headers["retry-after"], refused.headers["x-rate-limit-reset"]) == ("50", "1800000060")
    assert refused.headers["access-control-allow-origin"] == "*"
    assert http.get(ME).status_code == 429, "the three logins were requests as well"


async def test_the_next_minute_begins_anew(sim, http):
    for _ in range(4):
        refused = http.get(ME)
    assert refused.status_code == 429
    await sim.clock.advance(int(refused.headers["retry-after"]))
    assert http.get(ME).status_code == 200


def test_apps_do_not_share_their_limits(sim, http):
    sim.world.add_app("other")
    erin = sim.world.add_user("erin", app_id="other")
    for _ in range(4):
        http.get(ME)
    other = http.get(ME.replace("testapp", "other"), headers={"authToken": erin.auth_token})
    assert left(other) == ("20000", "19999")


def test_the_calls_api_has_no_limit(http):
    answers = [http.get(CALLS) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert "x-rate-limit" not in answers[0].headers
