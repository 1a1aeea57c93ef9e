"""What a *condition* of core.yaml means in practice: how each is brought about for a call that must fail because of it. One table.

A condition that is not here can't be brought about from outside, and clauses on it are not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from testcall_conformance.acts import forged
from testcall_conformance.bad_values import bad_setting
from testcall_conformance.dialect import OMIT, UNDEFINED, container
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
    "join_session_v4": "token",
    "join_presentation": "token",
    "get_call_details": "logged_in",
    "call_logs_fetch_next": "logged_in",
    "call_logs_fetch_previous": "logged_in",
    "call_logs_current_page": "logged_in",
    "call_logs_total_pages": "logged_in",
    "transcripts_build": "logged_in",
    "transcripts_fetch_next": "logged_in",
    "transcripts_fetch_previous": "logged_in",
}
"""The state in which an operation can succeed; every operation that is not named needs a session."""

JOINS = frozenset({"join_session", "join_session_by_id", "join_session_v4", "join_presentation"})
ENDS = frozenset({"leave_session", "leave_session_v4", "end_session_for_all"})
RECORDS = frozenset(
    {concept for concept in STATE_FOR if concept.startswith(("call_logs", "transcripts", "get_call_d"))}
)
"""Operations that read what the service keeps of past calls."""

Arguments = Callable[[Actor], dict[str, Any]]


def NO_CHANGES(_: Actor) -> dict[str, Any]:  # noqa: N802 - used as a constant
    """No other settings of the application."""
    return {}


@dataclass(frozen=True, slots=True)
class Violation:
    """How a condition is brought about.

    ``state``: another state of the SDK; ``arguments`` and ``app``: bad arguments, other settings of the application;
    ``devices``; ``world``: other settings of the application at the service; ``faults``: what breaks on the wire, as keyword
    arguments of :class:`testcall_simulator.faults.Fault`.
    """

    state: str | None = None
    arguments: Arguments = NO_CHANGES
    app: Arguments = NO_CHANGES
    devices: str = "granted"
    world: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()


def _argument(concept: str, value: Any) -> Violation:
    return Violation(arguments=lambda _: {concept: value})


def _bad_app(key: str, value: Any) -> Violation:
    def arguments(actor: Actor) -> dict[str, Any]:
        return {"app_settings": actor.app_settings({key: value}), "settings_file": actor.settings_file({key: value})}

    return Violation(arguments=arguments)


def _invalid_settings(actor: Actor) -> Any:
    """Session settings with a value of a wrong type in the first setting that has a documented type to violate."""
    spec = actor.stage.contract.settings["session_settings"]
    if spec.form == "builder":
        return {}
    key, setting = next((k, s) for k, s in spec.members.items() if s.type in ("boolean", "enum"))
    return actor.session_settings("session_settings", {key: bad_setting("wrong_type", setting)})


def _expired(actor: Actor) -> dict[str, Any]:
    """A call token whose time was over before it was made."""
    world = actor.stage.simulator.world
    with configured(actor.stage, {"call_token_lifetime_s": -60}):
        return {"call_token": world.issue_call_token(world.user(actor.user), actor.session)}


VIOLATIONS: dict[str, Violation] = {
    "sdk_not_initialized": Violation(state="fresh"),
    "not_logged_in": Violation(state="initialized"),
    "no_user_logged_in": Violation(state="initialized"),
    "no_session": Violation(state="logged_in"),
    "session_active": Violation(state="session"),
    "app_settings_invalid": Violation(
        arguments=lambda actor: {"app_settings": "no settings", "settings_file": actor.settings_file({"app_id": OMIT})}
    ),
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
    "call_token_expired": Violation(arguments=_expired),
    "container_missing": _argument("container", None),
    "device_unknown": _argument("device_id", "no-such-device"),
    "permission_denied": Violation(devices="denied"),
    "presenter_mode_disabled": Violation(world={"presenter_mode": False}),
    "network_failure": Violation(faults=({"channel": "http", "does": "close", "times": None},)),
    "bad_response": Violation(faults=({"channel": "http", "does": "corrupt", "times": None},)),
    "recording_failure": Violation(
        faults=({"channel": "xmpp", "does": "error", "name": "iq", "contains": "jibri", "direction": "in", "times": None,
                 "code": "service-unavailable"},)
    ),
    "already_initialized": Violation(state="initialized"),
    "already_logged_in": Violation(state="logged_in"),
}  # fmt: skip
"""How each condition is brought about."""

RACES: dict[str, str] = {"login_in_progress": "login_race", "request_in_progress": "fetch_race"}
"""Conditions that need two calls at once → the kind of scene that makes them."""

REFUSED_BY_SERVICE: dict[str, str] = {
    "generate_token": "auth_token_invalid",
    "login": "uid_unknown",
    "login_with_token": "auth_token_invalid",
    "join_session": "call_token_invalid",
    "call_logs_fetch_next": "auth_token_invalid",
    "get_call_details": "auth_token_invalid",
    "transcripts_fetch_next": "call_session_unknown",
}
"""Operation → a condition that only the service can find, so that its refusal reaches the SDK."""

VIOLATIONS["call_session_unknown"] = _argument("session_id", "no-such-session")


@contextmanager
def configured(stage: Stage, settings: Mapping[str, Any]) -> Iterator[None]:
    """While inside, the application is set so at the service."""
    world = stage.simulator.world
    before = {key: getattr(world.app.settings, key) for key in settings}
    world.configure(None, **settings)
    try:
        yield
    finally:
        world.configure(None, **before)


@contextmanager
def broken(stage: Stage, faults: tuple[Mapping[str, Any], ...]) -> Iterator[None]:
    """While inside, the service misbehaves so."""
    from testcall_simulator.faults import Fault

    rules = [stage.simulator.faults.add(Fault(**fault)) for fault in faults]
    try:
        yield
    finally:
        for rule in rules:
            stage.simulator.faults.remove(rule)


# --- forms of arguments ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a good (or doubtful) argument: the value, and the state and settings of the application that it needs."""

    value: Callable[[Actor], Any]
    state: str | None = None
    app: Arguments = NO_CHANGES


def _object_without(actor: Actor) -> Any:
    """Settings in which optional members are given as undefined."""
    members = actor.stage.contract.settings["session_settings"].members
    optional = [key for key, setting in members.items() if not setting.required and setting.type != "listener"]
    return actor.session_settings("session_settings", dict.fromkeys(optional[:3], UNDEFINED))


def _key_of_app(actor: Actor) -> dict[str, Any]:
    return {"auth_key": actor.stage.simulator.world.auth_key}


FORMS: dict[str, Form] = {
    "token_object": Form(lambda actor: {"token": actor.call_token}),
    "token_string": Form(lambda actor: actor.call_token),
    "element": Form(lambda actor: container(f"{actor.id}-container")),
    "detached": Form(lambda actor: container(f"{actor.id}-container", "detached")),
    "hidden": Form(lambda actor: container(f"{actor.id}-container", "hidden")),
    "built": Form(lambda actor: actor.session_settings("session_settings", {})),
    "empty": Form(lambda actor: actor.session_settings("session_settings", {}, listen=False)),
    "undefined_members": Form(_object_without),
    "built_v4": Form(lambda actor: actor.session_settings("call_settings_v4", {})),
    "omitted": Form(lambda _: OMIT),
    "undefined": Form(lambda _: UNDEFINED),
    "null": Form(lambda _: None),
    "upper_case": Form(lambda actor: actor.session.upper()),
    "upper_case_region": Form(lambda actor: actor.app_settings({"region": actor.stage.world_info().region.upper()})),
    "from_settings": Form(lambda _: OMIT, app=_key_of_app),
    "both": Form(lambda actor: actor.stage.simulator.world.auth_key, app=lambda _: {"auth_key": "0" * 40}),
    "without_login": Form(lambda actor: actor.stage.simulator.world.user(actor.user).auth_token, state="initialized"),
}
"""Forms of an argument, for ``operation.accepts``."""
