"""How the effects of settings are seen in the recording of a join: by the service, on the page, in callbacks. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from testcall_conformance.actor import USER
from testcall_conformance.checks import devices
from testcall_conformance.checks.registry import Question
from testcall_conformance.evidence import Recording
from testcall_contract.models import Effect, Setting
from testcall_contract.trace import TraceEvent

Seqs = tuple[int, ...]
Seen = tuple[bool | None, str, Seqs]
"""Whether the effect is as the value says (None: can't be seen there), what was seen, and where."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look: the recording, the effect with its arguments, the value, and all values of the join."""

    recording: Recording
    effect: Effect
    value: Any
    values: Mapping[str, Any] = field(default_factory=dict)
    question: Question | None = None

    @property
    def control(self) -> str:
        """The control that the effect is about."""
        return str(self.effect.args.get("control", ""))

    def looked(self, **what: Any) -> TraceEvent | None:
        """The look of that thing in the recording."""
        return self.recording.first(
            lambda e: (
                e.kind == "outcome" and e.name == "look" and all(e.data.get(key) == item for key, item in what.items())
            )
        )


def effect_of(question: Question) -> Effect | None:
    """The effect that the question is about: its own (``effect``), or the setting's."""
    own = question.args.get("effect")
    item = question.promise.subject.item
    if isinstance(own, Mapping):
        return Effect(kind=str(own["kind"]), args=dict(own.get("args", {})))
    return item.effect if isinstance(item, Setting) else None


def _control(look: Look) -> Seen:
    seen = look.looked(control=look.control)
    if seen is None:
        return None, f"nobody could look at the control {look.control}", ()
    visible = bool(seen.data.get("visible"))
    wanted = bool(look.value) if look.effect.kind == "control_shown" else not look.value
    return visible is wanted, f"{look.control} is {'visible' if visible else 'not visible'}", (seen.seq,)


def _controls(look: Look) -> Seen:
    looks = [e for e in look.recording.events if e.kind == "outcome" and e.name == "look" and "control" in e.data]
    if not looks:
        return None, "nobody could look at the controls", ()
    in_menus = {key for key, control in look.recording.contract.controls.items() if control.opened_by}
    shown = [e.data["control"] for e in looks if e.data.get("visible") and e.data["control"] not in in_menus]
    kept = bool(shown) if look.value else not shown
    return kept, f"visible: {', '.join(shown) or 'none'}", tuple(e.seq for e in looks[:4])


def _muted(media: str) -> Callable[[Look], Seen]:
    def see(look: Look) -> Seen:
        states = [
            e for e in look.recording.events
            if e.name in ("source_muted", "source_unmuted") and e.data.get("uid") == USER and e.data.get("kind") == media
        ]  # fmt: skip
        if not states:
            return None, f"the service was told nothing of the {media} source", ()
        muted = states[-1].name == "source_muted"
        return muted is bool(look.value), f"{media} is {'muted' if muted else 'not muted'}", (states[-1].seq,)

    return see


def _no_video(look: Look) -> Seen:
    when = look.effect.args.get("when", [True])
    sources = [
        e for e in look.recording.events if e.name in ("source_added", "source_unmuted") and e.data.get("uid") == USER
    ]
    video = [e for e in sources if e.data.get("kind") == "video"]
    if not sources:
        return None, "the service was told of no source", ()
    wanted = look.value in (when if isinstance(when, list) else [when])
    kept = (not video) if wanted else bool(video)
    return kept, f"{'a' if video else 'no'} video source", tuple(e.seq for e in (video or sources)[:2])


def _recording(look: Look) -> Seen:
    asked = look.recording.service("recording_requested") or look.recording.service("recording_started")
    words = f"recording was {'' if asked else 'not '}asked for"
    return bool(asked) is bool(look.value), words, tuple(e.seq for e in asked[:1])


def _transcription(look: Look) -> Seen:
    asked = look.recording.stanzas(r"requestingTranscription>true<")
    words = f"transcription was {'' if asked else 'not '}asked for"
    return bool(asked) is bool(look.value), words, tuple(e.seq for e in asked[:1])


def _display_name(look: Look) -> Seen:
    joined = look.recording.joined(USER)
    name = joined.data.get("name") if joined else None
    if joined is None or name is None:
        return None, "the service was told no name", ()
    wanted = look.value or "Alice"
    return name == wanted, f"others see the name {name!r}", (joined.seq,)


def _listener(look: Look) -> Seen:
    called = [
        e
        for e in look.recording.events
        if e.kind == "callback" and str(e.data.get("label", "")).startswith("settings.")
    ]
    return bool(called), f"{len(called)} callbacks", tuple(e.seq for e in called[:2])


_MODE = re.compile(r"<initial_config\b[^>]*\bmode=\"([^\"]*)\"")


def _layout(look: Look) -> Seen:
    """The layout at the start, by what the build tells the others of it (``initial_config``, seen in 4.2.6 and 5.0.4)."""
    told = look.recording.stanzas(r"<initial_config\b[^>]*\bmode=")
    if not told:
        return None, "the build tells nobody its layout", ()
    match = _MODE.search(str(told[0].data["stanza"]))
    mode = match[1] if match else ""
    return mode == str(look.value), f"it tells the layout {mode!r}", (told[0].seq,)


def _presenter(look: Look) -> Seen:
    """Presenter or viewer, by what the build tells the others of its user (``user_object``, seen in 4.2.6)."""
    told = look.recording.stanzas(r"<user_object\b[^>]*isPresenter=")
    if not told:
        return None, "the build doesn't tell whether it is a presenter", ()
    presenter = 'isPresenter="true"' in str(told[-1].data["stanza"])
    words = f"it tells that it is a {'presenter' if presenter else 'viewer'}"
    return presenter is bool(look.value), words, (told[-1].seq,)


def _title(look: Look) -> Seen:
    seen = look.looked(title=look.value)
    if seen is None or not seen.data.get("visible"):
        return None, "no heading of that text was found", ()
    return True, "the title is shown", (seen.seq,)


def _ends_for_all(look: Look) -> Seen:
    left = look.recording.service("occupant_left", uid=USER)
    if not left:
        return None, "the build did not leave", ()
    ended = look.recording.service("session_ended", reason="ended")
    words = f"the session {'ended for everybody' if ended else 'went on'}"
    return bool(ended) is bool(look.value), words, (left[0].seq, *(e.seq for e in ended[:1]))


def _headless(look: Look) -> Seen:
    shown = look.recording.first(lambda e: e.kind == "media" and e.name == "shown")
    if shown is None:
        return None, "nobody looked at the container", ()
    drawn = any(shown.data.get("containers", {}).values())
    wanted = bool(look.value) and look.effect.args.get("holds", True)
    return drawn is not wanted, f"the container is {'filled' if drawn else 'empty'}", (shown.seq,)


def _device(look: Look) -> Seen:
    kind = str(look.effect.args.get("kind", ""))
    shown = look.recording.first(lambda e: e.kind == "media" and e.name == "devices")
    used = devices.of_kind(shown, kind)
    chosen = look.recording.first(lambda e: e.kind == "step" and e.name == "device" and bool(e.data.get("device")))
    if shown is None or not used or chosen is None:
        return None, f"nobody could see which {kind} is in use", ()
    wanted = chosen.data["device"]
    kept = devices.taken(used, wanted)
    return kept, devices.told(used) if kept is not None else devices.NOT_GIVEN, (shown.seq,)


LOOKS: dict[str, Callable[[Look], Seen]] = {
    "control_shown": _control,
    "control_hidden": _control,
    "controls_shown": _controls,
    "audio_muted_at_join": _muted("audio"),
    "video_paused_at_join": _muted("video"),
    "no_video": _no_video,
    "recording_at_join": _recording,
    "transcription_at_join": _transcription,
    "display_name": _display_name,
    "listener_called": _listener,
    "layout_at_join": _layout,
    "joined_as_presenter": _presenter,
    "title_shown": _title,
    "ends_for_all_on_leave": _ends_for_all,
    "headless": _headless,
    "device_used": _device,
}
"""Effect of a setting → how it is seen in the recording of a join."""

UI_EFFECTS = frozenset({"control_shown", "control_hidden", "controls_shown", "title_shown"})
OBSERVED_EFFECTS = frozenset({"headless", "device_used"})
IDLE_EFFECTS = frozenset({"idle_period", "idle_prompt", "idle_after_prompt"})
REQUEST_EFFECTS = frozenset({"log_filter", "log_limit"})
APP_EFFECTS = frozenset({"app_used", "region_used", "host_used"})
