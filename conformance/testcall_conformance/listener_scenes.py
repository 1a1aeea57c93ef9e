"""Scenes around listeners: several at once, under one id, removed, unsubscribed, aborted, partial, throwing; and when."""

from __future__ import annotations

from testcall_conformance.dialect import Call, function
from testcall_conformance.playing import Play
from testcall_conformance.results import Result
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import Actor, Stage
from testcall_contract.models import Contract

PREFERRED = (
    "participant_joined",
    "participant_list_changed",
    "login_succeeded",
    "session_joined",
    "participant_joined_v4",
    "incoming_call",
)
"""Events with which listeners are tried: those that another participant brings about, so that they can be repeated."""


def trial_event(contract: Contract, listener_key: str) -> str | None:
    """The event with which a listener is tried; None when it gets none of the preferred ones."""
    return next((e for e in PREFERRED if e in contract.events and listener_key in contract.events[e].via), None)


async def play_listeners(stage: Stage, scene: Scene) -> None:
    """Register listeners in all ways, bring the trial event about, and let the trace say who was called.

    Labels: ``one``, ``two`` (both stay), ``old`` and ``new`` (one id), ``removed``, ``unsubscribed``, ``aborted``,
    ``partial`` (one callback only).
    """
    key = scene.get("listener")
    event = trial_event(stage.contract, key) or ""
    actor = await stage.actor()
    play = Play(stage, actor, "listeners")
    try:
        await actor.initialize()
        await register_all(stage, actor, key, event)
        if event == "login_succeeded":
            await play.act("login")
        else:
            await _log_in_and_join(play)
            await play.act("remote_join")
    finally:
        await _gone(play)


async def _log_in_and_join(play: Play) -> None:
    await play.actor.log_in()
    await play.actor.make_token(play.stage.new_session("listeners"))
    await play.act("join")


async def _gone(play: Play) -> None:
    await play.dismiss_peers()
    await play.actor.close()


async def register_all(stage: Stage, actor: Actor, key: str, event: str) -> None:
    """Register listeners in all ways that ``key`` has, each under the label that says how."""
    listener = stage.contract.listeners[key]
    only = None if listener.form == "object" else [event]
    for label in ("one", "two"):
        await actor.register(key, label, only)
    if listener.form == "object":
        await actor.register(key, "partial", [event])
    if listener.keyed:
        for label in ("old", "new"):
            await _register_as(actor, key, label, "shared")
    if listener.unregister_with:
        await actor.register(key, "removed", only)
        await actor.unregister(key, "removed")
    if listener.returns_unsubscribe:
        await _unsubscribe(stage, actor, await actor.register(key, "unsubscribed", [event]))
        await _abort(stage, actor, key, event)


async def _register_as(actor: Actor, key: str, label: str, identity: str) -> None:
    listener = actor.stage.contract.listeners[key]
    value = actor.stage.dialect.listener_value(key, listener, label)
    assert listener.register_with is not None
    await actor.call(listener.register_with, label, listener_id=identity, listener=value)


async def _unsubscribe(stage: Stage, actor: Actor, results: list[Result]) -> None:
    for result in results:
        if isinstance(result.value, dict) and "id" in result.value:
            await stage.invoke(actor.id, "unsubscribe", Call(result.value["id"], "()", []), "unsubscribed")


async def _abort(stage: Stage, actor: Actor, key: str, event: str) -> None:
    """Register with an AbortSignal and abort it, where the registration takes options."""
    listener = stage.contract.listeners[key]
    assert listener.register_with is not None
    parameters = stage.dialect.operation(listener.register_with).parameters
    if not any(p.concept == "options" for p in parameters):
        return
    controller = {"$": "new", "class": "AbortController", "arguments": [], "id": "controller"}
    signal = await stage.invoke(actor.id, "abort_signal", Call(controller, "signal", [], "get"), "aborted")
    if not isinstance(signal.get("value"), dict):
        return
    await actor.call(
        listener.register_with,
        "aborted",
        event_name=stage.contract.events[event].name,
        callback=function(f"aborted:{event}"),
        options={"signal": {"$": "ref", "id": signal["value"]["id"]}},
    )
    await stage.invoke(actor.id, "abort", Call("controller", "abort", []), "aborted")


async def play_thrower(stage: Stage, scene: Scene) -> None:
    """A listener whose callback throws, registered before another, which has to be called all the same."""
    key = scene.get("listener")
    event = trial_event(stage.contract, key) or ""
    actor = await stage.actor()
    play = Play(stage, actor, "thrower")
    try:
        await actor.initialize()
        await actor.register(key, "thrower", [event], **{event: "throws"})
        await actor.register(key, "other", [event])
        await _log_in_and_join(play)
        await play.act("remote_join")
    finally:
        await _gone(play)


async def play_survival(stage: Stage, scene: Scene) -> None:
    """A listener after ``cause``: the participant joins, the cause comes, and then they join again (``rejoin``: just that)."""
    key, cause = scene.get("listener"), scene.get("cause")
    actor = await stage.actor()
    play = Play(stage, actor, "survival")
    try:
        await actor.initialize()
        await actor.register(key, "one", [trial_event(stage.contract, key) or ""])
        await actor.log_in()
        await actor.make_token(stage.new_session("survival"))
        await play.act("join")
        if cause in ("last_remote_leave", "leave", "rejoin"):
            await play.act("remote_join_first")
        if cause == "rejoin":
            await play.act("last_remote_leave")
        else:
            await play.act(cause)
        if play.in_session:
            await play.act("leave")
        await play.dismiss_peers()
        await actor.make_token(stage.new_session("survival"))
        await play.act("join")
        await play.act("remote_join")
    finally:
        await _gone(play)


async def play_settings_listener(stage: Stage, scene: Scene) -> None:
    """Joins whose settings carry a listener.

    ``form``: ``partial`` (one callback only), ``literal`` (an object that is not wrapped); ``again``: a second join on the same
    instance carries another listener, ``second``, and the first one is ``first``.
    """
    key, form = scene.get("listener"), scene.get("form", "")
    actor = await stage.actor()
    play = Play(stage, actor, "settings_listener")
    try:
        await actor.initialize()
        await actor.log_in()
        labels = ("first", "second") if scene.get("again") else (form,)
        for label in labels:
            await _join_listening(play, key, label, form)
            if label == "first":
                await play.act("leave")
        await play.act("remote_join")
    finally:
        await _gone(play)


async def _join_listening(play: Play, key: str, label: str, form: str) -> None:
    stage, actor = play.stage, play.actor
    listener = stage.contract.listeners[key]
    assert listener.setting is not None
    object_key, _, member = listener.setting.partition(".")
    only = [trial_event(stage.contract, key) or ""] if form == "partial" else None
    value = stage.dialect.listener_value(key, listener, label, only)
    if form == "literal" and listener.wrap:
        value = value["arguments"][0]
    await actor.make_token(stage.new_session("settings-listener"))
    play.object_key, play.settings = object_key, {member: value}
    await play.act("join")


async def play_registration(stage: Stage, scene: Scene) -> None:
    """Registering ``when`` (before_init, before_join, after_join) is the probe."""
    key, when = scene.get("listener"), scene.get("when")
    event = trial_event(stage.contract, key) or ""
    actor = await stage.actor()
    play = Play(stage, actor, "registration")

    async def register() -> None:
        only = None if stage.contract.listeners[key].form == "object" else [event]
        await actor.register_now(key, "probe", only)

    try:
        if when == "before_init":
            await register()
        await actor.initialize()
        if when == "before_join":
            await register()
        await actor.log_in()
        await actor.make_token(stage.new_session("registration"))
        await play.act("join")
        if when == "after_join":
            await register()
        await play.act("remote_join")
    finally:
        await _gone(play)
