"""Scenes around settings: joins with chosen settings, looked at from outside; and the plan of which values to try together.

A join costs a second with a real build, so values are tried together where they don't hide one another (see
:func:`assignments`), and Hypothesis draws further combinations from the contract.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from testcall_conformance.bad_values import bad_setting
from testcall_conformance.call_scenes import instance, probe, reach
from testcall_conformance.scenes import Play, Scene, look
from testcall_conformance.stage import Actor, Stage
from testcall_contract.models import Contract, Setting

ALONE_KINDS = frozenset({"no_video", "controls_shown", "layout_at_join", "recording_at_join", "control_hides_all"})
"""Effects that hide or change the effects of other settings: their values are tried by themselves."""

Assignment = tuple[tuple[str, Any], ...]
"""Settings set together: (concept, value) pairs, sorted by concept."""


def legal_values(setting: Setting) -> list[Any]:
    """The legal values that are tried of a setting: all of a small domain, the edges of a large one."""
    if setting.type == "boolean":
        return [True, False]
    if setting.values:
        return list(setting.values)
    if setting.type in ("integer", "number"):
        edges = [setting.minimum, setting.default, setting.maximum]
        whole = [int(v) if setting.type == "integer" and v is not None else v for v in edges]
        return list(dict.fromkeys(v for v in whole if isinstance(v, (int, float))))
    if setting.type == "string" and not names_a_device(setting):
        return ["Some text"]
    return []


def names_a_device(setting: Setting) -> bool:
    """Whether the setting takes the id of a device: no text at will is a legal value of it."""
    return setting.effect is not None and setting.effect.kind == "device_used"


def assignments(contract: Contract, object_key: str = "session_settings") -> list[Assignment]:
    """Joins that, together, try every legal value of every setting once, with few joins.

    First nothing (all defaults); then all values but the defaults of settings that don't disturb one another, as many joins
    as the largest domain needs; then each disturbing value by itself.
    """
    found: list[Assignment] = [()]
    together: dict[str, list[Any]] = {}
    for key, setting in contract.settings[object_key].members.items():
        if setting.effect is None and not setting.clauses:
            continue
        others = [v for v in legal_values(setting) if setting.has_default is False or v != setting.default]
        kind = setting.effect.kind if setting.effect else "none"
        if kind in ALONE_KINDS:
            found += [((key, value),) for value in others]
        elif others:
            together[key] = others
    rounds = max((len(values) for values in together.values()), default=0)
    for index in range(rounds):
        chosen = {key: values[index] for key, values in together.items() if index < len(values)}
        found.append(tuple(sorted(chosen.items(), key=lambda pair: pair[0])))
    explicit = {
        key: setting.default
        for key, setting in contract.settings[object_key].members.items()
        if setting.type in ("boolean", "enum") and setting.has_default and setting.default is not None
    }
    found.append(tuple(sorted(explicit.items())))
    found += _under(contract, object_key)
    return list(dict.fromkeys(found))


def _under(contract: Contract, object_key: str) -> list[Assignment]:
    """For effects that show only under other settings (``under``): those, with each value of the setting."""
    found = []
    for key, setting in contract.settings[object_key].members.items():
        under = setting.effect.args.get("under") if setting.effect else None
        if under:
            found += [tuple(sorted({**under, key: value}.items())) for value in legal_values(setting)]
    return found


def drawn(contract: Contract, count: int, seed: int, object_key: str = "session_settings") -> list[Assignment]:
    """``count`` sparse combinations drawn from the contract by Hypothesis' strategy; the same seed draws the same."""
    from testcall_conformance.strategies import sample, settings_assignments

    strategy = settings_assignments(contract, object_key)
    return [tuple(sorted(a.items())) for a in sample(strategy, count, random.Random(seed).getrandbits(32))]


async def play_settings(stage: Stage, scene: Scene) -> None:
    """Join with the scene's settings while bob is there, and look at what can be seen of them; then leave."""
    values = dict(dict(scene.params)["values"])
    actor = await stage.actor()
    play = Play(stage, actor, "settings")
    try:
        actor.session = stage.new_session("settings")
        await reach(stage, actor, "token")
        await play.peer("bob")
        after = stage.trace.last_seq
        await actor.join(values, label="probe")
        play.in_session = await actor.joined(after)
        if play.in_session:
            await stage.until(lambda e: e.name == "media_connected" and e.data.get("session") == actor.session, after)
            await stage.settle()
            await look_at_controls(stage, actor, values)
            await actor.call("leave_session", "arrange")
            await actor.left(after)
    finally:
        for peer in play.peers.values():
            await peer.leave()
        await actor.close()


async def look_at_controls(stage: Stage, actor: Actor, values: Mapping[str, Any]) -> None:
    """Look at every control that a setting of the contract shows or hides, if the adapter has eyes."""
    if not stage.description.capabilities.ui:
        return
    for control in controls_in(stage.contract, "session_settings"):
        state = await look(stage, actor.id, control)
        if state is not None:
            stage.trace.add("outcome", actor.id, "look", control=control, **state)


def controls_in(contract: Contract, object_key: str) -> Iterable[str]:
    """The controls that settings of the object show or hide, and that the contract knows how to find."""
    named = []
    for setting in contract.settings[object_key].members.values():
        if setting.effect and "control" in setting.effect.args:
            named.append(setting.effect.args["control"])
    return [c for c in dict.fromkeys(named) if c in contract.controls and _findable(contract, c)]


def _findable(contract: Contract, control: str) -> bool:
    return bool(contract.controls[control].names or contract.controls[control].selectors)


async def play_bad_setting(stage: Stage, scene: Scene) -> None:
    """The call that takes the settings object, with one value; parameters ``object``, ``setting``, ``bad`` or ``value``."""
    params = dict(scene.params)
    object_key = params["object"]
    setting = stage.contract.settings[object_key].members[params["setting"]]
    value = params["value"] if "value" in params else bad_setting(params["bad"], setting)
    patient = "value" in params and value not in setting.excludes
    async with instance(stage, "fresh" if object_key == "app_settings" else "token") as actor:
        if object_key == "app_settings":
            arguments = {"app_settings": actor.app_settings({params["setting"]: value})}
            await probe(stage, actor, "initialize", arguments)
        else:
            arguments = {object_key: actor.session_settings(object_key, {params["setting"]: value})}
            concept = "join_presentation" if object_key == "presenter_settings" else "join_session"
            await probe(stage, actor, concept, arguments, patient=patient)
