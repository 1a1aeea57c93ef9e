"""The diagrams of the session machine as SVG, made from its table.

States stand in one row. An arrow leaves at the top and runs to the right, or leaves at the bottom and runs to the left; each has
a lane of its own, the nearer its ends the nearer the lane, so that no two arrows lie on one another. What triggers an arrow
stands on its lane; what stands in brackets is no stimulus: the machine moves by itself while that holds.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from xml.sax.saxutils import escape

from testcall_contract.machine import CONSEQUENCES, TRANSITIONS, Machine, Transition

STATE_WIDTH, STATE_HEIGHT, GAP, PORT, LINE, MARGIN = 150, 44, 150, 14, 15, 16
"""Measures in px: of a state, the space between two, between the ends of arrows at one, of a line of text, around everything."""
CHARACTER = 6.6
"""Px that a letter takes, at most, in the font of the labels."""

_STYLE = (
    ":root{--ink:#1f2328;--soft:#59636e;--box:#f6f8fa;--paper:#fff}"
    "@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--soft:#9198a1;--box:#151b23;--paper:#0d1117}}"
    "text{font:12px ui-sans-serif,system-ui,sans-serif;fill:var(--ink);text-anchor:middle;"
    "paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}"
    ".soft{fill:var(--soft);font-style:italic}.state{font-weight:600;font-size:13px;stroke:var(--box)}"
    "rect{fill:var(--box);stroke:var(--ink)}.paper{fill:var(--paper);stroke:none}"
    "path{fill:none;stroke:var(--soft)}marker path{fill:var(--soft)}.start{fill:var(--ink)}"
)


@dataclass(frozen=True)
class Arrow:
    """An arrow from one state to another (counted from 0), with its stimuli and what moves the machine by itself."""

    source: int
    target: int
    stimuli: tuple[str, ...]
    by_itself: tuple[str, ...]

    @property
    def above(self) -> bool:
        """Whether it runs above the states: to the right, or back to its own state."""
        return self.source <= self.target

    @property
    def width(self) -> float:
        """How much room its label has, in px."""
        return max(abs(self.target - self.source), 1) * (STATE_WIDTH + GAP) - 2 * PORT

    def lines(self) -> list[tuple[str, bool]]:
        """The lines of its label; True for those about what moves the machine by itself."""
        letters = int(self.width / CHARACTER)
        told = [(", ".join(self.stimuli), False), *((f"({one})", True) for one in self.by_itself)]
        return [(line, soft) for text, soft in told if text for line in textwrap.wrap(text, letters)]


def arrows(machine: Machine, words: dict[str, str]) -> list[Arrow]:
    """The arrows of a machine, those between the same two states as one; ``words`` says what a consequence's condition means."""
    found: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for row in TRANSITIONS:
        if row.machine == machine.name:
            found.setdefault((row.source, row.target), ([], []))[0].append(stimulus_of(row))
    for rule in CONSEQUENCES:
        if rule.machine == machine.name:
            for source in rule.sources:
                found.setdefault((source, rule.target), ([], []))[1].append(words[rule.holds])
    index = machine.states.index
    return [
        Arrow(index(source), index(target), tuple(dict.fromkeys(stimuli)), tuple(dict.fromkeys(by_itself)))
        for (source, target), (stimuli, by_itself) in found.items()
    ]


def stimulus_of(row: Transition) -> str:
    """The stimulus of a row, and whose machine moves where it isn't the actor's."""
    return row.stimulus + {"target": " (at the target)", "others": " (by another)"}.get(row.whose, "")


def svg(machine: Machine, words: dict[str, str]) -> str:
    """A machine as an SVG document."""
    drawn = arrows(machine, words)
    lanes = {True: _lanes([a for a in drawn if a.above]), False: _lanes([a for a in drawn if not a.above])}
    top = MARGIN + sum(_height(arrow) for arrow in lanes[True])
    bottom = top + STATE_HEIGHT + sum(_height(arrow) for arrow in lanes[False])
    width = 2 * MARGIN + len(machine.states) * (STATE_WIDTH + GAP)
    ports = _ports(drawn)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + MARGIN}" width="{width}" role="img">',
        f"<title>{escape(machine.name)}: {escape(machine.about)}</title><style>{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker></defs>',
        f'<rect class="paper" width="{width}" height="{bottom + MARGIN}"/>',
    ]
    labels: list[str] = []
    for above in (True, False):
        edge, away = (top, 0) if above else (top + STATE_HEIGHT, 0)
        for arrow in lanes[above]:
            away += _height(arrow)
            lane = edge - away + LINE * len(arrow.lines()) + 6 if above else edge + away - 4
            parts.append(_line(ports[arrow], edge, lane))
            labels += _label(arrow, ports[arrow], lane)
    parts += labels  # after the lines, so that none runs through a word
    parts += [part for number, state in enumerate(machine.states) for part in _state(number, state, top, machine)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lanes(of_side: list[Arrow]) -> list[Arrow]:
    """The arrows of a side from the nearest lane to the farthest."""
    return sorted(of_side, key=lambda arrow: (abs(arrow.target - arrow.source), arrow.source, arrow.target))


def _height(arrow: Arrow) -> int:
    return LINE * len(arrow.lines()) + 20


def _left(number: int) -> int:
    return MARGIN + GAP // 2 + number * (STATE_WIDTH + GAP)


def _ports(drawn: list[Arrow]) -> dict[Arrow, tuple[float, float]]:
    """Where each arrow leaves its state and where it arrives, so that none shares a place."""
    ends: dict[tuple[int, bool], list[tuple[int, Arrow, bool]]] = {}
    for arrow in drawn:
        for state, other, leaves in ((arrow.source, arrow.target, True), (arrow.target, arrow.source, False)):
            ends.setdefault((state, arrow.above), []).append((other, arrow, leaves))
    places: dict[tuple[Arrow, bool], float] = {}
    for (state, _), at_state in ends.items():
        at_state.sort(key=lambda end: (end[0], end[2]))
        begin = _left(state) + (STATE_WIDTH - PORT * (len(at_state) - 1)) / 2
        for position, (_, arrow, leaves) in enumerate(at_state):
            places[arrow, leaves] = begin + PORT * position
    return {arrow: (places[arrow, True], places[arrow, False]) for arrow in drawn}


def _line(ports: tuple[float, float], edge: float, lane: float) -> str:
    leaves, arrives = ports
    return f'<path d="M{leaves:g} {edge:g}V{lane:g}H{arrives:g}V{edge:g}" marker-end="url(#tip)"/>'


def _label(arrow: Arrow, ports: tuple[float, float], lane: float) -> list[str]:
    lines, middle = arrow.lines(), sum(ports) / 2
    first = lane - 5 - LINE * (len(lines) - 1)
    kinds = [' class="soft"' if soft else "" for _, soft in lines]
    return [
        f'<text x="{middle:g}" y="{first + LINE * number:g}"{kinds[number]}>{escape(line)}</text>'
        for number, (line, _) in enumerate(lines)
    ]


def _state(number: int, state: str, top: float, machine: Machine) -> list[str]:
    left, middle = _left(number), top + STATE_HEIGHT / 2
    parts = [f'<rect x="{left}" y="{top:g}" width="{STATE_WIDTH}" height="{STATE_HEIGHT}" rx="8"/>']
    if state in machine.final:
        parts.append(
            f'<rect x="{left + 3}" y="{top + 3:g}" width="{STATE_WIDTH - 6}" height="{STATE_HEIGHT - 6}" rx="6"/>'
        )
    parts.append(f'<text class="state" x="{left + STATE_WIDTH / 2:g}" y="{middle + 5:g}">{escape(state)}</text>')
    if state == machine.initial:
        parts.append(f'<circle class="start" cx="{left - 30}" cy="{middle:g}" r="5"/>')
        parts.append(f'<path d="M{left - 25} {middle:g}H{left}" marker-end="url(#tip)"/>')
    return parts
