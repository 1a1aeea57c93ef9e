"""The page about the session machine, made from its table: diagrams (SVG and Mermaid) and the same as text.

``python -m testcall_contract.machine_page docs/session-machine.md`` writes it, and the diagrams into the folder of that name; a
test holds that what is published is current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from testcall_contract.machine import (
    CONDITIONS,
    CONSEQUENCES,
    FAILURE_CAUSES,
    MACHINES,
    TRANSITIONS,
    Consequence,
    Ground,
    Machine,
    Transition,
)
from testcall_contract.machine_svg import stimulus_of, svg

_INTRODUCTION = """\
# The session machine

Made from the table in `contract/testcall_contract/machine.py`; write it anew with
`python -m testcall_contract.machine_page docs/session-machine.md`.

A session is several small machines that run side by side. Each participant has ten, the session has three, and before it a call
may ring. A *stimulus* is a call of an operation, something that a person or the service does, or time that passes. What stands in
brackets on an arrow is no stimulus: the machine moves by itself while that holds of another one.

The machine knows no dialect. A transition is a *cause* of events, at oneself and at the others in the session; which events those
are, how the call ends, and by which clause, a contract says. *Stands on* tells by which rule a clause names the transition.
"""

_GUARDS = {
    "ready": "the SDK is prepared",
    "in_session": "in the session, not as a viewer, connected",
    "joined": "in the session, connected",
    "alone": "nobody else is there",
    "company": "somebody else is there",
    "one_other": "one other is there",
    "more_others": "more others are there",
    "one_other_stays": "one other is there, and it is no peer call",
    "more_others_stay": "more others are there, and it is no peer call",
    "peer_call": "others are there, and it is a peer call",
    "prompted": "the prompt is shown",
    "caller": "who calls",
    "callee": "who is called",
    "party": "who calls or is called",
}
_HOLDS = {
    "gone": "not in the session",
    "present_alone": "in the session, nobody else is",
    "present_with_others": "in the session, others are",
    "present_as_viewer": "joined as a viewer",
    "present_as_presenter": "joined as a presenter",
    "present_plainly": "joined as neither",
    "joins_muted": "joined with the microphone muted",
    "joins_heard": "joined with the microphone open",
    "joins_paused": "joined with the camera paused",
    "joins_seen": "joined with the camera on",
    "nobody_left": "nobody is in the session",
}


def page() -> str:
    """The page as Markdown."""
    parts = [_INTRODUCTION]
    for machine in MACHINES.values():
        drawn = f"![{machine.name}: {machine.about}](session-machine/{machine.name}.svg)"
        parts.append(
            f"## {machine.name.capitalize()}\n\n{machine.about}\n\n{drawn}\n\n{diagram(machine)}\n\n{table(machine)}"
        )
    parts.append(f"## What stands in the way of a call\n\n{_conditions()}")
    parts.append(f"## What a failed call is a cause of\n\n{_failures()}")
    return "\n".join(part.rstrip() + "\n" for part in parts)


def diagrams() -> dict[str, str]:
    """File name → SVG, for each machine."""
    return {f"{machine.name}.svg": svg(machine, _HOLDS) for machine in MACHINES.values()}


def diagram(machine: Machine) -> str:
    """A machine as a Mermaid state diagram; arrows between the same two states are one, with all their words."""
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR", f"    [*] --> {machine.initial}"]
    words: dict[tuple[str, str], list[str]] = {}
    for row in _rows(machine):
        words.setdefault((row.source, row.target), []).append(stimulus_of(row))
    for rule in _rules(machine):
        for source in rule.sources:
            words.setdefault((source, rule.target), []).append(f"({_HOLDS[rule.holds]})")
    for (source, target), labels in words.items():
        lines.append(f"    {source} --> {target}: {'<br>'.join(dict.fromkeys(labels))}")
    lines += [f"    {state} --> [*]" for state in machine.states if state in machine.final and machine.name == "call"]
    return "\n".join([*lines, "```"])


def _rows(machine: Machine) -> list[Transition]:
    return [row for row in TRANSITIONS if row.machine == machine.name]


def _rules(machine: Machine) -> list[Consequence]:
    return [rule for rule in CONSEQUENCES if rule.machine == machine.name]


def table(machine: Machine) -> str:
    """A machine as a table of its transitions."""
    lines = [
        "| from | stimulus | if | to | cause at oneself | at the others | stands on |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in _rows(machine):
        own, others = ("" if not words else "`" + "`, `".join(words) + "`" for words in (row.own, row.others))
        when = _GUARDS.get(row.when, "")
        ground = "; ".join(dict.fromkeys(_ground(one) for one in row.stands_on))
        ground = "; ".join(part for part in (ground, f"assumed: {row.assumed}" if row.assumed else "") if part)
        optional = " (only if a clause says so)" if row.optional else ""
        lines.append(
            f"| {row.source} | {stimulus_of(row)}{optional} | {when} | {row.target} | {own} | {others} | {ground} |"
        )
    for rule in _rules(machine):
        lines.append(f"| {', '.join(rule.sources)} | by itself | {_HOLDS[rule.holds]} | {rule.target} | | | |")
    return "\n".join(lines)


def _ground(ground: Ground) -> str:
    args = ", ".join(f"{name}: {value}" for name, value in ground.args)
    return f"{ground.rule}{f' of {ground.concept}' if ground.concept else ''}{f' ({args})' if args else ''}"


def _conditions() -> str:
    says = {
        "sdk_not_initialized": "lifecycle is uninitialized",
        "already_initialized": "lifecycle is ready",
        "not_logged_in": "account is logged_out",
        "no_user_logged_in": "account is logged_out",
        "already_logged_in": "account is logged_in",
        "no_session": "presence is absent",
        "session_active": "presence is not absent",
    }
    lines = ["| condition | holds while |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| `{name}` | {says[name]} |" for name in CONDITIONS)])


def _failures() -> str:
    lines = ["| operation | condition | cause |", "| --- | --- | --- |"]
    for (operation, condition), cause in FAILURE_CAUSES.items():
        lines.append(f"| `{operation}` | {f'`{condition}`' if condition else 'any'} | `{cause}` |")
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(page(), encoding="utf-8")
    target.with_suffix("").mkdir(exist_ok=True)
    for name, drawing in diagrams().items():
        (target.with_suffix("") / name).write_text(drawing, encoding="utf-8")
