"""The controls that a person would see: which settings show and hide, and what pressing one does. Pure.

Nothing is drawn. A control is visible while a session is, unless a setting hides it, its panel or all controls, or its time has
not come (captions while nothing is transcribed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from testcall_contract.models import Contract, Setting

CLICKS: Mapping[str, tuple[str, ...]] = {
    "end_call": ("call_end_button_pressed", "leave_button_clicked"),
    "audio": ("audio_button_clicked",),
    "video": ("video_button_clicked",),
    "screen_share": ("screen_share_button_clicked",),
    "layout": ("layout_button_clicked",),
    "recording": ("recording_button_clicked",),
    "streaming": ("streaming_button_clicked",),
    "share_invite": ("share_invite_button_clicked",),
    "chat": ("chat_button_clicked",),
    "raise_hand": ("raise_hand_button_clicked",),
    "participant_list": ("participant_list_button_clicked",),
    "switch_camera": ("switch_camera_button_clicked",),
}
"""Control → the events that its use tells, before what it does."""

ACTIONS: Mapping[str, str] = {
    "end_call": "leave_session",
    "audio": "toggle_audio",
    "video": "toggle_video",
    "screen_share": "toggle_screen_share",
    "recording": "toggle_recording",
    "raise_hand": "toggle_hand",
    "participant_list": "toggle_participant_list",
    "switch_camera": "switch_camera",
    "switch_to_video": "switch_to_video",
    "idle_stay": "stay",
    "idle_leave": "leave_session",
    "virtual_background": "show_virtual_background",
}
"""Control → the operation concept that it stands for."""

PRESENTERS_ONLY = frozenset({"audio", "video", "screen_share", "recording", "switch_camera"})
"""Controls that a viewer has not (js4 "Presenter mode": viewers send nothing)."""

HEADER = frozenset({"session_timer", "network_indicator", "title", "recording_indicator", "streaming_indicator"})
PANELS = {
    "settings_dialog": "settings",
    "virtual_background_dialog": "virtual_background",
    "participant_list_panel": "participant_list",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What decides what is seen: effective settings by concept, and the state of the session."""

    values: Mapping[str, Any]
    audio_only: bool = False
    recording: bool = False
    transcribing: bool = False
    prompted: bool = False
    others: int = 0
    audio_muted: bool = False
    video_paused: bool = False
    open_panels: frozenset[str] = field(default_factory=frozenset)


def control_named(contract: Contract, role: str, name: str) -> str | None:
    """The control of that role and accessible name (or ``css=`` selector); None when the dialect has none.

    Nothing is drawn, so a control without a name in the contract answers to its own key.
    """
    for key, control in contract.controls.items():
        names = {*control.names, *(f"css={selector}" for selector in control.selectors)} or {key}
        if control.role == role and name in names:
            return key
    return None


def class_visible(contract: Contract, name: str, seen: Seen) -> bool | None:
    """Whether an element of the documented class would be there (``css=.NAME``); None for what is no such class."""
    clauses = [clause for spec in contract.settings.values() for clause in spec.clauses]
    named = [c for c in clauses if c.rule == "surface.css_class" and name == f"css=.{c.args['class']}"]
    if not named:
        return None
    when = named[0].args.get("when")
    states = {"audio_muted": seen.audio_muted, "video_paused": seen.video_paused, "audio_only": seen.audio_only}
    return states.get(when, True) if when else True


def visible(contract: Contract, key: str, seen: Seen) -> bool:
    """Whether the control is there."""
    if key in PANELS:
        return PANELS[key] in seen.open_panels
    if seen.values.get("headless") is True or not _in_its_time(key, seen):
        return False
    if seen.values.get("is_presenter") is False and key in PRESENTERS_ONLY:
        return False
    settings = [item for spec in contract.settings.values() for item in spec.members.items()]
    return not any(_hides(setting, seen.values.get(concept), key, seen.values) for concept, setting in settings)


def _in_its_time(key: str, seen: Seen) -> bool:
    """Whether there is an occasion for the control at all."""
    match key:
        case "video":
            return not seen.audio_only
        case "switch_to_video":
            return seen.audio_only and seen.others == 1
        case "idle_stay" | "idle_leave":
            return seen.prompted
        case "closed_caption":
            return seen.transcribing
        case "recording_indicator":
            return seen.recording
        case "streaming_indicator":
            return False
        case "title":
            return bool(seen.values.get("title"))
    return True


def _hides(setting: Setting, value: Any, key: str, values: Mapping[str, Any]) -> bool:
    """Whether the setting's value hides the control."""
    if setting.effect is None or not isinstance(value, bool):
        return False
    control = setting.effect.args.get("control")
    panel = "header_panel" if key in HEADER else "control_panel"
    under = setting.effect.args.get("under", {})
    if any(values.get(concept) != wanted for concept, wanted in under.items()):
        return False
    match setting.effect.kind:
        case "controls_shown":
            return not value and key not in HEADER
        case "control_shown":
            return not value and control in {key, panel}
        case "control_hidden":
            return value and control in {key, panel}
    return False
