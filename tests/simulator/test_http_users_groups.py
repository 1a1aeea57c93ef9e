"""Users and groups over REST and over the client API."""

import httpx
import pytest

from testcall_simulator import Simulator


@pytest.fixture
def sim():
    return Simulator()


@pytest.fixture
def admin(sim):
    with httpx.Client(
        transport=sim.transport(),
        base_url="https://testapp.api-us.cometchat.io/v3",
        headers={"apikey": sim.world.rest_key},
    ) as http:
        yield http


@pytest.fixture
def alice(sim):
    with httpx.Client(
        transport=sim.transport(),
        base_url="https://testapp.apiclient-us.cometchat.io/v3.0",
        headers={"authToken": sim.world.user("alice").auth_token, "appId": "testapp"},
    ) as http:
        yield http


def code(answer):
    return answer.json()["error"]["code"]


def uids(answer):
    return [user["uid"] for user in answer.json()["data"]]


def test_users_are_listed_by_page_and_by_what_is_searched_for(admin):
    assert uids(admin.get("/users")) == ["alice", "bob", "carol", "dave"]
    assert uids(admin.get("/users", params={"searchKey": "AR"})) == ["carol"]
    second = admin.get("/users", params={"perPage": 3, "page": 2})
    assert uids(second) == ["dave"]
    assert second.json()["meta"]["pagination"]["total_pages"] == 2


def test_a_user_changes_and_what_is_unset_is_empty(admin):
    made = {"uid": "Eve", "name": "Eve", "link": "https://eve.invalid", "tags": ["a"], "metadata": {"@private": {}}}
    assert admin.post("/users", json=made).json()["data"]["tags"] == ["a"]
    changed = admin.put("/users/eve", json={"name": "Eva", "unset": ["tags", "uid"]}).json()["data"]
    assert (changed["name"], changed["link"], "tags" in changed) == ("Eva", "https://eve.invalid", False)
    assert admin.get("/users/EVE").json()["data"] == changed
    assert code(admin.put("/users/nobody", json={})) == "ERR_UID_NOT_FOUND"
    assert code(admin.put("/users/eve", json={"tags": [1]})) == "ERR_BAD_REQUEST"


def test_a_deactivated_user_is_gone_with_tokens_until_brought_back(sim, admin, alice):
    assert alice.get("/me").status_code == 200
    assert admin.request("DELETE", "/users/alice").json()["data"]["success"]
    assert code(admin.get("/users/alice")) == "ERR_UID_NOT_FOUND"
    assert "alice" not in uids(admin.get("/users"))
    assert code(alice.get("/me")) == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"
    answers = admin.put("/users", json={"uidsToActivate": ["alice", "nobody"]}).json()["data"]
    assert {uid: answer["success"] for uid, answer in answers.items()} == {"alice": True, "nobody": False}
    assert alice.get("/me").status_code == 200


def test_a_user_who_is_deleted_for_good_leaves_groups_and_can_be_made_again(sim, admin):
    sim.world.add_group("team", ["bob", "alice"])
    assert admin.request("DELETE", "/users/alice", json={"permanent": True}).status_code == 200
    assert uids(admin.get("/groups/team/members")) == ["bob"]
    assert code(admin.get("/users/alice/auth_tokens")) == "ERR_UID_NOT_FOUND"
    assert admin.post("/users", json={"uid": "alice", "name": "Another"}).status_code == 200


def test_a_group_is_made_changed_listed_and_deleted(admin):
    made = {"guid": "Team", "name": "Team", "type": "public", "owner": "bob", "members": {"participants": ["carol"]}}
    group = admin.post("/groups", json=made).json()["data"]
    assert (group["guid"], group["owner"], group["membersCount"]) == ("team", "bob", 2)
    assert code(admin.post("/groups", json=made)) == "ERR_GUID_ALREADY_EXISTS"
    assert code(admin.post("/groups", json=made | {"guid": "t", "owner": "nobody"})) == "ERR_UID_NOT_FOUND"
    assert code(admin.post("/groups", json=made | {"guid": "t", "type": "open"})) == "ERR_BAD_REQUEST"
    assert admin.put("/groups/team", json={"name": "T", "owner": "carol"}).json()["data"]["owner"] == "carol"
    assert code(admin.put("/groups/team", json={"owner": "dave"})) == "ERR_NOT_A_MEMBER"
    assert [one["guid"] for one in admin.get("/groups", params={"searchKey": "tea"}).json()["data"]] == ["team"]
    assert admin.request("DELETE", "/groups/team").json()["data"]["success"]
    assert code(admin.get("/groups/team")) == "ERR_GUID_NOT_FOUND"


def test_members_are_added_each_for_himself(sim, admin):
    sim.world.add_group("team", ["bob"])
    answers = admin.post("/groups/team/members", json={"participants": ["alice", "nobody"]}).json()["data"]
    assert answers["participants"]["alice"] == {"success": True}
    assert answers["participants"]["nobody"]["error"]["code"] == "ERR_UID_NOT_FOUND"
    scopes = {user["uid"]: user["scope"] for user in admin.get("/groups/team/members").json()["data"]}
    assert scopes == {"alice": "participant", "bob": "admin"}
    assert admin.request("DELETE", "/groups/team/members/alice").status_code == 200
    assert code(admin.request("DELETE", "/groups/team/members/alice")) == "ERR_NOT_A_MEMBER"
    assert code(admin.post("/groups/team/members", json={"admins": ["u"] * 26})) == "ERR_BAD_REQUEST"


def test_a_new_member_is_rung_with_the_group(sim, admin, alice):
    admin.post("/groups", json={"guid": "team", "name": "Team", "type": "private", "owner": "bob"})
    ring = {"receiver": "team", "receiverType": "group", "type": "audio"}
    assert code(alice.post("/calls", json=ring)) == "ERR_GROUP_NOT_JOINED"
    admin.post("/groups/team/members", json={"participants": ["alice"]})
    assert alice.post("/calls", json=ring).status_code == 200


def test_a_client_sees_the_others_of_its_app_and_the_groups_that_are_open_to_it(sim, admin, alice):
    sim.world.add_group("open", ["bob"])
    admin.post("/groups", json={"guid": "closed", "name": "Closed", "type": "private", "owner": "bob"})
    assert uids(alice.get("/users")) == ["bob", "carol", "dave"]
    assert alice.get("/users/bob").json()["data"]["name"] == "Bob"
    assert code(alice.get("/users/nobody")) == "ERR_UID_NOT_FOUND"
    assert [group["guid"] for group in alice.get("/groups").json()["data"]] == ["open"]
    assert alice.get("/groups/open").json()["data"]["hasJoined"] is False
    assert code(alice.get("/groups/closed")) == "ERR_GUID_NOT_FOUND"
    admin.post("/groups/closed/members", json={"participants": ["alice"]})
    assert alice.get("/groups/closed").json()["data"]["scope"] == "participant"


@pytest.mark.parametrize("path", ["/users", "/groups", "/users/alice", "/groups/team/members"])
def test_a_key_that_only_logs_in_sees_neither_users_nor_groups(sim, admin, path):
    sim.world.add_group("team", ["bob"])
    assert code(admin.get(path, headers={"apikey": sim.world.auth_key})) == "AUTH_ERR_NO_ACCESS"
