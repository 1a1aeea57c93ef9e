"""Judging idle time: when the session of somebody who is alone ends, when the prompt comes, what its controls do.

Time is that of the SDK's side: what the virtual clock was advanced by, plus what passed really, which a browser's clock counts
too. A period is kept when it ended within a step after it was over, and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from testcall_conformance.actor import USER
from testcall_conformance.acts import IDLE_STEP_MS, IDLE_STEPS
from testcall_conformance.checks.registry import Judgement, NotRun, Question, unknown
from testcall_conformance.checks.setting_looks import effect_of
from testcall_conformance.controls import findable
from testcall_conformance.evidence import Recording
from testcall_conformance.scenes import Scene
from testcall_conformance.setting_values import assigned, legal_values
from testcall_contract.models import Setting
from testcall_contract.trace import TraceEvent

_UNITS_MS = {"ms": 1, "s": 1000, "min": 60_000}
SLACK_MS = 1_500.0
"""What a timer may be late by itself, besides the step of the clock in which it is seen."""


@dataclass(frozen=True, slots=True)
class Span:
    """When something was seen, in milliseconds since the participant was alone: not before ``least``, not after ``most``."""

    least: float
    most: float
    seq: int

    def holds(self, ms: float) -> bool:
        """Whether something that is due after ``ms`` may have happened in the span."""
        return self.least - SLACK_MS <= ms <= self.most

    def __str__(self) -> str:
        return f"after {self.least / 1000:.0f} to {self.most / 1000:.0f} s"


def plan_effect(question: Question) -> Sequence[Scene] | NotRun:
    """Joins alone, one with each legal value (or with ``value``)."""
    refused = _cannot(question)
    if refused:
        return refused
    setting, key = question.promise.subject.item, question.promise.subject.key
    assert isinstance(setting, Setting)
    values = [question.args["value"]] if "value" in question.args else _short(legal_values(setting), setting)
    of = effect_of(question)
    base = dict(of.args.get("under", {})) if of else {}
    look = {"look": True} if of is not None and of.kind == "idle_prompt" else {}
    return [_scene(question, assigned(**{**base, key: value}), **look) for value in values[:1]] or [
        _scene(question, assigned(**base), **look)
    ]


def shortest(question: Question) -> tuple[tuple[str, Any], ...]:
    """The setting of the idle period that the promise stands under, at its shortest; nothing where it stands elsewhere."""
    setting = question.promise.subject.item
    if not isinstance(setting, Setting) or question.promise.subject.kind != "setting":
        return ()
    return assigned(**{question.promise.subject.key: _short(legal_values(setting), setting)[0]})


def _short(values: Sequence[Any], setting: Setting) -> list[Any]:
    """The values whose period is over within the steps of the clock, the shortest first; a number of ours where none is named."""
    longest = IDLE_STEP_MS * IDLE_STEPS / 2
    factor = _UNITS_MS.get(setting.unit or "ms", 1)
    numbers = [v for v in values if isinstance(v, (int, float)) and 0 < v * factor <= longest]
    return sorted(numbers) or [90_000 // factor]


def plan_default(question: Question) -> Sequence[Scene] | NotRun:
    """A join alone, without the setting."""
    of = effect_of(question)
    return _cannot(question) or [_scene(question, assigned(**dict(of.args.get("under", {}))) if of else ())]


def _scene(question: Question, values: tuple[tuple[str, Any], ...], **more: Any) -> Scene:
    object_key = question.promise.subject.object
    if object_key != "session_settings":
        more["object"] = object_key
    return Scene.of("idle", values=values, **more)


def _cannot(question: Question) -> NotRun | None:
    of, capabilities = effect_of(question), question.description.capabilities
    if not capabilities.clock:
        return NotRun("the adapter declares no capability 'clock'")
    if of is not None and of.kind == "idle_prompt" and "control" not in of.args:
        return NotRun("no name of the prompt's controls is known", "simulator")
    if of is not None and of.kind == "idle_prompt":
        if not capabilities.ui:
            return NotRun("the adapter declares no capability 'ui'")
        if not findable(question.contract, str(of.args["control"])):
            return NotRun(f"no name of the control {of.args['control']!r} is known", "simulator")
    if (
        question.promise.subject.object == "presenter_settings"
        and "join_presentation" not in question.contract.operations
    ):
        return NotRun("the dialect has no presentations")
    return None


def judge_effect(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Every session ended (or prompted) when the setting's value says."""
    setting, key = question.promise.subject.item, question.promise.subject.key
    assert isinstance(setting, Setting)
    seen: list[str] = []
    seqs: tuple[int, ...] = ()
    expected = ""
    for recording in recordings:
        value = dict(recording.scene.get("values", ())).get(key, setting.default)
        judgement = _judge_one(question, recording, value)
        if judgement.kept is not True:
            return judgement
        expected = judgement.expected
        seen.append(judgement.seen)
        seqs = (*seqs, *judgement.evidence)
    return Judgement(True, expected, "; ".join(seen), seqs)


def judge_default(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Without the setting, as with its default."""
    setting = question.promise.subject.item
    assert isinstance(setting, Setting)
    return _judge_one(question, recordings[0], question.args.get("default", setting.default))


def _judge_one(question: Question, recording: Recording, value: Any) -> Judgement:
    of, setting = effect_of(question), question.promise.subject.item
    assert of is not None
    assert isinstance(setting, Setting)
    if value is not None and value == of.args.get("off"):
        return _never_ends(setting, recording)
    ms = float(value) * _UNITS_MS.get(str(of.args.get("unit") or setting.unit or "ms"), 1)
    if of.kind == "idle_prompt":
        due, what = ms - 1000 * float(of.args.get("before_end_s", 0)), "the prompt comes"
        found = prompted(recording)
    else:
        due, what = (
            ms + (_before_prompt(question, recording) if of.kind == "idle_after_prompt" else 0),
            "the session ends",
        )
        found = ended(recording)
    expected = f"{what} {due / 1000:g} s after the participant is alone"
    if recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    if found is None:
        waited = _clock(recording)
        if waited is None or waited.most < due + IDLE_STEP_MS:
            return unknown(expected, "the clock did not go on for so long", "adapter")
        return Judgement(False, expected, f"nothing of it within {waited.least / 1000:.0f} s", (waited.seq,))
    return Judgement(found.holds(due), expected, f"{what.split(' ')[1]}: {found}", (found.seq,))


def _never_ends(setting: Setting, recording: Recording) -> Judgement:
    """With the value that switches it off, the session goes on for longer than the default period."""
    expected = "the session does not end for being alone"
    waited, found = _clock(recording), ended(recording)
    if recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    default_ms = float(setting.default or 0) * _UNITS_MS.get(setting.unit or "ms", 1)
    if waited is not None and found is not None and found.seq < waited.seq:
        return Judgement(False, expected, f"session: {found}", (found.seq,))
    if waited is None or waited.least < default_ms:
        return unknown(expected, "the clock did not go on for so long", "adapter")
    return Judgement(True, expected, f"it goes on for {waited.least / 1000:.0f} s", (waited.seq,))


def _before_prompt(question: Question, recording: Recording) -> float:
    """The period before the prompt, which counts first."""
    members = question.contract.settings[str(question.promise.subject.object)].members
    before = members.get("idle_before_prompt")
    if before is None:
        return 0.0
    value = dict(recording.scene.get("values", ())).get("idle_before_prompt", before.default)
    return float(value or 0) * _UNITS_MS.get(before.unit or "ms", 1)


def _span(recording: Recording, index: int) -> Span | None:
    """The time at the event of that index: the clock's steps up to it, and what passed really since the join."""
    joined = recording.joined(USER)
    steps = [e for e in recording.events[: index + 1] if e.kind == "step" and e.name == "advance"]
    if joined is None:
        return None
    event = recording.events[index]
    real = max(0.0, (event.at_ns - joined.at_ns) / 1e6)
    total = float(steps[-1].data["total_ms"]) if steps else 0.0
    ahead = recording.first(lambda e: e.seq > event.seq and e.kind == "step" and e.name == "advance")
    upper = float(ahead.data["total_ms"]) if ahead is not None and event.name != "advance" else total + IDLE_STEP_MS
    return Span(max(0.0, total - IDLE_STEP_MS), upper + real, event.seq)


def ended(recording: Recording) -> Span | None:
    """When the session ended: the event of the dialect, or the participant gone."""
    return _first(recording, lambda e: e.name in ("session_timed_out", "occupant_left") and _is_ours(e))


def _is_ours(event: TraceEvent) -> bool:
    return event.kind == "callback" or event.data.get("uid") == USER


def prompted(recording: Recording) -> Span | None:
    """When the prompt was seen first."""
    return _first(
        recording,
        lambda e: (
            e.kind == "outcome" and e.name == "look" and e.data.get("control") == "idle_stay" and e.data.get("visible")
        ),
    )


def _first(recording: Recording, predicate: Any) -> Span | None:
    index = next((i for i, e in enumerate(recording.events) if predicate(e)), None)
    return None if index is None else _span(recording, index)


def _clock(recording: Recording) -> Span | None:
    index = next((i for i in reversed(range(len(recording.events))) if recording.events[i].name == "advance"), None)
    return None if index is None else _span(recording, index)
