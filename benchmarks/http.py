"""The simulator's HTTP against a bare ASGI handler that parses and signs the same, and against other mocks."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks import peers
from benchmarks.load import Call, Outcome, drive
from benchmarks.measure import Figure, figure, paired, ratio
from benchmarks.processes import CLIENT_CORE, ROOT, Child, child, pinned, python
from testcall_simulator.simulate import TRACE_LIMIT

TITLE = "CPU per request, throughput beside other mocks, start"

WARM_S = 7.0
"""How long a peer is warmed up: WireMock gets faster for about so long."""

WARM_REQUESTS = 2 * TRACE_LIMIT
"""What floor and simulator are warmed up with: afterwards the trace has its full size and takes no new memory."""


def measure(*, full: bool) -> list[Figure]:
    """Floor and simulator in turn, on one core each way; then the peers, one at a time."""
    rounds, requests = (9, 6000) if full else (5, 3000)
    figures = _per_request(rounds, requests) + _start(5 if full else 3)
    trouble = peers.install()
    if trouble is not None:
        print(f"  no peers: {trouble}", flush=True)
        return figures
    return figures + _beside_peers(rounds if full else 3, requests)


@contextmanager
def served(kind: str) -> Iterator[tuple[Child, dict[str, Call]]]:
    """A server of :mod:`benchmarks.servers` and its two calls."""
    with child(python("servers", kind)) as one:
        about = json.loads(one.first_line)
        app = {"appId": "testapp"}
        yield (
            one,
            {
                "POST": Call(
                    about["port"], "POST", about["path"], {**app, "authToken": about["auth_token"]}, peers.BODY
                ),
                "GET": Call(about["port"], "GET", about["path"], {**app, "callToken": about["call_token"]}),
            },
        )


def cpu_us(one: Child, call: Call, requests: int) -> float:
    """Microseconds of the server's processor time for each request."""
    before = one.cpu_s()
    drive(call, requests)
    return (one.cpu_s() - before) / requests * 1e6


def _per_request(rounds: int, requests: int) -> list[Figure]:
    figures = []
    with ExitStack() as stack:
        stack.enter_context(pinned(CLIENT_CORE))
        servers = {kind: stack.enter_context(served(kind)) for kind in ("bare", "simulator")}
        for method, what in (("POST", "make a call token"), ("GET", "verify one")):
            sides: dict[str, Callable[[], float]] = {}
            for kind, (one, calls) in servers.items():
                drive(calls[method], WARM_REQUESTS)
                sides[kind] = lambda one=one, call=calls[method]: cpu_us(one, call, requests)
            values = paired(sides, rounds)
            goal = "at most 2"
            figures += [
                figure(f"{method} call_tokens, bare ASGI", "µs CPU", values["bare"], note=what),
                figure(f"{method} call_tokens, simulator", "µs CPU", values["simulator"]),
                ratio(f"{method}, simulator to bare", values["simulator"], values["bare"], goal=goal),
            ]
    return figures


def _start(rounds: int) -> list[Figure]:
    first, later = [], []
    for _ in range(rounds):
        done = subprocess.run(python("start"), cwd=ROOT, capture_output=True, text=True, check=True)
        cold, *warm = json.loads(done.stdout)
        first.append(cold)
        later += warm
    return [
        figure("start to first answer, in process, first", "ms", first, note="wall, fresh process, imports included"),
        figure("start to first answer, in process, later", "ms", later, note="wall, TLS certificates included"),
    ]


def _beside_peers(rounds: int, requests: int) -> list[Figure]:
    figures: list[Figure] = []
    with ExitStack() as stack:
        stack.enter_context(pinned(CLIENT_CORE))
        ours, calls = stack.enter_context(served("simulator"))
        drive(calls["POST"], WARM_REQUESTS)
        for name, started, goal in (("WireMock", peers.wiremock, "at least 6"), ("Prism", peers.prism, "at least 7")):
            with started() as (peer, call):
                _warm(call)
                sides = {"ours": (ours, calls["POST"], requests), "peer": (peer, call, requests // 2)}
                values = paired({side: lambda what=what: _both(*what) for side, what in sides.items()}, rounds)
                figures += _compared(name, values, peer, goal)
    return figures


def _both(one: Child, call: Call, requests: int) -> Any:
    before = one.cpu_s()
    outcome = drive(call, requests)
    return outcome, (one.cpu_s() - before) / requests * 1e6


def _compared(name: str, values: dict[str, list[tuple[Outcome, float]]], peer: Child, goal: str) -> list[Figure]:
    speed = {side: [outcome.per_second for outcome, _ in pairs] for side, pairs in values.items()}
    cpu = {side: [used for _, used in pairs] for side, pairs in values.items()}
    return [
        figure(f"{name}, start to first answer", "ms", peer.started_s * 1000, note="wall"),
        figure(f"{name}, POST", "µs CPU", cpu["peer"], note=f"warm for {WARM_S:g} s, silent"),
        figure(f"{name}, POST throughput", "req/s", speed["peer"], note="16 connections, one core"),
        figure(f"simulator beside {name}", "req/s", speed["ours"]),
        ratio(f"throughput, simulator to {name}", speed["ours"], speed["peer"], goal=goal),
        ratio(f"CPU per request, {name} to simulator", cpu["peer"], cpu["ours"]),
    ]


def _warm(call: Call) -> None:
    until = time.perf_counter() + WARM_S
    while time.perf_counter() < until:
        drive(call, 200)
