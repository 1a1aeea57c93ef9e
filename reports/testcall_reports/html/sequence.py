"""A sequence diagram as plain SVG: a lifeline for each party, a row for each moment, time going down.

Colours come from the page's style sheet by class names, so that one drawing serves light, dark and print. Every text is
escaped here, since the result goes into the page as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from testcall_reports.html.timeline import SERVICE, Moment, lanes_of

ROW = 30
HEAD = 44
GUTTER = 76
LEFT = 70
RIGHT = 180
PAGE = 1020
"""Pixels: room left of the first lifeline, right of the last (notes stand there), and of a page on a wide screen."""

MAX_ROWS = 48
MAX_LANES = 7
_CHAR = 6.3
"""Width of a character of the 11.5 px label font, measured on the widest of the system fonts; labels are cut by it."""

_DASHED = frozenset({"outcome", "callback"})


def sequence_svg(moments: Sequence[Moment], title: str) -> Markup:
    """The drawing of ``moments``, or nothing when there are none or more parties than a page is wide."""
    shown = [moment for moment in moments if moment.kind not in ("instrument", "log")]
    lanes = lanes_of(shown)
    if not shown or not 1 <= len(lanes) <= MAX_LANES:
        return Markup("")
    left_out = max(0, len(shown) - MAX_ROWS)
    if left_out:  # the end is where it went wrong
        shown = shown[left_out:]
    gap = min(300, max(150, (PAGE - GUTTER - LEFT - RIGHT) // max(1, len(lanes) - 1)))
    x = {lane: GUTTER + LEFT + index * gap for index, lane in enumerate(lanes)}
    width = GUTTER + LEFT + gap * (len(lanes) - 1) + RIGHT
    top = HEAD + (20 if left_out else 0)
    height = top + ROW * len(shown) + 14
    parts = [_lane(lane, x[lane], height, gap) for lane in lanes]
    if left_out:
        parts.append(_text(GUTTER, HEAD + 12, f"{left_out} earlier events are in the list below", "sq-note", "start"))
    for index, moment in enumerate(shown):
        parts.append(_row(moment, x, top + ROW * index, width))
    label = escape(f"Sequence diagram: {title}")
    return Markup(
        '<svg class="sq" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}" '
        'xmlns="http://www.w3.org/2000/svg">{}</svg>'
    ).format(label, width, height, width, height, Markup("").join(parts))


def _lane(name: str, x: int, height: int, gap: int) -> Markup:
    box = min(gap - 24, 132)
    line = Markup('<line class="sq-life" x1="{0}" y1="34" x2="{0}" y2="{1}"/>').format(x, height - 4)
    frame = Markup('<rect class="sq-head{}" x="{}" y="8" width="{}" height="26" rx="6"/>').format(
        " sq-service" if name == SERVICE else "", x - box // 2, box
    )
    return line + frame + _text(x, 25, _fit(name, box - 12), "sq-name", "middle")


def _row(moment: Moment, x: dict[str, int], top: int, width: int) -> Markup:
    y = top + ROW - 9
    parts: list[Markup] = []
    if moment.mark:
        parts.append(
            Markup('<rect class="sq-mark" x="0" y="{}" width="{}" height="{}" rx="4"/>').format(top, width, ROW)
        )
    if moment.mark != "absent":
        parts.append(_text(GUTTER - 14, y + 1, moment.when, "sq-time", "end"))
    style = f"sq-{moment.channel or moment.kind}"
    if moment.to and moment.to != moment.source:
        parts.append(_arrow(moment, x[moment.source], x[moment.to], y, style))
    else:
        parts.append(
            _note(moment, x[moment.source], y, (x[moment.source] - GUTTER, width - x[moment.source] - 14), style)
        )
    return Markup("").join(parts)


def _arrow(moment: Moment, start: int, end: int, y: int, style: str) -> Markup:
    sign = 1 if end > start else -1
    tip = end - sign * 1
    dash = " sq-dash" if moment.kind in _DASHED else ""
    line = Markup('<line class="sq-line {}{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
        style, dash, start, y, tip - sign * 6, y
    )
    head = Markup('<path class="sq-tip {}" d="M{} {}l{} -4v8z"/>').format(style, tip, y, -sign * 8)
    label = _fit(moment.label, abs(end - start) - 20)
    return line + head + _text((start + end) // 2, y - 6, label, "sq-label", "middle", full=moment.label)


def _note(moment: Moment, x: int, y: int, room: tuple[int, int], style: str) -> Markup:
    """A dot on a lifeline; its text stands on the side that has more of the ``room`` (left, right)."""
    dot = Markup('<circle class="sq-dot {}{}" cx="{}" cy="{}" r="4"/>').format(
        style, " sq-hollow" if moment.mark == "absent" else "", x, y - 3
    )
    left, right = room
    if right >= min(190, left):
        return dot + _text(x + 11, y + 1, _fit(moment.label, right), "sq-label", "start", full=moment.label)
    return dot + _text(x - 11, y + 1, _fit(moment.label, left), "sq-label", "end", full=moment.label)


def _text(x: float, y: float, text: str, style: str, anchor: str, *, full: str = "") -> Markup:
    title = Markup("<title>{}</title>").format(full) if full and full != text else Markup("")
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}{}</text>').format(
        style, x, y, anchor, title, text
    )


def _fit(text: str, width: float) -> str:
    """As much of ``text`` as fits into ``width`` pixels."""
    room = max(4, int(width / _CHAR))
    line = " ".join(text.split())
    return line if len(line) <= room else f"{line[: room - 1]}…"
