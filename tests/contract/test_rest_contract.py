"""Endpoints of REST contracts: their form, their shapes, and how they are explained."""

import pytest
from pydantic import ValidationError

from testcall_contract.explain import explain
from testcall_contract.loader import load, spec_root
from testcall_contract.models import Endpoint
from testcall_contract.rules import RULES
from testcall_contract.speccheck import check_contracts

REST = spec_root() / "rest" / "calls.yaml"


def problems(tmp_path, old, new):
    text = REST.read_text()
    assert old in text
    path = tmp_path / "calls.yaml"
    path.write_text(text.replace(old, new, 1))
    return check_contracts([path], frozenset(name for name, rule in RULES.items() if not rule.needs_test))


@pytest.mark.parametrize("name", ["rest/calls", "rest/users", "rest/webhooks"])
def test_every_operation_has_an_endpoint(name):
    assert all(operation.endpoint for operation in load(name).operations.values())


def test_a_webhook_is_explained_by_its_trigger():
    (found,) = explain("meeting_ended", "rest/webhooks")["found"]
    assert found["via"][0]["registered_by"] == "POST /apps/{appId}/webhooks"
    assert "trigger: 'meeting_ended'" in found["payload"][0]["shape"]


@pytest.mark.parametrize(
    "wrong", [{"method": "FETCH"}, {"base": "http://a.example"}, {"path": "calls"}, {"headers": {"apikey": "maybe"}}]
)
def test_an_endpoint_of_another_form_is_refused(wrong):
    with pytest.raises(ValidationError):
        Endpoint.model_validate({"method": "GET", "base": "https://a.example", "path": "/calls", **wrong})


def test_a_query_parameter_of_no_shape_is_found(tmp_path):
    (problem,) = problems(tmp_path, "participantsCount: integer", "participantsCount: whole")
    assert "unknown shape 'whole'" in problem


def test_an_endpoint_is_explained():
    (found,) = explain("GET /calls", "rest/calls")["found"]
    assert found["endpoint"]["address"] == "https://{appId}.call-{region}.cometchat.io/v3/calls"
    assert found["endpoint"]["query"]["type"] == "'audio' | 'video'"
    assert next(error["code"] for error in found["errors"]) == "AUTH_ERR_EMPTY_APIKEY"
