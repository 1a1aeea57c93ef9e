"""Reading a bridge's offer and answering it: pure, with stanzas written by hand."""

import pytest

from testcall_conformance.reference.client import jingle, xml
from testcall_conformance.reference.client.failure import CallFailure

TRANSPORT = (
    '<transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="abcd" pwd="0123456789abcdef01234567"><rtcp-mux/>'
    '<fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0" hash="sha-256" setup="actpass">AA:BB</fingerprint>'
    '<candidate component="1" foundation="1" generation="0" id="x" ip="127.0.0.1" network="0" port="4000" priority="99"'
    ' protocol="udp" type="host"/></transport>'
)
SOURCE = 'xmlns="urn:xmpp:jingle:apps:rtp:ssma:0"'


def source(ssrc: int, name: str, owner: str) -> str:
    return (
        f'<source {SOURCE} ssrc="{ssrc}" name="{name}"><parameter name="msid" value="a b"/>'
        f'<ssrc-info xmlns="http://jitsi.org/jitmeet" owner="{owner}"/></source>'
    )


OFFER = (
    '<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" initiator="room@muc/focus" sid="s1">'
    '<content creator="initiator" name="audio" senders="both"><description xmlns="urn:xmpp:jingle:apps:rtp:1" media="audio">'
    '<payload-type id="111" name="opus" clockrate="48000" channels="2"><parameter name="useinbandfec" value="1"/></payload-type>'
    f"{source(11, 'jvb-a0', 'jvb')}</description>{TRANSPORT}</content>"
    '<content creator="initiator" name="video" senders="both"><description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video">'
    '<payload-type id="96" name="VP8" clockrate="90000"><rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="nack"'
    ' subtype="pli"/></payload-type><payload-type id="97" name="rtx" clockrate="90000"><parameter name="apt" value="96"/>'
    f"</payload-type>{source(21, 'bob1-v0', 'bob1')}{source(22, 'bob1-v0', 'bob1')}"
    f'<ssrc-group {SOURCE} semantics="FID"><source ssrc="21"/><source ssrc="22"/></ssrc-group>'
    f"</description>{TRANSPORT}</content>"
    f'<content creator="initiator" name="data">{TRANSPORT}</content></jingle>'
)


def offer() -> jingle.Offer:
    return jingle.read_offer(xml.parse(OFFER), "room@muc/focus")


def test_an_offer_is_read_whole():
    read = offer()
    assert [content.media for content in read.contents] == ["audio", "video", "application"]
    assert read.contents[0].placeholder == (11,)
    assert read.sources == (jingle.Source("bob1-v0", "bob1", "video", (21, 22)),)
    assert read.transport.candidates[0].line() == "a=candidate:1 1 udp 99 127.0.0.1 4000 typ host"


def test_sections_of_the_description_keep_their_place():
    first = jingle.Source("bob1-a0", "bob1", "audio", (12,))
    second = jingle.Source("carol1-a0", "carol1", "audio", (13,))
    slots = jingle.with_source(jingle.with_source([], first), second)
    assert jingle.with_source(slots, first) == slots
    slots = jingle.without_source(slots, first)
    sdp = jingle.offer_sdp(offer(), slots)
    assert "a=group:BUNDLE audio video data s0 s1" in sdp
    sections = sdp.split("m=")[1:]
    assert [section.split()[0] for section in sections] == ["audio", "video", "application", "audio", "audio"]
    assert "a=inactive" in sections[3]
    assert "a=sendonly" in sections[4]
    assert "a=ssrc:13 cname:s1" in sections[4]


def test_the_answer_tells_our_sources_and_no_candidate():
    answer = (
        "v=0\r\nm=audio 9 X 111\r\na=mid:audio\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:5 cname:c\r\na=ice-ufrag:u\r\n"
        "a=ice-pwd:p\r\na=fingerprint:sha-256 CC:DD\r\na=setup:active\r\na=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n"
        "m=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\na=ssrc:6 cname:c\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n"
        "m=application 9 X\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n"
    )
    accepted = xml.parse(jingle.accept(offer(), answer, "me@x/y", "ab12", frozenset({"video"})))
    assert accepted.get("sid") == "s1"
    assert jingle.own_ssrcs(answer) == {"audio": 5, "video": 6}
    audio, video, data = xml.children(accepted, "content")
    sources = jingle.read_sources(accepted)
    assert sources == [jingle.Source("ab12-a0", "ab12", "audio", (5,))]
    assert (audio.get("senders"), video.get("senders"), data.get("senders")) == ("both", "initiator", "both")
    assert "candidate" not in jingle.accept(offer(), answer, "me@x/y", "ab12", frozenset())


def test_an_offer_without_transport_is_refused_in_one_sentence():
    with pytest.raises(CallFailure, match="the media offer has no transport"):
        jingle.read_offer(xml.parse('<jingle xmlns="urn:xmpp:jingle:1" sid="s"/>'), "room@muc/focus")
