"""Call tokens over HTTP: made for a user, verified in the form of SDK 4 and of SDK 5, refused to everybody else."""

import base64
import json

import httpx
import pytest

from testcall_simulator import Simulator


@pytest.fixture
async def sim():
    async with Simulator() as running:
        yield running


@pytest.fixture
async def http():
    async with httpx.AsyncClient() as client:
        yield client


async def token_for(http, sim, uid="alice", session="sess-1"):
    answer = await http.post(
        sim.addresses.path_base("call") + "/call_tokens",
        json={"sessionId": session},
        headers={"authToken": sim.world.user(uid).auth_token},
    )
    return answer.json()["data"]["token"]


async def test_a_call_token_looks_like_a_json_web_token_that_names_the_session(sim, http):
    token = await token_for(http, sim)
    middle = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    assert claims["data"]["sessionId"] == "sess-1"


async def test_sdk_4_is_answered_with_a_host_that_leads_back_here_over_tls(sim, http):
    token = await token_for(http, sim)
    answer = await http.get(sim.addresses.path_base("call") + "/call_tokens", headers={"callToken": token})
    shown = answer.json()["data"]
    assert shown["callToken"] == token
    assert shown["settings"]["WEBRTC_HOST"] == f"localhost:{sim.addresses.tls_port}"
    assert shown["settings"]["PRESENTER_MODE_ENABLED"] is True
    assert shown["payload"]["data"]["region"] == "us"
    assert shown["payload"]["data"]["sessionId"] == "sess-1"
    assert shown["payload"]["data"]["user"] == {"uid": "alice", "name": "Alice", "avatar": ""}


async def test_sdk_5_is_answered_with_a_connection_config(sim, http):
    token = await token_for(http, sim)
    url = sim.addresses.plain_calls_base(5) + "/call_tokens?configVersion=1"
    shown = (await http.get(url, headers={"callToken": token, "appId": "testapp"})).json()["data"]
    config = shown["settings"]["connectionConfig"]
    assert config["serviceUrl"] == sim.addresses.plain_xmpp
    assert config["hosts"]["muc"] == f"conference.{config['hosts']['domain']}"
    assert config["p2p"] == {"enabled": False}
    assert "avatar" not in shown["user"], "SDK 5 takes absent for optional, and no empty or null value"


async def test_a_session_id_is_answered_in_lower_case(sim, http):
    token = await token_for(http, sim, session="Team-Sync")
    answer = await http.get(sim.addresses.path_base("call") + "/call_tokens", headers={"callToken": token})
    assert answer.json()["data"]["payload"]["data"]["sessionId"] == "team-sync"


async def test_every_exchange_is_traced_without_its_secrets(sim, http):
    token = await token_for(http, sim)
    (event,) = sim.trace.select(kind="wire", name="create_call_token")
    assert event.data["request"]["headers"]["authtoken"] == "<auth_token alice>"
    assert event.data["response"]["body"]["data"]["token"] == "<call_token alice sess-1>"
    assert (event.data["uid"], event.data["session"]) == ("alice", "sess-1")
    assert token not in repr(sim.trace.events)


async def test_a_long_credential_that_we_did_not_issue_is_hidden_too(sim, http):
    await http.get(
        sim.addresses.path_base("call") + "/call_tokens", headers={"callToken": "somebodys-real-token-by-mistake"}
    )
    (event,) = sim.trace.select(kind="wire", name="verify_call_token")
    assert event.data["request"]["headers"]["calltoken"] == "<unknown calltoken, 31 characters>"
