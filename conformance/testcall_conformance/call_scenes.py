"""Scenes around one call: the SDK is brought into the state that the call needs, or into one that must make it fail.

``probe`` labels the call that a scene is played for. What a *condition* of core.yaml means in practice stands in one table.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from testcall_conformance.bad_values import bad_argument, bad_setting
from testcall_conformance.dialect import OMIT, UNDEFINED, container
from testcall_conformance.scenes import Scene, forged
from testcall_conformance.stage import Actor, Stage

STATE_FOR: dict[str, str] = {
    "initialize": "fresh",
    "initialize_from_settings": "fresh",
    "login": "initialized",
    "login_with_token": "initialized",
    "logout": "logged_in",
    "get_logged_in_user": "logged_in",
    "is_user_logged_in": "logged_in",
    "get_user_auth_token": "logged_in",
    "add_login_listener": "initialized",
    "remove_login_listener": "initialized",
    "add_event_listener": "initialized",
    "remove_event_listener": "initialized",
    "get_call_session": "initialized",
    "is_session_active": "initialized",
    "is_initialized": "initialized",
    "generate_token": "logged_in",
    "join_session": "token",
    "join_session_by_id": "logged_in",
    "join_presentation": "token",
    "get_call_details": "logged_in",
    "call_logs_fetch_next": "logged_in",
    "call_logs_fetch_previous": "logged_in",
    "transcripts_fetch_next": "logged_in",
    "transcripts_fetch_previous": "logged_in",
}
"""The state in which an operation can succeed; every operation that is not named needs a session."""

ABOUT_A_PAST_CALL = frozenset({"get_call_details", "transcripts_fetch_next", "transcripts_fetch_previous"})
"""Operations that ask for something of a call that is over."""

JOINS = frozenset({"join_session", "join_session_by_id", "join_presentation"})
ENDS = frozenset({"leave_session", "end_session_for_all"})


def NO_CHANGES(_: Actor) -> dict[str, Any]:  # noqa: N802 - used as a constant
    """No other settings of the application."""
    return {}


@dataclass(frozen=True, slots=True)
class Violation:
    """How a condition is brought about: another state, bad arguments, other settings of the application, no devices, no network."""

    state: str | None = None
    arguments: Callable[[Actor], dict[str, Any]] = lambda _: {}
    app: Callable[[Actor], dict[str, Any]] = NO_CHANGES
    devices: str = "granted"
    fault: bool = False


def _argument(concept: str, value: Any) -> Violation:
    return Violation(arguments=lambda _: {concept: value})


def _bad_app(key: str, value: Any) -> Violation:
    return Violation(arguments=lambda actor: {"app_settings": actor.app_settings({key: value})})


VIOLATIONS: dict[str, Violation] = {
    "sdk_not_initialized": Violation(state="fresh"),
    "not_logged_in": Violation(state="initialized"),
    "no_user_logged_in": Violation(state="initialized"),
    "no_session": Violation(state="logged_in"),
    "session_active": Violation(state="session"),
    "app_settings_invalid": _argument("app_settings", "no settings"),
    "app_id_invalid": _bad_app("app_id", OMIT),
    "region_invalid": _bad_app("region", "nowhere"),
    "host_invalid": _bad_app("calls_host", 42),
    "settings_invalid": Violation(arguments=lambda actor: {"session_settings": _invalid_settings(actor)}),
    "presenter_settings_invalid": _argument("presenter_settings", "no settings"),
    "uid_invalid": _argument("uid", ""),
    "uid_with_space": _argument("uid", "al ice"),
    "uid_unknown": _argument("uid", "nobody-of-this-name"),
    "auth_key_missing": Violation(arguments=lambda _: {"auth_key": OMIT}, app=lambda _: {"auth_key": OMIT}),
    "auth_key_unknown": _argument("auth_key", "0" * 40),
    "auth_token_missing": _argument("auth_token", ""),
    "auth_token_with_space": _argument("auth_token", "a token"),
    "auth_token_invalid": _argument("auth_token", "nobodys-auth-token-000000"),
    "session_id_missing": _argument("session_id", ""),
    "call_token_missing": _argument("call_token", ""),
    "call_token_invalid": Violation(arguments=lambda actor: {"call_token": forged(actor.call_token)}),
    "container_missing": _argument("container", None),
    "device_unknown": _argument("device_id", "no-such-device"),
    "permission_denied": Violation(devices="denied"),
    "network_failure": Violation(fault=True),
    "already_initialized": Violation(state="initialized"),
    "already_logged_in": Violation(state="logged_in"),
}
"""How each condition is brought about. A condition that is not here can't be, and clauses on it are not run."""


def _invalid_settings(actor: Actor) -> Any:
    """Session settings with a value of a wrong type in the first setting that has a documented type to violate."""
    spec = actor.stage.contract.settings["session_settings"]
    if spec.form == "builder":
        return {}
    key, setting = next((k, s) for k, s in spec.members.items() if s.type in ("boolean", "enum"))
    return actor.session_settings("session_settings", {key: bad_setting("wrong_type", setting)})


async def reach(stage: Stage, actor: Actor, state: str, app: dict[str, Any] | None = None) -> bool:
    """Bring the SDK into ``state`` (fresh, initialized, logged_in, token, session); whether the service agrees for a session.

    In states before ``token`` the actor still gets a good call token, made by the service itself, so that a call fails for
    the condition at hand and for nothing else.
    """
    world = stage.simulator.world
    actor.session = actor.session or stage.new_session("call")
    if state != "fresh":
        settings = actor.app_settings(app) if app else None
        await actor.call("initialize", "arrange", **({"app_settings": settings} if settings is not None else {}))
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
    """Play a ``call`` scene. Parameters: ``operation``; then ``condition``, or ``parameter`` with ``bad`` or ``form``."""
    params = dict(scene.params)
    concept = params["operation"]
    violation = VIOLATIONS[params["condition"]] if "condition" in params else Violation()
    state = violation.state or STATE_FOR.get(concept, "session")
    doubtful = len(params) > 1
    async with instance(stage, state, violation) as actor:
        arguments = violation.arguments(actor) | _chosen(stage, actor, concept, params)
        if concept in ABOUT_A_PAST_CALL:
            await _past_call(stage, actor)
        with _network(stage, broken=violation.fault):
            await probe(stage, actor, concept, arguments, patient=not doubtful or "form" in params)


@contextmanager
def _network(stage: Stage, *, broken: bool) -> Iterator[None]:
    """While inside, every HTTP connection to the service breaks, if ``broken``."""
    if not broken:
        yield
        return
    from testcall_simulator.faults import Fault

    faults = stage.simulator.faults
    rule = faults.add(Fault("http", "close", times=None))
    try:
        yield
    finally:
        faults.remove(rule)


async def _past_call(stage: Stage, actor: Actor) -> None:
    """A call of the actor's session in the service's log: bob and the actor's user were there and left."""
    peers = [await stage.simulator.join_peer(actor.session, uid) for uid in ("bob", actor.user)]
    for peer in peers:
        await peer.leave()


STATEFUL = frozenset({"initialize", "initialize_from_settings", "login", "login_with_token", "logout", *JOINS, *ENDS})
"""Operations that change the state of an instance when they succeed."""


@asynccontextmanager
async def instance(stage: Stage, state: str, violation: Violation | None = None) -> AsyncIterator[Actor]:
    """An instance in ``state``; one that was kept, where there is one. It is kept again if nothing changed its state."""
    violation = violation or Violation()
    plain = violation.devices == "granted" and violation.app is NO_CHANGES and state != "session"
    actor = stage.kept(state) if plain else None
    if actor is None:
        actor = await stage.actor(devices=violation.devices)
        await reach(stage, actor, state, violation.app(actor))
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


def _chosen(stage: Stage, actor: Actor, concept: str, params: dict[str, Any]) -> dict[str, Any]:
    """The argument that ``bad`` or ``form`` asks for."""
    if "parameter" not in params:
        return {}
    parameter = next((p for p in stage.dialect.operation(concept).parameters if p.concept == params["parameter"]), None)
    if parameter is None:
        return {}
    if "form" in params:
        return {parameter.concept: FORMS[params["form"]](actor)}
    if params["bad"] in ("plain_object", "not_built") and parameter.concept in stage.contract.settings:
        return {parameter.concept: _unbuilt(stage, parameter.concept, params["bad"])}
    if params["bad"] == "foreign":
        return {parameter.concept: _foreign(actor, parameter.concept)}
    return {parameter.concept: bad_argument(params["bad"], parameter.concept, parameter.type)}


FORMS: dict[str, Callable[[Actor], Any]] = {
    "token_object": lambda actor: {"token": actor.call_token},
    "token_string": lambda actor: actor.call_token,
    "element": lambda actor: container(f"{actor.id}-container"),
    "detached": lambda actor: container(f"{actor.id}-container", "detached"),
    "hidden": lambda actor: container(f"{actor.id}-container", "hidden"),
    "built": lambda actor: actor.session_settings("session_settings", {}),
    "empty": lambda actor: actor.session_settings("session_settings", {}, listen=False),
    "omitted": lambda _: OMIT,
    "undefined": lambda _: UNDEFINED,
    "null": lambda _: None,
    "upper_case_region": lambda actor: actor.app_settings({"region": actor.stage.world_info().region.upper()}),
}
"""Forms of a good (or doubtful) argument, for ``operation.accepts``."""


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

    ``patient``: the call may succeed, so a join gets its time; else only as long as a refusal may take. One that has told its
    failure is not waited for: that is an answer.
    """
    after = stage.trace.last_seq
    told = await actor.call(concept, label, **arguments)
    if concept in JOINS and told.ok:
        await actor.joined(after, stage.limits.join if patient else stage.limits.refusal, heed_errors=True)
    elif concept in ENDS and told.ok:
        await actor.left(after)
    await stage.settle(stage.limits.refusal)


async def play_login_race(stage: Stage, scene: Scene) -> None:
    """Two logins at once: the second is the probe."""
    actor = await stage.actor()
    try:
        await reach(stage, actor, "initialized")
        first = asyncio.ensure_future(actor.call("login", "first"))
        await asyncio.sleep(0)
        await actor.call("login", "probe")
        await first
        await stage.settle(stage.limits.refusal)
    finally:
        await actor.close()


async def play_login_state(stage: Stage, scene: Scene) -> None:
    """Who is logged in, asked before the login, after it and after the logout (labels before, during, after)."""
    actor = await stage.actor()
    questions = [c for c in ("get_logged_in_user", "is_user_logged_in", "get_user_auth_token") if stage.dialect.has(c)]
    try:
        await reach(stage, actor, "initialized")
        for label, concept in (("before", None), ("during", "login"), ("after", "logout")):
            if concept and stage.dialect.has(concept):
                await actor.call(concept, "arrange")
            for question in questions:
                await actor.call(question, label)
    finally:
        await actor.close()


async def play_every_call(stage: Stage, scene: Scene) -> None:
    """Every operation that needs a session, called once with good arguments, in a session or (``session`` false) in none.

    Labels are ``probe:concept``; operations that end the session come in their own scenes.
    """
    actor = await stage.actor()
    try:
        inside = dict(scene.params)["session"]
        if inside:
            actor.session = stage.new_session("every-call")
            await stage.simulator.join_peer(actor.session, "bob")
        await reach(stage, actor, "session" if inside else "logged_in")
        for concept, operation in stage.contract.operations.items():
            if concept in STATE_FOR or operation.deprecated or (concept in ENDS and inside) or not operation.mandatory:
                continue
            await actor.call(concept, f"probe:{concept}")
        await stage.settle()
    finally:
        await actor.close()
