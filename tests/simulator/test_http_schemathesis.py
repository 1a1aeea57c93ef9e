"""Schemathesis over the OpenAPI document that the simulator serves: no server error, no answer that the document doesn't know.

It plays each operation over real sockets: with values that fit the document and values that don't, with good credentials, those
of another app, rubbish, and none; with parts of paths that there are, and others.
"""

import os

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, openapi
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup

from testcall_simulator import Simulator, World, captures
from testcall_simulator.http.messages import Response
from testcall_simulator.http.routes import ROUTES
from testcall_simulator.openapi import openapi_document

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MARK = "m4rk-of-the-other-app"
DOCUMENT = openapi.from_dict(openapi_document(["testapp"]))
OPERATIONS = {
    operation.ok().definition.raw["operationId"]: operation.ok() for operation in DOCUMENT.get_all_operations()
}
EXAMPLES = int(os.environ.get("TESTCALL_SCHEMATHESIS_EXAMPLES", "20"))


def filled(world, app_id, mark=""):
    """An app in which there is something of everything; ``mark`` is in all that has a name."""
    world.add_app(app_id)
    for uid in ("alice", "bob"):
        world.add_user(uid, f"{uid} {mark}", app_id=app_id, metadata={"about": mark})
    world.add_group("team", ["alice", "bob"], name=f"team {mark}", app_id=app_id)
    world.add_webhook("hook", f"http://127.0.0.1:1/{mark}", app_id=app_id)
    world.enter(app_id, "s1", "alice", device_id=mark)
    for kind in ("recording", "transcript"):
        captures.begin(world, f"{kind}-{app_id}", kind)
        captures.end(world, app_id, "s1", f"{kind}-{app_id}")
    world.open_session("s2", app_id=app_id, members=["bob"])


@pytest.fixture(scope="module")
def served():
    world = World()
    filled(world, "testapp")
    filled(world, "other", MARK)
    with Simulator(world=world.begin()) as sim, requests.Session() as session:
        yield sim, session, world.snapshot()


def credentials(world):
    """What may be sent: good ones, those of the other app, rubbish."""
    alice, other = world.user("alice", "testapp"), world.user("alice", "other")
    return {
        "authToken": [alice.auth_token, alice.auth_token, other.auth_token, "x"],
        "apikey": [world.rest_key, world.rest_key, world.auth_key, world.key_of("other", "fullAccess"), "x"],
        "callToken": [world.issue_call_token(alice, "s1"), world.issue_call_token(other, "s1"), "a.b.c"],
        "key": [world.management_key, world.management_key, "x"],
        "secret": [world.management_secret],
    }


def known(world):
    """Parts of paths that lead somewhere."""
    token = world.user("alice", "testapp").auth_token
    return {
        "uid": ["alice", "BOB"],
        "guid": ["team"],
        "sessionId": ["s1", "s2"],
        "authToken": [token],
        "webhookId": ["hook"],
        "file": ["recording-testapp.mp4", "transcript-testapp.json"],
    }


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_answers_as_its_document_says(served, name):
    sim, session, before = served
    operation = OPERATIONS[name]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE),
        data=st.data(),
    )
    def play(case, data):
        sim.world.restore(before)
        sent = {}
        for scheme in operation.definition.raw["security"]:
            for credential in scheme:
                value = data.draw(st.sampled_from([*credentials(sim.world)[credential], None]))
                sent |= {credential: value} if value is not None else {}
        for part, values in known(sim.world).items():
            if part in (case.path_parameters or {}) and data.draw(st.booleans()):
                case.path_parameters[part] = data.draw(st.sampled_from(values))
        response = case.call(base_url=sim.addresses.http, session=session, headers=sent)
        case.validate_response(response, checks=CHECKS, headers=sent)
        assert MARK.encode() not in response.content

    play()


def test_every_route_is_played():
    assert OPERATIONS.keys() == {route.name for route in ROUTES}


@pytest.mark.parametrize("wrong", [Response(200, {"participants": "two"}), Response(418, b""), Response(500, {})])
def test_a_route_that_answers_otherwise_is_found(served, wrong):
    sim, session, _ = served
    route = next(route for route in ROUTES if route.name == "room_size")
    handler = route.handler
    object.__setattr__(route, "handler", lambda world, request: wrong)
    try:
        case = OPERATIONS["room_size"].Case()
        response = case.call(base_url=sim.addresses.http, session=session)
        with pytest.raises(FailureGroup):
            case.validate_response(response, checks=CHECKS)
    finally:
        object.__setattr__(route, "handler", handler)
