"""A calling client in concepts: HTTP, XMPP over WebSocket, a conference room, Jingle, media. It knows no dialect.

:class:`~testcall_conformance.reference.client.client.CallClient` is the whole of it; the two wires (``wire_v4``, ``wire_v5``)
hold what differs between the majors of the service's protocol.
"""
