"""Where requests arrive and which addresses they are answered with: what a caller is told to dial next leads back here."""

import pytest

from testcall_simulator.http.addressing import Place, links_for, locate, split_authority


@pytest.mark.parametrize(
    ("host", "path", "place"),
    [
        ("calls.localhost", "/v3.0/call_tokens", Place("call", "named", "/call_tokens")),
        ("calls.localhost", "/call_tokens", Place("call", "named", "/call_tokens")),
        ("CALLS.localhost", "/v3/calls", Place("call", "named", "/calls")),
        ("shop.calls.localhost", "/v3.0/calls", Place("call", "named", "/calls", "shop")),
        ("client.localhost", "/v3.0/me", Place("apiclient", "named", "/me")),
        ("app.localhost", "/v3.0/x.html", Place("pages", "named", "/v3.0/x.html")),
        ("other.localhost", "/", Place("elsewhere", "named", "/")),
        ("shop.call-us.cometchat.io", "/v3.0/calls/s", Place("call", "region", "/calls/s", "shop", "us")),
        ("shop.apiclient-eu.cc-cluster-2.io", "/v3/me", Place("apiclient", "region", "/me", "shop", "eu")),
        ("shop.api-in.cc-edge-2.io", "/v3/users", Place("api", "region", "/users", "shop", "in")),
        ("xmpp.rtc-us.cometchat.io", "/xmpp-websocket", Place("xmpp", "region", "/xmpp-websocket", None, "us")),
        (
            "shop.xmpp.rtcv5-eu.cometchat.io",
            "/xmpp-websocket",
            Place("xmpp", "region", "/xmpp-websocket", "shop", "eu"),
        ),
        ("metrics-us.cometchat.io", "/v1/calls/ping", Place("metrics", "region", "/v1/calls/ping", None, "us")),
        ("cdn.cometchat.io", "/calls/v3/tflite.js", Place("elsewhere", "region", "/calls/v3/tflite.js")),
        ("127.0.0.1", "/shop/call/v3.0/calls", Place("call", "path", "/calls", "shop")),
        ("192.168.1.4", "/shop/apiclient/me", Place("apiclient", "path", "/me", "shop")),
        ("127.0.0.1", "/shop/call", Place("call", "path", "/", "shop")),
        ("127.0.0.1", "/xmpp-websocket", Place("xmpp", "path", "/xmpp-websocket")),
        ("127.0.0.1", "/v3.0/calls", Place("elsewhere", "path", "/v3.0/calls")),
        ("", "", Place("elsewhere", "path", "")),
    ],
)
def test_a_request_finds_its_place(host, path, place):
    assert locate(host, path) == place


@pytest.mark.parametrize(
    ("authority", "split"),
    [
        ("a:1", ("a", "1")),
        ("a", ("a", "")),
        ("[::1]:8", ("[::1]", "8")),
        ("[::1]", ("[::1]", "")),
        ("::1", ("::1", "")),
        ("a:b", ("a:b", "")),
        ("", ("", "")),
    ],
)
def test_an_authority_is_split_into_host_and_port(authority, split):
    assert split_authority(authority) == split


@pytest.mark.parametrize(
    ("host", "path", "scheme", "authority", "domain", "service_url"),
    [
        ("calls.localhost", "/", "https", "calls.localhost:9", "localhost:9", "wss://xmpp.localhost:9/xmpp-websocket"),
        ("calls.localhost", "/", "http", "calls.localhost:8", "localhost:7", "ws://calls.localhost:8/xmpp-websocket"),
        ("127.0.0.1", "/shop/call/x", "http", "127.0.0.1:8", "localhost:7", "ws://127.0.0.1:8/xmpp-websocket"),
        ("127.0.0.1", "/shop/call/x", "https", "127.0.0.1:9", "localhost:9", "wss://127.0.0.1:9/xmpp-websocket"),
        (
            "shop.call-eu.cometchat.io",
            "/",
            "https",
            "shop.call-eu.cometchat.io",
            "rtc-eu.cometchat.io",
            "wss://shop.xmpp.rtcv5-eu.cometchat.io/xmpp-websocket",
        ),
    ],
)
def test_answers_lead_back_in_the_form_of_the_request(host, path, scheme, authority, domain, service_url):
    links = links_for(locate(host, path), scheme, authority, region="eu", app_id="shop", tls_port=7)
    assert (links.domain, links.service_url) == (domain, service_url)
    assert links.muc == f"conference.{domain}"
