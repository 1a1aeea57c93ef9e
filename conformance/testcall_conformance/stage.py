"""The stage: one simulated service and one adapter, on which actors (SDK instances) play.

Whatever happens here is written into the service's trace; nothing is judged.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from testcall_conformance.actor import USER, Actor
from testcall_conformance.adapters.base import Adapter
from testcall_conformance.dialect import Call, Dialect
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import (
    Addresses,
    Callback,
    Description,
    Invoke,
    Late,
    Log,
    Notification,
    Uncaught,
    WorldInfo,
    WorldUser,
)
from testcall_conformance.timeouts import Timeouts
from testcall_contract.trace import TraceEvent, TraceTimeoutError

if TYPE_CHECKING:
    from testcall_simulator.simulator import Simulator

WORTH_WARMING_S = 0.5
"""An instance that takes longer to open is opened ahead, while the scene before it plays."""

WARM_INSTANCES = 3
"""Instances that an adapter must be able to hold for that: the one that plays, one that is kept, one that waits."""

_sessions = itertools.count(1)


class Stage:
    """A service and a build. ``plain``: the build reaches the service without TLS (everything but a browser does)."""

    def __init__(
        self,
        dialect: Dialect,
        simulator: Simulator,
        adapter: Adapter,
        description: Description,
        limits: Timeouts,
        *,
        plain: bool,
    ) -> None:
        self.dialect = dialect
        self.contract = dialect.contract
        self.simulator = simulator
        self.trace = simulator.trace
        self.adapter = adapter
        self.description = description
        self.limits = limits
        self.plain = plain
        self._instances = itertools.count(1)
        self._calls = itertools.count(1)
        self._spare: dict[str, Actor] = {}
        self._warm: asyncio.Task[Actor] | None = None
        adapter.on_message = self._on_message

    def new_session(self, scene: str) -> str:
        """A session id that no scene used before; lower case, as session ids are."""
        return f"{scene}-{next(_sessions)}".lower().replace("_", "-").replace(" ", "-")

    async def actor(self, user: str = USER, *, devices: str = "granted", clock: str = "real") -> Actor:
        """A fresh SDK instance for ``user``."""
        usual = (user, devices, clock) == (USER, "granted", "real")
        warm, self._warm = (self._warm, None) if usual else (None, self._warm)
        actor = await (warm if warm is not None else self._open(user, devices, clock))
        self.trace.add("step", actor.id, "open", user=user)
        if usual and actor.opened_in_s > WORTH_WARMING_S and self.description.capabilities.instances >= WARM_INSTANCES:
            self._warm = asyncio.ensure_future(self._open(USER))
        return actor

    async def _open(self, user: str, devices: str = "granted", clock: str = "real") -> Actor:
        loop = asyncio.get_running_loop()
        actor, started = Actor(self, f"{user}-{next(self._instances)}", user), loop.time()
        world = self.world_info().model_copy(update={"devices": devices, "clock": clock})
        await self.adapter.open(actor.id, world)
        actor.opened_in_s = loop.time() - started
        return actor

    async def close(self) -> None:
        """Open nothing more; the adapter ends what is open."""
        warm, self._warm = self._warm, None
        if warm is not None:
            warm.cancel()
            await asyncio.gather(warm, return_exceptions=True)

    async def until(self, predicate: Callable[[TraceEvent], bool], after: int, limit_s: float | None = None) -> bool:
        """Wait for an event that satisfies ``predicate``, as long as an event may take; whether it came."""
        limit = self.limits.event if limit_s is None else limit_s
        try:
            await self.trace.wait(predicate, what="an event", timeout_s=limit, after=after)
        except TraceTimeoutError:
            return False
        return True

    def keep(self, state: str, actor: Actor) -> None:
        """Keep an instance that is still in ``state``, for a later scene: a page costs time, a refused call nothing."""
        self._spare[state] = actor

    def kept(self, state: str) -> Actor | None:
        """An instance that was kept in ``state``; whoever gets it owns it."""
        return self._spare.pop(state, None)

    @contextmanager
    def broken_network(self) -> Iterator[None]:
        """While inside, every HTTP connection to the service breaks."""
        yield from self._faulty("http", "*")

    @contextmanager
    def broken_signalling(self) -> Iterator[None]:
        """While inside, every signalling stream breaks at its first stanza."""
        yield from self._faulty("xmpp", "open")

    def _faulty(self, channel: Any, name: str) -> Iterator[None]:
        from testcall_simulator.faults import Fault

        faults = self.simulator.faults
        rule = faults.add(Fault(channel, "close", name, times=None))
        try:
            yield
        finally:
            faults.remove(rule)

    def world_info(self) -> WorldInfo:
        """What an instance is told of the service; addresses without TLS where the stage is plain."""
        world, addresses = self.simulator.world, self.simulator.addresses
        bases = addresses.for_sdk(4 if self.contract.sdk.wire == "calls-v4" else 5)
        chosen = {
            name: bases[f"{name}_plain"] if self.plain else bases[name] for name in ("calls", "api", "client", "xmpp")
        }
        if self.contract.sdk.wire == "chat-v4":  # hosts without a scheme: this SDK always speaks TLS
            chosen |= {"api": addresses.chat_admin_host, "client": addresses.chat_client_host}
        app = world.app
        return WorldInfo(
            app_id=app.app_id,
            region=app.region,
            auth_key=world.auth_key,
            addresses=Addresses(**{**bases, **chosen}),
            ca=str(addresses.ca_path),
            users=[WorldUser(uid=u.uid, name=u.name, auth_token=u.auth_token) for u in world.users.values()],
            seed=world.seed,
        )

    async def invoke(self, instance: str, concept: str, call: Call, label: str) -> dict[str, Any]:
        """Invoke and trace it; the dumped :class:`Ended`, or ``{"ended": "absent"}`` when the build has no such thing."""
        number = next(self._calls)
        self.trace.add(
            "step",
            instance,
            concept,
            label=label,
            call=number,
            on=call.on,
            operation=call.operation,
            arguments=call.arguments,
        )
        request = Invoke(
            instance=instance,
            on=call.on,
            operation=call.operation,
            signature=call.signature,
            arguments=call.arguments,
            timeout_ms=int(self.limits.invoke * 1000),
        )
        try:
            ended = (await self.adapter.invoke(request)).model_dump()
        except AdapterFailure as failure:
            if failure.kind != "missing":
                raise
            ended = {"ended": "absent", "missing": failure.detail}
        self.trace.add("outcome", instance, concept, label=label, call=number, **ended)
        return ended

    async def settle(self, limit_s: float | None = None) -> None:
        """Wait until nothing has happened for a moment, or the limit is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + (self.limits.settle if limit_s is None else limit_s)
        while loop.time() < until:
            seen = self.trace.last_seq
            try:
                await self.trace.wait(_moves, what="anything", timeout_s=self.limits.quiet, after=seen)
            except TraceTimeoutError:
                return

    def _on_message(self, message: Notification) -> None:
        if isinstance(message, Callback):
            label, _, event = message.function.partition(":")
            self.trace.add(
                "callback", message.instance, event or message.function, label=label, arguments=message.arguments,
                name=message.name, at_ms=message.at_ms,
            )  # fmt: skip
        elif isinstance(message, Late):
            self.trace.add("outcome", message.instance, "late", **message.model_dump(exclude={"instance"}))
        elif isinstance(message, Uncaught):
            self.trace.add("outcome", message.instance, "uncaught", **message.model_dump(exclude={"instance"}))
        elif isinstance(message, Log):
            self.trace.add("log", message.instance or "adapter", message.level, text=message.text, **message.data)


__all__ = ["USER", "Actor", "Stage"]


def _moves(event: TraceEvent) -> bool:
    """Whether an event shows that something is still under way: pings, statistics and log lines don't."""
    if event.kind in {"log", "media"}:
        return False
    if event.data.get("channel") == "datachannel":
        return False
    return not (event.data.get("channel") == "xmpp" and event.name in ("r", "a", "iq", "ping"))
