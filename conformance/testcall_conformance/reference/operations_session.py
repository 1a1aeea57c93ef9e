"""Joining, leaving, and what is done in a session, by concept.

An operation gets the instance, its arguments by parameter concept, and the object it was called on (None for the SDK itself). It
returns facts for the dialect to shape, and raises a :class:`CallFailure` or a :class:`Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from testcall_conformance.reference.client.model import Event
from testcall_conformance.reference.client.session import CallSession
from testcall_conformance.reference.dialect import DialectSdk
from testcall_conformance.reference.joining import join_options
from testcall_conformance.reference.listeners import Registration, functions_of
from testcall_conformance.reference.objects import Settings
from testcall_conformance.reference.refusals import Refusal, clauses_of, defaults
from testcall_conformance.reference.shaping import Facts
from testcall_conformance.values import UNDEFINED, Container, Ref
from testcall_contract.models import Contract

Arguments = Mapping[str, Any]
Action = Callable[[DialectSdk, Arguments, Any], Any]

REGISTERING_S = 0.3
"""So long an application has to register for the events of a join, where it can't before."""

_MODES = {"DEFAULT": "SIDEBAR"}  # js5 "Migration guide": what v4's mode is in v5
_DEVICES = {
    "audio_input": ("audioinput", "Microphone"),
    "audio_output": ("audiooutput", "Loudspeaker"),
    "video_input": ("videoinput", "Camera"),
}


async def join_session(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """Join with a call token."""
    return await _join(sdk, given, _token_of(sdk, given.get("call_token")), "session_settings")


async def join_session_by_id(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """Make a token for the session and join with it."""
    return await _join(sdk, given, await sdk.client.generate_token(given["session_id"]), "session_settings")


async def join_presentation(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """Join as presenter or viewer."""
    return await _join(sdk, given, _token_of(sdk, given.get("call_token")), "presenter_settings")


async def _join(sdk: DialectSdk, given: Arguments, token: str, key: str) -> Any:
    settings = given.get(key)
    key = settings.key if isinstance(settings, Settings) else key
    spec = sdk.contract.settings[key]
    values = defaults(spec, settings if isinstance(settings, Settings) else None)
    container = given.get("container")
    sdk.registry.carry(_carried(sdk, key, values))
    options = join_options(
        spec,
        values,
        presenter=values.get("is_presenter") is True if "is_presenter" in spec.members else None,
        devices=sdk.world.devices in {"granted", "no_screen"},
        media=sdk.media,
        version=sdk.version,
    )
    sdk.session_values = values
    late = _only_in_session(sdk.contract)
    if late:
        sdk.hold()
    try:
        await sdk.client.join(token, options)
    finally:
        if late:
            sdk.background(sdk.release(REGISTERING_S))
    sdk.container = container.id if isinstance(container, Container) else ""
    session = sdk.client.session
    assert session is not None
    reference = _session_reference(sdk, session)
    return {"": reference, "data": None, "error": None, "success": True} if reference else {"data": None, "error": None}


def _session_reference(sdk: DialectSdk, session: Any) -> Ref | None:
    """The object of the session, in dialects that have one."""
    classes = [item.on for item in sdk.contract.operations.values() if item.on and item.on.startswith("$")]
    return sdk.heap.keep(session, classes[0].removeprefix("$"), "session") if classes else None


def _carried(sdk: DialectSdk, key: str, values: Mapping[str, Any]) -> list[Registration]:
    """The listeners that come with the settings."""
    found = []
    for name, listener in sdk.contract.listeners.items():
        place, _, member = (listener.setting or "").partition(".")
        if place == key and values.get(member) is not None:
            found.append(Registration(name, functions_of(values[member])))
    return found


def _token_of(sdk: DialectSdk, value: Any) -> str:
    """The token in the argument: text, or the object that token generation gives where a document passes that."""
    if isinstance(value, str):
        return value
    join = sdk.contract.operations.get("join_session")
    accepts = clauses_of(join, "operation.accepts") if join is not None else []
    wanted = any(item.args.get("form") == "token_object" and item.args.get("accepted", True) for item in accepts)
    if wanted and isinstance(value, Mapping) and isinstance(value.get("token"), str):
        return str(value["token"])
    raise Refusal("call_token_invalid", "it is no text")


async def leave_session(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """Leave; a peer call ends for both. The call returns at once, the leave follows."""
    session = sdk.client.session
    if session is not None and not session.over:
        sdk.background(session.end_for_all() if session.peer_call else session.leave())


async def end_session_for_all(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """End it for everybody."""
    session = sdk.client.session
    if session is not None and not session.over:
        sdk.background(session.end_for_all())


def get_call_session(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """The object of the session, which is one for all sessions and there before the first, if no document says otherwise."""
    if _only_in_session(sdk.contract) and not sdk.client.in_session:
        return None
    return {"": _session_reference(sdk, sdk.client)}


def _only_in_session(contract: Contract) -> bool:
    """Whether there is no object of the session before a join: who wants to hear of the join registers when it has succeeded."""
    asked = contract.operations.get("get_call_session")
    told = clauses_of(asked, "operation.delivers_success") if asked is not None else []
    return any(
        item.args.get("value") in ("null", "nothing") and item.args.get("state") != "in_session" for item in told
    )


def state(read: Callable[[CallSession], bool]) -> Action:
    """A getter of something that is so or not; false where there is no session."""

    def action(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
        session = sdk.client.session
        return session is not None and not session.over and read(session)

    return action


def is_session_active(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """Whether one is active."""
    return sdk.client.in_session


def in_session(act: Callable[[CallSession, Arguments], Any]) -> Action:
    """An action that needs a session; without one nothing happens, since no document says what should."""

    def action(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
        session = sdk.client.session
        if session is not None and not session.over:
            act(session, given)

    return action


def flag(given: Arguments, concept: str) -> bool:
    """A boolean argument that means true when it is left out."""
    return given.get(concept, UNDEFINED) is not False


def set_layout(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """Change the layout: ours only. A mode of an earlier major is the layout that the migration guide names for it."""
    layout = given.get("layout", given.get("mode"))
    known = sdk.contract.settings["session_settings"].members.get("layout")
    if known is not None and layout not in known.values:
        word = str(_MODES.get(str(layout), layout))
        layout = next((value for value in known.values if str(value).lower() == word.lower()), word)
    if sdk.client.in_session:
        sdk.session_values = {**sdk.session_values, "layout": layout}
        sdk.tell(Event("layout_changed", {"value": layout}))


def show_panel(panel: str, shown: bool | None, events: tuple[str, str] | None = None) -> Action:
    """Open, close or flip a panel of the interface."""

    def action(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
        if not sdk.client.in_session:
            return
        now = (panel not in sdk.panels) if shown is None else shown
        if now != (panel in sdk.panels):
            (sdk.panels.add if now else sdk.panels.discard)(panel)
            if events is not None:
                sdk.tell(Event(events[0] if now else events[1]))

    return action


def start_screen_share(sdk: DialectSdk, given: Arguments, target: Any) -> Any:
    """Share a screen, unless the person dismisses the picker."""
    shown = sdk.world.devices != "no_screen"
    return in_session(lambda call, _: call.share_screen(True) if shown else None)(sdk, given, target)


def list_devices(kind: str) -> Action:
    """The devices of a kind: none unless the world grants them."""

    def action(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
        return devices(sdk, kind)

    return action


def devices(sdk: DialectSdk, kind: str) -> list[Facts]:
    """Two devices of a kind, as facts."""
    if sdk.world.devices not in {"granted", "no_screen"}:
        return []
    tag, label = _DEVICES[kind]
    return [
        {
            "": f"{kind}-{number}",
            "deviceId": f"{kind}-{number}",
            "kind": tag,
            "label": f"{label} {number}",
            "groupId": "reference",
        }
        for number in (1, 2)
    ]


def current_device(kind: str) -> Action:
    """The device in use."""

    def action(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
        found = devices(sdk, kind)
        chosen = sdk.devices.get(kind)
        return next((item for item in found if item["deviceId"] == chosen), found[0] if found else None)

    return action


def set_device(kind: str) -> Action:
    """Change the device in use; an unknown one is left alone."""

    def action(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
        found = next((item for item in devices(sdk, kind) if item["deviceId"] == given.get("device_id")), None)
        if found is not None and sdk.client.in_session and sdk.devices.get(kind) != found["deviceId"]:
            sdk.devices[kind] = found["deviceId"]
            sdk.tell(Event(f"{kind}_changed", {"value": found}))

    return action


def nothing(_sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """What leaves no trace outside of a drawn interface (a background, a badge, a pin)."""
