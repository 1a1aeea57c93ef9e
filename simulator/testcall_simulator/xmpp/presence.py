"""What an occupant's presence says: who it is, and which of its sources are muted.

Presence children are relayed verbatim and never interpreted for others; the service reads them only to tell the trace what
it saw. Rubbish in them is an occupant's own affair: it reads as nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from testcall_simulator.xmpp.names import CLIENT, NICK
from testcall_simulator.xmpp.xml import Element, child, child_text

Media = Literal["audio", "video", "desktop"]


@dataclass(frozen=True, slots=True)
class Source:
    """One media source as ``SourceInfo`` describes it; ``name`` is ``<nick>-a0``, ``-v0``, ``-v1``."""

    name: str
    media: Media
    muted: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the service reads in a presence."""

    app_id: str | None = None
    major: int | None = None
    """Major version of the SDK, told by the words that it uses; ``None`` when it uses neither's."""
    uid: str | None = None
    name: str | None = None
    stats_id: str | None = None
    audio_only: bool = False
    transcribing: bool = False
    """Whether it wants a transcript."""
    config: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """How its session is set up, as it tells it: attributes of ``initial_config``."""
    sources: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}))


def facts_of(presence: Element) -> Facts:
    """Read a presence. v4 tells the uid in ``<uid>`` and ``<user_object uid>``, v5 in the JSON text of ``<user-info>``."""
    config = child(presence, CLIENT, "initial_config")
    return Facts(
        app_id=config.get("app_id") if config is not None else None,
        major=_major(presence),
        audio_only=config is not None and config.get("is_audio_only") == "true",
        transcribing=child_text(presence, "jitsi_participant_requestingTranscription") == "true",
        config=MappingProxyType({str(k): str(v) for k, v in config.items()})
        if config is not None
        else MappingProxyType({}),
        uid=_uid(presence),
        name=child_text(presence, "nick", NICK),
        stats_id=child_text(presence, "stats-id"),
        sources=_sources_of(presence),
    )


def changes(before: Mapping[str, Source], after: Mapping[str, Source]) -> list[tuple[str, Source]]:
    """(event, source) for every source whose state changed, in the order of their names.

    Events: ``source_muted``, ``source_unmuted``; for a desktop ``screen_share_started``, ``screen_share_stopped``. A source that
    is no longer listed is muted; one that is listed for the first time is told either way.
    """
    told = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if new is None:
            assert old is not None
            if not old.muted:
                told.append((_event(old.media, muted=True), old))
        elif old is None or old.muted != new.muted or old.media != new.media:
            if new.media == "desktop" and new.muted and old is None:
                continue
            told.append((_event(new.media, muted=new.muted), new))
    return told


def _event(media: Media, *, muted: bool) -> str:
    if media == "desktop":
        return "screen_share_stopped" if muted else "screen_share_started"
    return "source_muted" if muted else "source_unmuted"


def _major(presence: Element) -> int | None:
    if child(presence, CLIENT, "user-info") is not None:
        return 5
    return 4 if child(presence, CLIENT, "user_object") is not None else None


def _uid(presence: Element) -> str | None:
    told = child_text(presence, "uid")
    if told:
        return told
    info = _object(child_text(presence, "user-info"))
    if isinstance(info.get("uid"), str):
        return str(info["uid"])
    user = child(presence, CLIENT, "user_object")
    return user.get("uid") if user is not None else None


def _sources_of(presence: Element) -> Mapping[str, Source]:
    """What a presence tells of its sources: by ``SourceInfo``, or by the older children of SDK 4.0 (one source of a kind)."""
    told = child_text(presence, "SourceInfo")
    if told is not None:
        return _sources(told)
    nick = (presence.get("to") or "").partition("/")[2]
    found: dict[str, Source] = {}
    audio, video = child_text(presence, "audiomuted"), child_text(presence, "videomuted")
    if audio is not None:
        found[f"{nick}-a0"] = Source(f"{nick}-a0", "audio", muted=audio == "true")
    if video is not None or child_text(presence, "videoType") == "desktop":
        media: Media = "desktop" if child_text(presence, "videoType") == "desktop" else "video"
        found[f"{nick}-v0"] = Source(f"{nick}-v0", media, muted=video == "true")
    return MappingProxyType(found)


def _sources(text: str | None) -> Mapping[str, Source]:
    found = {}
    for name, state in _object(text).items():
        kind = name.rpartition("-")[2][:1]
        if isinstance(state, dict) and kind in {"a", "v"}:
            desktop = kind == "v" and state.get("videoType") == "desktop"
            media: Media = "audio" if kind == "a" else "desktop" if desktop else "video"
            found[name] = Source(name, media, muted=state.get("muted") is True)
    return MappingProxyType(found)


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
