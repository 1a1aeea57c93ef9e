"""The OpenAPI document: every route is in it, and it is a document that others can read."""

import httpx

from testcall_simulator import Simulator
from testcall_simulator.http.refusals import STATUS_AND_TEXT
from testcall_simulator.http.routes import ROUTES
from testcall_simulator.openapi import openapi_document, path_of

PARTS = ("uid", "guid", "authToken", "sessionId", "webhookId")


def test_every_route_is_an_operation_of_its_own():
    operations = [
        operation["operationId"] for item in openapi_document()["paths"].values() for operation in item.values()
    ]
    assert sorted(operations) == sorted(route.name for route in ROUTES)
    assert len(set(operations)) == len(operations)


def test_every_refusal_of_a_route_has_a_status_and_a_text():
    assert {code for route in ROUTES for code in route.refusals} <= set(STATUS_AND_TEXT)


def test_every_route_refuses_to_be_without_its_credentials():
    sim = Simulator()
    with httpx.Client(transport=sim.transport(), base_url="http://127.0.0.1") as http:
        for route in ROUTES:
            if not route.credentials:
                continue
            path = path_of(route).format(appId="testapp", **dict.fromkeys(PARTS, "x"))
            answer = http.request(route.method, path, json={"uid": "x", "name": "X"})
            assert answer.status_code == 401, route.name
            assert answer.json()["error"]["code"] in route.refusals


async def test_it_is_served_to_anybody_on_this_machine():
    async with Simulator() as sim, httpx.AsyncClient() as http:
        assert (await http.get(sim.addresses.control + "openapi.json")).json() == openapi_document(
            ["testapp"], {"uid": "alice"}
        )


def test_schemathesis_can_read_it():
    import schemathesis

    schema = schemathesis.openapi.from_dict(openapi_document())
    assert len(list(schema.get_all_operations())) == len(ROUTES)
