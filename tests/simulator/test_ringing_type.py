"""A ringing call changes between audio and video."""

import httpx
import pytest

from testcall_simulator import Simulator

BASE = "https://testapp.apiclient-us.cometchat.io/v3.0/calls"


@pytest.fixture
def sim():
    return Simulator()


def patch(sim, who, session, kind):
    with httpx.Client(transport=sim.transport(), headers={"authToken": sim.world.user(who).auth_token}) as http:
        return http.patch(f"{BASE}/{session}/type", json={"type": kind}).json()


async def test_a_party_makes_an_audio_call_one_with_video(sim):
    async with sim:
        ring = await sim.ring("alice", "bob", type="audio")
        async with httpx.AsyncClient(transport=sim.transport()) as http:
            headers = {"authToken": sim.world.user("bob").auth_token}
            answer = await http.patch(f"{BASE}/{ring.session_id}/type", json={"type": "video"}, headers=headers)
        message = answer.json()["data"]
        assert (message["type"], message["data"]["entities"]["on"]["entity"]["status"]) == ("video", "initiated")
        assert sim.world.find_call("testapp", ring.session_id).type == "video"


def test_others_unknown_sessions_and_other_words_are_refused(sim):
    with httpx.Client(transport=sim.transport(), headers={"authToken": sim.world.user("alice").auth_token}) as http:
        made = http.post(BASE, json={"receiver": "bob", "receiverType": "user", "type": "audio"}).json()
    session = made["data"]["data"]["entities"]["on"]["entity"]["sessionid"]
    assert patch(sim, "carol", session, "video")["error"]["code"] == "ERR_CALL_NOT_A_PART"
    assert patch(sim, "alice", "nowhere", "video")["error"]["code"] == "ERR_CALL_SESSION_NOT_FOUND"
    assert patch(sim, "alice", session, "hologram")["error"]["code"] == "ERR_BAD_REQUEST"
    with httpx.Client(transport=sim.transport(), headers={"authToken": sim.world.user("alice").auth_token}) as http:
        http.put(f"{BASE}/{session}", json={"status": "cancelled"})
    assert patch(sim, "alice", session, "video")["error"]["code"] == "ERR_CALL_TERMINATED"
