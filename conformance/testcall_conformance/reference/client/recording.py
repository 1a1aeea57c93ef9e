"""Whether the session is recorded or streamed, by the service's word. Pure: presences in, events out.

Two ways to tell it are known: a recorder joins the room (v4), and the focus says so in its presence (v5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from testcall_conformance.reference.client import xml
from testcall_conformance.reference.client.model import Event, Participant
from testcall_conformance.reference.client.presence import Presence
from testcall_conformance.reference.client.xml import attribute, child

_STARTED = {"file": "recording_started", "stream": "streaming_started"}
_STOPPED = {"file": "recording_stopped", "stream": "streaming_stopped"}


@dataclass(slots=True)
class RecordingWatch:
    """Knows recorders and states, and who asked."""

    _recorders: set[str] = field(default_factory=set)
    _running: dict[str, Participant | None] = field(default_factory=dict)
    _asked: dict[str, Any] = field(default_factory=dict)

    @property
    def recording(self) -> bool:
        """Whether a recording runs."""
        return "file" in self._running or bool(self._recorders)

    def command(self, name: str, about: Mapping[str, str]) -> None:
        """A participant's word that it started or stopped the recording."""
        if name in {"START_SCREEN_RECORDING", "stopScreenRecording"}:
            self._asked = {"uid": about.get("uid", ""), "name": about.get("name", "")}

    def take(self, presence: Presence, participant_at: Callable[[str], Participant | None]) -> list[Event]:
        """What ``presence`` says about recording."""
        if "jibri" in (xml.text_of(presence.stanza, "stats-id") or "") or presence.nick in self._recorders:
            return self._recorder(presence)
        status = child(presence.stanza, "jibri-recording-status")
        return self._status(status, participant_at) if status is not None else []

    def _recorder(self, presence: Presence) -> list[Event]:
        there = presence.nick in self._recorders
        if presence.kind == "available" and not there:
            self._recorders.add(presence.nick)
            return [Event("recording_started", {"user": dict(self._asked)})]
        if presence.kind == "unavailable" and there:
            self._recorders.discard(presence.nick)
            return [Event("recording_stopped", {"user": dict(self._asked)})]
        return []

    def _status(self, status: Any, participant_at: Callable[[str], Participant | None]) -> list[Event]:
        mode = attribute(status, "recording_mode", "file")
        if mode not in _STARTED:
            return []
        state = attribute(status, "status")
        if state == "on" and mode not in self._running:
            who = participant_at(attribute(status, "initiator").rpartition("/")[2])
            self._running[mode] = who
            return self._told(_STARTED[mode], f"participant_{_STARTED[mode]}", who)
        if state == "off" and mode in self._running:
            who = self._running.pop(mode)
            return self._told(_STOPPED[mode], f"participant_{_STOPPED[mode]}", who)
        return []

    @staticmethod
    def _told(name: str, participant_name: str, who: Participant | None) -> list[Event]:
        user = {"uid": who.uid, "name": who.name} if who is not None else {}
        events = [Event(name, {"user": user})]
        if who is not None and not who.is_local:
            events.append(Event(participant_name, {"participant": who}))
        return events
