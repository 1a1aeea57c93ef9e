"""Questions about a whole contract that scenes ask, so that they play what its promises need and nothing more. Pure."""

from __future__ import annotations

from testcall_contract.models import Contract
from testcall_contract.promises import promises


def paths_to_read(contract: Contract) -> dict[str, list[str]]:
    """The paths that ``surface.exists`` promises speak of, each with the members that are asked for."""
    found: dict[str, list[str]] = {}
    for promise in promises(contract):
        if promise.rule == "surface.exists" and not promise.untestable:
            for args in [promise.args, *({**promise.args, **a.args} for a in promise.alternatives)]:
                members = found.setdefault(str(args["path"]), [])
                members += [str(member) for member in args.get("members", []) if member not in members]
    return found


def getters_to_call(contract: Contract) -> dict[str, list[str]]:
    """Type concept → the getters that ``type.getter`` promises speak of."""
    found: dict[str, list[str]] = {}
    for promise in promises(contract):
        if promise.rule == "type.getter" and not promise.untestable:
            getters = found.setdefault(promise.subject.key, [])
            getter = str(promise.args["getter"])
            getters += [] if getter in getters else [getter]
    return found
