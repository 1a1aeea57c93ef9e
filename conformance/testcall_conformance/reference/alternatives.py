"""Where documents disagree, the reference SDK follows one of them: the first, unless another is chosen by name.

``choose`` folds the chosen alternatives into the contract, so that whoever reads it afterwards finds one answer everywhere.
Pure: a contract in, a contract out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from testcall_conformance.errors import ConformanceError
from testcall_contract.models import (
    Clause,
    Conflict,
    Contract,
    Delivers,
    Delivery,
    ErrorCode,
    Event,
    EventPayload,
    Item,
    Operation,
    Setting,
)

_GROUPS = ("operations", "listeners", "events", "errors", "constants", "types", "limits")


def choose(contract: Contract, choices: Mapping[str, str]) -> Contract:
    """``contract`` with one alternative of each conflict in force.

    ``choices`` maps a conflict's id, or the end of it (``C61`` for ``JS5-C61``), to an alternative's id. A conflict or an
    alternative that isn't there is a :class:`ConformanceError` that lists what is.
    """
    pending = dict(choices)
    changed: dict[str, Any] = {
        group: {key: _settled(item, pending) for key, item in getattr(contract, group).items()} for group in _GROUPS
    }
    changed["settings"] = {
        key: spec.model_copy(
            update={
                "members": {name: _settled(item, pending) for name, item in spec.members.items()},
                "clauses": [*spec.clauses, *(_clause(conflict, pending) for conflict in spec.conflicts)],
            }
        )
        for key, spec in contract.settings.items()
    }
    changed["media"] = _settled(contract.media, pending)
    changed["session"] = _settled(contract.session, pending)
    if pending:
        known = sorted(conflict.id for conflict in _conflicts(contract))
        raise ConformanceError(
            f"{contract.contract} has no conflict {', '.join(sorted(pending))}; it has {', '.join(known) or 'none'}"
        )
    return contract.model_copy(update=changed)


def _conflicts(contract: Contract) -> list[Conflict]:
    items: list[Any] = [item for group in _GROUPS for item in getattr(contract, group).values()]
    for spec in contract.settings.values():
        items += [spec, *spec.members.values()]
    return [conflict for item in [*items, contract.media, contract.session] for conflict in item.conflicts]


def _settled(item: Any, pending: dict[str, str]) -> Any:
    for conflict in item.conflicts:
        clause = _clause(conflict, pending)
        item = _applied(item, clause.rule, clause.args)
        item = item.model_copy(update={"clauses": [*item.clauses, clause]})
    return item


def _clause(conflict: Conflict, pending: dict[str, str]) -> Clause:
    """The chosen alternative as a clause under the conflict's id."""
    wanted = next((key for key in pending if conflict.id == key or conflict.id.endswith(f"-{key}")), None)
    chosen = conflict.alternatives[0]
    if wanted is not None:
        name = pending.pop(wanted)
        found = [alternative for alternative in conflict.alternatives if alternative.id == name]
        if not found:
            ids = ", ".join(alternative.id for alternative in conflict.alternatives)
            raise ConformanceError(f"conflict {conflict.id} has no alternative {name!r}; it has {ids}")
        chosen = found[0]
    args = {**conflict.args, **chosen.args}
    return Clause(id=conflict.id, rule=conflict.rule, args=args, source=chosen.source, text=chosen.says)


def _applied(item: Item, rule: str, args: Mapping[str, Any]) -> Item:
    """``item`` with what the clause says of its own fields."""
    match item:
        case Operation():
            return _operation(item, rule, args)
        case Setting():
            names = {key: args[key] for key in ("name", "setter", "default", "minimum", "maximum") if key in args}
            return item.model_copy(update=names) if rule != "setting.refuses" else item
        case ErrorCode():
            every = isinstance(args.get("code"), str) and "operation" not in args
            return item.model_copy(update={"code": args["code"]}) if every else item
        case Event():
            names = {key: args[key] for key in ("name",) if key in args}
            if rule == "event.payload" and "shape" in args:
                name = item.payload[0].name if item.payload else "argument"
                none = args["shape"] in ("undefined", "nothing")
                names["payload"] = [] if none else [EventPayload(name=name, shape=args["shape"]), *item.payload[1:]]
            return item.model_copy(update=names)
    return item


def _operation(operation: Operation, rule: str, args: Mapping[str, Any]) -> Operation:
    if "name" in args:
        operation = operation.model_copy(update={"name": args["name"]})
    delivers = operation.delivers
    if rule == "operation.delivers_success" and "state" not in args:
        success = delivers.success.model_copy(update={key: args[key] for key in ("how", "value") if key in args})
        return operation.model_copy(update={"delivers": Delivers(success=success, failure=delivers.failure)})
    if rule == "operation.delivers_failure" and "cause" not in args:
        failure = delivers.failure or Delivery(how=args.get("how", "rejected"))
        failure = failure.model_copy(update={key: args[key] for key in ("how", "error", "code_at") if key in args})
        return operation.model_copy(update={"delivers": Delivers(success=delivers.success, failure=failure)})
    return operation
