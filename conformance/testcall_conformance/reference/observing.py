"""What an instance receives and holds, in the words of the adapter protocol. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testcall_conformance.protocol import Observation, RemoteTrack

if TYPE_CHECKING:
    from testcall_conformance.reference.dialect import DialectSdk


def observe(sdk: DialectSdk) -> Observation:
    """Remote tracks with their counters, and what is held: local tracks, connection, socket, container."""
    session = sdk.client.session
    live = session is not None and not session.over
    tracks = [
        RemoteTrack(
            id=reading.source,
            kind="audio" if reading.media == "audio" else "video",
            frames=reading.frames,
            width=reading.width or 0,
            height=reading.height or 0,
            energy=reading.energy,
            level=10 ** (reading.level_dbov / 20) if reading.level_dbov is not None else 0.0,
            packets=reading.frames,
        )
        for reading in sdk.client.readings()
    ]
    kinds = session.sending if session is not None else ()
    return Observation(
        tracks=tracks,
        sent=[{"kind": kind, "active": True} for kind in kinds],
        local=[{"id": kind, "kind": kind, "state": "live"} for kind in kinds],
        connections=[{"connection": session.media_state}]
        if session is not None and live and session.media_state
        else [],
        sockets=[{"url": session.socket_url, "state": 1}] if session is not None and live else [],
        containers={sdk.container: int(live and not _headless(sdk))} if sdk.container else {},
    )


def _headless(sdk: DialectSdk) -> bool:
    """Whether the session was joined without an interface: asked for, and without video."""
    session = sdk.client.session
    return sdk.session_values.get("headless") is True and session is not None and session.audio_only
