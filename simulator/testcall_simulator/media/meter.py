"""Media events of the trace: per source and second, what was received or sent. Counted, never decoded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from testcall_contract.trace import Trace
from testcall_simulator.media.encoding import VIDEO_CLOCKRATE
from testcall_simulator.media.forwarder import ForwardedSource
from testcall_simulator.media.leg import Leg
from testcall_simulator.media.publisher import Publisher, Stream
from testcall_simulator.media.reception import ReceptionStatistics
from testcall_simulator.media.sources import SILENCE_DBOV


@dataclass(slots=True)
class _Count:
    frames: int = 0
    packets: int = 0
    quiet: bool = True
    levels: int = 0
    power: float = 0.0


class Meter:
    """Writes an event for every source that sent in the last window, and one with 0 frames when it has stopped."""

    def __init__(self, session_id: str, trace: Trace, window_s: float) -> None:
        self._session_id = session_id
        self._trace = trace
        self._window_s = window_s
        self._counts: dict[tuple[str, str], _Count] = {}
        self._levels: dict[str, float] = {}

    def measure(self, legs: Iterable[Leg], publishers: Iterable[Publisher]) -> dict[str, float]:
        """Write the events of the window that ends now; the audio levels in dBov of those who tell them, by nick."""
        self._levels.clear()
        for leg in legs:
            for forwarded in leg.sources.values():
                self._received(leg, forwarded)
        for publisher in publishers:
            for stream in publisher.streams:
                self._write("sent", publisher, stream.source.name, stream, publisher.describe(stream))
        return dict(self._levels)

    def _received(self, leg: Leg, forwarded: ForwardedSource) -> None:
        statistics = forwarded.active_reception
        if statistics is None:
            return
        details: dict[str, Any] = {"jitter_ms": round(1000 * statistics.jitter / statistics.clockrate, 2)}
        if statistics.width:
            details.update(width=statistics.width, height=statistics.height)
        before = self._counts.get((leg.nick, forwarded.source.name), _Count())
        levels = statistics.levels - before.levels
        if levels > 0:
            power = (statistics.power - before.power) / levels
            details["level_dbov"] = round(10 * math.log10(power), 1) if power > 0 else SILENCE_DBOV
        self._write("received", leg, forwarded.source.name, statistics, details)

    def _write(
        self,
        name: str,
        occupant: Leg | Publisher,
        source: str,
        now: Stream | ReceptionStatistics,
        details: dict[str, Any],
    ) -> None:
        before = self._counts.setdefault((occupant.nick, source), _Count())
        frames, packets = now.frames - before.frames, now.packets - before.packets
        if frames < 0:  # another layer is forwarded now: its own counters
            frames, packets = 0, 0
        quiet = packets == 0
        if "level_dbov" in details and not quiet:
            self._levels[occupant.nick] = details["level_dbov"]
        if not (quiet and before.quiet):
            media = "video" if now.clockrate == VIDEO_CLOCKRATE else "audio"
            if media == "video":
                details["fps"] = round(frames / self._window_s, 1)
            self._trace.add(
                "media",
                "service",
                name,
                session=self._session_id,
                occupant=occupant.nick,
                uid=occupant.uid,
                media=media,
                source=source,
                frames=frames,
                packets=packets,
                window_s=self._window_s,
                **details,
            )
        told = (now.levels, now.power) if isinstance(now, ReceptionStatistics) else (0, 0.0)
        self._counts[occupant.nick, source] = _Count(now.frames, now.packets, quiet, *told)

    def forget(self, nick: str) -> None:
        """Drop the counters of an occupant that is gone."""
        for key in [key for key in self._counts if key[0] == nick]:
            del self._counts[key]

    def flush(self) -> None:
        """Forget everything."""
        self._counts.clear()
