"""HTTP without sockets: httpx transports and respx answer by the same handlers."""

import httpx
import pytest

from testcall_simulator import Simulator
from testcall_simulator.faults import Fault

CALLS = "https://testapp.call-us.cometchat.io/v3.0"


@pytest.fixture
def sim():
    return Simulator()


def asks(sim):
    return {
        "url": f"{CALLS}/call_tokens",
        "headers": {"authToken": sim.world.user("alice").auth_token},
        "json": {"sessionId": "s"},
    }


async def test_an_asynchronous_client_is_answered_in_process(sim):
    async with httpx.AsyncClient(transport=sim.transport()) as http:
        answer = await http.post(**asks(sim))
    assert sim.world.read_call_token(answer.json()["data"]["token"]).uid == "alice"
    assert answer.headers["content-type"] == "application/json"


def test_a_blocking_client_is_answered_in_process(sim):
    with httpx.Client(transport=sim.transport()) as http:
        assert http.post(**asks(sim)).status_code == 200


def test_respx_answers_a_blocking_client(sim):
    with sim.mocked():
        assert httpx.post(**asks(sim)).status_code == 200
    assert [event.name for event in sim.trace] == ["create_call_token"]


async def test_respx_answers_an_asynchronous_client(sim):
    with sim.mocked():
        async with httpx.AsyncClient() as http:
            assert (await http.post(**asks(sim))).status_code == 200


def test_nothing_leaves_the_machine_while_mocked(sim):
    import respx

    with sim.mocked(), pytest.raises(respx.models.AllMockedAssertionError):
        httpx.get("https://elsewhere.example/")


def test_a_service_that_is_not_mocked_any_more_is_not_answered_by_us(sim):
    with sim.mocked():
        pass
    before = len(sim.trace)
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://calls.localhost:9/")
    assert len(sim.trace) == before


def test_a_broken_connection_raises_what_a_network_would(sim):
    sim.faults.add(Fault("http", "drop", name="create_call_token"))
    with httpx.Client(transport=sim.transport()) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            http.post(**asks(sim))
        assert http.post(**asks(sim)).status_code == 200


def test_a_simulator_in_its_own_thread_answers_other_threads(sim):
    with sim, httpx.Client(transport=sim.transport()) as http:
        assert http.post(**asks(sim)).status_code == 200
        over_socket = httpx.get(sim.addresses.plain_calls_base() + "/calls")
    assert over_socket.status_code == 401
    assert [event.name for event in sim.trace] == ["create_call_token", "list_calls"]


async def test_the_url_of_a_trace_shows_no_token_that_was_put_there(sim):
    async with httpx.AsyncClient(transport=sim.transport()) as http:
        await http.get(f"{CALLS}/calls", params={"token": sim.world.user("alice").auth_token})
    assert sim.trace.events[0].data["url"].endswith("?token=<auth_token alice>")
