"""The service's REST endpoints against ``rest/calls``: each is there, answers in its shape and refuses with its codes."""

import httpx
import pytest

from testcall_contract.loader import load
from testcall_contract.shapes import mismatch
from testcall_simulator import Simulator
from testcall_simulator.calls import Recording, Transcription
from testcall_simulator.http.routes import ROUTES

REST = load("rest/calls")


@pytest.fixture
def simulator():
    """A call of two that is over, was recorded and transcribed."""
    simulator = Simulator()
    world = simulator.world
    world.enter("testapp", "one", "alice", device_id="a")
    world.enter("testapp", "one", "bob", device_id="b")
    world.leave("testapp", "one", "bob", device_id="b")
    over = world.leave("testapp", "one", "alice", device_id="a")
    fields = {name: getattr(over, name) for name in over.__slots__}
    fields["recordings"] = (Recording("r1", "https://files.invalid/r1.mp4", over.started_at, over.ended_at, 1.5),)
    transcript = "2026-11-20T10:00:00.000Z", "https://files.invalid/t1.json"
    fields["transcriptions"] = (Transcription("t1", over.started_at, over.ended_at, *transcript),)
    world.record(over.__class__(**fields))
    return simulator


def ask(simulator, operation, session_id="one", **headers):
    endpoint = operation.endpoint
    base = endpoint.base.format(appId="testapp", region="us")
    with httpx.Client(transport=simulator.transport()) as client:
        path = endpoint.path.format(sessionId=session_id)
        return client.request(endpoint.method, base + path, headers=headers).json()


@pytest.mark.parametrize("key", REST.operations)
def test_the_endpoint_is_there_with_its_query(key):
    endpoint = REST.operations[key].endpoint
    (route,) = [r for r in ROUTES if (r.surface, r.method, r.path) == ("call", endpoint.method, endpoint.path)]
    assert set(endpoint.query) <= set(route.query)


@pytest.mark.parametrize("key", REST.operations)
def test_the_endpoint_answers_in_its_shape(simulator, key):
    operation = REST.operations[key]
    answer = ask(simulator, operation, apikey=simulator.world.rest_key)
    assert mismatch(operation.delivers.success.value, answer, REST.type_shapes) is None


@pytest.mark.parametrize("key", REST.operations)
def test_the_endpoint_wants_a_key_that_it_knows(simulator, key):
    operation = REST.operations[key]
    assert ask(simulator, operation)["error"]["code"] == REST.errors["api_key_missing"].code
    assert ask(simulator, operation, apikey="0" * 40)["error"]["code"] == REST.errors["api_key_unknown"].code


@pytest.mark.parametrize("key", REST.errors["call_session_unknown"].operations)
def test_a_call_that_there_is_not(simulator, key):
    answer = ask(simulator, REST.operations[key], "nowhere", apikey=simulator.world.rest_key)
    assert answer["error"]["code"] == REST.errors["call_session_unknown"].code
