"""What the service refuses, over generated requests: no answer is a server error, and no credential works in another app."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testcall_simulator.http.messages import WireRequest
from testcall_simulator.http.routes import ROUTES
from testcall_simulator.http.service import arrive, respond
from testcall_simulator.tokens import signing_secret
from testcall_simulator.world import World, default_world

patient = settings(deadline=None)
"""A busy machine is no finding."""


def two_apps() -> World:
    world = World(seed=7)
    for app_id in ("here", "there"):
        world.add_app(app_id)
        for uid in ("alice", "bob"):
            world.add_user(uid, app_id=app_id)
    return world.begin()


def ask(world, method, url_path, headers=None, body=b"", host="127.0.0.1:80", query=""):
    wire = WireRequest(method, "http", host, url_path, query, {"host": host, **(headers or {})}, body)
    return respond(world, arrive(wire), 0)


def code_of(response):
    return json.loads(response.body)["error"]["code"]


HOSTS = st.sampled_from(
    [
        "127.0.0.1:80",
        "calls.localhost:1",
        "here.api.localhost",
        "here.call-us.cometchat.io",
        "there.apiclient-eu.cometchat.io",
        "metrics-us.cometchat.io",
        "xmpp.localhost:9",
        "[::1]:80",
        "::1",
        "a:b:c",
        "x.cometchat.io",
    ]
)
PREFIXES = st.sampled_from(["", "/v3", "/v3.0", "/here/call/v3.0", "/here/api/v3", "/there/apiclient", "/here/metrics"])
ENDS = st.sampled_from([route.path.replace("{uid}", "alice") for route in ROUTES]) | st.text(max_size=30).map(
    "/{}".format
)
HEADER_NAMES = st.sampled_from(["authtoken", "apikey", "calltoken", "appid", "onbehalfof", "content-type"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
BODIES = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode())


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


JWT_LIKE = st.builds(
    lambda head, claims, tail: f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}.{b64(tail)}",
    st.just({"alg": "HS256", "typ": "JWT"}) | st.just({"alg": "none"}) | JSON,
    JSON
    | st.fixed_dictionaries({"data": JSON, "iat": JSON})
    | st.fixed_dictionaries({"data": st.fixed_dictionaries({"appId": JSON | st.just("here")})}),
    st.binary(max_size=40),
)


@patient
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]) | st.text(max_size=8),
    host=HOSTS,
    prefix=PREFIXES,
    end=ENDS,
    query=st.text(max_size=40),
    headers=st.dictionaries(HEADER_NAMES, st.text(max_size=60) | JWT_LIKE),
    body=BODIES,
)
def test_garbage_is_never_a_server_error(method, host, prefix, end, query, headers, body):
    response = ask(default_world(), method, prefix + end, headers, body, host, query)
    assert response.status < 500
    assert response.headers["access-control-allow-origin"] == "*"
    response.encoded()


@patient
@given(body=BODIES, query=st.text(max_size=40))
def test_a_good_user_with_garbage_is_never_a_server_error(body, query):
    world = default_world()
    headers = {"authtoken": world.user("alice").auth_token, "apikey": world.rest_key}
    for route in ROUTES:
        path = route.path.replace("{uid}", "alice").replace("{sessionId}", "s").replace("{authToken}", "t")
        surface = "" if route.surface == "xmpp" else f"/testapp/{route.surface}"
        response = ask(world, route.method, surface + path, headers, body, query=query)
        assert response.status < 500, route.name


@patient
@given(token=st.text() | JWT_LIKE)
def test_a_call_token_that_we_did_not_sign_is_refused(token):
    response = ask(default_world(), "GET", "/testapp/call/v3.0/call_tokens", {"calltoken": token})
    assert (response.status, code_of(response)) == (401, "AUTH_ERR_TOKEN_INVALID_SIGNATURE")


@patient
@given(place=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=63))
def test_a_call_token_with_one_changed_character_is_refused(place, flip):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    world = default_world()
    token = world.issue_call_token(world.user("alice"), "s")
    where = place % (len(token) - 1)  # the last character has bits that base64 doesn't use
    old = token[where]
    new = alphabet[(alphabet.index(old) + flip) % 64] if old != "." else "A"
    response = ask(
        world, "GET", "/testapp/call/v3.0/call_tokens", {"calltoken": token[:where] + new + token[where + 1 :]}
    )
    assert response.status == 401


ADDRESSES_OF_THERE = [
    ("127.0.0.1:80", "/there/{surface}/v3.0", {}),
    ("there.{surface}-us.cometchat.io", "/v3.0", {}),
    ("{surface}.localhost:1", "/v3.0", {"appid": "there"}),
]
NAMES = {"call": "calls", "api": "api", "apiclient": "client"}


def addressed(form, surface, path):
    host, prefix, headers = form
    host = host.replace("{surface}.localhost", f"{NAMES[surface]}.localhost").replace("{surface}", surface)
    return host, prefix.replace("{surface}", surface) + path, headers


@pytest.mark.parametrize("form", ADDRESSES_OF_THERE, ids=["path", "region", "named"])
@pytest.mark.parametrize("route", [route for route in ROUTES if route.surface in NAMES], ids=lambda route: route.name)
def test_a_credential_of_one_app_never_works_in_another(form, route):
    world = two_apps()
    mine = world.user("alice", "here")
    path = route.path.replace("{uid}", "alice").replace("{sessionId}", "s").replace("{authToken}", mine.auth_token)
    host, path, app = addressed(form, route.surface, path)
    world.enter("there", "s", "alice")
    before = world.snapshot().state
    for headers in (
        {"authtoken": mine.auth_token},
        {"calltoken": world.issue_call_token(mine, "s")},
        {"apikey": world.key_of("here", "fullAccess")},
    ):
        body = json.dumps({"sessionId": "s", "uid": "new", "name": "New"}).encode()
        response = ask(world, route.method, path, headers | app, body, host)
        assert response.status in (401, 403), (route.name, headers, response.body)
    after = world.snapshot().state
    assert (after.users, after.auth_tokens, after.calls) == (before.users, before.auth_tokens, before.calls)


@pytest.mark.parametrize("form", ADDRESSES_OF_THERE, ids=["path", "region", "named"])
def test_the_same_requests_are_taken_in_their_own_app(form):
    """Shows that the test above fails when credentials do work."""
    world = two_apps()
    alice = world.user("alice", "there")
    host, path, app = addressed(form, "call", "/call_tokens")
    made = ask(world, "POST", path, {"authtoken": alice.auth_token, **app}, b'{"sessionId": "s"}', host)
    assert made.status == 200
    verified = ask(world, "GET", path, {"calltoken": json.loads(made.body)["data"]["token"], **app}, host=host)
    assert json.loads(verified.body)["data"]["payload"]["data"]["appId"] == "there"


def test_an_app_asked_for_in_another_region_is_unknown():
    world = two_apps()
    headers = {"authtoken": world.user("alice", "here").auth_token}
    response = ask(world, "GET", "/v3.0/calls", headers, host="here.call-eu.cometchat.io")
    assert code_of(response) == "AUTH_ERR_INVALID_APPID"


def test_two_apps_named_at_once_are_refused():
    world = two_apps()
    headers = {"authtoken": world.user("alice", "here").auth_token, "appid": "there"}
    assert code_of(ask(world, "GET", "/here/call/v3.0/calls", headers)) == "AUTH_ERR_INVALID_APPID"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "ERR_EMPTY_CALL_SESSION_ID"),
        (b"{}", "ERR_EMPTY_CALL_SESSION_ID"),
        (b'{"sessionId": ""}', "ERR_EMPTY_CALL_SESSION_ID"),
        (b'{"sessionId": "  "}', "ERR_EMPTY_CALL_SESSION_ID"),
        (b'{"sessionId": 5}', "ERR_BAD_REQUEST"),
        (b'{"sessionId": ["a"]}', "ERR_BAD_REQUEST"),
        (b"[]", "ERR_BAD_REQUEST"),
        (b"{", "ERR_BAD_REQUEST"),
        (b"\xff", "ERR_BAD_REQUEST"),
        (b"[" * 100_000, "ERR_BAD_REQUEST"),
    ],
)
def test_a_call_token_needs_a_session_id(body, code):
    world = default_world()
    headers = {"authtoken": world.user("alice").auth_token}
    assert code_of(ask(world, "POST", "/testapp/call/v3.0/call_tokens", headers, body)) == code


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "AUTH_ERR_EMPTY_AUTH_TOKEN"),
        ("", "AUTH_ERR_EMPTY_AUTH_TOKEN"),
        ("garbage", "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"),
    ],
)
def test_a_call_token_needs_a_known_user(token, code):
    headers = {} if token is None else {"authtoken": token}
    response = ask(default_world(), "POST", "/testapp/call/v3.0/call_tokens", headers, b'{"sessionId": "s"}')
    assert (response.status, code_of(response)) == (401, code)


def test_a_session_opened_for_some_admits_nobody_else():
    world = default_world()
    carols = world.issue_call_token(world.user("carol"), "private")
    world.open_session("private", members=["alice", "bob"])
    body = b'{"sessionId": "Private"}'
    for uid, status in (("alice", 200), ("carol", 403)):
        made = ask(world, "POST", "/testapp/call/v3.0/call_tokens", {"authtoken": world.user(uid).auth_token}, body)
        assert made.status == status
    assert code_of(ask(world, "GET", "/testapp/call/v3.0/call_tokens", {"calltoken": carols})) == "ERR_CALL_NOT_A_PART"


def test_an_expired_call_token_is_refused():
    world = default_world()
    world.configure(call_token_lifetime_s=60)
    token = world.issue_call_token(world.user("alice"), "s")
    assert ask(world, "GET", "/testapp/call/v3.0/call_tokens", {"calltoken": token}).status == 200
    now = world.clock.now()

    class Later:
        def now(self):
            return now + 61

    world.clock = Later()
    assert (
        code_of(ask(world, "GET", "/testapp/call/v3.0/call_tokens", {"calltoken": token}))
        == "AUTH_ERR_TOKEN_INVALID_SIGNATURE"
    )


def test_a_login_jwt_is_no_call_token():
    world = default_world()
    jwt = world.issue_user_jwt(world.user("alice"))
    assert ask(world, "GET", "/testapp/call/v3.0/call_tokens", {"calltoken": jwt}).status == 401


def test_a_signed_call_token_with_claims_of_wrong_types_is_refused():
    import jwt

    for claims in (
        {"data": {"appId": "testapp"}, "iat": 1},
        {"data": {"appId": "testapp"}},
        {"data": [], "iat": 1},
        {"iat": "x"},
    ):
        token = jwt.encode(claims, signing_secret(0, "testapp"), algorithm="HS256")
        assert ask(default_world(), "GET", "/testapp/call/v3.0/call_tokens", {"calltoken": token}).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/testapp/call/v3.0/call_tokens"),
        ("GET", "/testapp/api/v3.0/call_tokens"),
        ("GET", "/"),
        ("GET", "/testapp/call/v2/calls"),
    ],
)
def test_an_unknown_path_or_method_is_refused_as_such(method, path):
    response = ask(default_world(), method, path)
    assert (response.status, code_of(response)) == (404, "ERR_API_NOT_FOUND")
