"""Checks of listeners: who is called when several are registered, replaced, removed, unsubscribed, aborted."""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.evidence import Recording
from testcall_conformance.listener_scenes import trial_event
from testcall_conformance.scenes import Scene
from testcall_contract.models import Listener


def _listener(question: Question) -> Listener:
    item = question.promise.subject.item
    assert isinstance(item, Listener)
    return item


def _plan_listeners(question: Question) -> Sequence[Scene] | NotRun:
    key = question.promise.subject.key
    if _listener(question).setting and question.promise.rule in ("listener.optional_callbacks", "listener.survives"):
        return _plan_of_settings(question, key)
    if _listener(question).register_with is None:
        return NotRun("the listener comes with settings; it isn't registered by an operation", "simulator")
    if trial_event(question.contract, key) is None:
        return NotRun("no event that can be brought about at will reaches this listener", "simulator")
    return [Scene.of("ring_listeners" if _rings(question, key) else "listeners", listener=key)]


def _rings(question: Question, key: str) -> bool:
    return trial_event(question.contract, key) == "incoming_call"


def _plan_of_settings(question: Question, key: str) -> Sequence[Scene] | NotRun:
    """Joins whose settings carry the listener."""
    if trial_event(question.contract, key) is None:
        return NotRun("no event that can be brought about at will reaches this listener", "simulator")
    again = question.promise.rule == "listener.survives"
    return [Scene.of("settings_listener", listener=key, **({"again": True} if again else {"form": "partial"}))]


def _called(recording: Recording, question: Question) -> dict[str, tuple[int, ...]]:
    """Label → ``seq`` of its callbacks of the trial event, after the acts began."""
    event = trial_event(question.contract, question.promise.subject.key) or ""
    found: dict[str, tuple[int, ...]] = {}
    for callback in recording.callbacks(event):
        label = str(callback.data.get("label"))
        found[label] = (*found.get(label, ()), callback.seq)
    return found


def _who(called: dict[str, tuple[int, ...]]) -> str:
    return f"called: {', '.join(sorted(called)) or 'nobody'}"


def _seqs(called: dict[str, tuple[int, ...]], recording: Recording) -> tuple[int, ...]:
    return tuple(seqs[0] for seqs in called.values()) or recording.span


def _judge(
    question: Question, recordings: Sequence[Recording], words: str, must: list[str], mustnt: list[str]
) -> Judgement:
    recording = recordings[0]
    called = _called(recording, question)
    if not called:
        return unknown(words, "no listener was called at all, so nothing can be told of one", "sdk", recording.span)
    kept = all(label in called for label in must) and not any(label in called for label in mustnt)
    return Judgement(kept, words, _who(called), _seqs(called, recording))


@check("listener.adds_up", _plan_listeners)
def adds_up(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Two listeners are both called (``order``: one, which was registered first, before two)."""
    judged = _judge(question, recordings, "both listeners, one and two, are called", ["one", "two"], [])
    if not question.args.get("order") or not judged.kept:
        return judged
    called = _called(recordings[0], question)
    first, second = sorted(("one", "two"), key=lambda label: called[label][0])
    seen = f"calls {first} before {second}, which were registered in the order one, two"
    return Judgement(first == "one", "one is called before two", seen, (called[first][0], called[second][0]))


@check("listener.replaces", _plan_listeners)
def replaces(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A listener under an id in use replaces the earlier one (``replaces`` false: both stay)."""
    if question.args.get("replaces", True):
        return _judge(question, recordings, "under one id, new is called and old is not", ["new"], ["old"])
    return _judge(question, recordings, "under one id, old and new are called", ["new", "old"], [])


@check("listener.removes", _plan_listeners)
def removes(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A removed listener isn't called; the others are."""
    return _judge(
        question, recordings, "the removed listener isn't called, one and two are", ["one", "two"], ["removed"]
    )


@check("listener.unsubscribes", _plan_listeners)
def unsubscribes(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """After its unsubscribe function was called, a listener isn't called."""
    words = "the unsubscribed listener isn't called, one and two are"
    done = [t for t in recordings[0].calls("unsubscribe") if t.outcome and t.outcome.data["ended"] == "returned"]
    if not done:
        return Judgement(False, words, "registration returned no function that could be called", recordings[0].span)
    return _judge(question, recordings, words, ["one", "two"], ["unsubscribed"])


@check("listener.aborts", _plan_listeners)
def aborts(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """After its signal was aborted, a listener isn't called."""
    words = "the aborted listener isn't called, one and two are"
    done = [t for t in recordings[0].calls("abort") if t.outcome and t.outcome.data["ended"] == "returned"]
    if not done:
        return unknown(words, "the adapter could not make an AbortController", "adapter")
    return _judge(question, recordings, words, ["one", "two"], ["aborted"])


@check("listener.optional_callbacks", _plan_listeners)
def optional_callbacks(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A listener with one callback only is accepted and called."""
    return _judge(question, recordings, "the listener with one callback is called", ["partial"], [])


def _plan_thrower(question: Question) -> Sequence[Scene] | NotRun:
    planned = _plan_listeners(question)
    if isinstance(planned, NotRun):
        return planned
    key = question.promise.subject.key
    if _rings(question, key):
        return [Scene.of("ring_listeners", listener=key, throws=True)]
    return [Scene.of("thrower", listener=key)]


@check("listener.throws", _plan_thrower)
def throws(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """A callback that throws doesn't keep the other from being called."""
    return _judge(question, recordings, "the other listener is called although one threw", ["other"], [])


def _plan_survives(question: Question) -> Sequence[Scene] | NotRun:
    planned = _plan_listeners(question)
    if isinstance(planned, NotRun):
        return planned
    if _listener(question).setting:
        return planned
    cause = str(question.args["cause"])
    if cause not in ("leave", "leave_alone", "last_remote_leave", "rejoin", "kicked"):
        return NotRun(f"no scene brings about {cause!r} between two sessions", "simulator")
    return [Scene.of("survival", listener=question.promise.subject.key, cause=cause)]


@check("listener.survives", _plan_survives)
def survives(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """After the cause, and in the next session, the listener is still called (``survives`` false: it is not)."""
    wanted = question.args.get("survives", True)
    words = "the listener is still called in the next session" if wanted else "the listener is called no more"
    recording = recordings[0]
    act = recording.act("remote_join")
    if act is None:
        return unknown(words, "the build did not join again")
    label = "first" if _listener(question).setting else "one"
    found = act.callbacks(trial_event(question.contract, question.promise.subject.key) or "", label)
    if not act.first(lambda e: e.kind == "wire" and e.name == "occupant_joined"):
        return unknown(words, "nobody joined, so nothing was to be told", "simulator", act.span)
    seen = "it was called" if found else "it was not called"
    return Judgement(bool(found) is wanted, words, seen, tuple(e.seq for e in found[:2]) or act.span)


def _plan_when(question: Question) -> Sequence[Scene] | NotRun:
    planned = _plan_listeners(question)
    if isinstance(planned, NotRun):
        return planned
    return [Scene.of("registration", listener=question.promise.subject.key, when=str(question.args["when"]))]


@check("listener.when", _plan_when)
def when(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Registration at that time works (``works`` false: it fails, or its listener is never called)."""
    wanted, moment = question.args.get("works", True), str(question.args["when"]).replace("_", " ")
    words = f"registering {moment} {'works' if wanted else 'does not work'}"
    recording = recordings[0]
    registered = recording.calls(label="probe")
    called = recording.callbacks(trial_event(question.contract, question.promise.subject.key) or "", "probe")
    failed = [t for t in registered if t.result is not None and not t.result.ok]
    if not registered or (not failed and recording.act("remote_join") is None):
        return unknown(words, "the build did not join")
    works = not failed and bool(called)
    seen = f"registration: {registered[0].result}; {'called' if called else 'not called'} afterwards"
    return Judgement(works is wanted, words, seen, (*registered[0].seqs, *(e.seq for e in called[:1])))
