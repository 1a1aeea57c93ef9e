"""Tries an adapter alone, before any clause is judged: that it keeps the protocol and tells the truth.

The most important check: an operation that does not exist must not succeed. Its name is made on the spot, so that no adapter
can know it. Who "passes" it is disqualified: whatever it reported about a build would mean nothing.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from testcall_conformance.adapters.base import Adapter
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import Addresses, ControlState, Description, Invoke, Observation, WorldInfo
from testcall_conformance.values import UNDEFINED, decode, encode, same

Level = Literal["ok", "warning", "failure"]

_SUCCESSES = {"returned", "resolved", "success_callback"}
_ECHOED: tuple[tuple[str, Any], ...] = (
    ("null", None),
    ("booleans", [True, False]),
    ("numbers", [0, 1, -1, 1.5, 2**53 - 1]),
    ("texts", ["", "ü", "\u2028", "👋", '"\\\n']),
    ("objects", {"a": {"b": []}, "": None}),
    ("an object with the key $", {"$": "x"}),
)
_ECHOED_JAVASCRIPT: tuple[tuple[str, Any], ...] = (
    ("undefined", [UNDEFINED, {"a": UNDEFINED}]),
    ("numbers that JSON lacks", [math.nan, math.inf, -math.inf, -0.0]),
)

NOWHERE = WorldInfo(
    app_id="smoke",
    addresses=Addresses(
        calls="https://calls.localhost:65535/v3.0/",
        api="https://api.localhost:65535/v3.0",
        client="https://client.localhost:65535/v3.0",
        xmpp="wss://xmpp.localhost:65535/xmpp-websocket",
    ),
)
"""A world without a service: smoke asks nothing of the SDK that would need one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``detail`` is one line."""

    check: str
    level: Level
    detail: str = ""


def is_usable(findings: Sequence[Finding]) -> bool:
    """Whether an adapter with these findings may be used for a run."""
    return all(finding.level != "failure" for finding in findings)


async def smoke(adapter: Adapter, world: WorldInfo = NOWHERE) -> list[Finding]:
    """Try ``adapter`` and stop it; the findings, in the order of the checks. Raises nothing for what the adapter does."""
    trial = _Trial(adapter, world)
    try:
        await trial.run()
    finally:
        await adapter.stop()
    return trial.findings


class _Trial:
    def __init__(self, adapter: Adapter, world: WorldInfo) -> None:
        self.adapter = adapter
        self.world = world
        self.findings: list[Finding] = []
        self.description: Description | None = None

    async def run(self) -> None:
        if not await self._check("describe", self._describe):
            return
        for name, check in (
            ("open and close", self._open_and_close),
            ("operation that does not exist", self._unknown_operation),
            ("class that does not exist", self._unknown_class),
            ("instance that was never opened", self._unknown_instance),
            ("method that does not exist", self._unknown_method),
            ("values", self._values),
            ("two requests at once", self._two_at_once),
            ("capabilities", self._capabilities),
            ("stop and start again", self._restart),
        ):
            await self._check(name, check)

    async def _check(self, name: str, check: Callable[[], Awaitable[Finding]]) -> bool:
        try:
            finding = await check()
        except AdapterFailure as failure:
            finding = Finding(name, "failure", str(failure))
            if failure.needs_restart:
                await self._start_again()
        self.findings.append(Finding(name, finding.level, finding.detail))
        return finding.level != "failure"

    async def _start_again(self) -> None:
        try:
            await self.adapter.stop()
            await self.adapter.start()
        except AdapterFailure:
            pass  # the next check says so

    async def _describe(self) -> Finding:
        description = self.description = await self.adapter.start()
        if not description.operations:
            return _failure("it declares no operation")
        sdk = description.sdk
        return _ok(
            f"{description.adapter}: {sdk.name} {sdk.version}, {description.contract}, {len(description.operations)} operations"
        )

    async def _open_and_close(self) -> Finding:
        await self.adapter.open("smoke", self.world)
        await self.adapter.close("smoke")
        await self.adapter.open("smoke", self.world)
        return _ok("opened, closed, opened again")

    async def _unknown_operation(self) -> Finding:
        for holder in self._holders():
            found = await self._must_not_succeed(holder, _unheard_of("operation"))
            if found.level == "failure":
                return found
        return found

    async def _unknown_class(self) -> Finding:
        return await self._must_not_succeed(_unheard_of("Class"), "init")

    async def _must_not_succeed(self, on: str, operation: str) -> Finding:
        call = Invoke(instance="smoke", on=on, operation=operation, timeout_ms=1000)
        try:
            ended = await self.adapter.invoke(call)
        except AdapterFailure as refused:
            if refused.kind == "missing":
                return _ok("reported as missing")
            if refused.needs_restart:
                raise
            return _warning(f"refused, but not as missing (code -32001): {refused.detail}")
        if ended.ended in _SUCCESSES:
            return _failure(f"{on}.{operation} does not exist and {ended.ended}: disqualified")
        if ended.ended == "never":
            return _failure(f"{on}.{operation} does not exist and never ended")
        return _warning(f"ended as {ended.ended}; reply with error -32001 and data.missing instead")

    async def _unknown_instance(self) -> Finding:
        holder, operation = self._holders()[0], "init"
        try:
            ended = await self.adapter.invoke(
                Invoke(instance=_unheard_of("instance"), on=holder, operation=operation, timeout_ms=1000)
            )
        except AdapterFailure as refused:
            if refused.needs_restart:
                raise
            return _ok("refused")
        return _failure(f"an invocation of an instance that was never opened {ended.ended}")

    async def _unknown_method(self) -> Finding:
        try:
            await self.adapter.capability("smoke", _unheard_of("method"), {})
        except AdapterFailure as refused:
            if refused.needs_restart:
                raise
            return _ok("refused")
        return _failure("a request with a made-up method got a result")

    async def _values(self) -> Finding:
        if not self._capabilities_declared().echo:
            return _warning("not tried: the adapter has no echo")
        assert self.description is not None
        values = list(_ECHOED)
        if "javascript" in self.description.contract:
            values += _ECHOED_JAVASCRIPT
        for name, value in values:
            reply = await self.adapter.capability("smoke", "echo", {"value": encode(value)})
            try:
                came = decode(reply)
            except ValueError as wrong:
                return _failure(f"{name}: {wrong}")
            if not same(came, value):
                return _failure(f"{name} came back changed: {encode(value)!r} as {reply!r}"[:200])
        return _ok(f"{len(values)} kinds came back unchanged")

    async def _two_at_once(self) -> Finding:
        on = self._holders()[0]
        calls = [Invoke(instance="smoke", on=on, operation=_unheard_of("operation"), timeout_ms=1000) for _ in range(2)]
        ended = await asyncio.gather(*(self.adapter.invoke(call) for call in calls), return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException) and not (isinstance(one, AdapterFailure) and not one.needs_restart):
                raise one
        return _ok("both were answered")

    async def _capabilities(self) -> Finding:
        declared = self._capabilities_declared()
        tried = []
        if declared.instances > 1:
            await self.adapter.open("smoke-2", self.world)
            await self.adapter.close("smoke-2")
            tried.append("instances")
        if declared.observe:
            observed = await self.adapter.capability("smoke", "observe", {})
            if wrong := _misshapen(Observation, observed):
                return _failure(f"observe: {wrong}")
            tried.append("observe")
        if declared.ui:
            state = await self.adapter.capability("smoke", "look", {"role": "button", "name": _unheard_of("control")})
            if wrong := _misshapen(ControlState, state):
                return _failure(f"look: {wrong}")
            if ControlState.model_validate(state).visible:
                return _failure("look: a control that does not exist is visible")
            tried.append("ui")
        if declared.clock:
            await self.adapter.open("smoke", self.world.model_copy(update={"clock": "virtual"}))
            await self.adapter.capability("smoke", "advance", {"ms": 1000})
            tried.append("clock")
        return _ok(", ".join(tried) or "none declared")

    async def _restart(self) -> Finding:
        await self.adapter.close("smoke")
        await self.adapter.stop()
        again = await self.adapter.start()
        await self.adapter.open("smoke", self.world)
        if again != self.description:
            return _warning("it describes itself differently the second time")
        return _ok()

    def _holders(self) -> list[str]:
        """The classes whose operations the adapter declares; at most four, the ones with most operations first."""
        assert self.description is not None
        counts: dict[str, int] = {}
        for operation in self.description.operations:
            holder = operation.rpartition(".")[0] or "CometChatCalls"
            counts[holder] = counts.get(holder, 0) + 1
        return sorted(counts, key=lambda holder: -counts[holder])[:4]

    def _capabilities_declared(self) -> Any:
        assert self.description is not None
        return self.description.capabilities


def _ok(detail: str = "") -> Finding:
    return Finding("", "ok", detail)


def _warning(detail: str) -> Finding:
    return Finding("", "warning", detail)


def _failure(detail: str) -> Finding:
    return Finding("", "failure", detail)


def _misshapen(model: type[Observation] | type[ControlState], reply: Any) -> str:
    from testcall_conformance.adapters.jsonrpc import first_error

    try:
        model.model_validate(reply)
    except ValidationError as wrong:
        return first_error(wrong)
    return ""


def _unheard_of(kind: str) -> str:
    return f"no{kind.capitalize()}{secrets.token_hex(4)}"
