"""Evidence as a list of moments: who did what, to whom, how many milliseconds after the first.

The same moments are drawn by :mod:`testcall_reports.html.sequence` and listed by the template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from testcall_reports.html.payload import clip, pretty, pretty_json, shorten, stanza_label, visible
from testcall_reports.record import Divergence, EventLine

SUITE = "test"
SERVICE = "service"
_SERVICE_ACTORS = frozenset({"", "service", "simulator", "server"})

_CHANNELS = frozenset({"http", "xmpp", "chat", "datachannel", "service"})
"""The channels of a wire; anything else a record says is shown as a wire, since names become class names of the page."""

Mark = Literal["", "divergence", "absent"]


@dataclass(frozen=True)
class Moment:
    """One event. ``at_ms`` since the first; ``to`` is empty for what has no receiver; ``payload`` may be empty."""

    seq: int
    at_ms: float
    kind: str
    channel: str
    source: str
    to: str
    label: str
    payload: str
    mark: Mark = ""

    @property
    def when(self) -> str:
        """The time in words."""
        return clock_text(self.at_ms)


def clock_text(ms: float) -> str:
    """Milliseconds as a person writes them: ``12.4 ms``, ``812 ms``, ``4.81 s``."""
    if abs(ms) < 100:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if abs(ms) < 10_000 else f"{ms / 1000:.2f} s"


def span_text(seconds: float) -> str:
    """The length of a run: ``4.2 s``, ``11 min 41 s``, ``2 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def moments_of(
    events: Sequence[EventLine], divergence: Divergence | None = None, *, payload_limit: int = 4000, limit: int = 400
) -> list[Moment]:
    """The moments of ``events``, the divergence marked; of more than ``limit``, the first quarter and the last three."""
    if not events:
        return []
    start = min(event.at_ns for event in events)
    kept = list(events)
    if len(kept) > limit:
        head = limit // 4
        kept = kept[:head] + kept[len(kept) - (limit - head) :]
    moments: list[Moment] = []
    for event in kept:
        mark: Mark = "divergence" if divergence and divergence.seq == event.seq and not divergence.absent else ""
        moments.append(_moment(event, start, mark, payload_limit))
        if divergence and divergence.absent and divergence.seq == event.seq:
            moments.append(_absence(moments, divergence))
    return moments


def lanes_of(moments: Sequence[Moment]) -> list[str]:
    """Who takes part, from left to right: the test, the first participant, the service, the others."""
    named = dict.fromkeys(name for moment in moments for name in (moment.source, moment.to) if name)
    others = [name for name in named if name not in (SUITE, SERVICE)]
    first = [SUITE] if SUITE in named else []
    service = [SERVICE] if SERVICE in named else []
    return [*first, *others[:1], *service, *others[1:]]


def _moment(event: EventLine, start: int, mark: Mark, payload_limit: int) -> Moment:
    kind = str(getattr(event, "kind", ""))
    said = event.data.get("channel") if kind == "wire" else ""
    channel = said if isinstance(said, str) and said in _CHANNELS else ""
    source, to = _ends(event, kind, channel)
    return Moment(
        seq=event.seq,
        at_ms=(event.at_ns - start) / 1e6,
        kind=kind,
        channel=channel,
        source=_named(source),
        to=_named(to) if to else "",
        label=visible(clip(_label(event, kind, channel), 200)),
        payload=visible(shorten(_payload(event, kind), payload_limit)) if payload_limit else "",
        mark=mark,
    )


def _named(party: str) -> str:
    """The name of a party on its lifeline; one made of blanks has another."""
    return visible(clip(party, 60)) or "unnamed"


def _absence(before: Sequence[Moment], divergence: Divergence) -> Moment:
    """What did not come, shown where it should have come from: the participant who spoke last."""
    spoke = [moment.source for moment in before if moment.kind in ("outcome", "callback")]
    asked = [moment.to for moment in before if moment.kind == "step"]
    return Moment(
        seq=before[-1].seq,
        at_ms=before[-1].at_ms,
        kind="absent",
        channel="",
        source=[before[-1].source, *asked, *spoke][-1],
        to="",
        label=f"{visible(clip(divergence.expected or 'what was expected', 200))} did not come",
        payload="",
        mark="absent",
    )


def _ends(event: EventLine, kind: str, channel: str) -> tuple[str, str]:
    """From whom, to whom. On a wire the party is whom the service knows by that socket; else the actor."""
    actor = event.actor or "build"
    if kind == "step":
        return SUITE, actor
    if kind in ("outcome", "callback"):
        return actor, SUITE
    if kind == "media":
        sender = _text(event.data, "occupant")
        return (sender, actor) if event.name == "received" and sender and sender != actor else (actor, "")
    if kind != "wire":
        return actor, ""
    party = _text(event.data, "uid") or _text(event.data, "occupant")
    party = party or ("" if event.actor in _SERVICE_ACTORS else event.actor) or "build"
    if channel == "service":
        return SERVICE, ""
    return (SERVICE, party) if event.data.get("direction") == "out" else (party, SERVICE)


def _label(event: EventLine, kind: str, channel: str) -> str:
    data = event.data
    if kind == "wire" and channel == "http":
        path = str(data.get("url", "")).split("://", 1)[-1]
        path = path[path.find("/") :] if "/" in path else path
        status = data.get("status", "?")
        return f"{data.get('method', '')} {path} → {status or 'no answer'}"
    if kind == "wire" and channel == "service":
        facts = " ".join(str(data[key]) for key in ("status", "uid", "kind") if data.get(key)) or _text(
            data, "occupant"
        )
        reason = f" ({data['reason']})" if data.get("reason") else ""
        return f"{event.name.replace('_', ' ')} {facts}".strip() + reason
    if kind == "wire" and channel == "xmpp" and isinstance(data.get("stanza"), str):
        return stanza_label(event.name, data["stanza"][:4000])
    if kind == "wire" and channel == "chat":
        return _frame_label(event.name, data.get("frame"))
    if kind == "media":
        measured = [str(data.get("media", "media")), event.name]
        measured += [
            f"{data[key]} {unit}"
            for key, unit in (("frames", "frames"), ("level_dbov", "dBov"))
            if data.get(key) is not None
        ]
        return " ".join(measured)
    if kind == "outcome":
        ended = str(data.get("ended") or event.name)
        code = _text(data.get("error", {}).get("own", {}), "code") if _is_error(data) else ""
        return f"{ended} {code}".strip()
    if kind in ("step", "callback") and "arguments" in data:
        arguments = data["arguments"]
        inner = ", ".join(clip(pretty_json(one), 48) for one in arguments) if isinstance(arguments, list) else "…"
        called = data.get("operation") or data.get("name") or event.name  # the dialect's own name, where it was traced
        return f"{called}({inner})"
    return event.name


def _frame_label(name: str, frame: Any) -> str:
    """A frame of the ringing service in a few words: what became of which call and by whom; the code of an answer."""
    body = frame.get("body") if isinstance(frame, Mapping) else None
    if not isinstance(body, Mapping):
        return name
    call = body.get("data")
    if isinstance(call, Mapping) and call.get("action"):
        kind, by = _text(body, "type"), _text(body, "sender")
        return f"{kind} call {_text(call, 'action')}".strip() + (f" by {by}" if by else "")
    return f"{name} {_text(body, 'code')}".strip()


def _payload(event: EventLine, kind: str) -> str:
    if kind in ("step", "callback") and event.data.get("arguments") == [] and len(event.data) == 1:
        return ""
    return pretty(event.data)


def _is_error(data: Mapping[str, Any]) -> bool:
    error = data.get("error")
    return isinstance(error, Mapping) and isinstance(error.get("own"), Mapping)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else "" if value is None else str(value)
