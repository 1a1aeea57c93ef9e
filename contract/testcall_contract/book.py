"""A contract arranged for the oracle: what it says of a cause, of an operation under a condition, of a transition, of idle time.

Only a clause that counts and is a ``must`` binds: what is advice, observed or assumed requires nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from testcall_contract.machine import CONDITIONS, Ground, Invoke, State, Timing
from testcall_contract.machine_step import BY_STIMULUS
from testcall_contract.models import Contract, Setting
from testcall_contract.promises import Promise, promises


@dataclass(frozen=True)
class Book:
    """A contract, read once. ``without`` are promises that don't hold for a build (newer ones, known failures)."""

    contract: Contract
    without: frozenset[str] = frozenset()
    promises: tuple[Promise, ...] = field(init=False)
    by_cause: Mapping[str, tuple[Promise, ...]] = field(init=False)
    by_operation: Mapping[str, tuple[Promise, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Arrange the promises."""
        kept = tuple(p for p in promises(self.contract) if p.id not in self.without and not p.untestable)
        by_cause: dict[str, list[Promise]] = {}
        by_operation: dict[str, list[Promise]] = {}
        for promise in kept:
            if promise.subject.kind == "event" and "cause" in promise.args and "who" not in promise.args:
                by_cause.setdefault(str(promise.args["cause"]), []).append(promise)
            if promise.subject.kind == "operation":
                by_operation.setdefault(promise.subject.key, []).append(promise)
            if promise.rule == "error.code":
                by_operation.setdefault(str(promise.args["operation"]), []).append(promise)
        object.__setattr__(self, "promises", kept)
        object.__setattr__(self, "by_cause", {key: tuple(found) for key, found in by_cause.items()})
        object.__setattr__(self, "by_operation", {key: tuple(found) for key, found in by_operation.items()})

    def naming(self, grounds: Iterable[Ground]) -> tuple[Promise, ...]:
        """The clauses and conflicts that name a transition by what it stands on."""
        found = [p for ground in grounds for p in self.promises if p.kind != "silence" and _names(p, ground)]
        return tuple({p.id: p for p in found}.values())

    def success(self, operation: str) -> tuple[str, ...]:
        """The clauses by which a call with good arguments must succeed; none, where it may as well fail."""
        rules = ("operation.delivers_success", "operation.effect")
        return tuple(p.id for p in self.by_operation.get(operation, ()) if p.rule in rules and binds(p))


def binds(promise: Promise) -> bool:
    """Whether a promise requires something of every build: a clause that counts, and is a must."""
    return promise.kind == "clause" and promise.counts and promise.level == "must"


def _names(promise: Promise, ground: Ground) -> bool:
    if promise.rule != ground.rule or ground.concept not in (None, promise.subject.key):
        return False
    every = [{**promise.args, **alternative.args} for alternative in promise.alternatives] or [dict(promise.args)]
    return any(all(args.get(name) == value for name, value in ground.args) for args in every)


# --- refusals --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refusals:
    """What speaks against a call.

    ``certain`` are the clauses by which it fails, with one of ``codes`` (empty: any). Of the conditions in ``doubtful`` no clause
    says what they do. ``conditions`` are all that hold.
    """

    certain: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


def refusals(book: Book, state: State, stimulus: Invoke) -> Refusals:
    """What speaks against ``stimulus`` in ``state``."""
    who, operation = state.of(stimulus.actor), stimulus.operation
    held = [name for name, holds in CONDITIONS.items() if holds(state, who) and _CONCERNS[name](book, operation)]
    conditions = [*held, *([stimulus.fault] if stimulus.fault else [])]
    certain: list[Promise] = []
    coded: list[tuple[str, ...]] = []
    doubtful = []
    for condition in conditions:
        told = [p for p in book.by_operation.get(operation, ()) if _is_about(p, condition)]
        must = [p for p in told if binds(p) and p.args.get("fails", True)]
        certain += must
        if must:
            coded.append(tuple(_codes(book, told, condition)) if any(_says_code(p) for p in must) else ())
        else:
            doubtful.append(condition)
    codes = tuple(code for some in coded for code in some) if all(coded) else ()
    return Refusals(tuple(p.id for p in certain), tuple(dict.fromkeys(codes)), tuple(doubtful), tuple(conditions))


def _is_about(promise: Promise, condition: str) -> bool:
    """Whether a promise of an operation says what it does under the condition."""
    if promise.rule == "operation.requires":
        return promise.args.get("condition") == condition
    return promise.rule == "error.code" and promise.subject.key == condition and "at" not in promise.args


def _says_code(promise: Promise) -> bool:
    return promise.rule == "error.code" or "code" in promise.args


def _codes(book: Book, told: Sequence[Promise], condition: str) -> Iterator[str]:
    """Every code that anything says of the condition: a second one is no wrong one."""
    error = book.contract.errors.get(condition)
    for promise in told:
        for args in (promise.args, *(alternative.args for alternative in promise.alternatives)):
            value = args.get("code")
            yield from [value] if isinstance(value, str) else value or []
        if promise.rule == "error.code" and error is not None and "code" not in promise.args:
            yield from (error.code, *error.alternatives)


_PREPARING = frozenset({"initialize", "initialize_from_settings"})
_LOGINS = frozenset({"login", "login_with_token"})
_ACCOUNT = frozenset(
    {"logout", "get_logged_in_user", "is_user_logged_in", "get_user_auth_token", *_LOGINS, *_PREPARING}
)
_OUTSIDE = frozenset(
    {"initialized", "logged_in", "logged_out", "token_for_session", "joined", "joined_as_user", "rendered", "next_page"}
    | {"previous_page", "no_page", "token_of_user", "log_order", "fetch_completes", "session_restored", "user_switched"}
)
"""Effects of operations that need no session."""


_BEFORE = frozenset({"lifecycle", "account", "call"})
"""Machines that move before there is a session."""


def _in_call(book: Book, operation: str) -> bool:
    """Whether an operation is for use in a session."""
    rows = BY_STIMULUS.get(operation, ())
    if rows:
        return operation != "logout" and any(row.machine not in _BEFORE and row.source != "absent" for row in rows)
    effects = [p.args.get("effect") for p in book.by_operation.get(operation, ()) if p.rule == "operation.effect"]
    return any(effect not in _OUTSIDE for effect in effects)


def _has(book: Book, operations: frozenset[str]) -> bool:
    return any(operation in book.contract.operations for operation in operations)


_CONCERNS: dict[str, Callable[[Book, str], bool]] = {
    "sdk_not_initialized": lambda book, operation: operation not in _PREPARING and _has(book, _PREPARING),
    "already_initialized": lambda book, operation: operation in _PREPARING,
    "not_logged_in": lambda book, operation: (
        operation not in _ACCOUNT and bool(_LOGINS & set(book.contract.operations))
    ),
    "no_user_logged_in": lambda book, operation: operation == "logout",
    "already_logged_in": lambda book, operation: operation in _LOGINS,
    "no_session": _in_call,
    "session_active": lambda book, operation: operation.startswith("join_"),
}
"""Condition → whether it can stand in the way of an operation at all."""


# --- idle time -------------------------------------------------------------------------------------------------------


def default_timings(contract: Contract) -> tuple[Timing, ...]:
    """The idle periods that hold when a join says nothing, one for each combination of conflicting defaults."""
    holder = contract.settings.get("session_settings")
    members = holder.members if holder else {}
    prompts, ends = _defaults(members.get("idle_before_prompt")), _defaults(members.get("idle_after_prompt"))
    if prompts or ends:
        return tuple(Timing(prompt, end) for prompt in prompts or (None,) for end in ends or (None,))
    whole, before = _defaults(members.get("idle_timeout")), _warning(members.get("idle_timeout"))
    if not whole:
        return (Timing(),)
    return tuple(Timing(total - before, before) if total and before else Timing(None, total or None) for total in whole)


def _defaults(setting: Setting | None) -> tuple[int, ...]:
    """The defaults of a period in ms: the one, or those of all sides where sources disagree."""
    if setting is None or setting.default is None:
        return ()
    values = [setting.default]
    for conflict in setting.conflicts:
        if conflict.rule == "setting.default":
            values += [alternative.args.get("default") for alternative in conflict.alternatives]
    factor = 1 if setting.unit == "ms" else 1000
    return tuple(sorted({int(value * factor) for value in values if isinstance(value, (int, float))}))


def _warning(setting: Setting | None) -> int:
    """How long before the end a prompt comes, in ms, where the contract says so of the one idle period."""
    for clause in setting.clauses if setting else ():
        effect = clause.args.get("effect")
        if isinstance(effect, dict) and effect.get("kind") == "idle_prompt":
            return int(effect.get("args", {}).get("before_end_s", 0) * 1000)
    return 0
