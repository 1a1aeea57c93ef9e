"""The base error of the simulator package and its kinds. What the service *answers* is a refusal (``http/refusals.py``), no error."""

from __future__ import annotations


class SimulatorError(Exception):
    """The simulator can't do what it was asked for: one line that says what, where and what to do."""


class WorldError(SimulatorError):
    """A world is wrong or lacks what was asked for: an unknown app or user, a world file that doesn't fit its model."""
