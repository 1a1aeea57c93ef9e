"""Checks of what can be read without a session: constants, getters of built settings; and types where they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from testcall_conformance.checks.events import tour_for
from testcall_conformance.checks.operations import plan_of_call, told_of
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.evidence import Recording
from testcall_conformance.scenes import Scene
from testcall_conformance.setting_scenes import legal_values
from testcall_contract.models import Constant, Setting
from testcall_contract.shapes import describe, mismatch


def _plan_surface(_: Question) -> Sequence[Scene] | NotRun:
    return [Scene.of("surface")]


@check("constant.value", _plan_surface)
def constant(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The constant has its value."""
    item = question.promise.subject.item
    assert isinstance(item, Constant)
    wanted = question.args.get("value", item.value)
    expected = f"{item.path} is {describe(wanted)}"
    read = recordings[0].calls(f"constant:{question.promise.subject.key}")
    if not read or read[0].outcome is None:
        return unknown(expected, "the constant was not read")
    data = read[0].outcome.data
    if data["ended"] == "absent":
        return Judgement(False, expected, "it is not there", read[0].seqs)
    value = _plain(data.get("value"))
    return Judgement(_equal(value, wanted), expected, f"it is {describe(value)}", read[0].seqs)


def _plain(value: Any) -> Any:
    return value.get("own", {}) if isinstance(value, dict) and value.get("$") == "ref" else value


def _equal(value: Any, wanted: Any) -> bool:
    """Equality of constants; an object has to have the wanted members and may have more (aliases)."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        return all(key in value and value[key] == item for key, item in wanted.items())
    return type(value) is type(wanted) and bool(value == wanted)


@check("setting.getter", _plan_surface)
def getter(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The built object's getter returns what was set, and the default when nothing was."""
    setting, subject = question.promise.subject.item, question.promise.subject
    assert isinstance(setting, Setting)
    default = question.args.get("default", setting.default)
    expected = f"{setting.getter} returns what was set, and {describe(default)} before"
    read = recordings[0].calls(f"getter:{subject.object}.{subject.key}")
    if not read:
        return unknown(expected, "the getter was not called")
    others = [v for v in legal_values(setting) if v != setting.default]
    wanted = {"default": default, "set": others[0] if others else None}
    for told in read:
        data = told.outcome.data if told.outcome else {"ended": "never"}
        if data["ended"] == "absent":
            return Judgement(False, expected, f"{setting.getter} is not there", told.seqs)
        value = data.get("value")
        undefined = isinstance(value, dict) and value.get("$") == "undefined"
        if (None if undefined else value) != wanted[told.label]:
            return Judgement(False, expected, f"{told.label}: it returns {describe(value)}", told.seqs)
    return Judgement(True, expected, "it does", tuple(seq for told in read for seq in told.seqs))


def _plan_type(question: Question) -> Sequence[Scene] | NotRun:
    if "event" in question.args:
        return tour_for(question, str(question.args.get("cause", "join_with_peer")))
    if "operation" in question.args:
        return plan_of_call(str(question.args["operation"]), question.contract.operations)
    return NotRun("the clause names neither an operation nor an event that delivers the type")


@check("type.shape", _plan_type)
def type_shape(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A value of the type, delivered by an operation or an event, has its shape."""
    shape, types = question.promise.subject.item.shape, question.contract.type_shapes
    expected = f"a {question.promise.subject.name} is {describe(shape)}"
    recording = recordings[0]
    if "event" in question.args:
        found = recording.callbacks(str(question.args["event"]))
        values = [(e.data.get("arguments") or [None])[0] for e in found]
        seqs = tuple(e.seq for e in found[:3])
    else:
        told = told_of(recording, str(question.args["operation"]))
        values = [told.result.value] if told and told.result and told.result.ok else []
        seqs = told.seqs if told else ()
    if not values:
        return unknown(expected, "nothing of the type was delivered")
    wrong = next((w for w in (mismatch(shape, value, types) for value in values) if w), None)
    return Judgement(wrong is None, expected, wrong or describe(values[0]), seqs)
