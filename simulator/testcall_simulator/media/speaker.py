"""Who speaks: the dominant speaker of a session, from levels alone. Pure.

The real bridge's algorithm is unknown to us; this one is plain: the loudest occupant becomes the speaker when it is audible
and clearly louder than the speaker so far; whoever falls silent stays the speaker until another one speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SPEECH_DBOV = -50.0
"""What is quieter is no speech."""
MARGIN_DB = 6.0
"""Another occupant must be twice as loud (in amplitude) as the speaker to take over."""
REMEMBERED = 10
"""How many previous speakers are told, most recent first."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Who speaks (None before anybody did), and who did before."""

    speaker: str | None = None
    previous: tuple[str, ...] = ()

    def heard(self, levels: Mapping[str, float]) -> Floor:
        """The floor after a window in which occupants had these levels in dBov; those that are gone have none."""
        if not levels:
            return self
        loudest = max(levels, key=lambda nick: levels[nick])
        current = levels.get(self.speaker, -127.0) if self.speaker is not None else -127.0
        if loudest == self.speaker or levels[loudest] <= SPEECH_DBOV:
            return self
        if current > SPEECH_DBOV and levels[loudest] < current + MARGIN_DB:
            return self
        before = [nick for nick in (self.speaker, *self.previous) if nick is not None and nick != loudest]
        return Floor(loudest, tuple(before[:REMEMBERED]))

    def without(self, nick: str) -> Floor:
        """The floor after an occupant has left."""
        previous = tuple(other for other in self.previous if other != nick)
        return Floor(None if self.speaker == nick else self.speaker, previous)
