"""Jingle as the answering side of a conference sees it (XEP-0166, -0167, -0176, -0320, -0338), and SDP (RFC 8866). Pure.

A bridge offers; we answer. The offer's contents become the first media sections of an SDP offer; every source that is
announced later becomes one more section on the same transport, so that each remote source has a receiver of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lxml import etree

from testcall_conformance.reference.client import xml
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.xml import attribute, child, children, local, tag

RTP = "urn:xmpp:jingle:apps:rtp:1"
FEEDBACK = "urn:xmpp:jingle:apps:rtp:rtcp-fb:0"
HEADER_EXTENSIONS = "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"
SOURCES = "urn:xmpp:jingle:apps:rtp:ssma:0"
ICE_UDP = "urn:xmpp:jingle:transports:ice-udp:1"
DTLS = "urn:xmpp:jingle:apps:dtls:0"
SCTP = "urn:xmpp:jingle:transports:dtls-sctp:1"
GROUPING = "urn:xmpp:jingle:apps:grouping:0"
BRIDGE = "jvb"  # owner of the placeholder sources of an offer

_DIRECTIONS = {"both": "sendrecv", "initiator": "sendonly", "responder": "recvonly", "none": "inactive"}


@dataclass(frozen=True, slots=True)
class Source:
    """One remote source: who owns it (a nick), what it is, and its synchronisation sources (the first is the primary)."""

    name: str
    owner: str
    media: str
    ssrcs: tuple[int, ...]
    desktop: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A media section that was added for a source; inactive once the source is removed."""

    source: Source
    active: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ICE candidate of the offer (RFC 8839 §5.1)."""

    foundation: str
    component: str
    protocol: str
    priority: str
    ip: str
    port: str
    kind: str

    def line(self) -> str:
        """The candidate attribute of SDP."""
        return f"a=candidate:{self.foundation} {self.component} {self.protocol} {self.priority} {self.ip} {self.port} typ {self.kind}"


@dataclass(frozen=True, slots=True)
class Transport:
    """ICE and DTLS of the bundled transport."""

    ufrag: str
    password: str
    fingerprint_hash: str
    fingerprint: str
    setup: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """One content of the offer. ``formats`` are payload types, ``lines`` the SDP attributes that describe them."""

    name: str
    media: str
    senders: str
    formats: tuple[str, ...]
    lines: tuple[str, ...]
    placeholder: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A session-initiate: contents in order, one transport, and the real sources that it announces."""

    sid: str
    initiator: str
    contents: tuple[Content, ...]
    transport: Transport
    sources: tuple[Source, ...]


def read_offer(jingle: etree._Element, sender: str) -> Offer:
    """The offer in a session-initiate; :class:`CallFailure` ``bad_response`` when it has no usable transport."""
    contents: list[Content] = []
    found: list[Source] = []
    transport: Transport | None = None
    for content in children(jingle, "content"):
        transport = transport or _read_transport(content)
        described, real = _read_content(content)
        contents.append(described)
        found.extend(real)
    if transport is None or not contents:
        raise CallFailure("bad_response", "the media offer has no transport")
    sid = attribute(jingle, "sid")
    return Offer(sid, attribute(jingle, "initiator", sender), tuple(contents), transport, tuple(found))


def read_sources(jingle: etree._Element) -> list[Source]:
    """The sources of a source-add or source-remove."""
    return [source for content in children(jingle, "content") for source in _read_content(content)[1]]


def offer_sdp(offer: Offer, slots: Sequence[Slot]) -> str:
    """SDP of the offer and of ``slots``, one section each.

    ``slots`` may only grow: sections of a description keep their place (RFC 3264 §8).
    """
    sections: list[str] = []
    mids: list[str] = []
    by_media = {content.media: content for content in offer.contents}
    for content in offer.contents:
        mids.append(content.name)
        direction = _DIRECTIONS.get(content.senders, "sendrecv")
        sections.append(_section(offer.transport, content, content.name, direction, content.placeholder))
    for index, slot in enumerate(slots):
        mid = slot_mid(index)
        mids.append(mid)
        direction = "sendonly" if slot.active else "inactive"
        sections.append(_section(offer.transport, by_media[slot.source.media], mid, direction, slot.source.ssrcs))
    head = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic:WMS *",
    ]
    return "\r\n".join(head) + "\r\n" + "".join(sections)


def accept(offer: Offer, answer_sdp: str, responder: str, nick: str, receive_only: frozenset[str]) -> str:
    """The session-accept for our SDP answer. Media in ``receive_only`` carry no source of ours."""
    sections = _split(answer_sdp)
    contents = []
    for content, section in zip(offer.contents, sections, strict=False):
        head = {"creator": "initiator", "name": content.name}
        if content.media == "application":
            contents.append(tag("content", {**head, "senders": "both"}, _data_transport(section)))
            continue
        sends = content.media not in receive_only
        senders = "both" if sends else "initiator"
        description = _answer_description(section, content.media, nick, sends)
        contents.append(tag("content", {**head, "senders": senders}, description, _answer_transport(section)))
    group = tag(
        "group",
        {"xmlns": GROUPING, "semantics": "BUNDLE"},
        *(tag("content", {"name": content.name}) for content in offer.contents),
    )
    attributes = {
        "xmlns": xml.JINGLE,
        "action": "session-accept",
        "initiator": offer.initiator,
        "responder": responder,
        "sid": offer.sid,
    }
    return tag("jingle", attributes, *contents, group)


def source_change(action: str, sid: str, source: Source) -> str:
    """A source-add or source-remove for one source of ours."""
    description = tag("description", {"xmlns": RTP, "media": source.media}, *_source_elements(source))
    content = tag("content", {"creator": "responder", "name": source.media, "senders": "both"}, description)
    return tag("jingle", {"xmlns": xml.JINGLE, "action": action, "sid": sid}, content)


def terminate(sid: str, reason: str = "success") -> str:
    """A session-terminate."""
    return tag(
        "jingle", {"xmlns": xml.JINGLE, "action": "session-terminate", "sid": sid}, tag("reason", None, tag(reason))
    )


def own_ssrcs(answer_sdp: str) -> dict[str, int]:
    """Our primary synchronisation source by media kind, from our own SDP."""
    found: dict[str, int] = {}
    for section in _split(answer_sdp):
        kind = _kind(section)
        ssrc = next((line.split()[0] for line in _values(section, "ssrc")), None)
        if ssrc is not None:
            found.setdefault(kind, int(ssrc))
    return found


def _read_content(content: etree._Element) -> tuple[Content, list[Source]]:
    name = attribute(content, "name")
    description = child(content, "description", RTP)
    media = attribute(description, "media", name) if description is not None else "application"
    if description is None or media not in {"audio", "video"}:
        return Content(name, "application", "both", (), ()), []
    formats: list[str] = []
    lines: list[str] = []
    for payload in children(description, "payload-type"):
        formats.append(attribute(payload, "id"))
        lines.extend(_payload_lines(payload))
    for extension in children(description, "rtp-hdrext"):
        lines.append(f"a=extmap:{attribute(extension, 'id')} {attribute(extension, 'uri')}")
    sources = _read_sources(description, media)
    placeholder = next((source.ssrcs for source in sources if source.owner in {BRIDGE, ""}), ())
    real = [source for source in sources if source.owner not in {BRIDGE, ""}]
    senders = attribute(content, "senders", "both")
    return Content(name, media, senders, tuple(formats), tuple(lines), placeholder), real


def _payload_lines(payload: etree._Element) -> list[str]:
    ident = attribute(payload, "id")
    channels = attribute(payload, "channels", "1")
    clock = attribute(payload, "clockrate") + (f"/{channels}" if channels != "1" else "")
    lines = [f"a=rtpmap:{ident} {attribute(payload, 'name')}/{clock}"]
    pairs = [(attribute(item, "name"), attribute(item, "value")) for item in children(payload, "parameter")]
    if pairs:
        lines.append(f"a=fmtp:{ident} " + ";".join(f"{key}={value}" if key else value for key, value in pairs))
    for feedback in children(payload, "rtcp-fb"):
        subtype = attribute(feedback, "subtype")
        lines.append(f"a=rtcp-fb:{ident} {attribute(feedback, 'type')}" + (f" {subtype}" if subtype else ""))
    return lines


def _read_sources(description: etree._Element, media: str) -> list[Source]:
    groups = {
        members[0]: tuple(members)
        for group in children(description, "ssrc-group")
        if group.get("semantics") == "FID"
        and len(members := [int(attribute(item, "ssrc", "0")) for item in children(group, "source")]) > 1
    }
    secondary = {ssrc for group in groups.values() for ssrc in group[1:]}
    found: list[Source] = []
    for item in children(description, "source"):
        text = attribute(item, "ssrc")
        if not text.isdigit() or int(text) in secondary:
            continue
        info = child(item, "ssrc-info")
        owner = attribute(info, "owner").rpartition("/")[2] if info is not None else ""
        name = attribute(item, "name")
        ssrcs = groups.get(int(text), (int(text),))
        desktop = attribute(item, "videoType") == "desktop"
        found.append(Source(name, owner or name.rpartition("-")[0], media, ssrcs, desktop))
    return found


def _read_transport(content: etree._Element) -> Transport | None:
    transport = child(content, "transport", ICE_UDP)
    if transport is None or not transport.get("ufrag"):
        return None
    fingerprint = child(transport, "fingerprint", DTLS)
    if fingerprint is None:
        raise CallFailure("bad_response", "the media offer has no DTLS fingerprint")
    candidates = tuple(
        Candidate(
            attribute(item, "foundation", "1"),
            attribute(item, "component", "1"),
            attribute(item, "protocol", "udp"),
            attribute(item, "priority", "1"),
            attribute(item, "ip"),
            attribute(item, "port"),
            attribute(item, "type", "host"),
        )
        for item in children(transport, "candidate")
    )
    return Transport(
        attribute(transport, "ufrag"),
        attribute(transport, "pwd"),
        attribute(fingerprint, "hash", "sha-256"),
        (fingerprint.text or "").strip(),
        attribute(fingerprint, "setup", "actpass"),
        candidates,
    )


def _section(transport: Transport, content: Content, mid: str, direction: str, ssrcs: tuple[int, ...]) -> str:
    application = content.media == "application"
    profile = "UDP/DTLS/SCTP" if application else "UDP/TLS/RTP/SAVPF"
    formats = "webrtc-datachannel" if application else " ".join(content.formats)
    lines = [
        f"m={content.media} 9 {profile} {formats}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{mid}",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        f"a=fingerprint:{transport.fingerprint_hash} {transport.fingerprint}",
        f"a=setup:{transport.setup}",
        *(candidate.line() for candidate in transport.candidates),
    ]
    if application:
        lines.append("a=sctp-port:5000")
    else:
        lines += [f"a={direction}", "a=rtcp-mux", *content.lines]
        if len(ssrcs) > 1:
            lines.append("a=ssrc-group:FID " + " ".join(str(ssrc) for ssrc in ssrcs))
        lines += [f"a=ssrc:{ssrc} cname:{mid}" for ssrc in ssrcs]
    return "\r\n".join(lines) + "\r\n"


def _split(sdp: str) -> list[list[str]]:
    sections: list[list[str]] = []
    for line in sdp.splitlines():
        if line.startswith("m="):
            sections.append([line])
        elif sections:
            sections[-1].append(line)
    return sections


def _kind(section: list[str]) -> str:
    return section[0][2:].split()[0]


def _values(section: list[str], name: str) -> list[str]:
    prefix = f"a={name}:"
    return [line[len(prefix) :] for line in section if line.startswith(prefix)]


def _answer_description(section: list[str], media: str, nick: str, sends: bool) -> str:
    payloads = []
    for rtpmap in _values(section, "rtpmap"):
        ident, _, codec = rtpmap.partition(" ")
        name, clock, *channels = codec.split("/")
        inner = [
            tag("parameter", {"name": key.strip(), "value": value})
            for fmtp in _values(section, "fmtp")
            if fmtp.split()[0] == ident
            for key, _, value in (pair.partition("=") for pair in fmtp.partition(" ")[2].split(";"))
        ]
        for feedback in _values(section, "rtcp-fb"):
            number, kind, *subtype = feedback.split()
            if number == ident:
                inner.append(
                    tag("rtcp-fb", {"xmlns": FEEDBACK, "type": kind, "subtype": subtype[0] if subtype else None})
                )
        attributes = {"id": ident, "name": name, "clockrate": clock, "channels": channels[0] if channels else "1"}
        payloads.append(tag("payload-type", attributes, *inner))
    extensions = [
        tag("rtp-hdrext", {"xmlns": HEADER_EXTENSIONS, "id": line.split()[0], "uri": line.split()[1]})
        for line in _values(section, "extmap")
    ]
    ssrcs = list(dict.fromkeys(int(line.split()[0]) for line in _values(section, "ssrc")))
    source = Source(f"{nick}-{media[0]}0", nick, media, tuple(ssrcs))
    elements = _source_elements(source) if sends and ssrcs else []
    return tag("description", {"xmlns": RTP, "media": media}, *payloads, *extensions, tag("rtcp-mux"), *elements)


def _source_elements(source: Source) -> list[str]:
    msid = tag("parameter", {"name": "msid", "value": f"{source.name} {source.name}-t"})
    elements = [
        tag(
            "source",
            {
                "xmlns": SOURCES,
                "ssrc": str(ssrc),
                "name": source.name,
                "videoType": "desktop" if source.desktop else None,
            },
            msid,
        )
        for ssrc in source.ssrcs
    ]
    if len(source.ssrcs) > 1:
        members = [tag("source", {"ssrc": str(ssrc)}) for ssrc in source.ssrcs]
        elements.append(tag("ssrc-group", {"xmlns": SOURCES, "semantics": "FID"}, *members))
    return elements


def _answer_transport(section: list[str], *extra: str) -> str:
    prints = _values(section, "fingerprint")
    chosen = next((line for line in prints if line.startswith("sha-256 ")), prints[0] if prints else " ")
    algorithm, _, value = chosen.partition(" ")
    setup = (_values(section, "setup") or ["active"])[0]
    fingerprint = tag("fingerprint", {"xmlns": DTLS, "hash": algorithm, "setup": setup}, text=value)
    ufrag = (_values(section, "ice-ufrag") or [""])[0]
    password = (_values(section, "ice-pwd") or [""])[0]
    return tag("transport", {"xmlns": ICE_UDP, "ufrag": ufrag, "pwd": password}, tag("rtcp-mux"), fingerprint, *extra)


def _data_transport(section: list[str]) -> str:
    sctp = tag("sctpmap", {"xmlns": SCTP, "number": "5000", "protocol": "webrtc-datachannel", "streams": "1024"})
    return _answer_transport(section, sctp)


def with_source(slots: Sequence[Slot], source: Source) -> list[Slot]:
    """``slots`` with a section for ``source``, unless it has an active one."""
    known = any(slot.active and slot.source.ssrcs == source.ssrcs for slot in slots)
    return list(slots) if known else [*slots, Slot(source)]


def without_source(slots: Sequence[Slot], gone: Source) -> list[Slot]:
    """``slots`` with the section of ``gone`` inactive."""
    return [replace(slot, active=False) if slot.source.ssrcs[0] == gone.ssrcs[0] else slot for slot in slots]


def slot_mid(index: int) -> str:
    """The media identification of the ``index``-th added section."""
    return f"s{index}"


def jingle_of(stanza: etree._Element) -> etree._Element | None:
    """The Jingle payload of an IQ."""
    return next((item for item in stanza if local(item) == "jingle"), None)
