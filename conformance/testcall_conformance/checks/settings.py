"""Checks of settings: legal values accepted and their effect seen, defaults, illegal values refused, getters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from testcall_conformance.bad_values import bad_setting
from testcall_conformance.checks.operations import judge_failure, seen_of
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.evidence import Recording
from testcall_conformance.scenes import Scene
from testcall_conformance.setting_scenes import assignments, drawn, legal_values
from testcall_conformance.stage import USER
from testcall_contract.models import Setting
from testcall_contract.shapes import describe

DRAWN = 3
"""So many combinations are drawn beside the planned ones in the profile ``quick``."""


def setting_of(question: Question) -> Setting:
    """The setting that the question is about."""
    item = question.promise.subject.item
    assert isinstance(item, Setting)
    return item


def settings_scenes(question: Question, key: str | None = None, value: Any = None) -> list[Scene]:
    """The joins with settings; with ``key``, those in which it is set (to ``value``, if that is given)."""
    planned = [*assignments(question.contract), *drawn(question.contract, DRAWN, seed=1)]
    chosen = [a for a in dict.fromkeys(planned) if key is None or _sets(dict(a), key, value)]
    return [Scene.of("settings", values=assignment) for assignment in chosen]


def _sets(values: Mapping[str, Any], key: str, value: Any) -> bool:
    return key in values and (value is None or _same(values[key], value))


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _in_session(question: Question) -> NotRun | None:
    subject = question.promise.subject
    if subject.object != "session_settings":
        return NotRun(f"no scene sets {subject.object} yet", "simulator")
    return None


# --- accepted --------------------------------------------------------------------------------------------------------


def _plan_accepts(question: Question) -> Sequence[Scene] | NotRun:
    subject, setting = question.promise.subject, setting_of(question)
    values = question.args.get("values") or legal_values(setting)
    if subject.object == "app_settings":
        return [Scene.of("bad_setting", object="app_settings", setting=subject.key, value=v) for v in values] or [
            Scene.of("call", operation="initialize")
        ]
    refused = _in_session(question)
    if refused:
        return refused
    if not values:
        return NotRun("the setting takes no plain value that could be tried", "simulator")
    if question.args.get("values"):
        return [Scene.of("bad_setting", object=subject.object, setting=subject.key, value=v) for v in values]
    return settings_scenes(question, subject.key)


@check("setting.accepts", _plan_accepts)
def accepts(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Every join (or init) with a legal value succeeds (``accepted`` false: fails)."""
    name, accepted = question.promise.subject.name, question.args.get("accepted", True)
    word = "accepted" if accepted else "refused"
    expected = f"each legal value of {name} is accepted" if accepted else f"{name} refuses each value"
    tried: list[str] = []
    seqs: tuple[int, ...] = ()
    for recording in recordings:
        told = recording.probe()
        if told is None or told.result is None:
            return unknown(expected, "the call was not made")
        value = _value_in(recording, question.promise.subject.key)
        joins = told.concept == "initialize" or recording.joined(USER) is not None
        if (told.result.ok and joins) is not accepted:
            return Judgement(False, expected, f"with {describe(value)}: {seen_of(recording, told)}", told.seqs)
        tried.append(describe(value))
        seqs = (*seqs, *told.seqs)
    return Judgement(True, expected, f"{word}: {', '.join(dict.fromkeys(tried))}", seqs[:4])


def _value_in(recording: Recording, key: str) -> Any:
    params = dict(recording.scene.params)
    if "values" in params:
        return dict(params["values"]).get(key)
    return params.get("value")


# --- effects and defaults --------------------------------------------------------------------------------------------

Looks = Callable[[Question, Recording, Any], "tuple[bool | None, str, tuple[int, ...]]"]
"""(question, recording, value) → whether the effect is as the value says (None: can't be seen there), what was seen, where."""


def _control(question: Question, recording: Recording, value: Any) -> tuple[bool | None, str, tuple[int, ...]]:
    effect = setting_of(question).effect
    assert effect is not None
    control = effect.args.get("control", "")
    look = recording.first(lambda e: e.kind == "outcome" and e.name == "look" and e.data.get("control") == control)
    if look is None:
        return None, f"nobody could look at the control {control}", ()
    visible = bool(look.data.get("visible"))
    wanted = bool(value) if effect.kind == "control_shown" else not value
    return visible is wanted, f"{control} is {'visible' if visible else 'not visible'}", (look.seq,)


def _ever_seen(question: Question, recordings: Sequence[Recording]) -> bool:
    """Whether the setting's control was visible in any of the joins; if never, it may be our finding that is at fault."""
    effect = setting_of(question).effect
    control = effect.args.get("control") if effect else None
    if control is None:
        return True
    return any(
        e.kind == "outcome" and e.name == "look" and e.data.get("control") == control and e.data.get("visible")
        for recording in recordings
        for e in recording.events
    )


def _controls(question: Question, recording: Recording, value: Any) -> tuple[bool | None, str, tuple[int, ...]]:
    looks = [e for e in recording.events if e.kind == "outcome" and e.name == "look"]
    if not looks:
        return None, "nobody could look at the controls", ()
    shown = [e.data["control"] for e in looks if e.data.get("visible")]
    kept = bool(shown) if value else not shown
    return kept, f"visible: {', '.join(shown) or 'none'}", tuple(e.seq for e in looks[:4])


def _muted(media: str) -> Looks:
    def look(_: Question, recording: Recording, value: Any) -> tuple[bool | None, str, tuple[int, ...]]:
        states = [
            e for e in recording.events
            if e.name in ("source_muted", "source_unmuted") and e.data.get("uid") == USER and e.data.get("kind") == media
        ]  # fmt: skip
        if not states:
            return None, f"the service was told nothing of the {media} source", ()
        muted = states[-1].name == "source_muted"
        return muted is bool(value), f"{media} is {'muted' if muted else 'not muted'}", (states[-1].seq,)

    return look


def _no_video(question: Question, recording: Recording, value: Any) -> tuple[bool | None, str, tuple[int, ...]]:
    effect = setting_of(question).effect
    assert effect is not None
    when = effect.args.get("when", [True])
    sources = [
        e for e in recording.events if e.name in ("source_added", "source_unmuted") and e.data.get("uid") == USER
    ]
    video = [e for e in sources if e.data.get("kind") == "video"]
    if not sources:
        return None, "the service was told of no source", ()
    wanted = value in when
    kept = (not video) if wanted else bool(video)
    return kept, f"{'a' if video else 'no'} video source", tuple(e.seq for e in (video or sources)[:2])


def _recording(_: Question, recording: Recording, value: Any) -> tuple[bool | None, str, tuple[int, ...]]:
    asked = recording.service("recording_requested") or recording.service("recording_started")
    return (
        bool(asked) is bool(value),
        f"recording was {'' if asked else 'not '}asked for",
        tuple(e.seq for e in asked[:1]),
    )


def _display_name(_: Question, recording: Recording, value: Any) -> tuple[bool | None, str, tuple[int, ...]]:
    joined = recording.joined(USER)
    name = joined.data.get("nick_name") if joined else None
    if joined is None or name is None:
        return None, "the service was told no name", ()
    wanted = value or "Alice"
    return name == wanted, f"others see the name {name!r}", (joined.seq,)


def _listener(_: Question, recording: Recording, value: Any) -> tuple[bool | None, str, tuple[int, ...]]:
    called = [
        e for e in recording.events if e.kind == "callback" and str(e.data.get("label", "")).startswith("settings.")
    ]
    return bool(called), f"{len(called)} callbacks", tuple(e.seq for e in called[:2])


LOOKS: dict[str, Looks] = {
    "control_shown": _control,
    "control_hidden": _control,
    "controls_shown": _controls,
    "audio_muted_at_join": _muted("audio"),
    "video_paused_at_join": _muted("video"),
    "no_video": _no_video,
    "recording_at_join": _recording,
    "display_name": _display_name,
    "listener_called": _listener,
}
"""Effect of a setting → how it is seen in a recording."""

_UI_EFFECTS = frozenset({"control_shown", "control_hidden", "controls_shown"})


def _visible(question: Question) -> NotRun | None:
    """Why the setting's effect can't be seen on this build, if it can't."""
    effect = setting_of(question).effect
    refused = _in_session(question)
    if refused:
        return refused
    if effect is None or effect.kind not in LOOKS:
        kind = effect.kind if effect else "none"
        return NotRun(f"acceptance only: no check sees the effect {kind!r} from outside", "simulator")
    if effect.kind in _UI_EFFECTS and not question.description.capabilities.ui:
        return NotRun("the adapter declares no capability 'ui'")
    control = effect.args.get("control")
    if control and control not in question.contract.controls:
        return NotRun(f"the contract doesn't say how the control {control!r} is found", "simulator")
    if control and not (question.contract.controls[control].names or question.contract.controls[control].selectors):
        return NotRun(f"no name of the control {control!r} is known", "simulator")
    return None


def _plan_effect(question: Question) -> Sequence[Scene] | NotRun:
    blind = _visible(question)
    if blind:
        return blind
    key = question.promise.subject.key
    if setting_of(question).type == "listener":
        return [Scene.of("settings", values=())]
    return settings_scenes(question, key, question.args.get("value")) or [Scene.of("settings", values=())]


def _allowed(question: Question, recording: Recording) -> bool:
    """Whether nothing else that was set in this join hides the effect (``under`` of the effect, and controls at all)."""
    setting = setting_of(question)
    values = dict(dict(recording.scene.params)["values"])
    members = question.contract.settings["session_settings"].members
    effect = setting.effect
    under = dict(effect.args.get("under", {})) if effect else {}
    for key, wanted in under.items():
        actual = values.get(key, members[key].default if key in members else None)
        if not _same(actual, wanted):
            return False
    if effect and effect.kind in _UI_EFFECTS and effect.kind != "controls_shown":
        for key, other in members.items():
            hides = other.effect and other.effect.kind == "controls_shown"
            if hides and values.get(key, other.default) is False and key != question.promise.subject.key:
                return False
            panel = other.effect and other.effect.kind == "control_hidden"
            if panel and other.effect and other.effect.args.get("panel") and values.get(key, other.default) is True:
                return key == question.promise.subject.key
    return True


@check("setting.effect", _plan_effect)
def effect(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """In every join in which it was set, the setting's effect was as its value says."""
    setting, key = setting_of(question), question.promise.subject.key
    assert setting.effect is not None
    look = LOOKS[setting.effect.kind]
    expected = f"{question.promise.subject.name} has its effect: {setting.effect.kind.replace('_', ' ')}"
    return _over(question, recordings, look, expected, lambda values: values.get(key, setting.default))


def _over(
    question: Question,
    recordings: Sequence[Recording],
    look: Looks,
    expected: str,
    value_in: Callable[[Mapping[str, Any]], Any],
    judged: Sequence[Recording] | None = None,
) -> Judgement:
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
        value = value_in(dict(dict(recording.scene.params)["values"]))
        kept, words, where = look(question, recording, value)
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


def _plan_default(question: Question) -> Sequence[Scene] | NotRun:
    key = question.promise.subject.key
    return _visible(question) or [Scene.of("settings", values=()), *settings_scenes(question, key)]


@check("setting.default", _plan_default)
def default(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Left out, the setting behaves as its default."""
    setting = setting_of(question)
    assert setting.effect is not None
    value = question.args.get("default", setting.default)
    expected = f"without {question.promise.subject.name}, as with {describe(value)}"
    look = LOOKS[setting.effect.kind]
    return _over(question, recordings, look, expected, lambda _: value, recordings[:1])


# --- refused ---------------------------------------------------------------------------------------------------------


def _plan_refuses(question: Question) -> Sequence[Scene] | NotRun:
    subject, setting = question.promise.subject, setting_of(question)
    if "value" in question.args:
        return [Scene.of("bad_setting", object=subject.object, setting=subject.key, value=question.args["value"])]
    bad = str(question.args.get("bad", "wrong_type"))
    try:
        bad_setting(bad, setting)
    except (ValueError, StopIteration) as error:
        return NotRun(str(error) or f"no value of class {bad}", "simulator")
    return [Scene.of("bad_setting", object=subject.object, setting=subject.key, bad=bad)]


@check("setting.refuses", _plan_refuses)
def refuses(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """With an illegal value, the call that takes the settings fails."""
    told = recordings[0].probe()
    return judge_failure(question, recordings[0], told.concept if told else "join_session")


def _plan_required(question: Question) -> Sequence[Scene] | NotRun:
    subject = question.promise.subject
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
