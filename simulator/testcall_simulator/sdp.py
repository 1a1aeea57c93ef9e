"""SDP text ⇄ the values of :mod:`testcall_simulator.jingle`, as far as WebRTC endpoints write it (RFC 8866, RFC 8829).

Decides nothing but spelling. ``a=end-of-candidates`` is neither kept nor written: an ICE agent that is told that no
candidate will come does not wait for the peer-reflexive one by which the browser is found (observed with aioice).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from testcall_simulator.jingle import (
    Candidate,
    Codec,
    Content,
    Fingerprint,
    HeaderExtension,
    JingleError,
    Media,
    Senders,
    Source,
    SourceGroup,
    Transport,
)

_DIRECTIONS: dict[str, Senders] = {
    "sendrecv": "both",
    "sendonly": "initiator",
    "recvonly": "responder",
    "inactive": "none",
}
_DIRECTION_OF = {senders: direction for direction, senders in _DIRECTIONS.items()}


# --- text → values -------------------------------------------------------------------------------------------------------


def read_sdp(text: str) -> tuple[Content, ...]:
    """The contents of a session description, in m-line order; content names are mids."""
    session, *sections = re.split(r"(?m)^(?=m=)", text.replace("\r\n", "\n"))
    shared = _attributes(session)
    return tuple(_read_section(section, shared) for section in sections)


def _attributes(section: str) -> list[tuple[str, str]]:
    return [
        (name, value)
        for line in section.splitlines()
        if line.startswith("a=")
        for name, _, value in [line[2:].strip().partition(":")]
    ]


def _read_section(section: str, shared: Sequence[tuple[str, str]]) -> Content:
    first = section.split("\n", 1)[0][2:].split()
    if len(first) < 4:
        raise JingleError(f"an m-line needs media, port, profile and formats, got {section.splitlines()[0]!r}")
    media: Media = "audio" if first[0] == "audio" else "video" if first[0] == "video" else "application"
    own = _attributes(section)
    values = dict([*shared, *own])
    mid = values.get("mid")
    if mid is None:
        raise JingleError(f"the {media} section has no mid")
    names = {name for name, _ in own}
    return Content(
        name=mid,
        media=media,
        senders=next((senders for direction, senders in _DIRECTIONS.items() if direction in names), "both"),
        codecs=() if media == "application" else tuple(_read_codecs(first[3:], own)),
        extensions=tuple(
            HeaderExtension(int(number.split("/")[0]), uri.split()[0])
            for name, value in own
            if name == "extmap"
            for number, _, uri in [value.partition(" ")]
        ),
        sources=tuple(_read_sources(own)),
        groups=tuple(
            SourceGroup(semantics, tuple(map(int, ssrcs)))
            for name, value in own
            if name == "ssrc-group"
            for semantics, *ssrcs in [value.split()]
        ),
        transport=Transport(
            ufrag=values.get("ice-ufrag", ""),
            pwd=values.get("ice-pwd", ""),
            fingerprints=tuple(
                Fingerprint(*value.split(" ", 1)) for name, value in [*shared, *own] if name == "fingerprint"
            ),
            setup=values.get("setup"),
            candidates=tuple(_read_candidate(value) for name, value in own if name == "candidate"),
            sctp_port=int(values.get("sctp-port", "5000")) if media == "application" else None,
        ),
        rtcp_mux="rtcp-mux" in names,
    )


def _read_codecs(formats: Iterable[str], attributes: Sequence[tuple[str, str]]) -> Iterable[Codec]:
    maps = {value.split(" ", 1)[0]: value.split(" ", 1)[1] for name, value in attributes if name == "rtpmap"}
    for payload_type in formats:
        if payload_type not in maps:
            continue
        name, clockrate, *channels = maps[payload_type].split("/")
        yield Codec(
            id=int(payload_type),
            name=name,
            clockrate=int(clockrate),
            channels=int(channels[0]) if channels else 1,
            parameters=tuple(_read_parameters(payload_type, attributes)),
            feedback=tuple(
                (kind, " ".join(subtype))
                for name, value in attributes
                if name == "rtcp-fb"
                for target, kind, *subtype in [value.split()]
                if target in ("*", payload_type)
            ),
        )


def _read_parameters(payload_type: str, attributes: Sequence[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, value in attributes:
        target, _, listed = value.partition(" ")
        if name != "fmtp" or target != payload_type:
            continue
        for item in listed.split(";"):
            key, equals, parameter = item.strip().partition("=")
            if key:
                yield (key, parameter) if equals else ("", key)


def _read_sources(attributes: Sequence[tuple[str, str]]) -> Iterable[Source]:
    found: dict[int, dict[str, str]] = {}
    for name, value in attributes:
        if name == "ssrc":
            ssrc, _, attribute = value.partition(" ")
            key, _, parameter = attribute.partition(":")
            found.setdefault(int(ssrc), {})[key] = parameter
    shared_msid = next((value for name, value in attributes if name == "msid"), None)
    for number, parameters in found.items():
        yield Source(
            ssrc=number,
            name=parameters.get("name"),
            msid=parameters.get("msid", shared_msid),
            cname=parameters.get("cname"),
            video_type=parameters.get("videoType"),
        )


def _read_candidate(value: str) -> Candidate:
    words = value.split()
    if len(words) < 8:
        raise JingleError(f"a candidate needs eight fields, got {value!r}")
    extra = dict(zip(words[8::2], words[9::2], strict=False))
    return Candidate(
        foundation=words[0],
        component=int(words[1]),
        protocol=words[2].lower(),
        priority=int(words[3]),
        ip=words[4],
        port=int(words[5]),
        type=words[7],
        related_address=extra.get("raddr"),
        related_port=int(extra["rport"]) if "rport" in extra else None,
    )


# --- values → text -------------------------------------------------------------------------------------------------------


def write_sdp(contents: Sequence[Content]) -> str:
    """A session description of these contents, all bundled, RTCP multiplexed."""
    names = " ".join(content.name for content in contents)
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {names}",
        "a=msid-semantic:WMS *",
    ]
    for content in contents:
        lines += _write_section(content)
    return "\r\n".join(lines) + "\r\n"


def _write_section(content: Content) -> list[str]:
    transport = content.transport or Transport()
    if content.media == "application":
        lines = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", f"a=mid:{content.name}"]
        lines += [f"a=sctp-port:{transport.sctp_port or 5000}", "a=max-message-size:262144"]
        return lines + _write_transport(transport)
    formats = " ".join(str(codec.id) for codec in content.codecs)
    lines = [
        f"m={content.media} 9 UDP/TLS/RTP/SAVPF {formats}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=mid:{content.name}",
        f"a={_DIRECTION_OF[content.senders]}",
        "a=rtcp-mux",
    ]
    lines += [f"a=extmap:{extension.id} {extension.uri}" for extension in content.extensions]
    for codec in content.codecs:
        lines += _write_codec(codec)
    for group in content.groups:
        lines.append(f"a=ssrc-group:{group.semantics} {' '.join(map(str, group.ssrcs))}")
    for source in content.sources:
        pairs = (("cname", source.cname or source.owner or "testcall"), ("msid", source.msid), ("name", source.name))
        lines += [f"a=ssrc:{source.ssrc} {key}:{value}" for key, value in pairs if value]
    return lines + _write_transport(transport)


def _write_codec(codec: Codec) -> list[str]:
    channels = f"/{codec.channels}" if codec.channels != 1 else ""
    lines = [f"a=rtpmap:{codec.id} {codec.name}/{codec.clockrate}{channels}"]
    if codec.parameters:
        listed = ";".join(f"{name}={value}" if name else value for name, value in codec.parameters)
        lines.append(f"a=fmtp:{codec.id} {listed}")
    return lines + [f"a=rtcp-fb:{codec.id} {kind} {subtype}".rstrip() for kind, subtype in codec.feedback]


def _write_transport(transport: Transport) -> list[str]:
    lines = []
    for candidate in transport.candidates:
        line = (
            f"a=candidate:{candidate.foundation} {candidate.component} {candidate.protocol} {candidate.priority} "
            f"{candidate.ip} {candidate.port} typ {candidate.type}"
        )
        if candidate.related_address is not None:
            line += f" raddr {candidate.related_address} rport {candidate.related_port or 0}"
        lines.append(line)
    lines += [f"a=ice-ufrag:{transport.ufrag}", f"a=ice-pwd:{transport.pwd}"]
    lines += [f"a=fingerprint:{digest.hash} {digest.value}" for digest in transport.fingerprints]
    if transport.setup:
        lines.append(f"a=setup:{transport.setup}")
    return lines


# --- offer and answer ----------------------------------------------------------------------------------------------------


def answer_to(offer: Sequence[Content], answer: Sequence[Content]) -> tuple[Content, ...]:
    """The answer's contents in the offer's order, every one with a transport (a bundled content may leave it out).

    A content that the answer lacks is inactive. Candidates of the answer stay; none are invented.
    """
    by_name = {content.name: content for content in answer}
    shared = next((content.transport for content in answer if content.transport and content.transport.ufrag), None)
    if shared is None:
        raise JingleError("the answer has no ICE credentials")
    merged = []
    for offered in offer:
        content = by_name.get(offered.name)
        if content is None:
            content = replace(offered, senders="none", sources=(), groups=(), transport=shared)
        transport = content.transport if content.transport and content.transport.ufrag else shared
        if offered.media == "application":
            transport = replace(transport, sctp_port=transport.sctp_port or 5000)
        merged.append(
            replace(
                content,
                media=offered.media,
                codecs=content.codecs or offered.codecs,
                transport=replace(transport, setup=transport.setup or shared.setup or "active"),
            )
        )
    return tuple(merged)
