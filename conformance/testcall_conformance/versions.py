"""Which promises a build is too old for. Pure.

Contracts say since which version something is there: a number, or ``>A <=B`` where it appeared between two releases that were
looked at; then it is owed from B on. A version of another major than the contract's (our reference has its own) says nothing.
"""

from __future__ import annotations

import re

from testcall_conformance.checks.registry import NotRun, Question
from testcall_conformance.scenes import NEEDED_OPERATIONS
from testcall_contract.models import Contract

_NUMBER = re.compile(r"\d+(?:\.\d+)*")

Version = tuple[int, ...]


def parse(text: str) -> Version | None:
    """The last number in ``text``, as comparable parts; None when there is none. What follows a hyphen doesn't count."""
    found = _NUMBER.findall(text.partition("-")[0])
    return tuple(int(part) for part in found[-1].split(".")) if found else None


def older(version: str, since: str) -> bool:
    """Whether ``version`` is before ``since``; versions are compared number by number, a missing one is 0."""
    ours, theirs = parse(version), parse(since)
    if ours is None or theirs is None:
        return False
    length = max(len(ours), len(theirs))
    return ours + (0,) * (length - len(ours)) < theirs + (0,) * (length - len(theirs))


def too_new(question: Question) -> NotRun | None:
    """Why the promise isn't asked of this build: it, or something that it is about, came later."""
    build, contract = question.description.sdk.version, question.contract
    version = parse(build)
    if version is None or version[0] != contract.sdk.major:
        return None
    for since in _sinces(question, contract):
        if older(build, since):
            return NotRun(f"since {since}; the build is {build}", "sdk")
    return None


def _sinces(question: Question, contract: Contract) -> list[str]:
    """When the promise came, its item, and the operations and events that its arguments name."""
    promise, args = question.promise, question.args
    found = [promise.since, getattr(promise.subject.item, "since", None)]
    for name in ("operation", "to"):
        operation = contract.operations.get(str(args.get(name)))
        found.append(operation.since if operation is not None else None)
    for name in ("event", "before", "after"):
        event = contract.events.get(str(args.get(name)))
        found.append(event.since if event is not None else None)
    needed = [
        contract.operations[c] for c in NEEDED_OPERATIONS.get(str(args.get("cause")), ()) if c in contract.operations
    ]
    if needed and all(operation.since for operation in needed):
        found.append(needed[0].since)
    return [since for since in found if since]
