"""Plays tours: acts that follow one another in one session, with everything listened for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from testcall_conformance.errors import ConformanceError
from testcall_conformance.playing import Play
from testcall_conformance.scenes import TOURS, Scene, Tour, can_act
from testcall_conformance.stage import Stage
from testcall_contract.models import Contract

for _module in ("acts", "peer_acts"):
    import_module(f"testcall_conformance.{_module}")


async def play_tour(stage: Stage, scene: Scene) -> None:
    """Play all acts of a tour with one actor in one session. Acts for which the dialect has no operation are left out."""
    name = scene.get("name")
    if name not in TOURS:
        raise ConformanceError(f"no tour {name!r}; there are {', '.join(TOURS)}")
    tour, object_key = TOURS[name], scene.get("object", "session_settings")
    actor = await stage.actor(clock=tour.clock, devices=tour.devices)
    settings = audio_settings(stage.contract, object_key) if tour.audio_only else {}
    play = Play(stage, actor, name, object_key=object_key, settings=settings, media=tour.media)
    try:
        await actor.initialize()
        await actor.listen("main", login=tour.listens == "login")
        if tour.listens != "login":
            await actor.log_in()
            await actor.make_token(stage.new_session(name))
        with _broken(stage, tour):
            for act in tour.acts:
                if can_act(stage.contract, act):
                    await play.act(act)
    finally:
        await play.dismiss_peers()
        await actor.close()


@contextmanager
def _broken(stage: Stage, tour: Tour) -> Iterator[None]:
    if not tour.fault:
        yield
        return
    with stage.broken_signalling():
        yield


def audio_settings(contract: Contract, object_key: str = "session_settings") -> dict[str, Any]:
    """The settings of a call without video: the setting whose effect that is, at one of the values at which it has it."""
    for key, setting in contract.settings[object_key].members.items():
        if setting.effect is not None and setting.effect.kind == "no_video":
            when = setting.effect.args.get("when", [True])
            return {key: when[0] if isinstance(when, list) else when}
    return {}
