"""Jingle as the service speaks it: session descriptions and sources as values, and their XML.

Decides how a session description is written in XEP-0166/0167/0176/0320/0339 with the Jitsi additions (source names and
owners, SCTP data channel), and reads the same. Knows neither sockets nor aiortc; the SDP side of the same values is
:mod:`testcall_simulator.sdp`, sources as an SFU sees them :mod:`testcall_simulator.jingle_sources`.

Rules that the observed SDK forces on an offer (each seen to break it): contents are named ``audio``, ``video``, ``data``;
every media content has at least two payload types; the first sources are placeholders of the bridge, real ones come by
``source-add``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from lxml import etree

from testcall_simulator.errors import SimulatorError

JINGLE = "urn:xmpp:jingle:1"
RTP = "urn:xmpp:jingle:apps:rtp:1"
RTCP_FB = "urn:xmpp:jingle:apps:rtp:rtcp-fb:0"
RTP_HDREXT = "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"
SSMA = "urn:xmpp:jingle:apps:rtp:ssma:0"
ICE_UDP = "urn:xmpp:jingle:transports:ice-udp:1"
DTLS = "urn:xmpp:jingle:apps:dtls:0"
DTLS_SCTP = "urn:xmpp:jingle:transports:dtls-sctp:1"
GROUPING = "urn:xmpp:jingle:apps:grouping:0"
JITMEET = "http://jitsi.org/jitmeet"
FOCUS = "http://jitsi.org/protocol/focus"

Media = Literal["audio", "video", "application"]
Senders = Literal["both", "initiator", "responder", "none"]

_SENDERS: tuple[Senders, ...] = ("both", "initiator", "responder", "none")


class JingleError(SimulatorError):
    """A Jingle element or an SDP can't be understood: one line that says what is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A payload type. ``parameters`` are fmtp pairs (an empty name means a bare value); ``feedback`` (type, subtype)."""

    id: int
    name: str
    clockrate: int
    channels: int = 1
    parameters: tuple[tuple[str, str], ...] = ()
    feedback: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str | None:
        """The value of one fmtp parameter, None when it is absent."""
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(frozen=True, slots=True)
class HeaderExtension:
    """An RTP header extension and the id that it has in this session (RFC 8285)."""

    id: int
    uri: str


@dataclass(frozen=True, slots=True)
class Source:
    """One SSRC. ``name`` is ``<endpoint>-a0`` or ``-v0``; ``owner`` the occupant's nick; ``msid`` "stream track"."""

    ssrc: int
    name: str | None = None
    owner: str | None = None
    msid: str | None = None
    cname: str | None = None
    video_type: str | None = None


@dataclass(frozen=True, slots=True)
class SourceGroup:
    """SSRCs that belong together: ``SIM`` (simulcast layers, lowest first) or ``FID`` (stream, its retransmission)."""

    semantics: str
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ICE candidate (RFC 8839)."""

    foundation: str
    component: int
    protocol: str
    priority: int
    ip: str
    port: int
    type: str
    related_address: str | None = None
    related_port: int | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Digest of a DTLS certificate: hash function and colon-separated hex."""

    hash: str
    value: str


@dataclass(frozen=True, slots=True)
class Transport:
    """ICE and DTLS parameters of a content; ``setup`` is actpass, active or passive; ``sctp_port`` only for data."""

    ufrag: str = ""
    pwd: str = ""
    fingerprints: tuple[Fingerprint, ...] = ()
    setup: str | None = None
    candidates: tuple[Candidate, ...] = ()
    sctp_port: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """One m-line. ``senders`` maps one to one to the direction that stands in the writer's own SDP (observed)."""

    name: str
    media: Media
    senders: Senders = "both"
    codecs: tuple[Codec, ...] = ()
    extensions: tuple[HeaderExtension, ...] = ()
    sources: tuple[Source, ...] = ()
    groups: tuple[SourceGroup, ...] = ()
    transport: Transport | None = None
    rtcp_mux: bool = True


@dataclass(frozen=True, slots=True)
class Jingle:
    """A ``<jingle/>`` element: an action of the session ``sid`` and the contents that it is about."""

    action: str
    sid: str
    contents: tuple[Content, ...] = ()
    initiator: str | None = None
    responder: str | None = None
    bundle: tuple[str, ...] = ()
    reason: str | None = None
    text: str | None = None
    bridge_session: str | None = None
    """The id of the bridge's session, which an occupant repeats when it complains."""
    restart: bool = False
    """Whether an occupant that ends its session asks for another one."""
    ice_failed: bool = False
    """Whether an occupant tells that its connection failed."""

    def content(self, media: Media) -> Content | None:
        """The first content of this media, None when there is none."""
        return next((content for content in self.contents if content.media == media), None)


# --- values → XML --------------------------------------------------------------------------------------------------------


def write_jingle(jingle: Jingle) -> etree._Element:
    """The element, with default namespaces (the SDK compares tag names with their prefix)."""
    element = etree.Element(f"{{{JINGLE}}}jingle", nsmap=_default(JINGLE))
    element.set("action", jingle.action)
    element.set("sid", jingle.sid)
    for name, value in (("initiator", jingle.initiator), ("responder", jingle.responder)):
        if value is not None:
            element.set(name, value)
    for content in jingle.contents:
        element.append(_write_content(content, jingle.action))
    if jingle.bundle:
        group = _child(element, GROUPING, "group", semantics="BUNDLE")
        for name in jingle.bundle:
            _child(group, GROUPING, "content", name=name)
    if jingle.bridge_session is not None:
        restart = "true" if jingle.restart else None
        _child(element, FOCUS, "bridge-session", id=jingle.bridge_session, restart=restart)
    if jingle.ice_failed:
        _child(element, FOCUS, "ice-state").text = "failed"
    if jingle.reason is not None:
        reason = _child(element, JINGLE, "reason")
        _child(reason, JINGLE, jingle.reason)
        if jingle.text:
            _child(reason, JINGLE, "text").text = jingle.text
    return element


def _default(namespace: str) -> Any:
    """A map that makes ``namespace`` the default one (lxml's stubs know no unnamed prefix)."""
    return {None: namespace}


def _child(parent: etree._Element, namespace: str, tag: str, **attributes: object) -> etree._Element:
    inherits = etree.QName(parent).namespace == namespace
    child = etree.SubElement(parent, f"{{{namespace}}}{tag}", nsmap=None if inherits else _default(namespace))
    for name, value in attributes.items():
        if value is not None:
            child.set(name.rstrip("_").replace("_", "-"), str(value))
    return child


def _write_content(content: Content, action: str) -> etree._Element:
    element = etree.Element(f"{{{JINGLE}}}content", nsmap=_default(JINGLE))
    element.set("creator", "initiator")
    element.set("name", content.name)
    if action.startswith("session-"):
        element.set("senders", content.senders)
    if content.media != "application":
        description = _child(element, RTP, "description", media=content.media)
        for codec in content.codecs:
            _write_codec(description, codec)
        for extension in content.extensions:
            _child(description, RTP_HDREXT, "rtp-hdrext", id=extension.id, uri=extension.uri)
        if content.codecs and content.rtcp_mux:
            _child(description, RTP, "rtcp-mux")
        for source in content.sources:
            _write_source(description, source)
        for group in content.groups:
            element_group = _child(description, SSMA, "ssrc-group", semantics=group.semantics)
            for ssrc in group.ssrcs:
                _child(element_group, SSMA, "source", ssrc=ssrc)
    if content.transport is not None:
        _write_transport(element, content.transport)
    return element


def _write_codec(description: etree._Element, codec: Codec) -> None:
    payload = _child(description, RTP, "payload-type", id=codec.id, name=codec.name, clockrate=codec.clockrate)
    if codec.channels != 1:
        payload.set("channels", str(codec.channels))
    for name, value in codec.parameters:
        _child(payload, RTP, "parameter", name=name or None, value=value)
    for kind, subtype in codec.feedback:
        _child(payload, RTCP_FB, "rtcp-fb", type_=kind, subtype=subtype or None)


def _write_source(description: etree._Element, source: Source) -> None:
    element = _child(description, SSMA, "source", ssrc=source.ssrc, name=source.name)
    if source.video_type is not None:
        element.set("videoType", source.video_type)
    for name, value in (("cname", source.cname), ("msid", source.msid)):
        if value is not None:
            _child(element, SSMA, "parameter", name=name, value=value)
    if source.owner is not None:
        _child(element, JITMEET, "ssrc-info", owner=source.owner)


def _write_transport(content: etree._Element, transport: Transport) -> None:
    element = _child(content, ICE_UDP, "transport")
    if transport.ufrag:
        element.set("ufrag", transport.ufrag)
        element.set("pwd", transport.pwd)
    if transport.sctp_port is not None:
        _child(element, DTLS_SCTP, "sctpmap", number=transport.sctp_port, protocol="webrtc-datachannel", streams=1024)
    for fingerprint in transport.fingerprints:
        digest = _child(element, DTLS, "fingerprint", hash=fingerprint.hash, setup=transport.setup)
        digest.text = fingerprint.value
    for number, candidate in enumerate(transport.candidates, start=1):
        written = _child(
            element,
            ICE_UDP,
            "candidate",
            component=candidate.component,
            foundation=candidate.foundation,
            generation=0,
            id=number,
            ip=candidate.ip,
            network=0,
            port=candidate.port,
            priority=candidate.priority,
            protocol=candidate.protocol,
            type_=candidate.type,
        )
        if candidate.related_address is not None:
            written.set("rel-addr", candidate.related_address)
            written.set("rel-port", str(candidate.related_port or 0))


# --- XML → values --------------------------------------------------------------------------------------------------------


def read_jingle(element: etree._Element) -> Jingle:
    """The values of a ``<jingle/>`` element; :class:`JingleError` for one that is none or lacks what it must have."""
    if element.tag != f"{{{JINGLE}}}jingle":
        raise JingleError(f"expected a jingle element of {JINGLE}, got {element.tag}")
    action, sid = element.get("action"), element.get("sid")
    if not action or not sid:
        raise JingleError("a jingle element needs the attributes action and sid")
    reason = element.find(f"{{{JINGLE}}}reason")
    condition, text = _read_reason(reason)
    bridge = element.find(f"{{{FOCUS}}}bridge-session")
    return Jingle(
        action=action,
        sid=sid,
        contents=tuple(_read_content(content) for content in element.iterfind(f"{{{JINGLE}}}content")),
        initiator=element.get("initiator"),
        responder=element.get("responder"),
        bundle=tuple(
            name
            for group in element.iterfind(f"{{{GROUPING}}}group")
            if group.get("semantics") == "BUNDLE"
            for content in group
            if (name := content.get("name"))
        ),
        reason=condition,
        text=text,
        bridge_session=None if bridge is None else bridge.get("id"),
        restart=bridge is not None and bridge.get("restart") == "true",
        ice_failed=element.findtext(f"{{{FOCUS}}}ice-state") == "failed",
    )


def _read_reason(reason: etree._Element | None) -> tuple[str | None, str | None]:
    if reason is None:
        return None, None
    tags = {etree.QName(child).localname: child for child in reason if isinstance(child.tag, str)}
    text = tags.pop("text", None)
    return next(iter(tags), None), None if text is None else text.text


def _read_content(element: etree._Element) -> Content:
    name = element.get("name")
    if not name:
        raise JingleError("a content needs a name")
    description = element.find(f"{{{RTP}}}description")
    transport = element.find(f"{{{ICE_UDP}}}transport")
    senders = element.get("senders", "both")
    media: Media = "application"
    if description is not None:
        kind = description.get("media", name)
        media = "audio" if kind == "audio" else "video" if kind == "video" else "application"
    return Content(
        name=name,
        media=media,
        senders=next((known for known in _SENDERS if known == senders), "none"),
        codecs=() if description is None else tuple(map(_read_codec, description.iterfind(f"{{{RTP}}}payload-type"))),
        extensions=()
        if description is None
        else tuple(
            HeaderExtension(_integer(extension, "id"), extension.get("uri", ""))
            for extension in description.iterfind(f"{{{RTP_HDREXT}}}rtp-hdrext")
        ),
        sources=() if description is None else tuple(map(_read_source, description.iterfind(f"{{{SSMA}}}source"))),
        groups=() if description is None else tuple(map(_read_group, description.iterfind(f"{{{SSMA}}}ssrc-group"))),
        transport=None if transport is None else _read_transport(transport),
        rtcp_mux=description is None or description.find(f"{{{RTP}}}rtcp-mux") is not None,
    )


def _integer(element: etree._Element, attribute: str) -> int:
    value = element.get(attribute, "")
    try:
        return int(value)
    except ValueError:
        tag = etree.QName(element).localname
        raise JingleError(f"attribute {attribute} of {tag} must be a whole number, not {value!r}") from None


def _read_codec(element: etree._Element) -> Codec:
    return Codec(
        id=_integer(element, "id"),
        name=element.get("name", ""),
        clockrate=_integer(element, "clockrate"),
        channels=_integer(element, "channels") if element.get("channels") is not None else 1,
        parameters=tuple(
            (parameter.get("name", ""), parameter.get("value", ""))
            for parameter in element.iterfind(f"{{{RTP}}}parameter")
        ),
        feedback=tuple(
            (feedback.get("type", ""), feedback.get("subtype", ""))
            for feedback in element.iterfind(f"{{{RTCP_FB}}}rtcp-fb")
        ),
    )


def _read_source(element: etree._Element) -> Source:
    parameters = {
        parameter.get("name", ""): parameter.get("value") for parameter in element.iterfind(f"{{{SSMA}}}parameter")
    }
    info = element.find(f"{{{JITMEET}}}ssrc-info")
    return Source(
        ssrc=_integer(element, "ssrc"),
        name=element.get("name"),
        owner=None if info is None else info.get("owner"),
        msid=parameters.get("msid"),
        cname=parameters.get("cname"),
        video_type=element.get("videoType"),
    )


def _read_group(element: etree._Element) -> SourceGroup:
    return SourceGroup(element.get("semantics", ""), tuple(_integer(source, "ssrc") for source in element))


def _read_transport(element: etree._Element) -> Transport:
    fingerprints = element.findall(f"{{{DTLS}}}fingerprint")
    sctp = element.find(f"{{{DTLS_SCTP}}}sctpmap")
    return Transport(
        ufrag=element.get("ufrag", ""),
        pwd=element.get("pwd", ""),
        fingerprints=tuple(Fingerprint(digest.get("hash", ""), (digest.text or "").strip()) for digest in fingerprints),
        setup=next((setup for digest in fingerprints if (setup := digest.get("setup"))), None),
        candidates=tuple(map(_read_candidate, element.iterfind(f"{{{ICE_UDP}}}candidate"))),
        sctp_port=None if sctp is None else _integer(sctp, "number"),
    )


def _read_candidate(element: etree._Element) -> Candidate:
    return Candidate(
        foundation=element.get("foundation", "1"),
        component=_integer(element, "component"),
        protocol=element.get("protocol", "udp"),
        priority=_integer(element, "priority"),
        ip=element.get("ip", ""),
        port=_integer(element, "port"),
        type=element.get("type", "host"),
        related_address=element.get("rel-addr"),
        related_port=None if element.get("rel-port") is None else _integer(element, "rel-port"),
    )
