"""What can be wrong in clauses, conflicts and silences: rules, arguments, sources, levels, alternatives, missing checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, get_args

from testcall_contract.models import Operation, Outcome, Setting, SettingsObject
from testcall_contract.promises import Promise
from testcall_contract.rules import RULES, argument_errors
from testcall_contract.speccheck_base import Case, Finding, Location, known, location_of
from testcall_contract.speccheck_items import effect_argument_findings
from testcall_contract.vocabulary import EFFECTS

PromiseCheck = Callable[[Case], Iterator[Finding]]

_KINDS_OF_BASIS = {
    "documented": ("page", "skill", "changelog", "sample", "rest"),
    "declared": ("types",),
    "standard": ("standard",),
    "observed": ("run",),
}
"""Basis → the kinds of source on which a clause of it stands; an assumed clause stands on none in particular."""


def rules(case: Case) -> Iterator[Finding]:
    """The rule is known, its arguments and their words are, and it fits the item under which it stands."""
    for promise in case.promises:
        place = location_of(promise)
        rule = RULES.get(promise.rule)
        if rule is None:
            yield Finding((*place, "rule"), str(known(promise.rule, RULES, "rule")))
            continue
        told: set[str] = set()
        for where, args in arguments(promise, place):
            for sentence in argument_errors(promise.rule, dict(args)):
                if sentence not in told:
                    told.add(sentence)
                    yield Finding(where, sentence)
        fits = (
            rule.anywhere or promise.subject.kind in (rule.subject, *rule.also) or rule.subject in ("media", "session")
        )
        if not fits and not promise.needs_test and not promise.untestable:
            kinds = " or ".join((rule.subject, *rule.also)).replace("_", " ")
            yield Finding(
                (*place, "rule"), f"rule {promise.rule} belongs under {kinds}, not under {promise.subject.kind}"
            )


def arguments(promise: Promise, place: Location) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    """The arguments that are judged: a promise's own; of a conflict, those of each alternative laid over its own."""
    if not promise.alternatives:
        yield (*place, "args"), promise.args
    for index, alternative in enumerate(promise.alternatives):
        yield (*place, "alternatives", index, "args"), {**promise.args, **alternative.args}


def unchecked(case: Case) -> Iterator[Finding]:
    """What has no check says why: it needs a test, or it can't be tested; never both, and never for nothing."""
    for promise in case.promises:
        place, rule = location_of(promise), RULES.get(promise.rule)
        if promise.needs_test is not None and promise.untestable is not None:
            yield Finding((*place, "untestable"), "needs_test and untestable exclude each other")
        for field in ("needs_test", "untestable", "acceptance_only"):
            reason = getattr(promise, field)
            if reason is not None and not reason.strip():
                yield Finding((*place, field), f"{field} states a reason")
        stated = promise.needs_test or promise.untestable or (rule and rule.needs_test)
        if rule and promise.rule not in case.bound_rules and not stated:
            yield Finding(
                (*place, "rule"), f"rule {promise.rule} has no check; state needs_test or untestable with the reason"
            )


def sources(case: Case) -> Iterator[Finding]:
    """A promise stands on a source of the contract, of a kind that fits its basis, and a documented one on a sentence."""
    for promise in case.promises:
        place = location_of(promise)
        if promise.kind == "clause":
            yield from _source_findings(case, promise, place)
        for index, alternative in enumerate(promise.alternatives):
            where = (*place, "alternatives", index, "source")
            source = case.source(alternative.source)
            if source is None:
                yield Finding(where, _no_source(case, alternative.source))
            elif source.kind == "run":
                yield Finding(
                    where, "what a build was seen to do is never an alternative; it is a deviation or a silence"
                )


def _no_source(case: Case, reference: str | None) -> str:
    return str(known((reference or "").partition("#")[0], case.contract.sources, "source"))


def _source_findings(case: Case, promise: Promise, place: Location) -> Iterator[Finding]:
    source = case.source(promise.source)
    if source is None:
        yield Finding((*place, "source"), _no_source(case, promise.source))
        return
    kinds = _KINDS_OF_BASIS.get(promise.basis)
    if kinds and source.kind not in kinds:
        yield Finding(
            (*place, "basis"),
            f"a clause that is {promise.basis} stands on a source of kind {' or '.join(kinds)}, not {source.kind}",
        )
    if promise.basis == "documented" and promise.level == "must" and not promise.hash:
        yield Finding(place, "a documented must has the hash of the sentence on which it stands")


def levels(case: Case) -> Iterator[Finding]:
    """What was observed or assumed is no must; nor is what only a secondary source says."""
    for promise in case.promises:
        place = (*location_of(promise), "level")
        if promise.level != "must":
            continue
        if promise.basis in ("observed", "assumed"):
            yield Finding(place, f"what is {promise.basis} never counts, so it can't be a must; write info")
        references: list[str | None] = [a.source for a in promise.alternatives]
        references = references or [promise.source]
        found = [case.source(reference) for reference in references]
        if any(source is not None and source.authority == "secondary" for source in found):
            yield Finding(place, "what stands on a secondary source is at most should")


def conflicts(case: Case) -> Iterator[Finding]:
    """The alternatives of a conflict have ids of their own, and can be told from one another by their arguments."""
    for promise in case.promises:
        place = (*location_of(promise), "alternatives")
        ids = [alternative.id for alternative in promise.alternatives]
        for index, name in enumerate(ids):
            if name in ids[:index]:
                yield Finding((*place, index, "id"), f"the alternative {name!r} stands twice")
        if promise.needs_test or promise.untestable:
            continue
        seen: list[Mapping[str, Any]] = []
        for index, alternative in enumerate(promise.alternatives):
            if alternative.args in seen:
                sentence = f"the alternative {alternative.id!r} has the same arguments as another, so no check can tell them apart"
                yield Finding((*place, index), sentence)
            seen.append(alternative.args)


def texts(case: Case) -> Iterator[Finding]:
    """A clause's text is one line, and ends as a sentence does."""
    for promise in case.promises:
        field = {"clause": "text", "conflict": "about", "silence": "text"}[promise.kind]
        place = (*location_of(promise), field)
        if not promise.text.endswith((".", "?")) or "\n" in promise.text:
            yield Finding(place, f"{field} is one sentence on one line, with a full stop at its end")


def argument_references(case: Case) -> Iterator[Finding]:
    """What arguments refer to is there: conditions, operations, events, parameters, controls; shapes are well formed."""
    for promise in case.promises:
        if promise.rule not in RULES:
            continue
        for where, args in arguments(promise, location_of(promise)):
            for name, value in args.items():
                yield from _argument(case, promise, (*where, name), name, value)


def _argument(case: Case, promise: Promise, where: Location, name: str, value: Any) -> Iterator[Finding]:
    rule = promise.rule
    what, words = _words(case, promise, name)
    if words:
        for word in value if isinstance(value, list) and name == "how" else [value]:
            sentence = known(str(word), words, what)
            if sentence:
                yield Finding(where, sentence)
    elif (rule, name) in _SHAPES:
        yield from case.shape_findings(where, value)
    elif rule == "setting.effect" and name == "effect":
        yield from _effect_argument(case, promise, where, value)


def _words(case: Case, promise: Promise, name: str) -> tuple[str, Collection[str]]:
    """What an argument names, and the words that there are for it; none where it is free."""
    rule, contract, core = promise.rule, case.contract, case.core
    table: dict[str, tuple[str, Collection[str]]] = {
        "condition": ("condition", core.conditions),
        "operation": ("operation", contract.operations),
        "event": ("event", contract.events),
        "media": ("media", ("audio", "video")),
        "how": ("way to end", get_args(Outcome)),
    }
    by_rule: dict[tuple[str, str], tuple[str, Collection[str]]] = {
        ("operation.delivers_failure", "cause"): table["condition"],
        ("operation.delegates", "to"): table["operation"],
        ("operation.refuses", "parameter"): ("parameter of this operation", _parameters(promise)),
        ("operation.accepts", "parameter"): ("parameter of this operation", _parameters(promise)),
        ("operation.settles", "when"): ("moment", ("before", "after")),
        ("event.order", "before"): table["event"],
        ("event.order", "after"): table["event"],
        ("control.effect", "control"): ("control", contract.controls),
    }
    return by_rule.get((rule, name)) or table.get(name) or ("", ())


_SHAPES = frozenset(
    {
        ("operation.delivers_success", "value"),
        ("operation.delivers_failure", "error"),
        ("error.shape", "shape"),
        ("event.payload", "shape"),
        ("type.getter", "shape"),
    }
)
"""Arguments that are shapes."""


def _parameters(promise: Promise) -> tuple[str, ...]:
    """The concepts of an operation's parameters; empty for a promise that stands elsewhere."""
    operation = promise.subject.item
    if not isinstance(operation, Operation):
        return ()
    overloads = [p.concept for overload in operation.overloads for p in overload.parameters]
    return (*(p.concept for p in operation.parameters), *overloads)


def _effect_argument(case: Case, promise: Promise, where: Location, value: Any) -> Iterator[Finding]:
    """A clause may look for another effect than its setting's: a mapping of kind and arguments."""
    if not isinstance(value, dict):
        return
    if not set(value) <= {"kind", "args"} or "kind" not in value:
        yield Finding(where, "an effect is a mapping of 'kind' and 'args'")
        return
    sentence = known(str(value["kind"]), EFFECTS, "effect")
    if sentence:
        yield Finding((*where, "kind"), sentence)
    item = promise.subject.item
    holder = case.contract.settings.get(promise.subject.object or "") if isinstance(item, Setting) else None
    members: SettingsObject | None = holder if isinstance(holder, SettingsObject) else None
    yield from effect_argument_findings(case, str(value["kind"]), value.get("args", {}), members, (*where, "args"))


PROMISE_CHECKS: tuple[PromiseCheck, ...] = (
    rules, unchecked, sources, levels, conflicts, texts, argument_references,
)  # fmt: skip
