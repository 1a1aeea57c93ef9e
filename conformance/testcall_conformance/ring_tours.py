"""Which ringing tours there are, and what each act of them is in the words of a contract. Data only."""

from __future__ import annotations

from testcall_conformance.scenes import Scene, Tour

RING_TOURS: dict[str, Tour] = {
    "answered": Tour(("ring_received", "ring_accepted", "ring_ended", "ring_answered_again", "ring_ended_by_callee")),
    "declined": Tour(("ring_received", "ring_rejected", "ring_again", "ring_busy", "ring_again", "ring_cancelled")),
    "unanswered": Tour(("ring_received", "ring_unanswered"), clock="virtual"),
}
"""Acts that follow one another between two instances of the build: alice, who rings, and bob. ``clock`` is alice's."""

RING_TOUR_OF: dict[str, str] = {act: name for name, tour in reversed(RING_TOURS.items()) for act in tour.acts}
"""The tour in which each act is judged: the first that has it."""

STATUS_OF: dict[str, str] = {
    "ring_received": "initiated",
    "ring_accepted": "ongoing",
    "ring_rejected": "rejected",
    "ring_busy": "busy",
    "ring_cancelled": "cancelled",
    "ring_ended": "ended",
    "ring_ended_by_callee": "ended",
}
"""Act → the status that the service has to see, so that the act has come about."""

TRANSITIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("none", "initiate"): ("ring_received",),
    ("initiated", "accept"): ("ring_accepted",),
    ("initiated", "reject"): ("ring_rejected",),
    ("initiated", "busy"): ("ring_busy",),
    ("initiated", "cancel"): ("ring_cancelled",),
    ("initiated", "timeout"): ("ring_unanswered",),
    ("ongoing", "end"): ("ring_ended", "ring_ended_by_callee"),
}
"""From a status by an action → the acts in which the build does it."""

REFUSED: dict[tuple[str, str, str], tuple[str, str]] = {
    ("initiated", "end", "anybody"): ("end_call", "call_not_started"),
    ("ended", "accept", "callee"): ("accept_call", "call_over"),
    ("ongoing", "busy", "callee"): ("reject_call", "ongoing_status_invalid"),
    ("ongoing", "accept", "callee"): ("accept_call", "call_joined_already"),
    ("initiated", "accept", "stranger"): ("accept_call", "call_of_others"),
}
"""From a status by an action of somebody, which the service refuses → operation and condition of the call that tries it."""

OPERATIONS: dict[str, str] = {
    "initiate": "initiate_call",
    "accept": "accept_call",
    "reject": "reject_call",
    "busy": "reject_call",
    "cancel": "reject_call",
    "end": "end_call",
}
"""Action → the operation that does it."""

CALLS = frozenset(
    {*OPERATIONS.values(), "get_active_call", "clear_active_call", "get_call_participant_count", "add_call_listener",
     "remove_call_listener"}
)  # fmt: skip
"""Operations of ringing: single calls of them are scenes of their own."""


def ringing(name: str) -> Scene:
    """The scene of a ringing tour."""
    return Scene.of("ringing", name=name)
