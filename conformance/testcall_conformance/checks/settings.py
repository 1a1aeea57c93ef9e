"""Checks of settings: legal values accepted and their effect seen, defaults, illegal values refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from testcall_conformance.actor import JOIN_BY, USER
from testcall_conformance.bad_values import bad_setting
from testcall_conformance.checks import idle, request_settings
from testcall_conformance.checks.operations import judge_failure, seen_of
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.checks.setting_looks import (
    APP_EFFECTS,
    IDLE_EFFECTS,
    LOOKS,
    OBSERVED_EFFECTS,
    REQUEST_EFFECTS,
    UI_EFFECTS,
    Look,
    effect_of,
)
from testcall_conformance.conditions import JOINS
from testcall_conformance.controls import findable
from testcall_conformance.evidence import Recording
from testcall_conformance.profiles import drawn_illegal, drawn_joins
from testcall_conformance.scenes import Scene
from testcall_conformance.setting_scenes import OTHER_DEVICE
from testcall_conformance.setting_values import assigned, assignments, drawn, legal_values
from testcall_contract.models import Setting
from testcall_contract.shapes import describe

PARTS = frozenset({"main_video_container"})
"""Settings objects that are a member of the session's settings."""


def setting_of(question: Question) -> Setting:
    """The setting that the question is about."""
    item = question.promise.subject.item
    assert isinstance(item, Setting)
    return item


def object_of(question: Question) -> str:
    """The settings object that the question is about."""
    subject = question.promise.subject
    return str(subject.object or subject.key)


def _whole(question: Question) -> NotRun | None:
    """Why a promise about a whole object can't be asked, where the rule is about one setting of it."""
    if question.promise.subject.kind == "setting":
        return None
    return NotRun("no scene tries the settings object as a whole", "simulator")


def scene_of(object_key: str, values: Sequence[tuple[str, Any]]) -> Scene:
    """The join with those settings."""
    if object_key == "session_settings":
        return Scene.of("settings", values=tuple(values))
    return Scene.of("settings", object=object_key, values=tuple(values))


def settings_scenes(question: Question, key: str | None = None, value: Any = None) -> list[Scene]:
    """The joins with settings; with ``key``, those in which it is set (to ``value``, if that is given)."""
    object_key = object_of(question)
    planned = [*assignments(question.contract, object_key)]
    if object_key == "session_settings":
        planned += drawn(question.contract, drawn_joins(question.profile), seed=1)
    chosen = [a for a in dict.fromkeys(planned) if key is None or _sets(dict(a), key, value)]
    return [scene_of(object_key, assignment) for assignment in chosen]


def _sets(values: Mapping[str, Any], key: str, value: Any) -> bool:
    return key in values and (value is None or _same(values[key], value))


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _joins(question: Question) -> NotRun | None:
    """Why nobody joins with the settings object, if nobody does."""
    object_key = object_of(question)
    if object_key in JOIN_BY and JOIN_BY[object_key][0] in question.contract.operations:
        return None
    return NotRun(f"no scene sets {object_key}", "simulator")


# --- there -----------------------------------------------------------------------------------------------------------


def _plan_exists(question: Question) -> Sequence[Scene] | NotRun:
    setter = _setter(question)
    spec = question.contract.settings[object_of(question)]
    if "(" in setter:
        return NotRun("no adapter tells how a constructor is called")
    if not any(name.startswith(f"{spec.builder or spec.name}.") for name in question.description.operations):
        return NotRun(f"the adapter doesn't list what {spec.builder or spec.name} has")
    return [Scene.of("surface")]


def _setter(question: Question) -> str:
    item = question.promise.subject.item
    return str(question.args.get("setter") or getattr(item, "setter", None) or item.name)


@check("setting.exists", _plan_exists)
def exists(question: Question, _: Sequence[Recording]) -> Judgement:
    """The builder has the setter, by the adapter's list (``there`` false: it hasn't)."""
    spec, setter = question.contract.settings[object_of(question)], _setter(question)
    owner, there = spec.builder or spec.name, question.args.get("there", True)
    has = question.description.offers(owner, setter)
    expected = f"{owner} has {'' if there else 'no '}{setter}"
    return Judgement(has is there, expected, f"it has {'it' if has else 'no such member'}")


# --- accepted --------------------------------------------------------------------------------------------------------


def _plan_accepts(question: Question) -> Sequence[Scene] | NotRun:
    if whole := _whole(question):
        return whole
    subject, setting = question.promise.subject, setting_of(question)
    values = [tuple(v) if isinstance(v, list) else v for v in question.args.get("values") or legal_values(setting)]
    object_key = object_of(question)
    if object_key in request_settings.REQUESTS:
        return request_settings.plan_accepts(question, values)
    if object_key == "app_settings":
        return [Scene.of("bad_setting", object=object_key, setting=subject.key, value=v) for v in values] or [
            Scene.of("call", operation="initialize")
        ]
    if setting.type == "listener":
        key = next(
            k for k, item in question.contract.listeners.items() if item.setting == f"{object_key}.{subject.key}"
        )
        return [Scene.of("settings_listener", listener=key, form="literal")]
    if object_key not in PARTS and (refused := _joins(question)):
        return refused
    if not values:
        return NotRun("the setting takes no plain value that could be tried", "simulator")
    if object_key in PARTS and not question.args.get("values"):
        planned = assignments(question.contract, object_key)
        chosen = [a for a in planned if subject.key in dict(a)]
        return [Scene.of("settings", object=object_key, values=a) for a in chosen]
    if question.args.get("values") or object_key in PARTS:
        return [Scene.of("bad_setting", object=object_key, setting=subject.key, value=v) for v in values]
    return settings_scenes(question, subject.key)


@check("setting.accepts", _plan_accepts)
def accepts(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Every join (or init, or fetch) with a legal value succeeds (``accepted`` false: fails)."""
    name, accepted = question.promise.subject.name, question.args.get("accepted", True)
    word = "accepted" if accepted else "refused"
    expected = f"each legal value of {name} is accepted" if accepted else f"{name} refuses each value"
    tried: list[str] = []
    seqs: tuple[int, ...] = ()
    for recording in recordings:
        told = recording.probe() or _join_of(recording)
        if told is None or told.result is None:
            return unknown(expected, "the call was not made")
        if told.result.ended == "absent":
            return unknown(expected, "the build has no such operation", "sdk", told.seqs)
        value = _value_in(recording, question.promise.subject.key)
        works = told.result.ok and (told.concept not in JOINS or recording.joined(USER) is not None)
        if works is not accepted:
            return Judgement(False, expected, f"with {describe(value)}: {seen_of(recording, told)}", told.seqs)
        tried.append(describe(value))
        seqs = (*seqs, *told.seqs)
    return Judgement(True, expected, f"{word}: {', '.join(dict.fromkeys(tried))}", seqs[:4])


def _join_of(recording: Recording) -> Any:
    found = [told for told in recording.calls() if told.concept in JOINS]
    return found[-1] if found else None


def _value_in(recording: Recording, key: str) -> Any:
    values = recording.scene.get("values")
    return dict(values).get(key) if values is not None else recording.scene.get("value", recording.scene.get("form"))


# --- effects and defaults --------------------------------------------------------------------------------------------


def _visible(question: Question) -> NotRun | None:
    """Why the setting's effect can't be seen on this build, if it can't."""
    effect, capabilities = effect_of(question), question.description.capabilities
    refused = _joins(question)
    if refused:
        return refused
    if effect is None or effect.kind not in LOOKS:
        kind = effect.kind if effect else "none"
        return NotRun(f"acceptance only: no check sees the effect {kind!r} from outside", "simulator")
    if effect.kind in UI_EFFECTS and not capabilities.ui:
        return NotRun("the adapter declares no capability 'ui'")
    if effect.kind in OBSERVED_EFFECTS and not capabilities.observe:
        return NotRun("the adapter declares no capability 'observe'")
    control = effect.args.get("control")
    if control and control not in question.contract.controls:
        return NotRun(f"the contract doesn't say how the control {control!r} is found", "simulator")
    if control and not findable(question.contract, str(control)):
        return NotRun(f"no name of the control {control!r} is known", "simulator")
    return None


def _elsewhere(question: Question) -> Any:
    """The module that knows about this effect, where it isn't seen in a plain join."""
    effect = effect_of(question)
    kind = effect.kind if effect else ""
    if kind in IDLE_EFFECTS:
        return idle
    return request_settings if kind in REQUEST_EFFECTS | APP_EFFECTS else None


def _plan_effect(question: Question) -> Sequence[Scene] | NotRun:
    if whole := _whole(question):
        return whole
    if other := _elsewhere(question):
        planned: Sequence[Scene] | NotRun = other.plan_effect(question)
        return planned
    blind = _visible(question)
    if blind:
        return blind
    key, setting, effect = question.promise.subject.key, setting_of(question), effect_of(question)
    base = assigned(**dict(effect.args.get("under", {}))) if effect else ()
    if setting.type == "listener":
        return [scene_of(object_of(question), base)]
    if effect is not None and effect.kind == "device_used":
        return [scene_of(object_of(question), assigned(**{key: OTHER_DEVICE}))]
    if effect is not None and effect.args.get("peers") == 0:
        values = assigned(**dict(base), **{key: question.args.get("value")})
        return [Scene.of("settings", values=values, peers=0)]
    plain = [scene_of(object_of(question), base)]
    tried = settings_scenes(question, key, question.args.get("value"))
    default_too = setting.has_default and "value" not in question.args
    return list(dict.fromkeys([*(plain if default_too or not tried else []), *tried]))


def _allowed(question: Question, recording: Recording) -> bool:
    """Whether nothing else that was set in this join hides the effect (``under`` of the effect, and controls at all)."""
    values = dict(recording.scene.get("values", ()))
    members = question.contract.settings[object_of(question)].members
    effect, own = effect_of(question), question.promise.subject.key
    under = dict(effect.args.get("under", {})) if effect else {}
    for key, wanted in under.items():
        actual = values.get(key, members[key].default if key in members else None)
        if not _same(actual, wanted):
            return False
    if effect and effect.kind in UI_EFFECTS and effect.kind != "controls_shown":
        for key, other in members.items():
            if key != own and _hides(other, values.get(key, other.default)):
                return False
    return True


def _hides(setting: Setting, value: Any) -> bool:
    """Whether the setting hides controls that are none of its own: all of them, or a panel's."""
    kind = setting.effect.kind if setting.effect else ""
    panel = bool(setting.effect and setting.effect.args.get("panel"))
    return (
        (kind == "controls_shown" and value is False)
        or (kind == "control_hidden" and panel and value is True)
        or (kind == "headless" and value is True)
    )


@check("setting.effect", _plan_effect)
def effect(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """In every join in which it was set, the setting's effect was as its value says."""
    if other := _elsewhere(question):
        judged: Judgement = other.judge_effect(question, recordings)
        return judged
    setting, key, of = setting_of(question), question.promise.subject.key, effect_of(question)
    assert of is not None
    expected = f"{question.promise.subject.name} has its effect: {of.kind.replace('_', ' ')}"
    return _over(question, recordings, expected, lambda values: values.get(key, setting.default))


def _over(
    question: Question,
    recordings: Sequence[Recording],
    expected: str,
    value_in: Callable[[Mapping[str, Any]], Any],
    judged: Sequence[Recording] | None = None,
) -> Judgement:
    of = effect_of(question)
    assert of is not None
    seen: list[str] = []
    seqs: tuple[int, ...] = ()
    blind = "no join showed it"
    if not _ever_seen(question, recordings):
        return unknown(
            expected,
            "the control was seen with no value: it is missing, or the contract tells wrongly how to find it",
            "adapter",
        )
    for recording in recordings if judged is None else judged:
        told = recording.probe()
        if recording.joined(USER) is None:
            blind = "the build did not join with these settings"
            continue
        if not _allowed(question, recording):
            continue
        values = dict(recording.scene.get("values", ()))
        value = value_in(values)
        kept, words, where = LOOKS[of.kind](Look(recording, of, value, values, question))
        if kept is None:
            blind = words
            continue
        line = f"with {describe(value)}: {words}"
        if not kept:
            return Judgement(False, expected, line, (*(told.seqs if told else ()), *where))
        seen.append(line)
        seqs = (*seqs, *where)
    if not seen:
        return unknown(expected, blind)
    return Judgement(True, expected, "; ".join(dict.fromkeys(seen)), seqs[:6])


def _ever_seen(question: Question, recordings: Sequence[Recording]) -> bool:
    """Whether the setting's control was visible in any of the joins; if never, it may be our finding that is at fault."""
    of = effect_of(question)
    control = of.args.get("control") if of and of.args.get("peers") != 0 else None
    if control is None:
        return True
    return any(
        e.kind == "outcome" and e.name == "look" and e.data.get("control") == control and e.data.get("visible")
        for recording in recordings
        for e in recording.events
    )


def _plan_default(question: Question) -> Sequence[Scene] | NotRun:
    if whole := _whole(question):
        return whole
    if other := _elsewhere(question):
        planned: Sequence[Scene] | NotRun = other.plan_default(question)
        return planned
    blind, of = _visible(question), effect_of(question)
    if blind:
        return blind
    base = scene_of(object_of(question), assigned(**dict(of.args.get("under", {}))) if of else ())
    return [base, *(s for s in settings_scenes(question, question.promise.subject.key) if s != base)]


@check("setting.default", _plan_default)
def default(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Left out, the setting behaves as its default."""
    if other := _elsewhere(question):
        judged: Judgement = other.judge_default(question, recordings)
        return judged
    setting = setting_of(question)
    value = question.args.get("default", setting.default)
    expected = f"without {question.promise.subject.name}, as with {describe(value)}"
    return _over(question, recordings, expected, lambda _: value, recordings[:1])


# --- refused ---------------------------------------------------------------------------------------------------------


def _plan_refuses(question: Question) -> Sequence[Scene] | NotRun:
    if whole := _whole(question):
        return whole
    subject, setting = question.promise.subject, setting_of(question)
    common = {"object": subject.object, "setting": subject.key}
    if "value" in question.args:
        return [Scene.of("bad_setting", **common, value=question.args["value"])]
    bad = str(question.args.get("bad", "wrong_type"))
    try:
        bad_setting(bad, setting)
    except (ValueError, StopIteration) as error:
        return NotRun(str(error) or f"no value of class {bad}", "simulator")
    drawn_too = drawn_illegal(question.profile, setting) if bad == "wrong_type" else []
    return [
        Scene.of("bad_setting", **common, bad=bad),
        *(Scene.of("bad_setting", **common, value=value) for value in drawn_too),
    ]


@check("setting.refuses", _plan_refuses)
def refuses(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """With each illegal value, the call that takes the settings fails."""
    judged: list[Judgement] = []
    for recording in recordings:
        told = recording.probe()
        judgement = judge_failure(question, recording, told.concept if told else "join_session")
        if judgement.kept is not True:
            return judgement
        judged.append(judgement)
    return judged[0]


def _plan_required(question: Question) -> Sequence[Scene] | NotRun:
    if whole := _whole(question):
        return whole
    subject = question.promise.subject
    if object_of(question) in request_settings.REQUESTS:
        return [Scene.of("records", object=subject.object, values=((subject.key, None),))]
    return [Scene.of("bad_setting", object=subject.object, setting=subject.key, bad="missing")]


@check("setting.required", _plan_required)
def required(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Without the setting, the call that takes the settings fails."""
    told = recordings[0].probe()
    return judge_failure(question, recordings[0], told.concept if told else "initialize")


def _plan_unknown(question: Question) -> Sequence[Scene] | NotRun:
    return [Scene.of("unknown_key", object=question.promise.subject.key)]


@check("setting.unknown_key", _plan_unknown)
def unknown_key(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """What an unknown key does to the call."""
    accepted = question.args.get("accepted", True)
    recording = recordings[0]
    told = recording.probe()
    expected = "an unknown key is accepted" if accepted else "an unknown key is refused"
    if told is None or told.result is None:
        return unknown(expected, "the call was not made")
    works = told.result.ok and (told.concept == "initialize" or recording.joined(USER) is not None)
    return Judgement(works is accepted, expected, seen_of(recording, told), told.seqs)
