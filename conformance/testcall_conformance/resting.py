"""On what a verdict rests that no source tells about the service: the simulator's assumptions, by the evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from testcall_contract.trace import TraceEvent

BAD_STATUS = 400
"""From here on an HTTP answer refuses (RFC 9110 §15.5)."""


def assumptions_behind(events: Iterable[TraceEvent]) -> tuple[str, ...]:
    """The assumptions that show in these events, each once, as id and sentence."""
    from testcall_simulator.assumptions import behind

    found: dict[str, str] = {}
    for event in events:
        if event.kind == "wire":
            status = event.data.get("status")  # of HTTP a number; of a ringing call a word
            refused = isinstance(status, int) and status >= BAD_STATUS
            for one in behind(event.name, _text(event.data), refused=refused):
                found[one.id] = one.text
    return tuple(f"{key}: {text}" for key, text in found.items())


def _text(data: Mapping[str, Any]) -> str:
    """What stands in a message: its stanza, or its address and answer; of a decision, its data."""
    if "stanza" in data:
        return str(data["stanza"])
    return f"{data.get('url', '')} {data.get('response', '')}" if "url" in data else str(dict(data))
