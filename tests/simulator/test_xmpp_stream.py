"""The stream (RFC 7395, RFC 6120): its order, its refusals, its end."""

import pytest
from xmpp_wire import AUTH, BIND, CLOSE, DOMAIN, OPEN, Wire

from testcall_simulator.xmpp import effects as fx
from testcall_simulator.xmpp.routing import Options
from testcall_simulator.xmpp.xml import MAX_FRAME

ERRORS = "{urn:ietf:params:xml:ns:xmpp-streams}"


def stream_errors(client):
    return [one[0].tag.removeprefix(ERRORS) for one in client.take() if one.tag.endswith("}error") and len(one)]


def test_a_stream_opens_authenticates_and_binds_a_uuid():
    client = Wire().socket()
    client.send(OPEN)
    opened, features = client.take()
    assert (opened.get("version"), opened.get("from")) == ("1.0", DOMAIN)
    assert features.findtext(".//{*}mechanism") == "ANONYMOUS"
    client.send(AUTH, OPEN)
    success, _, features = client.take()
    assert success.tag == "{urn:ietf:params:xml:ns:xmpp-sasl}success"
    assert [child.tag.rpartition("}")[2] for child in features] == ["bind", "session", "sm"]
    client.send(BIND)
    jid = client.take()[0].findtext(".//{*}jid")
    assert jid.partition("@")[0].count("-") == 4
    assert jid.partition("@")[2].startswith(f"{DOMAIN}/")


def test_what_is_not_offered_is_not_in_the_features():
    client = Wire(Options(session=False, stream_management=False)).socket()
    client.send(OPEN, AUTH, OPEN)
    assert [child.tag.rpartition("}")[2] for child in client.take()[-1]] == ["bind"]


def test_the_close_is_the_exact_string_that_the_sdk_compares_with():
    client = Wire().bound()
    client.send(CLOSE)
    assert client.frames == ['<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />']
    assert not client.alive


def test_a_refused_token_fails_sasl_and_the_third_failure_ends_the_stream():
    client = Wire().socket(grant=None)
    client.send(OPEN, AUTH)
    assert client.take()[-1][0].tag.endswith("}not-authorized")
    client.send(AUTH, AUTH)
    assert stream_errors(client) == ["policy-violation"]
    assert not client.alive


def test_another_mechanism_is_invalid():
    client = Wire().socket()
    client.send(OPEN, AUTH.replace("ANONYMOUS", "PLAIN"))
    assert client.take()[-1][0].tag.endswith("}invalid-mechanism")


@pytest.mark.parametrize(
    ("frames", "error"),
    [
        ([BIND], "invalid-xml"),
        ([OPEN, BIND], "not-authorized"),
        ([OPEN, OPEN], "invalid-xml"),
        ([OPEN.replace("1.0", "2.0")], "unsupported-version"),
        ([OPEN.replace(DOMAIN, "elsewhere.example")], "host-unknown"),
        ([OPEN, AUTH, OPEN.replace(DOMAIN, "localhost")], "host-unknown"),
        ([OPEN, AUTH, OPEN, '<presence xmlns="jabber:client"/>'], "not-authorized"),
        ([OPEN, AUTH, OPEN, BIND, '<iq type="get" id="1"/>'], "invalid-namespace"),
        ([OPEN, AUTH, OPEN, BIND, '<jump xmlns="jabber:client"/>'], "unsupported-stanza-type"),
        ([OPEN, AUTH, OPEN, BIND, '<a xmlns="urn:xmpp:sm:3" h="many"/>'], "invalid-xml"),
        ([OPEN, AUTH, OPEN, BIND, '<presence xmlns="jabber:client" from="other@localhost:8443/x"/>'], "invalid-from"),
        (["<open"], "not-well-formed"),
        ([""], "not-well-formed"),
        (["hello"], "not-well-formed"),
        (["<a><b></a></b>"], "not-well-formed"),
        (["<a>\ud800</a>"], "not-well-formed"),
        (["<!-- note --><a/>"], "restricted-xml"),
        (["<?php echo ?><a/>"], "restricted-xml"),
        (['<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'], "restricted-xml"),
        (["<a>&undefined;</a>"], "not-well-formed"),
        (["<a>" + "x" * MAX_FRAME + "</a>"], "policy-violation"),
        (["<a>" * 5000 + "</a>" * 5000], "not-well-formed"),
    ],
)
def test_what_breaks_the_rules_ends_the_stream_with_an_error(frames, error):
    client = Wire(serves=lambda domain: domain.startswith("localhost")).socket()
    client.send(*frames)
    assert client.frames[-1] == '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />'
    assert stream_errors(client) == [error]
    assert not client.alive


def test_an_entity_bomb_is_refused_before_it_is_parsed():
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    client = Wire().socket()
    client.send(bomb + "]><b>&j;</b>")
    assert stream_errors(client) == ["restricted-xml"]


def test_the_error_comes_after_an_open_so_that_the_client_understands_it():
    client = Wire().socket()
    client.send("<nonsense/>")
    assert [one.tag.rpartition("}")[2] for one in client.take()] == ["open", "error", "close"]


def test_nothing_is_heard_from_a_stream_that_has_ended():
    client = Wire().joined()
    client.take()
    client.send("<broken")
    before = len(client.wire.decided)
    client.take()
    client.send(BIND, OPEN, "<broken")
    assert client.take() == []
    assert len(client.wire.decided) == before


def test_a_stream_that_breaks_the_rules_takes_its_occupant_along():
    wire = Wire()
    alice, bob = wire.joined("alice"), wire.joined("bob")
    bob.take()
    alice.send("<broken")
    assert [one.get("type") for one in bob.stanzas()] == ["unavailable"]
    assert [(one.occupant, one.data["reason"]) for one in wire.decided if one.name == "occupant_left"] == [
        ("alice1", "dropped")
    ]


def test_frames_that_are_no_text_end_the_stream():
    wire = Wire()
    client = wire.bound()
    from testcall_simulator.xmpp.xml import StreamError

    wire.do(wire.core.violated(client.name, StreamError("unsupported-encoding")))
    assert stream_errors(client) == ["unsupported-encoding"]


def test_whose_socket_it_is_is_known_as_far_as_it_is():
    wire = Wire()
    client = wire.socket("alice")
    assert wire.core.who(client.name).uid == "alice"
    assert wire.core.who(client.name).occupant is None
    joined = wire.joined("bob")
    assert wire.core.who(joined.name).occupant == "bob1"
    assert wire.core.who("s99").room is None
    guest = wire.socket(grant=fx.GUEST)
    assert wire.core.who(guest.name).room is None
