"""All that the contracts say about one thing.

A clause, conflict or silence goes by its id; an operation, setting, event, error code, type, constant or limit by the dialect's
name for it, or by its concept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from testcall_contract.citation import cite
from testcall_contract.errors import ContractError
from testcall_contract.loader import contract_names, load, load_core
from testcall_contract.models import Contract, Core, Endpoint, ErrorCode, Event, Operation, Setting
from testcall_contract.promises import Promise, Subject, items, promises
from testcall_contract.rules import RULES
from testcall_contract.shapes import shape_text

Explanation = dict[str, Any]
"""JSON: ``query``, and ``found``, a list of what goes by that name, each with ``kind`` and ``contract``."""


def explain(query: str, contract: str | None = None) -> Explanation:
    """Everything that is called ``query`` in all contracts (or the one named); :class:`ContractError` with near names if none.

    Of an operation: parameters, delivery, preconditions, codes, promises. Of a setting: type, values, default, unit, range,
    effect, promises. Of an event: cause, payload, audience, promises. Of a code: conditions, operations, message, promises.
    """
    core = load_core()
    contracts = [load(name) for name in ([contract] if contract else contract_names())]
    found = [entry for one in contracts for entry in _entries(one, core, promises(one), query)]
    if not found:
        raise ContractError(_nothing(query, contracts))
    return {"query": query, "found": found}


def _nothing(query: str, contracts: Sequence[Contract]) -> str:
    names = {name for one in contracts for name in _all_names(one)}
    by_lower = {name.lower(): name for name in sorted(names)}
    near = [by_lower[match] for match in get_close_matches(query.lower(), by_lower, 5, 0.6)]
    hint = f"; near are: {', '.join(near)}" if near else "; `testcall spec show CONTRACT` lists all ids"
    return f"nothing in the contracts is called {query!r}{hint}"


def _all_names(contract: Contract) -> Iterator[str]:
    for subject, item in items(contract):
        yield from _names(subject, item)
    yield from (promise.id for promise in promises(contract))


def _names(subject: Subject, item: Any) -> set[str]:
    """What an item goes by: its name or names, its concept, a setting's setter and getter, a constant's path."""
    names = {subject.key, subject.name, str(subject)}
    names |= {
        str(getattr(item, field))
        for field in ("name", "setter", "getter", "code", "path")
        if getattr(item, field, None)
    }
    alternatives = getattr(item, "alternatives", None) or []
    return names | set(alternatives)


def _entries(contract: Contract, core: Core, made: Sequence[Promise], query: str) -> Iterator[Explanation]:
    for promise in made:
        if promise.id.lower() == query.lower():
            yield promise_entry(contract, promise)
    named = [(_names(subject, item), subject, item) for subject, item in items(contract)]
    exact = [(subject, item) for names, subject, item in named if query in names]
    folded = [(subject, item) for names, subject, item in named if query.lower() in {n.lower() for n in names}]
    for subject, item in exact or folded:
        if subject.kind not in ("media", "session") or query == subject.kind:
            yield _item_entry(contract, core, made, subject, item)


def promise_entry(contract: Contract, promise: Promise) -> Explanation:
    """A clause, conflict or silence with all that is known of it."""
    rule = RULES.get(promise.rule)
    entry: Explanation = {
        "kind": promise.kind,
        "contract": contract.contract,
        "id": promise.id,
        "about": {"kind": promise.subject.kind, "concept": promise.subject.key, "name": promise.subject.name},
        "text": promise.text,
        "level": promise.level if promise.kind != "silence" else None,
        "basis": promise.basis if promise.kind == "clause" else None,
        "counts": promise.counts,
        "rule": promise.rule,
        "rule_says": rule.sentence if rule else None,
        "arguments": dict(promise.args) or None,
        "family": promise.family,
        "since": promise.since,
        "means": promise.means,
        "observed": promise.observed,
        "needs_test": promise.needs_test or (rule.needs_test if rule and not promise.untestable else None),
        "untestable": promise.untestable,
        "acceptance_only": promise.acceptance_only,
        "hash": promise.hash,
    }
    if promise.kind == "clause":
        entry["source"] = source_entry(contract, promise.source)
    if promise.alternatives:
        entry["alternatives"] = [
            {"id": a.id, "says": a.says, "arguments": a.args or None, "source": source_entry(contract, a.source)}
            for a in promise.alternatives
        ]
    return _without_none(entry)


def source_entry(contract: Contract, reference: str | None) -> Explanation | None:
    """A citation as JSON, with the contract's key of the source."""
    citation = cite(contract, reference)
    return None if citation is None else {"key": str(reference).partition("#")[0], **citation.as_dict()}


def _item_entry(contract: Contract, core: Core, made: Sequence[Promise], subject: Subject, item: Any) -> Explanation:
    entry: Explanation = {
        "kind": subject.kind,
        "contract": contract.contract,
        "concept": subject.key,
        "name": getattr(item, "name", None) or subject.name,
    }
    described = _DESCRIBE.get(subject.kind)
    entry.update(described(contract, core, subject, item) if described else _other(contract, subject, item))
    entry["since"] = getattr(item, "since", None)
    entry["deprecated"] = getattr(item, "deprecated", None)
    entry["promises"] = [promise_entry(contract, p) for p in made if _is_about(p, subject)]
    return _without_none(entry)


def _is_about(promise: Promise, subject: Subject) -> bool:
    """Whether a promise is about an item: it stands under it, or under a code that the operation fails with."""
    about = promise.subject
    if (about.kind, about.key, about.object) == (subject.kind, subject.key, subject.object):
        return True
    return about.kind == "error" and subject.kind == "operation" and promise.args.get("operation") == subject.key


def _operation(contract: Contract, core: Core, subject: Subject, item: Operation) -> Explanation:
    carried = [*item.errors, *(key for key, e in contract.errors.items() if subject.key in e.operations)]
    failure = item.delivers.failure
    return {
        "says": core.operations.get(subject.key),
        "on": item.on or contract.style.holder,
        "also_called": item.alternatives or None,
        "endpoint": _endpoint(item.endpoint) if item.endpoint else None,
        "parameters": [_parameter(p) for p in item.parameters],
        "overloads": [{"id": o.id, "parameters": [_parameter(p) for p in o.parameters]} for o in item.overloads]
        or None,
        "delivers": {
            "success": {"ends": list(item.delivers.success.ends), "value": shape_text(item.delivers.success.value)},
            "failure": None
            if failure is None
            else {
                "ends": list(failure.ends),
                "error": shape_text(failure.error),
                "code_at": failure.code_at or contract.style.code_at,
                "message_at": failure.message_at or contract.style.message_at,
            },
        },
        "requires": [{"condition": key, "says": core.conditions.get(key)} for key in item.requires],
        "errors": [_carried(contract, core, key) for key in dict.fromkeys(carried)],
        "delegates_to": item.delegates_to,
        "mandatory": item.mandatory,
    }


def _endpoint(endpoint: Endpoint) -> Explanation:
    return {
        "method": endpoint.method,
        "address": endpoint.base + endpoint.path,
        "headers": dict(endpoint.headers),
        "query": {name: shape_text(shape) for name, shape in endpoint.query.items()},
        "body": None if endpoint.body is None else shape_text(endpoint.body),
    }


def _parameter(parameter: Any) -> Explanation:
    return {
        "name": parameter.name,
        "concept": parameter.concept,
        "type": shape_text(parameter.type),
        "optional": parameter.optional,
        "default": parameter.default,
    }


def _carried(contract: Contract, core: Core, key: str) -> Explanation:
    error = contract.errors[key]
    return {
        "code": error.code,
        "condition": key,
        "says": core.conditions.get(key),
        "basis": error.basis,
        "attributed": error.attributed,
    }


def _setting(contract: Contract, core: Core, subject: Subject, item: Setting) -> Explanation:
    holder = contract.settings[str(subject.object)]
    return {
        "says": core.settings.get(subject.key),
        "object": {"concept": subject.object, "name": holder.name, "form": holder.form, "builder": holder.builder},
        "setter": item.setter,
        "getter": item.getter,
        "type": item.type,
        "values": item.values or None,
        "excludes": item.excludes or None,
        "default": item.default,
        "has_default": item.has_default and item.default is not None,
        "required": item.required,
        "unit": item.unit,
        "minimum": _whole(item.minimum),
        "maximum": _whole(item.maximum),
        "effect": item.effect.model_dump() if item.effect else None,
    }


def _whole(number: float | None) -> float | int | None:
    return int(number) if number is not None and number.is_integer() else number


def _event(contract: Contract, core: Core, subject: Subject, item: Event) -> Explanation:
    return {
        "says": core.events.get(subject.key),
        "also_called": item.alternatives or None,
        "via": [_way(contract, key) for key in item.via],
        "payload": [{"name": p.name, "shape": shape_text(p.shape)} for p in item.payload],
        "cause": item.cause,
        "audience": item.audience,
    }


def _way(contract: Contract, key: str) -> Explanation:
    listener = contract.listeners[key]
    register = contract.operations.get(listener.register_with or "")
    return _without_none(
        {
            "listener": key,
            "form": listener.form,
            "class": listener.wrap,
            "registered_by": register.name if register else None,
            "setting": listener.setting,
        }
    )


def _error(contract: Contract, core: Core, subject: Subject, item: ErrorCode) -> Explanation:
    carriers = dict.fromkeys(
        [*item.operations, *(k for k, o in contract.operations.items() if subject.key in o.errors)]
    )
    return {
        "name": item.code,
        "code": item.code,
        "condition": subject.key,
        "says": core.conditions.get(subject.key),
        "message": item.message,
        "basis": item.basis,
        "operations": [contract.operations[key].name for key in carriers if key in contract.operations],
        "attributed": item.attributed,
        "also_called": item.alternatives or None,
        "source": source_entry(contract, item.source),
    }


_DESCRIBE: dict[str, Callable[[Contract, Core, Subject, Any], Explanation]] = {
    "operation": _operation,
    "setting": _setting,
    "event": _event,
    "error": _error,
}


def _other(contract: Contract, subject: Subject, item: Any) -> Explanation:
    """Types, constants, limits, settings objects, listeners: their fields as they stand."""
    plain = (
        "form",
        "builder",
        "build",
        "value",
        "unit",
        "about",
        "path",
        "register_with",
        "unregister_with",
        "setting",
        "keyed",
    )
    entry: Explanation = {name: getattr(item, name) for name in plain if getattr(item, name, None) is not None}
    if subject.kind == "type":
        entry["shape"] = shape_text(item.shape)
    if subject.kind == "settings_object":
        entry["members"] = [member.setter or member.name for member in item.members.values()]
    entry["source"] = source_entry(contract, getattr(item, "source", None))
    return entry


def _without_none(entry: Explanation) -> Explanation:
    return {key: value for key, value in entry.items() if value is not None}
