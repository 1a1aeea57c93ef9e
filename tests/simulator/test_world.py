"""The world: reproducible from its seed, restorable, and strict about what it takes."""

import json

import pytest

from testcall_simulator import World, WorldError, default_world
from testcall_simulator.world_file import load_world


def test_the_same_seed_makes_the_same_world():
    one, two, other = default_world(seed=3), default_world(seed=3), default_world(seed=4)
    assert (one.auth_key, dict(one.users)) == (two.auth_key, dict(two.users))
    assert one.auth_key != other.auth_key


def test_seeded_tokens_do_not_depend_on_the_day():
    assert default_world().user("alice").auth_token.startswith("alice_1750000000")


def test_a_call_token_outlives_a_restart_with_the_same_seed():
    before, after = default_world(seed=5), default_world(seed=5)
    token = before.issue_call_token(before.user("bob"), "s")
    assert after.read_call_token(token).uid == "bob"


def test_a_snapshot_brings_everything_back_any_number_of_times():
    world = default_world()
    snapshot = world.snapshot()
    for _ in range(2):
        erin = world.add_user("erin")
        made = erin.auth_token
        world.enter("testapp", "s", "erin")
        world.configure(p2p=True)
        world.restore(snapshot)
        assert "erin" not in world.users
        assert world.find_auth_token(made) is None
        assert world.sessions == []
        assert world.app.settings.p2p is False


def test_whoever_watches_hears_every_secret_before_and_after():
    world, heard = default_world(), {}
    world.watch_secrets(lambda value, label: heard.update({value: label}))
    assert heard[world.auth_key] == "auth_key testapp"
    assert heard[world.user("alice").auth_token] == "auth_token alice"
    assert heard[world.issue_call_token(world.user("alice"), "S")] == "call_token alice s"
    assert heard[world.add_user("erin").auth_token] == "auth_token erin"


def test_a_session_ends_with_its_last_exit_and_may_begin_again():
    world = default_world()
    first = world.enter("testapp", "Daily", "alice")
    world.enter("testapp", "daily", "bob")
    assert world.leave("testapp", "daily", "alice").status == "ongoing"
    assert world.leave("testapp", "daily", "bob").status == "ended"
    assert world.leave("testapp", "daily", "bob") is None
    assert world.enter("testapp", "daily", "alice").mid != first.mid
    assert len(world.calls_of()) == 2


def test_one_user_on_two_devices_counts_twice():
    world = default_world()
    world.enter("testapp", "s", "alice", device_id="phone")
    call = world.enter("testapp", "s", "alice", device_id="laptop")
    assert len(call.present) == 2
    assert [stay.device_id for stay in world.leave("testapp", "s", "alice", device_id="phone").present] == ["laptop"]


def test_session_ids_are_expanded_where_the_app_is_set_so():
    world = default_world()
    world.configure(expand_session_ids=True)
    call_token = world.read_call_token(world.issue_call_token(world.user("alice"), "Daily"))
    assert call_token.session_id == "v1.us.testapp.daily"
    again = world.issue_call_token(world.user("alice"), call_token.session_id)
    assert world.read_call_token(again).session_id == "v1.us.testapp.daily"


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda world: world.user("nobody"), "no user 'nobody'"),
        (lambda world: world.add_user("alice"), "already"),
        (lambda world: world.add_user("erin", app_id="nix"), "no app 'nix'"),
        (lambda world: world.add_user("erin", auth_token="abc"), "too few"),
        (lambda world: world.add_key(None, "fullAccess", "abc"), "too few"),
        (lambda world: world.add_app("testapp"), "exists already"),
        (lambda world: world.add_app("x", region="mars"), "none of us, eu, in"),
        (lambda world: world.configure(no_such=1), "no_such"),
        (lambda world: world.configure("nix"), "no app"),
        (lambda world: (world.open_session("s"), world.open_session("S")), "open already"),
        (lambda world: World().app, "no app"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(act, words):
    with pytest.raises(WorldError, match=words) as refused:
        act(default_world())
    assert "\n" not in str(refused.value)


WORLD = """
apps:
  - app_id: shop
    region: eu
    settings: {presenter_mode: false}
    keys: [{key: my-own-rest-key}]
    users: [{uid: ann, name: Ann, avatar: "https://files.invalid/ann.png"}, {uid: ben, auth_token: a-token-of-my-own}]
    calls: [{session_id: Daily, initiator: ann, minutes: 12, participants: [ann, ben]}]
    sessions: [{session_id: open-now, members: [ann]}]
  - app_id: other
"""


def test_a_world_file_is_loaded(tmp_path):
    file = tmp_path / "world.yaml"
    file.write_text(WORLD)
    world = load_world(file)
    assert list(world.apps) == ["shop", "other"]
    assert (world.app.region, world.app.settings.presenter_mode) == ("eu", False)
    assert world.find_auth_token("a-token-of-my-own").uid == "ben"
    assert world.find_key("my-own-rest-key").app_id == "shop"
    daily = world.find_call("shop", "daily")
    assert (daily.status, len(daily.participations)) == ("ended", 2)
    assert not world.find_session("shop", "open-now").admits("ben")


def test_a_world_file_may_be_json(tmp_path):
    file = tmp_path / "world.json"
    file.write_text(json.dumps({"apps": [{"app_id": "shop"}]}))
    assert load_world(file).app.app_id == "shop"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("apps: [", r"world.yaml:\d+:\d+: no YAML"),
        ("apps: []", "apps: List should have at least 1 item"),
        ("", "file: "),
        ("apps: [{app_id: a, colour: red}]", r"apps.0.colour"),
        ("apps: [{app_id: a, region: mars}]", r"apps.0.region"),
        ("apps: [{app_id: a, users: [{uid: 'a b'}]}]", r"apps.0.users.0.uid"),
        ("apps: [{app_id: a, calls: [{session_id: s, initiator: nobody}]}]", "no user 'nobody'"),
        ("apps: [{app_id: a}, {app_id: a}]", "exists already"),
        ("!!python/object:os.system {}", "no YAML"),
    ],
)
def test_a_wrong_world_file_is_refused_in_one_line(tmp_path, text, words):
    file = tmp_path / "world.yaml"
    file.write_text(text)
    with pytest.raises(WorldError, match=words) as refused:
        load_world(file)
    assert "\n" not in str(refused.value)


def test_a_world_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WorldError, match=r"nix\.yaml: can't read"):
        load_world(tmp_path / "nix.yaml")
