"""Eight hours of joins and leaves on the virtual clock: what is kept stays the same from the second hour to the eighth."""

import asyncio
import gc
import tracemalloc

from xmpp_wire import AUTH, BIND, ENABLE

from testcall_contract.trace import Trace
from testcall_simulator import VirtualClock, default_world
from testcall_simulator.faults import Faults
from testcall_simulator.simulator import Simulator
from testcall_simulator.xmpp_edge import SignallingService

OPEN = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost" version="1.0"/>'
CONFERENCE = '<iq xmlns="jabber:client" type="set" id="c" to="focus.localhost"><conference xmlns="http://jitsi.org/protocol/focus" room="{room}"/></iq>'
JOIN = '<presence xmlns="jabber:client" to="{room}/{nick}"><x xmlns="http://jabber.org/protocol/muc"/><stats-id>A</stats-id></presence>'
AGAIN = '<presence xmlns="jabber:client" to="{room}/{nick}"><stats-id>B</stats-id></presence>'
LEAVE = '<presence xmlns="jabber:client" to="{room}/{nick}" type="unavailable"/>'
CLOSE = '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>'


class Socket:
    """What the edge sees of a WebSocket: texts in, texts out."""

    def __init__(self, token):
        self.scope = {"subprotocols": ["xmpp"]}
        self.query_params = {"token": token}
        self.incoming, self.sent = asyncio.Queue(), 0

    async def accept(self, subprotocol):
        pass

    async def receive(self):
        return await self.incoming.get()

    async def send_text(self, text):
        self.sent += 1

    async def close(self, code=1000):
        self.incoming.put_nowait({"type": "websocket.disconnect"})

    def say(self, *texts):
        for text in texts:
            self.incoming.put_nowait({"type": "websocket.receive", "text": text})

    def cut(self):
        self.incoming.put_nowait({"type": "websocket.disconnect"})


async def settle(turns=6):
    for _ in range(turns):
        await asyncio.sleep(0)


async def minute(service, world, clock, number):
    """Two join a session of their own; one leaves well, the other's socket breaks and it never comes back."""
    room, sockets, tasks = f"m{number}@conference.localhost", [], []
    for uid, nick in (("alice", "al1ce000"), ("bob", "b0b00000")):
        socket = Socket(world.issue_call_token(world.user(uid), f"m{number}"))
        tasks.append(asyncio.create_task(service.websocket(socket)))
        socket.say(OPEN, AUTH, OPEN, BIND, ENABLE, CONFERENCE.format(room=room))
        socket.say(JOIN.format(room=room, nick=nick), AGAIN.format(room=room, nick=nick))
        sockets.append((socket, nick))
    await settle(12)
    assert service.occupants(f"m{number}") == {"al1ce000": "alice", "b0b00000": "bob"}
    (leaving, nick), (breaking, _) = sockets
    leaving.say(LEAVE.format(room=room, nick=nick), CLOSE)
    breaking.cut()
    await settle(12)
    await clock.advance(61)
    await asyncio.gather(*tasks)
    assert service.occupants(f"m{number}") == {}
    assert min(socket.sent for socket, _ in sockets) >= 8


def held():
    """Bytes that Python holds, rubbish collected."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def test_eight_hours_of_joins_and_leaves_leave_memory_flat(monkeypatch):
    clock = VirtualClock()
    world = default_world(clock=clock)
    world.calls.limit = 50  # what is kept for ever has bounds; here they are so low that they are reached at once
    trace = Trace(limit=20)
    trace.secrets.max_tokens = 50
    monkeypatch.setattr("testcall_contract.redaction._CACHED_TEXTS", 50)
    sim = Simulator(world=world, trace=trace)
    service = SignallingService(world, trace, clock, bridges=None, faults=sim.faults)
    began, marks, number = clock.now(), {}, 0
    tracemalloc.start()
    try:
        while clock.now() - began < 8 * 3600:
            await minute(service, world, clock, number)
            number += 1
            hour = int((clock.now() - began) // 3600)
            if hour in (2, 8) and hour not in marks:
                marks[hour] = held()
    finally:
        tracemalloc.stop()
    await service.close()
    assert number > 450
    assert len(trace) < 40
    assert abs(marks[8] - marks[2]) < 50_000, marks


async def test_what_grows_would_be_seen():
    """Without bounds the same hours leave more than that: the measure can fail."""
    clock = VirtualClock()
    world = default_world(clock=clock)
    service = SignallingService(world, Trace(), clock, bridges=None, faults=Faults())
    tracemalloc.start()
    try:
        before = held()
        for number in range(30):
            await minute(service, world, clock, number)
        assert held() - before > 100_000
    finally:
        tracemalloc.stop()
