"""The one place of the reference SDK that reaches into private names of aiortc 1.16 and aioice 0.13.

tests/conformance/test_reference_media.py fails if the names change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from testcall_conformance.reference.client.network import LOOPBACK

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpSender


def gather_on_loopback(pc: RTCPeerConnection) -> None:
    """Let the ICE transports of ``pc`` that have not gathered yet use 127.0.0.1 instead of the machine's other addresses.

    aioice gathers no candidate there (RFC 8445 §5.1.1.1 forbids it), which is right on a network and wrong on one machine
    without any.
    """
    transports = pc._RTCPeerConnection__iceTransports  # type: ignore[attr-defined]
    for transport in transports:
        connection = transport.iceGatherer._connection
        original = connection.get_component_candidates

        async def local_only(component: int, addresses: list[str], timeout: int = 5, _original: Any = original) -> Any:
            return await _original(component=component, addresses=[LOOPBACK], timeout=timeout)

        if not connection._local_candidates_start:
            connection.get_component_candidates = local_only


def on_key_frame_request(sender: RTCRtpSender, callback: Callable[[], None]) -> None:
    """Call ``callback`` when a receiver asks ``sender`` for a key frame (PLI, RFC 4585 §6.3.1).

    aiortc tells its encoder only, and what is encoded beforehand has none.
    """
    original = sender._send_keyframe

    def asked() -> None:
        original()
        callback()

    sender._send_keyframe = asked  # type: ignore[method-assign]
