"""Sources as an SFU sees them: one name, all its SSRCs; and what the others are told of it.

An occupant tells of simulcast layers and of repair streams, each an SSRC of its own; the others are told of one SSRC by
source. Pure, on the values of :mod:`testcall_simulator.jingle`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from testcall_simulator.jingle import Content, Media, Source

PLACEHOLDER_OWNER = "jvb"


@dataclass(frozen=True, slots=True)
class NamedSource:
    """All SSRCs that one source name stands for, as an SFU sees them.

    ``layers`` are the simulcast layers, lowest first (one SSRC when there is no simulcast); ``retransmission`` maps an
    SSRC of repair packets to the layer that it repairs.
    """

    name: str
    owner: str
    media: Media
    layers: tuple[int, ...]
    retransmission: dict[int, int] = field(default_factory=dict)
    msid: str | None = None
    video_type: str | None = None

    @property
    def ssrc(self) -> int:
        """The SSRC by which this source is announced to others: its lowest layer."""
        return self.layers[0]


def placeholder(media: Media, ssrc: int) -> Source:
    """The bridge's own source that keeps an m-line in use.

    Without one the SDK finds no SSRC line, and with a peer's in its place Chromium refuses the offer that follows the
    peer's removal (both observed).
    """
    letter = media[0]
    return Source(
        ssrc=ssrc,
        name=f"{PLACEHOLDER_OWNER}-{letter}0",
        owner=PLACEHOLDER_OWNER,
        msid=f"mixedmslabel mixedlabel{media}0",
    )


def source_contents(sources: Iterable[NamedSource]) -> tuple[Content, ...]:
    """Contents of a ``source-add`` or ``source-remove`` that tells others of these sources: one SSRC each, no groups."""
    by_media: dict[Media, list[Source]] = {}
    for source in sources:
        by_media.setdefault(source.media, []).append(
            Source(
                ssrc=source.ssrc,
                name=source.name,
                owner=source.owner,
                msid=source.msid or f"{source.owner} {source.name}",
                video_type=source.video_type,
            )
        )
    return tuple(Content(name=media, media=media, sources=tuple(listed)) for media, listed in by_media.items())


def named_sources(contents: Iterable[Content], owner: str) -> tuple[NamedSource, ...]:
    """The sources that an occupant tells of, its SSRCs gathered by source name, simulcast and repair groups resolved."""
    found: list[NamedSource] = []
    for content in contents:
        if content.media == "application":
            continue
        by_name: dict[str, list[Source]] = {}
        for source in content.sources:
            by_name.setdefault(source.name or f"{owner}-{content.media[0]}0", []).append(source)
        for name, sources in by_name.items():
            found.append(_named_source(name, owner, content, sources))
    return tuple(found)


def _named_source(name: str, owner: str, content: Content, sources: Sequence[Source]) -> NamedSource:
    ssrcs = {source.ssrc for source in sources}
    repairs = {
        group.ssrcs[1]: group.ssrcs[0]
        for group in content.groups
        if group.semantics == "FID" and len(group.ssrcs) == 2 and group.ssrcs[0] in ssrcs
    }
    simulcast = next(
        (group.ssrcs for group in content.groups if group.semantics == "SIM" and ssrcs.intersection(group.ssrcs)), None
    )
    layers = simulcast or tuple(source.ssrc for source in sources if source.ssrc not in repairs)
    first = sources[0]
    return NamedSource(name, owner, content.media, layers, repairs, first.msid, first.video_type)


def with_sources(content: Content, *sources: Source) -> Content:
    """The same content with these sources only, no groups."""
    return replace(content, sources=sources, groups=())
