"""What a finished invocation means: success or failure, and with which code, in the dialect's own way of telling.

Pure: takes the adapter's word (:class:`~testcall_conformance.protocol.Ended`) and the contract's delivery, gives a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testcall_contract.models import Contract, Operation
from testcall_contract.shapes import describe

FAILED_ENDS = frozenset({"rejected", "threw", "error_callback"})


@dataclass(frozen=True, slots=True)
class Result:
    """A call's result. ``error`` is the object that carries the error, wherever it was delivered; None on success."""

    ok: bool
    ended: str
    value: Any
    error: Any
    code: str | None
    message: str | None

    def __str__(self) -> str:
        if self.ended == "never":
            return "never settles"
        if self.ok:
            return f"{self.ended} with {describe(self.value)}"
        told = ", ".join(describe(part) for part in (self.code, self.message) if part is not None)
        return f"{self.ended} with {told or describe(self.error)}"


def read_result(contract: Contract, operation: Operation, ended: Mapping[str, Any]) -> Result:
    """The result of ``ended`` (the dumped message): success or failure, code and message as the dialect spells them."""
    how = ended["ended"]
    value = ended.get("value")
    if how in FAILED_ENDS:
        error = ended.get("error") or {}
        members = error.get("own") or {}
        if not members and error.get("value") is not None:
            members = error["value"]
        return _failure(contract, operation, how, value, members)
    if how != "never" and tells_failure(value):
        return _failure(contract, operation, how, value, value)
    return Result(how != "never", how, value, None, None, None)


def tells_failure(value: Any) -> bool:
    """Whether a delivered value is a result object that tells a failure: ``success`` false, or an ``error`` that is something."""
    if not isinstance(value, Mapping):
        return False
    members = value.get("own", {}) if value.get("$") == "ref" else value
    if not isinstance(members, Mapping) or members.get("$"):
        return False
    if members.get("success") is False:
        return True
    error = members.get("error")
    return error is not None and not (isinstance(error, Mapping) and error.get("$") == "undefined")


def _failure(contract: Contract, operation: Operation, how: str, value: Any, error: Any) -> Result:
    failure = operation.delivers.failure
    code_at = (failure.code_at if failure else None) or contract.style.code_at
    message_at = (failure.message_at if failure else None) or contract.style.message_at
    return Result(False, how, value, error, _text(at(error, code_at)), _text(at(error, message_at)))


def texts_in(result: Result | None) -> list[str]:
    """Every text in the error of a call, wherever in it: for codes whose place no document tells."""
    found: list[str] = []
    waiting: list[Any] = [result.error] if result else []
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, Mapping):
            waiting += item.values()
    return found


def at(value: Any, path: str) -> Any:
    """The member of ``value`` at the dotted ``path``; None when there is none."""
    for part in path.split("."):
        if isinstance(value, Mapping) and value.get("$") == "ref":
            value = value.get("own")
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
