"""What judges read: the events of a scene that was played, with the questions that they ask of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from testcall_conformance.results import Result, read_result
from testcall_conformance.scenes import Scene
from testcall_contract.models import Contract
from testcall_contract.trace import TraceEvent


@dataclass(frozen=True, slots=True)
class Told:
    """A call of the build that was made in a scene, and how it ended."""

    concept: str
    label: str
    step: TraceEvent
    outcome: TraceEvent | None
    result: Result | None

    @property
    def seqs(self) -> tuple[int, ...]:
        """Where in the trace it stands."""
        return (self.step.seq, self.outcome.seq) if self.outcome else (self.step.seq,)


class Recording:
    """One scene that was played: its events, and what went wrong with the playing, if anything did."""

    def __init__(self, scene: Scene, events: Sequence[TraceEvent], contract: Contract, failure: str = "") -> None:
        self.scene = scene
        self.events = list(events)
        self.contract = contract
        self.failure = failure

    def act(self, cause: str) -> Recording | None:
        """The part in which ``cause`` was acted, up to the next act, or to its own end if it was the last; None when it was not."""
        begin = next((i for i, e in enumerate(self.events) if _frames(e, cause, "begin")), None)
        if begin is None:
            return None
        rest = range(begin + 1, len(self.events))
        following = next((i for i in rest if _is_act(self.events[i], "begin")), None)
        own_end = next((i + 1 for i in rest if _frames(self.events[i], cause, "end")), len(self.events))
        end = following if following is not None else own_end
        return Recording(self.scene, self.events[begin:end], self.contract, self.failure)

    def since(self, cause: str) -> Recording | None:
        """The part from where ``cause`` was acted to the end of the last act; None when it was not."""
        begin = next((i for i, e in enumerate(self.events) if _frames(e, cause, "begin")), None)
        if begin is None:
            return None
        ends = [i + 1 for i, e in enumerate(self.events) if _is_act(e, "end")]
        end = ends[-1] if ends and ends[-1] > begin else len(self.events)
        return Recording(self.scene, self.events[begin:end], self.contract, self.failure)

    def whole(self) -> Recording | None:
        """The part up to the end of the last act that was played whole, without the failure that came later; None without acts."""
        ends = [i for i, e in enumerate(self.events) if _is_act(e, "end")]
        return Recording(self.scene, self.events[: ends[-1] + 1], self.contract) if ends else None

    def before(self, cause: str) -> Recording:
        """Everything up to the act of ``cause``."""
        begin = next((i for i, e in enumerate(self.events) if _frames(e, cause, "begin")), len(self.events))
        return Recording(self.scene, self.events[:begin], self.contract, self.failure)

    def calls(self, concept: str | None = None, label: str | None = None) -> list[Told]:
        """The calls that were made of ``concept`` under ``label``."""
        outcomes = {e.data.get("call"): e for e in self.events if e.kind == "outcome" and "call" in e.data}
        told = []
        for event in self.events:
            if event.kind != "step" or "call" not in event.data:
                continue
            if concept not in (None, event.name) or label not in (None, event.data.get("label")):
                continue
            outcome = outcomes.get(event.data["call"])
            told.append(
                Told(event.name, event.data.get("label", ""), event, outcome, self._result(event.name, outcome))
            )
        return told

    def probe(self) -> Told | None:
        """The call that the scene was played for."""
        found = self.calls(label="probe")
        return found[-1] if found else None

    def _result(self, concept: str, outcome: TraceEvent | None) -> Result | None:
        if outcome is None:
            return None
        if outcome.data["ended"] == "absent":
            return Result(False, "absent", None, None, None, None)
        operation = self.contract.operations.get(concept)
        return read_result(self.contract, operation, outcome.data) if operation else None

    def callbacks(self, event: str, label: str | None = None) -> list[TraceEvent]:
        """The callbacks of an event concept, of all listeners or of those called ``label``."""
        return [
            e for e in self.events
            if e.kind == "callback" and e.name == event and label in (None, e.data.get("label"))
        ]  # fmt: skip

    def callback_times(self, event: str) -> int:
        """How often an event fired: the largest count over the listeners."""
        by_label: dict[str, int] = {}
        for callback in self.callbacks(event):
            label = callback.data.get("label", "")
            by_label[label] = by_label.get(label, 0) + 1
        return max(by_label.values(), default=0)

    def service(self, name: str, **data: Any) -> list[TraceEvent]:
        """What the service saw or decided: events of that name with these data."""
        return [
            e for e in self.events
            if e.kind == "wire" and e.name == name and all(e.data.get(key) == value for key, value in data.items())
        ]  # fmt: skip

    def stanzas(self, pattern: str) -> list[TraceEvent]:
        """The stanzas of the build that match a regular expression."""
        return [
            e for e in self.events
            if e.data.get("channel") == "xmpp" and e.data.get("direction") == "in"
            and re.search(pattern, str(e.data.get("stanza", "")))
        ]  # fmt: skip

    def joined(self, user: str) -> TraceEvent | None:
        """The event by which the service saw ``user`` join; None when it didn't."""
        return next(iter(self.service("occupant_joined", uid=user)), None)

    def media(self, name: str, media: str, **data: Any) -> list[TraceEvent]:
        """Media measurements of that name."""
        return [
            e for e in self.events
            if e.kind == "media" and e.name == name and e.data.get("media") == media
            and all(e.data.get(key) == value for key, value in data.items())
        ]  # fmt: skip

    def uncaught(self) -> list[TraceEvent]:
        """Errors that nobody caught, in the build's page or process."""
        return [e for e in self.events if e.kind == "outcome" and e.name == "uncaught"]

    def first(self, predicate: Callable[[TraceEvent], bool]) -> TraceEvent | None:
        """The first event that satisfies ``predicate``."""
        return next((e for e in self.events if predicate(e)), None)

    @property
    def span(self) -> tuple[int, ...]:
        """The first and the last event's ``seq``: the evidence of an absence."""
        return (self.events[0].seq, self.events[-1].seq) if self.events else ()


def _is_act(event: TraceEvent, phase: str) -> bool:
    return event.kind == "step" and event.name == "act" and event.data.get("phase") == phase


def _frames(event: TraceEvent, cause: str, phase: str) -> bool:
    return _is_act(event, phase) and event.data.get("act") == cause
