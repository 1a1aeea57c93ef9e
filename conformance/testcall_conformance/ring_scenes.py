"""Scenes of ringing: calls between two instances of the build, single calls that succeed or must fail, and a caller's patience.

What the other side does where no second instance is needed, the service does on its behalf: then a failure has one cause only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeGuard

from testcall_conformance.conditions import broken, configured
from testcall_conformance.dialect import Call
from testcall_conformance.ring_conditions import ARRANGED, GOOD, VIOLATED, Arranged, NotArrangedError, Ringer
from testcall_conformance.ring_tours import RING_TOURS
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import Actor, Stage
from testcall_contract.trace import TraceEvent

if TYPE_CHECKING:
    from testcall_simulator.ringing import RingStatus

KEPT = "ringing"
"""The state in which an instance that can ring is kept for the next scene."""

LISTENER = "call_listener"
MARKS_S = (1.0, 44.0, 46.0, 60.0)
"""Seconds of ringing at which a caller is looked at, beside those around the time that was asked for."""


Player = Callable[[Stage, Scene], Awaitable[None]]


def as_far_as_it_goes(play: Player) -> Player:
    """A scene that ends, without a failure, where what it needs does not come about: judges find nothing there to judge."""

    @wraps(play)
    async def playing(stage: Stage, scene: Scene) -> None:
        try:
            await play(stage, scene)
        except NotArrangedError as missing:
            stage.trace.add("log", "stage", "warning", text=str(missing))

    return playing


async def ringer(stage: Stage, user: str, *, clock: str = "real", listen: bool = True, log_in: bool = True) -> Ringer:
    """An instance for ``user`` that can ring: prepared, listening, and connected as the service sees it."""
    actor = await stage.actor(user, clock=clock)
    await actor.initialize()
    if listen:
        await actor.register(LISTENER, "main")
    if log_in:
        after = stage.trace.last_seq
        told = await actor.log_in()
        if told is None or not told.ok:
            await actor.close()
            raise NotArrangedError(f"{user} could not log in: {told}")
        await stage.until(
            lambda e: e.name == "device_connected" and e.data.get("uid") == user, after, stage.limits.join
        )
    return Ringer(actor)


@asynccontextmanager
async def _lone_ringer(stage: Stage, *, log_in: bool) -> AsyncIterator[Ringer]:
    """An instance for a single call; one that was kept, where there is one. It is kept again if it went well."""
    kept = stage.kept(KEPT) if log_in else None
    one = Ringer(kept) if kept is not None else await ringer(stage, "alice", log_in=log_in)
    after, good = stage.trace.last_seq, False
    try:
        yield one
        clean = await _tidy(one, after)
        good = log_in and clean and not any(_unsettled(event) for event in stage.trace.since(after))
    finally:
        if good:
            stage.keep(KEPT, one.actor)
        else:
            await one.actor.close()


def _unsettled(event: TraceEvent) -> bool:
    """Whether a call is still under way or went wrong in a way that may have left something behind."""
    return event.kind == "outcome" and (event.name == "uncaught" or event.data.get("ended") == "never")


async def _tidy(one: Ringer, after: int) -> bool:
    """End the calls of the scene, at the service and in the page; whether the page says that it is in none."""
    from testcall_simulator.ringing import RingRefusedError

    stage, simulator = one.stage, one.stage.simulator
    for session in dict.fromkeys(e.data["session"] for e in stage.trace.since(after) if e.name == "call_status"):
        ring = simulator.world.ringing.find(simulator.world.app.app_id, session)
        if ring is None or ring.is_over:
            continue
        steps: list[tuple[str, RingStatus]] = (
            [(ring.caller, "cancelled")]
            if ring.status == "initiated"
            else [(uid, "ended") for uid in sorted(ring.joined)]
        )
        for uid, status in steps:
            try:
                await simulator.set_ring(session, uid, status)
            except RingRefusedError:
                break
    await one.actor.call("clear_active_call", "tidy")
    await stage.settle()
    left = await one.actor.call("get_active_call", "tidy")
    return left.ok and not _is_object(left.value)


# --- single calls ----------------------------------------------------------------------------------------------------


@as_far_as_it_goes
async def play_ring_call(stage: Stage, scene: Scene) -> None:
    """One call, the probe: ``operation``; with ``condition``, ``parameter`` and ``bad``, or ``state``, in the state that these mean."""
    concept = scene.get("operation")
    arranged = arranged_for(scene)
    async with _lone_ringer(stage, log_in=arranged.logged_in) as one:
        with configured(stage, arranged.world):
            arguments = await (arranged.arrange or GOOD[concept])(one)
            if arranged.also:
                arguments |= arranged.also(one, concept)
            with broken(stage, arranged.faults):
                await one.actor.call(concept, "probe", **arguments)
                await stage.settle(stage.limits.refusal)


def arranged_for(scene: Scene) -> Arranged:
    """How the state of a single call is brought about; KeyError where nobody knows how."""
    if scene.get("condition"):
        return VIOLATED[scene.get("condition")]
    if scene.get("bad") or scene.get("state"):
        return ARRANGED[scene.get("operation"), scene.get("parameter", "state"), scene.get("bad") or scene.get("state")]
    return Arranged()


@as_far_as_it_goes
async def play_ring_getters(stage: Stage, _: Scene) -> None:
    """Ask a call for all that a contract promises of it: the outgoing one, and an accepted one for when it was joined."""
    from testcall_conformance.promised import getters_to_call

    async with _lone_ringer(stage, log_in=True) as one:
        made = await one.initiate("bob")
        await one.actor.call("clear_active_call", "tidy")
        taken = await one.accept(await one.incoming())
        for getter in getters_to_call(stage.contract).get("call", []):
            value = (taken if getter == "getJoinedAt" else made).value
            if _is_object(value):
                await stage.invoke(one.actor.id, f"getter:call.{getter}", Call(value["id"], getter, []), "getter")


# --- calls between two instances -------------------------------------------------------------------------------------


@dataclass
class Ringing:
    """Two instances: ``caller`` rings ``callee``, in ``session`` once that is known."""

    stage: Stage
    caller: Ringer
    callee: Ringer
    session: str = ""

    async def ring(self) -> Actor:
        """The caller rings; who is told."""
        self.session = (await self.caller.initiate(self.callee.actor.user, "act")).session
        return self.callee.actor

    async def accept(self) -> Actor:
        """The callee accepts."""
        await self.callee.accept(self.session, "act")
        return self.caller.actor

    async def reject(self) -> Actor:
        """The callee rejects."""
        await self.callee.reject(self.session, "rejected", "act")
        return self.caller.actor

    async def busy(self) -> Actor:
        """The callee is busy."""
        await self.callee.reject(self.session, "busy", "act")
        return self.caller.actor

    async def cancel(self) -> Actor:
        """The caller cancels."""
        await self.caller.reject(self.session, "cancelled", "act")
        return self.callee.actor

    async def end(self) -> Actor:
        """The caller ends the call."""
        await self.caller.end(self.session, "act")
        return self.callee.actor

    async def end_by_callee(self) -> Actor:
        """The callee ends the call."""
        await self.callee.end(self.session, "act")
        return self.caller.actor

    async def again(self) -> Actor:
        """Both forget the call before, and the caller rings anew."""
        for one in (self.caller, self.callee):
            await one.actor.call("clear_active_call", "tidy")
        return await self.ring()

    async def answered_again(self) -> Actor:
        """A further call that goes on."""
        await self.again()
        return await self.accept()

    async def wait(self) -> Actor:
        """Time passes until the call has rung for longer than it does."""
        await pass_time(self.stage, self.caller.actor, 0.0, 46.0)
        return self.caller.actor


ACTS = {
    "ring_received": Ringing.ring,
    "ring_accepted": Ringing.accept,
    "ring_rejected": Ringing.reject,
    "ring_busy": Ringing.busy,
    "ring_cancelled": Ringing.cancel,
    "ring_ended": Ringing.end,
    "ring_ended_by_callee": Ringing.end_by_callee,
    "ring_unanswered": Ringing.wait,
    "ring_again": Ringing.again,
    "ring_answered_again": Ringing.answered_again,
}
"""Act → what is done, and who is to be told of it."""


@as_far_as_it_goes
async def play_ringing(stage: Stage, scene: Scene) -> None:
    """Play the acts of a ringing tour (``name``) between alice and bob, two instances of the build."""
    tour = RING_TOURS[scene.get("name")]
    caller = await ringer(stage, "alice", clock=tour.clock)
    try:
        callee = await ringer(stage, "bob")
        try:
            play = Ringing(stage, caller, callee)
            for act in tour.acts:
                await _act(play, act)
        finally:
            await callee.actor.close()
    finally:
        await caller.actor.close()


async def _act(play: Ringing, act: str) -> None:
    stage = play.stage
    begin = stage.trace.add("step", play.caller.actor.id, "act", act=act, phase="begin").seq
    told = await ACTS[act](play)
    if await stage.until(lambda e: e.kind == "callback" and e.actor == told.id, begin):
        await _ask(stage, told, begin)
    await stage.settle()
    stage.trace.add("step", play.caller.actor.id, "act", act=act, phase="end")


async def _ask(stage: Stage, told: Actor, begin: int) -> None:
    """Ask the call that a callback brought for its session and for who rang."""
    first = next(e for e in stage.trace.since(begin) if e.kind == "callback" and e.actor == told.id)
    call = next(iter(first.data.get("arguments") or []), None)
    if not _is_object(call):
        return
    await stage.invoke(told.id, "told:session", Call(call["id"], "getSessionId", []), "told")
    caller = await stage.invoke(told.id, "told:initiator", Call(call["id"], "getCallInitiator", []), "told")
    if _is_object(who := caller.get("value")):
        await stage.invoke(told.id, "told:caller", Call(who["id"], "getUid", []), "told")


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and value.get("$") == "ref"


# --- patience --------------------------------------------------------------------------------------------------------


async def pass_time(stage: Stage, actor: Actor, since_s: float, until_s: float) -> None:
    """The caller's clock goes on from ``since_s`` to ``until_s`` of ringing; then what it brought about has its time.

    In steps in which the service can answer the pings that fall due.
    """
    at_s = since_s
    while at_s < until_s:
        step_s = min(1.0, until_s - at_s)
        await stage.adapter.capability(actor.id, "advance", {"instance": actor.id, "ms": step_s * 1000})
        await asyncio.sleep(0)
        at_s += step_s
    await stage.settle()
    stage.trace.add("step", actor.id, "clock", ringing_s=until_s)


@as_far_as_it_goes
async def play_ring_timeout(stage: Stage, scene: Scene) -> None:
    """Nobody answers: for how long the caller's SDK lets it ring. ``given``: the time asked for; ``after``: what happened before."""
    given, after = scene.get("given"), scene.get("after")
    one = await ringer(stage, "alice", clock="virtual")
    try:
        timeout: Any = {"$": "nan"} if given == "nan" else given
        extra = {} if given is None else {"timeout": timeout}
        if after == "accepted_by_member":
            rung = await one.initiate_group(["bob", "carol"])
            if rung.session:
                await stage.simulator.set_ring(rung.session, "bob", "ongoing")
        else:
            rung = await one.initiate("bob", "act", **extra)
        if after == "cleared":
            await one.actor.call("clear_active_call", "act")
        await stage.settle()
        around = (given - 1.0, given + 1.0) if isinstance(given, int) and given > 1 else ()
        at_s = 0.0
        stage.trace.add("step", one.actor.id, "clock", ringing_s=at_s)
        for mark in sorted({*MARKS_S, *around}):
            await pass_time(stage, one.actor, at_s, mark)
            at_s = mark
    finally:
        await one.actor.close()


# --- listeners -------------------------------------------------------------------------------------------------------


@as_far_as_it_goes
async def play_ring_listeners(stage: Stage, scene: Scene) -> None:
    """Listeners in all ways, and a call that comes in: labels as in the scene of listeners. ``throws``: one whose callback throws."""
    from testcall_conformance.listener_scenes import register_all

    key, event = scene.get("listener"), "incoming_call"
    one = await ringer(stage, "alice", listen=False)
    try:
        if scene.get("throws"):
            await one.actor.register(key, "thrower", [event], **{event: "throws"})
            await one.actor.register(key, "other", [event])
        else:
            await register_all(stage, one.actor, key, event)
        begin = stage.trace.add("step", one.actor.id, "act", act="ring_received", phase="begin").seq
        await stage.simulator.ring("bob", "alice")
        await stage.until(lambda e: e.kind == "callback", begin)
        await stage.settle()
        stage.trace.add("step", one.actor.id, "act", act="ring_received", phase="end")
    finally:
        await one.actor.close()
