"""Scenes that read what can be read without a session: constants, members of classes, getters of built settings."""

from __future__ import annotations

from typing import Any

from testcall_conformance.dialect import Call, Given
from testcall_conformance.promised import paths_to_read
from testcall_conformance.scenes import Scene
from testcall_conformance.setting_values import legal_values, settable
from testcall_conformance.stage import Actor, Stage
from testcall_contract.models import Contract, Setting


async def play_surface(stage: Stage, _: Scene) -> None:
    """Read every constant, every path that a clause asks for, and what getters of built settings return."""
    actor = await stage.actor()
    try:
        for concept, constant in stage.contract.constants.items():
            await _read(stage, actor, f"constant:{concept}", constant.path, "constant")
        for path, members in paths_to_read(stage.contract).items():
            await _read(stage, actor, f"path:{path}", path, "path")
            for member in members:
                await _read(stage, actor, f"member:{path}.{member}", f"{path}.{member}", "member")
        for object_key, spec in stage.contract.settings.items():
            if spec.form == "builder":
                await _getters(stage, actor, object_key)
    finally:
        await actor.close()


async def _read(stage: Stage, actor: Actor, name: str, path: str, label: str) -> None:
    on, _, member = path.rpartition(".")
    await stage.invoke(actor.id, name, Call(on or "window", member, [], "get"), label)


async def _getters(stage: Stage, actor: Actor, object_key: str) -> None:
    spec = stage.contract.settings[object_key]
    for key, setting in spec.members.items():
        if not setting.getter:
            continue
        tries: list[tuple[str, dict[str, Any]]] = [("default", {})]
        other = other_than_default(stage.contract, object_key, key)
        tries += [("set", {key: other})] if other is not None and settable(setting) else []
        for label, values in tries:
            built = stage.dialect.settings(object_key, Given(values))
            call = Call(built, setting.getter, [])
            await stage.invoke(actor.id, f"getter:{object_key}.{key}", call, label)


def other_than_default(contract: Contract, object_key: str, key: str) -> Any:
    """A value to set before a getter is asked; something with an identity for what is no plain value. None: nothing is known."""
    setting: Setting = contract.settings[object_key].members[key]
    plain = [v for v in legal_values(setting) if v != setting.default]
    if plain:
        return list(plain[0]) if isinstance(plain[0], tuple) else plain[0]
    identity = f"{object_key}-{key}"
    if setting.type == "object":
        return {"some": "text"}
    if setting.type == "listener":
        wrap = next((item.wrap for item in contract.listeners.values() if item.setting == f"{object_key}.{key}"), None)
        return {"$": "new", "class": wrap, "arguments": [{}], "id": identity} if wrap else None
    spec = contract.settings.get(key)
    if setting.type == "class" and spec is not None and spec.builder and not spec.build:
        return {"$": "new", "class": spec.builder, "arguments": [], "id": identity}
    return None
