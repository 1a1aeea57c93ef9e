"""`testcall simulate`: run a simulator until Ctrl-C, and tell how to point an app at it.

:func:`run_simulate` takes options as a value and returns an exit code; the command line parses and calls it.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO, get_args
from urllib.parse import unquote, urlsplit

from testcall_contract.trace import Trace
from testcall_simulator.assumptions import ASSUMPTIONS
from testcall_simulator.clock import Clock, VirtualClock
from testcall_simulator.errors import SimulatorError
from testcall_simulator.hints import hint
from testcall_simulator.simulator import Simulator, loop_factory
from testcall_simulator.world import World, default_world

PrintForm = Literal["playwright", "cypress", "env"]


TRACE_LIMIT = 10_000
"""Events that the trace of a service keeps that may run for days."""


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What `testcall simulate` was told. ``print`` asks for a snippet instead of the list of addresses.

    ``webhooks`` are addresses that are told of all that happens, in every app, and ``trace_limit`` is how many events the trace keeps; ``user:password@`` in one is for basic authentication.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls_port: int = 0
    seed: int = 0
    world: Path | None = None
    clock: Literal["real", "virtual"] = "real"
    print: PrintForm | None = None
    assumptions: bool = False
    webhooks: tuple[str, ...] = ()
    trace_limit: int = TRACE_LIMIT


def run_simulate(options: SimulateOptions, out: TextIO | None = None) -> int:
    """Run until SIGINT or SIGTERM; returns 0. With ``assumptions`` only prints them. :class:`SimulatorError` if it can't start."""
    out = out if out is not None else sys.stdout
    if options.assumptions:
        for assumption in ASSUMPTIONS:
            out.write(f"{assumption.id:<9} {assumption.text}\n")
        return 0
    if options.print is not None and options.print not in get_args(PrintForm):
        raise SimulatorError(f"--print {options.print}: none of {', '.join(get_args(PrintForm))}")
    clock = VirtualClock() if options.clock == "virtual" else None
    world = _world(options, clock)
    for number, address in enumerate(options.webhooks, start=1):
        _add_webhook(world, f"webhook-{number}", address)
    trace = Trace(limit=options.trace_limit)
    simulator = Simulator(
        host=options.host, port=options.port, tls_port=options.tls_port, world=world, clock=clock, trace=trace
    )
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(simulator, options, out))
    return 0


def _world(options: SimulateOptions, clock: Clock | None) -> World:
    if options.world is None:
        return default_world(seed=options.seed, clock=clock)
    from testcall_simulator.world_file import load_world

    return load_world(options.world, seed=options.seed, clock=clock)


def _add_webhook(world: World, webhook_id: str, address: str) -> None:
    """A webhook of that address in every app; it retries, so that a server under development may restart."""
    try:
        parts = urlsplit(address)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        raise SimulatorError(f"--webhook {address}: no address; write http://127.0.0.1:3000/hook") from None
    for app_id in world.apps:
        world.add_webhook(webhook_id, bare, app_id=app_id, retry=True, username=username, password=password)


async def _serve(simulator: Simulator, options: SimulateOptions, out: TextIO) -> None:
    leave = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                asyncio.get_running_loop().add_signal_handler(number, leave.set)
    async with simulator:
        out.write(hint(options.print, simulator) if options.print else greeting(simulator))
        out.flush()
        await leave.wait()


def greeting(simulator: Simulator) -> str:
    """What is printed at the start: addresses, users, where to look."""
    addresses, world = simulator.addresses, simulator.world
    lines = [
        "testcall simulator: a simulation of the calling service, on this machine only",
        "",
        f"  control page      {addresses.control}#token={simulator.control_token}",
        f"  calls API, SDK 4  {addresses.calls_base(4)}",
        f"  calls API, SDK 5  {addresses.calls_base(5)}",
        f"  admin API         {addresses.api_base()}",
        f"  client API        {addresses.client_base()}",
        f"  the same, plain   {addresses.plain_calls_base()}",
        f"  management API    {addresses.management}   key {world.management_key}, secret {world.management_secret}",
        f"  signalling        {addresses.xmpp}",
        f"  certificate       {addresses.ca_path}",
        "",
    ]
    told = dict.fromkeys(webhook.url for app_id in world.apps for webhook in world.webhooks.of(app_id))
    lines[-1:] = [*(f"  webhook           {url}" for url in told), ""]
    for app in world.apps.values():
        lines.append(f"  app {app.app_id}, region {app.region}, auth key {world.key_of(app.app_id)}")
        lines.append(f"    REST API key     {world.key_of(app.app_id, 'fullAccess')}")
        lines += [f"    {user.uid:<16} {user.auth_token}" for user in world.users_of(app.app_id).values()]
    lines += ["", "Ctrl-C ends it.", ""]
    return "\n".join(lines)
