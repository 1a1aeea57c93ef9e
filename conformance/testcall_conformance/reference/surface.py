"""The surface of a dialect: which operation a call means, and which argument is which. Read from the contract alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from testcall_conformance.values import UNDEFINED
from testcall_contract.models import Contract, Operation, Parameter

PLATFORM_PARAMETERS = frozenset({"result_listener", "success_callback", "error_callback", "context"})
"""Parameters that an adapter supplies: they are no arguments of an invocation."""

OBJECT = "$"
"""How ``on`` begins for the operations of an object that another operation returned."""


COMPATIBLE = "_v4"
"""The end of concepts that are an earlier major's name for another concept."""


def concept_of(name: str) -> str:
    """The concept that a deprecated name stands for."""
    return name.removesuffix(COMPATIBLE)


def operation_names(contract: Contract) -> list[str]:
    """Every operation as ``Class.name``, and the setters of builders; those of objects by their bare name."""
    names = []
    for operation in contract.operations.values():
        on = operation.on or contract.style.holder
        names.append(operation.name if not on or on.startswith(OBJECT) else f"{on}.{operation.name}")
    for spec in contract.settings.values():
        if spec.form == "builder":
            setters = [item.setter or item.name for key, item in spec.members.items() if key not in spec.new]
            names += [f"{spec.builder or spec.name}.{setter}" for setter in setters]
    return sorted(set(names))


def find_operation(contract: Contract, on: str, name: str, signature: str | None = None) -> str | None:
    """The concept of the operation ``name`` of class ``on`` (``$key`` for an object's); None when there is none.

    A dialect's alternative spellings stand in the contract as names of a conflict; only the chosen one is there. Of overloads,
    the one of that signature, else the first.
    """
    operations = contract.operations
    holder = contract.style.holder
    found = [key for key, item in operations.items() if item.name == name and (item.on or holder) == on]
    return next((key for key in found if operations[key].signature == signature), found[0] if found else None)


def find_method(contract: Contract, kinds: Sequence[str], name: str, signature: str | None = None) -> str | None:
    """The concept of the operation ``name`` of an object of one of these kinds (``$key`` or a class)."""
    found = (find_operation(contract, kind, name, signature) for kind in kinds)
    return next((concept for concept in found if concept is not None), None)


def object_kinds(contract: Contract) -> list[str]:
    """The kinds of objects that operations return and that have operations, other than those that settings build."""
    built = {f"{OBJECT}{key}" for key in contract.settings} | {f"{OBJECT}{key}_builder" for key in contract.settings}
    kinds = [operation.on for operation in contract.operations.values() if operation.on]
    return sorted({kind for kind in kinds if kind.startswith(OBJECT) and kind not in built})


def documented_path(contract: Contract, path: str) -> bool:
    """Whether a document or a declaration says that there is something at the dotted path, itself or as a member of what is."""
    groups = (contract.settings, contract.operations, contract.types, contract.constants, contract.listeners)
    items: list[Any] = [item for group in groups for item in group.values()]
    owner, _, name = path.rpartition(".")
    return any(
        clause.args.get("exists", True)
        and (
            clause.args.get("path") == path
            or (clause.args.get("path") == owner and name in clause.args.get("members", []))
        )
        for item in items
        for clause in item.clauses
        if clause.rule == "surface.exists" and clause.basis in {"documented", "declared"}
    )


def bind(operation: Operation, arguments: Any, signature: str | None) -> dict[str, Any]:
    """Arguments by parameter concept; what was not given is undefined, or the parameter's default."""
    parameters = [item for item in _parameters(operation, signature) if item.concept not in PLATFORM_PARAMETERS]
    bound: dict[str, Any] = {}
    for index, parameter in enumerate(parameters):
        if isinstance(arguments, Mapping):
            value = arguments.get(parameter.name, UNDEFINED)
        else:
            value = arguments[index] if index < len(arguments) else UNDEFINED
        bound[parameter.concept] = parameter.default if value is UNDEFINED and parameter.default is not None else value
    return bound


def _parameters(operation: Operation, signature: str | None) -> list[Parameter]:
    if signature is not None:
        for overload in operation.overloads:
            if overload.id == signature:
                return overload.parameters
    return operation.parameters


def takes_token_object(operation: Operation) -> bool:
    """Whether the operation takes a call token as an object of a type of the contract, and not as text."""
    return any(item.concept == "call_token" and isinstance(item.type, Mapping) for item in operation.parameters)


def token_text(value: Any) -> Any:
    """The text of a call token that came as an object; what is no such object stays as it is, but text is none here."""
    if isinstance(value, Mapping):
        return value.get("token", UNDEFINED)
    return UNDEFINED if isinstance(value, str) else value


def constant(contract: Contract, path: str) -> Any:
    """The constant at a dotted path from a global, or all constants below it as an object; UNDEFINED when there is none."""
    for item in contract.constants.values():
        if item.path == path:
            return item.value
    below = {
        item.path.removeprefix(f"{path}."): item.value
        for item in contract.constants.values()
        if item.path.startswith(f"{path}.")
    }
    return _nested(below) if below else UNDEFINED


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, leaf = path.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return tree
