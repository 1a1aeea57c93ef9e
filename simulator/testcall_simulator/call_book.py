"""The call log of one world, over all its apps. A part of the world's state, no rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from testcall_simulator.calls import Call

MAX_CALLS = 20_000
"""Calls that are kept; beyond it the oldest that is over is forgotten, so that a service may run for ever."""


@dataclass(slots=True)
class CallBook:
    """Calls by their ``mid``, oldest first; of each session id of an app the newest is found at once."""

    limit: int = MAX_CALLS
    _calls: dict[str, Call] = field(default_factory=dict)
    _newest: dict[tuple[str, str], str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls.values())

    def __reversed__(self) -> Iterator[Call]:
        return reversed(self._calls.values())

    def find(self, app_id: str, session_id: str) -> Call | None:
        """The newest call of that session id, going on or over."""
        return self._calls.get(self._newest.get((app_id, session_id), ""))

    def put(self, call: Call) -> Call | None:
        """Keep ``call``, in place of the one with its ``mid``, which is returned."""
        before = self._calls.get(call.mid)
        self._calls[call.mid] = call
        if before is None:
            self._newest[call.app_id, call.session_id] = call.mid
            if len(self._calls) > self.limit:
                self._forget()
        return before

    def _forget(self) -> None:
        oldest = next((call for call in self if call.is_over), None)
        if oldest is None:
            return
        del self._calls[oldest.mid]
        if self._newest.get((oldest.app_id, oldest.session_id)) == oldest.mid:
            del self._newest[oldest.app_id, oldest.session_id]
