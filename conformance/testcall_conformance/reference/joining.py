"""From a dialect's session settings to the client's options: by concepts and their documented effects. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from testcall_conformance.reference.client.model import JoinOptions
from testcall_contract.models import Setting, SettingsObject

PROMPT_LEAD_MS = 60_000
"""Where one period covers both, the prompt comes so long before the end (js4 "Session Timeout": 60 seconds)."""

_UNITS_MS = {"ms": 1, "s": 1000, "min": 60_000}
_AUDIO_ONLY = frozenset({"VOICE", "AUDIO", "audio", "voice"})


def join_options(
    spec: SettingsObject, values: Mapping[str, Any], *, presenter: bool | None, devices: bool, media: bool, version: str
) -> JoinOptions:
    """How to join with these effective settings (by concept). Without devices nothing is sent."""
    before, after = idle_periods(spec, values)
    return JoinOptions(
        audio_only=_audio_only(spec, values),
        start_audio_muted=values.get("start_audio_muted") is True,
        start_video_paused=values.get("start_video_paused") is True,
        display_name=_text(values, "display_name"),
        layout=_text(values, "layout"),
        peer_call=values.get("peer_call") is True,
        presenter=presenter,
        auto_record=values.get("auto_start_recording") is True,
        auto_transcribe=values.get("auto_start_transcription") is True,
        caption_language=_text(values, "caption_language"),
        idle_before_prompt_ms=before,
        idle_after_prompt_ms=after,
        media=media,
        devices=devices,
        sdk_version=version,
    )


def idle_periods(spec: SettingsObject, values: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Milliseconds alone until the prompt, and from there to the end; (None, None) when there is no such setting or it is 0."""
    if "idle_timeout" in spec.members:
        total = _ms(spec.members["idle_timeout"], values.get("idle_timeout"))
        if total is None or total <= 0:
            return None, None
        after = min(PROMPT_LEAD_MS, total)
        return total - after, after
    if "idle_before_prompt" in spec.members and "idle_after_prompt" in spec.members:
        before = _ms(spec.members["idle_before_prompt"], values.get("idle_before_prompt"))
        after_prompt = _ms(spec.members["idle_after_prompt"], values.get("idle_after_prompt"))
        return (None, None) if before is None or after_prompt is None else (before, after_prompt)
    return None, None


def _audio_only(spec: SettingsObject, values: Mapping[str, Any]) -> bool:
    """Whether a setting has a value at which no video is sent: as its effect says, else by the usual words."""
    for key, setting in spec.members.items():
        if setting.effect is not None and setting.effect.kind == "no_video":
            when = setting.effect.args.get("when", [True])
            if values.get(key) in (when if isinstance(when, list) else [when]):
                return True
    return values.get("audio_only") is True or values.get("session_type") in _AUDIO_ONLY


def _ms(setting: Setting, value: Any) -> float | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) * _UNITS_MS.get(setting.unit or "ms", 1) if number else None


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""
