"""Scenes: what is to be played on the stage so that promises can be judged. Data only.

A scene is named by its kind and parameters (:class:`Scene`); equal scenes are played once and serve every promise that needs
them. A *tour* is a scene of acts in one session, each of which is a *cause* of the contract's vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from testcall_contract.models import Contract, Event


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be played: ``kind`` (tour, call, settings, listeners …) and its parameters, sorted by name."""

    kind: str
    params: tuple[tuple[str, Any], ...] = ()

    @staticmethod
    def of(kind: str, **params: Any) -> Scene:
        """A scene from keyword parameters; values must be hashable."""
        return Scene(kind, tuple(sorted(params.items())))

    def __str__(self) -> str:
        return self.kind + "".join(f" {key}={value}" for key, value in self.params)

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, or ``default``."""
        return dict(self.params).get(name, default)


@dataclass(frozen=True, slots=True)
class Tour:
    """Acts that follow one another in one session. What ends the session comes last.

    ``clock`` and ``devices`` are those of the instance; ``media``: joins measure media; ``audio_only``: the call has no video;
    ``listens``: to the session or to logins; ``fault``: what is broken while it plays (``signalling``).
    """

    acts: tuple[str, ...]
    clock: str = "real"
    devices: str = "granted"
    media: bool = False
    audio_only: bool = False
    listens: str = "session"
    fault: str = ""


TOURS: dict[str, Tour] = {
    "with_peer": Tour(
        (
            "join_with_peer", "remote_mute_audio", "remote_unmute_audio", "remote_pause_video", "remote_resume_video",
            "remote_raise_hand", "remote_lower_hand", "remote_join", "remote_leave", "raise_hand", "lower_hand",
            "layout_change", "participant_list_shown", "participant_list_hidden",
        )
    ),
    "media": Tour(
        ("join_with_peer", "mute_audio", "unmute_audio", "pause_video", "resume_video", "mute_audio_twice"), media=True
    ),
    "alone": Tour(("join", "remote_join_first", "last_remote_leave", "leave_alone")),
    "rejoin": Tour(("join_with_peer", "leave", "rejoin")),
    "three": Tour(("join_with_peer", "remote_join", "leave_of_three")),
    "emptied": Tour(("join_with_peer", "remote_join", "two_of_three_leave")),
    "sharing": Tour(("join_with_peer", "screen_share_start", "screen_share_stop")),
    "recording": Tour(("join_with_peer", "recording_start", "recording_stop")),
    "streaming": Tour(("join_with_peer", "streaming_start", "streaming_stop")),
    "remote_sharing": Tour(("join_with_peer", "remote_screen_share_start", "remote_screen_share_stop")),
    "remote_recording": Tour(("join_with_peer", "remote_recording_start", "remote_recording_stop")),
    "remote_streaming": Tour(("join_with_peer", "remote_streaming_start", "remote_streaming_stop")),
    "moderated": Tour(("join_with_peer", "muted_by_moderator")),
    "speaking": Tour(("join_with_peer", "own_speech", "dominant_speaker")),
    "devices": Tour(("join", "device_change")),
    "audio_call": Tour(("join_with_peer", "no_video_yet", "switch_to_video"), audio_only=True),
    "asked_for_video": Tour(("join_with_peer", "remote_switch_to_video"), audio_only=True),
    "kicked": Tour(("join_with_peer", "kicked")),
    "ended": Tour(("join_with_peer", "ended_for_all")),
    "ending": Tour(("join_with_peer", "end_for_all")),
    "lost": Tour(("join_with_peer", "connection_lost", "connection_restored")),
    "buttons": Tour(
        ("join_with_peer", "button_mute_audio", "button_unmute_audio", "button_pause_video", "button_raise_hand",
         "button_recording", "button_screen_share")
    ),
    "panels": Tour(("join_with_peer", "button_participant_list", "button_chat", "button_share_invite", "button_layout")),
    "end_button": Tour(("join_with_peer", "button_end_call")),
    "refused": Tour(("token_refused",)),
    "denied": Tour(("permission_denied",), devices="denied"),
    "unshared": Tour(("join_with_peer", "screen_share_cancelled"), devices="no_screen"),
    "unreachable": Tour(("connection_failed",), fault="signalling"),
    "idle": Tour(("join", "idle_timeout"), clock="virtual"),
    "idle_left": Tour(("join", "idle_prompt", "idle_leave_pressed"), clock="virtual"),
    "login": Tour(("login", "logout"), listens="login"),
    "login_failure": Tour(("login_failure",), listens="login"),
    "logout_failure": Tour(("login", "logout_failure"), listens="login"),
}  # fmt: skip
"""All tours by name."""

TOUR_OF: dict[str, str] = {act: name for name, tour in reversed(TOURS.items()) for act in tour.acts}
"""The tour in which each act is judged: the first that has it."""

NEEDED_OPERATIONS: dict[str, tuple[str, ...]] = {
    "mute_audio": ("mute_audio",),
    "mute_audio_twice": ("mute_audio",),
    "unmute_audio": ("unmute_audio", "mute_audio"),
    "pause_video": ("pause_video",),
    "resume_video": ("resume_video", "pause_video"),
    "raise_hand": ("raise_hand",),
    "lower_hand": ("lower_hand",),
    "screen_share_start": ("start_screen_share",),
    "screen_share_stop": ("stop_screen_share",),
    "screen_share_cancelled": ("start_screen_share",),
    "recording_start": ("start_recording",),
    "recording_stop": ("stop_recording",),
    "streaming_start": ("start_streaming",),
    "streaming_stop": ("stop_streaming",),
    "layout_change": ("set_layout",),
    "participant_list_shown": ("show_participant_list",),
    "participant_list_hidden": ("hide_participant_list",),
    "device_change": ("set_audio_input", "set_audio_output", "set_video_input"),
    "switch_to_video": ("switch_to_video",),
    "end_for_all": ("end_session_for_all",),
    "login": ("login",),
    "login_failure": ("login",),
    "logout": ("logout",),
    "logout_failure": ("logout",),
}
"""Acts that an operation of the dialect brings about: without any of these they can't be."""

WITHOUT_JOIN = frozenset(
    {"login", "login_failure", "logout", "logout_failure", "token_refused", "permission_denied", "connection_failed"}
)
"""Causes that come about without anybody having joined."""

JUDGED_FROM: dict[str, str] = {"connection_restored": "connection_lost"}
"""Acts of which an earlier act may bring about a part already: what came since then is theirs too."""


def can_act(contract: Contract, act: str) -> bool:
    """Whether the dialect has what an act needs."""
    needed = NEEDED_OPERATIONS.get(act, ())
    return not needed or any(concept in contract.operations for concept in needed)


def object_of(contract: Contract, event: Event) -> str:
    """The settings object with which a session has to be joined so that somebody listens for the event."""
    objects = []
    for key in event.via:
        listener = contract.listeners[key]
        objects.append(listener.setting.partition(".")[0] if listener.setting else "session_settings")
    return "session_settings" if "session_settings" in objects or not objects else objects[0]


def tour(name: str, object_key: str = "session_settings") -> Scene:
    """The scene of a tour, joined with that settings object."""
    return (
        Scene.of("tour", name=name)
        if object_key == "session_settings"
        else Scene.of("tour", name=name, object=object_key)
    )
