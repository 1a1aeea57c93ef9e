"""Playing a scene: an actor, the peers in its session, and acts, each of them a *cause* of the contract's vocabulary.

An act is framed in the trace by ``act`` steps (``phase`` begin and end), so that judges find what followed from what. Acts drive
and measure; they judge nothing, and a build that does nothing makes them return late, not fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from testcall_conformance import measure
from testcall_conformance.dialect import OMIT
from testcall_conformance.stage import USER, Actor, Stage
from testcall_contract.models import Contract
from testcall_contract.trace import TraceEvent, TraceTimeoutError

Act = Callable[["Play"], Awaitable[None]]

ACTS: dict[str, Act] = {}
"""Cause → what brings it about. The modules of acts fill it."""


def acts(*causes: str) -> Callable[[Act], Act]:
    """Register the decorated function as the act of these causes."""

    def register(play_it: Act) -> Act:
        for cause in causes:
            if cause in ACTS:
                raise ValueError(f"cause {cause} has an act already")
            ACTS[cause] = play_it
        return play_it

    return register


class Play:
    """A scene being played. ``settings`` are set at every join, in ``object_key``; ``media``: whether joins measure media."""

    def __init__(
        self,
        stage: Stage,
        actor: Actor,
        name: str,
        *,
        object_key: str = "session_settings",
        settings: Mapping[str, Any] | None = None,
        media: bool = False,
    ) -> None:
        self.stage = stage
        self.actor = actor
        self.name = name
        self.object_key = object_key
        self.settings = dict(settings or {})
        self.media = media
        self.peers: dict[str, Any] = {}
        self.in_session = False
        self.lost_at = 0
        """Where in the trace the connection was broken last."""
        self.alone_ms = 0.0
        """How long the virtual clock of an idle scene has gone on since the participant was alone."""

    @property
    def simulator(self) -> Any:
        """The service."""
        return self.stage.simulator

    async def act(self, cause: str) -> None:
        """Play the act of ``cause``, framed in the trace, and wait until nothing follows from it any more."""
        trace = self.stage.trace
        begin = trace.add("step", self.actor.id, "act", act=cause, phase="begin").seq
        await ACTS[cause](self)
        await self._promised(cause, begin)
        await self.stage.settle()
        trace.add("step", self.actor.id, "act", act=cause, phase="end")

    async def _promised(self, cause: str, begin: int) -> None:
        """Wait until every event that the contract promises on ``cause``, and somebody listens for, has fired, or the limit is over."""
        missing = promised_events(self.stage.contract, cause) & self.actor.listens
        for event in self.stage.trace.since(begin):
            missing.discard(event.name if event.kind == "callback" else "")

        def last(event: TraceEvent) -> bool:
            if event.kind == "callback" and event.actor == self.actor.id:
                missing.discard(event.name)
            return not missing

        if missing:
            await self.stage.until(last, self.stage.trace.last_seq)

    async def peer(self, uid: str) -> Any:
        """A peer that joins now, with sound and picture; each has a tone of its own."""
        from testcall_simulator.media.sources import Pattern, tone_of

        tone = tone_of(sorted(self.simulator.world.users).index(uid))
        self.peers[uid] = await self.simulator.join_peer(self.actor.session, uid, audio=tone, video=Pattern())
        return self.peers[uid]

    async def dismiss_peers(self) -> None:
        """Every peer leaves."""
        for uid in list(self.peers):
            await self.peers.pop(uid).leave()

    async def join(self, label: str = "join") -> None:
        """Join the actor's session with the play's settings, and wait until the service sees it."""
        after = self.stage.trace.last_seq
        await self.actor.join(self.settings, label, object_key=self.object_key)
        self.in_session = await self.actor.joined(after)

    async def call(self, concept: str, fallback: str | None = None, /, label: str = "act", **values: Any) -> bool:
        """Call an in-call operation, or ``fallback`` with ``values`` where the dialect has only that; whether there was one."""
        dialect = self.stage.dialect
        if dialect.has(concept):
            given = {key: value for key, value in values.items() if key in _parameters(self.stage.contract, concept)}
            await self.actor.call(concept, label, **({} if fallback else given))
        elif fallback and dialect.has(fallback):
            await self.actor.call(fallback, label, **values)
        else:
            return False
        return True

    async def left(self, after: int) -> None:
        """Wait until the service saw the actor leave."""
        if self.in_session:
            await self.actor.left(after)
            self.in_session = False

    async def seen(self, name: str, after: int, limit_s: float | None = None, **data: Any) -> bool:
        """Wait until the service sees or decides ``name`` in the actor's session."""

        def it(event: TraceEvent) -> bool:
            same = event.kind == "wire" and event.name == name and event.data.get("session") == self.actor.session
            return same and all(event.data.get(key) == value for key, value in data.items())

        return await self.stage.until(it, after, limit_s)

    def nick(self) -> str | None:
        """The nick under which the service knows the actor's occupant; None when it never joined."""
        joined = self.stage.trace.select(
            name="occupant_joined",
            where=lambda e: e.data.get("uid") == self.actor.user and e.data.get("session") == self.actor.session,
        )
        return str(joined[-1].data["occupant"]) if joined else None

    async def heard(self, media: str, *, present: bool, by: str = "bob", patient: bool = True) -> None:
        """Measure at a peer what comes from the build: waits until it is there (``present``) or gone, within the limit.

        ``patient``: the first of it may take as long as a join's media may.
        """
        peer = self.peers.get(by)
        if peer is None:
            return
        limits = self.stage.limits
        limit = limits.media if present and patient and not self._met(media) else limits.media_change
        sample = await measure.until(peer, USER, media, present=present, timeout_s=limit)
        self.stage.trace.add("media", by, "measured", of=USER, media=media, wanted=present, **sample)

    def _met(self, media: str) -> bool:
        received = self.stage.trace.select(kind="media", name="measured")
        return any(e.data["media"] == media and e.data.get("present") for e in received)

    async def rendered(self, media: str, *, present: bool = True) -> None:
        """Measure in the build what it renders of its peers, if the adapter can see that."""
        if not self.stage.description.capabilities.observe:
            return
        stage = self.stage
        sample = await watch_tracks(stage, self.actor.id, media, present=present)
        stage.trace.add("media", self.actor.id, "rendered", media=media, wanted=present, **sample)

    async def observe(self, name: str) -> Mapping[str, Any]:
        """Put into the trace, as ``name``, what the instance holds and shows, if the adapter can tell."""
        stage = self.stage
        if not stage.description.capabilities.observe:
            return {}
        seen: dict[str, Any] = await stage.adapter.capability(self.actor.id, "observe", {"instance": self.actor.id})
        kept = {key: value for key, value in seen.items() if key != "tracks"}
        stage.trace.add("media", self.actor.id, name, **kept)
        return seen


def _parameters(contract: Contract, concept: str) -> set[str]:
    return {parameter.concept for parameter in contract.operations[concept].parameters}


def promised_events(contract: Contract, cause: str) -> set[str]:
    """The events that some clause of the contract promises on ``cause``."""
    return {
        key
        for key, event in contract.events.items()
        for clause in event.clauses
        if clause.rule in ("event.fires", "event.payload", "event.order")
        and clause.args.get("cause") == cause
        and clause.args.get("times", 1)
    }


async def watch_tracks(stage: Stage, instance: str, media: str, *, present: bool) -> dict[str, Any]:
    """Look at the incoming tracks of an instance until their counters move (``present``) or the limit is over."""
    limit = stage.limits.media if present else stage.limits.media_change
    first = await _counters(stage, instance, media)
    waited = 0.0
    while waited < limit:
        waited += stage.limits.quiet
        await asyncio.sleep(stage.limits.quiet)
        now = await _counters(stage, instance, media)
        moved = now["count"] - first["count"]
        if present and moved > 0 and (media != "video" or moved >= 2):
            return {"present": True, "moved": moved, "waited_s": waited, **now}
    return {"present": False, "moved": 0, "waited_s": waited, **(await _counters(stage, instance, media))}


async def _counters(stage: Stage, instance: str, media: str) -> dict[str, Any]:
    seen = await stage.adapter.capability(instance, "observe", {"instance": instance})
    tracks = [track for track in seen.get("tracks", []) if track["kind"] == media]
    key = "frames" if media == "video" else "energy"
    return {"count": sum(track.get(key, 0) for track in tracks), "tracks": len(tracks)}


def other_value(contract: Contract, object_key: str, key: str) -> Any:
    """A legal value of a setting that is not its default; OMIT when none is known."""
    setting = contract.settings[object_key].members.get(key)
    values = setting.values if setting is not None else []
    return next((value for value in values if setting and value != setting.default), OMIT)


__all__ = ["ACTS", "Act", "Play", "TraceTimeoutError", "acts", "other_value", "promised_events", "watch_tracks"]
