"""Users, auth tokens and login, in process: what a backend and an SDK's login family need."""

import httpx
import pytest

from testcall_simulator import Simulator

API = "https://testapp.api-us.cometchat.io/v3"
CLIENT = "https://testapp.apiclient-us.cometchat.io/v3.0"


@pytest.fixture
def sim():
    return Simulator()


@pytest.fixture
def http(sim):
    with httpx.Client(transport=sim.transport()) as client:
        yield client


def code_of(answer):
    error = answer.json()["error"]
    assert set(error) == {"message", "devMessage", "source", "code"}
    assert all(isinstance(text, str) for text in error.values()), "SDK 5 takes only strings"
    return error["code"]


def test_an_auth_token_looks_as_documented_and_logs_its_user_in(sim, http):
    made = http.post(f"{API}/users/alice/auth_tokens", headers={"apiKey": sim.world.auth_key}, json={"platform": "web"})
    token = made.json()["data"]["authToken"]
    assert token.startswith("alice_")
    assert set(made.json()["data"]) == {"uid", "authToken", "createdAt"}
    me = http.put(f"{CLIENT}/me", headers={"authToken": token}, json={"platform": "web", "deviceId": "web_1"}).json()[
        "data"
    ]
    assert (me["uid"], me["name"], me["status"], me["authToken"]) == ("alice", "Alice", "online", token)
    assert me["jwt"].count(".") == 2


def test_a_new_auth_token_leaves_older_ones_good(sim, http):
    old = sim.world.user("alice").auth_token
    http.post(f"{API}/users/alice/auth_tokens", headers={"apikey": sim.world.auth_key})
    assert http.put(f"{CLIENT}/me", headers={"authToken": old}).status_code == 200


def test_a_user_keeps_the_newest_hundred_auth_tokens(sim):
    alice = sim.world.user("alice")
    made = [sim.world.issue_auth_token(alice).token for _ in range(101)]
    assert sim.world.find_auth_token(alice.auth_token) is None
    assert sim.world.find_auth_token(made[0]) is None
    assert [token.token for token in sim.world.auth_tokens_of(alice)] == made[1:]


def test_deleted_and_flushed_auth_tokens_are_unknown(sim, http):
    key = {"apikey": sim.world.rest_key}
    token = sim.world.user("alice").auth_token
    http.delete(f"{API}/users/alice/auth_tokens/{token}", headers=key)
    assert code_of(http.put(f"{CLIENT}/me", headers={"authToken": token})) == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"
    bobs = sim.world.user("bob").auth_token
    http.delete(f"{API}/users/bob/auth_tokens", headers=key)
    assert code_of(http.put(f"{CLIENT}/me", headers={"authToken": bobs})) == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"


def test_auth_tokens_are_listed_by_pages(sim, http):
    for _ in range(4):
        sim.world.issue_auth_token(sim.world.user("bob"))
    answer = http.get(f"{API}/users/bob/auth_tokens?perPage=2&page=3", headers={"apikey": sim.world.rest_key}).json()
    assert len(answer["data"]) == 1
    assert answer["meta"]["pagination"] == {"total": 5, "count": 1, "per_page": 2, "current_page": 3, "total_pages": 3}


def test_somebody_elses_auth_token_is_not_accessible(sim, http):
    url = f"{API}/users/alice/auth_tokens/{sim.world.user('bob').auth_token}"
    assert code_of(http.get(url, headers={"apikey": sim.world.rest_key})) == "ERR_AUTHTOKEN_NOT_ACCESSIBLE"


def test_a_user_is_made_with_a_lower_case_uid_once(sim, http):
    body = {"uid": "Erin", "name": "Erin", "withAuthToken": True}
    made = http.post(f"{API}/users", headers={"apikey": sim.world.rest_key}, json=body).json()["data"]
    assert made["uid"] == "erin"
    assert http.put(f"{CLIENT}/me", headers={"authToken": made["authToken"]}).json()["data"]["uid"] == "erin"
    again = http.post(f"{API}/users", headers={"apikey": sim.world.rest_key}, json=body)
    assert code_of(again) == "ERR_UID_ALREADY_EXISTS"


@pytest.mark.parametrize("uid", ["", "a b", "ü", "x" * 101, "a/b"])
def test_a_uid_outside_the_documented_characters_is_refused(sim, http, uid):
    answer = http.post(f"{API}/users", headers={"apikey": sim.world.rest_key}, json={"uid": uid, "name": "X"})
    assert code_of(answer) == "ERR_BAD_REQUEST"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "AUTH_ERR_EMPTY_APIKEY"),
        ({"apikey": ""}, "AUTH_ERR_EMPTY_APIKEY"),
        ({"apikey": "0" * 40}, "AUTH_ERR_APIKEY_NOT_FOUND"),
        ({"apikey": "0" * 40, "appId": "no-such-app"}, "AUTH_ERR_INVALID_APPID"),
    ],
)
def test_a_wrong_api_key_is_refused(http, headers, code):
    assert code_of(http.post(f"{API}/users/alice/auth_tokens", headers=headers)) == code


def test_an_auth_only_key_may_not_list_or_delete(sim, http):
    key = {"apikey": sim.world.auth_key}
    assert code_of(http.get(f"{API}/users/alice/auth_tokens", headers=key)) == "AUTH_ERR_NO_ACCESS"
    assert code_of(http.delete(f"{API}/users/alice/auth_tokens", headers=key)) == "AUTH_ERR_NO_ACCESS"


@pytest.mark.parametrize("uid", ["nobody", "Nobody", "%2e%2e"])
def test_an_unknown_uid_is_refused(sim, http, uid):
    answer = http.post(f"{API}/users/{uid}/auth_tokens", headers={"apikey": sim.world.auth_key})
    assert (answer.status_code, code_of(answer)) == (404, "ERR_UID_NOT_FOUND")


def test_a_deactivated_user_is_unknown(sim, http):
    token = sim.world.user("dave").auth_token
    sim.world.change_user("dave", active=False)
    assert code_of(http.put(f"{CLIENT}/me", headers={"authToken": token})) == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"
    made = http.post(f"{API}/users/dave/auth_tokens", headers={"apikey": sim.world.auth_key})
    assert code_of(made) == "ERR_UID_NOT_FOUND"


def test_logging_out_needs_a_login_and_leaves_the_token_good(sim, http):
    assert code_of(http.delete(f"{CLIENT}/me")) == "AUTH_ERR_EMPTY_AUTH_TOKEN"
    mine = {"authToken": sim.world.user("alice").auth_token}
    assert http.delete(f"{CLIENT}/me", headers=mine).status_code == 200
    assert http.get(f"{CLIENT}/me", headers=mine).status_code == 200


def test_a_user_session_report_needs_a_user_and_json(sim, http):
    mine = {"authToken": sim.world.user("alice").auth_token}
    assert http.post(f"{CLIENT}/user_sessions", headers=mine, json={"sessionId": "x"}).status_code == 200
    assert code_of(http.post(f"{CLIENT}/user_sessions", headers=mine, content=b"{")) == "ERR_BAD_REQUEST"
    assert code_of(http.post(f"{CLIENT}/user_sessions", json={})) == "AUTH_ERR_EMPTY_AUTH_TOKEN"
