"""How a dialect delivers results and errors: facts in, the adapter's message out. Read from the contract alone. Pure but for time.

A failure has several conditions, the most particular first; the dialect has a code for some of them. Where the type of an
error's member doesn't admit the code that another page gives for it, the code stands beside that member, so that both hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testcall_conformance.protocol import Ended, EndedKind, ErrorValue
from testcall_conformance.reference import facts
from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.refusals import clauses_of, code_for, spelled
from testcall_conformance.reference.shaping import Facts, Shaper, merged, put
from testcall_conformance.values import encode
from testcall_contract.models import Clause, Contract, Delivery, ErrorCode, Event, Operation
from testcall_contract.shapes import Shape, mismatch

_THROWN: frozenset[EndedKind] = frozenset({"rejected", "threw", "error_callback"})
_KINDS: Mapping[str, EndedKind] = {
    "returned": "returned",
    "resolved": "resolved",
    "rejected": "rejected",
    "threw": "threw",
    "success_callback": "success_callback",
    "error_callback": "error_callback",
}


@dataclass(frozen=True, slots=True)
class Failing:
    """A call that failed. ``code`` where a clause names one; ``failure`` where the client said so."""

    concept: str
    conditions: list[str]
    message: str
    code: str | None = None
    failure: CallFailure | None = None


@dataclass(frozen=True, slots=True)
class Delivering:
    """The results of one contract."""

    contract: Contract
    shaper: Shaper

    def success(self, operation: Operation, value: Any, at_ms: float) -> Ended:
        """A success with ``value`` (facts)."""
        delivery = operation.delivers.success
        shaped = self.shaper.fill(delivery.value, value)
        return Ended(ended=_kind(delivery, "returned"), value=encode(shaped), at_ms=at_ms)

    def returned(self, value: Any, at_ms: float) -> Ended:
        """A plain value that no operation of the contract delivers (a getter, a constant)."""
        return Ended(ended="returned", value=encode(self.shaper.nothing if value is None else value), at_ms=at_ms)

    def failure(self, operation: Operation, failing: Failing, at_ms: float) -> Ended:
        """The failure as the contract delivers it: where it promises none, the call succeeds and only events tell."""
        delivery = self._delivery(operation, failing)
        if delivery is None and failing.failure is not None:
            return self.success(operation, None, at_ms)
        if delivery is None:  # a precondition that a clause states, in an operation that promises no way to fail
            delivery = Delivery(how="threw" if "returned" in operation.delivers.success.ends else "rejected")
        about = self.error(failing)
        kind = _kind(delivery, "rejected")
        code_at = delivery.code_at or self.contract.style.code_at
        message_at = delivery.message_at or self.contract.style.message_at
        if kind in _THROWN:
            shape, code_at = _inner(delivery.error, code_at)
            _, message_at = _inner(delivery.error, message_at)
            own = self._coded(shape, self.shaper.fill(shape, about), code_at, about)
            own = self._admitted(shape, own, message_at, about["message"])
            thrown = ErrorValue(type=self._type_of(shape), is_error=False, own=encode(own))
            return Ended(ended=kind, error=thrown, at_ms=at_ms)
        shape = delivery.value if delivery.value != "any" else delivery.error
        told = {key: about[key] for key in ("name", "message", "details")}
        whole = {"success": False, "data": None, "error": about if shape != "any" else told}
        value = self.shaper.fill(shape, whole)
        if shape == "any":  # the members that a success has
            success = operation.delivers.success.value
            members = success.get("object", {}) if isinstance(success, dict) else {}
            value = {key: item for key, item in whole.items() if key in members} or whole
        value = self._admitted(shape, self._coded(shape, value, code_at, about), message_at, about["message"])
        return Ended(ended=kind, value=encode(value), at_ms=at_ms)

    def error(self, failing: Failing) -> Facts:
        """The error's facts: the dialect's code and message, or the service's where a clause says that they pass through."""
        contract, concept = self.contract, failing.concept
        found = spelled(contract, concept, failing.conditions) or failing.conditions[0]
        spelling = contract.errors.get(found)
        server = failing.failure.server if failing.failure is not None else None
        passing = _passing(spelling, concept) if server is not None else []
        if server is not None and passing:
            code = passing[0].args.get("code", server.get("code"))
            return facts.error(str(code), str(server.get("message", failing.message)), failing.failure)
        code = failing.code or (code_for(spelling, concept) if spelling is not None else found.upper())
        told = (spelling.message if spelling is not None else None) or failing.message
        return facts.error(code, told, failing.failure)

    def payload(self, event: Event, arguments: list[Any]) -> list[Any]:
        """The arguments of an event's callback: in the payload's shapes, and in those that clauses add for the first."""
        filled = []
        for index, part in enumerate(event.payload):
            fact = arguments[index] if index < len(arguments) else None
            value = self.shaper.fill(part.shape, fact)
            for clause in clauses_of(event, "event.payload") if index == 0 else ():
                if "shape" in clause.args and isinstance(value, dict):
                    value = merged(value, self.shaper.fill(clause.args["shape"], fact))
            filled.append(value)
        return filled

    def _delivery(self, operation: Operation, failing: Failing) -> Delivery | None:
        """As the operation says, unless a clause says otherwise for the condition."""
        delivery = operation.delivers.failure
        for clause in clauses_of(operation, "operation.delivers_failure"):
            if clause.args.get("cause") in failing.conditions:
                changes: dict[str, Any] = {key: clause.args[key] for key in ("how", "error") if key in clause.args}
                return (delivery or Delivery(how="rejected")).model_copy(update=changes)
        return delivery

    def _coded(self, shape: Shape, value: Any, code_at: str, about: Facts) -> Mapping[str, Any]:
        """``value`` with the error's code at its place, or beside it where its type doesn't admit it."""
        members: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        types = self.contract.type_shapes
        placed: Mapping[str, Any] = put(members, code_at, about["code"])
        if mismatch(shape, encode(members), types) is None and mismatch(shape, encode(placed), types) is not None:
            beside = ".".join([*code_at.split(".")[:-1], "code"])
            return dict(put(members, beside, about["code"]))
        return placed

    def _admitted(self, shape: Shape, value: Mapping[str, Any], path: str, item: Any) -> Mapping[str, Any]:
        """``value`` with ``item`` at ``path``, unless that breaks its shape."""
        types = self.contract.type_shapes
        placed: Mapping[str, Any] = put(value, path, item)
        return value if mismatch(shape, encode(placed), types) and not mismatch(shape, encode(value), types) else placed

    def _type_of(self, shape: Shape) -> str:
        """The class of the dialect that an error of this shape is of; empty when the contract names none."""
        named = isinstance(shape, dict) and shape.get("type") in self.contract.types
        return self.contract.types[shape["type"]].name if named and isinstance(shape, dict) else ""


def _kind(delivery: Delivery, otherwise: EndedKind) -> EndedKind:
    return _KINDS.get(delivery.ends[0], otherwise)


def _passing(spelling: ErrorCode | None, concept: str) -> list[Clause]:
    """The clauses by which the service's own code reaches the application in this operation (or one code for all of them)."""
    found = clauses_of(spelling, "error.passes_through") if spelling is not None else []
    return [clause for clause in found if clause.args.get("operation", concept) == concept]


def _inner(shape: Shape, path: str) -> tuple[Shape, str]:
    """The shape of the error itself, and the place in it, where a result object's ``error`` member is meant."""
    if isinstance(shape, dict) and "object" in shape and "error" in shape["object"]:
        return shape["object"]["error"], path.removeprefix("error.")
    return shape, path
