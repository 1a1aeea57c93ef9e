"""Initialising, logging in, call tokens, listeners: what these operations do, by concept.

An operation gets the instance, its arguments by parameter concept, and the object it was called on (None for the SDK itself). It
returns facts for the dialect to shape, and raises a :class:`CallFailure` or a :class:`Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from testcall_conformance.reference import facts
from testcall_conformance.reference.client.model import Service
from testcall_conformance.reference.dialect import DialectSdk
from testcall_conformance.reference.listeners import Registration, functions_of
from testcall_conformance.reference.objects import Abort, Settings
from testcall_conformance.reference.refusals import Refusal, settings_wrong
from testcall_conformance.values import UNDEFINED, Function

Arguments = Mapping[str, Any]
Action = Callable[[DialectSdk, Arguments, Any], Any]

_HOSTS = {"calls": "calls_host", "api": "admin_host", "client": "client_host"}


async def initialize(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """Take the application's settings. Hosts that they leave out are those of the region, which here is the world's."""
    settings = given.get("app_settings")
    if not isinstance(settings, Settings):
        raise Refusal("app_settings_invalid")
    sdk.app_settings = settings
    values, addresses = settings.values, sdk.world.addresses
    hosts = {
        name: value if isinstance(value := values.get(concept), str) and value else getattr(addresses, name)
        for name, concept in _HOSTS.items()
    }
    await sdk.client.initialize(
        Service(
            app_id=str(values.get("app_id", "")),
            region=str(values.get("region", "")).lower(),
            calls=hosts["calls"],
            api=hosts["api"],
            client=hosts["client"],
            ca=sdk.world.ca or None,
        )
    )
    return {"": True, "success": True, "error": None}


async def initialize_from_settings(sdk: DialectSdk, given: Arguments, target: Any) -> Any:
    """Map a settings file to the application's settings, then initialise."""
    source = given.get("settings_file")
    source = source if isinstance(source, Mapping) else {}

    def part(key: str) -> Mapping[str, Any]:
        value = source.get(key)
        return value if isinstance(value, Mapping) else {}

    flat = {
        "app_id": source.get("appId"),
        "region": source.get("region"),
        "auth_key": part("credentials").get("authKey"),
        "calls_host": part("callsSDK").get("host"),
        "admin_host": part("callsSDK").get("adminHost"),
        "client_host": part("callsSDK").get("clientHost"),
    }
    values = {key: value for key, value in flat.items() if value is not None}
    settings = Settings("app_settings", sdk.contract.settings["app_settings"].name, values)
    if settings_wrong(sdk.contract, settings):
        raise Refusal("app_settings_invalid")
    return await initialize(sdk, {"app_settings": settings}, target)


async def login(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """Log in by uid and key; the key may come from the application's settings."""
    key = given.get("auth_key", UNDEFINED)
    if not isinstance(key, str):
        key = sdk.app_settings.values.get("auth_key", "") if sdk.app_settings is not None else ""
    return facts.user(await sdk.client.login(given["uid"], key))


async def login_with_token(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """Log in by an auth token."""
    return facts.user(await sdk.client.login_with_token(given["auth_token"]))


async def logout(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """Log out."""
    await sdk.client.logout()
    return "logged out"


def get_logged_in_user(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """Who is logged in."""
    return facts.user(sdk.client.user)


def is_user_logged_in(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """Whether somebody is."""
    return sdk.client.user is not None


def get_user_auth_token(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """Their auth token."""
    return sdk.client.user.auth_token if sdk.client.user is not None else None


def is_initialized(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """Whether an init has succeeded."""
    return sdk.client.state != "not_initialized"


def clear_listeners(sdk: DialectSdk, _given: Arguments, _target: Any) -> Any:
    """End every registration."""
    sdk.registry.clear()


async def generate_token(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
    """A call token."""
    auth_token = given.get("auth_token", UNDEFINED)
    token = await sdk.client.generate_token(given["session_id"], auth_token if isinstance(auth_token, str) else None)
    return {"": token, "token": token, "callToken": token, "sessionId": given["session_id"]}


def add_listener(concept: str) -> Action:
    """Registration by an operation: an object of callbacks, or one function for one event."""

    def action(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
        for name, listener in sdk.contract.listeners.items():
            if listener.register_with is None or not _same(listener.register_with, concept):
                continue
            key = given.get("listener_id") if listener.keyed else None
            if listener.form == "object":
                functions = functions_of(given.get("listener"))
            else:
                callback = given.get("callback")
                functions = {str(given.get("event_name")): callback} if isinstance(callback, Function) else {}
            made = Registration(name, functions, str(key) if key is not None else None, given.get("listener"))
            remove = sdk.registry.add(made)
            _end_with_signal(given.get("options"), remove)
            return sdk.heap.keep(remove, "function")
        return None

    return action


def remove_listener(concept: str) -> Action:
    """The end of a registration under a key."""

    def action(sdk: DialectSdk, given: Arguments, _target: Any) -> Any:
        for name, listener in sdk.contract.listeners.items():
            if listener.unregister_with is not None and _same(listener.unregister_with, concept):
                if listener.keyed:
                    sdk.registry.remove(name, str(given.get("listener_id")))
                else:
                    sdk.registry.remove_object(name, given.get("listener"))

    return action


def _same(registered: str, concept: str) -> bool:
    return registered.removesuffix("_v4") == concept


def _end_with_signal(options: Any, remove: Callable[[], None]) -> None:
    signal = options.get("signal") if isinstance(options, Mapping) else None
    if isinstance(signal, Abort):
        if signal.aborted:
            remove()
        else:
            signal.callbacks.append(remove)
