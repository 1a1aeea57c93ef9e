"""Scenes of a participant who is alone: when the prompt comes, when the session ends, and what the prompt's controls do.

The SDK's side has a virtual clock, that goes on in steps below the signalling core's ping limit; each step is in the trace.
"""

from __future__ import annotations

from typing import Any

from testcall_conformance.acts import IDLE_STEP_MS, IDLE_STEPS, advance, timed_out
from testcall_conformance.call_scenes import reach
from testcall_conformance.controls import findable, note_look, press
from testcall_conformance.playing import ACTS, Play
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import Stage
from testcall_contract.trace import TraceEvent

LONGER = 2
"""After the prompt was answered: so many times the rest of the period is waited."""


async def play_idle(stage: Stage, scene: Scene) -> None:
    """Join alone with the scene's ``values`` (of ``object``) and let the clock go on until the session ends.

    ``then``: what is done when the prompt is seen: ``stay`` and ``leave`` press its controls, ``company`` lets bob come.
    ``look``: whether the prompt is looked for on the way.
    """
    object_key = scene.get("object", "session_settings")
    actor = await stage.actor(clock="virtual")
    play = Play(stage, actor, "idle", object_key=object_key, settings=dict(scene.get("values", ())))
    try:
        actor.session = stage.new_session("idle")
        await reach(stage, actor, "initialized")
        await actor.listen("main")
        await actor.log_in()
        await actor.make_token(actor.session)
        await play.join("probe")
        if not play.in_session:
            return
        if scene.get("then"):
            await _answer_prompt(play, scene.get("then"))
        else:
            await _until_over(play, look=bool(scene.get("look")))
    finally:
        await play.dismiss_peers()
        await actor.close()


async def _until_over(play: Play, *, look: bool) -> None:
    """The clock goes on until the participant is gone."""
    stage, after = play.stage, play.stage.trace.last_seq
    prompted = False

    async def enough() -> bool:
        nonlocal prompted
        if look and not prompted and _can_look(play):
            prompted = await note_look(stage, play.actor.id, "idle_stay", hidden=False)
        return _gone(play, after)

    if await advance(play, IDLE_STEPS, until=enough):
        await timed_out(play, after)
    await stage.settle()


async def _answer_prompt(play: Play, then: str) -> None:
    stage = play.stage
    begin = stage.trace.last_seq
    await ACTS["idle_prompt"](play)
    if _gone(play, begin):
        return
    left_ms = play.alone_ms
    after = stage.trace.add("step", play.actor.id, "act", act=f"idle:{then}", phase="begin").seq
    if then == "company":
        await play.peer("bob")
    else:
        await press(stage, play.actor.id, {"stay": "idle_stay", "leave": "idle_leave"}[then])
    if then == "leave":
        await play.left(after)
    else:
        await stage.settle()
        steps = int(LONGER * left_ms / IDLE_STEP_MS / 2) + 1

        async def over() -> bool:
            return _gone(play, after)

        await advance(play, steps, until=over)
    await stage.settle()
    stage.trace.add("step", play.actor.id, "act", act=f"idle:{then}", phase="end")


def _can_look(play: Play) -> bool:
    return play.stage.description.capabilities.ui and findable(play.stage.contract, "idle_stay")


def _gone(play: Play, after: int) -> bool:
    def it(event: TraceEvent) -> Any:
        mine = event.actor == play.actor.id or event.data.get("uid") == play.actor.user
        return event.name in ("session_timed_out", "occupant_left") and mine

    return any(it(event) for event in play.stage.trace.since(after))
