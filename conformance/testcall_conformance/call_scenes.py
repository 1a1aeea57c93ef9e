"""Scenes around one call: the SDK is brought into the state that the call needs, or into one that must make it fail.

``probe`` labels the call that a scene is played for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from testcall_conformance.acts import devices_in_use
from testcall_conformance.bad_values import bad_argument
from testcall_conformance.conditions import (
    ENDS,
    FORMS,
    JOINS,
    NO_CHANGES,
    RECORDS,
    STATE_FOR,
    VIOLATIONS,
    Violation,
    broken,
    configured,
)
from testcall_conformance.past_calls import add_past_calls
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import Actor, Stage


async def reach(
    stage: Stage, actor: Actor, state: str, app: dict[str, Any] | None = None, *, init: str = "initialize"
) -> bool:
    """Bring the SDK into ``state`` (fresh, initialized, logged_in, token, session); whether the service agrees for a session.

    In states before ``token`` the actor still gets a good call token, made by the service itself, so that a call fails for
    the condition at hand and for nothing else.
    """
    world = stage.simulator.world
    actor.session = actor.session or stage.new_session("call")
    if state != "fresh":
        settings = {"app_settings": actor.app_settings(app)} if app else {}
        await actor.call(init, "arrange", **settings)
    if state in ("logged_in", "token", "session"):
        await actor.log_in()
    if state in ("token", "session"):
        await actor.make_token(actor.session)
    else:
        actor.call_token = world.issue_call_token(world.user(actor.user), actor.session)
    if state == "session":
        after = stage.trace.last_seq
        await actor.join(label="arrange")
        return await actor.joined(after)
    return True


async def play_call(stage: Stage, scene: Scene) -> None:
    """Play a ``call`` scene.

    Parameters: ``operation``; then ``condition``, or ``parameter`` with ``bad`` or ``form``; ``init`` is the operation that
    initialises, where it isn't the usual one.
    """
    concept = scene.get("operation")
    violation = VIOLATIONS[scene.get("condition")] if scene.get("condition") else _form_needs(scene)
    state = violation.state or STATE_FOR.get(concept, "session")
    doubtful = scene.get("condition") or scene.get("parameter")
    with configured(stage, violation.world):
        async with instance(stage, state, violation, init=scene.get("init", "initialize")) as actor:
            arguments = violation.arguments(actor) | _chosen(stage, actor, concept, scene)
            if concept in RECORDS:
                add_past_calls(stage, actor)
            with broken(stage, violation.faults):
                await probe(stage, actor, concept, arguments, patient=not doubtful or bool(scene.get("form")))


def _form_needs(scene: Scene) -> Violation:
    """The state and the settings of the application that a form of an argument needs."""
    form = FORMS.get(scene.get("form", ""))
    return Violation(state=form.state, app=form.app) if form else Violation()


STATEFUL = frozenset({"initialize", "initialize_from_settings", "login", "login_with_token", "logout", *JOINS, *ENDS})
"""Operations that change the state of an instance when they succeed."""


@asynccontextmanager
async def instance(
    stage: Stage, state: str, violation: Violation | None = None, *, init: str = "initialize"
) -> AsyncIterator[Actor]:
    """An instance in ``state``; one that was kept, where there is one. It is kept again if nothing changed its state."""
    violation = violation or Violation()
    usual = violation.devices == "granted" and violation.app is NO_CHANGES and init == "initialize"
    plain = usual and state != "session" and stage.description.capabilities.instances > 1
    actor = stage.kept(state) if plain else None
    if actor is None:
        actor = await stage.actor(devices=violation.devices)
        await reach(stage, actor, state, violation.app(actor), init=init)
    else:
        await renew(stage, actor, state)
    after = stage.trace.last_seq
    good = False
    try:
        yield actor
        good = plain and not _changed(stage, actor, after)
    finally:
        if good:
            stage.keep(state, actor)
        else:
            await actor.close()


def _changed(stage: Stage, actor: Actor, after: int) -> bool:
    """Whether the instance may be in another state now: a call that changes it succeeded, or the service was asked to join."""
    for event in stage.trace.since(after):
        if event.actor == actor.id and event.kind == "outcome" and event.name in STATEFUL:
            if event.data.get("ended") not in ("rejected", "threw", "error_callback"):
                return True
        elif event.name in ("verify_call_token", "socket_opened") or event.name == "uncaught":
            return True
    return False


async def renew(stage: Stage, actor: Actor, state: str) -> None:
    """Another session and another call token for an instance that was kept."""
    actor.session = stage.new_session("call")
    if state == "token":
        await actor.make_token(actor.session)
    else:
        world = stage.simulator.world
        actor.call_token = world.issue_call_token(world.user(actor.user), actor.session)


def _chosen(stage: Stage, actor: Actor, concept: str, scene: Scene) -> dict[str, Any]:
    """The argument that ``bad`` or ``form`` asks for."""
    wanted, bad, form = scene.get("parameter"), scene.get("bad"), scene.get("form")
    parameter = next((p for p in stage.dialect.operation(concept).parameters if p.concept == wanted), None)
    if parameter is None:
        return {}
    if form:
        return {parameter.concept: FORMS[form].value(actor)}
    if bad in ("plain_object", "not_built") and parameter.concept in stage.contract.settings:
        return {parameter.concept: _unbuilt(stage, parameter.concept, bad)}
    if bad == "foreign":
        return {parameter.concept: _foreign(actor, parameter.concept)}
    return {parameter.concept: bad_argument(bad, parameter.concept, parameter.type)}


def _unbuilt(stage: Stage, object_key: str, bad: str) -> Any:
    spec = stage.dialect.settings_object(object_key)
    if bad == "plain_object" or spec.form != "builder":
        return {}
    return {"$": "builder", "class": spec.builder or spec.name, "new": [], "calls": [], "build": False}


def _foreign(actor: Actor, concept: str) -> Any:
    """A value that is good elsewhere: a call token of another application."""
    world = actor.stage.simulator.world
    if "elsewhere" not in world.apps:
        world.add_app("elsewhere")
        world.add_user(actor.user, app_id="elsewhere")
    stranger = world.user(actor.user, "elsewhere")
    return world.issue_call_token(stranger, actor.session) if concept == "call_token" else stranger.auth_token


async def probe(
    stage: Stage, actor: Actor, concept: str, arguments: dict[str, Any], label: str = "probe", *, patient: bool = True
) -> None:
    """Make the call that is judged, and let everything come that may tell of it: a join, an error event, a late rejection.

    ``patient``: the call should succeed, so a join gets its time; else only as long as a refusal may take. A call that should
    fail and has told so is not waited for: that is an answer.
    """
    after = stage.trace.last_seq
    told = await actor.call(concept, label, **arguments)
    if concept in JOINS and (told.ok or patient):
        long = told.ok and patient
        await actor.joined(after, stage.limits.join if long else stage.limits.refusal, heed_errors=True)
    elif concept in ENDS and told.ok:
        await actor.left(after)
    await stage.settle(stage.limits.refusal)


async def play_login_race(stage: Stage, scene: Scene) -> None:
    """Two logins at once: the second, by ``operation``, is the probe. A ``generate_token`` may be the second call, too."""
    concept = scene.get("operation", "login")
    actor = await stage.actor()
    try:
        await reach(stage, actor, "initialized")
        first = asyncio.ensure_future(actor.call("login", "first"))
        await asyncio.sleep(0)
        await actor.call(concept, "probe")
        await first
        await stage.settle(stage.limits.refusal)
    finally:
        await actor.close()


async def play_login_state(stage: Stage, scene: Scene) -> None:
    """Who is logged in, asked before the login, after it and after the logout (labels before, during, after).

    ``operation`` is the login; ``leaves`` true: the participant is in a session when it logs out.
    """
    actor = await stage.actor()
    login = scene.get("operation", "login")
    questions = [c for c in ("get_logged_in_user", "is_user_logged_in", "get_user_auth_token") if stage.dialect.has(c)]
    try:
        await reach(stage, actor, "initialized")
        for label, concept in (("before", None), ("during", login), ("after", "logout")):
            if concept and stage.dialect.has(concept):
                await actor.call(concept, "arrange")
            for question in questions:
                await actor.call(question, label)
    finally:
        await actor.close()


async def play_logout_in_call(stage: Stage, scene: Scene) -> None:
    """A participant who logs out while in a session: the probe."""
    async with instance(stage, "session") as actor:
        after = stage.trace.last_seq
        await actor.call("logout", "probe")
        await stage.until(lambda e: e.name == "occupant_left" and e.data.get("uid") == actor.user, after)
        await stage.settle()


async def play_every_call(stage: Stage, scene: Scene) -> None:
    """Every operation that needs a session, called once with good arguments, in a session or (``session`` false) in none.

    Labels are ``probe:concept``; operations that end the session come in their own scenes.
    """
    actor = await stage.actor()
    inside = scene.get("session")
    peer = None
    try:
        if inside:
            actor.session = stage.new_session("every-call")
            peer = await stage.simulator.join_peer(actor.session, "bob")
        await reach(stage, actor, "session" if inside else "logged_in")
        for concept, operation in stage.contract.operations.items():
            if concept in STATE_FOR or (concept in ENDS and inside) or not operation.mandatory:
                continue
            await _cameras(stage, actor, concept)
            await actor.call(concept, f"probe:{concept}")
            await _cameras(stage, actor, concept)
        await stage.settle()
    finally:
        if peer is not None:
            await peer.leave()
        await actor.close()


async def _cameras(stage: Stage, actor: Actor, concept: str) -> None:
    """Before and after a change of the camera: which one is in use, if the adapter can tell."""
    if concept == "switch_camera" and stage.description.capabilities.observe:
        await stage.settle()
        seen = await stage.adapter.capability(actor.id, "observe", {"instance": actor.id})
        cameras = [device["device"] for device in devices_in_use(seen) if device["kind"] == "videoinput"]
        stage.trace.add("media", actor.id, f"cameras:{concept}", cameras=cameras)
