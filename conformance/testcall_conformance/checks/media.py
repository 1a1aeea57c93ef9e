"""Checks of media: what a peer decodes of the build, what the build renders of a peer, and that mute is silence."""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.checks.events import act_of, tour_for
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.evidence import Recording
from testcall_conformance.scenes import Scene
from testcall_conformance.stage import USER
from testcall_contract.trace import TraceEvent


def _plan_join(question: Question) -> Sequence[Scene] | NotRun:
    return tour_for(question, "join_with_peer")


def _words(sample: TraceEvent) -> str:
    data = sample.data
    if data.get("media") == "audio" and "level_dbov" in data:
        level = data["level_dbov"]
        return f"{data.get('frames')} audio frames at {'no level' if level is None else f'{level:.0f} dBov'}"
    if "frames" in data:
        return f"{data['frames']} video frames of {data.get('width')}x{data.get('height')}"
    return f"counter moved by {data.get('moved', 0):g} on {data.get('tracks', 0)} tracks"


@check("media.sends", _plan_join)
def sends(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """While joined, bob decodes this media of the build."""
    media = str(question.args["media"])
    expected = f"a peer decodes {media} of the build"
    act = act_of(recordings[0], "join_with_peer")
    if act is None:
        return unknown(expected, "the build did not join")
    samples = act.media("measured", media)
    if not samples:
        return unknown(expected, "nobody measured", "simulator")
    return Judgement(bool(samples[-1].data["present"]), expected, _words(samples[-1]), (samples[-1].seq,))


def _plan_renders(question: Question) -> Sequence[Scene] | NotRun:
    if not question.description.capabilities.observe:
        return NotRun("the adapter declares no capability 'observe'")
    return tour_for(question, "join_with_peer")


@check("media.renders", _plan_renders)
def renders(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The build decodes this media of bob."""
    media = str(question.args["media"])
    expected = f"the build decodes {media} of a peer"
    act = act_of(recordings[0], "join_with_peer")
    if act is None:
        return unknown(expected, "the build did not join")
    samples = act.media("rendered", media)
    if not samples:
        return unknown(expected, "nobody measured", "adapter")
    return Judgement(bool(samples[-1].data["present"]), expected, _words(samples[-1]), (samples[-1].seq,))


def _plan_change(question: Question) -> Sequence[Scene] | NotRun:
    return tour_for(question, str(question.args["cause"]))


def _change(question: Question, recordings: Sequence[Recording], *, present: bool) -> Judgement:
    media, cause = str(question.args["media"]), str(question.args["cause"])
    expected = f"after {cause.replace('_', ' ')}, a peer gets {'' if present else 'no '}{media}"
    act = act_of(recordings[0], cause)
    if act is None:
        return unknown(expected, "the build did not join")
    if cause == "leave":
        gone = act.service("occupant_left", uid=USER)
        return Judgement(bool(gone), expected, "the participant is gone" if gone else "it is still there", act.span)
    samples = act.media("measured", media)
    before = [s for s in recordings[0].before(cause).media("measured", media) if s.data["present"] is not present]
    if not samples:
        return unknown(expected, "nobody measured", "simulator")
    if not before:
        return unknown(
            expected, f"the {media} was never {'gone' if present else 'there'} before, so no change can be seen"
        )
    kept = bool(samples[-1].data["present"]) is present
    seen = f"{_words(samples[-1])} after {samples[-1].data.get('waited_s', 0):.1f} s"
    return Judgement(kept, expected, seen, (before[-1].seq, samples[-1].seq))


@check("media.stops", _plan_change)
def stops(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """After the cause, the media of the build stops: silence, no frames."""
    return _change(question, recordings, present=False)


@check("media.resumes", _plan_change)
def resumes(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """After the cause, the media of the build is back."""
    return _change(question, recordings, present=True)


_WHEN_SETTINGS = {
    "start_audio_muted": ("start_audio_muted", True),
    "start_video_paused": ("start_video_paused", True),
}


def _plan_none(question: Question) -> Sequence[Scene] | NotRun:
    values = _silencing(question)
    if values is None:
        return NotRun(f"no settings are known for {question.args['when']!r}", "simulator")
    return [Scene.of("muted_media", values=values)]


def _silencing(question: Question) -> tuple[tuple[str, object], ...] | None:
    """The settings under which ``when`` holds: a muted start, or the session type or flag whose effect is no video."""
    when = str(question.args["when"])
    members = question.contract.settings["session_settings"].members
    if when in _WHEN_SETTINGS and _WHEN_SETTINGS[when][0] in members:
        return (_WHEN_SETTINGS[when],)
    for key, setting in members.items():
        if setting.effect and setting.effect.kind == "no_video" and when in ("voice", "audio_only", key):
            values = setting.effect.args.get("when", [True])
            return ((key, values[0]),)
    return None


@check("media.sends_none", _plan_none)
def sends_none(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Under ``when``, no peer gets this media of the build."""
    media = str(question.args["media"])
    expected = f"no peer gets {media} of the build ({str(question.args['when']).replace('_', ' ')})"
    recording = recordings[0]
    if recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    samples = recording.media("measured", media)
    if not samples:
        return unknown(expected, "nobody measured", "simulator")
    return Judgement(not samples[-1].data["present"], expected, _words(samples[-1]), (samples[-1].seq,))
