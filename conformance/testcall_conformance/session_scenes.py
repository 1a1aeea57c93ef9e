"""Scenes about tokens, unknown settings and media that must not flow; and the table of all players."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from testcall_conformance.call_scenes import play_call, play_every_call, play_login_race, play_login_state, probe, reach
from testcall_conformance.dialect import Given
from testcall_conformance.errors import ConformanceError
from testcall_conformance.in_call_scenes import play_in_call
from testcall_conformance.listener_scenes import (
    play_listeners,
    play_registration,
    play_surface,
    play_survival,
    play_thrower,
)
from testcall_conformance.scenes import Play, Scene, play_tour
from testcall_conformance.setting_scenes import play_bad_setting, play_settings
from testcall_conformance.stage import Actor, Stage


async def play_token(stage: Stage, scene: Scene) -> None:
    """A call token put to use as ``about`` says; the join is the probe."""
    about = dict(scene.params)["about"]
    actor = await stage.actor()
    try:
        await reach(stage, actor, "token")
        if about == "early":
            await _another_token(actor)
        elif about == "repeated":
            await _join_and_leave(stage, actor)
        elif about == "other_session":
            await stage.simulator.join_peer(stage.new_session("elsewhere"), "bob")
        await probe(stage, actor, "join_session", {})
    finally:
        await actor.close()


async def _another_token(actor: Actor) -> None:
    """Make a token for another session in between; then go back to the first."""
    session, token = actor.session, actor.call_token
    await actor.make_token(actor.stage.new_session("between"))
    actor.session, actor.call_token = session, token


async def _join_and_leave(stage: Stage, actor: Actor) -> None:
    after = stage.trace.last_seq
    await actor.join(label="arrange")
    await actor.joined(after)
    await actor.call("leave_session", "arrange")
    await actor.left(after)
    await stage.settle()


async def play_unknown_key(stage: Stage, scene: Scene) -> None:
    """The call that takes the settings object, with a key that no source knows."""
    object_key = dict(scene.params)["object"]
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


async def play_muted_media(stage: Stage, scene: Scene) -> None:
    """Join with settings under which some media must not flow, and measure at bob what comes all the same."""
    values = dict(dict(scene.params)["values"])
    actor = await stage.actor()
    play = Play(stage, actor, "muted_media")
    try:
        actor.session = stage.new_session("muted-media")
        await reach(stage, actor, "token")
        await play.peer("bob")
        after = stage.trace.last_seq
        await actor.join(values, label="probe")
        play.in_session = await actor.joined(after)
        if play.in_session:
            await stage.settle()
            for media in ("audio", "video"):
                await play.heard(media, present=False)
    finally:
        for peer in play.peers.values():
            await peer.leave()
        await actor.close()


async def _tour(stage: Stage, scene: Scene) -> None:
    await play_tour(stage, dict(scene.params)["name"])


PLAYERS: dict[str, Callable[[Stage, Scene], Awaitable[None]]] = {
    "tour": _tour,
    "call": play_call,
    "every_call": play_every_call,
    "in_call": play_in_call,
    "login_race": play_login_race,
    "login_state": play_login_state,
    "settings": play_settings,
    "bad_setting": play_bad_setting,
    "unknown_key": play_unknown_key,
    "muted_media": play_muted_media,
    "token": play_token,
    "listeners": play_listeners,
    "thrower": play_thrower,
    "survival": play_survival,
    "registration": play_registration,
    "surface": play_surface,
}
"""Kind of scene → who plays it."""


async def play(stage: Stage, scene: Scene) -> None:
    """Play a scene."""
    if scene.kind not in PLAYERS:
        raise ConformanceError(f"no scene of kind {scene.kind!r}; there are {', '.join(PLAYERS)}")
    await PLAYERS[scene.kind](stage, scene)
