"""What a world keeps, and a copy of it at one instant. :class:`~testcall_simulator.world.World` is its only owner."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from testcall_simulator.apps import App, User
from testcall_simulator.call_book import CallBook
from testcall_simulator.ring_book import RingBook
from testcall_simulator.tokens import ApiKey, AuthToken
from testcall_simulator.webhooks import WebhookBook


@dataclass(slots=True)
class State:
    """All that a world knows."""

    noise: random.Random
    apps: dict[str, App] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    users: dict[tuple[str, str], User] = field(default_factory=dict)
    auth_tokens: dict[str, AuthToken] = field(default_factory=dict)
    calls: CallBook = field(default_factory=CallBook)
    requests: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    ringing: RingBook = field(default_factory=RingBook)
    webhooks: WebhookBook = field(default_factory=WebhookBook)
    captures: dict[str, Any] = field(default_factory=dict)
    begun: bool = False


@dataclass(frozen=True, slots=True)
class WorldSnapshot:
    """A world's state at one instant, from :meth:`World.snapshot`."""

    state: State
