"""What seed documents 001 to 004 say of call tokens, asked of the simulated service over HTTP, without any SDK."""

import base64
import json

import httpx
import pytest

from testcall import Simulator

TOKENS = "https://testapp.call-us.cometchat.io/v3.0/call_tokens"


@pytest.fixture
def simulator():
    return Simulator()


@pytest.fixture
def ask(simulator):
    with httpx.Client(transport=simulator.transport()) as client:

        def ask(uid, session_id):
            headers = {} if uid is None else {"authToken": simulator.world.user(uid).auth_token}
            return client.post(TOKENS, headers=headers, json={"sessionId": session_id}).json()

        yield ask


@pytest.fixture
def verified(simulator):
    with httpx.Client(transport=simulator.transport()) as client:

        def verified(token):
            return client.get(TOKENS, headers={"callToken": token}).json()

        yield verified


def test_a_call_token_comes_as_text_in_an_object(ask):
    assert isinstance(ask("alice", "call-1")["data"]["token"], str)


def test_tokens_of_two_sessions_are_two(ask):
    assert ask("alice", "call-1")["data"]["token"] != ask("alice", "call-2")["data"]["token"]


def test_tokens_of_two_users_are_two(ask):
    assert ask("alice", "call-1")["data"]["token"] != ask("bob", "call-1")["data"]["token"]


def test_a_token_leads_to_its_session_and_its_user(ask, verified):
    payload = verified(ask("bob", "call-7")["data"]["token"])["data"]["payload"]["data"]
    assert (payload["sessionId"], payload["user"]["uid"]) == ("call-7", "bob")


def test_no_token_without_an_auth_token(ask):
    assert ask(None, "call-1")["error"]["code"] == "AUTH_ERR_EMPTY_AUTH_TOKEN"


def test_no_token_without_a_session_id(ask):
    assert "error" in ask("alice", "")


def test_a_token_that_was_changed_is_refused(ask, verified):
    head, body, signature = ask("alice", "call-1")["data"]["token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "bob"}).encode()).decode().rstrip("=")
    assert verified(f"{head}.{other}.{signature}")["error"]["code"] == "AUTH_ERR_TOKEN_INVALID_SIGNATURE"
