"""Scenes: what is played on the stage so that promises can be judged. Each act is a *cause* of the contract's vocabulary.

A scene is named by its kind and parameters (:class:`Scene`); equal scenes are played once and serve every promise that needs
them. An act is framed in the trace by ``act`` steps (``phase`` begin and end), so that judges find what followed from what.
Acts drive and measure; they judge nothing, and a build that does nothing makes them return late, not fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from testcall_conformance import measure
from testcall_conformance.errors import AdapterFailure, ConformanceError
from testcall_conformance.stage import USER, Actor, Stage
from testcall_contract.models import Contract
from testcall_contract.trace import TraceEvent, TraceTimeoutError

TOURS: dict[str, tuple[str, ...]] = {
    "with_peer": (
        "join_with_peer", "mute_audio", "unmute_audio", "pause_video", "resume_video",
        "remote_mute_audio", "remote_unmute_audio", "remote_pause_video", "remote_resume_video",
        "remote_raise_hand", "remote_lower_hand", "remote_join", "remote_leave",
        "raise_hand", "lower_hand", "layout_change", "leave",
    ),
    "alone": ("join", "remote_join_first", "last_remote_leave", "leave_alone"),
    "sharing": ("join_with_peer", "screen_share_start", "screen_share_stop", "leave"),
    "recording": ("join_with_peer", "recording_start", "recording_stop", "leave"),
    "kicked": ("join_with_peer", "kicked"),
    "ended": ("join_with_peer", "ended_for_all"),
    "ending": ("join_with_peer", "end_for_all"),
    "buttons": (
        "join_with_peer", "button_mute_audio", "button_unmute_audio", "button_pause_video", "button_raise_hand",
        "button_layout", "button_end_call",
    ),
    "rejoin": ("join_with_peer", "leave", "rejoin"),
    "refused": ("token_refused",),
    "idle": ("join", "idle_timeout"),
    "login": ("login", "logout"),
    "login_failure": ("login_failure",),
}  # fmt: skip
"""The tours: which acts follow one another in one session. Each act that ends something comes last."""

MEASURED = frozenset({"with_peer"})
"""The tours in which media is measured from the join on; elsewhere only what an act changes is."""

TOUR_OF: dict[str, str] = {act: tour for tour, acts in reversed(TOURS.items()) for act in acts}
"""The tour in which each act is judged: the first that has it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be played: ``kind`` (tour, call, settings, listeners …) and its parameters, sorted by name."""

    kind: str
    params: tuple[tuple[str, Any], ...] = ()

    @staticmethod
    def of(kind: str, **params: Any) -> Scene:
        """A scene from keyword parameters; values must be hashable."""
        return Scene(kind, tuple(sorted(params.items())))

    def __str__(self) -> str:
        return self.kind + "".join(f" {key}={value}" for key, value in self.params)


class Play:
    """A scene being played: an actor, the peers in its session, and acts."""

    def __init__(self, stage: Stage, actor: Actor, name: str) -> None:
        self.stage = stage
        self.actor = actor
        self.name = name
        self.peers: dict[str, Any] = {}
        self.in_session = False

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

        if not missing:
            return
        try:
            await self.stage.trace.wait(
                last, what="the promised events", timeout_s=self.stage.limits.event, after=self.stage.trace.last_seq
            )
        except TraceTimeoutError:
            return

    async def peer(self, uid: str) -> Any:
        """A peer that joins now, with sound and picture; each has a tone of its own."""
        from testcall_simulator.media.sources import Pattern, tone_of

        tone = tone_of(sorted(self.simulator.world.users).index(uid))
        self.peers[uid] = await self.simulator.join_peer(self.actor.session, uid, audio=tone, video=Pattern())
        return self.peers[uid]

    def nick(self) -> str | None:
        """The nick under which the service knows the actor's occupant; None when it never joined."""
        joined = self.stage.trace.select(
            name="occupant_joined",
            where=lambda e: e.data.get("uid") == self.actor.user and e.data.get("session") == self.actor.session,
        )
        return str(joined[-1].data["occupant"]) if joined else None

    async def heard(self, media: str, *, present: bool) -> None:
        """Measure at bob what comes from the build: waits until it is there (``present``) or gone, within the limit."""
        bob = self.peers.get("bob")
        if bob is None:
            return
        limits = self.stage.limits
        limit = limits.media if present and not self._met(media) else limits.media_change
        sample = await measure.until(bob, USER, media, present=present, timeout_s=limit)
        self.stage.trace.add("media", "bob", "measured", of=USER, media=media, wanted=present, **sample)

    def _met(self, media: str) -> bool:
        received = self.stage.trace.select(kind="media", actor="bob", name="measured")
        return any(e.data["media"] == media and e.data.get("present") for e in received)

    async def rendered(self, media: str, *, present: bool = True) -> None:
        """Measure in the build what it renders of its peers, if the adapter can see that."""
        if not self.stage.description.capabilities.observe:
            return
        stage = self.stage
        sample = await watch_tracks(stage, self.actor.id, media, present=present)
        stage.trace.add("media", self.actor.id, "rendered", media=media, wanted=present, **sample)


def promised_events(contract: Contract, cause: str) -> set[str]:
    """The events that some clause of the contract promises on ``cause``."""
    same = {cause, SAME_AS.get(cause, cause)}
    return {
        key
        for key, event in contract.events.items()
        for clause in event.clauses
        if clause.rule in ("event.fires", "event.payload", "event.order")
        and clause.args.get("cause") in same
        and clause.args.get("times", 1)
    }


SAME_AS = {"remote_join_first": "remote_join", "leave_alone": "leave_alone"}
"""Acts that bring about another cause, too."""


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


# --- acts ------------------------------------------------------------------------------------------------------------


async def _join(play: Play, *, with_peer: bool) -> None:
    actor, trace = play.actor, play.stage.trace
    after = trace.last_seq
    if with_peer:
        await play.peer("bob")
    await actor.join()
    play.in_session = await actor.joined(after)
    if play.in_session and play.stage.description.capabilities.observe:
        await play.stage.settle()
        seen = await play.stage.adapter.capability(actor.id, "observe", {"instance": actor.id})
        trace.add("media", actor.id, "shown", containers=seen.get("containers", {}), elements=seen.get("elements", []))
    if play.in_session and with_peer and play.name in MEASURED:
        await asyncio.gather(
            *(play.heard(media, present=True) for media in ("audio", "video")),
            *(play.rendered(media) for media in ("audio", "video")),
        )


async def _join_alone(play: Play) -> None:
    await _join(play, with_peer=False)


async def _join_with_peer(play: Play) -> None:
    await _join(play, with_peer=True)


async def _api(play: Play, concept: str, fallback: str | None = None, /, **values: Any) -> None:
    """Call a parameterless in-call operation, or ``fallback`` with ``values`` where the dialect has only that."""
    dialect = play.stage.dialect
    if dialect.has(concept):
        await play.actor.call(concept, "act")
    elif fallback and dialect.has(fallback):
        await play.actor.call(fallback, "act", **values)


async def _mute_audio(play: Play) -> None:
    await _api(play, "mute_audio")
    await play.heard("audio", present=False)


async def _unmute_audio(play: Play) -> None:
    await _api(play, "unmute_audio", "mute_audio", muted=False)
    await play.heard("audio", present=True)


async def _pause_video(play: Play) -> None:
    await _api(play, "pause_video")
    await play.heard("video", present=False)


async def _resume_video(play: Play) -> None:
    await _api(play, "resume_video", "pause_video", paused=False)
    await play.heard("video", present=True)


def _remote(uid: str, method: str, *args: Any) -> Callable[[Play], Awaitable[None]]:
    async def act(play: Play) -> None:
        if uid in play.peers:
            await getattr(play.peers[uid], method)(*args)

    return act


def _remote_join(uid: str) -> Callable[[Play], Awaitable[None]]:
    async def act(play: Play) -> None:
        await play.peer(uid)

    return act


async def _remote_leave(play: Play) -> None:
    if "carol" in play.peers:
        await play.peers.pop("carol").leave()


async def _last_remote_leave(play: Play) -> None:
    for uid in list(play.peers):
        await play.peers.pop(uid).leave()


async def _leave(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.actor.call("leave_session", "act")
    if play.in_session:
        await play.actor.left(after)
        play.in_session = False
    await _holdings(play)


async def _holdings(play: Play) -> None:
    """After a leave: what the instance still holds (tracks, connections, sockets, elements), if the adapter can tell."""
    stage = play.stage
    if not stage.description.capabilities.observe:
        return
    await stage.settle()
    seen = await stage.adapter.capability(play.actor.id, "observe", {"instance": play.actor.id})
    stage.trace.add("media", play.actor.id, "held", **{k: v for k, v in seen.items() if k != "tracks"})


async def _kicked(play: Play) -> None:
    after = play.stage.trace.last_seq
    nick = play.nick()
    if nick is None:
        return
    await play.simulator.kick(play.actor.session, nick)
    await play.actor.left(after)
    play.in_session = False


async def _ended_for_all(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.simulator.end_session(play.actor.session)
    await play.actor.left(after)
    play.in_session = False


async def _end_for_all(play: Play) -> None:
    after = play.stage.trace.last_seq
    await _api(play, "end_session_for_all")
    await play.actor.left(after)
    play.in_session = False


async def _rejoin(play: Play) -> None:
    after = play.stage.trace.last_seq
    await play.actor.make_token(play.actor.session)
    await play.actor.join(label="rejoin")
    play.in_session = await play.actor.joined(after)


async def _token_refused(play: Play) -> None:
    play.actor.call_token = forged(play.actor.call_token)
    after = play.stage.trace.last_seq
    await play.actor.join()
    play.in_session = await play.actor.joined(after, play.stage.limits.refusal)


def forged(token: object) -> object:
    """The call token with a signature that the service did not make; it still looks like a token to a client."""
    return f"{token.rpartition('.')[0]}.{'A' * 43}" if isinstance(token, str) else token


async def _login(play: Play) -> None:
    await play.actor.call("login", "act")


async def _logout(play: Play) -> None:
    await play.actor.call("logout", "act")


async def _login_failure(play: Play) -> None:
    await play.actor.call("login", "act", uid="nobody-of-this-name")


async def _share(play: Play) -> None:
    after = play.stage.trace.last_seq
    await _api(play, "start_screen_share")
    await _await_service(play, "screen_share_started", after)


async def _unshare(play: Play) -> None:
    after = play.stage.trace.last_seq
    await _api(play, "stop_screen_share")
    await _await_service(play, "screen_share_stopped", after)


async def _record(play: Play) -> None:
    after = play.stage.trace.last_seq
    await _api(play, "start_recording")
    await _await_service(play, "recording_started", after)


async def _stop_recording(play: Play) -> None:
    after = play.stage.trace.last_seq
    await _api(play, "stop_recording")
    await _await_service(play, "recording_stopped", after)


async def _await_service(play: Play, name: str, after: int) -> None:
    try:
        await play.stage.trace.wait(
            lambda e: e.name == name and e.data.get("session") == play.actor.session,
            what=name,
            timeout_s=play.stage.limits.event,
            after=after,
        )
    except TraceTimeoutError:
        return


async def _layout_change(play: Play) -> None:
    if play.stage.dialect.has("set_layout"):
        layout = play.stage.contract.settings["session_settings"].members.get("layout")
        others = [value for value in (layout.values if layout else []) if layout and value != layout.default]
        if others:
            await play.actor.call("set_layout", "act", layout=others[0])


def _press(control: str, *, ends: bool = False) -> Callable[[Play], Awaitable[None]]:
    async def act(play: Play) -> None:
        if play.stage.description.capabilities.ui and control in play.stage.contract.controls:
            after = play.stage.trace.last_seq
            await press(play.stage, play.actor.id, control)
            if ends and play.in_session:
                await play.actor.left(after)
                play.in_session = False

    return act


async def press(stage: Stage, instance: str, control: str) -> bool:
    """Press a control of the contract; whether one of its names was found. A menu that holds it is opened first."""
    found = stage.contract.controls[control]
    if found.opened_by:
        await press(stage, instance, found.opened_by)
        await stage.settle()
    by = await _shown_name(stage, instance, control)
    if by is None:
        return False
    params = {"instance": instance, "role": found.role, "name": by}
    try:
        await stage.adapter.capability(instance, "press", params)
    except AdapterFailure as failure:
        if failure.needs_restart:
            raise
        return False
    stage.trace.add("step", instance, "press", control=control, role=found.role, by=by)
    return True


async def _shown_name(stage: Stage, instance: str, control: str) -> str | None:
    """The name by which a control is found at present: that of what is visible, if anything is. Its name may change with its state."""
    state = await _look(stage, instance, control)
    return str(state["by"]) if state is not None and state.get("visible") else None


async def look(stage: Stage, instance: str, control: str) -> dict[str, Any] | None:
    """The state of a control by the name that is visible, else by one that is there; ``count`` 0 when none is; None without names.

    A menu that holds it is opened first, and closed again if it was.
    """
    found = stage.contract.controls[control]
    if found.opened_by:
        if not await press(stage, instance, found.opened_by):
            return None
        await stage.settle()
        state = await _look(stage, instance, control)
        await press(stage, instance, found.opened_by)
        return state
    return await _look(stage, instance, control)


async def _look(stage: Stage, instance: str, control: str) -> dict[str, Any] | None:
    found = stage.contract.controls[control]
    names = [*found.names, *(f"css={selector}" for selector in found.selectors)]
    state: dict[str, Any] | None = None
    for name in names:
        params = {"instance": instance, "role": found.role, "name": name}
        seen = dict(await stage.adapter.capability(instance, "look", params)) | {"by": name}
        if state is None or seen.get("visible") or (seen.get("count") and not state.get("count")):
            state = seen
        if seen.get("visible"):
            break
    return state


async def _idle_timeout(play: Play) -> None:
    """Alone for longer than any documented period: the clock of the SDK's side goes on in steps below the ping limit."""
    stage = play.stage
    if not stage.description.capabilities.clock:
        return
    for _ in range(IDLE_STEPS):
        await stage.adapter.capability(play.actor.id, "advance", {"instance": play.actor.id, "ms": IDLE_STEP_MS})
        await asyncio.sleep(0.02)
        if stage.trace.select(kind="callback", actor=play.actor.id, name="session_timed_out"):
            break


IDLE_STEP_MS = 4000
"""A step of the clock in an idle period: under the 5 s in which the signalling core expects the answer to a ping."""

IDLE_STEPS = 90
"""6 minutes: longer than any documented default (60 s and 180 s; 300 s)."""


async def _nothing(play: Play) -> None:
    """An act that no source describes a way to bring about here."""


PRESSED: dict[str, str] = {
    "button_mute_audio": "audio",
    "button_unmute_audio": "audio",
    "button_pause_video": "video",
    "button_layout": "layout",
    "button_raise_hand": "raise_hand",
    "button_recording": "recording",
    "button_end_call": "end_call",
}
"""Cause → the control that is pressed."""


ACTS: dict[str, Callable[[Play], Awaitable[None]]] = {
    "join": _join_alone,
    "join_with_peer": _join_with_peer,
    "mute_audio": _mute_audio,
    "unmute_audio": _unmute_audio,
    "pause_video": _pause_video,
    "resume_video": _resume_video,
    "remote_mute_audio": _remote("bob", "mute_audio", True),
    "remote_unmute_audio": _remote("bob", "mute_audio", False),
    "remote_pause_video": _remote("bob", "pause_video", True),
    "remote_resume_video": _remote("bob", "pause_video", False),
    "remote_raise_hand": _remote("bob", "command", "jitsi_participant_raisedHand", {}, "1750000000000"),
    "remote_lower_hand": _remote("bob", "command", "jitsi_participant_raisedHand", {}, ""),
    "remote_join": _remote_join("carol"),
    "remote_join_first": _remote_join("bob"),
    "remote_leave": _remote_leave,
    "last_remote_leave": _last_remote_leave,
    "raise_hand": lambda play: _api(play, "raise_hand"),
    "lower_hand": lambda play: _api(play, "lower_hand"),
    "layout_change": _layout_change,
    "leave": _leave,
    "leave_alone": _leave,
    "kicked": _kicked,
    "ended_for_all": _ended_for_all,
    "end_for_all": _end_for_all,
    "rejoin": _rejoin,
    "token_refused": _token_refused,
    "login": _login,
    "logout": _logout,
    "login_failure": _login_failure,
    "screen_share_start": _share,
    "screen_share_stop": _unshare,
    "recording_start": _record,
    "recording_stop": _stop_recording,
    **{cause: _press(control, ends=control == "end_call") for cause, control in PRESSED.items()},
    "idle_timeout": _idle_timeout,
}


async def play_tour(stage: Stage, tour: str) -> None:
    """Play all acts of a tour with one actor in one session."""
    if tour not in TOURS:
        raise ConformanceError(f"no tour {tour!r}; there are {', '.join(TOURS)}")
    login_tour = tour in ("login", "login_failure")
    actor = await stage.actor(clock="virtual" if tour == "idle" else "real")
    play = Play(stage, actor, tour)
    try:
        await actor.initialize()
        await actor.listen("main", login=login_tour)
        if not login_tour:
            await actor.log_in()
            await actor.make_token(stage.new_session(tour))
        for act in TOURS[tour]:
            await play.act(act)
    finally:
        await _last_remote_leave(play)
        await actor.close()
