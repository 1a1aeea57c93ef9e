"""Checks of the built-in interface: classes that a style sheet may use, and what controls bring about."""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.actor import USER
from testcall_conformance.checks.idle import shortest
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, needs, unknown
from testcall_conformance.controls import findable
from testcall_conformance.evidence import Recording
from testcall_conformance.scenes import Scene, tour


def _plan_css(question: Question) -> Sequence[Scene] | NotRun:
    blind = needs(question, "ui")
    if blind:
        return blind
    audio_only = question.args.get("when") == "audio_only"
    return [Scene.of("css", audio_only=True)] if audio_only else [Scene.of("css")]


@check("surface.css_class", _plan_css)
def css_class(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """While joined, an element of the class is visible."""
    name = str(question.args["class"])
    expected = f"an element of the class {name} is visible"
    recording = recordings[0]
    looks = [e for e in recording.events if e.kind == "outcome" and e.name == "look" and "css_class" in e.data]
    if recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    if not any(e.data.get("visible") for e in looks):
        return unknown(
            expected, "no element of any of the classes was found: the interface can't be looked at so", "adapter"
        )
    mine = [e for e in looks if e.data["css_class"] == name]
    if not mine:
        return unknown(expected, "nobody looked", "simulator")
    shown = any(e.data.get("visible") for e in mine)
    count = max(int(e.data.get("count", 0)) for e in mine)
    seen = f"{count} elements of it, {'visible' if shown else 'none visible'}"
    return Judgement(shown, expected, seen, tuple(e.seq for e in mine[:2]))


_THEN = {"idle_leave": "leave", "idle_stay": "stay"}
"""Control of the prompt for who is alone → what its scene does then."""


def _plan_effect(question: Question) -> Sequence[Scene] | NotRun:
    control, effect = str(question.args["control"]), str(question.args["effect"])
    blind = needs(question, "ui")
    if blind:
        return blind
    if not findable(question.contract, control):
        return NotRun(f"no name of the control {control!r} is known", "simulator")
    if control in _THEN and effect in ("left", "idle_extended"):
        return needs(question, "clock") or [Scene.of("idle", values=shortest(question), then=_THEN[control])]
    if control == "end_call" and effect == "left":
        return [tour("end_button")]
    return NotRun(f"no scene presses {control!r} for {effect!r}", "simulator")


@check("control.effect", _plan_effect)
def control_effect(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Pressing the control has its effect."""
    control, effect = str(question.args["control"]), str(question.args["effect"])
    recording = recordings[0]
    act = recording.act("button_end_call" if control == "end_call" else f"idle:{_THEN[control]}")
    expected = "the participant leaves" if effect == "left" else "the session doesn't end when the period is over"
    if recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    pressed = (
        act.first(lambda e: e.kind == "step" and e.name == "press" and e.data["control"] == control) if act else None
    )
    if act is None or pressed is None:
        return unknown(expected, f"the control {control} was not there to be pressed", "adapter", recording.span)
    gone = act.service("occupant_left", uid=USER)
    timed_out = act.callbacks("session_timed_out")
    if effect == "left":
        seen = "the service saw the leave" if gone else "the participant is still there"
        return Judgement(bool(gone), expected, seen, (pressed.seq, *(e.seq for e in gone[:1])))
    steps = [e for e in act.events if e.name == "advance"]
    over = bool(gone or timed_out)
    if not over and not steps:
        return unknown(expected, "the clock did not go on", "adapter", (pressed.seq,))
    waited = float(steps[-1].data["total_ms"]) - float(steps[0].data["total_ms"]) if steps else 0.0
    seen = "the session ended all the same" if over else f"it went on for {waited / 1000:.0f} s more"
    return Judgement(not over, expected, seen, (pressed.seq, *(e.seq for e in (gone or steps)[-1:])))
