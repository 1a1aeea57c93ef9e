"""Checks of media: what a peer decodes of the build, what the build renders of a peer, and that mute is silence."""

from __future__ import annotations

from collections.abc import Sequence

from testcall_conformance.actor import USER
from testcall_conformance.checks.events import act_of, tour_for
from testcall_conformance.checks.registry import Judgement, NotRun, Question, check, unknown
from testcall_conformance.evidence import Recording
from testcall_conformance.scenes import Scene
from testcall_conformance.setting_values import Assignment, assigned
from testcall_conformance.tours import audio_settings
from testcall_contract.trace import TraceEvent


def _plan_join(question: Question) -> Sequence[Scene] | NotRun:
    if "when" in question.args:
        return _joined(question)
    return tour_for(question, "join_with_peer", "media")


def _joined(question: Question) -> Sequence[Scene] | NotRun:
    """The join with the settings under which ``when`` holds, in which bob is expected to get what may be sent then."""
    when = str(question.args["when"])
    found = settings_when(question, when)
    if found is None:
        return NotRun(f"no settings are known for {when!r}", "simulator")
    object_key, values = found
    if object_key == "presenter_settings" and "join_presentation" not in question.contract.operations:
        return NotRun("the dialect has no presentations")
    more = {} if object_key == "session_settings" else {"object": object_key}
    return [Scene.of("joined_media", values=values, expects=_EXPECTED.get(when, ("audio",)), **more)]


_EXPECTED: dict[str, tuple[str, ...]] = {
    "viewer": (),
    "presenter": ("audio", "video"),
    "start_audio_muted": ("video",),
    "start_video_paused": ("audio",),
}
"""What bob gets under a condition, where it isn't audio alone."""


def settings_when(question: Question, when: str) -> tuple[str, Assignment] | None:
    """The settings object and its values under which ``when`` holds; None when the dialect has none."""
    members = question.contract.settings["session_settings"].members
    if when in ("viewer", "presenter"):
        return "presenter_settings", assigned(is_presenter=when == "presenter")
    if when in ("start_audio_muted", "start_video_paused") and when in members:
        return "session_settings", assigned(**{when: True})
    values = audio_settings(question.contract)
    return ("session_settings", assigned(**values)) if values and when in ("voice", "audio_only", *values) else None


def _act(question: Question, recording: Recording) -> Recording | None:
    """Where the media of the question was measured; None when the build did not join."""
    if "when" in question.args:
        return recording if recording.joined(USER) is not None else None
    return act_of(recording, "join_with_peer")


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
    act = _act(question, recordings[0])
    if act is None:
        return unknown(expected, "the build did not join")
    samples = act.media("measured", media)
    if not samples:
        return unknown(expected, "nobody measured", "simulator")
    present = bool(samples[-1].data["present"])
    if not present and (why := _unconnected(recordings[0])):
        return unknown(expected, why, "webrtc_stack", (samples[-1].seq,))
    return Judgement(present, expected, _words(samples[-1]), (samples[-1].seq,))


def _unconnected(recording: Recording) -> str | None:
    """Why missing media accuses nobody: the build took the offer, and the connection did not come up all the same."""
    if recording.service("media_connected", uid=USER):
        return None
    return "the media connection did not come up" if recording.stanzas("session-accept") else None


def _plan_renders(question: Question) -> Sequence[Scene] | NotRun:
    if not question.description.capabilities.observe:
        return NotRun("the adapter declares no capability 'observe'")
    return _plan_join(question)


@check("media.renders", _plan_renders)
def renders(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """The build decodes this media of bob."""
    media = str(question.args["media"])
    expected = f"the build decodes {media} of a peer"
    act = _act(question, recordings[0])
    if act is None:
        return unknown(expected, "the build did not join")
    samples = act.media("rendered", media)
    if not samples:
        return unknown(expected, "nobody measured", "adapter")
    present = bool(samples[-1].data["present"])
    if not present and (why := _unconnected(recordings[0])):
        return unknown(expected, why, "webrtc_stack", (samples[-1].seq,))
    return Judgement(present, expected, _words(samples[-1]), (samples[-1].seq,))


def _plan_change(question: Question) -> Sequence[Scene] | NotRun:
    cause = str(question.args["cause"])
    return tour_for(question, cause)


def _change(question: Question, recordings: Sequence[Recording], *, present: bool) -> Judgement:
    media, cause = str(question.args["media"]), str(question.args["cause"])
    expected = f"after {cause.replace('_', ' ')}, a peer gets {'' if present else 'no '}{media}"
    act = act_of(recordings[0], cause)
    if act is None:
        return unknown(expected, "the build did not join")
    if cause == "leave":
        return _after_leave(act, expected, media)
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


def _after_leave(act: Recording, expected: str, media: str) -> Judgement:
    """After a leave nobody of the session is left to listen: the service saw it, and nothing live is connected any more."""
    gone = act.service("occupant_left", uid=USER)
    held = act.first(lambda e: e.kind == "media" and e.name == "held")
    data = held.data if held is not None else {}
    live = [t for t in data.get("local", []) if t.get("kind") == media and t.get("state") == "live"]
    open_ = [c for c in data.get("connections", []) if c.get("connection") == "connected"]
    if gone and live and open_:
        return Judgement(
            False, expected, f"live {media} tracks on an open connection", (gone[0].seq, held.seq if held else 0)
        )
    return Judgement(bool(gone), expected, "the participant is gone" if gone else "it is still there", act.span)


@check("media.stops", _plan_change)
def stops(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """After the cause, the media of the build stops: silence, no frames."""
    return _change(question, recordings, present=False)


@check("media.resumes", _plan_change)
def resumes(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """After the cause, the media of the build is back."""
    return _change(question, recordings, present=True)


@check("media.sends_none", _joined)
def sends_none(question: Question, recordings: Sequence[Recording]) -> Judgement:
    """Under ``when``, no peer gets this media of the build."""
    media = str(question.args["media"])
    expected = f"no peer gets {media} of the build ({str(question.args['when']).replace('_', ' ')})"
    recording = recordings[0]
    if recording.joined(USER) is None:
        return unknown(expected, "the build did not join")
    samples = recording.media("measured", media)
    if not samples or not recording.service("media_connected", uid=USER):
        return unknown(expected, "nobody could measure: no media connection came up", "simulator")
    return Judgement(not samples[-1].data["present"], expected, _words(samples[-1]), (samples[-1].seq,))
