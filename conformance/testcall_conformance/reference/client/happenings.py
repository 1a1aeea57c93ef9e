"""What the application is told when something changes in the room. Pure: a change in, events out, in order.

From the documents: a join and a leave change the list, and the list is told whole (js4 onUserListUpdated, js5
onParticipantListChanged); a call of two ends for both when one leaves (js4 onCallEnded); whoever joins later than we is told
one by one, whoever was there before us only by the list.
"""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.reference.client.model import Event, Participant
from testcall_conformance.reference.client.room import Changed, Joined, Left

_TOGGLES = (
    ("audio_muted", "participant_audio_muted", "participant_audio_unmuted"),
    ("video_paused", "participant_video_paused", "participant_video_resumed"),
    ("hand_raised", "participant_hand_raised", "participant_hand_lowered"),
    ("sharing", "participant_screen_share_started", "participant_screen_share_stopped"),
)
_MUTES = frozenset({"audio_muted", "video_paused"})


def joined(change: Joined, everybody: Sequence[Participant]) -> list[Event]:
    """Somebody came. Before our own join is complete nothing is told: the list comes with it."""
    if change.before_us:
        return []
    return [Event("participant_joined", {"participant": change.participant}), listed(everybody)]


def left(change: Left, everybody: Sequence[Participant]) -> list[Event]:
    """Somebody went; ``everybody`` is who remains, we included."""
    events = [Event("participant_left", {"participant": change.participant}), listed(everybody)]
    return [*events, Event("call_ended")] if len(everybody) == 1 else events


def changed(change: Changed) -> list[Event]:
    """Somebody says something else of themselves."""
    events = []
    for field, yes, no in _TOGGLES:
        now = getattr(change.after, field)
        if now != getattr(change.before, field):
            events.append(Event(yes if now else no, {"participant": change.after}))
            if field in _MUTES:
                events.append(mute_state(change.after, change.after, bool(now)))
    return events


def mute_state(whom: Participant, by: Participant, muted: bool, *, ordered: bool = False) -> Event:
    """The event of a dialect that tells mutes with their author. ``ordered``: by the service or another, and not by oneself."""
    about = {"muted": whom, "muted_by": by, "participant": whom, "ordered": ordered}
    return Event("user_muted" if muted else "user_unmuted", about)


def listed(everybody: Sequence[Participant]) -> Event:
    """The whole list."""
    return Event("participant_list_changed", {"participants": list(everybody)})
