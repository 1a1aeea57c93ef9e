"""A headless user of the ringing service: rings, is rung, accepts, rejects, in a few lines of Python, as a device of theirs would.

Where :meth:`Simulator.ring` lets the service itself say that somebody rings, this user is connected and hears what others do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from testcall_conformance.reference.client.failure import CallFailure
from testcall_conformance.reference.client.model import Event, Service
from testcall_conformance.reference.client.ringing import RingingCall, RingingClient

if TYPE_CHECKING:
    from types import TracebackType

    from testcall_simulator.simulator import Simulator

RingingEvent = Literal[
    "incoming_call",
    "outgoing_call_accepted",
    "outgoing_call_rejected",
    "incoming_call_cancelled",
    "call_ended_message",
]
"""What a user is told: somebody rings; the own call was accepted; it was rejected, busy or unanswered; who rang takes it back or
gives up; the call is over."""


class RingingUser:
    """A user with one device. Use it as an async context manager, or :meth:`connect` and :meth:`close`.

    Methods raise :class:`CallFailure` with the service's code in ``server["code"]`` when the service refuses.
    """

    def __init__(self, simulator: Simulator, uid: str) -> None:
        self.uid = uid
        self.events: list[tuple[str, RingingCall]] = []
        """All that the user was told, in order."""
        self._simulator = simulator
        self._client = RingingClient()
        self._client.on_event = self._told
        self._read: dict[str, int] = {}
        self._more = asyncio.Event()

    async def __aenter__(self) -> RingingUser:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> RingingUser:
        """Log in and connect; from now on the user can be rung."""
        world, addresses = self._simulator.world, self._simulator.addresses
        await self._client.initialize(
            Service(
                app_id=world.app.app_id,
                region=world.app.region,
                calls="",
                api=f"https://{addresses.chat_admin_host}",
                client=f"https://{addresses.chat_client_host}",
                ca=str(addresses.ca_path),
            )
        )
        await self._client.login(self.uid, world.auth_key)
        return self

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    @property
    def active(self) -> RingingCall | None:
        """The call in which the user is: the outgoing one from its ringing on, an incoming one from its acceptance on."""
        return self._client.active

    async def ring(
        self,
        receiver: str,
        *,
        group: bool = False,
        type: Literal["audio", "video"] = "video",
        metadata: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
    ) -> RingingCall:
        """Ring a user, or a group; after ``timeout_s`` (default 45) without an answer it is given up."""
        kind = "group" if group else "user"
        return await self._client.initiate(receiver, type, kind, metadata=metadata, timeout_s=timeout_s)

    async def incoming(self, timeout_s: float = 10.0) -> RingingCall:
        """The next call that comes in; :class:`TimeoutError` when none comes in time."""
        return await self.told("incoming_call", timeout_s)

    async def told(self, event: RingingEvent, timeout_s: float = 10.0) -> RingingCall:
        """The call of the next event of that name, which was not asked for before; :class:`TimeoutError` when none comes."""
        read = self._read.get(event, 0)
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    found = [call for name, call in self.events if name == event]
                    if len(found) > read:
                        self._read[event] = read + 1
                        return found[read]
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            told = ", ".join(name for name, _ in self.events) or "nothing"
            raise TimeoutError(f"{self.uid} was not told {event} within {timeout_s:g} s; told so far: {told}") from None

    async def accept(self, call: RingingCall) -> RingingCall:
        """Accept an incoming call."""
        return await self._client.accept(call.session_id)

    async def reject(self, call: RingingCall) -> RingingCall:
        """Reject an incoming call."""
        return await self._client.reject(call.session_id, "rejected")

    async def busy(self, call: RingingCall) -> RingingCall:
        """Tell who rings that the user is in another call."""
        return await self._client.reject(call.session_id, "busy")

    async def cancel(self, call: RingingCall) -> RingingCall:
        """Take back an outgoing call that was not answered."""
        return await self._client.reject(call.session_id, "cancelled")

    async def end(self, call: RingingCall) -> RingingCall:
        """End a call that goes on."""
        return await self._client.end(call.session_id)

    async def participants(self, call: RingingCall) -> int:
        """How many are in the session of a call."""
        return await self._client.participants(call.session_id)

    def _told(self, event: Event) -> None:
        self.events.append((event.name, event.data["call"]))
        self._more.set()


__all__ = ["CallFailure", "RingingCall", "RingingEvent", "RingingUser"]
