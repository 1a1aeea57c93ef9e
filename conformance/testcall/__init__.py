"""The face of testcall: what users import. Everything loads when it is first used.

>>> from testcall import Simulator
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testcall_conformance.adapters import ConnectOptions as ConnectOptions
    from testcall_conformance.plan import Selection as Selection
    from testcall_conformance.ringing_user import RingingUser as RingingUser
    from testcall_conformance.runner import RunOptions as RunOptions
    from testcall_conformance.runner import run as run
    from testcall_contract.loader import load as load_contract
    from testcall_simulator.simulator import Simulator as Simulator
    from testcall_simulator.world import World as World

_PLACES = {
    "Simulator": ("testcall_simulator.simulator", "Simulator"),
    "World": ("testcall_simulator.world", "World"),
    "RunOptions": ("testcall_conformance.runner", "RunOptions"),
    "Selection": ("testcall_conformance.plan", "Selection"),
    "RingingUser": ("testcall_conformance.ringing_user", "RingingUser"),
    "ConnectOptions": ("testcall_conformance.adapters", "ConnectOptions"),
    "run": ("testcall_conformance.runner", "run"),
    "load_contract": ("testcall_contract.loader", "load"),
}

__all__ = [
    "ConnectOptions",
    "RingingUser",
    "RunOptions",
    "Selection",
    "Simulator",
    "World",
    "load_contract",
    "run",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module 'testcall' has no attribute {name!r}; it has {', '.join(__all__)}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
