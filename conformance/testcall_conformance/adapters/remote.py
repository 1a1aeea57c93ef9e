"""An adapter behind a JSON-RPC peer: the part that a child process, a WebSocket and a page have in common."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from testcall_conformance.adapters.base import ConnectOptions, ignore_message
from testcall_conformance.adapters.jsonrpc import Peer, first_error
from testcall_conformance.errors import AdapterFailure
from testcall_conformance.protocol import (
    PROTOCOL,
    Close,
    Describe,
    Description,
    Ended,
    Invoke,
    Notification,
    Open,
    Stop,
    WorldInfo,
)

_Model = TypeVar("_Model", bound=BaseModel)


class RemoteAdapter(ABC):
    """Speaks the protocol over one :class:`Peer`. A subclass says how a connection begins and how it ends."""

    def __init__(self, options: ConnectOptions) -> None:
        self.on_message: Callable[[Notification], None] = ignore_message
        self.description: Description | None = None
        self._options = options
        self._limits = options.limits
        self._peer: Peer | None = None

    @abstractmethod
    async def _connect(self) -> Peer:
        """Begin: a peer that can be asked, or :class:`AdapterFailure` ``start``."""

    @abstractmethod
    async def _disconnect(self) -> None:
        """End, whatever state it is in; raises nothing."""

    async def start(self) -> Description:
        """Begin and ask what it is. An adapter of another protocol version is refused."""
        await self.stop()
        return await self._begin()

    async def _begin(self) -> Description:
        try:
            self._peer = await self._connect()
            reply = await self._peer.request("describe", Describe().model_dump(), self._limits.start_s)
            description = self._read(Description, reply, "describe")
            if description.protocol != PROTOCOL:
                raise AdapterFailure(
                    "start", f"{description.adapter} speaks protocol {description.protocol}, this runner {PROTOCOL}"
                )
        except AdapterFailure:
            await self.stop()
            raise
        self.description = description
        return description

    async def open(self, instance: str, world: WorldInfo) -> None:
        """Make a fresh SDK called ``instance``."""
        await self._ask("open", Open(instance=instance, world=world), self._limits.open_s)

    async def invoke(self, call: Invoke) -> Ended:
        """Call the SDK; the adapter has the call's ``timeout_ms`` and the grace to say how it ended."""
        reply = await self._ask("invoke", call, call.timeout_ms / 1000 + self._limits.grace_s)
        return self._read(Ended, reply, "invoke")

    async def capability(self, instance: str, method: str, params: Mapping[str, Any]) -> Any:
        """Use a capability; ``advance`` may take as long as the time that it moves, and the reply limit."""
        if self._peer is None:
            raise AdapterFailure("crash", "the adapter is not started")
        limit_s = self._limits.reply_s + float(params.get("ms", 0)) / 1000
        return await self._peer.request(method, {**params, "instance": instance}, limit_s)

    async def close(self, instance: str) -> None:
        """End an instance."""
        await self._ask("close", Close(instance=instance), self._limits.close_s)

    async def stop(self) -> None:
        """Ask the adapter to end if it can still be asked, and end it in any case."""
        if self._peer is not None and self._peer.failure is None:
            with contextlib.suppress(AdapterFailure):  # whatever it does now, it is ended below
                await self._ask("stop", Stop(), self._limits.stop_s)
        self._peer = None
        await self._disconnect()

    async def _ask(self, method: str, params: BaseModel, limit_s: float) -> Any:
        if self._peer is None:
            raise AdapterFailure("crash", "the adapter is not started")
        return await self._peer.request(method, params.model_dump(mode="json"), limit_s)

    def _read(self, model: type[_Model], reply: Any, method: str) -> _Model:
        """``reply`` as ``model``; a wrong one ends the connection as rubbish."""
        try:
            return model.model_validate(reply)
        except ValidationError as wrong:
            failure = AdapterFailure("rubbish", f"the reply to {method} is wrong, {first_error(wrong)}")
            if self._peer is not None:
                self._peer.fail(failure)
            raise failure from None

    def _deliver(self, notification: Notification) -> None:
        self.on_message(notification)
