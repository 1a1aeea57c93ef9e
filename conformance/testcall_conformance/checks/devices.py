"""Whether a device is in use, of what was observed of the devices. Pure.

A build asks the browser for a device by a constraint (W3C Media Capture and Streams, §11 and the algorithm SelectSettings).
Only an ``exact`` one binds the browser; for any other it should choose the nearest, and may give another: Chromium gives the
default microphone. Who asked for the right device and got another is not to blame.
"""

from __future__ import annotations

from testcall_contract.trace import TraceEvent


def of_kind(event: TraceEvent | None, kind: str) -> list[dict[str, object]]:
    """The devices of that kind in use, of a ``devices`` event."""
    return [d for d in (event.data.get("in_use", []) if event else []) if d.get("kind") == kind]


def taken(used: list[dict[str, object]], wanted: object) -> bool | None:
    """Whether ``wanted`` is in use; None when the browser was asked for it and gave another."""
    if any(device.get("device") == wanted for device in used):
        return True
    wishes = [device.get("wished") for device in used]
    return None if any(isinstance(wish, list) and wanted in wish for wish in wishes) else False


def told(used: list[dict[str, object]]) -> str:
    """The devices in use, in words."""
    return f"in use: {', '.join(str(device.get('device')) for device in used)}"


NOT_GIVEN = (
    "the build asked the browser for the device, by a constraint that does not bind it, and the browser gave another"
)
"""Why nothing can be told of a build whose wish the browser did not follow."""
