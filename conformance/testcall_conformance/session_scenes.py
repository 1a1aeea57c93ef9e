"""Scenes about tokens, roles and media under settings; and the table of all players."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from testcall_conformance import (
    call_scenes,
    idle_scenes,
    listener_scenes,
    record_scenes,
    ring_scenes,
    setting_scenes,
    surface_scenes,
)
from testcall_conformance.call_scenes import probe, reach
from testcall_conformance.controls import findable, note_look
from testcall_conformance.errors import ConformanceError
from testcall_conformance.in_call_scenes import play_in_call
from testcall_conformance.playing import Play
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import Actor, Stage
from testcall_conformance.tours import play_tour


async def play_token(stage: Stage, scene: Scene) -> None:
    """A call token put to use as ``about`` says; the join is the probe."""
    about = scene.get("about")
    actor = await stage.actor()
    peer = None
    try:
        await reach(stage, actor, "token")
        if about == "early":
            await _another_token(actor)
        elif about == "repeated":
            await _join_and_leave(stage, actor)
        elif about == "other_session":
            peer = await stage.simulator.join_peer(stage.new_session("elsewhere"), "bob")
        elif about == "same_session":
            peer = await stage.simulator.join_peer(actor.session, "bob")
        await probe(stage, actor, "join_session", {})
    finally:
        if peer is not None:
            await peer.leave()
        await actor.close()


async def _another_token(actor: Actor) -> None:
    """Make a token for another session in between; then go back to the first."""
    session, token, told = actor.session, actor.call_token, actor.token_object
    await actor.make_token(actor.stage.new_session("between"))
    actor.session, actor.call_token, actor.token_object = session, token, told


async def _join_and_leave(stage: Stage, actor: Actor) -> None:
    after = stage.trace.last_seq
    await actor.join(label="arrange")
    await actor.joined(after)
    await actor.call("leave_session", "arrange")
    await actor.left(after)
    await stage.settle()


async def play_joined_media(stage: Stage, scene: Scene) -> None:
    """Join with settings, and measure at bob what comes, and in the build what it renders.

    ``values`` of ``object``; ``expects``: the media that bob should get, for which is waited longer.
    """
    expects = scene.get("expects", ())
    actor = await stage.actor()
    play = Play(
        stage, actor, "joined_media", object_key=scene.get("object", "session_settings"),
        settings=dict(scene.get("values", ())), media=True,
    )  # fmt: skip
    try:
        actor.session = stage.new_session("joined-media")
        await reach(stage, actor, "token")
        await play.peer("bob")
        after = stage.trace.last_seq
        await play.join("probe")
        if play.in_session:
            connected = lambda e: e.name == "media_connected" and e.data.get("session") == actor.session  # noqa: E731
            await stage.until(connected, after, stage.limits.media)
            await asyncio.gather(
                *(play.heard(media, present=True, patient=media in expects) for media in ("audio", "video")),
                play.rendered("audio"),
            )
    finally:
        await play.dismiss_peers()
        await actor.close()


async def play_role(stage: Stage, scene: Scene) -> None:
    """A viewer (or presenter) of a presentation in which bob is: which controls there are, and what calls bring about.

    Acts: ``role:controls``, ``role:unmute``, ``role:share``.
    """
    actor = await stage.actor()
    presenter = scene.get("role") == "presenter"
    play = Play(stage, actor, "role", object_key="presenter_settings", settings={"is_presenter": presenter}, media=True)
    try:
        actor.session = stage.new_session("role")
        await reach(stage, actor, "token")
        await play.peer("bob")
        await play.join("probe")
        if not play.in_session:
            return
        await stage.until(lambda e: e.name == "media_connected" and e.data.get("session") == actor.session, 0)
        await stage.settle()
        await _acted(play, "role:controls", _see_controls)
        await _acted(play, "role:unmute", _unmute)
        await _acted(play, "role:share", _share)
    finally:
        await play.dismiss_peers()
        await actor.close()


async def _acted(play: Play, name: str, act: Callable[[Play], Awaitable[None]]) -> None:
    play.stage.trace.add("step", play.actor.id, "act", act=name, phase="begin")
    await act(play)
    await play.stage.settle()
    play.stage.trace.add("step", play.actor.id, "act", act=name, phase="end")


CONTROLS_OF_SENDERS = ("audio", "video", "recording", "screen_share")
"""The controls that are for those who send."""


async def _see_controls(play: Play) -> None:
    if play.stage.description.capabilities.ui:
        for control in (*CONTROLS_OF_SENDERS, "end_call", "control_panel"):
            if findable(play.stage.contract, control):
                await note_look(play.stage, play.actor.id, control)


async def _unmute(play: Play) -> None:
    await play.call("mute_audio", muted=False)
    await play.call("unmute_audio")
    await play.heard("audio", present=True, patient=False)


async def _share(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.call("start_screen_share")
    await play.seen("screen_share_started", after)


PLAYERS: dict[str, Callable[[Stage, Scene], Awaitable[None]]] = {
    "tour": play_tour,
    "call": call_scenes.play_call,
    "every_call": call_scenes.play_every_call,
    "login_race": call_scenes.play_login_race,
    "login_state": call_scenes.play_login_state,
    "logout_in_call": call_scenes.play_logout_in_call,
    "in_call": play_in_call,
    "settings": setting_scenes.play_settings,
    "bad_setting": setting_scenes.play_bad_setting,
    "unknown_key": setting_scenes.play_unknown_key,
    "app_effect": setting_scenes.play_app_effect,
    "css": setting_scenes.play_css,
    "idle": idle_scenes.play_idle,
    "joined_media": play_joined_media,
    "role": play_role,
    "token": play_token,
    "listeners": listener_scenes.play_listeners,
    "thrower": listener_scenes.play_thrower,
    "survival": listener_scenes.play_survival,
    "registration": listener_scenes.play_registration,
    "settings_listener": listener_scenes.play_settings_listener,
    "surface": surface_scenes.play_surface,
    "records": record_scenes.play_records,
    "pages": record_scenes.play_pages,
    "fetch_race": record_scenes.play_fetch_race,
    "broken_page": record_scenes.play_broken_page,
    "ringing": ring_scenes.play_ringing,
    "ring_call": ring_scenes.play_ring_call,
    "ring_getters": ring_scenes.play_ring_getters,
    "ring_timeout": ring_scenes.play_ring_timeout,
    "ring_listeners": ring_scenes.play_ring_listeners,
    "record_getters": record_scenes.play_record_getters,
}
"""Kind of scene → who plays it."""


async def play(stage: Stage, scene: Scene) -> None:
    """Play a scene."""
    if scene.kind not in PLAYERS:
        raise ConformanceError(f"no scene of kind {scene.kind!r}; there are {', '.join(PLAYERS)}")
    await PLAYERS[scene.kind](stage, scene)
