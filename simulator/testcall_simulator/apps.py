"""Apps and users as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SEEDED_AT = 1_750_000_000
"""The instant (epoch s) at which whatever a world begins with was made; fixed, so that its tokens are reproducible."""


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What the dashboard switches for an app.

    ``call_token_lifetime_s`` None: call tokens never expire (no source tells their life time). ``p2p``: whether two
    occupants of SDK 5 are told to connect without the bridge. ``expand_session_ids``: whether a session id is answered as
    ``v1.<region>.<app>.<id>``, the form that a comment in SDK 5.0.7 shows. The two limits are the documented ones.
    ``refuse_busy_receiver``: whether the service itself refuses to ring a user who is in a call, or lets their app say busy.
    """

    presenter_mode: bool = True
    p2p: bool = False
    call_token_lifetime_s: int | None = None
    expand_session_ids: bool = False
    requests_per_minute: int = 20_000
    core_requests_per_minute: int = 10_000
    refuse_busy_receiver: bool = False


@dataclass(frozen=True, slots=True)
class App:
    """A customer's app."""

    app_id: str
    region: str
    settings: AppSettings = AppSettings()


@dataclass(frozen=True, slots=True)
class User:
    """A user of an app; ``auth_token`` is the first that was made for them."""

    uid: str
    name: str
    app_id: str
    auth_token: str
    avatar: str = ""
    role: str = "default"
    created_at: int = SEEDED_AT
    metadata: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True
    link: str = ""
    status_message: str = ""
    tags: tuple[str, ...] = ()
