"""Eight hours of joins and leaves, on the service's virtual clock, over real sockets: what the process holds, hour by hour."""

from __future__ import annotations

import asyncio
import json

import uvloop

from benchmarks.measure import Figure, figure, ratio
from benchmarks.processes import CLIENT_CORE, Child, child, pinned, python
from benchmarks.xmpp import join, quiet

TITLE = "memory over 8 hours of joins and leaves"

HOURS = 8


def measure(*, full: bool) -> list[Figure]:
    """Each minute some sessions of two: one occupant leaves well, the other's socket breaks and nobody comes back."""
    with pinned(CLIENT_CORE), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_hours(8 if full else 2))


async def _hours(sessions: int) -> list[Figure]:
    held: list[float] = []
    with child(python("servers", "soak")) as service:
        about = json.loads(service.first_line)
        for minute in range(HOURS * 60):
            if minute % 60 == 0 and minute:
                held.append(_ask(service, "held"))
            await _minute(service, about, minute, sessions)
        held.append(_ask(service, "held"))
    joins = HOURS * 60 * sessions * 2
    return [
        figure(
            "resident after hour 2", "MB", held[1], note=f"{joins:,} joins in all, trace and call log at their bounds"
        ),
        figure("resident after hour 8", "MB", held[-1], note=" ".join(f"{value:.1f}" for value in held)),
        ratio("hour 8 to hour 2", [held[-1]], [held[1]], goal="flat"),
    ]


async def _minute(service: Child, about: dict[str, str], minute: int, sessions: int) -> None:
    pairs = json.loads(_say(service, f"tokens {minute} {sessions}"))
    for number, pair in enumerate(pairs):
        session = f"m{minute}x{number}"
        one, other = [await join(about, token, session, f"nick{side}") for side, token in enumerate(pair)]
        await one.socket.send(one.presence("1-1-1"))
        await quiet([other])
        await one.socket.close()
        other.socket.transport.abort()
    _say(service, "advance 61")


def _say(service: Child, line: str) -> str:
    service.tell(line)
    return service.hear()


def _ask(service: Child, line: str) -> float:
    return float(_say(service, line))
