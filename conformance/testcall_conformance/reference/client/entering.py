"""What is asked before one enters a room: what the service has, and that the conference be made ready."""

from __future__ import annotations

import asyncio
import contextlib

from testcall_conformance.reference.client import xml
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.model import Ticket
from testcall_conformance.reference.client.stream import XmppStream
from testcall_conformance.reference.client.xml import attribute, child, children, tag

READY_RETRY_S = (1.0, 2.0, 4.0)  # the focus may ask to come again


async def discover(stream: XmppStream, domain: str) -> dict[str, str]:
    """Addresses of the service's components by their type (``end_conference`` …); empty where it tells none (XEP-0030)."""
    with contextlib.suppress(CallFailure):
        await stream.request("get", domain, tag("services", {"xmlns": xml.EXTDISCO}))
    try:
        answer = await stream.request("get", domain, tag("query", {"xmlns": xml.DISCO}))
    except CallFailure as failure:
        if failure.condition != "server_error":
            raise
        return {}
    query = child(answer, "query")
    identities = children(query, "identity") if query is not None else ()
    return {attribute(identity, "type"): attribute(identity, "name") for identity in identities}


async def invite_focus(stream: XmppStream, ticket: Ticket, machine: str) -> None:
    """Ask the focus for the conference; returns when it is ready, :class:`CallFailure` when it refuses or never is."""
    request = tag("conference", {"xmlns": xml.FOCUS, "room": ticket.room, "machine-uid": machine})
    for pause_s in (*READY_RETRY_S, None):
        answer = await stream.request("set", ticket.focus, request)
        conference = child(answer, "conference")
        if conference is not None and attribute(conference, "ready") == "true":
            return
        if pause_s is not None:
            await asyncio.sleep(pause_s)
    raise CallFailure("connection_failed", f"the conference {ticket.room} does not become ready")
