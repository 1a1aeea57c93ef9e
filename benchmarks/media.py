"""The bridge's forwarding beside aiortc's MediaRelay: processor time for each leg that gets audio and video."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.measure import Figure, figure
from benchmarks.processes import CLIENT_CORE, SERVER_CORE, Child, child, python

TITLE = "forwarding without decoding beside MediaRelay, legs on one core"

WARM_S = 1.0
RELAYED_LEGS = 4
"""A core holds eight or nine of aiortc's relayed legs when nothing else runs; four leave room for neighbours."""
FORWARDED_LEGS = 40
_SENT = "at the worst leg; 50 of audio and 15 of video are sent"


@dataclass(frozen=True, slots=True)
class Load:
    """One run: milliseconds of CPU a second for each leg, share of the core, RTP packets a second that the worst leg got."""

    per_leg: float
    core: float
    packets_least: float


def measure(*, full: bool) -> list[Figure]:
    """Both in turn; then at least as many forwarded legs as the goal names."""
    rounds, seconds, many = (4, 10, 150) if full else (2, 4, 100)
    forwarded, relayed = [], []
    for _ in range(rounds):
        forwarded.append(run("forward", FORWARDED_LEGS, seconds))
        relayed.append(run("relay", RELAYED_LEGS, seconds))
    big = run("forward", many, seconds)
    ratios = [b.per_leg / a.per_leg for a, b in zip(forwarded, relayed, strict=True)]
    return [
        figure("forwarded leg", "ms/s CPU", [one.per_leg for one in forwarded], note=f"of {FORWARDED_LEGS}"),
        figure("MediaRelay leg", "ms/s CPU", [one.per_leg for one in relayed], note=f"of {RELAYED_LEGS}"),
        figure("MediaRelay to forwarder, per leg", "×", ratios, goal="at least 12"),
        figure("packets to each forwarded leg", "1/s", [one.packets_least for one in forwarded], note=_SENT),
        figure("packets to each relayed leg", "1/s", [one.packets_least for one in relayed], note=_SENT),
        figure(f"{many} forwarded legs, share of the core", "share", big.core, goal="below 1 with 100"),
        figure(f"{many} forwarded legs, packets to the worst", "1/s", big.packets_least, note=_SENT),
    ]


def run(kind: str, legs: int, seconds: float) -> Load:
    """One publisher, then ``legs`` more; what the legs cost is the difference to the publisher alone."""
    with _pair(kind) as (server, clients):
        _make(server, clients, 1)
        alone, _ = _window(server, clients, seconds / 2)
        _make(server, clients, legs)
        loaded, packets = _window(server, clients, seconds)
    packets.pop("pub")
    return Load((loaded - alone) / legs * 1000, loaded, min(packets.values()))


@contextmanager
def _pair(kind: str) -> Iterator[tuple[Child, Child]]:
    with (
        child(python("media_servers", kind), core=SERVER_CORE) as server,
        child(python("media_clients"), core=CLIENT_CORE) as clients,
    ):
        yield server, clients


def _make(server: Child, clients: Child, legs: int) -> None:
    """Carry offers and answers between the two processes until all legs are connected."""
    server.tell(json.dumps({"legs": legs}))
    while "sdp" in json.loads(line := server.hear()):
        clients.tell(line)
        server.tell(clients.hear())


def _window(server: Child, clients: Child, seconds: float) -> tuple[float, dict[str, float]]:
    """CPU seconds a second of the server, and RTP packets a second at each far end."""
    time.sleep(WARM_S)
    began, cpu, before = time.perf_counter(), server.cpu_s(), _packets(clients)
    time.sleep(seconds)
    after, used, took = _packets(clients), server.cpu_s() - cpu, time.perf_counter() - began
    return used / took, {nick: (after[nick] - before[nick]) / took for nick in after}


def _packets(clients: Child) -> dict[str, int]:
    clients.tell(json.dumps({"count": True}))
    counted: dict[str, int] = json.loads(clients.hear())
    return counted
