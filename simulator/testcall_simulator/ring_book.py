"""What a world keeps for ringing: groups, who blocked whom, and the ringing calls. A part of the world's state, no rules.

Uids and guids are lower-cased, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from testcall_simulator.errors import WorldError
from testcall_simulator.ringing import Ring

MAX_RINGS = 20_000
"""Ringing calls that are kept; beyond it the oldest that is over is forgotten."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users, which can be rung as one. ``members`` are uids, the owner's among them."""

    guid: str
    name: str
    app_id: str
    owner: str
    members: frozenset[str]
    icon: str = ""
    created_at: int = 0
    type: str = "public"
    description: str = ""


@dataclass(slots=True)
class RingBook:
    """The book of one world, over all its apps; every look-up names the app."""

    _groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    _rings: dict[tuple[str, str], Ring] = field(default_factory=dict)
    _blocks: set[tuple[str, str, str]] = field(default_factory=set)
    _messages: int = 0

    def next_message_id(self) -> str:
        """The id of the next call message: decimal digits, growing."""
        self._messages += 1
        return str(self._messages)

    # -- groups ------------------------------------------------------------------------------------------------------

    def add_group(self, group: Group) -> Group:
        """Keep a new group."""
        group = replace(group, guid=group.guid.lower(), members=frozenset(uid.lower() for uid in group.members))
        if (group.app_id, group.guid) in self._groups:
            raise WorldError(f"app {group.app_id!r} has a group {group.guid!r} already")
        self._groups[group.app_id, group.guid] = group
        return group

    def find_group(self, app_id: str, guid: str) -> Group | None:
        """That group of the app."""
        return self._groups.get((app_id, guid.lower()))

    def groups_of(self, app_id: str) -> list[Group]:
        """The groups of an app, oldest first."""
        return [group for group in self._groups.values() if group.app_id == app_id]

    def put_group(self, group: Group) -> Group:
        """Keep ``group``, in place of the one of its guid."""
        self._groups[group.app_id, group.guid] = group
        return group

    def remove_group(self, app_id: str, guid: str) -> None:
        """Forget a group; one that there isn't stays so."""
        self._groups.pop((app_id, guid.lower()), None)

    def set_members(self, app_id: str, guid: str, members: Iterable[str]) -> Group:
        """Replace who is in a group."""
        group = self._groups.get((app_id, guid.lower()))
        if group is None:
            raise WorldError(f"app {app_id!r} has no group {guid!r}")
        self._groups[app_id, group.guid] = replace(group, members=frozenset(uid.lower() for uid in members))
        return self._groups[app_id, group.guid]

    # -- blocks ------------------------------------------------------------------------------------------------------

    def block(self, app_id: str, uid: str, blocked: str) -> None:
        """``uid`` blocks ``blocked``: from now on neither can ring the other."""
        self._blocks.add((app_id, uid.lower(), blocked.lower()))

    def unblock(self, app_id: str, uid: str, blocked: str) -> None:
        """``uid`` blocks ``blocked`` no more."""
        self._blocks.discard((app_id, uid.lower(), blocked.lower()))

    def has_blocked(self, app_id: str, uid: str, other: str) -> bool:
        """Whether ``uid`` has blocked ``other``."""
        return (app_id, uid, other) in self._blocks

    # -- ringing calls -----------------------------------------------------------------------------------------------

    def put(self, ring: Ring) -> Ring:
        """Keep ``ring``, in place of the one of its session."""
        self._rings[ring.app_id, ring.session_id] = ring
        if len(self._rings) > MAX_RINGS:
            over = next((key for key, old in self._rings.items() if old.is_over), None)
            if over is not None:
                del self._rings[over]
        return ring

    def find(self, app_id: str, session_id: str) -> Ring | None:
        """The ringing call of that session, going on or over."""
        return self._rings.get((app_id, session_id.lower()))

    def ongoing(self, app_id: str) -> list[Ring]:
        """The answered calls of an app that aren't over, oldest first."""
        return [ring for ring in self._rings.values() if ring.app_id == app_id and ring.status == "ongoing"]
