"""Messages of the bridge's data channel ("colibri"). Pure: what the bridge says, and whom a message goes to.

The browser opens the channel, labelled ``JVB data channel``. Messages are JSON objects with a ``colibriClass``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from testcall_simulator.jingle_sources import NamedSource

LABEL = "JVB data channel"
CAMERA_HEIGHT = 180
"""Wanted height of a camera with simulcast: the browser then sends its lowest layer only (observed)."""

Message = dict[str, Any]

_RELAYED = frozenset({"EndpointMessage", "EndpointStats"})


def read(text: str | bytes) -> Message | None:
    """The message, or None when it is no JSON object with a ``colibriClass``."""
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) and isinstance(message.get("colibriClass"), str) else None


def write(message: Mapping[str, Any]) -> str:
    """The message as it goes over the channel."""
    return json.dumps(message, separators=(",", ":"))


def server_hello() -> Message:
    """The bridge's greeting."""
    return {"colibriClass": "ServerHello", "version": "testcall"}


def dominant_speaker(speaker: str, previous: Iterable[str]) -> Message:
    """Who speaks now, by nick, and who did before, most recent first."""
    return {
        "colibriClass": "DominantSpeakerEndpointChangeEvent",
        "dominantSpeakerEndpoint": speaker,
        "previousSpeakers": list(previous),
        "silence": False,
    }


def sender_constraints(sources: Iterable[NamedSource]) -> list[Message]:
    """What a sender is told about its camera sources that have simulcast layers; screens are left alone."""
    return [
        {"colibriClass": "SenderSourceConstraints", "sourceName": source.name, "maxHeight": CAMERA_HEIGHT}
        for source in sources
        if source.media == "video" and len(source.layers) > 1 and source.video_type != "desktop"
    ]


def endpoint_stats(sender: str) -> Message:
    """What an SDK tells every few seconds of how it is connected; in a peer call the other side is given up without it."""
    nothing = {"audio": {"download": 0, "upload": 0}, "video": {"download": 0, "upload": 0}, "download": 0, "upload": 0}
    return {
        "colibriClass": "EndpointStats",
        "bitrate": nothing,
        "packetLoss": {"total": 0, "download": 0, "upload": 0},
        "connectionQuality": 100,
        "jvbRTT": 1,
        "from": sender,
    }


def replies(message: Message) -> list[Message]:
    """What the bridge answers to the sender."""
    return [server_hello()] if message["colibriClass"] == "ClientHello" else []


def relayed(message: Message, sender: str, others: Iterable[str]) -> dict[str, Message]:
    """Whom the message goes on to, and what each is given: endpoint messages to one or all, statistics to all."""
    if message["colibriClass"] not in _RELAYED:
        return {}
    to = message.get("to")
    stamped = {**message, "from": sender}
    return {nick: stamped for nick in others if to in (None, "", nick)}
