"""Scenes around settings: joins with chosen settings, looked at from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from testcall_conformance.actor import JOIN_BY
from testcall_conformance.acts import change_device, devices_in_use
from testcall_conformance.bad_values import bad_setting
from testcall_conformance.call_scenes import instance, probe, reach
from testcall_conformance.controls import findable, note_class, note_look
from testcall_conformance.dialect import OMIT, Given
from testcall_conformance.playing import Play
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import Actor, Stage
from testcall_contract.models import Contract

OTHER_DEVICE = "@other"
"""As the value of a setting: the id of a device of its kind that isn't the usual one, asked of the build before the join."""


async def play_settings(stage: Stage, scene: Scene) -> None:
    """Join with the scene's settings while bob is there, and look at what can be seen of them; then leave.

    Parameters: ``values`` (pairs of setting concept and value), ``object`` (the settings object), ``peers`` (0: nobody else is
    there).
    """
    values, object_key = plain(scene.get("values", ())), scene.get("object", "session_settings")
    if object_key not in JOIN_BY:
        values, object_key = {object_key: stage.dialect.settings(object_key, Given(values))}, "session_settings"
    actor = await stage.actor()
    play = Play(stage, actor, "settings", object_key=object_key, settings=values)
    try:
        actor.session = stage.new_session("settings")
        await reach(stage, actor, "token")
        await _choose_devices(play)
        if scene.get("peers", 1):
            await play.peer("bob")
        await play.join("probe")
        if play.in_session:
            await _look_around(play)
            await _leave(play)
    finally:
        await play.dismiss_peers()
        await actor.close()


def plain(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Values of a scene, which have to be hashable, as they are given to a build: lists instead of tuples."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values}


async def _choose_devices(play: Play) -> None:
    """Put the id of a device in the place of :data:`OTHER_DEVICE`, or leave the setting out where there is no other."""
    members = play.stage.contract.settings[play.object_key].members
    for key, value in list(play.settings.items()):
        if value == OTHER_DEVICE:
            effect = members[key].effect
            kind = str(effect.args.get("kind", "")) if effect else ""
            found = await change_device(play, kind, only_list=True)
            play.settings[key] = OMIT if found is None else found
            play.stage.trace.add("step", play.actor.id, "device", setting=key, device=found)


async def _look_around(play: Play) -> None:
    stage, actor = play.stage, play.actor
    if play.peers:
        await stage.until(lambda e: e.name == "media_connected" and e.data.get("session") == actor.session, 0)
    await stage.settle()
    seen = await play.observe("shown")
    stage.trace.add("media", actor.id, "devices", in_use=devices_in_use(seen))
    await look_at_controls(stage, actor, play.object_key, play.settings)


async def _leave(play: Play) -> None:
    """Leave, for effects that show then; not as a presenter, who may be asked first whether the session shall end for everybody."""
    if play.object_key == "presenter_settings":
        return
    after = play.stage.trace.last_seq
    await play.call("leave_session", label="arrange")
    await play.left(after)
    await play.stage.settle()


async def look_at_controls(stage: Stage, actor: Actor, object_key: str, values: Mapping[str, Any]) -> None:
    """Look at every control that a setting of the object shows or hides, and at the title, if the adapter has eyes."""
    if not stage.description.capabilities.ui:
        return
    for control in controls_in(stage.contract, object_key):
        await note_look(stage, actor.id, control)
    for key, setting in stage.contract.settings[object_key].members.items():
        if setting.effect is not None and setting.effect.kind == "title_shown" and isinstance(values.get(key), str):
            params = {"instance": actor.id, "role": "heading", "name": values[key]}
            state = dict(await stage.adapter.capability(actor.id, "look", params))
            stage.trace.add("outcome", actor.id, "look", title=values[key], **state)


def controls_in(contract: Contract, object_key: str) -> Iterable[str]:
    """The controls that settings of the object show or hide, and that the contract knows how to find; those in menus last."""
    named = []
    for setting in contract.settings[object_key].members.values():
        effects = [setting.effect.args] if setting.effect else []
        effects += [a.args["effect"]["args"] for c in setting.conflicts for a in c.alternatives if "effect" in a.args]
        named += [args["control"] for args in effects if "control" in args]
    known = [control for control in dict.fromkeys(named) if findable(contract, control)]
    return sorted(known, key=lambda control: contract.controls[control].opened_by is not None)


async def play_bad_setting(stage: Stage, scene: Scene) -> None:
    """The call that takes the settings object, with one value; parameters ``object``, ``setting``, ``bad`` or ``value``."""
    object_key = scene.get("object")
    setting = stage.contract.settings[object_key].members[scene.get("setting")]
    named = dict(scene.params)
    value = named["value"] if "value" in named else bad_setting(named["bad"], setting)
    value = list(value) if isinstance(value, tuple) else value
    await _take(
        stage, object_key, {scene.get("setting"): value}, patient="value" in named and value not in setting.excludes
    )


async def _take(stage: Stage, object_key: str, values: Mapping[str, Any], *, patient: bool) -> None:
    """The call that takes the object, with those values: init, a join, or, for a part of the session settings, a join."""
    async with instance(stage, "fresh" if object_key == "app_settings" else "token") as actor:
        if object_key == "app_settings":
            await probe(stage, actor, "initialize", {"app_settings": actor.app_settings(values)})
            return
        concept, parameter = actor.join_by(object_key)
        if object_key in JOIN_BY:
            settings = actor.session_settings(object_key, values)
        else:
            part = stage.dialect.settings(object_key, Given(values))
            settings = actor.session_settings("session_settings", {object_key: part})
        await probe(stage, actor, concept, {parameter: settings}, patient=patient)


async def play_unknown_key(stage: Stage, scene: Scene) -> None:
    """The call that takes the settings object, with a key that no source knows."""
    object_key = scene.get("object")
    extra = {"noSuchSettingAnywhere": True}
    actor = await stage.actor()
    try:
        if object_key == "app_settings":
            plain = actor.app_settings()
            value: Any = plain | extra if isinstance(plain, dict) and "$" not in plain else plain
            await probe(stage, actor, "initialize", {"app_settings": value})
        else:
            await reach(stage, actor, "token")
            settings = stage.dialect.settings(object_key, Given(extra=extra))
            await probe(stage, actor, "join_session", {object_key: settings})
    finally:
        await actor.close()


async def play_app_effect(stage: Stage, scene: Scene) -> None:
    """Init with the scene's settings of the application, then a request for a token: where it goes is seen from outside."""
    values = {key: OMIT if value is None else value for key, value in dict(scene.get("values", ())).items()}
    actor = await stage.actor()
    try:
        actor.session = stage.new_session("app")
        await actor.call("initialize", "arrange", app_settings=actor.app_settings(values))
        token = stage.simulator.world.user(actor.user).auth_token
        await actor.call("generate_token", "probe", auth_token=token)
        await stage.settle()
    finally:
        await actor.close()


async def play_css(stage: Stage, scene: Scene) -> None:
    """Join, with or without video, and look for elements by the classes that the contract names; muted and paused, too."""
    audio_only = bool(scene.get("audio_only"))
    from testcall_conformance.tours import audio_settings

    actor = await stage.actor()
    settings = audio_settings(stage.contract) if audio_only else {}
    play = Play(stage, actor, "css", settings=settings)
    try:
        actor.session = stage.new_session("css")
        await reach(stage, actor, "token")
        await play.peer("bob")
        await play.join("probe")
        if not play.in_session:
            return
        await stage.until(lambda e: e.name == "media_connected" and e.data.get("session") == actor.session, 0)
        await stage.settle()
        for when, concept in (("", ""), ("audio_muted", "mute_audio"), ("video_paused", "pause_video")):
            if concept:
                await play.call(concept, label="arrange")
                await stage.settle()
            for name in classes_of(stage.contract, when, audio_only=audio_only):
                await note_class(stage, actor.id, name)
    finally:
        await play.dismiss_peers()
        await actor.close()


def classes_of(contract: Contract, when: str, *, audio_only: bool) -> list[str]:
    """The classes of ``surface.css_class`` clauses that hold ``when``; in an audio call, those that are for one."""
    found = []
    for spec in contract.settings.values():
        for clause in spec.clauses:
            if clause.rule == "surface.css_class":
                wanted = clause.args.get("when", "")
                if wanted == when or (audio_only and not when and wanted == "audio_only"):
                    found.append(str(clause.args["class"]))
    return found
