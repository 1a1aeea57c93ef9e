"""The rules that clauses name, with their arguments: the vocabulary in which a contract is written.

A rule says *what kind of promise* a clause is; its arguments and the item that it stands under say which. Checks of the
conformance package bind to rules, never to clause ids. The words that arguments use stand in
:mod:`testcall_contract.vocabulary`. This module decides nothing about builds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from testcall_contract.vocabulary import (
    BAD_VALUES,
    CAUSES,
    EFFECTS,
    FORMS,
    MOMENTS,
    PAYLOAD_ABOUT,
    RING_AFTER,
    TOKEN_ABOUT,
)

Subject = Literal[
    "operation",
    "settings_object",
    "setting",
    "event",
    "listener",
    "error",
    "constant",
    "type",
    "limit",
    "media",
    "session",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of promise. ``required`` and ``optional`` are argument names; ``family`` is where reports and filters put it.

    A promise of the rule stands under an item of the kind ``subject`` (or one of ``also``; ``anywhere`` under any). A rule to
    which no check is bound yet says in ``needs_test`` what is missing; clauses of it needn't say it again.
    """

    name: str
    subject: Subject
    family: str
    sentence: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    also: tuple[Subject, ...] = ()
    anywhere: bool = False
    needs_test: str | None = None


_TABLE: tuple[Rule, ...] = (
    # operations
    Rule(
        "operation.exists",
        "operation",
        "set-up",
        "The operation is there (`there`: false, it isn't), under its name or under `name`.",
        (),
        ("name", "there"),
    ),
    Rule(
        "operation.delivers_success",
        "operation",
        "shapes",
        "A call that succeeds ends as `delivers.success` says; in `state`, with `value`.",
        (),
        ("value", "how", "state"),
    ),
    Rule(
        "operation.delivers_failure",
        "operation",
        "shapes",
        "A call that fails ends as `delivers.failure` says; `cause` is the condition used to make it fail.",
        (),
        ("cause", "how", "error"),
    ),
    Rule(
        "operation.requires",
        "operation",
        "preconditions",
        "With `condition` the call fails (in any documented way; with `code`, by that code).",
        ("condition",),
        ("code", "fails"),
    ),
    Rule(
        "operation.refuses",
        "operation",
        "preconditions",
        "A bad `parameter` (class `bad`) makes the call fail; with `code`, by that code.",
        ("parameter", "bad"),
        ("code", "fails"),
    ),
    Rule(
        "operation.accepts",
        "operation",
        "preconditions",
        "A call with this `form` of `parameter` succeeds (`accepted`: true) or fails (false).",
        ("parameter", "form"),
        ("accepted",),
    ),
    Rule(
        "operation.effect",
        "operation",
        "effects",
        "A call that succeeds has `effect` (EFFECTS).",
        ("effect",),
        ("value", "within_ms", "state"),
    ),
    Rule(
        "operation.settles",
        "operation",
        "shapes",
        "When the call settles: `after` the effect, or `before` it.",
        ("when",),
        (),
    ),
    Rule(
        "operation.delegates",
        "operation",
        "deprecated",
        "The deprecated operation does what `to` does.",
        ("to",),
        (),
    ),
    # errors
    Rule(
        "error.code",
        "error",
        "error-codes",
        "`operation` fails with this code (one of a list) when the condition holds; it stands `at` that path, or `any` where.",
        ("operation",),
        ("code", "at"),
    ),
    Rule(
        "error.shape",
        "error",
        "error-codes",
        "The error that `operation` delivers for the condition has `shape`.",
        ("operation", "shape"),
        (),
    ),
    Rule(
        "error.passes_through",
        "error",
        "error-codes",
        "A refusal of the service reaches the application with the service's code; with `code`, with that code instead.",
        ("operation",),
        ("shape", "code"),
    ),
    # settings
    Rule(
        "setting.accepts",
        "setting",
        "settings",
        "Each legal value is accepted: the call that takes the settings object succeeds (`accepted`: false, it fails).",
        (),
        ("values", "accepted"),
        also=("settings_object",),
    ),
    Rule(
        "setting.exists",
        "setting",
        "settings",
        "The setting is there (`there`: false, it isn't), under its setter or under `setter`.",
        (),
        ("setter", "there"),
        also=("settings_object",),
    ),
    Rule("setting.default", "setting", "settings", "Left out, the setting behaves as its default.", (), ("default",)),
    Rule("setting.effect", "setting", "settings", "The value has the setting's effect.", (), ("value", "effect")),
    Rule(
        "setting.refuses",
        "setting",
        "settings",
        "A value of class `bad` (or the very `value`) makes the call fail; with `code`, by that code.",
        (),
        ("bad", "value", "code", "fails"),
        also=("settings_object",),
    ),
    Rule(
        "setting.required",
        "setting",
        "settings",
        "Without the setting the call fails; with `code`, by that code.",
        (),
        ("code", "fails"),
    ),
    Rule(
        "setting.getter",
        "setting",
        "settings",
        "The built object's getter returns what was set, and the default when nothing was.",
        (),
        ("default",),
    ),
    Rule(
        "setting.unknown_key",
        "setting",
        "settings",
        "What an unknown key does.",
        (),
        ("accepted",),
        also=("settings_object",),
    ),
    # events
    Rule(
        "event.fires",
        "event",
        "events",
        "On `cause` the event fires (with `times`, exactly so often; with 0, it doesn't).",
        ("cause",),
        ("times", "who"),
    ),
    Rule("event.silent", "event", "events", "On `cause` the event doesn't fire.", ("cause",), ()),
    Rule(
        "event.payload",
        "event",
        "events",
        "On `cause` the callback's arguments have the shapes of `payload`.",
        ("cause",),
        ("shape", "argument", "about"),
    ),
    Rule(
        "event.order",
        "event",
        "events",
        "On `cause` the event comes `before` (or `after`) the other event.",
        ("cause",),
        ("before", "after"),
    ),
    # listeners
    Rule(
        "listener.adds_up",
        "listener",
        "listeners",
        "Several listeners are all called (`order`: in the order of their registration).",
        (),
        ("order",),
    ),
    Rule(
        "listener.replaces",
        "listener",
        "listeners",
        "A listener under an id in use replaces the earlier one.",
        (),
        ("replaces",),
    ),
    Rule("listener.removes", "listener", "listeners", "A removed listener isn't called any more; the others are."),
    Rule(
        "listener.unsubscribes", "listener", "listeners", "The function that registration returns removes the listener."
    ),
    Rule("listener.aborts", "listener", "listeners", "Aborting the signal removes the listener."),
    Rule("listener.optional_callbacks", "listener", "listeners", "A listener with some callbacks only is accepted."),
    Rule(
        "listener.survives",
        "listener",
        "listeners",
        "A listener is still called after `cause`.",
        ("cause",),
        ("survives",),
    ),
    Rule(
        "listener.throws",
        "listener",
        "listeners",
        "A callback that throws doesn't keep other callbacks from being called.",
    ),
    Rule(
        "listener.when",
        "listener",
        "listeners",
        "Registration works `when` (before_init, before_join, after_join).",
        ("when",),
        ("works",),
    ),
    # constants, types, limits
    Rule("constant.value", "constant", "surface", "The constant has this value.", (), ("value",)),
    Rule(
        "type.shape",
        "type",
        "surface",
        "A value of the type, delivered by `operation` or `event`, has its shape.",
        (),
        ("operation", "event", "cause"),
    ),
    Rule(
        "type.getter",
        "type",
        "surface",
        "On a value of the type, delivered by `operation`, the method `getter` returns a value of `shape`.",
        ("getter", "shape"),
        ("operation",),
    ),
    Rule(
        "surface.exists",
        "constant",
        "surface",
        "What `path` leads to from a global is there, with its `members` (`exists`: false, it isn't).",
        ("path",),
        ("exists", "members"),
        anywhere=True,
    ),
    Rule(
        "surface.css_class",
        "setting",
        "user-interface",
        "While joined (and `when`), the interface has a visible element of the class `class`.",
        ("class",),
        ("when",),
        also=("settings_object",),
    ),
    Rule(
        "control.effect",
        "operation",
        "user-interface",
        "Pressing the built-in control `control` has `effect` (EFFECTS); it is there after `cause`.",
        ("control", "effect"),
        ("cause",),
        also=("setting",),
    ),
    Rule("limit.value", "limit", "limits", "The documented number.", needs_test="a scene at the edge of a limit"),
    # session and media
    Rule(
        "session.token",
        "session",
        "tokens",
        "What a call token is good for: `scope` session or user, `use` repeated, early.",
        ("about",),
        ("accepted", "value"),
    ),
    Rule("session.single", "session", "session", "A second join while a session is active.", (), ("accepted",)),
    Rule("session.rejoin", "session", "session", "After leaving, the same page joins again."),
    Rule(
        "session.isolated",
        "session",
        "session",
        "Nothing of one session reaches another.",
    ),
    Rule(
        "session.role",
        "session",
        "session",
        "The role's rights.",
        ("about",),
        ("accepted",),
    ),
    Rule(
        "media.sends",
        "media",
        "media",
        "While joined, a peer decodes this `media` (audio, video) of the build.",
        ("media",),
        ("when",),
    ),
    Rule(
        "media.sends_none",
        "media",
        "media",
        "Under `when`, no peer gets this `media` from the build.",
        ("media", "when"),
        (),
    ),
    Rule(
        "media.renders",
        "media",
        "media",
        "The build decodes and renders this `media` of a peer.",
        ("media",),
        ("when",),
    ),
    Rule(
        "media.stops",
        "media",
        "media",
        "After `cause`, the `media` of the build stops (silence; no frames) within `within_ms`.",
        ("media", "cause"),
        ("within_ms",),
    ),
    Rule(
        "media.resumes",
        "media",
        "media",
        "After `cause`, the `media` of the build is back within `within_ms`.",
        ("media", "cause"),
        ("within_ms",),
    ),
    Rule(
        "media.timing",
        "media",
        "media-timing",
        "A media timing clause of media/timing.yaml.",
        ("metric",),
        ("statistic", "operator", "number", "unit", "from", "to"),
        needs_test="a calibrated measure of media timing",
    ),
    # ringing, REST
    Rule(
        "ringing.status",
        "session",
        "ringing",
        "A transition of a ringing call is carried out, or refused (`accepted`: false; by `code`).",
        ("from", "action"),
        ("to", "accepted", "actor", "code"),
    ),
    Rule(
        "ringing.timeout",
        "limit",
        "ringing",
        "A call that nobody answers is given up after `seconds` (`given`: those of the call; `after`: what happened before).",
        (),
        ("seconds", "given", "after"),
        also=("operation", "session"),
    ),
    Rule(
        "rest.answers",
        "operation",
        "rest",
        "The endpoint answers in the documented shape; with `query`, as these parameters ask.",
        (),
        ("status", "shape", "query"),
        needs_test="a driver for REST endpoints",
    ),
    Rule(
        "rest.refuses",
        "operation",
        "rest",
        "The endpoint refuses with the documented code.",
        ("condition",),
        ("code", "status"),
        needs_test="a driver for REST endpoints",
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _TABLE}
"""All rules, by name."""


_WORDS: dict[tuple[str, str], dict[str, str]] = {
    ("event.payload", "about"): PAYLOAD_ABOUT,
    ("session.token", "about"): TOKEN_ABOUT,
    ("listener.when", "when"): MOMENTS,
    ("ringing.timeout", "after"): RING_AFTER,
}
"""Rule and argument → the words that it takes, where they are the rule's own."""


def argument_errors(name: str, args: dict[str, object]) -> list[str]:
    """What is wrong with the arguments ``args`` of rule ``name``: unknown rule, missing or unknown arguments or words."""
    rule = RULES.get(name)
    if rule is None:
        return [f"unknown rule {name!r}; the rules are in testcall_contract/rules.py"]
    errors = [f"rule {name} needs the argument {argument!r}" for argument in rule.required if argument not in args]
    known = {*rule.required, *rule.optional}
    errors += [
        f"rule {name} takes no argument {argument!r}; it takes {', '.join(sorted(known)) or 'none'}"
        for argument in args
        if argument not in known
    ]
    own = [(argument, words) for (rule_name, argument), words in _WORDS.items() if rule_name == name]
    for argument, words in (("cause", CAUSES), ("effect", EFFECTS), ("bad", BAD_VALUES), ("form", FORMS), *own):
        value = args.get(argument)
        if name == "operation.delivers_failure" and argument == "cause":
            continue
        if isinstance(value, str) and value not in words:
            errors.append(f"unknown {argument} {value!r}; known: {', '.join(words)}")
    return errors
