"""The controls of a call's interface, by the contract's names: looked at and pressed through an adapter that has eyes and hands."""

from __future__ import annotations

from typing import Any

from testcall_conformance.errors import AdapterFailure
from testcall_conformance.stage import Stage
from testcall_contract.models import Contract, Control

PRESSED: dict[str, str] = {
    "button_mute_audio": "audio",
    "button_unmute_audio": "audio",
    "button_pause_video": "video",
    "button_layout": "layout",
    "button_raise_hand": "raise_hand",
    "button_recording": "recording",
    "button_screen_share": "screen_share",
    "button_share_invite": "share_invite",
    "button_participant_list": "participant_list",
    "button_chat": "chat",
    "button_switch_camera": "switch_camera",
    "button_end_call": "end_call",
}
"""Cause → the control that is pressed."""


def names_of(control: Control) -> list[str]:
    """The names by which an adapter is asked for a control, selectors after spoken names."""
    return [*control.names, *(f"css={selector}" for selector in control.selectors)]


def findable(contract: Contract, control: str) -> bool:
    """Whether the contract knows any way to find the control."""
    return control in contract.controls and bool(names_of(contract.controls[control]))


async def press(stage: Stage, instance: str, control: str) -> bool:
    """Press a control of the contract; whether it was found visible and could be. A menu that holds it is opened first."""
    found = stage.contract.controls[control]
    state = await look(stage, instance, control)
    if state is None or not state.get("visible"):
        return False
    params = {"instance": instance, "role": found.role, "name": state["by"]}
    try:
        await stage.adapter.capability(instance, "press", params)
    except AdapterFailure as failure:
        if failure.needs_restart:
            raise
        return False
    stage.trace.add("step", instance, "press", control=control, role=found.role, by=state["by"])
    return True


async def look(stage: Stage, instance: str, control: str) -> dict[str, Any] | None:
    """The state of a control by the name that is visible, else by one that is there; ``count`` 0 when none is; None without names.

    A menu that holds it is opened first, and stays open: only pressing something in it is sure to close it. None, too, when that
    menu isn't there.
    """
    found = stage.contract.controls[control]
    state = await _look(stage, instance, found)
    if state is None or state.get("visible") or not found.opened_by:
        return state
    if not await press(stage, instance, found.opened_by):
        return None
    state = await _look(stage, instance, found)
    if state is None or state.get("visible"):
        return state
    await stage.settle()
    return await _look(stage, instance, found)


async def _look(stage: Stage, instance: str, found: Control) -> dict[str, Any] | None:
    state: dict[str, Any] | None = None
    for name in names_of(found):
        params = {"instance": instance, "role": found.role, "name": name}
        seen = dict(await stage.adapter.capability(instance, "look", params)) | {"by": name}
        if state is None or seen.get("visible") or (seen.get("count") and not state.get("count")):
            state = seen
        if seen.get("visible"):
            break
    return state


async def note_look(stage: Stage, instance: str, control: str, *, hidden: bool = True) -> bool:
    """Look at a control and put what was seen into the trace (not ``hidden``: only if it is visible); whether it is visible."""
    state = await look(stage, instance, control)
    if state is None:
        return False
    if not hidden and not state.get("visible"):
        return False
    stage.trace.add("outcome", instance, "look", control=control, **state)
    return bool(state.get("visible"))


async def note_class(stage: Stage, instance: str, name: str) -> None:
    """Look whether an element of that class is visible, and put it into the trace."""
    params = {"instance": instance, "role": "generic", "name": f"css=.{name}"}
    state = dict(await stage.adapter.capability(instance, "look", params))
    stage.trace.add("outcome", instance, "look", css_class=name, **state)
