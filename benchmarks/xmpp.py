"""Signalling: what relaying costs beside a bare WebSocket echo, and 200 sessions of two on one core."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.measure import Figure, figure, ratio
from benchmarks.processes import CLIENT_CORE, Child, child, pinned, python

TITLE = "CPU per relayed stanza, 200 sessions of two"

_FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
_GROUPCHAT = (
    '<message xmlns="jabber:client" to="{room}" type="groupchat"><body>a line of chat, number {n}</body></message>'
)
_PRESENCE = (
    '<presence xmlns="jabber:client" to="{room}/{nick}"><x xmlns="http://jabber.org/protocol/muc"/>'
    '<stats-id>Benchmark</stats-id><nick xmlns="http://jabber.org/protocol/nick">{n}</nick></presence>'
)


def measure(*, full: bool) -> list[Figure]:
    """Relay and echo in turn with the same stanza, then the load."""
    with pinned(CLIENT_CORE), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_relay(9 if full else 4, 400))
        return figures + runner.run(_load(200, 60 if full else 10))


# -- a client of the signalling ------------------------------------------------------------------------------------------


class Occupant:
    """A joined client. ``socket`` receives what the room says from then on."""

    def __init__(self, socket: ClientConnection, room: str, nick: str) -> None:
        self.socket, self.room, self.nick = socket, room, nick

    def presence(self, text: str) -> str:
        """A presence that says ``text``."""
        return _PRESENCE.format(room=self.room, nick=self.nick, n=text)


async def join(about: dict[str, Any], token: str, session: str, nick: str) -> Occupant:
    """Dial, log in, bind, ask the focus, enter the room."""
    socket = await dial(f"ws://127.0.0.1:{about['port']}{about['websocket']}?token={token}")
    domain = about["domain"]
    opening = f'<open xmlns="{_FRAMING}" to="{domain}" version="1.0"/>'
    await socket.send(opening)
    await socket.send('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>')
    await until(socket, "<success")
    await socket.send(opening)
    await socket.send(
        '<iq xmlns="jabber:client" type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'
    )
    await until(socket, "<jid")
    room = f"{session}@conference.{domain}"
    focus = f'<conference xmlns="http://jitsi.org/protocol/focus" room="{room}"/>'
    await socket.send(f'<iq xmlns="jabber:client" type="set" id="c" to="focus.{domain}">{focus}</iq>')
    one = Occupant(socket, room, nick)
    await socket.send(one.presence("0-0-0"))
    await until(socket, "<subject")
    return one


async def dial(address: str) -> ClientConnection:
    """A socket without compression and pings."""
    return await connect(address, subprotocols=["xmpp"], ping_interval=None, compression=None, proxy=None)


async def until(socket: ClientConnection, mark: str) -> str:
    """The next frame that contains ``mark``."""
    async with asyncio.timeout(30):
        while mark not in (frame := str(await socket.recv())):
            pass
        return frame


async def quiet(occupants: list[Occupant]) -> None:
    """Return when everything that was sent before has been received."""
    for one in occupants:
        await one.socket.send(
            f'<iq xmlns="jabber:client" type="get" id="q-{one.nick}"><ping xmlns="urn:xmpp:ping"/></iq>'
        )
    for one in occupants:
        await until(one.socket, f'id="q-{one.nick}"')


# -- one room beside an echo ----------------------------------------------------------------------------------------------


async def _relay(rounds: int, messages: int) -> list[Figure]:
    figures: list[Figure] = []
    with child(python("servers", "simulator")) as service, child(python("servers", "echo")) as echo:
        about, bare = json.loads(service.first_line), json.loads(echo.first_line)
        service.tell("0")
        tokens = json.loads(service.hear())[0]
        echoes = [await dial(f"ws://127.0.0.1:{bare['port']}/") for _ in range(8)]
        occupants = [await join(about, token, "bench", f"nick{n}") for n, token in enumerate(tokens)]
        await quiet(occupants)
        sockets = [one.socket for one in occupants]
        for name, stanza, goal in (("groupchat message", _GROUPCHAT, "at most 3"), ("presence", _PRESENCE, "")):
            frame = stanza.format(room=occupants[0].room, nick=occupants[0].nick, n="1-1-1")
            relay, echoed = await _in_turn(service, sockets, echo, echoes, frame, messages, rounds)
            figures += [
                figure(f"{name}, relayed to 8", "µs CPU", relay, note="for each recipient"),
                figure(f"echo of that {name}", "µs CPU", echoed),
                ratio(f"{name}, relay to echo", relay, echoed, goal=goal),
            ]
        for socket in [*echoes, *(one.socket for one in occupants)]:
            await socket.close()
    return figures


async def _in_turn(
    service: Child,
    sockets: list[ClientConnection],
    echo: Child,
    echoes: list[ClientConnection],
    frame: str,
    messages: int,
    rounds: int,
) -> tuple[list[float], list[float]]:
    """Microseconds of CPU for each recipient: relayed, and echoed."""
    relayed, echoed = [], []
    for _ in range(rounds):
        for server, work, values in (
            (service, _tell(sockets, frame, messages), relayed),
            (echo, _echo(echoes, frame, messages), echoed),
        ):
            before = server.cpu_s()
            await work
            values.append((server.cpu_s() - before) * 1e6 / messages / len(sockets))
    return relayed, echoed


async def _tell(sockets: list[ClientConnection], frame: str, messages: int) -> None:
    """One occupant sends; all eight, the sender too, must get each before the next is sent."""
    for _ in range(messages):
        await sockets[0].send(frame)
        for socket in sockets:
            await socket.recv()


async def _echo(sockets: list[ClientConnection], frame: str, messages: int) -> None:
    """The same number of frames come back; each socket sends its own."""
    for _ in range(messages):
        for socket in sockets:
            await socket.send(frame)
        for socket in sockets:
            await socket.recv()


# -- many sessions --------------------------------------------------------------------------------------------------------


class _Listener:
    """Receives at one occupant: counts presences of each sender and whether their numbers rise one by one."""

    def __init__(self, occupant: Occupant, wanted: int) -> None:
        self.occupant = occupant
        self.latest: dict[str, int] = {}
        self.received = self.disorder = 0
        self.delays: list[float] = []
        self.wanted = wanted
        self.complete = asyncio.Event()

    async def run(self) -> None:
        async for frame in self.occupant.socket:
            found = _NUMBER_OF.search(str(frame))
            if found is None or found["n"] == "0":
                continue
            sender, number = found["who"], int(found["n"])
            self.received += 1
            if self.received == self.wanted:
                self.complete.set()
            self.disorder += number != self.latest.get(sender, 0) + 1
            self.latest[sender] = number
            self.delays.append(time.perf_counter() - int(found["at"]) / 1e6)


_NUMBER_OF = re.compile(r">(?P<who>\d+)-(?P<n>\d+)-(?P<at>\d+)</nick>")


async def _load(sessions: int, seconds: int) -> list[Figure]:
    with child(python("servers", "simulator")) as service:
        about = json.loads(service.first_line)
        service.tell(str(sessions))
        pairs = json.loads(service.hear())
        began, before = time.perf_counter(), service.cpu_s()
        listeners = [
            _Listener(await join(about, token, f"s{n}", f"nick{n}x{side}"), 2 * seconds)
            for n, pair in enumerate(pairs)
            for side, token in enumerate(pair)
        ]
        joined_s, joined_cpu = time.perf_counter() - began, service.cpu_s() - before
        tasks = [asyncio.create_task(one.run()) for one in listeners]
        began, before = time.perf_counter(), service.cpu_s()
        await asyncio.gather(*(_speak(one.occupant, n, len(listeners), seconds) for n, one in enumerate(listeners)))
        expected = len(listeners) * 2 * seconds
        await asyncio.wait([asyncio.create_task(one.complete.wait()) for one in listeners], timeout=15)
        used, took = service.cpu_s() - before, time.perf_counter() - began
        for task in tasks:
            task.cancel()
        for one in listeners:
            one.occupant.socket.transport.abort()
    received = sum(one.received for one in listeners)
    delays = sorted(delay * 1000 for one in listeners for delay in one.delays)
    return [
        figure("joining", "ms CPU", joined_cpu / len(listeners) * 1000, note=f"each; {joined_s:.1f} s for all"),
        figure("received", "share", received / expected, goal="1", note=f"{expected:,} presences in {seconds} s"),
        figure("out of order", "stanzas", float(sum(one.disorder for one in listeners)), goal="0"),
        figure(
            "server's core",
            "share",
            used / took,
            goal="below 1",
            note=f"{sessions} sessions of 2, one change each second",
        ),
        figure("presence, sent to received, median", "ms", delays[len(delays) // 2], note="wall"),
        figure("presence, sent to received, p99", "ms", delays[int(len(delays) * 0.99)], note="wall"),
    ]


async def _speak(one: Occupant, number: int, speakers: int, seconds: int) -> None:
    """One presence change a second, begun at this speaker's own part of the second."""
    loop = asyncio.get_running_loop()
    start = loop.time() + number / speakers
    for count in range(1, seconds + 1):
        await asyncio.sleep(max(0.0, start + count - 1 - loop.time()))
        await one.socket.send(one.presence(f"{number}-{count}-{int(time.perf_counter() * 1e6)}"))
