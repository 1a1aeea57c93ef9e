"""Jingle and SDP as values: what the SDK writes is understood, what is offered keeps to the rules that it forces."""

from dataclasses import replace

import pytest
from lxml import etree

from testcall_simulator.jingle import (
    Candidate,
    Codec,
    Content,
    Fingerprint,
    HeaderExtension,
    Jingle,
    JingleError,
    Source,
    SourceGroup,
    Transport,
    read_jingle,
    write_jingle,
)
from testcall_simulator.jingle_sources import NamedSource, named_sources, placeholder, source_contents
from testcall_simulator.sdp import answer_to, read_sdp, write_sdp

TRANSPORT = Transport(
    ufrag="Uf+/",
    pwd="p" * 24,
    fingerprints=(Fingerprint("sha-256", "AA:BB"),),
    setup="actpass",
    candidates=(Candidate("1", 1, "udp", 2130706431, "127.0.0.1", 5000, "host"),),
)
AUDIO = Content(
    name="audio",
    media="audio",
    codecs=(
        Codec(96, "opus", 48000, 2, (("minptime", "10"), ("useinbandfec", "1"))),
        Codec(0, "PCMU", 8000),
    ),
    extensions=(HeaderExtension(1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),),
    sources=(placeholder("audio", 7),),
    transport=TRANSPORT,
)
VIDEO = Content(
    name="video",
    media="video",
    senders="responder",
    codecs=(
        Codec(97, "VP8", 90000, feedback=(("nack", ""), ("nack", "pli"), ("goog-remb", ""))),
        Codec(98, "rtx", 90000, parameters=(("apt", "97"),)),
    ),
    sources=(Source(11, name="x-v0", msid="s t", video_type="camera"), Source(12, name="x-v0", msid="s t")),
    groups=(SourceGroup("FID", (11, 12)),),
    transport=TRANSPORT,
)
DATA = Content(name="data", media="application", transport=replace(TRANSPORT, sctp_port=5000))
OFFER = Jingle("session-initiate", "sid1", (AUDIO, VIDEO, DATA), initiator="focus", bundle=("audio", "video", "data"))

# The shape in which the observed SDK accepts: sources before rtcp-mux, plain sources within groups, no candidates.
ACCEPT = """
<jingle xmlns="urn:xmpp:jingle:1" action="session-accept" initiator="room/focus" responder="me" sid="sid1">
 <group xmlns="urn:xmpp:jingle:apps:grouping:0" semantics="BUNDLE"><content name="audio"/><content name="video"/></group>
 <content creator="responder" name="audio" senders="both">
  <description xmlns="urn:xmpp:jingle:apps:rtp:1" media="audio" ssrc="5">
   <payload-type channels="2" clockrate="48000" id="96" name="opus"><parameter name="minptime" value="10"/></payload-type>
   <payload-type channels="1" clockrate="8000" id="0" name="PCMU"/>
   <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" name="me-a0" ssrc="5"><parameter name="msid" value="s a"/></source>
   <rtcp-mux/>
  </description>
  <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" pwd="q" ufrag="u">
   <fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0" hash="sha-256" setup="active">CC:DD</fingerprint>
  </transport>
 </content>
 <content creator="responder" name="video" senders="both">
  <initial-last-n xmlns="jitsi:colibri2" value="10"/>
  <description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video" ssrc="21">
   <payload-type channels="1" clockrate="90000" id="97" name="VP8">
    <rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="nack" subtype="pli"/></payload-type>
   <payload-type channels="1" clockrate="90000" id="98" name="rtx"><parameter name="apt" value="97"/></payload-type>
   {sources}
   <ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="FID"><source ssrc="21"/><source ssrc="31"/></ssrc-group>
   <ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="SIM">
    <source ssrc="21"/><source ssrc="22"/><source ssrc="23"/></ssrc-group>
   <ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="FID"><source ssrc="22"/><source ssrc="32"/></ssrc-group>
   <rtcp-mux/>
  </description>
  <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" pwd="q" ufrag="u"/>
 </content>
</jingle>
""".format(
    sources="".join(
        f'<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" name="me-v0" ssrc="{ssrc}" videoType="camera"/>'
        for ssrc in (21, 31, 22, 23, 32)
    )
)


def test_an_element_is_read_as_it_was_written():
    assert read_jingle(write_jingle(OFFER)) == OFFER


def test_an_element_survives_being_text():
    assert read_jingle(etree.fromstring(etree.tostring(write_jingle(OFFER)))) == OFFER


def test_no_prefix_is_written():
    assert ":" not in "".join(part.split(" ")[0] for part in etree.tostring(write_jingle(OFFER)).decode().split("<"))


def test_sdp_is_read_as_it_was_written():
    read = read_sdp(write_sdp(OFFER.contents))
    named = tuple(replace(source, owner=None, cname=source.cname) for source in AUDIO.sources)
    assert [content.name for content in read] == ["audio", "video", "data"]
    assert (read[0].codecs, read[1].codecs) == (AUDIO.codecs, VIDEO.codecs)
    assert (read[1].senders, read[1].groups, read[2].transport) == ("responder", VIDEO.groups, DATA.transport)
    assert [(s.ssrc, s.name, s.msid) for s in read[0].sources] == [(s.ssrc, s.name, s.msid) for s in named]
    assert read[0].extensions == AUDIO.extensions


def test_end_of_candidates_is_never_written_or_kept():
    text = write_sdp(OFFER.contents)
    assert "end-of-candidates" not in text
    with_end = text.replace("a=ice-ufrag", "a=end-of-candidates\r\na=ice-ufrag")
    assert read_sdp(with_end) == read_sdp(text)


def test_the_sdk_answer_is_understood():
    accept = read_jingle(etree.fromstring(ACCEPT))
    assert accept.bundle == ("audio", "video")
    audio, video = accept.contents
    assert audio.transport == Transport("u", "q", (Fingerprint("sha-256", "CC:DD"),), "active")
    assert video.codecs[0].feedback == (("nack", "pli"),)


def test_simulcast_and_repair_ssrcs_become_one_named_source():
    accept = read_jingle(etree.fromstring(ACCEPT))
    audio, video = named_sources(accept.contents, "me")
    assert (audio.name, audio.media, audio.layers, audio.ssrc) == ("me-a0", "audio", (5,), 5)
    assert (video.name, video.layers, video.ssrc) == ("me-v0", (21, 22, 23), 21)
    assert video.retransmission == {31: 21, 32: 22}
    assert video.video_type == "camera"


def test_others_are_told_one_ssrc_without_groups():
    source = NamedSource("me-v0", "me", "video", (21, 22, 23), {31: 21}, "s v", "camera")
    (content,) = source_contents([source])
    assert (content.name, content.groups) == ("video", ())
    assert content.sources == (Source(21, name="me-v0", owner="me", msid="s v", video_type="camera"),)


def test_an_answer_is_put_in_the_order_of_the_offer_and_completed():
    accept = read_jingle(etree.fromstring(ACCEPT))
    audio, video, data = answer_to(OFFER.contents, accept.contents[::-1])
    assert (audio.name, video.name, data.name) == ("audio", "video", "data")
    assert data.senders == "none"
    assert data.transport is not None
    assert (data.transport.ufrag, data.transport.sctp_port, data.transport.setup) == ("u", 5000, "active")


def test_an_answer_without_credentials_is_refused():
    with pytest.raises(JingleError, match="no ICE credentials"):
        answer_to(OFFER.contents, [replace(AUDIO, transport=Transport())])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<iq/>", "expected a jingle element"),
        ('<jingle xmlns="urn:xmpp:jingle:1" action="session-accept"/>', "needs the attributes action and sid"),
        ('<jingle xmlns="urn:xmpp:jingle:1" action="a" sid="s"><content/></jingle>', "a content needs a name"),
        (ACCEPT.replace('ssrc="21"', 'ssrc="x"'), "attribute ssrc of source must be a whole number, not 'x'"),
        (ACCEPT.replace('id="96"', ""), "attribute id of payload-type must be a whole number, not ''"),
    ],
)
def test_what_cannot_be_understood_is_said(text, complaint):
    with pytest.raises(JingleError, match=complaint):
        read_jingle(etree.fromstring(text))


def test_the_reason_of_a_termination_is_read():
    ended = Jingle("session-terminate", "sid1", reason="decline", text="P2P disabled")
    assert read_jingle(write_jingle(ended)) == ended


def test_a_complaint_and_a_wish_for_another_session_are_read():
    wish = Jingle("session-terminate", "s", reason="connectivity-error", bridge_session="b", restart=True)
    assert read_jingle(write_jingle(wish)) == wish
    complaint = Jingle("session-info", "s", bridge_session="b", ice_failed=True)
    assert read_jingle(write_jingle(complaint)) == complaint
