"""Measures at a peer what arrives from the build: waits until sound or picture is there, or gone.

Presence and silence only; no latency is measured on decoded media.
"""

from __future__ import annotations

import asyncio
from typing import Any

SILENCE_DBOV = -60.0
"""Sound under this level is silence. Ours; digital silence is -127 (RFC 6464 §3), a test tone is over -40."""

WINDOW_S = 0.4
"""So long is listened or watched for one decision that there is nothing."""


async def until(peer: Any, of: str, media: str, *, present: bool, timeout_s: float) -> dict[str, Any]:
    """Wait until ``peer`` gets ``media`` of the user ``of`` (or no longer gets it); what was there at the end.

    ``{"present": bool, "waited_s", "frames", and "level_dbov" or "width", "height"}``.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    while True:
        sample = await _sample(peer, of, media)
        waited = loop.time() - started
        if sample["present"] == present or waited >= timeout_s:
            return sample | {"waited_s": round(waited, 3)}


async def _sample(peer: Any, of: str, media: str) -> dict[str, Any]:
    if media == "audio":
        sound = await peer.hears(of, window_s=WINDOW_S)
        level = sound.level_dbov
        audible = bool(sound.frames) and level is not None and level > SILENCE_DBOV
        return {"present": audible, "frames": sound.frames, "level_dbov": level}
    picture = await peer.sees(of, window_s=WINDOW_S)
    return {
        "present": picture.frames > 0,
        "frames": picture.frames,
        "width": picture.width,
        "height": picture.height,
    }
