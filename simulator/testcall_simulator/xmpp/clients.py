"""What outlives a socket: a bound client, and its account of what was sent and handled (XEP-0198).

A client that asked for stream management stays when its socket breaks; what it is sent meanwhile waits here, in order, and
goes out when it resumes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from testcall_simulator.xmpp.effects import RoomKey
from testcall_simulator.xmpp.names import SM
from testcall_simulator.xmpp.routing import Visitor
from testcall_simulator.xmpp.xml import StreamError, make, serialize

WRAP = 1 << 32
"""Stanza counters wrap around at 2^32 (XEP-0198 §4)."""

MAX_UNACKED = 5_000
"""Stanzas that may wait for one client's acknowledgement; beyond it the stream is ended."""

_ASK_EVERY = 5
"""After how many stanzas we ask for an acknowledgement; the SDK's library asks us after as many."""

ACK_REQUEST = serialize(make(SM, "r"))


@dataclass(slots=True)
class Ledger:
    """Counts of one managed stream. ``received``: stanzas of the client that were handled; ``sent``: ours to it."""

    id: str
    resumable: bool
    received: int = 0
    sent: int = 0
    unacked: deque[str] = field(default_factory=deque)

    def count_in(self) -> None:
        """A stanza of the client was handled."""
        self.received = (self.received + 1) % WRAP

    def count_out(self, text: str) -> bool:
        """A stanza is sent, or would be; whether it is time to ask for an acknowledgement."""
        if len(self.unacked) >= MAX_UNACKED:
            raise StreamError("resource-constraint", f"{MAX_UNACKED} stanzas were not acknowledged")
        self.unacked.append(text)
        self.sent = (self.sent + 1) % WRAP
        return len(self.unacked) % _ASK_EVERY == 0

    def acknowledge(self, handled: int) -> None:
        """The client has handled so many of ours: they are forgotten."""
        still = (self.sent - handled) % WRAP
        if still > len(self.unacked):
            raise StreamError("undefined-condition", f"{handled} stanzas acknowledged, {self.sent} sent")
        while len(self.unacked) > still:
            self.unacked.popleft()

    def waiting(self) -> Iterable[str]:
        """What the client has not acknowledged, oldest first."""
        return tuple(self.unacked)


@dataclass(slots=True)
class Client:
    """A bound client. ``socket`` is ``None`` while it is away; ``absence`` counts how often it was."""

    visitor: Visitor
    socket: str | None
    ledger: Ledger | None = None
    absence: int = 0

    @property
    def jid(self) -> str:
        """Its full JID."""
        return self.visitor.jid

    @property
    def room(self) -> RoomKey:
        """The room that it may be in."""
        return self.visitor.grant.room
