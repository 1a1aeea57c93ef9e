"""Rate limits, as the documentation tells them: 10 000 core operations and 20 000 operations in all, per app and minute.

Core operations are logins, the making and deleting of users, the making of groups and the joining of them. Answers of the admin and the client API say how much is left; what is too
much is refused with 429 and told when to come back. Whether the calls API shares these buckets is not documented, so that it
has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from testcall_simulator.http.addressing import Surface
from testcall_simulator.http.refusals import Refusal
from testcall_simulator.world import App, World

LIMITED: frozenset[Surface] = frozenset({"api", "apiclient"})
_CORE = frozenset({"me", "create_user", "delete_user", "create_group", "add_members"})
_WINDOW_S = 60


def spend(world: World, app: App, route_name: str) -> Mapping[str, str]:
    """Count one request of ``app``; the headers that tell what is left. Refused when nothing is."""
    minute, second = divmod(world.now(), _WINDOW_S)
    limits = {"standard": app.settings.requests_per_minute}
    if route_name in _CORE:
        limits["core"] = app.settings.core_requests_per_minute
    left = {group: limit - world.count_request(app.app_id, group, minute) for group, limit in limits.items()}
    tightest = min(left, key=lambda group: left[group])
    headers = {"x-rate-limit": str(limits[tightest]), "x-rate-limit-remaining": str(max(left[tightest], 0))}
    if left[tightest] < 0:
        headers |= {"retry-after": str(_WINDOW_S - second), "x-rate-limit-reset": str((minute + 1) * _WINDOW_S)}
        raise Refusal("ERR_TOO_MANY_REQUESTS", headers=headers)
    return headers
