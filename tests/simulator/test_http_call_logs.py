"""Call logs over HTTP: who sees which calls, filters, pages, and how a call looks."""

import httpx
import pytest

from testcall_simulator import Simulator, VirtualClock
from testcall_simulator.calls import Recording, Transcription

CALLS = "https://testapp.call-us.cometchat.io/v3/calls"


@pytest.fixture
async def sim():
    """Three calls, oldest first: alice and bob by video (recorded), carol and dave by audio, alice alone and still there."""
    clock = VirtualClock()
    simulator = Simulator(clock=clock)
    world = simulator.world
    world.enter("testapp", "one", "alice", device_id="a")
    await clock.advance(10)
    world.enter("testapp", "one", "bob", device_id="b")
    await clock.advance(80)
    world.leave("testapp", "one", "bob", device_id="b")
    over = world.leave("testapp", "one", "alice", device_id="a")
    world.record(
        over.__class__(
            **{name: getattr(over, name) for name in over.__slots__}
            | {"recordings": (Recording("r1", "https://files.invalid/r1.mp4", over.started_at, over.ended_at, 1.5),)}
        )
    )
    world.enter("testapp", "two", "carol", device_id="c", audio_only=True)
    world.enter("testapp", "two", "dave", device_id="d", audio_only=True)
    await clock.advance(60)
    world.end("testapp", "two")
    world.enter("testapp", "three", "alice", device_id="a")
    return simulator


@pytest.fixture
def ask(sim):
    with httpx.Client(transport=sim.transport()) as client:

        def ask(query="", *, uid=None, **headers):
            if uid is not None:
                headers["authToken"] = sim.world.user(uid).auth_token
            elif "apikey" not in headers:
                headers["apikey"] = sim.world.rest_key
            return client.get(CALLS + query, headers=headers).json()

        yield ask


def ids(answer):
    return [call["sessionId"] for call in answer["data"]]


def test_a_backend_sees_all_calls_newest_first(ask):
    assert ids(ask()) == ["three", "two", "one"]


def test_an_sdk_sees_its_users_calls_only(ask):
    assert ids(ask(uid="alice")) == ["three", "one"]
    assert ids(ask(uid="carol")) == ["two"]


def test_a_backend_may_ask_on_behalf_of_a_user(ask):
    assert ids(ask(onBehalfOf="bob")) == ["one"]
    assert ask(onBehalfOf="nobody")["error"]["code"] == "ERR_UID_NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=ongoing", ["three"]),
        ("?status=ended", ["two", "one"]),
        ("?status=no-such", []),
        ("?type=audio", ["two"]),
        ("?mode=meet", ["three", "two", "one"]),
        ("?mode=call", []),
        ("?hasRecording=true", ["one"]),
        ("?hasRecording=false", ["three", "two"]),
        ("?participantsCount=1", ["three"]),
        ("?uid=bob", ["one"]),
        ("?guid=team", []),
        ("?no-such-filter=1", ["three", "two", "one"]),
        ("?status=ended&type=video", ["one"]),
    ],
)
def test_filters_keep_the_calls_that_fit(ask, query, found):
    assert ids(ask(query)) == found


def test_direction_is_seen_from_the_user(ask):
    assert ids(ask("?direction=outgoing", uid="alice")) == ["three", "one"]
    assert ids(ask("?direction=incoming", uid="alice")) == []
    assert ids(ask("?direction=incoming", uid="bob")) == ["one"]


def test_pages_are_cut_and_counted(ask):
    answer = ask("?perPage=2&page=2")
    assert ids(answer) == ["one"]
    assert answer["meta"]["pagination"] == {"total": 3, "count": 1, "per_page": 2, "current_page": 2, "total_pages": 2}
    assert ids(ask("?perPage=2&page=9")) == []


@pytest.mark.parametrize(
    "query", ["?page=-1", "?page=0", "?page=x", "?perPage=0", "?perPage=-5", "?perPage=%C2%B2", "?page="]
)
def test_a_page_that_is_no_number_counts_as_not_given(ask, query):
    assert ids(ask(query)) == ["three", "two", "one"]


def test_a_call_looks_as_documented(ask):
    call = ask("/one")["data"]
    assert call["totalDuration"] == "00:01:30"
    assert (call["totalVideoMinutes"], call["totalAudioMinutes"]) == (2.83, 0)
    assert call["totalDurationInMinutes"] == 2.83
    assert call["totalParticipants"] == 2
    assert call["initiator"] == "alice"
    assert call["recordings"][0]["recording_url"] == "https://files.invalid/r1.mp4"
    alice, bob = call["participants"]
    assert (alice["uid"], alice["isJoined"], alice["state"]) == ("alice", True, "ended")
    assert bob["leftAt"] - bob["joinedAt"] == 80


def test_a_call_that_lasts_has_no_end(ask):
    call = ask("/three")["data"]
    assert call["status"] == "ongoing"
    assert "endedAt" not in call
    assert "leftAt" not in call["participants"][0]


def test_an_sdk_gets_one_call_as_a_list_with_users_expanded(ask):
    (call,) = ask("/one", uid="bob")["data"]
    assert call["data"]["entities"]["initiator"]["entity"] == {"uid": "alice", "name": "Alice", "avatar": ""}
    assert call["participants"][1]["name"] == "Bob"


def test_a_call_of_others_is_not_found(ask):
    assert ask("/two", uid="alice")["error"]["code"] == "ERR_CALL_SESSION_NOT_FOUND"
    assert ask("/nix")["error"]["code"] == "ERR_CALL_SESSION_NOT_FOUND"


def test_of_a_session_id_used_twice_the_newest_call_is_shown(sim, ask):
    sim.world.enter("testapp", "one", "dave")
    assert ask("/ONE")["data"]["initiator"] == "dave"
    assert ids(ask()) == ["one", "three", "two", "one"]


def test_transcriptions_come_newest_first(sim, ask):
    call = sim.world.find_call("testapp", "two")
    scripts = tuple(Transcription(f"t{n}", n, n + 1, "2026-01-01", f"https://files.invalid/{n}") for n in (1, 2))
    sim.world.record(
        call.__class__(**{name: getattr(call, name) for name in call.__slots__} | {"transcriptions": scripts})
    )
    answer = ask("/two/transcriptions")
    assert [script["tid"] for script in answer["data"]] == ["t2", "t1"]
    assert answer["meta"]["pagination"]["per_page"] == 100
    assert ids(ask("?hasTranscription=true")) == ["two"]
    assert ask("/nix/transcriptions")["error"]["code"] == "ERR_CALL_SESSION_NOT_FOUND"


def test_an_auth_only_key_sees_no_calls(sim, ask):
    assert ask(apikey=sim.world.auth_key)["error"]["code"] == "AUTH_ERR_NO_ACCESS"


def test_room_size_counts_who_is_there(sim):
    with httpx.Client(transport=sim.transport()) as client:
        url = "https://xmpp.rtc-us.cometchat.io/room-size?domain=rtc-us.cometchat.io&room="
        assert client.get(url + "three").json() == {"participants": 1}
        assert client.get(url + "one").json() == {"participants": 0}
