"""What can be wrong in the items of a contract: concepts, references, shapes, values and defaults, effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from testcall_contract.models import Operation, Parameter, Setting, SettingsObject
from testcall_contract.speccheck_base import Case, Finding, Location, known, location_of_item
from testcall_contract.vocabulary import CAUSES, EFFECTS

ItemCheck = Callable[[Case], Iterator[Finding]]


def concepts(case: Case) -> Iterator[Finding]:
    """Keys of operations, settings, events, errors and controls, and parameters, are concepts of the core."""
    contract, core = case.contract, case.core
    for section, keys, words, what in (
        ("operations", contract.operations, core.operations, "operation"),
        ("events", contract.events, core.events, "event"),
        ("errors", contract.errors, core.conditions, "condition"),
        ("controls", contract.controls, core.controls, "control"),
    ):
        yield from (
            Finding((section, key), sentence) for key in keys if (sentence := known(key, words, f"{what} of core.yaml"))
        )
    for object_key, settings in contract.settings.items():
        for key in settings.members:
            sentence = known(key, core.settings, "setting of core.yaml")
            if sentence:
                yield Finding(("settings", object_key, "members", key), sentence)
    for location, parameter in _parameters(case):
        sentence = known(parameter.concept, core.parameters, "parameter of core.yaml")
        if sentence:
            yield Finding((*location, "concept"), sentence)


def _parameters(case: Case) -> Iterator[tuple[Location, Parameter]]:
    for key, operation in case.contract.operations.items():
        for index, parameter in enumerate(operation.parameters):
            yield ("operations", key, "parameters", index), parameter
        for number, overload in enumerate(operation.overloads):
            for index, parameter in enumerate(overload.parameters):
                yield ("operations", key, "overloads", number, "parameters", index), parameter


def references(case: Case) -> Iterator[Finding]:
    """What an item refers to is there: conditions, codes, operations, listeners, controls."""
    contract, core = case.contract, case.core
    for key, operation in contract.operations.items():
        place = ("operations", key)
        yield from _unknown((*place, "requires"), operation.requires, core.conditions, "condition")
        yield from _unknown((*place, "errors"), operation.errors, contract.errors, "condition with a code here")
        if operation.delegates_to:
            delegate = [operation.delegates_to]
            yield from _unknown((*place, "delegates_to"), delegate, contract.operations, "operation", single=True)
    for key, event in contract.events.items():
        yield from _unknown(("events", key, "via"), event.via, contract.listeners, "listener")
        if event.cause:
            yield from _unknown(("events", key, "cause"), [event.cause], CAUSES, "cause", single=True)
    for key, error in contract.errors.items():
        yield from _unknown(("errors", key, "operations"), error.operations, contract.operations, "operation")
    yield from _listener_references(case)


def _unknown(location: Location, names: list[str], words: Any, what: str, *, single: bool = False) -> Iterator[Finding]:
    for index, name in enumerate(names):
        sentence = known(name, words, what)
        if sentence:
            yield Finding(location if single else (*location, index), sentence)


def _listener_references(case: Case) -> Iterator[Finding]:
    contract = case.contract
    for key, listener in contract.listeners.items():
        place = ("listeners", key)
        for field in ("register_with", "unregister_with"):
            operation = getattr(listener, field)
            if operation:
                yield from _unknown((*place, field), [operation], contract.operations, "operation", single=True)
        if listener.setting:
            object_key, _, member = listener.setting.partition(".")
            settings = contract.settings.get(object_key)
            if settings is None or member not in settings.members:
                yield Finding((*place, "setting"), f"no setting {listener.setting!r}; write object.member")
        if not listener.register_with and not listener.setting:
            yield Finding(place, "neither an operation nor a setting registers this listener")


def sources(case: Case) -> Iterator[Finding]:
    """A source says where it can be found, and what items stand on is a source of the contract."""
    for key, source in case.contract.sources.items():
        if not (source.url or source.path or source.version):
            yield Finding(("sources", key), f"the source {key!r} names no document: no url, path or version")
        if source.url and not source.url.startswith("https://"):
            yield Finding(("sources", key, "url"), f"an address begins with https://, not {source.url!r}")
    for subject, item in case.items:
        reference = getattr(item, "source", None)
        if reference and case.source(reference) is None:
            sentence = known(reference.partition("#")[0], case.contract.sources, "source")
            yield Finding((*location_of_item(subject), "source"), str(sentence))


def shapes(case: Case) -> Iterator[Finding]:
    """Shapes are well formed, and no type is another name of itself."""
    contract = case.contract
    for location, parameter in _parameters(case):
        yield from case.shape_findings((*location, "type"), parameter.type)
    for key, operation in contract.operations.items():
        place: Location = ("operations", key, "delivers")
        yield from case.shape_findings((*place, "success", "value"), operation.delivers.success.value)
        if operation.delivers.failure:
            yield from case.shape_findings((*place, "failure", "error"), operation.delivers.failure.error)
        yield from _endpoint_shapes(case, ("operations", key, "endpoint"), operation)
    for key, event in contract.events.items():
        for index, payload in enumerate(event.payload):
            yield from case.shape_findings(("events", key, "payload", index, "shape"), payload.shape)
    for object_key, settings in contract.settings.items():
        for key, setting in settings.members.items():
            yield from case.shape_findings(("settings", object_key, "members", key, "shape"), setting.shape)
    for key, type_ in contract.types.items():
        yield from case.shape_findings(("types", key, "shape"), type_.shape)
        if _is_circular(case, key):
            yield Finding(("types", key, "shape"), f"the type {key} is nothing but another name of itself")


def _endpoint_shapes(case: Case, place: Location, operation: Operation) -> Iterator[Finding]:
    if operation.endpoint is None:
        return
    for name, shape in operation.endpoint.query.items():
        yield from case.shape_findings((*place, "query", name), shape)
    if operation.endpoint.body is not None:
        yield from case.shape_findings((*place, "body"), operation.endpoint.body)


def _is_circular(case: Case, key: str) -> bool:
    """Whether a type leads to itself by names alone, so that no value could be compared with it."""
    seen: set[str] = set()
    while key not in seen and key in case.contract.types:
        seen.add(key)
        shape = case.contract.types[key].shape
        if not (isinstance(shape, dict) and isinstance(shape.get("type"), str)):
            return False
        key = shape["type"]
    return key in seen


def operations(case: Case) -> Iterator[Finding]:
    """Overloads and parameters have names of their own; what can be left out comes last."""
    for key, operation in case.contract.operations.items():
        signatures = [("parameters", operation.parameters)] if operation.parameters else []
        signatures += [(f"overload {overload.id}", overload.parameters) for overload in operation.overloads]
        for name, parameters in signatures:
            names = [parameter.name for parameter in parameters]
            twice = sorted({one for one in names if names.count(one) > 1})
            if twice:
                yield Finding(("operations", key), f"{name}: the parameter {twice[0]!r} stands twice")
            if case.contract.style.arguments == "positional" and _gap(parameters):
                yield Finding(
                    ("operations", key), f"{name}: a parameter after one that can be left out has to be optional"
                )
        ids = [overload.id for overload in operation.overloads]
        if len(ids) != len(set(ids)):
            yield Finding(("operations", key, "overloads"), "two overloads have the same id")
        yield from _how(case, key, operation)


def _gap(parameters: list[Parameter]) -> bool:
    plain = [
        p.optional for p in parameters if p.concept not in ("result_listener", "success_callback", "error_callback")
    ]
    return any(earlier and not later for earlier, later in pairwise(plain))


def _how(case: Case, key: str, operation: Operation) -> Iterator[Finding]:
    """A delivery that says where code and message stand is one of a failure."""
    success = operation.delivers.success
    if success.code_at or success.message_at:
        yield Finding(("operations", key, "delivers", "success"), "a success has no code and no message")
    if not success.ends:
        yield Finding(("operations", key, "delivers", "success", "how"), "a delivery ends in at least one way")


def settings(case: Case) -> Iterator[Finding]:
    """Defaults and values are of the setting's type and within its range; builders have setters, literals have none."""
    for object_key, settings_object in case.contract.settings.items():
        for key, setting in settings_object.members.items():
            place: Location = ("settings", object_key, "members", key)
            yield from (Finding((*place, field), sentence) for field, sentence in _value_errors(setting))
            yield from (
                Finding((*place, field), sentence)
                for field, sentence in _form_errors(settings_object, setting)
                if key not in settings_object.new
            )
            yield from _effect_errors(case, settings_object, setting, place)
        yield from (
            Finding(("settings", object_key, "new"), f"unknown member {key!r}")
            for key in settings_object.new
            if key not in settings_object.members
        )
        if settings_object.form == "builder" and not settings_object.builder:
            yield Finding(
                ("settings", object_key, "builder"), "a settings object of the form builder names its builder"
            )


def _value_errors(setting: Setting) -> Iterator[tuple[str, str]]:
    if setting.minimum is not None and setting.maximum is not None and setting.minimum > setting.maximum:
        yield "minimum", f"the minimum {setting.minimum:g} is above the maximum {setting.maximum:g}"
    if setting.type == "enum" and not setting.values:
        yield "values", "an enum has values"
    for value in setting.values:
        wrong = _wrong_value(setting, value)
        if wrong:
            yield "values", f"{value!r} {wrong}"
    for value in setting.excludes:
        if any(_same(value, legal) for legal in setting.values):
            yield "excludes", f"{value!r} is among the values, too"
    if setting.default is not None:
        if not setting.has_default:
            yield "default", "has_default is false, and there is a default"
        wrong = _wrong_value(setting, setting.default)
        if wrong:
            yield "default", f"the default {setting.default!r} {wrong}"
        if setting.type == "enum" and not any(_same(setting.default, value) for value in setting.values):
            yield "default", f"the default {setting.default!r} is none of the values"
        if setting.required:
            yield "default", "a required setting has no default"


_PYTHON = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "list": (list,),
    "object": (dict,),
}


def _wrong_value(setting: Setting, value: Any) -> str | None:
    types = _PYTHON.get(setting.type)
    if types and (not isinstance(value, types) or (isinstance(value, bool) and setting.type != "boolean")):
        return f"is no {setting.type}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if setting.minimum is not None and value < setting.minimum:
            return f"is below the minimum {setting.minimum:g}"
        if setting.maximum is not None and value > setting.maximum:
            return f"is above the maximum {setting.maximum:g}"
    return None


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _form_errors(settings_object: SettingsObject, setting: Setting) -> Iterator[tuple[str, str]]:
    if settings_object.form == "builder":
        if not setting.setter and not setting.getter:
            yield "setter", "a member of a builder has a setter, or at least a getter"
    elif setting.setter or setting.getter:
        yield "setter", f"a settings object of the form {settings_object.form} has no setters and getters"


def _effect_errors(case: Case, settings_object: SettingsObject, setting: Setting, place: Location) -> Iterator[Finding]:
    effect = setting.effect
    if effect is None:
        return
    sentence = known(effect.kind, EFFECTS, "effect")
    if sentence:
        yield Finding((*place, "effect", "kind"), sentence)
    if effect.kind in ("control_shown", "control_hidden") and "control" not in effect.args:
        yield Finding((*place, "effect"), f"the effect {effect.kind} needs the argument 'control'")
    yield from effect_argument_findings(case, effect.kind, effect.args, settings_object, (*place, "effect", "args"))
    for value in effect.args.get("when", []):
        if setting.values and not any(_same(value, legal) for legal in setting.values):
            yield Finding((*place, "effect", "args", "when"), f"{value!r} is none of the setting's values")


def effect_argument_findings(
    case: Case, kind: str, args: dict[str, Any], settings_object: SettingsObject | None, place: Location
) -> Iterator[Finding]:
    """What is wrong with an effect's arguments: controls that there aren't, settings under which it shows that there aren't.

    A control that is shown or hidden is one that the contract tells how to find; other parts are concepts of the core.
    """
    if "control" in args:
        found_here = kind in ("control_shown", "control_hidden")
        words, what = (
            (case.contract.controls, "control of this contract") if found_here else (case.core.controls, "control")
        )
        sentence = known(str(args["control"]), words, what)
        if sentence:
            yield Finding((*place, "control"), sentence)
    if settings_object is not None:
        for key in args.get("under", {}):
            sentence = known(key, settings_object.members, "setting of this object")
            if sentence:
                yield Finding((*place, "under"), sentence)


def left_out(case: Case) -> Iterator[Finding]:
    """What is left out is told in whole sentences, stands in a source of the contract, and is listed once."""
    told: set[str] = set()
    for index, one in enumerate(case.contract.left_out):
        place: Location = ("left_out", index)
        if case.source(one.source) is None:
            sentence = known(one.source.partition("#")[0], case.contract.sources, "source")
            yield Finding((*place, "source"), str(sentence))
        for field in ("about", "reason"):
            if not getattr(one, field).endswith("."):
                yield Finding((*place, field), f"{field} is one sentence, with a full stop at its end")
        if one.about in told:
            yield Finding((*place, "about"), "this is left out twice")
        told.add(one.about)


ITEM_CHECKS: tuple[ItemCheck, ...] = (concepts, references, sources, shapes, operations, settings, left_out)
