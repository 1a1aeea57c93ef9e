"""The simulated calling service: HTTP, signalling, ringing, media, faults, clock and control page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testcall_simulator.addresses import Addresses
    from testcall_simulator.clock import Clock, RealClock, VirtualClock
    from testcall_simulator.errors import SimulatorError, WorldError
    from testcall_simulator.exchange import Page
    from testcall_simulator.simulator import Simulator
    from testcall_simulator.world import World, default_world

_WHERE = {
    "Addresses": "addresses",
    "Clock": "clock",
    "Page": "exchange",
    "RealClock": "clock",
    "Simulator": "simulator",
    "SimulatorError": "errors",
    "VirtualClock": "clock",
    "World": "world",
    "WorldError": "errors",
    "default_world": "world",
}

__all__ = [
    "Addresses",
    "Clock",
    "Page",
    "RealClock",
    "Simulator",
    "SimulatorError",
    "VirtualClock",
    "World",
    "WorldError",
    "default_world",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
