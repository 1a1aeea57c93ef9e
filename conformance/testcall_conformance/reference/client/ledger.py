"""Stream management (XEP-0198): what was handled, and what was sent and not yet acknowledged. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

_WRAP = 1 << 32  # counters are of 32 bits (XEP-0198 §4)


@dataclass(slots=True)
class Ledger:
    """The counters of one stream. ``ident`` is empty until the service has allowed to resume."""

    ident: str = ""
    handled: int = 0
    _active: bool = False
    _acknowledged: int = 0
    _unacknowledged: list[str] = field(default_factory=list)

    @property
    def resumable(self) -> bool:
        """Whether the stream may be resumed."""
        return bool(self.ident)

    @property
    def unacknowledged(self) -> list[str]:
        """What has to be sent again, oldest first."""
        return list(self._unacknowledged)

    def enable(self) -> None:
        """Counting begins with the next stanza, in either direction."""
        self._active = True
        self.handled = self._acknowledged = 0
        self._unacknowledged.clear()

    def sent(self, stanza: str) -> None:
        """A stanza goes out."""
        if self._active:
            self._unacknowledged.append(stanza)

    def took(self) -> None:
        """A stanza came in and was handled."""
        if self._active:
            self.handled = (self.handled + 1) % _WRAP

    def acknowledge(self, handled: int) -> None:
        """The other side has handled so many of ours."""
        count = (handled - self._acknowledged) % _WRAP
        del self._unacknowledged[:count]
        self._acknowledged = handled
