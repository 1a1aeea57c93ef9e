"""200 sessions of two, each telling a change a second: every occupant gets all, in order. Without sockets, on the virtual clock.

The same over real sockets, in real time: ``python -m benchmarks xmpp``.
"""

import asyncio
import re

from test_soak import AUTH, BIND, CONFERENCE, JOIN, OPEN, Socket

from testcall_contract.trace import Trace
from testcall_simulator import VirtualClock, default_world
from testcall_simulator.xmpp_edge import SignallingService

SESSIONS, SECONDS = 200, 5
SAYS = '<presence xmlns="jabber:client" to="{room}/{nick}"><stats-id>{nick}:{number}</stats-id></presence>'
SAID = re.compile(r"<stats-id>(\w+):(\d+)</stats-id>")


class Listener(Socket):
    """A socket that keeps what was told of each change, and knows when all was told."""

    def __init__(self, token, wanted):
        super().__init__(token)
        self.heard, self.wanted, self.joined, self.complete = [], wanted, asyncio.Event(), asyncio.Event()

    async def send_text(self, text):
        if "<subject" in text:
            self.joined.set()
        if found := SAID.search(text):
            self.heard.append((found[1], int(found[2])))
            if len(self.heard) == self.wanted:
                self.complete.set()


async def test_every_occupant_gets_every_change_in_order():
    clock = VirtualClock()
    world = default_world(clock=clock)
    service = SignallingService(world, Trace(limit=100), clock, bridges=None)
    listeners, tasks = [], []
    for session in range(SESSIONS):
        for uid in ("alice", "bob"):
            token = world.issue_call_token(world.user(uid), f"s{session}")
            one = Listener(token, 2 * SECONDS)
            one.room, one.nick = f"s{session}@conference.localhost", f"{uid}{session}"
            tasks.append(asyncio.create_task(service.websocket(one)))
            one.say(OPEN, AUTH, OPEN, BIND, CONFERENCE.format(room=one.room), JOIN.format(room=one.room, nick=one.nick))
            listeners.append(one)
    async with asyncio.timeout(60):
        await asyncio.gather(*(one.joined.wait() for one in listeners))
        for number in range(SECONDS):
            for one in listeners:
                one.say(SAYS.format(room=one.room, nick=one.nick, number=number))
            await clock.advance(1)
        await asyncio.gather(*(one.complete.wait() for one in listeners))
    for one in listeners:
        session = one.room.partition("@")[0][1:]
        by_sender = {nick: [number for sender, number in one.heard if sender == nick] for nick, _ in one.heard}
        assert by_sender == {f"alice{session}": list(range(SECONDS)), f"bob{session}": list(range(SECONDS))}
    for one in listeners:
        one.cut()
    await asyncio.gather(*tasks)
    await service.close()
