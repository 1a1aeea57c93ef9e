"""What each operation does, by concept: the bridge from a dialect's call to the client. No dialect is named here."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from testcall_conformance.reference import operations_records as records
from testcall_conformance.reference import operations_session as session
from testcall_conformance.reference import operations_setup as setup
from testcall_conformance.reference.client.model import Event
from testcall_conformance.reference.dialect import DialectSdk
from testcall_conformance.reference.interface import ACTIONS, CLICKS
from testcall_conformance.reference.operations_session import (
    current_device,
    flag,
    in_session,
    list_devices,
    set_device,
    show_panel,
    state,
)
from testcall_conformance.reference.operations_setup import Action, add_listener, remove_listener
from testcall_contract.models import Contract

_PARTICIPANT_LIST = ("participant_list_shown", "participant_list_hidden")


OPERATIONS: Mapping[str, Action] = {
    "initialize": setup.initialize,
    "initialize_from_settings": setup.initialize_from_settings,
    "login": setup.login,
    "login_with_token": setup.login_with_token,
    "logout": setup.logout,
    "get_logged_in_user": setup.get_logged_in_user,
    "is_user_logged_in": setup.is_user_logged_in,
    "get_user_auth_token": setup.get_user_auth_token,
    "generate_token": setup.generate_token,
    "join_session": session.join_session,
    "join_session_by_id": session.join_session_by_id,
    "join_presentation": session.join_presentation,
    "leave_session": session.leave_session,
    "end_session_for_all": session.end_session_for_all,
    "get_call_session": session.get_call_session,
    "is_session_active": session.is_session_active,
    "is_initialized": setup.is_initialized,
    "clear_listeners": setup.clear_listeners,
    "add_login_listener": add_listener("add_login_listener"),
    "remove_login_listener": remove_listener("remove_login_listener"),
    "add_event_listener": add_listener("add_event_listener"),
    "remove_event_listener": remove_listener("remove_event_listener"),
    "mute_audio": in_session(lambda call, given: call.mute(flag(given, "muted"))),
    "unmute_audio": in_session(lambda call, _: call.mute(False)),
    "toggle_audio": in_session(lambda call, _: call.mute(not call.me.audio_muted)),
    "pause_video": in_session(lambda call, given: call.pause(flag(given, "paused"))),
    "resume_video": in_session(lambda call, _: call.pause(False)),
    "unpause_video": in_session(lambda call, _: call.pause(False)),
    "toggle_video": in_session(lambda call, _: call.pause(not call.me.video_paused)),
    "start_screen_share": session.start_screen_share,
    "stop_screen_share": in_session(lambda call, _: call.share_screen(False)),
    "toggle_screen_share": in_session(lambda call, _: call.share_screen(not call.me.sharing)),
    "start_recording": in_session(lambda call, _: call.record(True)),
    "stop_recording": in_session(lambda call, _: call.record(False)),
    "toggle_recording": in_session(lambda call, _: call.record(not call.recording)),
    "start_streaming": in_session(
        lambda call, given: call.record(True, "stream", f"{given.get('stream_url')}/{given.get('stream_key')}")
    ),
    "stop_streaming": in_session(lambda call, _: call.record(False, "stream")),
    "start_transcription": in_session(lambda call, _: call.transcribe(True)),
    "stop_transcription": in_session(lambda call, _: call.transcribe(False)),
    "raise_hand": in_session(lambda call, _: call.raise_hand(True)),
    "lower_hand": in_session(lambda call, _: call.raise_hand(False)),
    "toggle_hand": in_session(lambda call, _: call.raise_hand(call.me.hand_raised_at_ms == 0)),
    "mute_participant": in_session(lambda call, given: call.mute_other(str(given.get("participant_id")), "audio")),
    "pause_participant_video": in_session(
        lambda call, given: call.mute_other(str(given.get("participant_id")), "video")
    ),
    "switch_to_video": in_session(lambda call, _: call.switch_to_video()),
    "set_layout": session.set_layout,
    "is_audio_muted": state(lambda call: call.me.audio_muted),
    "is_video_paused": state(lambda call: call.me.video_paused),
    "is_hand_raised": state(lambda call: call.me.hand_raised_at_ms != 0),
    "is_recording": state(lambda call: bool(call.recording)),
    "is_transcribing": state(lambda call: call.me.transcribing),
    "is_screen_sharing": state(lambda call: call.me.sharing),
    "show_participant_list": show_panel("participant_list", True, _PARTICIPANT_LIST),
    "hide_participant_list": show_panel("participant_list", False, _PARTICIPANT_LIST),
    "toggle_participant_list": show_panel("participant_list", None, _PARTICIPANT_LIST),
    "show_settings_dialog": show_panel("settings", True),
    "hide_settings_dialog": show_panel("settings", False),
    "show_virtual_background": show_panel("virtual_background", True),
    "hide_virtual_background": show_panel("virtual_background", False),
    "get_audio_inputs": list_devices("audio_input"),
    "get_audio_outputs": list_devices("audio_output"),
    "get_video_inputs": list_devices("video_input"),
    "get_current_audio_input": current_device("audio_input"),
    "get_current_audio_output": current_device("audio_output"),
    "get_current_video_input": current_device("video_input"),
    "set_audio_input": set_device("audio_input"),
    "set_audio_output": set_device("audio_output"),
    "set_video_input": set_device("video_input"),
    "stay": in_session(lambda call, _: call.stay()),
    "call_logs_build": records.build_request,
    "call_logs_fetch_next": records.next_page,
    "call_logs_fetch_previous": records.previous_page,
    "call_logs_current_page": records.current_page,
    "call_logs_total_pages": records.total_pages,
    "transcripts_build": records.build_request,
    "transcripts_fetch_next": records.next_page,
    "transcripts_fetch_previous": records.previous_page,
    "get_call_details": records.call_details,
}
"""Operation concept → what it does. A concept that is not here leaves no trace outside of a drawn interface."""


def action_of(contract: Contract, concept: str) -> Action | None:
    """What an operation does: by its concept or by that of which it is another name, or because listeners need it."""
    if concept in OPERATIONS:
        return OPERATIONS[concept]
    operation = contract.operations.get(concept)
    if operation is not None and operation.delegates_to is not None:
        return action_of(contract, operation.delegates_to)
    listeners = contract.listeners.values()
    if any(item.register_with == concept for item in listeners):
        return add_listener(concept)
    if any(item.unregister_with == concept for item in listeners):
        return remove_listener(concept)
    return None


def press(sdk: DialectSdk, control: str) -> None:
    """Use a visible control: tell its events, then do what it stands for."""
    for name in CLICKS.get(control, ()):
        sdk.tell(Event(name))
    if not sdk.client.in_session:
        return
    if control == "layout":
        session.set_layout(sdk, {"layout": _next_layout(sdk)}, None)
    else:
        result = OPERATIONS[ACTIONS[control]](sdk, {}, None) if control in ACTIONS else None
        if inspect.isawaitable(result):
            sdk.background(_await(result))


async def _await(result: Any) -> None:
    await result


def _next_layout(sdk: DialectSdk) -> Any:
    """The layout after the one in force, round and round."""
    layout = sdk.contract.settings["session_settings"].members.get("layout")
    values = layout.values if layout is not None else []
    now = sdk.session_values.get("layout")
    return values[(values.index(now) + 1) % len(values)] if now in values else (values or [None])[0]
