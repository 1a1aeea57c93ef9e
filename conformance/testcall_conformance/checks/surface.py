"""Checks of what can be read without a session: constants, getters of built settings; and types where they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from testcall_conformance.checks.events import tour_for
from testcall_conformance.checks.operations import plan_of_call, told_of
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.evidence import Recording, Told
from testcall_conformance.record_scenes import REACHED_BY
from testcall_conformance.scenes import Scene
from testcall_conformance.surface_scenes import other_than_default
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
    other = other_than_default(question.contract, str(subject.object), subject.key)
    tries = [told for told in read if told.label == "set" or setting.has_default or "default" in question.args]
    for told in tries:
        data = told.outcome.data if told.outcome else {"ended": "never"}
        if data["ended"] == "absent":
            return Judgement(False, expected, f"{setting.getter} is not there", told.seqs)
        if not _returns(data.get("value"), other if told.label == "set" else default):
            return Judgement(False, expected, f"{told.label}: it returns {describe(data.get('value'))}", told.seqs)
    if not tries:
        return unknown(expected, "there is neither a default nor a value to set")
    return Judgement(True, expected, "it does", tuple(seq for told in tries for seq in told.seqs))


def _returns(value: Any, wanted: Any) -> bool:
    """Whether a getter gave what was set; what has an identity has to come back as the same thing."""
    if isinstance(wanted, dict) and wanted.get("$") == "new":
        return isinstance(value, dict) and value.get("id") == wanted.get("id")
    undefined = isinstance(value, dict) and value.get("$") == "undefined"
    return bool((None if undefined else _plain(value)) == wanted)


def _plan_exists(question: Question) -> Sequence[Scene] | NotRun:
    owner = str(question.args["path"]).partition(".")[0]
    if owner in _FOREIGN and owner != question.contract.style.holder:
        return NotRun("the path leads to another package", "simulator")
    return [Scene.of("surface")]


_FOREIGN = frozenset({"CometChat"})
"""Globals of other packages, that nobody loads here."""


@check("surface.exists", _plan_exists)
def path_exists(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """What the path leads to is there, with its members (``exists`` false: it isn't)."""
    path, exists = str(question.args["path"]), question.args.get("exists", True)
    members = [str(member) for member in question.args.get("members", [])]
    expected = f"{path} is {'' if exists else 'not '}there" + (f", with {len(members)} members" if members else "")
    recording = recordings[0]
    read = recording.calls(f"path:{path}")
    if not read or read[0].outcome is None:
        return unknown(expected, "nobody looked")
    there = _is_there(read[0])
    if not there or (not exists and not members):
        return Judgement(there is exists, expected, f"it is {'' if there else 'not '}there", read[0].seqs)
    asked = {member: recording.calls(f"member:{path}.{member}") for member in members}
    if not all(asked.values()):
        return unknown(expected, "nobody looked at its members")
    missing = [member for member, found in asked.items() if not _is_there(found[0])]
    if not exists:
        present = [member for member in members if member not in missing]
        seqs = tuple(seq for member in members[:3] for told in asked[member][:1] for seq in told.seqs)
        return Judgement(not present, f"{path} has none of {', '.join(members)}", _having(present), seqs)
    seqs = (*read[0].seqs, *(seq for member in missing[:3] for seq in asked[member][0].seqs))
    return Judgement(not missing, expected, f"without {', '.join(missing[:6])}" if missing else "it is there", seqs)


def _having(members: list[str]) -> str:
    return f"it has {', '.join(members)}" if members else "it has none of them"


def _is_there(told: Told) -> bool:
    data = told.outcome.data if told.outcome is not None else {}
    value = data.get("value")
    return data.get("ended") == "returned" and not (isinstance(value, dict) and value.get("$") == "undefined")


def _plan_type_getter(question: Question) -> Sequence[Scene] | NotRun:
    key = question.promise.subject.key
    if key == "call" and "initiate_call" in question.contract.operations:
        return [Scene.of("ring_getters")]
    if key != "call_log" and key not in REACHED_BY:
        return NotRun("no call log of the service leads to a value of the type", "simulator")
    if not {"call_logs_fetch_next", "get_call_details"} & set(question.contract.operations):
        return NotRun("the dialect reads no call logs")
    return [Scene.of("record_getters")]


@check("type.getter", _plan_type_getter)
def type_getter(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """On a value of the type, the getter returns a value of the shape."""
    key, getter, shape = question.promise.subject.key, str(question.args["getter"]), question.args["shape"]
    expected = f"{getter} returns {shape if isinstance(shape, str) else describe(shape)}"
    read = recordings[0].calls(f"getter:{key}.{getter}")
    if not read or read[0].outcome is None:
        return unknown(expected, f"no {question.promise.subject.name} was to be had")
    data = read[0].outcome.data
    if data["ended"] == "absent":
        return Judgement(False, expected, "it is not there", read[0].seqs)
    wrong = mismatch(shape, data.get("value"), question.contract.type_shapes)
    seen = f"it ends as {data['ended']}" if data["ended"] != "returned" else wrong or describe(data.get("value"))
    return Judgement(wrong is None and data["ended"] == "returned", expected, seen, read[0].seqs)


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
