"""The reference SDK with one thing wrong: an adapter between the runner and the reference, that changes what passes.

A mutant is a function of what the runner sends and of what comes back; ``verdicts`` runs clauses against it, in process, as a
worker would.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testcall_conformance import worker
from testcall_conformance.plan import Selection, make_plan
from testcall_conformance.protocol import Callback, Ended, Invoke, Notification
from testcall_conformance.reference import ReferenceAdapter
from testcall_conformance.worker import Job, run_unit
from testcall_contract.loader import load


class Mutant:
    """The unchanged reference; mutants override one of the ``change_…`` methods."""

    def __init__(self, contract: str) -> None:
        self._inner = ReferenceAdapter(contract, {})
        self._inner.on_message = self._take
        self.on_message = lambda _message: None
        self.events: dict[str, str] = {}
        """Function → the event for which it was registered."""

    def _take(self, message: Notification) -> None:
        if isinstance(message, Callback):
            event = message.name or self.events.get(message.function, "")
            for changed in self.change_callback(event, message):
                self.on_message(changed)
        else:
            self.on_message(message)

    async def invoke(self, call: Invoke) -> Ended:
        """Pass a call on, changed."""
        if call.operation == "addEventListener" and isinstance(call.arguments, list):
            event, function = call.arguments[:2]
            self.events[function["id"]] = str(event)
        answered = self.instead(call)
        return answered or self.change_outcome(call, await self._inner.invoke(self.change_call(call)))

    async def capability(self, instance: str, method: str, params: Mapping[str, Any]) -> Any:
        """Pass a capability on, changed."""
        return self.change_capability(method, params, await self._inner.capability(instance, method, params))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def instead(self, call: Invoke) -> Ended | None:
        """The answer without any call; None to make the call."""

    def change_call(self, call: Invoke) -> Invoke:
        """The call that is made."""
        return call

    def change_outcome(self, call: Invoke, ended: Ended) -> Ended:
        """How the call ends."""
        return ended

    def change_callback(self, event: str, message: Callback) -> list[Callback]:
        """The callbacks that come in place of one."""
        return [message]

    def change_capability(self, method: str, params: Mapping[str, Any], value: Any) -> Any:
        """What a capability returns."""
        return value


def verdicts(monkeypatch, folder: Path, mutant: Mutant, contract: str, *clauses: str) -> dict[str, Any]:
    """The verdicts on those clauses of the mutant: clause → (verdict, what was seen or why not)."""

    async def connect(_sdk: str, **_: Any) -> Mutant:
        return mutant

    monkeypatch.setattr(worker, "connect", connect)
    loaded = load(contract)
    import asyncio

    description = asyncio.run(mutant.start())
    units = make_plan(loaded, description, Selection(exact=frozenset(clauses)), "mutant")
    for unit in units:
        done = run_unit(Job(f"reference:{contract}", "mutant", contract, unit, folder, description=description))
        assert not done.trouble, done.trouble
    lines = [json.loads(line) for path in folder.rglob("*.jsonl") for line in path.read_text().splitlines()]
    return {one["clause"]: (one["verdict"], one.get("seen") or one.get("reason")) for one in lines if "verdict" in one}
