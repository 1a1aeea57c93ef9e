"""Every time-out of the suites, in one table, with one scale factor.

``TESTCALL_TIME_SCALE`` multiplies all of them (a slow machine: 3). Each wait is recorded as "waited / limit".
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds."""

    invoke: float = 8.0
    """A call of the SDK settles within this, else it ended ``never``."""
    join: float = 12.0
    """From the join call to the participant in the session, seen by the service."""
    refusal: float = 1.5
    """How long a call that should fail may take to tell so by another way than its result (an ``onError``)."""
    connect: float = 5.0
    """How long a join that can't succeed, or a broken connection that comes back, is watched."""
    event: float = 2.0
    """From a cause to its callback."""
    media: float = 10.0
    """From the join to the first decoded media."""
    media_change: float = 3.0
    """From mute to silence, from unmute to sound."""
    leave: float = 6.0
    """From the leave call to the participant gone, seen by the service."""
    quiet: float = 0.25
    """So long nothing may happen before a scene counts as settled …"""
    settle: float = 2.0
    """… but it is not waited longer than this for it."""
    unit: float = 150.0
    """A work unit that takes longer is ended; what it had judged stays."""

    def scaled(self, factor: float) -> Timeouts:
        """The same table, every limit times ``factor`` (the quiet time too: on a slow machine quiet takes longer)."""
        return Timeouts(**{name: getattr(self, name) * factor for name in self.__slots__})


def timeouts() -> Timeouts:
    """The table, scaled by ``TESTCALL_TIME_SCALE`` (default 1)."""
    try:
        factor = float(os.environ.get("TESTCALL_TIME_SCALE", "1"))
    except ValueError:
        factor = 1.0
    return Timeouts().scaled(factor if factor > 0 else 1.0)
