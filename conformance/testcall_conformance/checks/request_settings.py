"""Judging settings of requests for records, and settings of the application, by where requests go and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from testcall_conformance.actor import USER
from testcall_conformance.checks.record_effects import judge_filter, judge_limit
from testcall_conformance.checks.registry import Judgement, NotRun, Question, unknown
from testcall_conformance.checks.setting_looks import effect_of
from testcall_conformance.evidence import Recording
from testcall_conformance.record_scenes import FETCHES, OF_THE_WORLD
from testcall_conformance.scenes import Scene
from testcall_conformance.setting_values import assigned, legal_values
from testcall_contract.models import Setting
from testcall_contract.shapes import describe

REQUESTS = frozenset(FETCHES)
"""The settings objects that are requests."""

ANOTHER_USER = "bob"
"""Whose auth token is tried where a request carries one."""

_MATCHED = {"status": ("ongoing", "busy", "rejected", "cancelled", "ended", "missed")}
"""Fields of which the past calls have only these values."""


def plan_accepts(question: Question, values: Sequence[Any]) -> Sequence[Scene] | NotRun:
    """One fetch per legal value."""
    key, object_key = question.promise.subject.key, str(question.promise.subject.object)
    if key == "log_auth_token":
        return [Scene.of("records", object=object_key, token_of=USER, values=())]
    chosen = [OF_THE_WORLD[key]] if key in OF_THE_WORLD else list(values)
    if not chosen:
        return NotRun("the setting takes no plain value that could be tried", "simulator")
    return [Scene.of("records", object=object_key, values=assigned(**{key: value})) for value in chosen]


def plan_effect(question: Question) -> Sequence[Scene] | NotRun:
    """The fetches, or the inits, in which the effect is seen."""
    of, subject = effect_of(question), question.promise.subject
    assert of is not None
    if subject.object == "app_settings":
        return _plan_app(question)
    if subject.key == "log_auth_token":
        return [Scene.of("records", object=subject.object, token_of=ANOTHER_USER, values=())]
    setting = subject.item
    assert isinstance(setting, Setting)
    if subject.key in OF_THE_WORLD:
        values = [OF_THE_WORLD[subject.key]]
    else:
        values = [question.args["value"]] if "value" in question.args else legal_values(setting)
    return [Scene.of("records", object=subject.object, values=assigned(**{subject.key: value})) for value in values]


def plan_default(question: Question) -> Sequence[Scene] | NotRun:
    """A fetch without the setting."""
    if question.promise.subject.object == "app_settings":
        return NotRun("settings of the application have no default that shows", "simulator")
    return [Scene.of("records", object=question.promise.subject.object, values=())]


def judge_effect(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """In every fetch (or init), the effect was as the value says. A filter of which nothing fits tells nothing, and is left out."""
    of = effect_of(question)
    assert of is not None
    judged = [_judge_one(question, recording, of.kind, dict(of.args)) for recording in recordings]
    wrong = next((one for one in judged if one.kept is False), None)
    good = [one for one in judged if one.kept]
    if wrong is not None or not good:
        return wrong or judged[0]
    seen = "; ".join(dict.fromkeys(one.seen for one in good))
    return Judgement(True, good[0].expected, seen, tuple(seq for one in good for seq in one.evidence)[:6])


def _judge_one(question: Question, recording: Recording, kind: str, args: dict[str, Any]) -> Judgement:
    key = question.promise.subject.key
    value = dict(recording.scene.get("values", ())).get(key)
    if kind == "log_limit":
        return judge_limit(recording, value)
    if kind == "log_filter":
        uid = recording.scene.get("token_of") or USER
        return judge_filter(recording, str(args.get("field")), value, uid)
    return _judge_app(question, recording)


def judge_default(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Without the setting, as many come as the default says."""
    setting = question.promise.subject.item
    assert isinstance(setting, Setting)
    value = question.args.get("default", setting.default)
    return (
        judge_limit(recordings[0], value)
        if isinstance(value, int)
        else unknown("the default holds", "no number is given")
    )


# --- settings of the application -------------------------------------------------------------------------------------

ELSEWHERE = {"app_id": "another-app", "region": "eu"}
"""Values that show in an address of the real service, which no request reaches."""


def _plan_app(question: Question) -> Sequence[Scene] | NotRun:
    key = question.promise.subject.key
    if key.endswith("_host"):
        return [Scene.of("app_effect", values=())]
    if question.description.adapter != "testcall browser":
        return NotRun("only in a browser are requests to the real addresses held back and recorded")
    members = question.contract.settings["app_settings"].members
    hosts: dict[str, Any] = {name: None for name in ("calls_host", "admin_host", "client_host") if name in members}
    return [Scene.of("app_effect", values=assigned(**{**hosts, key: ELSEWHERE[key]}))]


def _judge_app(question: Question, recording: Recording) -> Judgement:
    """The request went to the address of the application and the region, or to the host that was set."""
    key = question.promise.subject.key
    told = recording.probe()
    if told is None:
        return unknown("requests go where the settings say", "the call was not made")
    if key.endswith("_host"):
        route = {"calls_host": "create_call_token"}.get(key)
        if route is None:
            return unknown("requests go to that host", "no request of the scene goes there", "simulator")
        found = recording.service(route)
        seen = f"{len(found)} requests came there"
        return Judgement(
            bool(found), "requests go to the host that was set", seen, (*told.seqs, *(e.seq for e in found[:1]))
        )
    value = ELSEWHERE[key]
    asked = [e for e in recording.events if e.kind == "log" and "request" in e.data and e.seq > told.step.seq]
    urls = [str(e.data["request"].get("url", "")) for e in asked]
    ours = [url for url in urls if "call_tokens" in url]
    expected = f"requests go to the address of {describe(value)}"
    if not ours:
        return unknown(expected, "no request for a token was seen", "adapter", told.seqs)
    return Judgement(value in ours[0], expected, f"one went to {ours[0]}", (*told.seqs, asked[0].seq))
