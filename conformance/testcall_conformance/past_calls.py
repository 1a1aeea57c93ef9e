"""Past calls in the service's world, so that whoever reads call logs finds some of every kind.

What was put there is written into the trace (a step ``past_calls``), so that judges know what there is to be found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from testcall_conformance.stage import Actor, Stage

if TYPE_CHECKING:
    from testcall_simulator.calls import Call

GROUP = "some-group"
"""A group that received one of the calls."""

BEFORE_S = 10_000
"""So long ago the first of them began."""


def add_past_calls(stage: Stage, actor: Actor) -> None:
    """Put the calls into the log of the actor's application, the last of them under the actor's session id."""
    world = stage.simulator.world
    app, now = world.app.app_id, world.now()
    made = [world.record(replace(call, mid=world.new_id())) for call in _calls(app, actor, now - BEFORE_S, stage)]
    stage.trace.add("step", actor.id, "past_calls", calls=[facts(call, actor.user) for call in made])


def facts(call: Call, uid: str) -> dict[str, Any]:
    """What filters ask of a call, by their fields."""
    from testcall_simulator.calls import Call as _Call

    assert isinstance(call, _Call)
    return {
        "session": call.session_id,
        "type": call.type,
        "category": call.mode,
        "status": call.status,
        "direction": "outgoing" if call.initiator == uid else "incoming",
        "has_recording": bool(call.recordings),
        "has_transcriptions": bool(call.transcriptions),
        "uids": sorted({stay.uid for stay in call.participations} | {call.initiator, call.receiver}),
        "guid": call.receiver if call.receiver_type == "group" else "",
    }


def _calls(app: str, actor: Actor, began: int, stage: Stage) -> Iterable[Call]:
    from testcall_simulator.calls import Call, Participation, Recording, Transcription

    me = actor.user

    def stays(first: int, *uids: str) -> tuple[Participation, ...]:
        return tuple(Participation(uid, f"device-{uid}", first, first + 120) for uid in uids)

    def call(offset: int, session: str, **values: Any) -> Call:
        at = began + offset
        common = {"status": "ended", "initiated_at": at, "started_at": at + 2, "ended_at": at + 122, "initiator": me}
        return Call(app_id=app, session_id=session, mid="", **{**common, **values})

    recording = Recording("rid-1", "https://app.localhost/recording.mp4", began, began + 100, 1.67)
    transcripts = tuple(
        Transcription(f"tid-{n}", began + n, began + n + 50, "2026-01-02", f"https://app.localhost/transcript-{n}.json")
        for n in range(1, 4)
    )
    name = stage.new_session("past")
    yield call(0, f"{name}-a", participations=stays(began, me, "bob"), receiver="bob", recordings=(recording,))
    yield call(
        300,
        f"{name}-b",
        type="audio",
        mode="call",
        initiator="bob",
        receiver=me,
        participations=stays(began, me, "bob"),
    )
    yield call(600, f"{name}-c", mode="call", status="busy", receiver="carol", started_at=None)
    yield call(900, f"{name}-d", mode="call", status="rejected", initiator="carol", receiver=me, started_at=None)
    yield call(1200, f"{name}-e", mode="call", status="canceled", receiver="bob", started_at=None)
    yield call(1500, f"{name}-f", mode="call", status="missed", initiator="bob", receiver=me, started_at=None)
    yield call(
        1800, f"{name}-g", receiver=GROUP, receiver_type="group", participations=stays(began + 1800, me, "carol")
    )
    yield call(2100, f"{name}-h", status="ongoing", ended_at=None, participations=stays(began + 2100, me))
    yield call(
        2400, actor.session or f"{name}-i", receiver="bob", participations=stays(began + 2400, me, "bob"),
        recordings=(recording,), transcriptions=transcripts,
    )  # fmt: skip
